/* Objects: records in the tree of a container. */
#include "contents.h"
#include "names.h"
#include "records.h"
#include "tree.h"

enum skr_status skr_object_get(struct skr_view *view, struct skr_arena *arena, uint64_t node, struct skr_bytes key,
                               struct skr_object *out, struct skr_error *err)
{
    struct skr_bytes record;
    enum skr_status status = skr_tree_check_key(key, err);
    if (status == SKR_OK)
        status = skr_tree_get(view, node, key, &record, err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such object");
    return status != SKR_OK ? status : skr_object_decode(arena, record, out, err);
}

/* The content of what is at a key. `*exists` false: nothing is. */
static enum skr_status skr_object_content_at(struct skr_view *view, uint64_t node, struct skr_bytes key, bool *exists,
                                             struct skr_content *content, struct skr_error *err)
{
    struct skr_bytes record;
    enum skr_status status = skr_tree_check_key(key, err);
    if (status == SKR_OK)
        status = skr_tree_get(view, node, key, &record, err);
    *exists = status == SKR_OK;
    if (status == SKR_NOT_FOUND)
        return SKR_OK;
    return status != SKR_OK ? status : skr_object_content(record, content, err);
}

enum skr_status skr_object_write(struct skr_view *view, uint64_t node, struct skr_bytes key, const struct skr_object *object,
                                 struct skr_error *err)
{
    _Alignas(16) char memory[2048];
    struct skr_arena arena = {.blocks = NULL};
    skr_arena_seed(&arena, memory, sizeof memory);
    struct skr_encoder encoder = {.arena = &arena};
    enum skr_status status =
        skr_object_encode(&encoder, object) ? SKR_OK : skr_fail(err, SKR_TOO_LARGE, "an object's record is too large");
    if (status == SKR_OK)
        status = skr_view_grow(view, encoder.size + key.size, err);
    if (status == SKR_OK)
        status = skr_tree_put(view, node, key, (struct skr_bytes){encoder.data, encoder.size}, err);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_object_put(struct skr_view *view, uint64_t node, struct skr_bytes key, const struct skr_object *object,
                               struct skr_error *err)
{
    struct skr_content replaced;
    bool exists;
    enum skr_status status = skr_object_content_at(view, node, key, &exists, &replaced, err);
    if (status == SKR_OK)
        status = skr_object_write(view, node, key, object, err);
    if (status == SKR_OK && exists)
        status = skr_content_release(view, &replaced, err);
    if (status == SKR_OK)
        skr_names_note(view, node, key);
    return status;
}

enum skr_status skr_object_update(struct skr_view *view, uint64_t node, struct skr_bytes key, const struct skr_object *object,
                                  struct skr_error *err)
{
    enum skr_status status = skr_object_write(view, node, key, object, err);
    if (status == SKR_OK)
        skr_names_note(view, node, key);
    return status;
}

/* A copy of the record at a key, which outlives writes. */
static enum skr_status skr_object_record(struct skr_view *view, struct skr_arena *arena, uint64_t node, struct skr_bytes key,
                                         struct skr_bytes *record, struct skr_error *err)
{
    enum skr_status status = skr_tree_check_key(key, err);
    if (status == SKR_OK)
        status = skr_tree_get(view, node, key, record, err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such object");
    if (status != SKR_OK)
        return status;
    *record = skr_arena_copy(arena, *record);
    return record->data == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for a record") : SKR_OK;
}

enum skr_status skr_object_move(struct skr_view *view, uint64_t node, struct skr_bytes from, struct skr_bytes to,
                                struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_content replaced;
    struct skr_bytes record;
    bool exists;
    enum skr_status status = skr_object_record(view, &arena, node, from, &record, err);
    if (status != SKR_OK || skr_bytes_equal(from, to)) {
        skr_arena_release(&arena);
        return status;
    }
    status = skr_object_content_at(view, node, to, &exists, &replaced, err);
    if (status == SKR_OK)
        status = skr_view_grow(view, record.size + to.size, err);
    if (status == SKR_OK)
        status = skr_tree_put(view, node, to, record, err);
    if (status == SKR_OK)
        status = skr_tree_remove(view, node, from, err);
    if (status == SKR_OK && exists)
        status = skr_content_release(view, &replaced, err);
    if (status == SKR_OK) {
        skr_names_note(view, node, from);
        skr_names_note(view, node, to);
    }
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_object_exchange(struct skr_view *view, uint64_t node, struct skr_bytes a, struct skr_bytes b,
                                    struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_bytes record_a, record_b;
    enum skr_status status = skr_object_record(view, &arena, node, a, &record_a, err);
    if (status == SKR_OK)
        status = skr_object_record(view, &arena, node, b, &record_b, err);
    if (status == SKR_OK)
        status = skr_view_grow(view, record_a.size + record_b.size, err);
    if (status == SKR_OK)
        status = skr_tree_put(view, node, a, record_b, err);
    if (status == SKR_OK)
        status = skr_tree_put(view, node, b, record_a, err);
    if (status == SKR_OK) {
        skr_names_note(view, node, a);
        skr_names_note(view, node, b);
    }
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_object_remove(struct skr_view *view, uint64_t node, struct skr_bytes key, struct skr_error *err)
{
    struct skr_content content;
    bool exists;
    enum skr_status status = skr_object_content_at(view, node, key, &exists, &content, err);
    if (status == SKR_OK && !exists)
        return skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such object");
    if (status == SKR_OK)
        status = skr_tree_remove(view, node, key, err);
    if (status == SKR_OK)
        status = skr_content_release(view, &content, err);
    if (status == SKR_OK)
        skr_names_note(view, node, key);
    return status;
}
