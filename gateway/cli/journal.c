/* skerry journal: what upstreams do not have as it is here, a line an object. */
#include <inttypes.h>

#include "client_flags.h"
#include "commands.h"
#include "display.h"
#include "scope.h"

static void skr_journal_print(const json_t *entry)
{
    char size[32];
    const char *reason = skr_text_of(entry, "reason"), *later = skr_text_of(entry, "not_before");
    skr_print_name(skr_text_of(entry, "account"));
    printf("/");
    skr_print_name(skr_text_of(entry, "container"));
    printf("/");
    skr_print_name(skr_text_of(entry, "key"));
    printf("\t%s\t%s\t%s\tsince %s\t%" JSON_INTEGER_FORMAT " attempts", skr_text_of(entry, "what"), skr_text_of(entry, "state"),
           skr_size_text(skr_number_of(entry, "size_bytes"), size), skr_text_of(entry, "since"),
           skr_number_of(entry, "attempts"));
    if (later[0] != '\0')
        printf(", the next not before %s", later);
    if (reason[0] != '\0') {
        printf("\t");
        skr_print_name(reason);
    }
    printf("\n");
}

/* All pages. With `all` (may be NULL) entries are kept there, else printed as they come. */
static enum skr_status skr_journal_pages(struct skr_admin_client *client, const char *path, json_t *all, size_t *count,
                                         struct skr_error *err)
{
    char page[SKR_SCOPE_PATH + 64];
    char after[32] = "";
    for (bool more = true; more;) {
        json_t *answer = NULL, *entry;
        size_t i;
        snprintf(page, sizeof page, "%s%s%s", path, after[0] != '\0' ? "&after=" : "", after);
        enum skr_status status = skr_admin_client_call(client, "GET", page, NULL, &answer, err);
        if (status != SKR_OK)
            return status;
        json_t *entries = json_object_get(answer, "entries");
        const char *next = skr_text_of(answer, "next");
        *count += json_array_size(entries);
        json_array_foreach (entries, i, entry)
            if (all == NULL)
                skr_journal_print(entry);
        if (all != NULL && json_array_extend(all, entries) != 0)
            status = skr_fail(err, SKR_NO_MEMORY, "no memory for so long a journal: ask for a part of it");
        more = status == SKR_OK && next[0] != '\0';
        snprintf(after, sizeof after, "%s", next);
        json_decref(answer);
        if (status != SKR_OK)
            return status;
    }
    return SKR_OK;
}

int skr_command_journal(int argc, char **argv)
{
    struct skr_arguments arguments;
    struct skr_admin_client *client = NULL;
    struct skr_error error = {.message = ""};
    char path[SKR_SCOPE_PATH];
    size_t count = 0;
    int code;
    if (!skr_arguments_read(&arguments, "journal", SKR_FOR_JOURNAL, SKR_MAY_TAKE_CONTAINER, argc, argv, &code))
        return code;
    bool as_json = arguments.values[SKR_FLAG_JSON] != NULL;
    struct skr_admin_place place = skr_arguments_place(&arguments);
    json_t *all = as_json ? json_array() : NULL;
    enum skr_status status = as_json && all == NULL ? skr_fail(&error, SKR_NO_MEMORY, "no memory for a journal") : SKR_OK;
    snprintf(path, sizeof path, "/api/v1/journal?max=1000");
    if (status == SKR_OK)
        status = skr_scope_query_all(path, sizeof path, &arguments, &error);
    if (status == SKR_OK)
        status = skr_scope_query(path, sizeof path, "state", arguments.values[SKR_FLAG_STATE], &error);
    if (status == SKR_OK)
        status = skr_admin_client_open(&client, &place, &error);
    if (status == SKR_OK)
        status = skr_journal_pages(client, path, all, &count, &error);
    skr_admin_client_close(client);
    if (status != SKR_OK) {
        fprintf(stderr, "skerry journal: %s\n", error.message);
    } else if (as_json) {
        json_t *document = json_pack("{s:O}", "entries", all);
        skr_print_json(document);
        json_decref(document);
    } else if (count == 0) {
        printf("upstream has everything as it is here\n");
    }
    json_decref(all);
    return status == SKR_OK ? 0 : 1;
}
