/* A provider of bearer tokens: the thread that keeps one fresh, and what others may ask meanwhile. The lock is never held
 * during a fetch, so nobody waits for the network who did not ask for it with skr_tokens_wait().
 *
 * Times are of CLOCK_BOOTTIME: a token does not get younger while the machine sleeps. A condition cannot wait by that clock, so
 * a wait is at most a minute and is then looked at again.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/random.h>
#include <time.h>

#include "skerry/log.h"
#include "tokens.h"

#define SKR_TOKENS_LOOK_MS 60000u

struct skr_tokens {
    struct skr_upstream_token_provider base; /* first */
    struct skr_token_source source;
    struct skr_token_pace pace;
    CURLM *multi;
    pthread_t thread;
    _Atomic bool closing;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    bool fetching;
    char token[SKR_UPSTREAM_TOKEN_SIZE];
    size_t token_size;     /* 0: there never was one */
    uint64_t expires_ms;   /* of `token` */
    uint64_t due_ms;       /* of the next fetch */
    uint64_t refusable_ms; /* no refusal before causes a fetch */
    uint64_t fetches;
    unsigned failures;
    struct skr_error last;
    int64_t failed_s;
    bool told_without; /* the log knows that there is none */
};

static uint64_t skr_clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t skr_tokens_now(void)
{
    return skr_clock_ms(CLOCK_BOOTTIME);
}

static uint64_t skr_tokens_random(void)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
        random = skr_tokens_now();
    return random;
}

static bool skr_tokens_has_one(const struct skr_tokens *tokens)
{
    return tokens->token_size > 0 && skr_tokens_now() + SKR_TOKEN_LEFT_MS < tokens->expires_ms;
}

/* Waits for a change, at most until `until_ms`; under the lock. */
static void skr_tokens_sleep(struct skr_tokens *tokens, uint64_t until_ms)
{
    uint64_t now_ms = skr_tokens_now(), most_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    uint64_t at_ms = skr_clock_ms(CLOCK_MONOTONIC) + (most_ms < SKR_TOKENS_LOOK_MS ? most_ms : SKR_TOKENS_LOOK_MS);
    struct timespec at = {.tv_sec = (time_t)(at_ms / 1000), .tv_nsec = (long)(at_ms % 1000) * 1000000};
    pthread_cond_timedwait(&tokens->changed, &tokens->lock, &at);
}

/* ---- the thread ---- */

static void skr_tokens_take(struct skr_tokens *tokens, const struct skr_token_grant *grant, uint64_t began_ms)
{
    explicit_bzero(tokens->token, sizeof tokens->token);
    tokens->token_size = strlen(grant->token);
    memcpy(tokens->token, grant->token, tokens->token_size);
    tokens->expires_ms = began_ms + grant->life_ms;
    tokens->due_ms = skr_tokens_now() + skr_token_refresh_after(&tokens->pace, grant, skr_tokens_random());
    if (tokens->failures > 0)
        skr_log(SKR_LOG_INFO, "token", "there is a new token after %u failures from=%s", tokens->failures,
                tokens->source.name.data);
    tokens->failures = 0;
    tokens->told_without = false;
}

static void skr_tokens_fail(struct skr_tokens *tokens, const struct skr_token_fetch *fetch, const struct skr_error *error)
{
    bool without = !skr_tokens_has_one(tokens);
    bool news =
        tokens->failures == 0 || strcmp(tokens->last.message, error->message) != 0 || (without && !tokens->told_without);
    tokens->failures++;
    tokens->last = *error;
    tokens->failed_s = time(NULL);
    tokens->due_ms = skr_tokens_now() + skr_token_retry_after(&tokens->pace, tokens->failures, fetch->may_pass,
                                                              fetch->retry_after_ms, skr_tokens_random());
    tokens->told_without = without;
    if (news)
        skr_log(without ? SKR_LOG_ERROR : SKR_LOG_WARNING, "token", "no new token, %s: %s from=%s",
                without ? "and there is no other" : "the old one is still good", error->message, tokens->source.name.data);
}

