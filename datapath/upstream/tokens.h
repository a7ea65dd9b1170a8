/* What a provider of bearer tokens is inside. */
#ifndef SKERRY_TOKENS_PRIVATE_H
#define SKERRY_TOKENS_PRIVATE_H

#include <curl/curl.h>

#include "skerry/token.h"
#include "upstream_private.h"

#define SKR_TOKEN_ANSWER_BYTES 65536
#define SKR_TOKEN_LEFT_MS 60000u /* a token is handed out only while it is good for longer */

/* ---- tokens_settings.c: where tokens come from ---- */

/* Immutable. Texts of the arena are zero-terminated. */
struct skr_token_source {
    enum skr_token_kind kind;
    struct skr_arena arena;
    bool app_service; /* a managed identity in the manner of App Service */
    bool tls;
    struct skr_bytes url;  /* without a query */
    struct skr_bytes name; /* "https://host[:port]", for messages */
    struct skr_bytes client_id, token_file, ca_file;
    /* Secrets: in the heap, zero-terminated, wiped at the end. */
    struct skr_bytes client_secret, identity_header, proxy;
};
enum skr_status skr_token_source_take(struct skr_token_source *source, const struct skr_token_settings *settings,
                                      struct skr_error *err);
void skr_token_source_release(struct skr_token_source *source);

/* ---- tokens_request.c: what is sent ---- */

struct skr_token_request {
    struct skr_arena arena; /* wiped, for it has secrets */
    struct skr_bytes url;
    struct skr_bytes body;   /* of a POST; data NULL: a GET */
    struct skr_bytes header; /* one line that this kind needs; may be empty */
};
enum skr_status skr_token_request_build(struct skr_token_request *request, const struct skr_token_source *source,
                                        struct skr_error *err);
void skr_token_request_wipe(struct skr_token_request *request);

/* ---- tokens_answer.c: what comes back ---- */

struct skr_token_grant {
    char token[SKR_UPSTREAM_TOKEN_SIZE];
    uint64_t life_ms;    /* more than SKR_TOKEN_LEFT_MS */
    uint64_t refresh_ms; /* when the endpoint wants to be asked again; 0: it does not say */
};
/* The endpoint is a stranger. Its texts are in no message, but for error codes that are known. */
enum skr_status skr_token_answer_read(struct skr_token_grant *out, int http_status, struct skr_bytes body, int64_t now_s,
                                      struct skr_error *err);
bool skr_is_bearer_token(struct skr_bytes text); /* RFC 6750, section 2.1 */

/* ---- tokens_fetch.c: one fetch ---- */

struct skr_token_fetch {
    const struct skr_token_source *source;
    CURLM *multi;
    const _Atomic bool *closing; /* ends it; curl_multi_wakeup() has it looked at */
    unsigned timeout_ms;
    bool may_pass;           /* it failed in a way that passes by itself */
    unsigned retry_after_ms; /* what the endpoint asked for */
};
enum skr_status skr_token_fetch(struct skr_token_fetch *fetch, struct skr_token_grant *out, struct skr_error *err);
bool skr_token_may_pass(int http_status); /* 0: there was no answer */

/* ---- tokens_pace.c: when ---- */

struct skr_token_pace {
    unsigned first_ms, most_ms; /* bounds of the delay after the first failure, and after many */
    unsigned refused_ms;        /* least time between fetches that refusals are the cause of */
    unsigned least_ms;          /* least time between fetches that go well */
    unsigned timeout_ms;        /* of one fetch */
};
extern const struct skr_token_pace skr_token_pace_default;
/* Pure; `random` is any number. After a fetch that went well; */
uint64_t skr_token_refresh_after(const struct skr_token_pace *pace, const struct skr_token_grant *grant, uint64_t random);
/* and after `failures` (at least 1) that did not. */
uint64_t skr_token_retry_after(const struct skr_token_pace *pace, unsigned failures, bool may_pass, unsigned retry_after_ms,
                               uint64_t random);

/* ---- tokens.c ---- */

enum skr_status skr_tokens_open_at_pace(struct skr_upstream_token_provider **out, const struct skr_token_settings *settings,
                                        const struct skr_token_pace *pace, struct skr_error *err);
/* Waits until so many fetches have ended since the beginning, for tests. */
bool skr_tokens_wait_fetches(struct skr_upstream_token_provider *provider, uint64_t fetches, unsigned timeout_ms);

#endif
