/* The access control list of a bucket: the name of a canned one, kept with the bucket. */
#include "acl.h"
#include "listing.h"

SKR_S3_HANDLER(get_bucket_acl)
{
    struct skr_s3_call *call = context;
    struct skr_xml xml;
    if (!skr_s3_bucket_exists(call))
        return;
    skr_s3_acl_render(&xml, call->target.account, call->container.documents[SKR_DOCUMENT_CANNED_ACL]);
    skr_s3_send_xml(call, 200, &xml);
}

static void skr_s3_bucket_acl_chosen(struct skr_s3_call *call, struct skr_bytes canned)
{
    struct skr_container_settings settings = {.set_documents = 1u << SKR_DOCUMENT_CANNED_ACL};
    settings.documents[SKR_DOCUMENT_CANNED_ACL] = canned;
    skr_s3_wait(call, skr_update_container(call->worker, call->target.account, call->target.container, NULL, &settings,
                                           skr_s3_bucket_changed, call));
}

SKR_S3_HANDLER(put_bucket_acl)
{
    struct skr_s3_call *call = context;
    if (skr_s3_bucket_exists(call))
        skr_s3_acl_receive(call, skr_s3_bucket_acl_chosen);
}
