/* See listing.h; and ListObjects in both versions. */
#include <stdio.h>

#include "listing.h"

/* ---- shared ---- */

bool skr_s3_page_limit(struct skr_s3_call *call, const char *parameter, uint64_t most, uint64_t *out)
{
    struct skr_bytes text = skr_s3_query(call, parameter);
    *out = most;
    if (text.size == 0)
        return true;
    if (!skr_parse_u64(text, out) || *out > INT32_MAX) {
        char message[96];
        snprintf(message, sizeof message, "Provided %s not an integer or within integer range", parameter);
        skr_s3_fail_argument(call, message, parameter, text);
        return false;
    }
    if (*out > most)
        *out = most;
    return true;
}

bool skr_s3_encoding_type(struct skr_s3_call *call, bool *url)
{
    struct skr_bytes text = skr_s3_query(call, "encoding-type");
    *url = skr_bytes_equal(text, SKR_BYTES("url"));
    if (text.data == NULL || *url)
        return true;
    skr_s3_fail_argument(call, "Invalid Encoding Method specified in Request", "encoding-type", text);
    return false;
}

struct skr_bytes skr_s3_token_text(struct skr_arena *arena, struct skr_bytes name)
{
    size_t size = SKR_BASE64_SIZE(name.size);
    char *text = skr_arena_alloc(arena, size + 1);
    if (text == NULL)
        return SKR_NO_BYTES;
    skr_base64_encode(text, name.data, name.size);
    return (struct skr_bytes){text, size};
}

bool skr_s3_token_parse(struct skr_s3_call *call, const char *parameter, struct skr_bytes *name)
{
    struct skr_bytes text = skr_s3_query(call, parameter);
    uint8_t *bytes;
    size_t size;
    if (text.data == NULL)
        return true;
    bytes = skr_arena_alloc(call->arena, text.size + 4);
    if (bytes != NULL && text.size > 0 && skr_base64_decode(text, bytes, text.size + 4, &size) &&
        size <= SKR_MAX_KEY_BYTES + 1) {
        *name = (struct skr_bytes){(char *)bytes, size};
        return true;
    }
    skr_s3_fail_argument(call, "The continuation token provided is incorrect", parameter, text);
    return false;
}

struct skr_bytes skr_s3_after(struct skr_arena *arena, struct skr_bytes marker)
{
    char *name = marker.size == 0 ? NULL : skr_arena_alloc(arena, marker.size + 1);
    if (name == NULL)
        return SKR_NO_BYTES;
    memcpy(name, marker.data, marker.size);
    name[marker.size] = '\0'; /* no name holds one, so nothing lies between */
    return (struct skr_bytes){name, marker.size + 1};
}

void skr_s3_xml_name(struct skr_s3_call *call, struct skr_xml *xml, const char *element, struct skr_bytes name, bool url)
{
    skr_xml_element_exact(xml, element, url ? skr_percent_encode(call->arena, name, "/") : name);
}

void skr_s3_xml_bool(struct skr_xml *xml, const char *element, bool value)
{
    skr_xml_element(xml, element, value ? SKR_BYTES("true") : SKR_BYTES("false"));
}

void skr_s3_xml_storage_class(struct skr_xml *xml, const struct skr_object *object)
{
    struct skr_bytes storage_class = object->properties[SKR_PROPERTY_STORAGE_CLASS];
    skr_xml_element(xml, "StorageClass", storage_class.size > 0 ? storage_class : SKR_BYTES("STANDARD"));
}

void skr_s3_xml_checksum_kind(struct skr_xml *xml, const struct skr_object *object)
{
    if (object->checksum.kind == SKR_CHECKSUM_NONE)
        return;
    skr_xml_element(xml, "ChecksumAlgorithm", skr_text(skr_s3_checksum_name(object->checksum.kind)));
    skr_xml_element(xml, "ChecksumType",
                    object->checksum_form == SKR_CHECKSUM_COMPOSITE ? SKR_BYTES("COMPOSITE") : SKR_BYTES("FULL_OBJECT"));
}

