/* List Blobs, flat and by hierarchy: one walk, rendered as it goes into one growing buffer. */
#include <stdio.h>

#include "list.h"
#include "skerry/tags.h"
#include "tags.h"

struct skr_blob_page {
    struct skr_call *call;
    struct skr_list_parameters parameters;
    struct skr_list_options options; /* without versions */
    struct skr_xml xml;
    uint64_t left;
    bool metadata, copy, tags, versions;
    struct skr_bytes next;
    struct skr_bytes last_key; /* of the version shown last */
    int64_t last_version_ns;
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
    int64_t tiered_ns;
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
    if (skr_tier_time(object, &tiered_ns))
        skr_render_date(xml, "AccessTierChangeTime", tiered_ns);
    skr_xml_element(xml, "LeaseStatus", SKR_BYTES("unlocked"));
    skr_xml_element(xml, "LeaseState", SKR_BYTES("available"));
    skr_xml_element(xml, "ServerEncrypted", SKR_BYTES("false"));
    if (object->tag_count > 0)
        skr_xml_element_u64(xml, "TagCount", object->tag_count);
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
            skr_xml_element(xml, name.data, skr_header_text(call->arena, object->metadata[i].value)); /* as in headers */
    }
    skr_xml_end(xml, "Metadata");
}

static void skr_render_version(struct skr_blob_page *page, const struct skr_object *object, bool is_current)
{
    skr_xml_element(&page->xml, "VersionId", skr_version_id(page->call->arena, object->version_ns));
    if (is_current)
        skr_xml_element(&page->xml, "IsCurrentVersion", SKR_BYTES("true"));
}

static void skr_render_blob(struct skr_blob_page *page, struct skr_bytes key, const struct skr_object *object,
                            bool is_uncommitted, bool is_current)
{
    struct skr_xml *xml = &page->xml;
    skr_xml_begin(xml, "Blob");
    skr_xml_name(xml, "Name", key);
    if (page->versions)
        skr_render_version(page, object, is_current);
    skr_render_properties(xml, object, is_uncommitted, page->copy);
    if (page->metadata && object->metadata_count > 0)
        skr_render_metadata(page->call, xml, object);
    if (page->tags && object->tag_count > 0) {
        skr_xml_begin(xml, "Tags");
        skr_tags_render(xml, object->tags, object->tag_count);
        skr_xml_end(xml, "Tags");
    }
    skr_xml_end(xml, "Blob");
}

static void skr_render_prefix(struct skr_xml *xml, struct skr_bytes prefix)
{
    skr_xml_begin(xml, "BlobPrefix");
    skr_xml_name(xml, "Name", prefix);
    skr_xml_end(xml, "BlobPrefix");
}

static bool skr_page_entry(void *context, const struct skr_list_entry *entry)
{
    struct skr_blob_page *page = context;
    if (page->left == 0 || entry->is_cut) {
        page->next = skr_marker_make(page->call->arena, entry->key);
        return false;
    }
    page->left--;
    if (entry->is_prefix)
        skr_render_prefix(&page->xml, entry->key);
    else
        skr_render_blob(page, entry->key, entry->object, entry->is_uncommitted, true);
    return !page->xml.failed;
}

/* ---- with versions ---- */

#define SKR_MARKER_VERSION_BYTES 9 /* a zero byte, which no name has, and the version after which it goes on */

/* The listing goes on at this name; where versions of it were shown already, after the last of them. */
static struct skr_bytes skr_version_marker(struct skr_blob_page *page, struct skr_bytes key)
{
    if (!skr_bytes_equal(key, page->last_key))
        return skr_marker_make(page->call->arena, key);
    char *name = skr_arena_alloc(page->call->arena, key.size + SKR_MARKER_VERSION_BYTES);
    if (name == NULL)
        return SKR_NO_BYTES;
    memcpy(name, key.data, key.size);
    name[key.size] = '\0';
    for (int i = 0; i < 8; i++)
        name[key.size + 1 + (size_t)i] = (char)((uint64_t)page->last_version_ns >> (56 - 8 * i));
    return skr_marker_make(page->call->arena, (struct skr_bytes){name, key.size + SKR_MARKER_VERSION_BYTES});
}

static void skr_version_marker_parse(struct skr_bytes from, struct skr_list_versions_options *options)
{
    const char *zero = from.size == 0 ? NULL : memchr(from.data, '\0', from.size);
    options->from = from;
    if (zero == NULL || from.size - (size_t)(zero - from.data) != SKR_MARKER_VERSION_BYTES)
        return;
    uint64_t ns = 0;
    for (int i = 1; i <= 8; i++)
        ns = ns << 8 | (uint8_t)zero[i];
    options->from.size = (size_t)(zero - from.data);
    options->after_version = (struct skr_version){.is_given = true, .ns = (int64_t)ns};
}

static bool skr_page_version(void *context, const struct skr_version_entry *entry)
{
    struct skr_blob_page *page = context;
    if (!entry->is_prefix && entry->object->kind == SKR_OBJECT_DELETE_MARKER)
        return true; /* Blob knows none: the versions below it are those of a blob that is not there */
    if (page->left == 0) {
        page->next = skr_version_marker(page, entry->key);
        page->xml.failed |= page->next.data == NULL;
        return false;
    }
    page->left--;
    if (entry->is_prefix) {
        skr_render_prefix(&page->xml, entry->key);
        return !page->xml.failed;
    }
    if (!skr_bytes_equal(entry->key, page->last_key))
        page->last_key = skr_arena_copy(page->call->arena, entry->key);
    page->last_version_ns = entry->object->version_ns;
    skr_render_blob(page, entry->key, entry->object, false, entry->is_latest);
    return !page->xml.failed;
}

