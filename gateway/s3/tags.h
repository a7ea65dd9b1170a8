/* Tags of objects and buckets: from the x-amz-tagging header, from and to documents. Pure. */
#ifndef SKERRY_S3_TAGS_H
#define SKERRY_S3_TAGS_H

#include "skerry/records.h"
#include "skerry/xml.h"

struct skr_s3_call;

enum skr_s3_tags_problem {
    SKR_S3_TAGS_FINE = 0,
    SKR_S3_TAGS_MALFORMED, /* not the form that was expected */
    SKR_S3_TAGS_TOO_MANY,
    SKR_S3_TAGS_KEY,       /* empty, too long, or with characters that tags do not have */
    SKR_S3_TAGS_VALUE,
    SKR_S3_TAGS_SYSTEM,    /* begins with "aws:" */
    SKR_S3_TAGS_DUPLICATE,
    SKR_S3_TAGS_NO_MEMORY,
};

struct skr_s3_tags {
    struct skr_name_value *pairs; /* in the arena */
    size_t count, limit;
};

/* "a=1&b=2", percent-encoded. */
enum skr_s3_tags_problem skr_s3_tags_parse_query(struct skr_arena *arena, struct skr_bytes text, size_t limit, struct skr_s3_tags *out);
/* <Tagging><TagSet><Tag><Key/><Value/></Tag>... */
enum skr_s3_tags_problem skr_s3_tags_parse_xml(struct skr_arena *arena, struct skr_bytes document, size_t limit, struct skr_s3_tags *out);
/* The whole document Tagging. */
void skr_s3_tags_render(struct skr_xml *xml, const struct skr_name_value *tags, size_t count);
/* Answers the call. `too_many` is the message for that. */
void skr_s3_tags_fail(struct skr_s3_call *call, enum skr_s3_tags_problem problem, bool in_header, const char *too_many);

#endif
