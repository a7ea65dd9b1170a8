/* skerry: the program. Finds the subcommand. */
#include <jansson.h>
#include <libxml/parser.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "settings.h"

static int skr_command_settings(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "--man") == 0)
        skr_help_man();
    else if (argc == 0 || strcmp(argv[0], "--markdown") == 0)
        skr_help_markdown();
    else
        return fprintf(stderr, "skerry settings: '%s' is not known: --markdown or --man\n", argv[0]), 1;
    return 0;
}

/* Documents of bindings hold secrets, and Jansson copies texts while it reads and writes. */
static void skr_free_wiped(void *memory)
{
    if (memory != NULL)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {{"serve", skr_command_serve},
                    {"attach", skr_command_attach},
                    {"detach", skr_command_detach},
                    {"bindings", skr_command_bindings},
                    {"status", skr_command_status},
                    {"fsck", skr_command_fsck},
                    {"health", skr_command_health},
                    {"operations", skr_command_operations},
                    {"settings", skr_command_settings},
                    {"journal", skr_command_journal},
                    {"flush", skr_command_flush},
                    {"resolve", skr_command_resolve},
                    {"pins", skr_command_pins},
                    {"pin", skr_command_pin},
                    {"unpin", skr_command_unpin},
                    {"evict", skr_command_evict},
                    {"residency", skr_command_residency},
                    {"prefetch", skr_command_prefetch},
                    {"jobs", skr_command_jobs}};
    xmlInitParser(); /* before there are threads */
    json_set_alloc_funcs(malloc, skr_free_wiped);
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "-h") == 0) {
        skr_help_general();
        return argc < 2 ? 1 : 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("skerry %s\n", SKERRY_VERSION);
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    fprintf(stderr, "skerry: '%s' is not a command. See skerry --help\n", argv[1]);
    return 1;
}
