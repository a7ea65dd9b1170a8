/* skerry bindings, skerry status: what the server says of itself, in lines. */
#include <inttypes.h>

#include "client_flags.h"
#include "commands.h"
#include "display.h"

static void skr_print_binding(const json_t *binding)
{
    char size[32];
    const char *failure = skr_text_of(binding, "last_failure");
    printf("%s/%s\t%s\t%s\t%s\t%s\t%s\t%s fetched", skr_text_of(binding, "account"), skr_text_of(binding, "container"),
           skr_text_of(binding, "upstream"), skr_text_of(binding, "mode"), skr_text_of(binding, "listing"),
           skr_text_of(binding, "credential"), skr_text_of(binding, "state"),
           skr_size_text(skr_number_of(binding, "fetched_bytes"), size));
    if (json_is_true(json_object_get(binding, "derived")))
        printf(", by *");
    if (failure[0] != '\0')
        printf(", %" JSON_INTEGER_FORMAT " failed, last at %s: %s", skr_number_of(binding, "failures"),
               skr_text_of(binding, "last_failure_at"), failure);
    printf("\n");
}

static void skr_print_bindings(const json_t *list)
{
    size_t i;
    json_t *binding;
    if (json_array_size(list) == 0)
        printf("no container is bound to an upstream: skerry attach --help\n");
    json_array_foreach (list, i, binding)
        skr_print_binding(binding);
}

/* What upstreams lack. */
static void skr_print_dirty(const json_t *dirty)
{
    char size[32];
    printf("%-18s %" JSON_INTEGER_FORMAT " objects, %s", "to be uploaded", skr_number_of(dirty, "objects"),
           skr_size_text(skr_number_of(dirty, "bytes"), size));
    if (skr_number_of(dirty, "objects") > 0)
        printf(", %" JSON_INTEGER_FORMAT " refused, %" JSON_INTEGER_FORMAT " in conflict, the first since %" JSON_INTEGER_FORMAT
               " s",
               skr_number_of(dirty, "failed"), skr_number_of(dirty, "conflicts"), skr_number_of(dirty, "oldest_seconds"));
    printf("\n");
}

static void skr_print_cache(const json_t *cache)
{
    char here[32], capacity[32], hit[32], miss[32];
    printf("%-18s %s of %s; read from it %s, from upstreams %s\n", "cached", skr_size_text(skr_number_of(cache, "bytes"), here),
           skr_size_text(skr_number_of(cache, "capacity_bytes"), capacity),
           skr_size_text(skr_number_of(cache, "hit_bytes"), hit), skr_size_text(skr_number_of(cache, "miss_bytes"), miss));
}

static void skr_print_mounts(const json_t *mounts)
{
    size_t i;
    json_t *mount;
    json_array_foreach (mounts, i, mount)
        printf("%-18s %s: %s%s%s%s%s%s%s, %" JSON_INTEGER_FORMAT " files open, %" JSON_INTEGER_FORMAT
               " of them written, %" JSON_INTEGER_FORMAT " read by the kernel itself, %" JSON_INTEGER_FORMAT " names hidden\n",
               "mount", skr_text_of(mount, "directory"), skr_text_of(mount, "account"),
               skr_text_of(mount, "container")[0] != '\0' ? "/" : "", skr_text_of(mount, "container"),
               skr_text_of(mount, "path")[0] != '\0' ? "/" : "", skr_text_of(mount, "path"),
               json_is_true(json_object_get(mount, "read_only")) ? ", read-only" : "",
               json_is_true(json_object_get(mount, "mounted")) ? "" : ", unmounted", skr_number_of(mount, "open_files"),
               skr_number_of(mount, "drafts"), skr_number_of(mount, "passthrough_opens"), skr_number_of(mount, "hidden_names"));
}

static void skr_print_status(const json_t *status)
{
    static const char *const numbers[][2] = {
        {"uptime_seconds", "uptime, s"}, {"connections", "connections"},      {"requests", "requests"},
        {"changes", "changes"},          {"queue_length", "waiting changes"}, {"checksum_failures", "checksum failures"}};
    static const char *const sizes[][2] = {{"free_bytes", "free"},          {"total_bytes", "of"},
                                           {"meta_used_bytes", "metadata"}, {"received_bytes", "received"},
                                           {"sent_bytes", "sent"},          {"resident_bytes", "memory"}};
    char size[32];
    printf("skerry %s: %s\n", skr_text_of(status, "version"), skr_text_of(status, "state"));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        printf("%-18s %" JSON_INTEGER_FORMAT "\n", numbers[i][1], skr_number_of(status, numbers[i][0]));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        printf("%-18s %s\n", sizes[i][1], skr_size_text(skr_number_of(status, sizes[i][0]), size));
    skr_print_dirty(json_object_get(status, "dirty"));
    skr_print_cache(json_object_get(status, "cache"));
    skr_print_mounts(json_object_get(status, "mounts"));
    skr_print_bindings(json_object_get(status, "bindings"));
}

static int skr_show(const char *command, unsigned bit, const char *path, int argc, char **argv)
{
    struct skr_arguments arguments;
    int code;
    if (!skr_arguments_read(&arguments, command, bit, SKR_TAKES_NOTHING, argc, argv, &code))
        return code;
    json_t *answer = skr_ask(&arguments, path, 0);
    if (answer == NULL)
        return 1;
    if (arguments.values[SKR_FLAG_JSON] != NULL) {
        skr_print_json(answer);
    } else if (bit == SKR_FOR_STATUS) {
        skr_print_status(answer);
    } else {
        skr_print_bindings(json_object_get(answer, "bindings"));
    }
    json_decref(answer);
    return 0;
}

int skr_command_bindings(int argc, char **argv)
{
    return skr_show("bindings", SKR_FOR_BINDINGS, "/api/v1/bindings", argc, argv);
}

int skr_command_status(int argc, char **argv)
{
    return skr_show("status", SKR_FOR_STATUS, "/status", argc, argv);
}
