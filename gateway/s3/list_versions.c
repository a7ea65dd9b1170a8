/* ListObjectVersions and ListMultipartUploads. Their markers are names and ids in plain sight: the last entry shown. */
#include "listing.h"

struct skr_s3_versions_page {
    struct skr_s3_call *call;
    struct skr_xml xml;
    bool url, truncated;
    uint64_t left;
    struct skr_bytes last_key, last_id; /* the last entry shown; an id with NULL data: a common prefix */
};

/* Is this entry still on the page? Remembers the page's last one. */
static bool skr_s3_versions_page_has(struct skr_s3_versions_page *page, struct skr_bytes key)
{
    if (page->left == 0) {
        page->truncated = true;
        return false;
    }
    if (--page->left == 0)
        page->last_key = skr_arena_copy(page->call->arena, key);
    return true;
}

static bool skr_s3_version_entry(void *context, const struct skr_version_entry *entry)
{
    struct skr_s3_versions_page *page = context;
    struct skr_xml *xml = &page->xml;
    if (!skr_s3_versions_page_has(page, entry->key))
        return false;
    if (entry->is_prefix) {
        skr_s3_xml_common_prefix(page->call, xml, entry->key, page->url);
        return !xml->failed;
    }
    bool is_marker = entry->object->kind == SKR_OBJECT_DELETE_MARKER;
    const char *element = is_marker ? "DeleteMarker" : "Version";
    struct skr_bytes id = skr_s3_version_text(page->call->arena, entry->object->version_ns);
    if (page->left == 0)
        page->last_id = id;
    skr_xml_begin(xml, element);
    skr_s3_xml_name(page->call, xml, "Key", entry->key, page->url);
    skr_xml_element(xml, "VersionId", id);
    skr_s3_xml_bool(xml, "IsLatest", entry->is_latest);
    skr_s3_xml_date(xml, "LastModified", entry->object->modified_ns);
    if (!is_marker) {
        skr_s3_xml_etag(xml, entry->object->etag);
        skr_s3_xml_checksum_kind(xml, entry->object);
        skr_xml_element_u64(xml, "Size", entry->object->content.size_bytes);
        skr_s3_xml_storage_class(xml, entry->object);
    }
    skr_s3_owner_render(xml, "Owner", page->call->target.account);
    skr_xml_end(xml, element);
    return !xml->failed;
}

/* How much of the bucket is asked for, and how it is written. False: answered. */
static bool skr_s3_versions_page_asked(struct skr_s3_versions_page *page, const char *limit)
{
    return skr_s3_bucket_exists(page->call) && skr_s3_page_limit(page->call, limit, 1000, &page->left) &&
           skr_s3_encoding_type(page->call, &page->url);
}

/* What both listings say before their entries. */
static void skr_s3_versions_page_begin(struct skr_s3_versions_page *page, const char *root, const char *name, const char *limit)
{
    struct skr_s3_call *call = page->call;
    struct skr_bytes delimiter = skr_s3_query(call, "delimiter");
    skr_s3_xml_open(&page->xml, root);
    skr_xml_element(&page->xml, name, call->target.container);
    skr_s3_xml_name(call, &page->xml, "Prefix", skr_s3_query(call, "prefix"), page->url);
    skr_s3_xml_name(call, &page->xml, "KeyMarker", skr_s3_query(call, "key-marker"), page->url);
    if (delimiter.size > 0)
        skr_s3_xml_name(call, &page->xml, "Delimiter", delimiter, page->url);
    skr_xml_element_u64(&page->xml, limit, page->left);
    if (page->url)
        skr_xml_element(&page->xml, "EncodingType", SKR_BYTES("url"));
}

static void skr_s3_versions_page_send(struct skr_s3_versions_page *page, const char *root, const char *next_id,
                                      enum skr_status status)
{
    struct skr_s3_call *call = page->call;
    if (status != SKR_OK && status != SKR_NAME_TOO_LONG) {
        skr_xml_close(&page->xml);
        skr_s3_fail_status(call, status);
        return;
    }
    skr_s3_xml_bool(&page->xml, "IsTruncated", page->truncated);
    if (page->truncated) {
        skr_s3_xml_name(call, &page->xml, "NextKeyMarker", page->last_key, page->url);
        if (page->last_id.data != NULL)
            skr_xml_element(&page->xml, next_id, page->last_id);
    }
    skr_xml_end(&page->xml, root);
    skr_s3_send_xml(call, 200, &page->xml);
}

