/* POST /api/v1/journal/resolve: what becomes of names that upstream lacks; of one, or of those with a prefix and a state.
 *
 * Many are decided in pieces: the answer says where the next one begins. Of each only what was found is decided about: whoever
 * writes meanwhile does not lose it.
 */
#include "admin_private.h"
#include "skerry/log.h"

#define SKR_MOST_RESOLVED 256

static const char *const skr_resolution_words[] = {
    [SKR_RESOLVE_RETRY] = "retry", [SKR_RESOLVE_KEEP_LOCAL] = "keep-local", [SKR_RESOLVE_KEEP_REMOTE] = "keep-remote", NULL};

struct skr_resolve_item;
struct skr_resolve_call {
    struct skr_admin_call *call;
    struct skr_admin_scope scope;
    struct skr_bytes key;
    int state, choice;
    uint64_t after;
    struct skr_resolve_item *items;
    size_t count, left, resolved, passed_over;
    unsigned looked_at;
    bool is_cut, no_memory;
    struct skr_error error; /* the first */
};
struct skr_resolve_item {
    struct skr_resolve_call *whole;
    struct skr_object_name name;
    uint64_t sequence;
};

static void skr_resolve_reply(struct skr_resolve_call *whole)
{
    struct skr_admin_call *call = whole->call;
    if (whole->resolved > 0)
        skr_log(SKR_LOG_INFO, "admin", "%zu of %.*s/%.*s: %s, as %s asked for", whole->resolved,
                SKR_PRINT(whole->scope.account), SKR_PRINT(whole->scope.container), skr_resolution_words[whole->choice],
                skr_exchange_request(call->exchange)->peer);
    if (whole->error.status != SKR_OK) {
        skr_admin_reply_error(call->exchange, &whole->error);
        return;
    }
    skr_admin_reply_json(call->exchange, 200,
                         json_pack("{s:I,s:I,s:o}", "resolved", (json_int_t)whole->resolved, "passed_over",
                                   (json_int_t)whole->passed_over, "next",
                                   whole->is_cut ? skr_admin_json_id(whole->after) : json_null()));
}

static void skr_resolve_one_done(void *context, const struct skr_result *result)
{
    struct skr_resolve_item *item = context;
    struct skr_resolve_call *whole = item->whole;
    bool many = whole->key.data == NULL;
    whole->call->pendings[item - whole->items] = NULL;
    if (result->status == SKR_OK)
        whole->resolved++;
    else if (many && (result->status == SKR_NOT_FOUND || result->status == SKR_CONDITION_FAILED))
        whole->passed_over++; /* it was uploaded or changed meanwhile */
    else if (whole->error.status == SKR_OK)
        whole->error = *result->error;
    if (--whole->left == 0)
        skr_resolve_reply(whole);
}

static bool skr_resolve_add(struct skr_resolve_call *whole, struct skr_bytes key, uint64_t sequence)
{
    struct skr_bytes copied = skr_arena_copy(skr_exchange_arena(whole->call->exchange), key);
    whole->no_memory = copied.data == NULL;
    if (!whole->no_memory)
        whole->items[whole->count++] = (struct skr_resolve_item){
            whole, {.account = whole->scope.account, .container = whole->scope.container, .key = copied}, sequence};
    return !whole->no_memory;
}

static bool skr_resolve_collect(void *context, const struct skr_dirty *dirty)
{
    struct skr_resolve_call *whole = context;
    if (whole->count == SKR_MOST_RESOLVED || whole->looked_at++ == SKR_ADMIN_MOST_LOOKED_AT) {
        whole->is_cut = true;
        return false;
    }
    whole->after = dirty->sequence;
    if (whole->state + 1 != (int)dirty->state || !skr_bytes_equal(whole->scope.account, dirty->account) ||
        !skr_bytes_equal(whole->scope.container, dirty->container) || !skr_bytes_starts_with(dirty->key, whole->scope.prefix))
        return true;
    return skr_resolve_add(whole, dirty->key, dirty->sequence);
}

static enum skr_status skr_resolve_read(struct skr_resolve_call *whole, struct skr_error *err)
{
    uint64_t sequence = 0;
    const struct skr_admin_field fields[] = {
        SKR_ADMIN_SCOPE_FIELDS(&whole->scope),
        {"key", SKR_ADMIN_TEXT, &whole->key, 1, SKR_MAX_KEY_BYTES, NULL},
        {"sequence", SKR_ADMIN_ID, &sequence, 0, 0, NULL},
        {"state", SKR_ADMIN_WORD, &whole->state, 0, 0, skr_admin_dirty_words + 1},
        {"after", SKR_ADMIN_ID, &whole->after, 0, 0, NULL},
        {"choice", SKR_ADMIN_WORD, &whole->choice, 0, 0, skr_resolution_words},
    };
    enum skr_status status = skr_admin_read_body(whole->call, fields, sizeof fields / sizeof *fields, err);
    bool one = whole->key.data != NULL, many = whole->scope.prefix.data != NULL && whole->state >= 0;
    if (status == SKR_OK && whole->choice < 0)
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "'choice' is missing: retry, keep-local or keep-remote");
    if (status == SKR_OK &&
        (one ? whole->scope.prefix.data != NULL || whole->state >= 0 || whole->after > 0 : !many || sequence > 0))
        status = skr_fail(err, SKR_INVALID_ARGUMENT,
                          "give 'key' (perhaps with 'sequence'), or 'prefix' (it may be empty) and 'state' (perhaps with "
                          "'after')");
    if (status == SKR_OK)
        status = skr_admin_scope_check(whole->call, &whole->scope, true, err);
    if (status == SKR_OK && one)
        skr_resolve_add(whole, whole->key, sequence);
    else if (status == SKR_OK)
        status = skr_list_dirty(skr_exchange_worker(whole->call->exchange), whole->after, 0, skr_resolve_collect, whole, err);
    return status;
}

void skr_admin_resolve(struct skr_admin_call *call)
{
    struct skr_arena *arena = skr_exchange_arena(call->exchange);
    struct skr_resolve_call *whole = skr_arena_alloc_zero(arena, sizeof *whole);
    struct skr_resolve_item *items = skr_arena_alloc_zero(arena, SKR_MOST_RESOLVED * sizeof *items);
    call->pendings = skr_arena_alloc_zero(arena, SKR_MOST_RESOLVED * sizeof *call->pendings);
    if (whole == NULL || items == NULL || call->pendings == NULL) {
        skr_admin_reply_json(call->exchange, 503, NULL);
        return;
    }
    *whole = (struct skr_resolve_call){.call = call, .state = -1, .choice = -1, .items = items};
    struct skr_error error;
    if (skr_resolve_read(whole, &error) != SKR_OK) {
        skr_admin_reply_error(call->exchange, &error);
        return;
    }
    for (size_t i = 0; i < whole->count && !whole->no_memory; i++) {
        call->pendings[i] = skr_resolve(skr_exchange_worker(call->exchange), &items[i].name, items[i].sequence,
                                        (enum skr_resolution)whole->choice, skr_resolve_one_done, &items[i]);
        whole->no_memory = call->pendings[i] == NULL;
        whole->left += !whole->no_memory;
        call->pending_count = i + 1;
    }
    if (whole->no_memory)
        skr_fail(&whole->error, SKR_NO_MEMORY, "no memory to decide about all: ask again");
    if (whole->left == 0)
        skr_resolve_reply(whole);
}
