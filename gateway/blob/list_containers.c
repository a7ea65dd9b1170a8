/* List Containers, and what listings share. */
#include <stdio.h>

#include "access.h"
#include "list.h"

#define SKR_MAX_RESULTS 5000

/* "2!" then the name in base64: a marker of another server, or a hand-made one, is recognised as such. */
struct skr_bytes skr_marker_make(struct skr_arena *arena, struct skr_bytes name)
{
    size_t size = SKR_BASE64_SIZE(name.size);
    char *text = skr_arena_alloc(arena, size + 3);
    if (text == NULL)
        return SKR_NO_BYTES;
    memcpy(text, "2!", 2);
    skr_base64_encode(text + 2, name.data, name.size);
    return (struct skr_bytes){text, size + 2};
}

bool skr_marker_parse(struct skr_arena *arena, struct skr_bytes marker, struct skr_bytes *name)
{
    size_t size;
    if (marker.size == 0) {
        *name = SKR_BYTES("");
        return true;
    }
    if (!skr_bytes_starts_with(marker, SKR_BYTES("2!")) || marker.size > 8192)
        return false;
    uint8_t *bytes = skr_arena_alloc(arena, marker.size);
    if (bytes == NULL || !skr_base64_decode((struct skr_bytes){marker.data + 2, marker.size - 2}, bytes, marker.size, &size))
        return false;
    *name = (struct skr_bytes){(char *)bytes, size};
    return size <= SKR_MAX_KEY_BYTES + 9; /* a version may stand behind a name (list_blobs.c) */
}

bool skr_call_list_parameters(struct skr_call *call, struct skr_list_parameters *out)
{
    struct skr_bytes max = skr_call_query(call, "maxresults");
    *out = (struct skr_list_parameters){.prefix = skr_call_query(call, "prefix"),
                                        .delimiter = skr_call_query(call, "delimiter"),
                                        .marker = skr_call_query(call, "marker"),
                                        .max_results = SKR_MAX_RESULTS};
    if (skr_request_query(call->request, "maxresults") != NULL) {
        if (!skr_parse_u64(max, &out->max_results)) {
            skr_call_fail_query(call, "maxresults", "It is not a number.");
            return false;
        }
        if (out->max_results == 0) {
            skr_call_fail(call, SKR_BLOB_OUT_OF_RANGE_QUERY, "maxresults", max, NULL);
            return false;
        }
        if (out->max_results > SKR_MAX_RESULTS)
            out->max_results = SKR_MAX_RESULTS; /* the documented most that a page holds */
        out->has_max_results = true;
    }
    if (!skr_marker_parse(call->arena, out->marker, &out->from)) {
        skr_call_fail_query(call, "marker", "It is not one that an earlier listing gave.");
        return false;
    }
    return true;
}

static bool skr_list_has(struct skr_bytes text, struct skr_bytes wanted)
{
    while (text.size > 0)
        if (skr_bytes_equal_nocase(skr_list_cut(&text), wanted))
            return true;
    return false;
}

bool skr_includes(const struct skr_call *call, const char *word)
{
    for (size_t i = 0; i < call->request->uri.query_count; i++)
        if (skr_bytes_equal(call->request->uri.query[i].name, SKR_BYTES("include")) &&
            skr_list_has(call->request->uri.query[i].value, skr_text(word)))
            return true;
    return false;
}

bool skr_call_includes_only(struct skr_call *call, const char *words)
{
    for (size_t i = 0; i < call->request->uri.query_count; i++) {
        struct skr_bytes text = call->request->uri.query[i].value;
        if (!skr_bytes_equal(call->request->uri.query[i].name, SKR_BYTES("include")))
            continue;
        while (text.size > 0)
            if (!skr_list_has(skr_text(words), skr_list_cut(&text))) {
                skr_call_fail_query(call, "include", "It holds a word that this listing does not have.");
                return false;
            }
    }
    return true;
}

void skr_list_begin(struct skr_call *call, struct skr_xml *xml, const struct skr_list_parameters *parameters)
{
    char endpoint[400];
    struct skr_bytes host = skr_call_header(call, "host");
    const char *scheme = call->request->tls ? "https" : "http";
    int size = call->target.host_style ? snprintf(endpoint, sizeof endpoint, "%s://%.*s/", scheme, SKR_PRINT(host))
                                       : snprintf(endpoint, sizeof endpoint, "%s://%.*s/%.*s/", scheme, SKR_PRINT(host),
                                                  SKR_PRINT(call->target.account));
    size_t used = size > 0 && (size_t)size < sizeof endpoint ? (size_t)size : 0;
    skr_xml_open(xml);
    skr_xml_raw(xml, SKR_BYTES("<EnumerationResults ServiceEndpoint=\""));
    skr_xml_raw(xml, (struct skr_bytes){endpoint, used}); /* a host's and an account's letters need no escaping */
    skr_xml_raw(xml, SKR_BYTES("\""));
    if (call->target.container.size > 0) {
        skr_xml_raw(xml, SKR_BYTES(" ContainerName=\""));
        skr_xml_raw(xml, call->target.container);
        skr_xml_raw(xml, SKR_BYTES("\""));
    }
    skr_xml_raw(xml, SKR_BYTES(">"));
    if (parameters->prefix.data != NULL)
        skr_xml_name(xml, "Prefix", parameters->prefix);
    if (parameters->marker.data != NULL)
        skr_xml_element(xml, "Marker", parameters->marker);
    if (parameters->has_max_results)
        skr_xml_element_u64(xml, "MaxResults", parameters->max_results);
    if (parameters->delimiter.data != NULL)
        skr_xml_name(xml, "Delimiter", parameters->delimiter);
}