/* Under the lock, which is given up meanwhile. */
static void skr_tokens_fetch(struct skr_tokens *tokens)
{
    struct skr_token_grant grant;
    struct skr_error error = {.status = SKR_OK};
    struct skr_token_fetch fetch = {
        .source = &tokens->source, .multi = tokens->multi, .closing = &tokens->closing, .timeout_ms = tokens->pace.timeout_ms};
    uint64_t began_ms = skr_tokens_now(); /* a life begins no earlier */
    tokens->fetching = true;
    pthread_mutex_unlock(&tokens->lock);
    enum skr_status status = skr_token_fetch(&fetch, &grant, &error);
    pthread_mutex_lock(&tokens->lock);
    tokens->fetching = false;
    if (!atomic_load(&tokens->closing)) {
        tokens->fetches++;
        if (status == SKR_OK)
            skr_tokens_take(tokens, &grant, began_ms);
        else
            skr_tokens_fail(tokens, &fetch, &error);
    }
    explicit_bzero(&grant, sizeof grant);
    pthread_cond_broadcast(&tokens->changed);
}

static void *skr_tokens_run(void *context)
{
    struct skr_tokens *tokens = context;
    pthread_setname_np(pthread_self(), "skr-tokens");
    pthread_mutex_lock(&tokens->lock);
    while (!atomic_load(&tokens->closing)) {
        if (skr_tokens_now() < tokens->due_ms)
            skr_tokens_sleep(tokens, tokens->due_ms);
        else
            skr_tokens_fetch(tokens);
    }
    pthread_mutex_unlock(&tokens->lock);
    return NULL;
}

/* ---- what an upstream asks ---- */

/* Has the thread fetch now. While fetches fail, their own delays count; under the lock. */
static void skr_tokens_hurry(struct skr_tokens *tokens)
{
    if (tokens->fetching || tokens->failures > 0)
        return;
    tokens->due_ms = 0;
    pthread_cond_broadcast(&tokens->changed);
}

static bool skr_tokens_token(struct skr_upstream_token_provider *provider, char *out, size_t capacity)
{
    struct skr_tokens *tokens = (struct skr_tokens *)provider;
    pthread_mutex_lock(&tokens->lock);
    bool there = skr_tokens_has_one(tokens);
    if (!there)
        skr_tokens_hurry(tokens); /* the machine has slept longer than the token lived */
    there = there && tokens->token_size < capacity;
    if (there)
        memcpy(out, tokens->token, tokens->token_size + 1);
    pthread_mutex_unlock(&tokens->lock);
    return there;
}

/* Calls that were under way with the old token are refused too, after the new one is there: hence a while between two. */
static void skr_tokens_refused(struct skr_upstream_token_provider *provider)
{
    struct skr_tokens *tokens = (struct skr_tokens *)provider;
    pthread_mutex_lock(&tokens->lock);
    uint64_t now_ms = skr_tokens_now();
    if (now_ms >= tokens->refusable_ms) {
        tokens->refusable_ms = now_ms + tokens->pace.refused_ms;
        skr_tokens_hurry(tokens);
    }
    pthread_mutex_unlock(&tokens->lock);
}

/* ---- opening and closing ---- */