void skr_s3_xml_common_prefix(struct skr_s3_call *call, struct skr_xml *xml, struct skr_bytes prefix, bool url)
{
    skr_xml_begin(xml, "CommonPrefixes");
    skr_s3_xml_name(call, xml, "Prefix", prefix, url);
    skr_xml_end(xml, "CommonPrefixes");
}

/* ---- ListObjects ---- */

struct skr_s3_page {
    struct skr_s3_call *call;
    struct skr_list_options options;
    void (*send)(struct skr_s3_page *page); /* all is there: renders the answer */
    struct skr_xml xml;
    bool url, owner;
    uint64_t left, count;
    struct skr_bytes last; /* the last key or common prefix shown */
    struct skr_bytes next; /* the first one not shown; NULL data: the listing is complete */
};

static bool skr_s3_page_entry(void *context, const struct skr_list_entry *entry)
{
    struct skr_s3_page *page = context;
    struct skr_xml *xml = &page->xml;
    if (page->left == 0 || entry->is_cut) {
        page->next = skr_arena_copy(page->call->arena, entry->key);
        if (entry->is_cut) /* all up to there was shown: a marker goes on behind it */
            page->last = (struct skr_bytes){page->next.data, page->next.size == 0 ? 0 : page->next.size - 1};
        return false;
    }
    if (--page->left == 0) {
        page->last = skr_arena_copy(page->call->arena, entry->key);
        xml->failed |= page->last.data == NULL;
    }
    page->count++;
    if (entry->is_prefix) {
        skr_s3_xml_common_prefix(page->call, xml, entry->key, page->url);
        return !xml->failed;
    }
    skr_xml_begin(xml, "Contents");
    skr_s3_xml_name(page->call, xml, "Key", entry->key, page->url);
    skr_s3_xml_date(xml, "LastModified", entry->object->modified_ns);
    skr_s3_xml_etag(xml, entry->object->etag);
    skr_s3_xml_checksum_kind(xml, entry->object);
    skr_xml_element_u64(xml, "Size", entry->object->content.size_bytes);
    if (page->owner)
        skr_s3_owner_render(xml, "Owner", page->call->target.account);
    skr_s3_xml_storage_class(xml, entry->object);
    skr_xml_end(xml, "Contents");
    return !xml->failed;
}

/* Name, Prefix, Delimiter, MaxKeys, EncodingType: what both versions say. */
static void skr_s3_page_begin(struct skr_s3_page *page)
{
    struct skr_s3_call *call = page->call;
    struct skr_bytes prefix = page->options.prefix, delimiter = page->options.delimiter;
    skr_s3_xml_open(&page->xml, "ListBucketResult");
    skr_xml_element(&page->xml, "Name", call->target.container);
    skr_s3_xml_name(call, &page->xml, "Prefix", prefix, page->url);
    if (delimiter.size > 0)
        skr_s3_xml_name(call, &page->xml, "Delimiter", delimiter, page->url);
    skr_xml_element_u64(&page->xml, "MaxKeys", page->left);
    if (page->url)
        skr_xml_element(&page->xml, "EncodingType", SKR_BYTES("url"));
}

/* Runs the listing. False: answered. */
static bool skr_s3_page_run(struct skr_s3_page *page)
{
    struct skr_s3_call *call = page->call;
    struct skr_error error;
    page->options.remote = call->remote;
    if (page->left == 0)
        return true;
    enum skr_status status = skr_list_objects(call->worker, &page->options, skr_s3_page_entry, page, &error);
    if (status == SKR_OK || status == SKR_NAME_TOO_LONG) /* no key begins with so long a prefix */
        return true;
    skr_xml_close(&page->xml);
    skr_s3_fail_status(call, status);
    return false;
}

static void skr_s3_page_ready(void *context, enum skr_status status)
{
    struct skr_s3_page *page = context;
    if (status == SKR_OK)
        page->send(page);
    else
        skr_s3_fail_status(page->call, status);
}

