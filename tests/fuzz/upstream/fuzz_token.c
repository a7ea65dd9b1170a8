/* Any bytes as what a token endpoint answers. What is taken can be sent in a header, and has a life that makes sense. */
#include <assert.h>

#include "tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 400, 401, 500};
    struct skr_token_grant grant;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct skr_error error = {.status = SKR_OK};
        struct skr_bytes body = {(const char *)data, size};
        memset(&grant, 0xAA, sizeof grant);
        if (skr_token_answer_read(&grant, statuses[i], body, 1800000000, &error) != SKR_OK) {
            assert(error.status != SKR_OK && error.message[0] != '\0');
            continue;
        }
        assert(statuses[i] == 200 && memchr(grant.token, '\0', sizeof grant.token) != NULL);
        assert(skr_is_bearer_token(skr_text(grant.token)));
        assert(grant.life_ms > SKR_TOKEN_LEFT_MS && grant.refresh_ms < grant.life_ms);
        uint64_t after = skr_token_refresh_after(&skr_token_pace_default, &grant, size * 0x9E3779B97F4A7C15u);
        assert(after >= skr_token_pace_default.least_ms && after < grant.life_ms);
    }
    return 0;
}
