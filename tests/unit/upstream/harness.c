#include "harness.h"

#include <check.h>

struct skr_upstream *azure, *s3;
struct skr_message message;
struct skr_made made;
struct skr_arena arena;

void harness_open(void)
{
    struct skr_error error;
    struct skr_upstream_settings settings = {.kind = SKR_UPSTREAM_AZURE,
                                             .url = "http://127.0.0.1:10000/skerrytest/cont",
                                             .credential = SKR_UPSTREAM_ACCOUNT_KEY,
                                             .account_key = TEST_AZURE_KEY};
    ck_assert_msg(skr_upstream_open(&azure, &settings, &error) == SKR_OK, "%s", error.message);
    settings = (struct skr_upstream_settings){.kind = SKR_UPSTREAM_S3,
                                              .url = "http://127.0.0.1:9000/bucket",
                                              .credential = SKR_UPSTREAM_S3_KEYS,
                                              .access_key = "AKIDSKERRY",
                                              .secret_key = "not/a+real/secret",
                                              .region = "eu-north-1"};
    ck_assert_msg(skr_upstream_open(&s3, &settings, &error) == SKR_OK, "%s", error.message);
}

void harness_close(void)
{
    skr_upstream_close(azure);
    skr_upstream_close(s3);
    skr_arena_release(&arena);
}

void harness_build(struct skr_upstream *upstream, const struct skr_upstream_operation *operation, uint64_t body_bytes,
                   const uint8_t *sha256, int64_t now_s)
{
    memset(&message, 0, sizeof message);
    memset(&made, 0, sizeof made);
    message.arena = &arena;
    upstream->driver->build(upstream, operation, &message, &made);
    if (message.problem == NULL)
        ck_assert(upstream->driver->sign(upstream, &message, body_bytes, sha256, now_s));
}
