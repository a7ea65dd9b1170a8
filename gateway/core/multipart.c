/* Multipart uploads: beginning, looking up, completing, giving up. Parts are staged as blocks are (stage.c), and completing
 * gathers them as a commit of blocks does: no byte moves. */
#include "multipart.h"
#include "gather.h"
#include "put.h"
#include "skerry/hash.h"

struct skr_bytes skr_part_name(char buffer[4], unsigned number)
{
    for (unsigned i = 0; i < 4; i++)
        buffer[i] = (char)(number >> (24 - 8 * i));
    return (struct skr_bytes){buffer, 4};
}

/* ---- beginning ---- */

struct skr_begin_change {
    struct skr_pending pending;
    struct skr_put draft;
    struct skr_conditions conditions;
};

static enum skr_status skr_apply_begin(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_begin_change *op = (struct skr_begin_change *)change;
    const struct skr_put *put = &op->draft;
    struct skr_upload upload = {.kind = SKR_UPLOAD_MULTIPART};
    struct skr_container container;
    struct skr_object draft = {
        .kind = SKR_OBJECT_BLOCK,
        .metadata = put->metadata,
        .metadata_count = put->metadata_count,
        .tags = put->tags,
        .tag_count = put->tag_count,
        .checksum = {.kind = put->checksum.kind},
        .checksum_form = put->checksum_form,
    };
    memcpy(draft.properties, put->properties, sizeof draft.properties);
    enum skr_status status =
        skr_container_get(view, &op->pending.arena, put->name.account, put->name.container, &container, err);
    if (status == SKR_OK && container.multiparts_node == 0) /* made before there were multipart uploads */
        status = skr_container_update(view, put->name.account, put->name.container, &container, err);
    if (status == SKR_OK)
        status = skr_upload_create(view, &container, put->name.key, &upload, &draft, err);
    op->pending.upload_id = upload.id;
    return status;
}

/* Can the checksum of the whole be had from those of the parts? */
static bool skr_checksum_is_possible(const struct skr_put *draft)
{
    bool is_crc = draft->checksum.kind == SKR_CHECKSUM_CRC32 || draft->checksum.kind == SKR_CHECKSUM_CRC32C ||
                  draft->checksum.kind == SKR_CHECKSUM_CRC64NVME;
    return draft->checksum.kind == SKR_CHECKSUM_NONE || draft->checksum_form == SKR_CHECKSUM_COMPOSITE || is_crc;
}

struct skr_pending *skr_create_multipart(struct skr_worker *worker, const struct skr_put *draft, skr_done done, void *context)
{
    struct skr_begin_change *op = skr_pending_new(worker, sizeof *op, skr_apply_begin, done, context);
    if (op == NULL)
        return NULL;
    op->draft = *draft;
    if (!skr_put_copy(&op->pending.arena, &op->draft, &op->conditions))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for an upload");
    if (draft->tag_count > SKR_MAX_TAGS)
        return skr_pending_fail(&op->pending, SKR_INVALID_ARGUMENT, "too many tags");
    if (!skr_checksum_is_possible(draft))
        return skr_pending_fail(&op->pending, SKR_INVALID_ARGUMENT,
                                "this checksum of a whole cannot be made of those of its parts");
    return skr_pending_submit_object(&op->pending, &op->draft.name, false, NULL);
}

/* ---- looking up ---- */

enum skr_status skr_multipart_load(struct skr_arena *arena, const struct skr_upload *upload, struct skr_multipart *out,
                                   struct skr_error *err)
{
    *out = (struct skr_multipart){.id = upload->id, .key = upload->key, .created_ns = upload->created_ns};
    return skr_object_decode(arena, upload->draft, &out->draft, err);
}

enum skr_status skr_find_multipart(struct skr_view *view, struct skr_arena *arena, const struct skr_object_name *name,
                                   uint64_t upload_id, struct skr_container *container, struct skr_upload *upload,
                                   struct skr_error *err)
{
    enum skr_status status = skr_container_get(view, arena, name->account, name->container, container, err);
    return status != SKR_OK ? status : skr_upload_find(view, container, name->key, upload_id, upload, err);
}

