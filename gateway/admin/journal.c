/* GET /api/v1/journal: what upstreams do not have as it is here, a page at a time, in the order of the queue.
 *
 * A request looks at a bounded number of entries, whatever it filters: a page may be short, or empty, and yet not the last.
 */
#include "admin_private.h"

#define SKR_MOST_ENTRIES 1000

const char *const skr_admin_dirty_words[] = {"", "pending", "failed", "conflict", NULL};

struct skr_journal_page {
    struct skr_admin_scope scope;
    uint64_t state, max, after;
    unsigned looked_at;
    json_t *entries;
    bool no_memory, is_cut;
};

static json_t *skr_journal_entry_json(const struct skr_dirty *dirty)
{
    return json_pack("{s:o,s:o,s:o,s:s,s:s,s:o,s:I,s:o,s:o,s:o,s:i,s:o}", "account", skr_admin_json_name(dirty->account),
                     "container", skr_admin_json_name(dirty->container), "key", skr_admin_json_name(dirty->key), "what",
                     dirty->is_deletion ? "delete" : "put", "state", skr_admin_dirty_words[dirty->state], "reason",
                     skr_admin_json_name(dirty->reason), "size_bytes", (json_int_t)dirty->size_bytes, "since",
                     skr_admin_json_time(dirty->since_ns), "changed", skr_admin_json_time(dirty->changed_ns), "not_before",
                     skr_admin_json_time(dirty->not_before_ns), "attempts", (int)dirty->attempts, "sequence",
                     skr_admin_json_id(dirty->sequence));
}

static bool skr_journal_append(void *context, const struct skr_dirty *dirty)
{
    struct skr_journal_page *page = context;
    const struct skr_admin_scope *scope = &page->scope;
    if (json_array_size(page->entries) == page->max || page->looked_at++ == SKR_ADMIN_MOST_LOOKED_AT) {
        page->is_cut = true;
        return false;
    }
    page->after = dirty->sequence;
    if ((page->state != 0 && page->state != (uint64_t)dirty->state) ||
        (scope->account.size > 0 && !skr_bytes_equal(scope->account, dirty->account)) ||
        (scope->container.size > 0 && !skr_bytes_equal(scope->container, dirty->container)) ||
        !skr_bytes_starts_with(dirty->key, scope->prefix))
        return true;
    page->no_memory = json_array_append_new(page->entries, skr_journal_entry_json(dirty)) != 0;
    return !page->no_memory;
}

void skr_admin_list_journal(struct skr_admin_call *call)
{
    struct skr_journal_page page = {.max = 100};
    int state = -1;
    const struct skr_admin_field fields[] = {
        SKR_ADMIN_SCOPE_FIELDS(&page.scope),
        {"state", SKR_ADMIN_WORD, &state, 0, 0, skr_admin_dirty_words + 1},
        {"after", SKR_ADMIN_ID, &page.after, 0, 0, NULL},
        {"max", SKR_ADMIN_NUMBER, &page.max, 1, SKR_MOST_ENTRIES, NULL},
    };
    struct skr_error error;
    enum skr_status status = skr_admin_read_query(call, fields, sizeof fields / sizeof *fields, &error);
    page.state = (uint64_t)(state + 1);
    if (status == SKR_OK)
        status = skr_admin_scope_check(call, &page.scope, false, &error);
    page.entries = json_array();
    if (status == SKR_OK && page.entries != NULL)
        status = skr_list_dirty(skr_exchange_worker(call->exchange), page.after, 0, skr_journal_append, &page, &error);
    if (status != SKR_OK)
        skr_admin_reply_error(call->exchange, &error);
    else if (page.entries == NULL || page.no_memory)
        skr_admin_reply_json(call->exchange, 503, NULL);
    else
        skr_admin_reply_json(
            call->exchange, 200,
            json_pack("{s:O,s:o}", "entries", page.entries, "next", page.is_cut ? skr_admin_json_id(page.after) : json_null()));
    json_decref(page.entries);
}
