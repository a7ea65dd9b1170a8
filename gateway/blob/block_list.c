/* Get Block List. */
#include "call.h"
#include "skerry/xml.h"

struct skr_block_page {
    struct skr_xml committed, uncommitted;
};

static bool skr_page_block(void *context, bool is_committed, const struct skr_block *block)
{
    struct skr_block_page *page = context;
    struct skr_xml *xml = is_committed ? &page->committed : &page->uncommitted;
    char id[SKR_BASE64_SIZE(SKR_MAX_BLOCK_NAME_BYTES)];
    if (block->name.size > SKR_MAX_BLOCK_NAME_BYTES)
        return false;
    skr_base64_encode(id, block->name.data, block->name.size);
    skr_xml_begin(xml, "Block");
    skr_xml_element(xml, "Name", (struct skr_bytes){id, SKR_BASE64_SIZE(block->name.size)});
    skr_xml_element_u64(xml, "Size", block->size_bytes);
    skr_xml_end(xml, "Block");
    return !xml->failed;
}

static void skr_block_list_send(struct skr_call *call, struct skr_block_page *page, const struct skr_object *object,
                                bool committed, bool uncommitted)
{
    struct skr_xml xml;
    skr_xml_open(&xml);
    skr_xml_begin(&xml, "BlockList");
    if (committed) {
        skr_xml_begin(&xml, "CommittedBlocks");
        skr_xml_raw(&xml, skr_xml_bytes(&page->committed));
        skr_xml_end(&xml, "CommittedBlocks");
    }
    if (uncommitted) {
        skr_xml_begin(&xml, "UncommittedBlocks");
        skr_xml_raw(&xml, skr_xml_bytes(&page->uncommitted));
        skr_xml_end(&xml, "UncommittedBlocks");
    }
    skr_xml_end(&xml, "BlockList");
    skr_call_common_headers(call);
    if (object->etag.size > 0)
        skr_call_etag_headers(call, object->etag, object->modified_ns);
    skr_exchange_header_u64(call->exchange, "x-ms-blob-content-length", object->content.size_bytes);
    skr_exchange_header(call->exchange, "Content-Type", SKR_BYTES("application/xml"));
    skr_exchange_send(call->exchange, 200, skr_xml_bytes(&xml), false);
    skr_xml_close(&xml);
}

SKR_HANDLER(get_block_list)
{
    struct skr_call *call = context;
    struct skr_bytes type = skr_call_query(call, "blocklisttype");
    bool all = skr_bytes_equal_nocase(type, SKR_BYTES("all"));
    bool uncommitted = all || skr_bytes_equal_nocase(type, SKR_BYTES("uncommitted"));
    bool committed = all || skr_request_query(call->request, "blocklisttype") == NULL ||
                     skr_bytes_equal_nocase(type, SKR_BYTES("committed"));
    struct skr_block_page page = {.committed = {.data = NULL}};
    struct skr_object object;
    struct skr_error error;
    if (!committed && !uncommitted) {
        skr_call_fail_query(call, "blocklisttype", "It is one of committed, uncommitted and all.");
        return;
    }
    enum skr_status status = skr_read_block_list(call->worker, call->arena, &call->name, &call->conditions, committed,
                                                 uncommitted, &object, skr_page_block, &page, &error);
    if (status == SKR_OK)
        skr_block_list_send(call, &page, &object, committed, uncommitted);
    else
        skr_call_fail_status(call, status);
    skr_xml_close(&page.committed);
    skr_xml_close(&page.uncommitted);
}
