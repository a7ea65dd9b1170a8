/* Buckets: listing, making, removing, versioning, location. */
#include "bucket_documents.h"
#include "call.h"
#include "listing.h"
#include "public_access.h"

#define SKR_S3_MAX_BUCKETS 10000 /* on a page */

/* ---- listing ---- */

struct skr_s3_buckets_page {
    struct skr_s3_call *call;
    struct skr_xml xml;
    uint64_t left;
    struct skr_bytes region; /* empty: of any */
    struct skr_bytes next;   /* set when there are more */
};

static bool skr_s3_bucket_entry(void *context, struct skr_bytes name, const struct skr_container *container)
{
    struct skr_s3_buckets_page *page = context;
    struct skr_bytes region = skr_s3_bucket_region(page->call, container);
    if (page->region.size > 0 && !skr_bytes_equal(page->region, region))
        return true;
    if (page->left == 0) {
        page->next = skr_arena_copy(page->call->arena, name);
        return false;
    }
    page->left--;
    skr_xml_begin(&page->xml, "Bucket");
    skr_xml_element(&page->xml, "Name", name);
    skr_s3_xml_date(&page->xml, "CreationDate", container->created_ns);
    skr_xml_element(&page->xml, "BucketRegion", region);
    skr_xml_end(&page->xml, "Bucket");
    return !page->xml.failed;
}

/* 1 to 10,000. False: answered. */
static bool skr_s3_most_buckets(struct skr_s3_call *call, uint64_t *most)
{
    struct skr_bytes text = skr_s3_query(call, "max-buckets");
    *most = SKR_S3_MAX_BUCKETS;
    if (text.size == 0 || (skr_parse_u64(text, most) && *most >= 1 && *most <= SKR_S3_MAX_BUCKETS))
        return true;
    skr_s3_fail_argument(call, "Argument max-buckets must be an integer between 1 and 10000", "max-buckets", text);
    return false;
}

static void skr_s3_buckets_show(struct skr_s3_call *call)
{
    struct skr_s3_buckets_page page = {.call = call, .region = skr_s3_query(call, "bucket-region")};
    struct skr_bytes from = SKR_NO_BYTES, prefix = skr_s3_query(call, "prefix");
    struct skr_error error;
    if (!skr_s3_most_buckets(call, &page.left) || !skr_s3_token_parse(call, "continuation-token", &from))
        return;
    skr_s3_xml_open(&page.xml, "ListAllMyBucketsResult");
    skr_s3_owner_render(&page.xml, "Owner", call->principal.account);
    skr_xml_begin(&page.xml, "Buckets");
    enum skr_status status = skr_list_containers(call->worker, call->arena, call->principal.account, prefix, from,
                                                 skr_s3_bucket_entry, &page, &error);
    if (status != SKR_OK) {
        skr_xml_close(&page.xml);
        skr_s3_fail_status(call, status);
        return;
    }
    skr_xml_end(&page.xml, "Buckets");
    if (prefix.size > 0)
        skr_xml_element(&page.xml, "Prefix", prefix);
    if (page.next.data != NULL)
        skr_xml_element(&page.xml, "ContinuationToken", skr_s3_token_text(call->arena, page.next));
    skr_xml_end(&page.xml, "ListAllMyBucketsResult");
    skr_s3_send_xml(call, 200, &page.xml);
}

static void skr_s3_buckets_known(void *context, enum skr_status status)
{
    struct skr_s3_call *call = context;
    call->buckets = NULL;
    if (status == SKR_OK)
        skr_s3_buckets_show(call);
    else
        skr_s3_fail_status(call, status);
}

SKR_S3_HANDLER(list_buckets)
{
    struct skr_s3_call *call = context;
    struct skr_error error;
    enum skr_status status =
        skr_prepare_containers(call->worker, call->principal.account, skr_s3_buckets_known, call, &call->buckets, &error);
    if (status != SKR_PENDING)
        skr_s3_buckets_known(call, status);
}

/* ---- making ---- */

static void skr_s3_bucket_created(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    call->pending = NULL;
    /* Amazon answers 200 to whoever makes his own bucket again in us-east-1, and 409 elsewhere. */
    bool again = result->status == SKR_CONTAINER_EXISTS && skr_bytes_equal(call->s3->options.region, SKR_BYTES("us-east-1"));
    if (result->status != SKR_OK && !again) {
        skr_s3_fail_status(call, result->status);
        return;
    }
    skr_s3_common_headers(call);
    char *location = skr_arena_alloc(call->arena, call->target.container.size + 1);
    if (location != NULL) {
        location[0] = '/';
        memcpy(location + 1, call->target.container.data, call->target.container.size);
        skr_exchange_header(call->exchange, "Location", (struct skr_bytes){location, call->target.container.size + 1});
    }
    skr_s3_reply(call, 200);
}

struct skr_s3_creation {
    struct skr_arena *arena;
    struct skr_bytes location;
    bool unsupported; /* what directory buckets have, and tags */
};

