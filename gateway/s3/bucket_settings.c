/* Settings of a bucket that are kept as small documents: its canned access control list and its tags. */
#include "acl.h"
#include "listing.h"
#include "public_access.h"
#include "tags.h"

void skr_s3_set_bucket_document(struct skr_s3_call *call, enum skr_container_document which, struct skr_bytes document)
{
    struct skr_container_settings settings = {.set_documents = 1u << which};
    settings.documents[which] = document;
    skr_s3_wait(call, skr_update_container(call->worker, call->target.account, call->target.container, NULL, &settings,
                                           skr_s3_bucket_changed, call));
}

/* ---- access control list ---- */

SKR_S3_HANDLER(get_bucket_acl)
{
    struct skr_s3_call *call = context;
    struct skr_xml xml;
    if (!skr_s3_bucket_exists(call))
        return;
    skr_s3_acl_render(&xml, call->target.account, skr_s3_bucket_acl(&call->container));
    skr_s3_send_xml(call, 200, &xml);
}

static void skr_s3_bucket_acl_chosen(struct skr_s3_call *call, struct skr_bytes canned)
{
    skr_s3_set_bucket_document(call, SKR_DOCUMENT_CANNED_ACL, canned);
}

SKR_S3_HANDLER(put_bucket_acl)
{
    struct skr_s3_call *call = context;
    if (skr_s3_bucket_exists(call))
        skr_s3_acl_receive(call, skr_s3_bucket_acl_chosen);
}

/* ---- tags ---- */

SKR_S3_HANDLER(get_bucket_tagging)
{
    struct skr_s3_call *call = context;
    if (!skr_s3_bucket_exists(call))
        return;
    struct skr_bytes document = call->container.documents[SKR_DOCUMENT_TAGGING];
    if (document.data == NULL) {
        skr_s3_fail(call, SKR_S3_NO_SUCH_TAG_SET, NULL, (struct skr_s3_detail){"BucketName", call->target.container},
                    SKR_S3_NO_DETAIL);
        return;
    }
    skr_s3_common_headers(call);
    skr_exchange_header(call->exchange, "Content-Type", SKR_BYTES("application/xml"));
    skr_exchange_send(call->exchange, 200, document, true);
}

static void skr_s3_bucket_tags_received(struct skr_s3_call *call, struct skr_bytes document)
{
    struct skr_tags tags;
    struct skr_xml xml;
    enum skr_tags_problem problem = skr_tags_parse_xml(call->arena, document, "Tagging", &skr_s3_bucket_tags, &tags);
    if (document.size == 0) {
        skr_s3_refuse_document(call, document);
        return;
    }
    if (problem != SKR_TAGS_FINE) {
        skr_s3_tags_fail(call, problem, false, "Bucket tag count cannot be greater than 50");
        return;
    }
    skr_s3_tags_render(&xml, tags.pairs, tags.count);
    if (xml.failed)
        skr_s3_fail_status(call, SKR_NO_MEMORY);
    else
        skr_s3_set_bucket_document(call, SKR_DOCUMENT_TAGGING, skr_xml_bytes(&xml));
    skr_xml_close(&xml);
}

SKR_S3_HANDLER(put_bucket_tagging)
{
    struct skr_s3_call *call = context;
    if (skr_s3_bucket_exists(call))
        skr_s3_receive_document(call, skr_s3_bucket_tags_received);
}

SKR_S3_HANDLER(delete_bucket_tagging)
{
    struct skr_s3_call *call = context;
    if (skr_s3_bucket_exists(call))
        skr_s3_set_bucket_document(call, SKR_DOCUMENT_TAGGING, SKR_NO_BYTES);
}
