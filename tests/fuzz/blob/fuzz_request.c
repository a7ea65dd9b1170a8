/* Any request line and headers through everything that the Blob front end reads of them. Each reader either takes what it
 * finds, which is then in form, or answers once with an error that is well-formed. */
#include <assert.h>

#include "blocks.h"
#include "exchange.h"
#include "skerry/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool visit_error(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    (void)text, (void)ends;
    *(bool *)context |= skr_bytes_equal(path, SKR_BYTES("Error/Code"));
    return true;
}

/* `fine`: nothing was answered. Else: one error. */
static void check_outcome(struct skr_exchange *exchange, bool fine)
{
    bool has_code = false;
    assert(exchange->replies == (fine ? 0 : 1));
    if (!fine) {
        assert(exchange->status >= 400 && exchange->status < 600);
        assert(exchange_header(exchange, "x-ms-error-code").size > 0);
        assert(skr_xml_parse(exchange->reply, visit_error, &has_code) && has_code);
    }
    exchange_again(exchange);
}

static void check_conditions(struct skr_exchange *exchange, struct skr_call *call)
{
    bool fine = skr_call_conditions(call);
    if (fine) {
        for (size_t i = 0; i < call->conditions.if_match_count; i++)
            assert(call->conditions.if_match[i].size > 0);
        for (size_t i = 0; i < call->conditions.if_none_match_count; i++)
            assert(call->conditions.if_none_match[i].size > 0);
    }
    check_outcome(exchange, fine);
}

static void check_metadata(struct skr_exchange *exchange, struct skr_call *call)
{
    const struct skr_name_value *metadata;
    size_t count, total = 0;
    bool fine = skr_call_metadata(call, &metadata, &count);
    for (size_t i = 0; fine && i < count; i++) {
        assert(metadata[i].name.size > 0 && !(metadata[i].name.data[0] >= '0' && metadata[i].name.data[0] <= '9'));
        total += metadata[i].name.size + metadata[i].value.size;
    }
    assert(total <= 8192);
    check_outcome(exchange, fine);
}

static void check_target(struct skr_exchange *exchange, struct skr_call *call, const struct skr_accounts *accounts)
{
    enum skr_target_problem problem =
        skr_target_parse(&exchange->arena, accounts, exchange->request.uri.raw_path, exchange->request.host, &call->target);
    if (problem != SKR_TARGET_OK) {
        call->target = (struct skr_target){.resource = SKR_RESOURCE_OBJECT};
        return;
    }
    assert((call->target.resource == SKR_RESOURCE_OBJECT) == (call->target.object.size > 0));
    assert(call->target.resource != SKR_RESOURCE_SERVICE || call->target.container.size == 0);
    assert(skr_is_utf8(call->target.object) && call->target.object.size <= SKR_MAX_KEY_BYTES);
    (void)skr_container_name_is_valid(call->target.container);
    call->operation = skr_operation_find(skr_blob_rows, skr_blob_row_count, &exchange->request, call->target.resource);
    if (call->operation != NULL)
        assert(call->operation->resource == call->target.resource);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skr_accounts *accounts;
    static struct skr_exchange exchange;
    struct skr_error error;
    if (accounts == NULL && (skr_accounts_open(&accounts, &error) != SKR_OK ||
                             skr_accounts_add(accounts, SKR_BYTES("fuzz"), SKR_BYTES(SKR_WELL_KNOWN_KEY), &error) != SKR_OK))
        abort();
    if (exchange_parse(&exchange, (struct skr_bytes){(const char *)data, size})) {
        struct skr_call call = {.exchange = &exchange, .request = &exchange.request, .arena = &exchange.arena};
        struct skr_bytes properties[SKR_PROPERTY_COUNT] = {{NULL, 0}};
        check_target(&exchange, &call, accounts);
        check_conditions(&exchange, &call);
        check_metadata(&exchange, &call);
        check_outcome(&exchange, skr_call_content_properties(&call, true, properties));
        check_outcome(&exchange, skr_call_digests(&call, "content-md5", "x-ms-content-crc64", &call.expected));
        check_outcome(&exchange, !skr_call_unsupported(&call));
        check_outcome(&exchange, skr_call_block_id(&call));
        skr_call_fail_query(&call, "comp", NULL);
        check_outcome(&exchange, false);
    }
    exchange_release(&exchange);
    return 0;
}
