/* The form of a browser's upload, as it comes in. */
#ifndef SKERRY_S3_FORM_H
#define SKERRY_S3_FORM_H

#include "call.h"

/* Receives the body: its fields into call->form, then authenticates them and admits the call with the key that they name; the
 * file's bytes go to the ingest that the row's handler opened. */
void skr_s3_form_receive(struct skr_s3_call *call);
/* The field that stands for a header: by the same name, and `acl` for x-amz-acl. `data` NULL: not there. */
struct skr_bytes skr_s3_form_header(const struct skr_s3_form *form, const char *header);
/* False after the last one. */
bool skr_s3_form_field_at(const struct skr_s3_form *form, size_t index, struct skr_name_value *out);
void skr_s3_form_close(struct skr_s3_form *form); /* NULL-safe */

#endif