void skr_list_send(struct skr_call *call, struct skr_xml *xml)
{
    if (xml->failed) {
        skr_call_fail_status(call, SKR_NO_MEMORY);
    } else {
        skr_call_common_headers(call);
        skr_exchange_header(call->exchange, "Content-Type", SKR_BYTES("application/xml"));
        skr_exchange_send(call->exchange, 200, skr_xml_bytes(xml), false);
    }
    skr_xml_close(xml);
}

struct skr_container_page {
    struct skr_call *call;
    struct skr_xml xml;
    uint64_t left;
    bool metadata;
    struct skr_bytes next;
};

static bool skr_page_container(void *context, struct skr_bytes name, const struct skr_container *container)
{
    struct skr_container_page *page = context;
    struct skr_xml *xml = &page->xml;
    char date[SKR_HTTP_DATE_SIZE];
    if (page->left == 0) {
        page->next = skr_marker_make(page->call->arena, name);
        return false;
    }
    page->left--;
    skr_http_date_format(date, container->modified_ns / 1000000000);
    skr_xml_begin(xml, "Container");
    skr_xml_element(xml, "Name", name);
    skr_xml_begin(xml, "Properties");
    skr_xml_element(xml, "Last-Modified", (struct skr_bytes){date, sizeof date});
    skr_xml_begin(xml, "Etag");
    skr_xml_raw(xml, SKR_BYTES("\""));
    skr_xml_raw(xml, container->etag);
    skr_xml_raw(xml, SKR_BYTES("\""));
    skr_xml_end(xml, "Etag");
    skr_xml_element(xml, "LeaseStatus", SKR_BYTES("unlocked"));
    skr_xml_element(xml, "LeaseState", SKR_BYTES("available"));
    const char *access = skr_public_access_text(container->public_access);
    if (access != NULL)
        skr_xml_element(xml, "PublicAccess", skr_text(access));
    skr_xml_element(xml, "HasImmutabilityPolicy", SKR_BYTES("false"));
    skr_xml_element(xml, "HasLegalHold", SKR_BYTES("false"));
    skr_xml_end(xml, "Properties");
    if (page->metadata && container->metadata_count > 0) {
        skr_xml_begin(xml, "Metadata");
        for (size_t i = 0; i < container->metadata_count; i++) {
            struct skr_bytes element = skr_arena_copy(page->call->arena, container->metadata[i].name);
            if (element.data != NULL)
                skr_xml_element(xml, element.data, container->metadata[i].value);
        }
        skr_xml_end(xml, "Metadata");
    }
    skr_xml_end(xml, "Container");
    return true;
}

static void skr_containers_show(struct skr_call *call)
{
    struct skr_container_page page = {.call = call};
    struct skr_list_parameters parameters;
    struct skr_error error;
    if (!skr_call_list_parameters(call, &parameters))
        return;
    page.left = parameters.max_results;
    page.metadata = skr_includes(call, "metadata");
    skr_list_begin(call, &page.xml, &parameters);
    skr_xml_begin(&page.xml, "Containers");
    enum skr_status status = skr_list_containers(call->worker, call->arena, call->target.account, parameters.prefix,
                                                 parameters.from, skr_page_container, &page, &error);
    if (status != SKR_OK) {
        skr_xml_close(&page.xml);
        skr_call_fail_status(call, status);
        return;
    }
    skr_xml_end(&page.xml, "Containers");
    if (page.next.data != NULL)
        skr_xml_element(&page.xml, "NextMarker", page.next);
    else
        skr_xml_empty(&page.xml, "NextMarker");
    skr_xml_end(&page.xml, "EnumerationResults");
    skr_list_send(call, &page.xml);
}

static void skr_containers_known(void *context, enum skr_status status)
{
    struct skr_call *call = context;
    call->containers = NULL;
    if (status == SKR_OK)
        skr_containers_show(call);
    else
        skr_call_fail_status(call, status);
}

SKR_HANDLER(list_containers)
{
    struct skr_call *call = context;
    struct skr_list_parameters parameters;
    struct skr_error error;
    if (!skr_call_list_parameters(call, &parameters) || !skr_call_includes_only(call, "metadata,deleted,system"))
        return;
    enum skr_status status =
        skr_prepare_containers(call->worker, call->target.account, skr_containers_known, call, &call->containers, &error);
    if (status != SKR_PENDING)
        skr_containers_known(call, status);
}