static bool skr_s3_visit_creation(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_s3_creation *creation = context;
    if (skr_bytes_equal(path, SKR_BYTES("CreateBucketConfiguration/LocationConstraint")) && ends) {
        creation->location = skr_arena_copy(creation->arena, text);
        return creation->location.data != NULL;
    }
    static const char *const others[] = {"Location", "Bucket", "Tags"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (skr_bytes_starts_with(path, SKR_BYTES("CreateBucketConfiguration/")) &&
            skr_bytes_starts_with((struct skr_bytes){path.data + 26, path.size - 26}, skr_text(others[i])))
            return creation->unsupported = true;
    return skr_bytes_equal(path, SKR_BYTES("CreateBucketConfiguration"));
}

bool skr_s3_creation_parse(struct skr_arena *arena, struct skr_bytes document, struct skr_bytes *location, bool *unsupported)
{
    struct skr_s3_creation creation = {.arena = arena};
    bool parsed = skr_xml_parse(document, skr_s3_visit_creation, &creation);
    *location = creation.location;
    *unsupported = creation.unsupported;
    return parsed;
}

static bool skr_s3_location_is_valid(struct skr_s3_call *call, struct skr_bytes location)
{
    struct skr_bytes region = call->s3->options.region;
    for (size_t i = 0; i < location.size; i++) {
        char c = location.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return location.size == 0 || (location.size <= 63 && skr_bytes_equal(region, SKR_BYTES("*"))) ||
           skr_bytes_equal(location, region) ||
           (skr_bytes_equal(region, SKR_BYTES("us-east-1")) && skr_bytes_equal(location, SKR_BYTES("US")));
}

static void skr_s3_create(struct skr_s3_call *call, struct skr_bytes document)
{
    struct skr_bytes location = SKR_NO_BYTES;
    bool unsupported = false;
    struct skr_container_settings settings = {.set_documents = 0};
    struct skr_bytes properties[SKR_PROPERTY_COUNT] = {{0}};
    if (document.size > 0 && !skr_s3_creation_parse(call->arena, document, &location, &unsupported)) {
        skr_s3_refuse(call, SKR_S3_MALFORMED_XML);
        return;
    }
    if (unsupported) {
        skr_s3_refuse(call, SKR_S3_NOT_IMPLEMENTED);
        return;
    }
    if (!skr_s3_location_is_valid(call, location)) {
        skr_s3_refuse(call, SKR_S3_ILLEGAL_LOCATION);
        return;
    }
    if (!skr_s3_properties(call, properties))
        return;
    if (location.size > 0) {
        settings.set_documents |= 1u << SKR_DOCUMENT_LOCATION;
        settings.documents[SKR_DOCUMENT_LOCATION] = location;
    }
    if (properties[SKR_PROPERTY_CANNED_ACL].data != NULL) {
        settings.set_documents |= 1u << SKR_DOCUMENT_CANNED_ACL;
        settings.documents[SKR_DOCUMENT_CANNED_ACL] = properties[SKR_PROPERTY_CANNED_ACL];
    }
    struct skr_bytes ownership = skr_s3_header(call, "x-amz-object-ownership");
    if (skr_bytes_equal(ownership, SKR_BYTES(SKR_S3_OWNER_ENFORCED)) &&
        skr_s3_acl_is_public(properties[SKR_PROPERTY_CANNED_ACL])) {
        skr_s3_refuse(call, SKR_S3_INVALID_ACL_WITH_OWNERSHIP);
        return;
    }
    if (ownership.size > 0) {
        settings.set_documents |= 1u << SKR_DOCUMENT_OWNERSHIP;
        settings.documents[SKR_DOCUMENT_OWNERSHIP] = ownership;
    }
    skr_s3_wait(call, skr_create_container(call->worker, call->principal.account, call->target.container, &settings,
                                           skr_s3_bucket_created, call));
}

SKR_S3_HANDLER(create_bucket)
{
    struct skr_s3_call *call = context;
    if (!skr_s3_bucket_name_is_valid(call->target.container))
        skr_s3_fail(call, SKR_S3_INVALID_BUCKET_NAME, NULL, (struct skr_s3_detail){"BucketName", call->target.container},
                    SKR_S3_NO_DETAIL);
    else if (call->has_container && !skr_bytes_equal(call->target.account, call->principal.account))
        skr_s3_fail(call, SKR_S3_BUCKET_ALREADY_EXISTS, NULL, (struct skr_s3_detail){"BucketName", call->target.container},
                    SKR_S3_NO_DETAIL);
    else
        skr_s3_receive_document(call, skr_s3_create);
}

/* ---- removing, asking ---- */

static void skr_s3_bucket_deleted(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    if (!skr_s3_settled(call, result))
        return;
    skr_s3_common_headers(call);
    skr_s3_reply(call, 204);
}

SKR_S3_HANDLER(delete_bucket)
{
    struct skr_s3_call *call = context;
    if (skr_s3_bucket_exists(call))
        skr_s3_wait(call, skr_delete_container(call->worker, call->target.account, call->target.container, NULL, true,
                                               skr_s3_bucket_deleted, call));
}

struct skr_bytes skr_s3_bucket_region(const struct skr_s3_call *call, const struct skr_container *container)
{
    struct skr_bytes location = container->documents[SKR_DOCUMENT_LOCATION], region = call->s3->options.region;
    if (location.size > 0 && !skr_bytes_equal(location, SKR_BYTES("US")))
        return location;
    return skr_bytes_equal(region, SKR_BYTES("*")) ? SKR_BYTES("us-east-1") : region;
}

SKR_S3_HANDLER(head_bucket)
{
    struct skr_s3_call *call = context;
    if (!skr_s3_bucket_exists(call))
        return;
    skr_s3_common_headers(call);
    skr_exchange_header(call->exchange, "x-amz-bucket-region", skr_s3_bucket_region(call, &call->container));
    skr_exchange_header(call->exchange, "x-amz-access-point-alias", SKR_BYTES("false"));
    skr_s3_reply(call, 200);
}

SKR_S3_HANDLER(get_bucket_location)
{
    struct skr_s3_call *call = context;
    struct skr_xml xml;
    if (!skr_s3_bucket_exists(call))
        return;
    struct skr_bytes region = skr_s3_bucket_region(call, &call->container);
    skr_s3_xml_open(&xml, "LocationConstraint"); /* that of us-east-1 is the empty text */
    if (!skr_bytes_equal(region, SKR_BYTES("us-east-1")))
        skr_xml_raw(&xml, region); /* letters, digits, '-' */
    skr_xml_end(&xml, "LocationConstraint");
    skr_s3_send_xml(call, 200, &xml);
}

/* ---- versioning ---- */

SKR_S3_HANDLER(get_bucket_versioning)
{
    struct skr_s3_call *call = context;
    struct skr_xml xml;
    if (!skr_s3_bucket_exists(call))
        return;
    skr_s3_xml_open(&xml, "VersioningConfiguration");
    if (call->container.versioning != SKR_VERSIONING_OFF)
        skr_xml_element(&xml, "Status",
                        call->container.versioning == SKR_VERSIONING_ENABLED ? SKR_BYTES("Enabled") : SKR_BYTES("Suspended"));
    skr_xml_end(&xml, "VersioningConfiguration");
    skr_s3_send_xml(call, 200, &xml);
}

void skr_s3_bucket_changed(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    if (!skr_s3_settled(call, result))
        return;
    skr_s3_common_headers(call);
    skr_s3_reply(call, call->request->method == SKR_DELETE ? 204 : 200);
}

static bool skr_s3_visit_versioning(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_s3_versioning_request *request = context;
    if (skr_bytes_equal(path, SKR_BYTES("VersioningConfiguration/Status")) && ends) {
        if (skr_bytes_equal(text, SKR_BYTES("Enabled")))
            request->versioning = SKR_VERSIONING_ENABLED;
        else if (skr_bytes_equal(text, SKR_BYTES("Suspended")))
            request->versioning = SKR_VERSIONING_SUSPENDED;
        else
            request->invalid = true;
    } else if (skr_bytes_equal(path, SKR_BYTES("VersioningConfiguration/MfaDelete")) && ends) {
        request->mfa_delete = !skr_bytes_equal(text, SKR_BYTES("Disabled"));
    }
    return skr_bytes_equal(path, SKR_BYTES("VersioningConfiguration")) ||
           skr_bytes_equal(path, SKR_BYTES("VersioningConfiguration/Status")) ||
           skr_bytes_equal(path, SKR_BYTES("VersioningConfiguration/MfaDelete"));
}

bool skr_s3_versioning_parse(struct skr_bytes document, struct skr_s3_versioning_request *out)
{
    *out = (struct skr_s3_versioning_request){.versioning = SKR_VERSIONING_OFF};
    return skr_xml_parse(document, skr_s3_visit_versioning, out) && !out->invalid;
}

static void skr_s3_versioning_received(struct skr_s3_call *call, struct skr_bytes document)
{
    struct skr_s3_versioning_request request;
    if (!skr_s3_versioning_parse(document, &request)) {
        skr_s3_refuse_document(call, document);
    } else if (request.mfa_delete) {
        skr_s3_refuse(call, SKR_S3_NOT_IMPLEMENTED);
    } else if (request.versioning == SKR_VERSIONING_OFF) {
        skr_s3_refuse(call, SKR_S3_ILLEGAL_VERSIONING);
    } else {
        struct skr_container_settings settings = {.set_versioning = true, .versioning = request.versioning};
        skr_s3_wait(call, skr_update_container(call->worker, call->target.account, call->target.container, NULL, &settings,
                                               skr_s3_bucket_changed, call));
    }
}

SKR_S3_HANDLER(put_bucket_versioning)
{
    struct skr_s3_call *call = context;
    if (skr_s3_bucket_exists(call))
        skr_s3_receive_document(call, skr_s3_versioning_received);
}
