/* Why: of a bound container, what upstream has is listed with what is here and upstream does not know yet. Upstream is asked
 * for as much as one answer needs before the walk over what is here begins, so that the walk itself waits for nothing.
 *
 * Upstream's markers are opaque, and ours is a name. What was read beyond the end of a page waits with upstream's marker for
 * the listing to go on; where that is gone, for a restart, say, upstream is listed from the beginning of the prefix again.
 */
#include "remote_listing.h"

#include <stdlib.h>

#include "continuations.h"
#include "federation.h"
#include "skerry/log.h"

#define SKR_PREFIX_SCAN_MOST 10000

static const struct skr_upstream_retry skr_listing_retry = {
    .attempts = 5, .first_ms = 100, .most_ms = 2000, .patience_ms = 20000, .not_after_timeout = true};

struct skr_remote_listing {
    struct skr_worker *worker;
    struct skr_bound *bound;
    struct skr_arena arena;
    struct skr_list_options options; /* texts in the arena */
    uint64_t wanted;
    struct skr_remote_entries found;
    struct skr_bytes marker; /* upstream's, where it goes on; empty: from the beginning */
    bool is_complete;
    bool is_found; /* upstream has the container */
    struct skr_upstream_call call;
    struct skr_pending *making; /* the container, here */
    skr_prepared ready;
    void *context;
};

void skr_remote_listing_close(struct skr_remote_listing *listing)
{
    if (listing == NULL)
        return;
    skr_upstream_cancel(&listing->call);
    skr_pending_detach(listing->making);
    skr_bound_release(listing->bound);
    skr_arena_release(&listing->arena);
    listing->worker->under_way--;
    free(listing->found.entries);
    free(listing);
}

const struct skr_remote_entry *skr_remote_listing_entry(const struct skr_remote_listing *listing, size_t index)
{
    return index < listing->found.count ? &listing->found.entries[index] : NULL;
}

bool skr_remote_listing_is_cut(const struct skr_remote_listing *listing)
{
    return !listing->is_complete;
}

/* ---- what upstream lists ---- */

bool skr_object_of_upstream(struct skr_arena *arena, const struct skr_upstream_object *found, struct skr_object *out)
{
    *out = (struct skr_object){
        .kind = SKR_OBJECT_BLOCK,
        .created_ns = found->created_ns != 0 ? found->created_ns : found->modified_ns,
        .modified_ns = found->modified_ns,
        .etag = found->etag,
        .upstream_etag = found->etag,
        .has_md5 = found->has_md5,
        .content = {.size_bytes = found->size_bytes},
        .metadata = found->metadata,
        .metadata_count = found->metadata_count,
        .tags = found->tags,
        .tag_count = found->tags == NULL ? 0 : found->tag_count,
    };
    memcpy(out->md5, found->md5, sizeof out->md5);
    memcpy(out->properties, found->properties, sizeof out->properties);
    return skr_object_copy(arena, out);
}

bool skr_remote_entries_add(struct skr_remote_entries *list, struct skr_arena *arena, const struct skr_upstream_object *found)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 256 : list->capacity * 2;
        struct skr_remote_entry *grown = realloc(list->entries, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        list->entries = grown;
        list->capacity = capacity;
    }
    struct skr_remote_entry *entry = &list->entries[list->count];
    *entry = (struct skr_remote_entry){.key = skr_arena_copy(arena, found->key), .is_prefix = found->is_prefix};
    if (entry->key.data == NULL || (!found->is_prefix && !skr_object_of_upstream(arena, found, &entry->object)))
        return false;
    list->count++;
    return true;
}

static bool skr_listing_add(struct skr_remote_listing *listing, const struct skr_upstream_object *found)
{
    if (skr_bytes_compare(found->key, listing->options.from) < 0 || found->etag.size > SKR_ETAG_SIZE)
        return true;
    return skr_remote_entries_add(&listing->found, &listing->arena, found);
}

static void skr_listing_tell(struct skr_remote_listing *listing, enum skr_status status)
{
    skr_prepared ready = listing->ready;
    listing->ready = NULL;
    ready(listing->context, status);
}

