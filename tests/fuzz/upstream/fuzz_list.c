/* Any bytes as the document of a listing of objects or containers, of tags, or of an error. What is taken is complete: entries
 * with keys, in order. */
#include <assert.h>

#include "upstream_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_page(const struct skr_reading *reading)
{
    for (size_t i = 0; i < reading->entry_count; i++) {
        const struct skr_upstream_object *entry = &reading->entries[i];
        assert(entry->key.size > 0 && entry->key.size <= SKR_MAX_KEY_BYTES);
        assert(i == 0 || skr_bytes_compare(reading->entries[i - 1].key, entry->key) <= 0);
        for (size_t k = 0; k < entry->metadata_count; k++)
            assert(entry->metadata[k].name.data[entry->metadata[k].name.size] == '\0');
        for (size_t k = 0; k < entry->tag_count; k++)
            assert(entry->tags[k].value.data[entry->tags[k].value.size] == '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_bytes document = {(const char *)data, size};
    struct skr_reading azure = {.arena = &arena}, s3 = {.arena = &arena};
    struct skr_reading containers = {.arena = &arena}, buckets = {.arena = &arena};
    struct skr_upstream_object object = {.tag_count = 0};
    struct skr_answer answer = {.status = 400};
    if (skr_azure_list_read(&arena, document, SKR_BYTES("p/"), &azure))
        check_page(&azure);
    if (skr_s3_list_read(&arena, document, SKR_BYTES(""), &s3))
        check_page(&s3);
    if (skr_azure_containers_read(&arena, document, &containers))
        check_page(&containers);
    if (skr_s3_buckets_read(&arena, document, &buckets))
        check_page(&buckets);
    if (skr_tag_document_read(&arena, document, "Tags", &object))
        assert(object.tag_count <= SKR_MAX_TAGS);
    if (skr_answer_document(&answer, data, size, 1 << 20))
        assert(skr_error_code(&arena, &answer).size <= 64);
    skr_answer_reset(&answer);
    skr_arena_release(&arena);
    return 0;
}
