/* Taking over a slice of upstream's listing: what is new or other there is noted here, what is gone there goes here, and what
 * is ours stays. First in a view, so that what is in step already costs no commit; then in a change, which looks again.
 */
#include <stdlib.h>

#include "federation.h"
#include "mirror.h"

struct skr_mirror_change {
    struct skr_pending pending;
    struct skr_mirror *mirror;
    size_t count; /* entries of this slice */
};

/* A name that is here, inside of the slice. */
struct skr_mirror_name {
    struct skr_bytes key, upstream_etag;
    bool is_ours, is_foreign; /* came through another binding */
};

static size_t skr_mirror_slice(const struct skr_mirror *mirror)
{
    size_t left = mirror->page.count - mirror->taken;
    return left < SKR_MIRROR_SLICE ? left : SKR_MIRROR_SLICE;
}

/* The slice reaches to the end of all names. */
static bool skr_mirror_reaches_end(const struct skr_mirror *mirror, size_t count)
{
    return mirror->taken + count == mirror->page.count && mirror->marker.size == 0;
}

/* Names that are here between the last slice and the end of this one, in order. They are gathered before anything is written.
 */
static enum skr_status skr_mirror_gather(struct skr_view *view, struct skr_arena *arena, const struct skr_mirror *mirror,
                                         const struct skr_container *container, size_t count, struct skr_mirror_name **out,
                                         size_t *out_count, struct skr_error *err)
{
    char from[SKR_MAX_KEY_BYTES + 1];
    struct skr_bytes last = count == 0 ? SKR_NO_BYTES : mirror->page.entries[mirror->taken + count - 1].key;
    struct skr_walk_options options = {.from = SKR_BYTES("")};
    struct skr_walk_entry entry;
    struct skr_walk *walk;
    size_t capacity = count + 64;
    bool to_end = skr_mirror_reaches_end(mirror, count);
    if (mirror->last_key != NULL) { /* behind it: no name holds a zero byte */
        memcpy(from, mirror->last_key, mirror->last_key_size);
        from[mirror->last_key_size] = '\0';
        options.from = (struct skr_bytes){from, mirror->last_key_size + 1};
    }
    *out_count = 0;
    *out = skr_arena_alloc(arena, capacity * sizeof **out);
    enum skr_status status = *out == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for names")
                                          : skr_walk_open(view, container->objects_node, &options, &walk, err);
    if (status != SKR_OK)
        return status;
    while ((status = skr_walk_next(walk, &entry, err)) == SKR_OK) {
        struct skr_object object;
        if (!to_end && skr_bytes_compare(entry.key, last) > 0)
            break;
        if (*out_count == capacity) {
            struct skr_mirror_name *grown = skr_arena_alloc(arena, capacity * 2 * sizeof *grown);
            if (grown == NULL) {
                status = skr_fail(err, SKR_NO_MEMORY, "no memory for names");
                break;
            }
            memcpy(grown, *out, *out_count * sizeof *grown);
            *out = grown;
            capacity *= 2;
        }
        status = skr_object_decode(arena, entry.record, &object, err);
        if (status != SKR_OK)
            break;
        struct skr_mirror_name *name = &(*out)[*out_count];
        name->key = skr_arena_copy(arena, entry.key);
        name->upstream_etag = skr_arena_copy(arena, object.upstream_etag);
        name->is_ours = skr_is_ours(view, container, entry.key, &object);
        name->is_foreign = skr_is_of_another(view, mirror->bound, &object);
        if (name->key.data == NULL || name->upstream_etag.data == NULL) {
            status = skr_fail(err, SKR_NO_MEMORY, "no memory for names");
            break;
        }
        ++*out_count;
    }
    skr_walk_close(walk);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

static enum skr_status skr_mirror_put(struct skr_view *view, struct skr_mirror_change *op,
                                      const struct skr_container *container, size_t index, struct skr_error *err)
{
    const struct skr_mirror *mirror = op->mirror;
    const struct skr_remote_entry *entry = &mirror->page.entries[mirror->taken + index];
    struct skr_object object = entry->object;
    uint64_t size_bytes = object.content.size_bytes;
    struct skr_origin origin = {.binding = mirror->bound->binding.id,
                                .container = skr_text(mirror->bound->container),
                                .key = entry->key,
                                .etag = object.etag};
    object.id = skr_meta_next_id(op->pending.worker->core->meta);
    object.content = (struct skr_content){.layout = SKR_CONTENT_EMPTY};
    enum skr_status status = SKR_OK;
    if (size_bytes > 0)
        status = skr_content_create_cached(view, skr_meta_next_id(op->pending.worker->core->meta), size_bytes, &origin,
                                           &object.content, err);
    return status != SKR_OK ? status : skr_object_put(view, container->objects_node, entry->key, &object, err);
}

/* Goes through both sides. `op` NULL: only counts what differs. */
static enum skr_status skr_mirror_merge(struct skr_view *view, struct skr_mirror_change *op, const struct skr_mirror *mirror,
                                        const struct skr_container *container, size_t count,
                                        const struct skr_mirror_name *names, size_t name_count, size_t *differing,
                                        struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    *differing = 0;
    for (size_t i = 0, j = 0; status == SKR_OK && (i < count || j < name_count);) {
        const struct skr_remote_entry *there = i < count ? &mirror->page.entries[mirror->taken + i] : NULL;
        const struct skr_mirror_name *here = j < name_count ? &names[j] : NULL;
        int order = there == NULL ? 1 : here == NULL ? -1 : skr_bytes_compare(there->key, here->key);
        bool gone = order > 0 && !here->is_ours;
        bool is_new = order < 0 && !skr_is_deleted_here(view, container, there->key);
        bool is_other =
            order == 0 && !here->is_ours && (here->is_foreign || !skr_bytes_equal(here->upstream_etag, there->object.etag));
        *differing += gone || is_new || is_other;
        if (op != NULL && gone)
            status = skr_object_remove(view, container->objects_node, here->key, err);
        else if (op != NULL && (is_new || is_other))
            status = skr_mirror_put(view, op, container, i, err);
        i += order <= 0;
        j += order >= 0;
    }
    return status;
}

/* Where the round is now, to go on after a restart. */
static enum skr_status skr_mirror_note(struct skr_view *view, struct skr_mirror_change *op, struct skr_error *err)
{
    const struct skr_mirror *mirror = op->mirror;
    bool is_over = skr_mirror_reaches_end(mirror, op->count);
    struct skr_bytes last = op->count == 0 ? SKR_BYTES("") : mirror->page.entries[mirror->taken + op->count - 1].key;
    struct skr_bytes marker = mirror->page_marker == NULL ? SKR_BYTES("") : skr_text(mirror->page_marker);
    char name[300];
    skr_mirror_document_name(mirror, name, sizeof name);
    if (is_over)
        last = marker = SKR_BYTES("");
    char *text = skr_arena_alloc(&op->pending.arena, 128 + marker.size + last.size);
    if (text == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a mirror's place");
    int head = snprintf(text, 128, "%llu %llu %llu %llu", (unsigned long long)mirror->bound->binding.id,
                        (unsigned long long)atomic_load(&mirror->bound->mirror_rounds) + is_over,
                        (unsigned long long)(is_over ? 0 : mirror->objects + op->count), (unsigned long long)marker.size);
    memcpy(text + head + 1, marker.data, marker.size);
    memcpy(text + head + 1 + marker.size, last.data, last.size);
    return skr_account_document_put(view, skr_text(mirror->bound->account), name,
                                    (struct skr_bytes){text, (size_t)head + 1 + marker.size + last.size}, err);
}

static enum skr_status skr_apply_mirror(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_mirror_change *op = (struct skr_mirror_change *)change;
    const struct skr_mirror *mirror = op->mirror;
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container;
    struct skr_mirror_name *names;
    size_t name_count, differing;
    enum skr_status status = skr_container_get(view, &op->pending.arena, skr_text(mirror->bound->account),
                                               skr_text(mirror->bound->container), &container, err);
    if (status == SKR_OK)
        status = skr_mirror_gather(view, &arena, mirror, &container, op->count, &names, &name_count, err);
    if (status == SKR_OK)
        status = skr_mirror_merge(view, op, mirror, &container, op->count, names, name_count, &differing, err);
    if (status == SKR_OK)
        status = skr_mirror_note(view, op, err);
    skr_arena_release(&arena);
    return status;
}

/* The slice is in step: everything in it was just told by upstream. */
static bool skr_mirror_advance(struct skr_mirror *mirror, size_t count)
{
    struct skr_known *known = &mirror->mirrorer->background.core->federation->known;
    for (size_t i = 0; i < count; i++)
        skr_known_note(known, skr_known_name(mirror->bound, mirror->page.entries[mirror->taken + i].key), true);
    mirror->objects += count;
    mirror->taken += count;
    if (count == 0)
        return true;
    struct skr_bytes last = mirror->page.entries[mirror->taken - 1].key;
    char *copy = strndup(last.data, last.size);
    if (copy == NULL)
        return false;
    free(mirror->last_key);
    mirror->last_key = copy;
    mirror->last_key_size = last.size;
    return true;
}

static void skr_mirror_applied(void *context, const struct skr_result *result)
{
    struct skr_mirror *mirror = context;
    enum skr_status status = result->status;
    if (status == SKR_OK && !skr_mirror_advance(mirror, skr_mirror_slice(mirror)))
        status = SKR_NO_MEMORY;
    skr_mirror_step(mirror, status);
}

/* Does anything differ? In a view. */
static bool skr_mirror_differs(struct skr_mirror *mirror, size_t count)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container;
    struct skr_mirror_name *names;
    struct skr_view *view;
    struct skr_error error;
    size_t name_count, differing = 1;
    if (skr_view_begin(mirror->mirrorer->background.worker->reader, &view, &error) != SKR_OK)
        return true;
    if (skr_container_get(view, &arena, skr_text(mirror->bound->account), skr_text(mirror->bound->container), &container,
                          &error) == SKR_OK &&
        skr_mirror_gather(view, &arena, mirror, &container, count, &names, &name_count, &error) == SKR_OK &&
        skr_mirror_merge(view, NULL, mirror, &container, count, names, name_count, &differing, &error) != SKR_OK)
        differing = 1;
    skr_view_end(view);
    skr_arena_release(&arena);
    return differing > 0;
}

void skr_mirror_take_over(struct skr_mirror *mirror)
{
    size_t count = skr_mirror_slice(mirror);
    bool first_round_ends = skr_mirror_reaches_end(mirror, count) && atomic_load(&mirror->bound->mirror_rounds) == 0;
    if (!first_round_ends && !skr_mirror_differs(mirror, count)) {
        skr_mirror_step(mirror, skr_mirror_advance(mirror, count) ? SKR_OK : SKR_NO_MEMORY);
        return;
    }
    struct skr_mirror_change *op =
        skr_pending_new(mirror->mirrorer->background.worker, sizeof *op, skr_apply_mirror, skr_mirror_applied, mirror);
    if (op == NULL) {
        skr_mirror_step(mirror, SKR_NO_MEMORY);
        return;
    }
    op->mirror = mirror;
    op->count = count;
    skr_pending_submit(&op->pending);
}
