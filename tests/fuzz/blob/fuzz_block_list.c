/* Any bytes as the body of Put Block List. What is taken is bounded, in form, and says the same when it is written down again.
 */
#include <assert.h>
#include <stdlib.h>

#include "blocks.h"
#include "skerry/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const kinds[] = {
    [SKR_BLOCK_COMMITTED] = "Committed", [SKR_BLOCK_UNCOMMITTED] = "Uncommitted", [SKR_BLOCK_LATEST] = "Latest"};

static void check_again(struct skr_arena *arena, const struct skr_choice_list *list)
{
    struct skr_choice_list again;
    struct skr_xml xml;
    skr_xml_open(&xml);
    skr_xml_begin(&xml, "BlockList");
    for (size_t i = 0; i < list->count; i++) {
        char id[SKR_BASE64_SIZE(SKR_MAX_BLOCK_NAME_BYTES)];
        struct skr_bytes name = list->choices[i].name;
        assert(name.size >= 1 && name.size <= SKR_MAX_BLOCK_NAME_BYTES);
        skr_base64_encode(id, name.data, name.size);
        skr_xml_element(&xml, kinds[list->choices[i].from], (struct skr_bytes){id, SKR_BASE64_SIZE(name.size)});
    }
    skr_xml_end(&xml, "BlockList");
    assert(skr_block_list_parse(arena, skr_xml_bytes(&xml), &again));
    assert(again.count == list->count);
    for (size_t i = 0; i < list->count; i++)
        assert(again.choices[i].from == list->choices[i].from && skr_bytes_equal(again.choices[i].name, list->choices[i].name));
    free(again.choices);
    skr_xml_close(&xml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_choice_list list;
    bool fine = skr_block_list_parse(&arena, (struct skr_bytes){(const char *)data, size}, &list);
    assert(list.count <= SKR_MAX_BLOCKS && list.count <= list.capacity);
    assert(!fine || (!list.too_long && !list.bad_id));
    if (fine)
        check_again(&arena, &list);
    free(list.choices);
    skr_arena_release(&arena);
    return 0;
}
