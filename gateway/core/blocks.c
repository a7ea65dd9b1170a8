/* Committing a list of blocks, and reading lists. A commit moves no byte: it writes an extent list. */
#include <stdlib.h>

#include "gather.h"
#include "put.h"

/* ---- committing ---- */

struct skr_commit_change {
    struct skr_pending pending;
    struct skr_put put;
    struct skr_conditions conditions;
    const struct skr_block_choice *choices;
    size_t count;
    uint64_t content_id;
};

/* A committed block of the object that is there. */
struct skr_committed_block {
    struct skr_block block;
    uint64_t offset_bytes;
};

/* What a commit goes through; in the pending's arena. */
struct skr_committing {
    struct skr_gathering gathering;
    struct skr_put_state state;
    struct skr_committed_block *committed; /* sorted by name */
    size_t committed_count, committed_capacity;
    bool has_committed, failed;
};

static int skr_committed_order(const void *a, const void *b)
{
    const struct skr_committed_block *x = a, *y = b;
    return skr_bytes_compare(x->block.name, y->block.name);
}

static bool skr_note_committed(void *context, const struct skr_block *block, uint64_t offset_bytes)
{
    struct skr_committing *committing = context;
    if (committing->committed_count >= committing->committed_capacity) {
        committing->failed = true; /* more than its record says */
        return false;
    }
    committing->committed[committing->committed_count++] = (struct skr_committed_block){*block, offset_bytes};
    return true;
}

