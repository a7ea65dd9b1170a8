/* Any bytes as the small documents of buckets and of DeleteObjects: what is taken keeps its bounds, and rules that are rendered
 * are taken again as the same.
 */
#include <assert.h>

#include "bucket_documents.h"
#include "cors.h"
#include "deletion_list.h"
#include "public_access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_creation(struct skr_arena *arena, struct skr_bytes document)
{
    struct skr_bytes location;
    bool unsupported;
    if (skr_s3_creation_parse(arena, document, &location, &unsupported))
        assert(location.size == 0 || (location.data != NULL && location.size <= document.size));
}

static void check_versioning(struct skr_bytes document)
{
    struct skr_s3_versioning_request request;
    if (skr_s3_versioning_parse(document, &request))
        assert(!request.invalid && request.versioning <= SKR_VERSIONING_SUSPENDED);
}

static void check_public_access(struct skr_arena *arena, struct skr_bytes document)
{
    struct skr_s3_access_block block;
    struct skr_bytes value;
    bool is_block = skr_s3_access_block_parse(document, &block), is_ownership = skr_s3_ownership_parse(arena, document, &value);
    assert(!is_block || !is_ownership);
    assert(!is_ownership || (value.size > 0 && value.size <= document.size));
}

static void check_deletions(struct skr_arena *arena, struct skr_bytes document)
{
    struct skr_s3_deletion_list *list = skr_arena_alloc(arena, sizeof *list);
    assert(list != NULL);
    if (!skr_s3_deletion_list_parse(arena, document, list))
        return;
    assert(list->count > 0 && list->count <= SKR_S3_MAX_DELETIONS);
    for (size_t i = 0; i < list->count; i++)
        assert(list->items[i].key.size > 0 && list->items[i].key.size <= document.size);
}

static void check_rules(struct skr_arena *arena, struct skr_bytes document)
{
    struct skr_s3_cors *cors, *again;
    struct skr_xml xml, second;
    if (!skr_s3_cors_parse(arena, document, &cors))
        return;
    skr_s3_cors_render(&xml, cors);
    assert(skr_s3_cors_parse(arena, skr_xml_bytes(&xml), &again));
    skr_s3_cors_render(&second, again);
    assert(skr_bytes_equal(skr_xml_bytes(&xml), skr_xml_bytes(&second)));
    skr_xml_close(&second);
    skr_xml_close(&xml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skr_bytes document = {(const char *)data, size};
    struct skr_arena arena = {0};
    check_creation(&arena, document);
    check_versioning(document);
    check_public_access(&arena, document);
    check_deletions(&arena, document);
    check_rules(&arena, document);
    skr_arena_release(&arena);
    return 0;
}
