/* The S3 port before there is an S3 front end: every request is told so in S3's own form. */
#include "commands.h"

static const char skr_s3_answer[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NotImplemented</Code><Message>This version of Skerry does not serve S3 "
    "yet.</Message></Error>";

static void skr_s3_handle(void *context, struct skr_exchange *exchange)
{
    (void)context;
    skr_exchange_label(exchange, "none", SKR_BYTES(""));
    skr_exchange_header(exchange, "Content-Type", SKR_BYTES("application/xml"));
    skr_exchange_send(exchange, 501, SKR_BYTES(skr_s3_answer), false);
}

static void skr_s3_refuse(void *context, struct skr_exchange *exchange, int http_status, enum skr_status status)
{
    (void)context, (void)status;
    skr_exchange_send(exchange, http_status, SKR_BYTES(""), true);
}

const struct skr_face skr_unavailable_s3_face = {.name = "s3", .handle = skr_s3_handle, .refuse = skr_s3_refuse};
