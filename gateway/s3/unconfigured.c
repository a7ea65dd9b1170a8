/* Settings of a bucket or an object that are not offered: reading says that nothing is configured, as S3 says it; removing what
 * is not there succeeds; setting is refused, so that nothing is accepted and ignored. */
#include "call.h"

static void skr_s3_absent(struct skr_s3_call *call, enum skr_s3_error error)
{
    if (skr_s3_bucket_exists(call))
        skr_s3_fail(call, error, NULL, (struct skr_s3_detail){"BucketName", call->target.container}, SKR_S3_NO_DETAIL);
}

#define SKR_S3_ABSENT(name, error)                                                                                             \
    SKR_S3_HANDLER(name)                                                                                                       \
    {                                                                                                                          \
        skr_s3_absent(context, error);                                                                                         \
    }
SKR_S3_ABSENT(get_bucket_policy, SKR_S3_NO_SUCH_POLICY)
SKR_S3_ABSENT(get_bucket_lifecycle, SKR_S3_NO_SUCH_LIFECYCLE)
SKR_S3_ABSENT(get_bucket_encryption, SKR_S3_NO_SUCH_ENCRYPTION)
SKR_S3_ABSENT(get_object_lock, SKR_S3_NO_SUCH_OBJECT_LOCK)
SKR_S3_ABSENT(get_bucket_replication, SKR_S3_NO_SUCH_REPLICATION)
SKR_S3_ABSENT(get_bucket_website, SKR_S3_NO_SUCH_WEBSITE)
SKR_S3_ABSENT(get_object_retention, SKR_S3_NO_OBJECT_LOCK)

static void skr_s3_empty_document(struct skr_s3_call *call, const char *root, const char *element, struct skr_bytes text)
{
    struct skr_xml xml;
    if (!skr_s3_bucket_exists(call))
        return;
    skr_s3_xml_open(&xml, root);
    if (element != NULL)
        skr_xml_element(&xml, element, text);
    skr_xml_end(&xml, root);
    skr_s3_send_xml(call, 200, &xml);
}

SKR_S3_HANDLER(get_bucket_notification)
{
    skr_s3_empty_document(context, "NotificationConfiguration", NULL, SKR_NO_BYTES);
}

SKR_S3_HANDLER(get_bucket_logging)
{
    skr_s3_empty_document(context, "BucketLoggingStatus", NULL, SKR_NO_BYTES);
}

SKR_S3_HANDLER(get_bucket_accelerate)
{
    skr_s3_empty_document(context, "AccelerateConfiguration", NULL, SKR_NO_BYTES);
}

SKR_S3_HANDLER(get_bucket_request_payment)
{
    skr_s3_empty_document(context, "RequestPaymentConfiguration", "Payer", SKR_BYTES("BucketOwner"));
}

SKR_S3_HANDLER(remove_unconfigured)
{
    struct skr_s3_call *call = context;
    if (!skr_s3_bucket_exists(call))
        return;
    skr_s3_common_headers(call);
    skr_s3_reply(call, 204);
}

SKR_S3_HANDLER(not_implemented)
{
    struct skr_s3_call *call = context;
    if (call->target.container.size == 0 || skr_s3_bucket_exists(call))
        skr_s3_refuse(call, SKR_S3_NOT_IMPLEMENTED);
}
