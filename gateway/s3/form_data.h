/* multipart/form-data as it comes: fields that are kept until a part named "file" begins, then that part's bytes, passed on as
 * they arrive; what comes after it is looked through for the end, and ignored. Every byte is hostile: what is kept is bounded,
 * and nothing is guessed about bytes that could be read in two ways. Pure, one thread. Sources: RFC 7578, RFC 2046 5.1.1.
 */
#ifndef SKERRY_S3_FORM_DATA_H
#define SKERRY_S3_FORM_DATA_H

#include "skerry/bytes.h"

#define SKR_S3_FORM_MOST_BYTES 20480 /* of what comes before the file's bytes, boundaries and headers included */

enum skr_s3_form_problem {
    SKR_S3_FORM_FINE = 0,
    SKR_S3_FORM_MALFORMED,
    SKR_S3_FORM_TOO_LONG, /* before the file */
};

struct skr_s3_form_sink {
    /* A field that came before the file. Its texts live as long as the form. False: nothing more is looked at. */
    bool (*field)(void *context, struct skr_bytes name, struct skr_bytes value);
    /* The file's bytes follow. False: nothing more is looked at. */
    bool (*file_begins)(void *context, struct skr_bytes filename);
    /* Takes up to `size` bytes and returns how many. */
    size_t (*file)(void *context, const void *data, size_t size);
};

struct skr_s3_form_data;

/* `boundary=` of a Content-Type, into `out`, which lies in `content_type`. False: none, or not one that RFC 2046 allows.
 * `is_form` says whether the media type is multipart/form-data at all. */
bool skr_s3_form_boundary(struct skr_bytes content_type, bool *is_form, struct skr_bytes *out);

/* NULL: no memory. `sink` outlives the form. */
struct skr_s3_form_data *skr_s3_form_data_open(struct skr_bytes boundary, const struct skr_s3_form_sink *sink, void *context);
/* Returns how many bytes were used up: less than `size` when the sink took less (come again with the rest when there is room),
 * said no, or there is a problem. */
size_t skr_s3_form_data_feed(struct skr_s3_form_data *form, const void *data, size_t size);
enum skr_s3_form_problem skr_s3_form_data_problem(const struct skr_s3_form_data *form);
/* The closing boundary was there. */
bool skr_s3_form_data_is_whole(const struct skr_s3_form_data *form);
void skr_s3_form_data_close(struct skr_s3_form_data *form); /* NULL-safe */

#endif
