/* Any bytes as a stored record: it is corrupt, or it means something that is in bounds and is written down and read again as
 * the same. */
#include <assert.h>

#include "contents.h"
#include "records.h"
#include "tree.h"
#include "uploads.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct skr_arena arena;
static struct skr_error error;

static void check_inside(struct skr_bytes record, struct skr_bytes part)
{
    assert(part.size == 0 || (part.data >= record.data && part.data + part.size <= record.data + record.size));
}

static void check_metadata(struct skr_bytes record, const struct skr_name_value *metadata, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_inside(record, metadata[i].name);
        check_inside(record, metadata[i].value);
    }
}

/* Where a record leads says nothing else of it, and goes as it came. */
static void check_leading(struct skr_bytes record)
{
    struct skr_encoder leading = {.arena = &arena}, plain = {.arena = &arena}, again = {.arena = &arena};
    struct skr_object_head head, before;
    assert(skr_object_head_decode(record, &before, &error) == SKR_OK);
    skr_object_encode_leading(&leading, record, UINT64_C(0x1122334455667788));
    struct skr_bytes written = {leading.data, leading.size};
    assert(skr_object_head_decode(written, &head, &error) == SKR_OK);
    assert(head.journal_sequence == UINT64_C(0x1122334455667788) && head.content.id == before.content.id);
    skr_object_encode_leading(&plain, written, 0);
    assert(skr_object_head_decode((struct skr_bytes){plain.data, plain.size}, &head, &error) == SKR_OK);
    assert(head.journal_sequence == 0 && head.modified_ns == before.modified_ns);
    skr_object_encode_leading(&again, (struct skr_bytes){plain.data, plain.size}, before.journal_sequence);
    assert(skr_bytes_equal(record, (struct skr_bytes){again.data, again.size}) || before.journal_sequence == 0);
}

static void check_object(struct skr_bytes record)
{
    struct skr_object object, again;
    struct skr_content content;
    struct skr_encoder encoder = {.arena = &arena}, second = {.arena = &arena};
    enum skr_status status = skr_object_decode(&arena, record, &object, &error);
    assert(status == SKR_OK || status == SKR_CORRUPT);
    if (status != SKR_OK)
        return;
    assert(object.kind >= SKR_OBJECT_BLOCK && object.kind <= SKR_OBJECT_DELETE_MARKER);
    assert(object.content.layout <= SKR_CONTENT_CACHED);
    check_inside(record, object.etag);
    for (size_t i = 0; i < SKR_PROPERTY_COUNT; i++)
        check_inside(record, object.properties[i]);
    check_metadata(record, object.metadata, object.metadata_count);
    assert(skr_object_content(record, &content, &error) == SKR_OK && content.id == object.content.id);
    assert(skr_object_encode(&encoder, &object));
    struct skr_bytes written = {encoder.data, encoder.size};
    assert(skr_object_decode(&arena, written, &again, &error) == SKR_OK);
    assert(skr_object_encode(&second, &again) && skr_bytes_equal(written, (struct skr_bytes){second.data, second.size}));
    check_leading(record);
}

static void check_container(struct skr_bytes record)
{
    struct skr_container container, again;
    struct skr_encoder encoder = {.arena = &arena}, second = {.arena = &arena};
    enum skr_status status = skr_container_decode(&arena, record, &container, &error);
    assert(status == SKR_OK || status == SKR_CORRUPT);
    if (status != SKR_OK)
        return;
    assert(container.public_access <= SKR_PUBLIC_CONTAINER && container.policy_count <= SKR_MAX_ACCESS_POLICIES);
    for (size_t i = 0; i < container.policy_count; i++)
        check_inside(record, container.policies[i].permission);
    check_metadata(record, container.metadata, container.metadata_count);
    assert(skr_container_encode(&encoder, &container));
    struct skr_bytes written = {encoder.data, encoder.size};
    assert(skr_container_decode(&arena, written, &again, &error) == SKR_OK);
    assert(skr_container_encode(&second, &again) && skr_bytes_equal(written, (struct skr_bytes){second.data, second.size}));
}

static void check_upload(struct skr_bytes record)
{
    struct skr_upload upload, again;
    struct skr_encoder encoder = {.arena = &arena}, second = {.arena = &arena};
    enum skr_status status = skr_upload_record_decode(record, 7, &upload, &error);
    assert(status == SKR_OK || status == SKR_CORRUPT);
    if (status != SKR_OK)
        return;
    assert(upload.key.size >= 1 && upload.key.size <= SKR_MAX_KEY_BYTES);
    check_inside(record, upload.key);
    assert(skr_upload_encode(&encoder, &upload));
    struct skr_bytes written = {encoder.data, encoder.size};
    assert(skr_upload_record_decode(written, 7, &again, &error) == SKR_OK);
    assert(skr_upload_encode(&second, &again) && skr_bytes_equal(written, (struct skr_bytes){second.data, second.size}));
}

static void check_rows(struct skr_bytes record)
{
    struct skr_content_row content;
    struct skr_block_row block;
    struct skr_dirent dirent;
    enum skr_status status = skr_content_row_decode(record, 7, &content, &error);
    assert(status == SKR_OK || status == SKR_CORRUPT);
    assert(status != SKR_OK || content.content.layout <= SKR_CONTENT_CACHED);
    status = skr_block_row_decode(&arena, record, &block, &error);
    assert(status == SKR_OK || status == SKR_CORRUPT);
    assert(status != SKR_OK || block.extent_count * SKR_EXTENT_RECORD_BYTES + 9 <= record.size);
    status = skr_dirent_decode(record, &dirent, &error);
    assert(status == SKR_OK || status == SKR_CORRUPT);
    if (status == SKR_OK && !dirent.interior)
        check_inside(record, dirent.record);
}

/* Pieces of a name join to the name, and each but the last leads on. */
static void check_pieces(struct skr_bytes key)
{
    bool interior = true;
    if (skr_tree_check_key(key, &error) != SKR_OK)
        return;
    while (interior) {
        struct skr_bytes piece = skr_tree_piece(key, &interior);
        assert(piece.size <= SKR_PIECE_BYTES && piece.size <= key.size && (piece.size > 0 || !interior));
        key.data += piece.size;
        key.size -= piece.size;
    }
    assert(key.size == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skr_bytes record = {(const char *)data, size};
    check_object(record);
    check_container(record);
    check_upload(record);
    check_rows(record);
    check_pieces(record);
    skr_arena_release(&arena);
    return 0;
}
