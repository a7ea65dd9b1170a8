/* Get Blob Tags, Set Blob Tags, and the tags of a blob that is being written. Source: "Set Blob Tags". */
#include "tags.h"

#include "skerry/tags.h"

static const struct skr_tag_rules skr_blob_tags = {.most = 10, .signs = " +-./:=_"};

/* Answers. `header`: where they were; NULL: in a document. */
static void skr_call_fail_tags(struct skr_call *call, enum skr_tags_problem problem, const char *header)
{
    if (problem == SKR_TAGS_NO_MEMORY)
        skr_call_fail_status(call, SKR_NO_MEMORY);
    else if (problem == SKR_TAGS_MALFORMED && header != NULL)
        skr_call_fail_header(call, header);
    else if (problem == SKR_TAGS_MALFORMED)
        skr_call_refuse(call, SKR_BLOB_INVALID_XML);
    else if (problem == SKR_TAGS_KEY_EMPTY)
        skr_call_refuse(call, SKR_BLOB_TAG_EMPTY);
    else if (problem == SKR_TAGS_KEY_TWICE)
        skr_call_refuse(call, SKR_BLOB_TAG_TWICE);
    else if (problem == SKR_TAGS_KEY_LETTERS || problem == SKR_TAGS_VALUE_LETTERS)
        skr_call_refuse(call, SKR_BLOB_TAG_INVALID);
    else
        skr_call_refuse(call, SKR_BLOB_TAGS_TOO_LARGE);
}

bool skr_call_may_tag(struct skr_call *call)
{
    struct skr_error error = {.message = ""};
    if ((call->principal.permissions & SKR_PERMISSION_TAGS) != 0)
        return true;
    skr_call_fail_auth(call, SKR_AUTH_PERMISSION_MISMATCH, &error);
    return false;
}

bool skr_call_tags_header(struct skr_call *call)
{
    struct skr_bytes text = skr_call_header(call, "x-ms-tags");
    struct skr_tags tags;
    if (text.size == 0)
        return true;
    if (!skr_call_may_tag(call))
        return false;
    enum skr_tags_problem problem = skr_tags_parse_query(call->arena, text, &skr_blob_tags, &tags);
    if (problem != SKR_TAGS_FINE) {
        skr_call_fail_tags(call, problem, "x-ms-tags");
        return false;
    }
    call->put.tags = tags.pairs;
    call->put.tag_count = tags.count;
    return true;
}

void skr_call_tag_count_header(struct skr_call *call, const struct skr_object *object)
{
    if (object->tag_count > 0)
        skr_exchange_header_u64(call->exchange, "x-ms-tag-count", object->tag_count);
}

/* ---- operations ---- */

SKR_HANDLER(get_blob_tags)
{
    struct skr_call *call = context;
    struct skr_error error;
    struct skr_xml xml;
    enum skr_status status =
        skr_open_object(call->worker, call->arena, &call->name, &call->conditions, &call->object, NULL, &error);
    if (status != SKR_OK) {
        skr_call_fail_status(call, status);
        return;
    }
    skr_xml_open(&xml);
    skr_xml_begin(&xml, "Tags");
    skr_tags_render(&xml, call->object.tags, call->object.tag_count);
    skr_xml_end(&xml, "Tags");
    skr_call_common_headers(call);
    skr_exchange_header(call->exchange, "Content-Type", SKR_BYTES("application/xml"));
    skr_exchange_send(call->exchange, 200, skr_xml_bytes(&xml), false);
    skr_xml_close(&xml);
}

static void skr_tags_changed(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_call_settled(call, result))
        return;
    skr_call_common_headers(call);
    skr_call_reply(call, 204);
}

static void skr_tags_received(void *context, struct skr_bytes body)
{
    struct skr_call *call = context;
    struct skr_tags tags;
    if (!skr_call_document_matches(call, body))
        return;
    enum skr_tags_problem problem = skr_tags_parse_xml(call->arena, body, "Tags", &skr_blob_tags, &tags);
    if (problem != SKR_TAGS_FINE) {
        skr_call_fail_tags(call, problem, NULL);
        return;
    }
    struct skr_object_settings settings = {.set_tags = true, .tags = tags.pairs, .tag_count = tags.count};
    skr_call_wait(call, skr_update_object(call->worker, &call->name, &call->conditions, &settings, skr_tags_changed, call));
}

SKR_HANDLER(set_blob_tags)
{
    struct skr_call *call = context;
    if (skr_call_digests(call, "content-md5", "x-ms-content-crc64", &call->expected))
        skr_exchange_receive_all(call->exchange, (size_t)call->operation->body_limit_bytes, skr_tags_received, call);
}
