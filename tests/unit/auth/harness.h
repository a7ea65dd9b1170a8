/* Requests for the tests of authentication, put together from text. One test at a time: everything is static. */
#ifndef TEST_AUTH_HARNESS_H
#define TEST_AUTH_HARNESS_H

#include "skerry/auth.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct vector {
    const char *name, *method, *target, *headers; /* headers: "Name: value\n" each */
    const char *container, *object;
    bool secondary, tls, host_style;
    enum skr_auth_scheme scheme;
};

/* Monday, 15 June 2026, 12:00:00 UTC: when every request is received unless a test says otherwise. */
#define TEST_NOW_S INT64_C(1781524800)
#define TEST_KEY "a key for tests, known to nobody"

extern struct skr_request request;
extern struct skr_target target;
extern struct skr_principal principal;
extern struct skr_error error;
extern struct skr_auth_options options;

/* The account "skerrytest" with the vectors' two keys, and "handmade" with TEST_KEY. */
void harness_open(void);
void harness_close(void);
/* Fills `request` and `target`. Frees what the last one used. */
void harness_request(const struct vector *vector);
enum skr_auth_refusal harness_check(void);
/* The whole way for one vector. */
enum skr_auth_refusal harness_run(const struct vector *vector);
/* Base64 of HMAC-SHA256 under TEST_KEY, by OpenSSL's HMAC(); static memory. */
const char *harness_sign(const char *text);
/* The same, percent-encoded for a query. */
const char *harness_sign_query(const char *text);

#endif