SKR_S3_HANDLER(list_object_versions)
{
    struct skr_s3_call *call = context;
    struct skr_s3_versions_page page = {.call = call};
    struct skr_bytes key_marker = skr_s3_query(call, "key-marker"), version_marker = skr_s3_query(call, "version-id-marker");
    struct skr_list_versions_options options = {
        .account = call->target.account,
        .container = call->target.container,
        .prefix = skr_s3_query(call, "prefix"),
        .delimiter = skr_s3_query(call, "delimiter"),
    };
    struct skr_error error;
    if (!skr_s3_versions_page_asked(&page, "max-keys"))
        return;
    if (version_marker.data != NULL && key_marker.size == 0) {
        skr_s3_fail_argument(call, "A version-id marker cannot be specified without a key marker.", "version-id-marker",
                             version_marker);
        return;
    }
    if (version_marker.size > 0 && !skr_s3_version_parse(version_marker, &options.after_version)) {
        skr_s3_fail_argument(call, "Invalid version id specified", "version-id-marker", version_marker);
        return;
    }
    options.from = version_marker.size > 0 ? key_marker : skr_s3_after(call->arena, key_marker);
    skr_s3_versions_page_begin(&page, "ListVersionsResult", "Name", "MaxKeys");
    skr_xml_element(&page.xml, "VersionIdMarker", version_marker);
    enum skr_status status =
        page.left == 0 ? SKR_OK : skr_list_versions(call->worker, &options, skr_s3_version_entry, &page, &error);
    skr_s3_versions_page_send(&page, "ListVersionsResult", "NextVersionIdMarker", status);
}

/* ---- multipart uploads ---- */

static bool skr_s3_upload_entry(void *context, const struct skr_multipart_entry *entry)
{
    struct skr_s3_versions_page *page = context;
    struct skr_xml *xml = &page->xml;
    if (!skr_s3_versions_page_has(page, entry->key))
        return false;
    if (entry->is_prefix) {
        skr_s3_xml_common_prefix(page->call, xml, entry->key, page->url);
        return !xml->failed;
    }
    struct skr_bytes id = skr_s3_upload_id_text(page->call->arena, entry->upload->id);
    if (page->left == 0)
        page->last_id = id;
    skr_xml_begin(xml, "Upload");
    skr_s3_xml_name(page->call, xml, "Key", entry->key, page->url);
    skr_xml_element(xml, "UploadId", id);
    skr_s3_owner_render(xml, "Initiator", page->call->target.account);
    skr_s3_owner_render(xml, "Owner", page->call->target.account);
    skr_s3_xml_storage_class(xml, &entry->upload->draft);
    skr_s3_xml_date(xml, "Initiated", entry->upload->created_ns);
    skr_s3_xml_checksum_kind(xml, &entry->upload->draft);
    skr_xml_end(xml, "Upload");
    return !xml->failed;
}

SKR_S3_HANDLER(list_multipart_uploads)
{
    struct skr_s3_call *call = context;
    struct skr_s3_versions_page page = {.call = call};
    struct skr_bytes key_marker = skr_s3_query(call, "key-marker"), upload_marker = skr_s3_query(call, "upload-id-marker");
    struct skr_list_multiparts_options options = {
        .account = call->target.account,
        .container = call->target.container,
        .prefix = skr_s3_query(call, "prefix"),
        .delimiter = skr_s3_query(call, "delimiter"),
    };
    struct skr_error error;
    if (!skr_s3_versions_page_asked(&page, "max-uploads"))
        return;
    /* An upload's marker without a key's is ignored, as documented. */
    if (key_marker.size > 0 && upload_marker.size > 0) {
        if (!skr_s3_upload_id_parse(upload_marker, &options.after_upload)) {
            skr_s3_fail_argument(call, "Invalid uploadId marker", "upload-id-marker", upload_marker);
            return;
        }
        options.from = key_marker;
    } else {
        options.from = skr_s3_after(call->arena, key_marker);
    }
    skr_s3_versions_page_begin(&page, "ListMultipartUploadsResult", "Bucket", "MaxUploads");
    skr_xml_element(&page.xml, "UploadIdMarker", upload_marker);
    enum skr_status status =
        page.left == 0 ? SKR_OK : skr_list_multiparts(call->worker, &options, skr_s3_upload_entry, &page, &error);
    skr_s3_versions_page_send(&page, "ListMultipartUploadsResult", "NextUploadIdMarker", status);
}
