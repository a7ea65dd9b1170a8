/* Help, man page and reference, from the table of settings. */
#include "client_flags.h"
#include "settings.h"

static const char *const skr_commands[][2] = {
    {"serve", "serve Azure Blob from a data folder"},
    {"attach NAME", "put a container in front of an Azure Blob container or S3 bucket: skerry attach --help"},
    {"detach NAME", "end that; what is here stays"},
    {"bindings", "list what is attached, and how it fares; --json"},
    {"journal [NAME]", "list what upstreams do not have as it is here, and why; --json"},
    {"flush [NAME]", "wait until upstream has what was changed; exit code 0 only then"},
    {"resolve NAME [KEY]", "decide about what upstream refuses or was changed on both sides: skerry resolve --help"},
    {"prefetch NAME", "bring objects of upstream here: --prefix or --manifest, --rate, --wait with a bar"},
    {"jobs", "list what is being brought here; --cancel ID, --json"},
    {"residency NAME", "how much of a container is here, by folder; --depth, --json"},
    {"pin NAME", "keep what is here of a container, or of a --prefix, from being evicted"},
    {"unpin NAME", "end that"},
    {"pins", "list what is pinned; --json"},
    {"evict NAME", "take away what is here of a container or --prefix and upstream has, too"},
    {"status", "print the state of a running server; --json"},
    {"fsck DIR", "check a data folder; --repair, --verify (bytes too), --json"},
    {"health", "ask a running server whether it is well; --admin ADDR:PORT"},
    {"operations", "print what is offered, a line an operation; --protocol blob, s3 or admin"},
    {"settings", "print the reference of settings; --markdown, --man"},
};

void skr_help_general(void)
{
    printf("Skerry serves Azure Blob storage from local flash.\n\nUsage: skerry COMMAND [ARGUMENTS]\n\n");
    for (size_t i = 0; i < sizeof skr_commands / sizeof *skr_commands; i++)
        printf("  %-18s %s\n", skr_commands[i][0], skr_commands[i][1]);
    printf(
        "\nBegin with:\n\n"
        "  skerry serve --hints\n\n"
        "It serves the development account 'devstoreaccount1' as Blob on 127.0.0.1:10000 and as S3 on 127.0.0.1:9000, with "
        "data\n"
        "in ./skerry-data, and prints lines to copy for azcopy, aws, rclone and the SDKs (UseDevelopmentStorage=true works).\n"
        "'skerry serve --help' lists every setting. 'skerry --version' prints the version.\n");
}

void skr_help_serve(void)
{
    printf("Usage: skerry serve [--SETTING VALUE]...\n\n"
           "Each setting may also stand in the file named by --config (name: value) and in the environment\n"
           "(SKERRY_NAME, '-' written '_', lists with an S at the end). A flag goes before the environment, that before the "
           "file.\n\n");
    for (size_t i = 0; i < skr_setting_count; i++) {
        const struct skr_setting *setting = &skr_setting_table[i];
        char left[64];
        snprintf(left, sizeof left, "--%s %s", setting->name, setting->argument);
        printf("  %-36s %s", left, setting->text);
        if (setting->value != NULL)
            printf(" [%s]", setting->value);
        printf("\n");
    }
    printf("\nWhen all is listening one line is printed: skerry ready blob=ADDR:PORT s3=ADDR:PORT admin=ADDR:PORT,\n"
           "and mount=DIR for each mount.\n"
           "SIGTERM ends it when the requests under way are done. With --tls-cert, SIGHUP reads certificate and key again.\n");
}

void skr_help_markdown(void)
{
    printf("| setting | value | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < skr_setting_count; i++)
        printf("| `%s` | %s | %s | %s |\n", skr_setting_table[i].name, skr_setting_table[i].argument,
               skr_setting_table[i].value == NULL ? "" : skr_setting_table[i].value, skr_setting_table[i].text);
}

void skr_help_man(void)
{
    printf(
        ".TH SKERRY 1 \"\" \"Skerry %s\"\n.SH NAME\nskerry \\- serve Azure Blob and S3 storage from local flash\n.SH SYNOPSIS\n"
        ".B skerry\n.I COMMAND\n[\\fIARGUMENTS\\fR]\n.SH COMMANDS\n",
        SKERRY_VERSION);
    for (size_t i = 0; i < sizeof skr_commands / sizeof *skr_commands; i++)
        printf(".TP\n.B %s\n%s\n", skr_commands[i][0], skr_commands[i][1]);
    printf(".SH SETTINGS\nAs \\-\\-NAME VALUE, as NAME: VALUE in the file given by \\-\\-config, or as SKERRY_NAME in the "
           "environment.\n");
    for (size_t i = 0; i < skr_setting_count; i++)
        printf(".TP\n.BI \\-\\-%s \" %s\"\n%s.%s%s\n", skr_setting_table[i].name, skr_setting_table[i].argument,
               skr_setting_table[i].text, skr_setting_table[i].value == NULL ? "" : " Default: ",
               skr_setting_table[i].value == NULL ? "" : skr_setting_table[i].value);
    printf(".SH FLAGS OF COMMANDS THAT ASK A RUNNING SERVER\nSecrets come from files or the environment.\n");
    for (size_t i = 0; i < SKR_FLAG_COUNT; i++) {
        char commands[128];
        skr_flag_commands(&skr_flag_table[i], commands);
        printf(".TP\n.BI \\-\\-%s \" %s\"\n%s.%s%s%s\n", skr_flag_table[i].name,
               skr_flag_table[i].argument == NULL ? "" : skr_flag_table[i].argument, skr_flag_table[i].text,
               commands[0] != '\0' ? " (" : "", commands, commands[0] != '\0' ? ")" : "");
    }
    printf(".SH SIGNALS\nSIGTERM and SIGINT end the server when the requests under way are done. With \\-\\-tls\\-cert, SIGHUP "
           "reads certificate and "
           "key again; connections that are there live on.\n");
    printf(".SH EXIT STATUS\n0 on success; 1 when a command failed, flush left something, an object could not be prefetched, "
           "or fsck found problems; "
           "2 when fsck could not check; 130 when prefetch \\-\\-wait was interrupted.\n");
}