/* ---- the operation ---- */

static enum skr_status skr_page_fill(struct skr_blob_page *page)
{
    struct skr_call *call = page->call;
    struct skr_error error;
    if (page->versions) {
        struct skr_list_versions_options options = {.account = call->target.account,
                                                    .container = call->target.container,
                                                    .prefix = page->parameters.prefix,
                                                    .delimiter = page->parameters.delimiter};
        skr_version_marker_parse(page->parameters.from, &options);
        return skr_list_versions(call->worker, &options, skr_page_version, page, &error);
    }
    page->options.remote = call->remote;
    return skr_list_objects(call->worker, &page->options, skr_page_entry, page, &error);
}

/* Of a container that keeps no versions, a listing with them is the one without. False: answered. */
static bool skr_page_versions(struct skr_blob_page *page)
{
    struct skr_call *call = page->call;
    struct skr_container container;
    struct skr_error error;
    bool deleted = skr_includes(call, "deletedwithversions");
    page->versions = skr_includes(call, "versions");
    if (!page->versions && !deleted)
        return true;
    enum skr_status status =
        skr_get_container(call->worker, call->arena, call->target.account, call->target.container, NULL, &container, &error);
    if (status != SKR_OK) {
        skr_call_fail_status(call, status);
        return false;
    }
    bool keeps = container.versioning != SKR_VERSIONING_OFF;
    page->versions &= keeps;
    if (!keeps || (!deleted && !skr_includes(call, "uncommittedblobs")))
        return true;
    skr_call_refuse(call, SKR_BLOB_NOT_IMPLEMENTED);
    return false;
}

/* Snapshots and the like are never there, so asking for them adds nothing. */
static const char skr_known_includes[] = "metadata,copy,uncommittedblobs,snapshots,versions,deleted,deletedwithversions,tags,"
                                         "immutabilitypolicy,legalhold,permissions";

/* What upstream lists, if there is one, is there. */
static void skr_page_send(void *context, enum skr_status status)
{
    struct skr_blob_page *page = context;
    struct skr_call *call = page->call;
    if (status != SKR_OK) {
        skr_call_fail_status(call, status);
        return;
    }
    skr_list_begin(call, &page->xml, &page->parameters);
    skr_xml_begin(&page->xml, "Blobs");
    status = skr_page_fill(page);
    if (status != SKR_OK) {
        skr_xml_close(&page->xml);
        skr_call_fail_status(call, status);
        return;
    }
    skr_xml_end(&page->xml, "Blobs");
    if (page->next.data != NULL)
        skr_xml_element(&page->xml, "NextMarker", page->next);
    else
        skr_xml_empty(&page->xml, "NextMarker");
    skr_xml_end(&page->xml, "EnumerationResults");
    skr_list_send(call, &page->xml);
}

/* False: answered. */
static bool skr_page_read(struct skr_blob_page *page)
{
    struct skr_call *call = page->call;
    if (!skr_call_list_parameters(call, &page->parameters) || !skr_call_includes_only(call, skr_known_includes))
        return false;
    if (skr_includes(call,
                     "permissions")) { /* only an account with a hierarchical namespace has them; clients ask to find out */
        skr_call_fail_query(call, "include", "Permissions are kept for accounts with a hierarchical namespace.");
        return false;
    }
    if (skr_request_query(call->request, "showonly") != NULL) {
        skr_call_fail_query(call, "showonly",
                            "It is for accounts with a hierarchical namespace, and for what was deleted softly.");
        return false;
    }
    if (page->parameters.marker.size == 0) /* a marker lies behind it */
        page->parameters.from = skr_call_query(call, "startFrom");
    page->left = page->parameters.max_results;
    page->metadata = skr_includes(call, "metadata");
    page->copy = skr_includes(call, "copy");
    page->tags = skr_includes(call, "tags");
    return (!page->tags || skr_call_may_tag(call)) && skr_page_versions(page);
}

SKR_HANDLER(list_blobs)
{
    struct skr_call *call = context;
    struct skr_blob_page *page = skr_arena_alloc_zero(call->arena, sizeof *page);
    struct skr_error error;
    enum skr_status status = SKR_OK;
    if (page == NULL) {
        skr_call_fail_status(call, SKR_NO_MEMORY);
        return;
    }
    page->call = call;
    if (!skr_page_read(page))
        return;
    page->options = (struct skr_list_options){
        .account = call->target.account,
        .container = call->target.container,
        .prefix = page->parameters.prefix,
        .delimiter = page->parameters.delimiter,
        .from = page->parameters.from,
        .include_uncommitted = skr_includes(call, "uncommittedblobs"),
    };
    if (!page->versions)
        status = skr_prepare_listing(call->worker, &page->options, page->left + 1, skr_page_send, page, &call->remote, &error);
    if (status != SKR_PENDING)
        skr_page_send(page, status);
}
