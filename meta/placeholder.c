typedef int skr_placeholder;