enum skr_status skr_get_multipart(struct skr_worker *worker, struct skr_arena *arena, const struct skr_object_name *name,
                                  uint64_t upload_id, struct skr_multipart *out, struct skr_error *err)
{
    struct skr_container container;
    struct skr_upload upload;
    struct skr_view *view;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_find_multipart(view, arena, name, upload_id, &container, &upload, err);
    if (status == SKR_OK)
        status = skr_multipart_load(arena, &upload, out, err);
    if (status == SKR_OK) {
        out->key = skr_arena_copy(arena, out->key);
        if (out->key.data == NULL || !skr_object_copy(arena, &out->draft))
            status = skr_fail(err, SKR_NO_MEMORY, "no memory for an upload's record");
    }
    skr_view_end(view);
    return status;
}

/* ---- completing ---- */

struct skr_complete_change {
    struct skr_pending pending;
    struct skr_completion completion;
    struct skr_conditions conditions;
    uint64_t content_id;
};

static enum skr_status skr_gather_part(struct skr_gathering *gathering, const struct skr_upload *upload,
                                       const struct skr_part_choice *choice, struct skr_error *err)
{
    struct skr_block part;
    char *name = skr_arena_alloc(gathering->arena, 4);
    if (name == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a part");
    enum skr_status status = skr_gather_staged(gathering, upload, skr_part_name(name, choice->number), &part, err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_INVALID_PART, "part %u is not there", choice->number);
    if (status != SKR_OK)
        return status;
    if (!choice->has_md5 || !part.has_md5 || memcmp(choice->md5, part.md5, sizeof part.md5) != 0)
        return skr_fail(err, SKR_INVALID_PART, "part %u has another entity tag", choice->number);
    if (choice->checksum.kind != SKR_CHECKSUM_NONE &&
        (choice->checksum.kind != part.checksum.kind ||
         memcmp(choice->checksum.bytes, part.checksum.bytes, skr_checksum_size(part.checksum.kind)) != 0))
        return skr_fail(err, SKR_INVALID_PART, "part %u has another checksum", choice->number);
    return SKR_OK;
}

static enum skr_status skr_gather_parts(struct skr_gathering *gathering, const struct skr_upload *upload,
                                        const struct skr_completion *completion, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    for (size_t i = 0; i < completion->count && status == SKR_OK; i++)
        status = skr_gather_part(gathering, upload, &completion->parts[i], err);
    for (size_t i = 0; i + 1 < completion->count && status == SKR_OK; i++)
        if (gathering->blocks[i].size_bytes < completion->least_part_bytes)
            status = skr_fail(err, SKR_PART_TOO_SMALL, "part %u is below the least size", completion->parts[i].number);
    if (status == SKR_OK && completion->expected_size != SKR_SIZE_ANY && completion->expected_size != gathering->size_bytes)
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "the parts have %llu bytes where %llu were announced",
                          (unsigned long long)gathering->size_bytes, (unsigned long long)completion->expected_size);
    return status;
}

