/* Any bytes as the source of a copy, a range, tags, a list of parts, an access control list: what is taken keeps its bounds,
 * and what is rendered from it is taken again as the same.
 */
#include <assert.h>

#include "acl.h"
#include "objects.h"
#include "tags.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_source(struct skr_arena *arena, struct skr_bytes text)
{
    struct skr_object_name name;
    uint64_t offset, length;
    if (skr_s3_copy_source_parse(arena, text, &name) == SKR_OK)
        assert(name.container.size > 0 && name.key.size > 0 && name.key.size <= SKR_S3_MAX_KEY_BYTES && skr_is_utf8(name.key));
    if (skr_s3_copy_range_parse(text, &offset, &length))
        assert(length > 0 && offset + (length - 1) >= offset);
}

static void check_tags(struct skr_arena *arena, const struct skr_tags *tags)
{
    struct skr_tags again;
    struct skr_xml xml;
    assert(tags->count <= skr_s3_object_tags.most);
    skr_s3_tags_render(&xml, tags->pairs, tags->count);
    assert(skr_tags_parse_xml(arena, skr_xml_bytes(&xml), "Tagging", &skr_s3_object_tags, &again) == SKR_TAGS_FINE);
    assert(again.count == tags->count);
    for (size_t i = 0; i < again.count; i++)
        assert(skr_bytes_equal(again.pairs[i].name, tags->pairs[i].name) &&
               skr_bytes_equal(again.pairs[i].value, tags->pairs[i].value));
    skr_xml_close(&xml);
}

static void check_parts(struct skr_bytes document)
{
    struct skr_s3_part_list list;
    if (skr_s3_part_list_parse(document, &list))
        for (size_t i = 0; i < list.count; i++)
            assert(list.parts[i].number > (i == 0 ? 0 : list.parts[i - 1].number) && list.parts[i].number <= SKR_S3_MAX_PARTS);
    free(list.parts);
}

static void check_acl(struct skr_bytes document)
{
    struct skr_bytes canned, again;
    struct skr_xml xml;
    if (skr_s3_acl_parse(document, SKR_BYTES("me"), &canned) != SKR_OK)
        return;
    skr_s3_acl_render(&xml, SKR_BYTES("me"), canned);
    assert(skr_s3_acl_parse(skr_xml_bytes(&xml), SKR_BYTES("me"), &again) == SKR_OK && skr_bytes_equal(canned, again));
    skr_xml_close(&xml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skr_bytes text = {(const char *)data, size};
    struct skr_arena arena = {0};
    struct skr_tags tags;
    check_source(&arena, text);
    if (skr_tags_parse_query(&arena, text, &skr_s3_object_tags, &tags) == SKR_TAGS_FINE)
        check_tags(&arena, &tags);
    if (skr_tags_parse_xml(&arena, text, "Tagging", &skr_s3_object_tags, &tags) == SKR_TAGS_FINE)
        check_tags(&arena, &tags);
    check_parts(text);
    check_acl(text);
    skr_arena_release(&arena);
    return 0;
}
