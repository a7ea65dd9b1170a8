/* Uploads: uncommitted blocks of Blob, of which a name has one at most, and multipart uploads of S3, of which it may have any
 * number. Names lie in two trees beside the objects', so that they list in the same order and neither kind is in the other's
 * way; a leaf holds an upload's id.
 */
#include "uploads.h"

#include "records.h"
#include "tree.h"

static enum skr_status skr_upload_load(struct skr_view *view, uint64_t id, struct skr_upload *out, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes value;
    enum skr_status status = skr_row_get(view, SKR_TABLE_UPLOADS, skr_key_1(&key, id), &value, err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_CORRUPT, "upload %016llx has no record", (unsigned long long)id);
    return status != SKR_OK ? status : skr_upload_record_decode(value, id, out, err);
}

static enum skr_status skr_upload_store(struct skr_view *view, const struct skr_upload *upload, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_encoder encoder = {.arena = &arena};
    struct skr_row_key key;
    enum skr_status status = !skr_upload_encode(&encoder, upload)
                                 ? skr_fail(err, SKR_NO_MEMORY, "no memory for an upload's record")
                                 : skr_row_append(view, SKR_TABLE_UPLOADS, skr_key_1(&key, upload->id),
                                                  (struct skr_bytes){encoder.data, encoder.size}, err);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_upload_decode(struct skr_view *view, struct skr_bytes record, struct skr_upload *out, struct skr_error *err)
{
    if (record.size != 8)
        return skr_fail(err, SKR_CORRUPT, "the entry of an upload is damaged");
    return skr_upload_load(view, skr_get_be64(record.data), out, err);
}

enum skr_status skr_upload_get(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                               struct skr_upload *out, struct skr_error *err)
{
    struct skr_bytes record;
    enum skr_status status = skr_tree_check_key(key, err);
    if (status == SKR_OK)
        status = skr_tree_get(view, container->uploads_node, key, &record, err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_UPLOAD_NOT_FOUND, "there are no uncommitted blocks");
    return status != SKR_OK ? status : skr_upload_decode(view, record, out, err);
}

enum skr_status skr_upload_find(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                uint64_t upload_id, struct skr_upload *out, struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes value;
    enum skr_status status = skr_row_get(view, SKR_TABLE_UPLOADS, skr_key_1(&row, upload_id), &value, err);
    if (status == SKR_OK)
        status = skr_upload_record_decode(value, upload_id, out, err);
    if (status == SKR_NOT_FOUND ||
        (status == SKR_OK && (out->kind != SKR_UPLOAD_MULTIPART || out->upload_node != container->multiparts_node ||
                              !skr_bytes_equal(out->key, key))))
        return skr_fail(err, SKR_UPLOAD_NOT_FOUND, "there is no such upload");
    return status;
}

/* Where it is in its tree. */
static struct skr_bytes skr_upload_tree_key(const struct skr_upload *upload, struct skr_numbered_key *key)
{
    if (upload->kind == SKR_UPLOAD_MULTIPART)
        return skr_tree_number_key(key, upload->key, upload->id);
    memcpy(key->data, upload->key.data, upload->key.size); /* it may lie in the map, which is about to change */
    return (struct skr_bytes){key->data, upload->key.size};
}

static enum skr_status skr_upload_encode_draft(struct skr_arena *arena, const struct skr_object *draft,
                                               struct skr_upload *upload, struct skr_error *err)
{
    struct skr_encoder encoder = {.arena = arena};
    if (!skr_object_encode(&encoder, draft))
        return skr_fail(err, SKR_TOO_LARGE, "an object's record is too large");
    upload->draft = (struct skr_bytes){encoder.data, encoder.size};
    return SKR_OK;
}

enum skr_status skr_upload_create(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                  struct skr_upload *upload, const struct skr_object *draft, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_numbered_key tree_key;
    char id[8];
    enum skr_status status = skr_tree_check_key(key, err);
    if (status != SKR_OK)
        return status;
    upload->id = skr_meta_next_id(view->meta);
    upload->created_ns = upload->touched_ns = skr_view_tick(view);
    upload->object_node = container->objects_node;
    upload->upload_node = upload->kind == SKR_UPLOAD_MULTIPART ? container->multiparts_node : container->uploads_node;
    upload->key = key;
    upload->draft = SKR_NO_BYTES;
    if (draft != NULL)
        status = skr_upload_encode_draft(&arena, draft, upload, err);
    if (status == SKR_OK)
        status = skr_view_grow(view, key.size * 2 + upload->draft.size + 128, err);
    skr_put_be64(id, upload->id);
    if (status == SKR_OK)
        status =
            skr_tree_put(view, upload->upload_node, skr_upload_tree_key(upload, &tree_key), (struct skr_bytes){id, 8}, err);
    if (status == SKR_OK)
        status = skr_upload_store(view, upload, err);
    upload->draft = SKR_NO_BYTES; /* it was this call's */
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_upload_forget(struct skr_view *view, uint64_t upload_id, uint64_t committed_content, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_garbage garbage = {.kind = SKR_GARBAGE_UPLOAD, .id = upload_id};
    enum skr_status status = skr_row_remove(view, SKR_TABLE_UPLOADS, skr_key_1(&key, upload_id), err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_CORRUPT, "upload %016llx has no record", (unsigned long long)upload_id);
    return status != SKR_OK ? status : skr_garbage_add(view, &garbage, committed_content, err);
}

enum skr_status skr_upload_remove(struct skr_view *view, const struct skr_upload *upload, uint64_t committed_content_id,
                                  struct skr_error *err)
{
    struct skr_numbered_key key;
    if (upload->key.size > SKR_MAX_KEY_BYTES)
        return skr_fail(err, SKR_CORRUPT, "an upload's name is too long");
    enum skr_status status = skr_tree_remove(view, upload->upload_node, skr_upload_tree_key(upload, &key), err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_CORRUPT, "an upload has no name");
    return status != SKR_OK ? status : skr_upload_forget(view, upload->id, committed_content_id, err);
}

enum skr_status skr_upload_expired(struct skr_view *view, int64_t before_ns, struct skr_upload *out, struct skr_error *err)
{
    struct skr_bytes found, value;
    MDB_cursor *cursor;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_UPLOADS, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_cursor_seek(cursor, SKR_NO_BYTES, &found, &value, err);
    while (status == SKR_OK) {
        status = skr_upload_record_decode(value, skr_get_be64(found.data), out, err);
        if (status != SKR_OK || out->touched_ns < before_ns)
            break;
        status = skr_cursor_next(cursor, &found, &value, err);
    }
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_UPLOAD_NOT_FOUND : status;
}