/* The MD5 of the parts' MD5s, and their count. */
static enum skr_status skr_multipart_etag(const struct skr_gathering *gathering, struct skr_bytes *etag, struct skr_error *err)
{
    struct skr_md5 *md5;
    uint8_t digest[SKR_MD5_SIZE];
    char text[SKR_ETAG_SIZE];
    enum skr_status status = skr_md5_open(&md5, err);
    if (status != SKR_OK)
        return status;
    for (size_t i = 0; i < gathering->block_count; i++)
        skr_md5_update(md5, gathering->blocks[i].md5, SKR_MD5_SIZE);
    skr_md5_finish(md5, digest);
    skr_md5_close(md5);
    struct skr_bytes hex = skr_etag_of_md5(gathering->arena, digest);
    if (hex.data == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an entity tag");
    int size = snprintf(text, sizeof text, "%.*s-%zu", SKR_PRINT(hex), gathering->block_count);
    *etag = skr_arena_copy(gathering->arena, (struct skr_bytes){text, (size_t)size});
    return etag->data == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for an entity tag") : SKR_OK;
}

static enum skr_status skr_multipart_composite(const struct skr_gathering *gathering, struct skr_checksum *out,
                                               struct skr_error *err)
{
    struct skr_checksummer *checksummer;
    enum skr_status status = skr_checksummer_open(&checksummer, out->kind, err);
    if (status != SKR_OK)
        return status;
    for (size_t i = 0; i < gathering->block_count; i++)
        skr_checksummer_update(checksummer, gathering->blocks[i].checksum.bytes, skr_checksum_size(out->kind));
    skr_checksummer_finish(checksummer, out);
    skr_checksummer_close(checksummer);
    return SKR_OK;
}

/* Of the kind and form that the upload was begun with. */
static enum skr_status skr_multipart_checksum(const struct skr_gathering *gathering, const struct skr_completion *completion,
                                              enum skr_checksum_form form, struct skr_checksum *out, struct skr_error *err)
{
    const struct skr_checksum *announced = &completion->checksum;
    enum skr_status status = SKR_OK;
    for (size_t i = 0; i < gathering->block_count; i++)
        if (out->kind != SKR_CHECKSUM_NONE && gathering->blocks[i].checksum.kind != out->kind)
            return skr_fail(err, SKR_INVALID_PART, "a part lacks the checksum that its upload has");
    if (out->kind != SKR_CHECKSUM_NONE && form == SKR_CHECKSUM_COMPOSITE) {
        status = skr_multipart_composite(gathering, out, err);
    } else if (out->kind != SKR_CHECKSUM_NONE) {
        out->kind = SKR_CHECKSUM_NONE;
        for (size_t i = 0; i < gathering->block_count; i++)
            if (!skr_checksum_combine(out, &gathering->blocks[i].checksum, gathering->blocks[i].size_bytes))
                return skr_fail(err, SKR_CORRUPT, "an upload has a checksum that cannot be combined");
    }
    if (status == SKR_OK && announced->kind != SKR_CHECKSUM_NONE &&
        (announced->kind != out->kind || memcmp(announced->bytes, out->bytes, skr_checksum_size(out->kind)) != 0))
        status = skr_fail(err, SKR_CHECKSUM_MISMATCH, "the checksum of the whole is not the one announced");
    return status;
}

/* The upload is gone: completed already, if the object that it became is still there. */
static enum skr_status skr_completed_before(struct skr_view *view, struct skr_complete_change *op, struct skr_error *err)
{
    struct skr_object *object = &op->pending.object;
    struct skr_container container;
    bool exists;
    enum skr_status status = skr_find_object(view, &op->pending.arena, &op->completion.name, &container, object, &exists, err);
    if (status == SKR_OK && (!exists || object->upload_id != op->completion.upload_id))
        return skr_fail(err, SKR_UPLOAD_NOT_FOUND, "there is no such upload");
    if (status == SKR_OK && !skr_object_copy(&op->pending.arena, object))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    op->pending.has_object = status == SKR_OK;
    return status;
}

/* What the draft says the object will be. Its texts are copied: the upload's record is about to go. */
static enum skr_status skr_put_of_draft(struct skr_complete_change *op, const struct skr_upload *upload, struct skr_put *put,
                                        struct skr_error *err)
{
    struct skr_object draft;
    enum skr_status status = skr_object_decode(&op->pending.arena, upload->draft, &draft, err);
    if (status == SKR_OK && !skr_object_copy(&op->pending.arena, &draft))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    if (status != SKR_OK)
        return status;
    *put = (struct skr_put){
        .name = op->completion.name,
        .conditions = op->completion.conditions,
        .metadata = draft.metadata,
        .metadata_count = draft.metadata_count,
        .tags = draft.tags,
        .tag_count = draft.tag_count,
        .checksum = draft.checksum,
        .checksum_form = draft.checksum_form,
    };
    memcpy(put->properties, draft.properties, sizeof put->properties);
    return SKR_OK;
}

static enum skr_status skr_apply_complete(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_complete_change *op = (struct skr_complete_change *)change;
    const struct skr_completion *completion = &op->completion;
    struct skr_gathering gathering;
    struct skr_container container;
    struct skr_upload upload;
    struct skr_put_state state;
    struct skr_content content;
    struct skr_put put;
    enum skr_status status =
        skr_find_multipart(view, &op->pending.arena, &completion->name, completion->upload_id, &container, &upload, err);
    if (status == SKR_UPLOAD_NOT_FOUND)
        return skr_completed_before(view, op, err);
    if (status == SKR_OK)
        status = skr_put_of_draft(op, &upload, &put, err);
    upload.key = completion->name.key;
    if (status == SKR_OK)
        status = skr_put_begin(view, &op->pending, &put, &state, err);
    if (status == SKR_OK)
        status = skr_gathering_begin(&gathering, view, &op->pending.arena, completion->count, err);
    if (status == SKR_OK)
        status = skr_gather_parts(&gathering, &upload, completion, err);
    if (status == SKR_OK)
        status = skr_multipart_checksum(&gathering, completion, put.checksum_form, &put.checksum, err);
    if (status == SKR_OK)
        status = skr_multipart_etag(&gathering, &state.etag, err);
    if (status == SKR_OK)
        status = skr_gathering_to_content(&gathering, op->content_id, &content, err);
    state.upload_id = completion->upload_id;
    if (status == SKR_OK)
        status = skr_put_finish(view, &op->pending, &put, &state, &content, err);
    return status != SKR_OK ? status : skr_upload_remove(view, &upload, content.id, err);
}

static void skr_settle_complete(struct skr_pending *pending)
{
    struct skr_complete_change *op = (struct skr_complete_change *)pending;
    if (pending->change.status != SKR_OK)
        return;
    skr_upload_slots_forget(pending->worker->core, &op->completion.name, 0);
    skr_upload_slots_forget(pending->worker->core, &op->completion.name, op->completion.upload_id);
}

struct skr_pending *skr_complete_multipart(struct skr_worker *worker, const struct skr_completion *completion, skr_done done,
                                           void *context)
{
    struct skr_complete_change *op = skr_pending_new(worker, sizeof *op, skr_apply_complete, done, context);
    if (op == NULL)
        return NULL;
    op->completion = *completion;
    op->content_id = skr_meta_next_id(worker->core->meta);
    op->pending.settle = skr_settle_complete;
    if (completion->conditions != NULL)
        op->conditions = *completion->conditions;
    op->completion.conditions = &op->conditions;
    if (completion->count == 0 || completion->count > SKR_MAX_PARTS)
        return skr_pending_fail(&op->pending, SKR_INVALID_ARGUMENT, "an object is made of 1 to 10000 parts");
    for (size_t i = 1; i < completion->count; i++)
        if (completion->parts[i].number <= completion->parts[i - 1].number)
            return skr_pending_fail(&op->pending, SKR_INVALID_ARGUMENT, "the parts are not in ascending order");
    struct skr_part_choice *parts = skr_arena_alloc(&op->pending.arena, completion->count * sizeof *parts);
    op->completion.parts = parts;
    if (parts == NULL || !skr_name_copy(&op->pending.arena, &op->completion.name) ||
        !skr_conditions_copy(&op->pending.arena, &op->conditions))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory to complete an upload");
    memcpy(parts, completion->parts, completion->count * sizeof *parts);
    return skr_pending_submit_object(&op->pending, &op->completion.name, !skr_conditions_are_empty(&op->conditions), NULL);
}

/* ---- giving up ---- */

struct skr_abort_change {
    struct skr_pending pending;
    struct skr_object_name name;
    uint64_t upload_id;
};

static enum skr_status skr_apply_abort(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_abort_change *op = (struct skr_abort_change *)change;
    struct skr_container container;
    struct skr_upload upload;
    enum skr_status status = skr_find_multipart(view, &op->pending.arena, &op->name, op->upload_id, &container, &upload, err);
    return status != SKR_OK ? status : skr_upload_remove(view, &upload, 0, err);
}

static void skr_settle_abort(struct skr_pending *pending)
{
    struct skr_abort_change *op = (struct skr_abort_change *)pending;
    if (pending->change.status == SKR_OK)
        skr_upload_slots_forget(pending->worker->core, &op->name, op->upload_id);
}

struct skr_pending *skr_abort_multipart(struct skr_worker *worker, const struct skr_object_name *name, uint64_t upload_id,
                                        skr_done done, void *context)
{
    struct skr_abort_change *op = skr_pending_new(worker, sizeof *op, skr_apply_abort, done, context);
    if (op == NULL)
        return NULL;
    op->name = *name;
    op->upload_id = upload_id;
    op->pending.settle = skr_settle_abort;
    if (!skr_name_copy(&op->pending.arena, &op->name))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory to give up an upload");
    return skr_pending_submit(&op->pending);
}
