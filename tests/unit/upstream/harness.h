/* Upstreams and requests to them, without a network. One test at a time: everything is static. */
#ifndef TEST_UPSTREAM_HARNESS_H
#define TEST_UPSTREAM_HARNESS_H

#include "upstream_private.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TEST_AZURE_KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="

extern struct skr_upstream *azure, *s3; /* account "skerrytest", container "cont"; "bucket" with a key of vectors.py */
extern struct skr_message message;
extern struct skr_made made;
extern struct skr_arena arena;

void harness_open(void);
void harness_close(void);
/* Builds and signs. `sha256` may be NULL. */
void harness_build(struct skr_upstream *upstream, const struct skr_upstream_operation *operation, uint64_t body_bytes,
                   const uint8_t *sha256, int64_t now_s);

#endif
