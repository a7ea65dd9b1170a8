/* When the next token is fetched. Times are drawn a little at random, so that gateways which were started together, or failed
 * together, do not ask together.
 */
#include "tokens.h"

#define SKR_TOKEN_EARLY_MS 300000u
#define SKR_TOKEN_MOST_MS (12u * 3600 * 1000)

/* The service has managed identities answer again within 70 seconds of an update (410), hence most_ms. */
const struct skr_token_pace skr_token_pace_default = {
    .first_ms = 1000, .most_ms = 60000, .refused_ms = 5000, .least_ms = 30000, .timeout_ms = 30000};

uint64_t skr_token_refresh_after(const struct skr_token_pace *pace, const struct skr_token_grant *grant, uint64_t random)
{
    uint64_t half = grant->life_ms / 2;
    uint64_t latest = half > SKR_TOKEN_EARLY_MS ? grant->life_ms - SKR_TOKEN_EARLY_MS : half;
    uint64_t after = grant->refresh_ms > 0 ? grant->refresh_ms : half;
    after = after > latest ? latest : after;
    after = after > SKR_TOKEN_MOST_MS ? SKR_TOKEN_MOST_MS : after;
    after -= random % (after / 10 + 1);
    return after < pace->least_ms ? pace->least_ms : after;
}

uint64_t skr_token_retry_after(const struct skr_token_pace *pace, unsigned failures, bool may_pass, unsigned retry_after_ms,
                               uint64_t random)
{
    struct skr_upstream_retry retry = {
        .attempts = UINT32_MAX, .first_ms = pace->first_ms, .most_ms = pace->most_ms, .patience_ms = UINT32_MAX};
    unsigned delay_ms = pace->most_ms;
    /* Somebody has to change something: asking often would only have us locked out. */
    if (!may_pass && retry_after_ms < pace->most_ms)
        retry_after_ms = pace->most_ms;
    skr_upstream_retry_delay(&retry, failures < 64 ? failures : 64, 0, retry_after_ms, random, &delay_ms);
    return delay_ms;
}