/* What both versions ask for; the version's own `from` is left to it. NULL: answered. */
static struct skr_s3_page *skr_s3_page_new(struct skr_s3_call *call, void (*send)(struct skr_s3_page *page))
{
    struct skr_s3_page *page = skr_arena_alloc_zero(call->arena, sizeof *page);
    if (page == NULL) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
        return NULL;
    }
    page->call = call;
    page->send = send;
    if (!skr_s3_bucket_exists(call) || !skr_s3_page_limit(call, "max-keys", 1000, &page->left) ||
        !skr_s3_encoding_type(call, &page->url))
        return NULL;
    page->options = (struct skr_list_options){.account = call->target.account,
                                              .container = call->target.container,
                                              .prefix = skr_s3_query(call, "prefix"),
                                              .delimiter = skr_s3_query(call, "delimiter")};
    return page;
}

/* Asks upstream first, where there is one. */
static void skr_s3_page_begin_from(struct skr_s3_page *page, struct skr_bytes from)
{
    struct skr_s3_call *call = page->call;
    struct skr_error error;
    enum skr_status status = SKR_OK;
    page->options.from = from;
    if (page->left > 0)
        status =
            skr_prepare_listing(call->worker, &page->options, page->left + 1, skr_s3_page_ready, page, &call->remote, &error);
    if (status != SKR_PENDING)
        skr_s3_page_ready(page, status);
}

static void skr_s3_send_objects(struct skr_s3_page *page)
{
    struct skr_s3_call *call = page->call;
    struct skr_bytes marker = skr_s3_query(call, "marker");
    skr_s3_page_begin(page);
    skr_s3_xml_name(call, &page->xml, "Marker", marker, page->url);
    if (!skr_s3_page_run(page))
        return;
    skr_s3_xml_bool(&page->xml, "IsTruncated", page->next.data != NULL);
    if (page->next.data != NULL && page->options.delimiter.size > 0)
        skr_s3_xml_name(call, &page->xml, "NextMarker", page->last, page->url);
    skr_xml_end(&page->xml, "ListBucketResult");
    skr_s3_send_xml(call, 200, &page->xml);
}

SKR_S3_HANDLER(list_objects)
{
    struct skr_s3_call *call = context;
    struct skr_s3_page *page = skr_s3_page_new(call, skr_s3_send_objects);
    if (page == NULL)
        return;
    page->owner = true;
    skr_s3_page_begin_from(page, skr_s3_after(call->arena, skr_s3_query(call, "marker")));
}

static void skr_s3_send_objects_v2(struct skr_s3_page *page)
{
    struct skr_s3_call *call = page->call;
    struct skr_bytes start_after = skr_s3_query(call, "start-after"), token = skr_s3_query(call, "continuation-token");
    skr_s3_page_begin(page);
    if (start_after.data != NULL)
        skr_s3_xml_name(call, &page->xml, "StartAfter", start_after, page->url);
    if (token.data != NULL)
        skr_xml_element(&page->xml, "ContinuationToken", token);
    if (!skr_s3_page_run(page))
        return;
    skr_xml_element_u64(&page->xml, "KeyCount", page->count);
    skr_s3_xml_bool(&page->xml, "IsTruncated", page->next.data != NULL);
    if (page->next.data != NULL)
        skr_xml_element(&page->xml, "NextContinuationToken", skr_s3_token_text(call->arena, page->next));
    skr_xml_end(&page->xml, "ListBucketResult");
    skr_s3_send_xml(call, 200, &page->xml);
}

SKR_S3_HANDLER(list_objects_v2)
{
    struct skr_s3_call *call = context;
    struct skr_s3_page *page = skr_s3_page_new(call, skr_s3_send_objects_v2);
    struct skr_bytes from = skr_s3_after(call->arena, skr_s3_query(call, "start-after"));
    if (page == NULL || !skr_s3_token_parse(call, "continuation-token", &from))
        return;
    page->owner = skr_bytes_equal(skr_s3_query(call, "fetch-owner"), SKR_BYTES("true"));
    skr_s3_page_begin_from(page, from);
}
