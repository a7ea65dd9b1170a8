/* Tags of objects and buckets as S3 has them. Reading and writing the texts: skerry/tags.h. */
#ifndef SKERRY_S3_TAGS_H
#define SKERRY_S3_TAGS_H

#include "skerry/tags.h"

struct skr_s3_call;

extern const struct skr_tag_rules skr_s3_object_tags, skr_s3_bucket_tags;

/* The whole document Tagging. */
void skr_s3_tags_render(struct skr_xml *xml, const struct skr_name_value *tags, size_t count);
/* Answers the call. `too_many` is the message for that. */
void skr_s3_tags_fail(struct skr_s3_call *call, enum skr_tags_problem problem, bool in_header, const char *too_many);

#endif