static void skr_listing_made(void *context, const struct skr_result *result)
{
    struct skr_remote_listing *listing = context;
    listing->making = NULL;
    skr_listing_tell(listing, result->status == SKR_CONTAINER_EXISTS ? SKR_OK : result->status);
}

/* Upstream has a container that is not known here, of a binding of all containers: it is, from now on. */
static bool skr_listing_makes_container(struct skr_remote_listing *listing)
{
    struct skr_container container;
    struct skr_error error;
    const struct skr_list_options *options = &listing->options;
    if (!listing->bound->is_derived || !listing->is_found ||
        skr_get_container(listing->worker, &listing->arena, options->account, options->container, NULL, &container, &error) !=
            SKR_CONTAINER_NOT_FOUND)
        return false;
    listing->making = skr_adopt_container(listing->worker, listing->bound, skr_listing_made, listing);
    return listing->making != NULL;
}

static void skr_listing_end(struct skr_remote_listing *listing, enum skr_status status)
{
    if (status == SKR_OK && !listing->is_complete)
        skr_continuations_keep(&listing->worker->core->federation->continuations, listing->bound, &listing->options,
                               listing->marker, &listing->found);
    if (status != SKR_OK || !skr_listing_makes_container(listing))
        skr_listing_tell(listing, status);
}

static void skr_listing_ask(struct skr_remote_listing *listing);

static void skr_listing_answered(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_remote_listing *listing =
        (struct skr_remote_listing *)((char *)call - offsetof(struct skr_remote_listing, call));
    skr_bound_note(listing->bound, result);
    if (result->outcome == SKR_UPSTREAM_CONTAINER_NOT_FOUND && listing->bound->is_derived) {
        listing->is_complete = true; /* what is here says whether there is such a container */
        skr_listing_end(listing, SKR_OK);
        return;
    }
    listing->is_found = result->outcome == SKR_UPSTREAM_OK;
    if (result->outcome != SKR_UPSTREAM_OK) {
        skr_listing_end(listing, SKR_UPSTREAM_FAILED);
        return;
    }
    for (size_t i = 0; i < result->entry_count; i++)
        if (!skr_listing_add(listing, &result->entries[i])) {
            skr_listing_end(listing, SKR_NO_MEMORY);
            return;
        }
    listing->marker = skr_arena_copy(&listing->arena, result->next_marker);
    listing->is_complete = result->next_marker.size == 0;
    if (listing->marker.data == NULL && !listing->is_complete)
        skr_listing_end(listing, SKR_NO_MEMORY);
    else if (listing->is_complete || listing->found.count >= listing->wanted)
        skr_listing_end(listing, SKR_OK);
    else
        skr_listing_ask(listing);
}

static void skr_listing_ask(struct skr_remote_listing *listing)
{
    uint64_t left = listing->wanted - listing->found.count;
    unsigned most = skr_upstream_limits_of(listing->bound->binding.is_s3 ? SKR_UPSTREAM_S3 : SKR_UPSTREAM_AZURE).list_entries;
    struct skr_upstream_list list = {
        .prefix = listing->options.prefix,
        .delimiter = listing->options.delimiter,
        .marker = listing->marker,
        .max = left < most ? (unsigned)left : most,
        .metadata = !listing->bound->binding.is_s3,
    };
    listing->call.done = skr_listing_answered;
    listing->call.retry = &skr_listing_retry;
    skr_upstream_list(listing->worker->upstreams, listing->bound->upstream, &listing->call, &list);
}

/* ---- asking ---- */

static bool skr_listing_copy(struct skr_remote_listing *listing, const struct skr_list_options *options)
{
    struct skr_arena *arena = &listing->arena;
    listing->options = (struct skr_list_options){
        .account = skr_arena_copy(arena, options->account),
        .container = skr_arena_copy(arena, options->container),
        .prefix = skr_arena_copy(arena, options->prefix),
        .delimiter = skr_arena_copy(arena, options->delimiter),
        .from = skr_arena_copy(arena, options->from),
    };
    return listing->options.account.data != NULL && listing->options.container.data != NULL &&
           listing->options.prefix.data != NULL && listing->options.delimiter.data != NULL &&
           listing->options.from.data != NULL;
}

