/* List Blobs, flat and by hierarchy: one walk, rendered as it goes into one growing buffer. */
#include <stdio.h>

#include "list.h"

struct skr_blob_page {
    struct skr_call *call;
    struct skr_xml xml;
    uint64_t left;
    bool metadata, copy;
    struct skr_bytes next;
};

static void skr_render_date(struct skr_xml *xml, const char *name, int64_t unix_ns)
{
    char date[SKR_HTTP_DATE_SIZE];
    skr_http_date_format(date, unix_ns / 1000000000);
    skr_xml_element(xml, name, (struct skr_bytes){date, sizeof date});
}

static void skr_render_property(struct skr_xml *xml, const char *name, struct skr_bytes value)
{
    if (value.size > 0)
        skr_xml_element(xml, name, value);
    else
        skr_xml_empty(xml, name);
}

static void skr_render_copy(struct skr_xml *xml, const struct skr_object *object)
{
    char progress[48];
    int size = snprintf(progress, sizeof progress, "%llu/%llu", (unsigned long long)object->content.size_bytes,
                        (unsigned long long)object->content.size_bytes);
    skr_xml_element(xml, "CopyId", object->properties[SKR_PROPERTY_COPY_ID]);
    skr_xml_element(xml, "CopyStatus", SKR_BYTES("success"));
    skr_render_property(xml, "CopySource", object->properties[SKR_PROPERTY_COPY_SOURCE]);
    skr_xml_element(xml, "CopyProgress", (struct skr_bytes){progress, (size_t)size});
    skr_render_date(xml, "CopyCompletionTime", object->copied_ns);
}

static void skr_render_properties(struct skr_xml *xml, const struct skr_object *object, bool is_uncommitted, bool copy)
{
    const struct skr_bytes *properties = object->properties;
    char md5[SKR_BASE64_SIZE(16)];
    if (object->has_md5)
        skr_base64_encode(md5, object->md5, 16);
    skr_xml_begin(xml, "Properties");
    if (!is_uncommitted) {
        skr_render_date(xml, "Creation-Time", object->created_ns);
        skr_render_date(xml, "Last-Modified", object->modified_ns);
        skr_xml_element(xml, "Etag", object->etag);
    }
    skr_xml_element_u64(xml, "Content-Length", object->content.size_bytes);
    if (!is_uncommitted) {
        skr_xml_element(xml, "Content-Type",
                        properties[SKR_PROPERTY_CONTENT_TYPE].size > 0 ? properties[SKR_PROPERTY_CONTENT_TYPE]
                                                                       : SKR_BYTES("application/octet-stream"));
        skr_render_property(xml, "Content-Encoding", properties[SKR_PROPERTY_CONTENT_ENCODING]);
        skr_render_property(xml, "Content-Language", properties[SKR_PROPERTY_CONTENT_LANGUAGE]);
        skr_xml_empty(xml, "Content-CRC64");
        skr_render_property(xml, "Content-MD5", object->has_md5 ? (struct skr_bytes){md5, sizeof md5} : SKR_NO_BYTES);
        skr_render_property(xml, "Cache-Control", properties[SKR_PROPERTY_CACHE_CONTROL]);
        skr_render_property(xml, "Content-Disposition", properties[SKR_PROPERTY_CONTENT_DISPOSITION]);
    }
    skr_xml_element(xml, "BlobType", SKR_BYTES("BlockBlob"));
    bool tiered = properties[SKR_PROPERTY_ACCESS_TIER].size > 0;
    skr_xml_element(xml, "AccessTier", tiered ? properties[SKR_PROPERTY_ACCESS_TIER] : SKR_BYTES("Hot"));
    if (!tiered)
        skr_xml_element(xml, "AccessTierInferred", SKR_BYTES("true"));
    skr_xml_element(xml, "LeaseStatus", SKR_BYTES("unlocked"));
    skr_xml_element(xml, "LeaseState", SKR_BYTES("available"));
    skr_xml_element(xml, "ServerEncrypted", SKR_BYTES("false"));
    if (copy && properties[SKR_PROPERTY_COPY_ID].size > 0)
        skr_render_copy(xml, object);
    skr_xml_end(xml, "Properties");
}

