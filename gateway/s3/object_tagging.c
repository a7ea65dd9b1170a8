/* GetObjectTagging, PutObjectTagging, DeleteObjectTagging; GetObjectAcl, PutObjectAcl: what changes of an object beside its
 * bytes. Neither makes a new version, nor another entity tag. */
#include "acl.h"
#include "objects.h"
#include "public_access.h"
#include "tags.h"

static bool skr_s3_look(struct skr_s3_call *call, struct skr_object *object)
{
    return skr_s3_bucket_exists(call) && skr_s3_open_object(call, NULL, object, NULL);
}

/* Before it is changed. What is not known here may be upstream: the change finds out, and says so if it is not. */
static bool skr_s3_look_to_change(struct skr_s3_call *call)
{
    struct skr_object object;
    struct skr_error error;
    if (skr_open_object(call->worker, call->arena, &call->name, NULL, &object, NULL, &error) == SKR_OBJECT_NOT_FOUND &&
        object.kind == 0)
        return skr_s3_bucket_exists(call);
    return skr_s3_look(call, &object);
}

static void skr_s3_change(struct skr_s3_call *call, const struct skr_object_settings *settings, skr_done done)
{
    skr_s3_wait(call, skr_update_object(call->worker, &call->name, &call->conditions, settings, done, call));
}

static void skr_s3_changed(struct skr_s3_call *call, const struct skr_result *result, int http_status)
{
    if (!skr_s3_settled(call, result))
        return;
    skr_s3_common_headers(call);
    skr_s3_version_header(call, "x-amz-version-id", result->object);
    skr_s3_reply(call, http_status);
}

static void skr_s3_put_done(void *context, const struct skr_result *result)
{
    skr_s3_changed(context, result, 200);
}

static void skr_s3_delete_done(void *context, const struct skr_result *result)
{
    skr_s3_changed(context, result, 204);
}

/* ---- tags ---- */

SKR_S3_HANDLER(get_object_tagging)
{
    struct skr_s3_call *call = context;
    struct skr_object object;
    struct skr_xml xml;
    if (!skr_s3_look(call, &object))
        return;
    skr_s3_tags_render(&xml, object.tags, object.tag_count);
    skr_s3_version_header(call, "x-amz-version-id", &object);
    skr_s3_send_xml(call, 200, &xml);
}

static void skr_s3_tagging_received(struct skr_s3_call *call, struct skr_bytes document)
{
    struct skr_tags tags;
    enum skr_tags_problem problem = skr_tags_parse_xml(call->arena, document, "Tagging", &skr_s3_object_tags, &tags);
    if (document.size == 0) {
        skr_s3_refuse_document(call, document);
    } else if (problem != SKR_TAGS_FINE) {
        skr_s3_tags_fail(call, problem, false, "Object tags cannot be greater than 10");
    } else {
        struct skr_object_settings settings = {.set_tags = true, .tags = tags.pairs, .tag_count = tags.count};
        skr_s3_change(call, &settings, skr_s3_put_done);
    }
}

SKR_S3_HANDLER(put_object_tagging)
{
    struct skr_s3_call *call = context;
    if (skr_s3_look_to_change(call))
        skr_s3_receive_document(call, skr_s3_tagging_received);
}

SKR_S3_HANDLER(delete_object_tagging)
{
    struct skr_s3_call *call = context;
    struct skr_object_settings settings = {.set_tags = true};
    if (skr_s3_look_to_change(call))
        skr_s3_change(call, &settings, skr_s3_delete_done);
}

/* ---- access control lists ---- */

SKR_S3_HANDLER(get_object_acl)
{
    struct skr_s3_call *call = context;
    struct skr_object object;
    struct skr_xml xml;
    if (!skr_s3_look(call, &object))
        return;
    bool means_nothing = skr_s3_is_enforced(&call->container);
    skr_s3_acl_render(&xml, call->target.account, means_nothing ? SKR_NO_BYTES : object.properties[SKR_PROPERTY_CANNED_ACL]);
    skr_s3_version_header(call, "x-amz-version-id", &object);
    skr_s3_send_xml(call, 200, &xml);
}

static void skr_s3_object_acl_chosen(struct skr_s3_call *call, struct skr_bytes canned)
{
    struct skr_object_settings settings = {.set_properties = 1u << SKR_PROPERTY_CANNED_ACL};
    settings.properties[SKR_PROPERTY_CANNED_ACL] = canned;
    skr_s3_change(call, &settings, skr_s3_put_done);
}

SKR_S3_HANDLER(put_object_acl)
{
    struct skr_s3_call *call = context;
    if (skr_s3_look_to_change(call))
        skr_s3_acl_receive(call, skr_s3_object_acl_chosen);
}
