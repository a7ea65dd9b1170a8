/* See tags.h. Source: "Amazon S3 User Guide", Categorizing your objects using tags. */
#include "tags.h"

#include "call.h"
#include "objects.h"

/* Letters, digits and spaces of any script, and a few signs. */
const struct skr_tag_rules skr_s3_object_tags = {.most = 10, .any_script = true, .signs = " +-=._:/@", .reserved = "aws:"};
const struct skr_tag_rules skr_s3_bucket_tags = {.most = 50, .any_script = true, .signs = " +-=._:/@", .reserved = "aws:"};

void skr_s3_tags_render(struct skr_xml *xml, const struct skr_name_value *tags, size_t count)
{
    skr_s3_xml_open(xml, "Tagging");
    skr_tags_render(xml, tags, count);
    skr_xml_end(xml, "Tagging");
}

void skr_s3_tags_fail(struct skr_s3_call *call, enum skr_tags_problem problem, bool in_header, const char *too_many)
{
    static const char key[] = "The TagKey you have provided is invalid", value[] = "The TagValue you have provided is invalid";
    static const char *const messages[] = {
        [SKR_TAGS_KEY_EMPTY] = key,
        [SKR_TAGS_KEY_LONG] = key,
        [SKR_TAGS_KEY_LETTERS] = key,
        [SKR_TAGS_KEY_RESERVED] = "System tags cannot be added/updated by requester",
        [SKR_TAGS_KEY_TWICE] = "Cannot provide multiple Tags with the same key",
        [SKR_TAGS_VALUE_LONG] = value,
        [SKR_TAGS_VALUE_LETTERS] = value,
    };
    bool encoding = problem == SKR_TAGS_MALFORMED || problem == SKR_TAGS_KEY_TWICE;
    if (problem == SKR_TAGS_NO_MEMORY)
        skr_s3_fail_status(call, SKR_NO_MEMORY);
    else if (problem == SKR_TAGS_TOO_MANY)
        skr_s3_fail(call, SKR_S3_TOO_MANY_TAGS, too_many, SKR_S3_NO_DETAIL, SKR_S3_NO_DETAIL);
    else if (in_header && encoding)
        skr_s3_fail_argument(
            call,
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
            "duplicates.",
            "x-amz-tagging", skr_s3_header(call, "x-amz-tagging"));
    else if (problem == SKR_TAGS_MALFORMED)
        skr_s3_refuse(call, SKR_S3_MALFORMED_XML);
    else
        skr_s3_fail(call, SKR_S3_INVALID_TAG, messages[problem], SKR_S3_NO_DETAIL, SKR_S3_NO_DETAIL);
}
