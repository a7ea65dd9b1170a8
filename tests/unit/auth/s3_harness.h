/* S3 requests for the tests of Signature Version 4, put together from text on top of harness.h. One test at a time: everything
 * is static. */
#ifndef TEST_AUTH_S3_HARNESS_H
#define TEST_AUTH_S3_HARNESS_H

#include "harness.h"

struct sigv4_vector {
    const char *name, *method, *target, *headers; /* headers: "Name: value\n" each */
    enum skr_s3_payload_kind kind;
};

struct body_vector {
    const char *name;
    enum skr_s3_payload_kind kind;
    const char *wire;
    size_t wire_size;
    const char *data;
    size_t data_size;
    const char *announced, *value; /* x-amz-trailer, and the first trailer's value */
};

#define EXAMPLE_ACCESS "AKIAIOSFODNN7EXAMPLE" /* Amazon's documentation signs with it */
#define EXAMPLE_NOW_S INT64_C(1369353600)     /* 20130524T000000Z */

extern struct skr_s3_auth_options s3_options;
extern struct skr_s3_payload payload;

/* Account "first" with the vectors' key and a read-only one, "AKIDREADER" with TEST_KEY; account "second" with the
 * documentation's example. */
void s3_open(void);
void s3_close(void);
/* Fills `request`. Frees what the last one used. */
void s3_request(const char *method, const char *target, const char *headers);
enum skr_auth_refusal s3_check(void);
enum skr_auth_refusal s3_run(const char *method, const char *target, const char *headers);
/* A refusal that must be, and says why. */
void s3_must_refuse(enum skr_auth_refusal refusal, const char *method, const char *target, const char *headers);

#endif