/* Names that another protocol gave may be no names of XML's elements. */
static bool skr_is_element_name(struct skr_bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && (i == 0 || ((c < '0' || c > '9') && c != '-' && c != '.')))
            return false;
    }
    return name.size > 0;
}

static void skr_render_metadata(struct skr_call *call, struct skr_xml *xml, const struct skr_object *object)
{
    skr_xml_begin(xml, "Metadata");
    for (size_t i = 0; i < object->metadata_count; i++) {
        struct skr_bytes name = skr_arena_copy(call->arena, object->metadata[i].name);
        if (name.data != NULL && skr_is_element_name(name))
            skr_xml_element(xml, name.data, object->metadata[i].value);
    }
    skr_xml_end(xml, "Metadata");
}

static bool skr_page_entry(void *context, const struct skr_list_entry *entry)
{
    struct skr_blob_page *page = context;
    struct skr_xml *xml = &page->xml;
    if (page->left == 0) {
        page->next = skr_marker_make(page->call->arena, entry->key);
        return false;
    }
    page->left--;
    if (entry->is_prefix) {
        skr_xml_begin(xml, "BlobPrefix");
        skr_xml_name(xml, "Name", entry->key);
        skr_xml_end(xml, "BlobPrefix");
        return !xml->failed;
    }
    skr_xml_begin(xml, "Blob");
    skr_xml_name(xml, "Name", entry->key);
    skr_render_properties(xml, entry->object, entry->is_uncommitted, page->copy);
    if (page->metadata && entry->object->metadata_count > 0)
        skr_render_metadata(page->call, xml, entry->object);
    skr_xml_end(xml, "Blob");
    return !xml->failed;
}

/* Snapshots, versions and the like are never there, so asking for them adds nothing. */
static const char skr_known_includes[] = "metadata,copy,uncommittedblobs,snapshots,versions,deleted,deletedwithversions,tags,"
                                         "immutabilitypolicy,legalhold,permissions";

SKR_HANDLER(list_blobs)
{
    struct skr_blob_page page = {.call = context};
    struct skr_call *call = context;
    struct skr_list_parameters parameters;
    struct skr_error error;
    if (!skr_call_list_parameters(call, &parameters) || !skr_call_includes_only(call, skr_known_includes))
        return;
    if (skr_includes(call, "permissions")) { /* only an account with a hierarchical namespace has them; clients ask to find out */
        skr_call_fail_query(call, "include", "Permissions are kept for accounts with a hierarchical namespace.");
        return;
    }
    page.left = parameters.max_results;
    page.metadata = skr_includes(call, "metadata");
    page.copy = skr_includes(call, "copy");
    struct skr_list_options options = {
        .account = call->target.account,
        .container = call->target.container,
        .prefix = parameters.prefix,
        .delimiter = parameters.delimiter,
        .from = parameters.from,
        .include_uncommitted = skr_includes(call, "uncommittedblobs"),
    };
    skr_list_begin(call, &page.xml, &parameters);
    skr_xml_begin(&page.xml, "Blobs");
    enum skr_status status = skr_list_objects(call->worker, &options, skr_page_entry, &page, &error);
    if (status != SKR_OK) {
        skr_xml_close(&page.xml);
        skr_call_fail_status(call, status);
        return;
    }
    skr_xml_end(&page.xml, "Blobs");
    if (page.next.data != NULL)
        skr_xml_element(&page.xml, "NextMarker", page.next);
    else
        skr_xml_empty(&page.xml, "NextMarker");
    skr_xml_end(&page.xml, "EnumerationResults");
    skr_list_send(call, &page.xml);
}
