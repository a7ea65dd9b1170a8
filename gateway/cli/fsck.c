/* skerry fsck: checks a data folder that no server has open. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "skerry/core.h"

struct skr_fsck {
    bool json, terminal;
};

static void skr_fsck_report(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "%s\n", text);
}

static void skr_fsck_progress(void *context, uint64_t done, uint64_t total)
{
    const struct skr_fsck *fsck = context;
    if (fsck->terminal)
        fprintf(stderr, "\rverified %" PRIu64 " of %" PRIu64 " containers%s", done, total, done == total ? "\n" : "");
}

static void skr_fsck_print(const struct skr_check_summary *sum, bool json)
{
    static const char text[] = "%" PRIu64 " containers, %" PRIu64 " blobs and %" PRIu64 " older versions (%" PRIu64
                               " bytes), %" PRIu64 " directories, %" PRIu64 " contents, %" PRIu64 " content files, %" PRIu64
                               " uploads with %" PRIu64 " blocks\n%" PRIu64 " files without a record (%" PRIu64
                               " bytes), left by interrupted uploads\n%" PRIu64 " problems, %" PRIu64 " repaired\n";
    static const char object[] = "{\"containers\":%" PRIu64 ",\"blobs\":%" PRIu64 ",\"versions\":%" PRIu64 ",\"bytes\":%" PRIu64
                                 ",\"directories\":%" PRIu64 ",\"contents\":%" PRIu64 ",\"files\":%" PRIu64
                                 ",\"uploads\":%" PRIu64 ",\"blocks\":%" PRIu64 ",\"garbage_files\":%" PRIu64
                                 ",\"garbage_bytes\":%" PRIu64 ",\"problems\":%" PRIu64 ",\"repaired\":%" PRIu64 "}\n";
    if (json)
        printf(object, sum->containers, sum->objects, sum->versions, sum->object_bytes, sum->directories, sum->contents,
               sum->files, sum->uploads, sum->blocks, sum->garbage_files, sum->garbage_bytes, sum->problems, sum->repaired);
    else
        printf(text, sum->containers, sum->objects, sum->versions, sum->object_bytes, sum->directories, sum->contents,
               sum->files, sum->uploads, sum->blocks, sum->garbage_files, sum->garbage_bytes, sum->problems, sum->repaired);
}

int skr_command_fsck(int argc, char **argv)
{
    struct skr_fsck fsck = {.terminal = isatty(STDERR_FILENO)};
    struct skr_check_options options = {.report = skr_fsck_report, .progress = skr_fsck_progress, .context = &fsck};
    struct skr_check_summary summary = {.problems = 0};
    struct skr_error error = {.status = SKR_OK};
    const char *directory = NULL;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--repair") == 0)
            options.repair = true;
        else if (strcmp(argv[i], "--verify") == 0)
            options.verify_bytes = true;
        else if (strcmp(argv[i], "--json") == 0)
            fsck.json = true;
        else if (argv[i][0] != '-' && directory == NULL)
            directory = argv[i];
        else
            return fprintf(stderr, "Usage: skerry fsck DIR [--repair] [--verify] [--json]\n"),
                   strcmp(argv[i], "--help") == 0 ? 0 : 2;
    }
    if (directory == NULL)
        return fprintf(stderr, "Usage: skerry fsck DIR [--repair] [--verify] [--json]\n"), 2;
    enum skr_status status = skr_core_check(directory, &options, &summary, &error);
    if (status != SKR_OK)
        return fprintf(stderr, "skerry fsck: %s\n", error.message), 2;
    skr_fsck_print(&summary, fsck.json);
    return summary.problems == 0 || options.repair ? 0 : 1;
}
