/* PutObject, and what every way to make an object shares. */
#include "objects.h"
#include "public_access.h"
#include "tags.h"

void skr_s3_invalid_request(struct skr_s3_call *call, const char *message)
{
    skr_s3_fail(call, SKR_S3_INVALID_REQUEST, message, SKR_S3_NO_DETAIL, SKR_S3_NO_DETAIL);
}

static bool skr_s3_if_match(const struct skr_conditions *conditions)
{
    return conditions->if_match_any || conditions->if_match_count > 0;
}

void skr_s3_fail_write(struct skr_s3_call *call, enum skr_status status)
{
    const struct skr_conditions *conditions = &call->conditions;
    struct skr_object_name current = call->name;
    struct skr_object object;
    struct skr_error error;
    if (status != SKR_CONDITION_FAILED && status != SKR_OBJECT_EXISTS) {
        skr_s3_fail_status(call, status);
        return;
    }
    current.version = (struct skr_version){.is_given = false};
    if (status == SKR_CONDITION_FAILED && skr_s3_if_match(conditions) &&
        skr_open_object(call->worker, call->arena, &current, NULL, &object, NULL, &error) == SKR_OBJECT_NOT_FOUND) {
        skr_s3_fail_status(call, SKR_OBJECT_NOT_FOUND);
        return;
    }
    const char *condition = status == SKR_CONDITION_FAILED && skr_s3_if_match(conditions) ? "If-Match"
                            : conditions->has_unmodified_since                            ? "If-Unmodified-Since"
                                                                                          : "If-None-Match";
    skr_s3_fail(call, SKR_S3_PRECONDITION_FAILED, NULL, (struct skr_s3_detail){"Condition", skr_text(condition)},
                SKR_S3_NO_DETAIL);
}

static bool skr_s3_given_tags(struct skr_s3_call *call, struct skr_put *put)
{
    struct skr_tags tags;
    bool in_form = call->form != NULL; /* there they are a document */
    struct skr_bytes text = skr_s3_header(call, in_form ? "tagging" : "x-amz-tagging");
    if (text.size == 0)
        return true;
    enum skr_tags_problem problem = in_form ? skr_tags_parse_xml(call->arena, text, "Tagging", &skr_s3_object_tags, &tags)
                                            : skr_tags_parse_query(call->arena, text, &skr_s3_object_tags, &tags);
    if (problem != SKR_TAGS_FINE) {
        skr_s3_tags_fail(call, problem, !in_form, "Object tags cannot be greater than 10");
        return false;
    }
    put->tags = tags.pairs;
    put->tag_count = tags.count;
    return true;
}

static bool skr_s3_redirect_is_valid(struct skr_bytes location)
{
    return location.size == 0 || location.data[0] == '/' || skr_bytes_starts_with(location, SKR_BYTES("http://")) ||
           skr_bytes_starts_with(location, SKR_BYTES("https://"));
}

bool skr_s3_makes_a_version(struct skr_s3_call *call)
{
    if (!call->name.version.is_given)
        return true;
    skr_s3_fail_argument(call, "This operation does not accept a version-id.", "versionId", skr_s3_query(call, "versionId"));
    return false;
}

bool skr_s3_begin_put(struct skr_s3_call *call, struct skr_put *put)
{
    struct skr_error error;
    *put = (struct skr_put){.name = call->name, .conditions = &call->conditions, .etag_kind = SKR_ETAG_MD5};
    if (!skr_s3_bucket_exists(call) || !skr_s3_makes_a_version(call) || !skr_s3_properties(call, put->properties) ||
        !skr_s3_acl_may_be_put(call, skr_s3_header(call, "x-amz-acl")) ||
        !skr_s3_metadata(call, &put->metadata, &put->metadata_count) || !skr_s3_given_tags(call, put))
        return false;
    if (!skr_s3_redirect_is_valid(put->properties[SKR_PROPERTY_WEBSITE_REDIRECT])) {
        skr_s3_fail_argument(call, "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
                             "x-amz-website-redirect-location", put->properties[SKR_PROPERTY_WEBSITE_REDIRECT]);
        return false;
    }
    enum skr_status status = skr_precheck(call->worker, &put->name, &call->conditions, false, &error);
    if (status != SKR_OK)
        skr_s3_fail_write(call, status);
    return status == SKR_OK;
}

/* ---- PutObject ---- */

static void skr_s3_object_stored(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    call->pending = NULL;
    if (result->status != SKR_OK) {
        skr_s3_fail_write(call, result->status);
        return;
    }
    skr_s3_common_headers(call);
    skr_s3_etag_header(call, result->object->etag);
    skr_s3_version_header(call, "x-amz-version-id", result->object);
    skr_s3_checksum_headers(call, result->object);
    skr_s3_reply(call, 200);
}

void skr_s3_store_object(struct skr_s3_call *call, skr_done done)
{
    struct skr_put *put = call->state;
    struct skr_ingest *ingest = call->incoming.ingest;
    const struct skr_digests *digests = skr_ingest_digests(ingest);
    put->has_md5 = true;
    memcpy(put->md5, digests->md5, sizeof put->md5);
    call->incoming.ingest = NULL;
    skr_s3_wait(call, skr_put_object(call->worker, put, ingest, done, call));
}

static void skr_s3_object_received(struct skr_s3_call *call)
{
    skr_s3_store_object(call, skr_s3_object_stored);
}

SKR_S3_HANDLER(put_object)
{
    struct skr_s3_call *call = context;
    struct skr_put *put = skr_arena_alloc(call->arena, sizeof *put);
    const char *alone = skr_s3_query(call, "partNumber").data != NULL ? "partNumber" : "uploadId";
    if (put == NULL) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
    } else if (skr_s3_query(call, alone).data != NULL) { /* half of a part must not replace the object */
        skr_s3_fail_argument(call, "This operation needs partNumber and uploadId together", alone, skr_s3_query(call, alone));
    } else if (skr_s3_expected_digests(call) && skr_s3_begin_put(call, put)) {
        enum skr_checksum_kind kind = call->incoming.expected.checksum.kind;
        call->state = put;
        skr_s3_receive_object(call, kind != SKR_CHECKSUM_NONE ? kind : SKR_CHECKSUM_CRC64NVME, 0, skr_s3_object_received);
    }
}