enum skr_status skr_prepare_listing(struct skr_worker *worker, const struct skr_list_options *options, uint64_t wanted,
                                    skr_prepared ready, void *context, struct skr_remote_listing **out, struct skr_error *err)
{
    *out = NULL;
    struct skr_bound *bound = skr_bound_find(&worker->core->bindings, worker->reader, options->account, options->container);
    if (bound == NULL || (bound->binding.listing == SKR_LISTING_MIRROR && atomic_load(&bound->mirror_rounds) > 0)) {
        skr_bound_release(bound);
        return SKR_OK;
    }
    if (bound->upstream == NULL || skr_bound_is_away(bound) || skr_worker_upstreams(worker) == NULL) {
        skr_bound_release(bound);
        return skr_fail(err, SKR_UPSTREAM_FAILED, "its upstream cannot be asked");
    }
    struct skr_remote_listing *listing = calloc(1, sizeof *listing);
    if (listing == NULL) {
        skr_bound_release(bound);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a listing");
    }
    worker->under_way++;
    listing->worker = worker;
    listing->bound = bound;
    listing->wanted = wanted;
    listing->ready = ready;
    listing->context = context;
    if (!skr_listing_copy(listing, options)) {
        skr_remote_listing_close(listing);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a listing");
    }
    skr_continuations_take(&worker->core->federation->continuations, bound, &listing->options, &listing->arena,
                           &listing->marker, &listing->found);
    *out = listing;
    skr_listing_ask(listing);
    return SKR_PENDING;
}

static bool skr_is_container_known(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container found;
    struct skr_error error;
    enum skr_status status = skr_get_container(worker, &arena, account, container, NULL, &found, &error);
    skr_arena_release(&arena);
    return status != SKR_CONTAINER_NOT_FOUND;
}

enum skr_status skr_prepare_container(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                                      skr_prepared ready, void *context, struct skr_remote_listing **out, struct skr_error *err)
{
    struct skr_bound *bound = skr_bound_find(&worker->core->bindings, worker->reader, account, container);
    bool is_derived = bound != NULL && bound->is_derived && atomic_load(&bound->deletions) == 0;
    skr_bound_release(bound);
    *out = NULL;
    if (!is_derived || skr_is_container_known(worker, account, container))
        return SKR_OK;
    struct skr_list_options options = {
        .account = account, .container = container, .prefix = SKR_BYTES(""), .delimiter = SKR_BYTES(""), .from = SKR_BYTES("")};
    return skr_prepare_listing(worker, &options, 1, ready, context, out, err);
}

/* ---- what is here ---- */

bool skr_is_ours(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                 const struct skr_object *object)
{
    struct skr_journal_entry entry;
    return (object != NULL && object->upstream_etag.size == 0) || skr_journal_get(view, container, key, &entry, NULL) == SKR_OK;
}

bool skr_is_of_another(struct skr_view *view, const struct skr_bound *bound, const struct skr_object *object)
{
    struct skr_origin origin;
    return object->content.layout == SKR_CONTENT_CACHED &&
           (skr_content_origin(view, object->content.id, &origin, NULL) != SKR_OK || origin.binding != bound->binding.id);
}

bool skr_is_deleted_here(struct skr_view *view, const struct skr_container *container, struct skr_bytes key)
{
    struct skr_journal_entry entry;
    return skr_journal_get(view, container, key, &entry, NULL) == SKR_OK && (entry.what & SKR_JOURNAL_DELETE) != 0;
}

bool skr_prefix_has_ours(struct skr_view *view, const struct skr_container *container, struct skr_bytes prefix)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_walk_options options = {.prefix = prefix, .from = prefix};
    struct skr_walk_entry entry;
    struct skr_error error;
    struct skr_object object;
    struct skr_walk *walk;
    bool found = false;
    if (skr_walk_open(view, container->objects_node, &options, &walk, &error) != SKR_OK)
        return true;
    for (unsigned i = 0; i < SKR_PREFIX_SCAN_MOST && !found && skr_walk_next(walk, &entry, &error) == SKR_OK; i++) {
        found = skr_object_decode(&arena, entry.record, &object, &error) == SKR_OK &&
                skr_is_ours(view, container, entry.key, &object);
        skr_arena_release(&arena);
    }
    skr_walk_close(walk);
    return found;
}
