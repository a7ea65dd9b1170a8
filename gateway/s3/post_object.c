/* PostObject: PutObject for browsers. Its fields stand for PutObject's headers; form.c reads and verifies them. Source: "Amazon
 * S3 API Reference", POST Object. */
#include <stdio.h>

#include "objects.h"

/* Where the object can be had. */
static struct skr_bytes skr_s3_posted_location(struct skr_s3_call *call)
{
    struct skr_bytes host = skr_request_header(call->request, "host"), path = call->request->uri.raw_path;
    struct skr_bytes key = skr_percent_encode(call->arena, call->target.object, "/");
    size_t capacity = host.size + path.size + key.size + 16;
    char *text = skr_arena_alloc(call->arena, capacity);
    while (path.size > 0 && path.data[path.size - 1] == '/')
        path.size--;
    if (text == NULL)
        return SKR_BYTES("");
    int size = snprintf(text, capacity, "%s://%.*s%.*s/%.*s", call->request->tls ? "https" : "http", SKR_PRINT(host),
                        SKR_PRINT(path), SKR_PRINT(key));
    return (struct skr_bytes){text, (size_t)size};
}

/* The page that the form names, told what was made; SKR_NO_BYTES: none, or not an address, which counts as none. */
static struct skr_bytes skr_s3_posted_redirect(struct skr_s3_call *call, struct skr_bytes etag)
{
    struct skr_bytes url = skr_s3_header(call, "success_action_redirect");
    if (url.data == NULL)
        url = skr_s3_header(call, "redirect");
    if (!skr_bytes_starts_with(url, SKR_BYTES("http://")) && !skr_bytes_starts_with(url, SKR_BYTES("https://")))
        return SKR_NO_BYTES;
    const char *fragment = memchr(url.data, '#', url.size);
    size_t size = fragment == NULL ? url.size : (size_t)(fragment - url.data);
    struct skr_bytes rest = {url.data + size, url.size - size};
    struct skr_bytes bucket = skr_percent_encode(call->arena, call->target.container, "");
    struct skr_bytes key = skr_percent_encode(call->arena, call->target.object, "");
    size_t capacity = url.size + bucket.size + key.size + etag.size + 64;
    char *text = skr_arena_alloc(call->arena, capacity);
    if (text == NULL)
        return SKR_NO_BYTES;
    int length = snprintf(text, capacity, "%.*s%cbucket=%.*s&key=%.*s&etag=%%22%.*s%%22%.*s", (int)size, url.data,
                          memchr(url.data, '?', size) == NULL ? '?' : '&', SKR_PRINT(bucket), SKR_PRINT(key), SKR_PRINT(etag),
                          SKR_PRINT(rest));
    return (struct skr_bytes){text, (size_t)length};
}

static void skr_s3_posted_document(struct skr_s3_call *call, struct skr_bytes location, struct skr_bytes etag)
{
    struct skr_xml xml;
    skr_xml_open(&xml);
    skr_xml_begin(&xml, "PostResponse");
    skr_xml_element(&xml, "Location", location);
    skr_xml_element(&xml, "Bucket", call->target.container);
    skr_xml_element(&xml, "Key", call->target.object);
    skr_s3_xml_etag(&xml, etag);
    skr_xml_end(&xml, "PostResponse");
    skr_s3_send_xml(call, 201, &xml);
}

static void skr_s3_object_posted(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    call->pending = NULL;
    if (result->status != SKR_OK) {
        skr_s3_fail_write(call, result->status);
        return;
    }
    struct skr_bytes etag = result->object->etag, status = skr_s3_header(call, "success_action_status");
    struct skr_bytes redirect = skr_s3_posted_redirect(call, etag), location = skr_s3_posted_location(call);
    skr_s3_etag_header(call, etag);
    skr_s3_version_header(call, "x-amz-version-id", result->object);
    skr_s3_checksum_headers(call, result->object);
    skr_exchange_header(call->exchange, "Location", redirect.data != NULL ? redirect : location);
    if (redirect.data == NULL && skr_bytes_equal(status, SKR_BYTES("201"))) {
        skr_s3_posted_document(call, location, etag);
        return;
    }
    skr_s3_common_headers(call);
    skr_s3_reply(call, redirect.data != NULL ? 303 : skr_bytes_equal(status, SKR_BYTES("200")) ? 200 : 204);
}

static void skr_s3_file_received(struct skr_s3_call *call)
{
    skr_s3_store_object(call, skr_s3_object_posted);
}

SKR_S3_HANDLER(post_object)
{
    struct skr_s3_call *call = context;
    struct skr_put *put = skr_arena_alloc(call->arena, sizeof *put);
    if (put == NULL) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
    } else if (skr_s3_expected_digests(call) && skr_s3_begin_put(call, put)) {
        enum skr_checksum_kind kind = call->incoming.expected.checksum.kind;
        call->state = put;
        skr_s3_receive_file(call, kind != SKR_CHECKSUM_NONE ? kind : SKR_CHECKSUM_CRC64NVME, skr_s3_file_received);
    }
}
