/* Objects: records in the tree of a container.
 *
 * Invariant: whatever happens to the record of a dirty name, the name leads to its entry in the journal: a record that replaces
 * another takes over where it led to, and what goes leaves that to the tree of dirty names.
 */
#include "contents.h"
#include "journal.h"
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

/* What is at a key. `*exists` false: nothing is. */
static enum skr_status skr_object_head_at(struct skr_view *view, uint64_t node, struct skr_bytes key, bool *exists,
                                          struct skr_object_head *head, struct skr_error *err)
{
    struct skr_bytes record;
    *head = (struct skr_object_head){.journal_sequence = 0};
    enum skr_status status = skr_tree_check_key(key, err);
    if (status == SKR_OK)
        status = skr_tree_get(view, node, key, &record, err);
    *exists = status == SKR_OK;
    if (status == SKR_NOT_FOUND)
        return SKR_OK;
    return status != SKR_OK ? status : skr_object_head_decode(record, head, err);
}

/* Where a record led to, for the one that replaces it. */
static uint64_t skr_object_leads_to(struct skr_view *view, const struct skr_object_head *head)
{
    return head->journal_sequence != 0 && skr_journal_has(view, head->journal_sequence) ? head->journal_sequence : 0;
}

enum skr_status skr_object_write(struct skr_view *view, uint64_t node, struct skr_bytes key, const struct skr_object *object,
                                 uint64_t journal_sequence, struct skr_error *err)
{
    _Alignas(16) char memory[2048];
    struct skr_arena arena = {.blocks = NULL};
    skr_arena_seed(&arena, memory, sizeof memory);
    struct skr_encoder encoder = {.arena = &arena};
    skr_object_encode_leading(&encoder, SKR_NO_BYTES, journal_sequence);
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
    struct skr_object_head replaced;
    bool exists;
    enum skr_status status = skr_object_head_at(view, node, key, &exists, &replaced, err);
    if (status == SKR_OK)
        status = skr_object_write(view, node, key, object, skr_object_leads_to(view, &replaced), err);
    if (status == SKR_OK && exists)
        status = skr_content_release(view, &replaced.content, err);
    if (status == SKR_OK)
        skr_names_note(view, node, key);
    return status;
}

enum skr_status skr_object_update(struct skr_view *view, uint64_t node, struct skr_bytes key, const struct skr_object *object,
                                  struct skr_error *err)
{
    struct skr_object_head replaced;
    bool exists;
    enum skr_status status = skr_object_head_at(view, node, key, &exists, &replaced, err);
    if (status == SKR_OK)
        status = skr_object_write(view, node, key, object, skr_object_leads_to(view, &replaced), err);
    if (status == SKR_OK)
        skr_names_note(view, node, key);
    return status;
}

/* A copy of the record at a key, which outlives writes. */
static enum skr_status skr_object_record(struct skr_view *view, struct skr_arena *arena, uint64_t node, struct skr_bytes key,
                                         struct skr_bytes *record, struct skr_object_head *head, struct skr_error *err)
{
    enum skr_status status = skr_tree_check_key(key, err);
    if (status == SKR_OK)
        status = skr_tree_get(view, node, key, record, err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such object");
    if (status != SKR_OK)
        return status;
    *record = skr_arena_copy(arena, *record);
    return record->data == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for a record")
                                : skr_object_head_decode(*record, head, err);
}

enum skr_status skr_object_move(struct skr_view *view, uint64_t node, struct skr_bytes from, struct skr_bytes to,
                                struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_object_head moved, replaced;
    struct skr_bytes record;
    bool exists;
    enum skr_status status = skr_object_record(view, &arena, node, from, &record, &moved, err);
    if (status != SKR_OK || skr_bytes_equal(from, to)) {
        skr_arena_release(&arena);
        return status;
    }
    status = skr_object_head_at(view, node, to, &exists, &replaced, err);
    if (status == SKR_OK)
        status = skr_view_grow(view, record.size + to.size, err);
    if (status == SKR_OK)
        status = skr_journal_part(view, from, moved.journal_sequence, err);
    if (status == SKR_OK)
        status = skr_journal_part(view, to, replaced.journal_sequence, err);
    if (status == SKR_OK)
        status = skr_tree_put(view, node, to, record, err);
    if (status == SKR_OK)
        status = skr_tree_remove(view, node, from, err);
    if (status == SKR_OK && exists)
        status = skr_content_release(view, &replaced.content, err);
    if (status == SKR_OK) {
        skr_names_note(view, node, from);
        skr_names_note(view, node, to);
    }
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_object_remove(struct skr_view *view, uint64_t node, struct skr_bytes key, struct skr_error *err)
{
    struct skr_object_head removed;
    bool exists;
    enum skr_status status = skr_object_head_at(view, node, key, &exists, &removed, err);
    if (status == SKR_OK && !exists)
        return skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such object");
    if (status == SKR_OK)
        status = skr_journal_part(view, key, removed.journal_sequence, err);
    if (status == SKR_OK)
        status = skr_tree_remove(view, node, key, err);
    if (status == SKR_OK)
        status = skr_content_release(view, &removed.content, err);
    if (status == SKR_OK)
        skr_names_note(view, node, key);
    return status;
}