/* The committed blocks of the object that is there, loaded once and sorted by name. */
static enum skr_status skr_load_committed(struct skr_committing *committing, struct skr_error *err)
{
    const struct skr_content *content = &committing->state.there.content;
    if (committing->has_committed)
        return SKR_OK;
    committing->has_committed = true;
    if (!committing->state.exists || content->block_count == 0)
        return SKR_OK;
    committing->committed_capacity = content->block_count;
    committing->committed = skr_arena_alloc(committing->gathering.arena, content->block_count * sizeof *committing->committed);
    if (committing->committed == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a block list");
    enum skr_status status = skr_block_list_visit(committing->gathering.view, content, skr_note_committed, committing, err);
    if (status == SKR_OK && committing->failed)
        status = skr_fail(err, SKR_CORRUPT, "a committed block list is longer than its record says");
    if (committing->committed_count > 1)
        qsort(committing->committed, committing->committed_count, sizeof *committing->committed, skr_committed_order);
    return status;
}

/* SKR_NOT_FOUND: no such committed block. */
static enum skr_status skr_gather_committed(struct skr_committing *committing, struct skr_bytes name, struct skr_error *err)
{
    struct skr_gathering *gathering = &committing->gathering;
    enum skr_status status = skr_load_committed(committing, err);
    if (status != SKR_OK)
        return status;
    struct skr_committed_block wanted = {.block = {.name = name}};
    const struct skr_committed_block *found = committing->committed_count == 0
                                                  ? NULL
                                                  : bsearch(&wanted, committing->committed, committing->committed_count,
                                                            sizeof *committing->committed, skr_committed_order);
    if (found == NULL)
        return skr_fail(err, SKR_NOT_FOUND, "no committed block of that name");
    struct skr_extent *extents;
    size_t count;
    struct skr_block block = found->block;
    block.name = name; /* found->block's lies in the map */
    status = skr_collect_extents(gathering->view, gathering->arena, &committing->state.there.content, found->offset_bytes,
                                 block.size_bytes, &extents, &count, err);
    return status != SKR_OK ? status : skr_gather(gathering, &block, extents, count, err);
}

static enum skr_status skr_gather_choice(struct skr_committing *committing, const struct skr_block_choice *choice,
                                         struct skr_error *err)
{
    enum skr_status status = SKR_NOT_FOUND;
    struct skr_block block;
    if (choice->from != SKR_BLOCK_COMMITTED && committing->state.has_upload)
        status = skr_gather_staged(&committing->gathering, &committing->state.upload, choice->name, &block, err);
    if (status == SKR_NOT_FOUND && choice->from != SKR_BLOCK_UNCOMMITTED)
        status = skr_gather_committed(committing, choice->name, err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_INVALID_BLOCK_LIST, "the list names a block that is not there");
    return status;
}

static enum skr_status skr_apply_commit(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_commit_change *op = (struct skr_commit_change *)change;
    struct skr_committing committing = {.committed = NULL};
    struct skr_content content;
    enum skr_status status = skr_put_begin(view, &op->pending, &op->put, &committing.state, err);
    if (status == SKR_OK)
        status = skr_gathering_begin(&committing.gathering, view, &op->pending.arena, op->count, err);
    for (size_t i = 0; i < op->count && status == SKR_OK; i++)
        status = skr_gather_choice(&committing, &op->choices[i], err);
    if (status == SKR_OK)
        status = skr_gathering_to_content(&committing.gathering, op->content_id, &content, err);
    return status != SKR_OK ? status : skr_put_finish(view, &op->pending, &op->put, &committing.state, &content, err);
}

static void skr_settle_commit(struct skr_pending *pending)
{
    struct skr_commit_change *op = (struct skr_commit_change *)pending;
    if (pending->change.status == SKR_OK)
        skr_upload_slots_forget(pending->worker->core, &op->put.name, 0);
}

static bool skr_choices_copy(struct skr_arena *arena, const struct skr_block_choice **choices, size_t count)
{
    struct skr_block_choice *copy = skr_arena_alloc(arena, (count + 1) * sizeof *copy);
    if (copy == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        copy[i] = (*choices)[i];
        copy[i].name = skr_arena_copy(arena, copy[i].name);
        if (copy[i].name.data == NULL)
            return false;
    }
    *choices = copy;
    return true;
}

struct skr_pending *skr_commit_blocks(struct skr_worker *worker, const struct skr_put *put,
                                      const struct skr_block_choice *choices, size_t count, skr_done done, void *context)
{
    struct skr_commit_change *op = skr_pending_new(worker, sizeof *op, skr_apply_commit, done, context);
    if (op == NULL)
        return NULL;
    op->put = *put;
    op->choices = choices;
    op->count = count;
    op->content_id = skr_meta_next_id(worker->core->meta);
    op->pending.settle = skr_settle_commit;
    if (!skr_put_copy(&op->pending.arena, &op->put, &op->conditions) ||
        !skr_choices_copy(&op->pending.arena, &op->choices, count))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a block list");
    if (count > SKR_MAX_BLOCKS)
        return skr_pending_fail(&op->pending, SKR_TOO_MANY_BLOCKS, "an object has at most 50000 blocks");
    bool looks = !skr_conditions_are_empty(&op->conditions) || put->create_only;
    for (size_t i = 0; i < count && !looks; i++)
        looks = choices[i].from == SKR_BLOCK_COMMITTED;
    return skr_pending_submit_object(&op->pending, &op->put.name, looks, NULL);
}

/* ---- reading lists ---- */

struct skr_list_reading {
    bool (*visit)(void *context, bool is_committed, const struct skr_block *block);
    void *context;
};

static bool skr_visit_committed(void *context, const struct skr_block *block, uint64_t offset_bytes)
{
    const struct skr_list_reading *reading = context;
    (void)offset_bytes;
    return reading->visit(reading->context, true, block);
}

static bool skr_visit_uncommitted(void *context, const struct skr_block *block)
{
    const struct skr_list_reading *reading = context;
    return reading->visit(reading->context, false, block);
}

enum skr_status skr_read_block_list(struct skr_worker *worker, struct skr_arena *arena, const struct skr_object_name *name,
                                    const struct skr_conditions *conditions, bool committed, bool uncommitted,
                                    struct skr_object *object,
                                    bool (*visit)(void *context, bool is_committed, const struct skr_block *block),
                                    void *context, struct skr_error *err)
{
    struct skr_view *view;
    struct skr_container container;
    struct skr_upload upload;
    struct skr_list_reading reading = {visit, context};
    struct skr_version_place place;
    bool exists, has_upload = false;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    if (name->version.is_given) {
        status = skr_find_version(view, arena, name, &container, object, &place, err);
        exists = status == SKR_OK;
    } else {
        status = skr_find_object(view, arena, name, &container, object, &exists, err);
        if (status == SKR_OK)
            status = skr_upload_get(view, &container, name->key, &upload, err);
        has_upload = status == SKR_OK;
    }
    if (status == SKR_UPLOAD_NOT_FOUND)
        status = exists ? SKR_OK : skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is neither an object nor a block");
    if (status == SKR_OK)
        status = skr_conditions_check(conditions, exists, object->etag, object->modified_ns, true, err);
    if (status == SKR_OK && !skr_object_copy(arena, object))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    if (status == SKR_OK && committed && exists)
        status = skr_block_list_visit(view, &object->content, skr_visit_committed, &reading, err);
    if (status == SKR_OK && uncommitted && has_upload)
        status = skr_block_visit(view, &upload, SKR_NO_BYTES, skr_visit_uncommitted, &reading, err);
    skr_view_end(view);
    return status;
}