static enum skr_status skr_tokens_begin(struct skr_tokens *tokens, struct skr_error *err)
{
    pthread_condattr_t attributes;
    tokens->multi = skr_curl_begin() ? curl_multi_init() : NULL;
    if (tokens->multi == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a provider of tokens");
    pthread_mutex_init(&tokens->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&tokens->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    int failed = pthread_create(&tokens->thread, NULL, skr_tokens_run, tokens);
    if (failed == 0)
        return SKR_OK;
    pthread_cond_destroy(&tokens->changed);
    pthread_mutex_destroy(&tokens->lock);
    return skr_fail_os(err, SKR_NO_MEMORY, failed, "cannot start a thread for tokens: %s", strerror(failed));
}

static void skr_tokens_free(struct skr_tokens *tokens)
{
    if (tokens->multi != NULL)
        curl_multi_cleanup(tokens->multi);
    skr_token_source_release(&tokens->source);
    explicit_bzero(tokens, sizeof *tokens);
    free(tokens);
}

enum skr_status skr_tokens_open_at_pace(struct skr_upstream_token_provider **out, const struct skr_token_settings *settings,
                                        const struct skr_token_pace *pace, struct skr_error *err)
{
    struct skr_tokens *tokens = calloc(1, sizeof *tokens);
    if (tokens == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a provider of tokens");
    tokens->base = (struct skr_upstream_token_provider){.token = skr_tokens_token, .refused = skr_tokens_refused};
    tokens->pace = *pace;
    atomic_init(&tokens->closing, false);
    enum skr_status status = skr_token_source_take(&tokens->source, settings, err);
    if (status == SKR_OK)
        status = skr_tokens_begin(tokens, err);
    if (status != SKR_OK) {
        skr_tokens_free(tokens);
        return status;
    }
    *out = &tokens->base;
    return SKR_OK;
}

enum skr_status skr_tokens_open(struct skr_upstream_token_provider **out, const struct skr_token_settings *settings,
                                struct skr_error *err)
{
    return skr_tokens_open_at_pace(out, settings, &skr_token_pace_default, err);
}

void skr_tokens_close(struct skr_upstream_token_provider *provider)
{
    struct skr_tokens *tokens = (struct skr_tokens *)provider;
    if (tokens == NULL)
        return;
    pthread_mutex_lock(&tokens->lock);
    atomic_store(&tokens->closing, true);
    pthread_cond_broadcast(&tokens->changed);
    pthread_mutex_unlock(&tokens->lock);
    curl_multi_wakeup(tokens->multi);
    pthread_join(tokens->thread, NULL);
    pthread_cond_destroy(&tokens->changed);
    pthread_mutex_destroy(&tokens->lock);
    skr_tokens_free(tokens);
}

/* ---- waiting and looking ---- */

bool skr_tokens_wait(struct skr_upstream_token_provider *provider, unsigned timeout_ms)
{
    struct skr_tokens *tokens = (struct skr_tokens *)provider;
    uint64_t until_ms = skr_tokens_now() + timeout_ms;
    pthread_mutex_lock(&tokens->lock);
    bool there;
    while (!(there = skr_tokens_has_one(tokens)) && skr_tokens_now() < until_ms)
        skr_tokens_sleep(tokens, until_ms);
    pthread_mutex_unlock(&tokens->lock);
    return there;
}

bool skr_tokens_wait_fetches(struct skr_upstream_token_provider *provider, uint64_t fetches, unsigned timeout_ms)
{
    struct skr_tokens *tokens = (struct skr_tokens *)provider;
    uint64_t until_ms = skr_tokens_now() + timeout_ms;
    pthread_mutex_lock(&tokens->lock);
    bool done;
    while (!(done = tokens->fetches >= fetches) && skr_tokens_now() < until_ms)
        skr_tokens_sleep(tokens, until_ms);
    pthread_mutex_unlock(&tokens->lock);
    return done;
}

static int64_t skr_tokens_unix(uint64_t at_ms)
{
    return time(NULL) + ((int64_t)at_ms - (int64_t)skr_tokens_now()) / 1000;
}

void skr_tokens_read_state(struct skr_upstream_token_provider *provider, struct skr_token_state *out)
{
    struct skr_tokens *tokens = (struct skr_tokens *)provider;
    pthread_mutex_lock(&tokens->lock);
    *out = (struct skr_token_state){.has_token = skr_tokens_has_one(tokens),
                                    .valid_until_s = tokens->token_size > 0 ? skr_tokens_unix(tokens->expires_ms) : 0,
                                    .next_fetch_s =
                                        tokens->fetching || tokens->due_ms == 0 ? time(NULL) : skr_tokens_unix(tokens->due_ms),
                                    .fetches = tokens->fetches,
                                    .failures = tokens->failures,
                                    .failed_s = tokens->failed_s,
                                    .last = tokens->last};
    pthread_mutex_unlock(&tokens->lock);
}
