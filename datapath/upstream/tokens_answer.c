/* What a token endpoint answers: JSON of a stranger. A token is taken only when it is one and its life is told; of a refusal,
 * only codes that are known go into the message, because an endpoint might send our secret back as its text.
 */
#include <jansson.h>

#include "skerry/encoding.h"
#include "tokens.h"

#define SKR_TOKEN_MOST_LIFE_S (366u * 24 * 3600)

bool skr_is_bearer_token(struct skr_bytes text)
{
    while (text.size > 1 && text.data[text.size - 1] == '=')
        text.size--;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c != '\0' && strchr("-._~+/", c) != NULL)))
            return false;
    }
    return text.size > 0;
}

static enum skr_status skr_malformed(struct skr_error *err, const char *what)
{
    return skr_fail(err, SKR_CORRUPT, "the answer %s", what);
}

static struct skr_bytes skr_json_text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? (struct skr_bytes){json_string_value(value), json_string_length(value)} : SKR_NO_BYTES;
}

/* A whole number, or one in a text, as managed identities have them. False: there is something else. */
static bool skr_json_seconds(const json_t *object, const char *name, bool *there, uint64_t *out)
{
    const json_t *value = json_object_get(object, name);
    *there = value != NULL && !json_is_null(value);
    if (!*there)
        return true;
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *out = (uint64_t)json_integer_value(value);
        return true;
    }
    return json_is_string(value) && skr_parse_u64(skr_json_text(object, name), out);
}

/* Of how long it lives and when it ends, what is sooner: managed identities hand out tokens that they have kept a while. */
static enum skr_status skr_read_life(struct skr_token_grant *out, const json_t *object, int64_t now_s, struct skr_error *err)
{
    bool has_life, has_end, has_refresh;
    uint64_t life_s = UINT64_MAX, end_s, refresh_s;
    if (!skr_json_seconds(object, "expires_in", &has_life, &life_s) ||
        !skr_json_seconds(object, "expires_on", &has_end, &end_s))
        return skr_malformed(err, "has no number for when the token expires");
    if (!has_life && !has_end)
        return skr_malformed(err, "does not say when the token expires");
    if (has_end) {
        uint64_t left_s = now_s >= 0 && end_s > (uint64_t)now_s ? end_s - (uint64_t)now_s : 0;
        life_s = left_s < life_s ? left_s : life_s;
    }
    if (life_s > SKR_TOKEN_MOST_LIFE_S)
        return skr_malformed(err, "has a token that does not expire within a year");
    if (life_s * 1000 <= SKR_TOKEN_LEFT_MS)
        return skr_malformed(err, "has a token that has expired or is about to; is the clock right?");
    out->life_ms = life_s * 1000;
    out->refresh_ms = 0;
    if (skr_json_seconds(object, "refresh_in", &has_refresh, &refresh_s) && has_refresh && refresh_s > 0 && refresh_s < life_s)
        out->refresh_ms = refresh_s * 1000;
    return SKR_OK;
}

static enum skr_status skr_read_grant(struct skr_token_grant *out, const json_t *object, int64_t now_s, struct skr_error *err)
{
    struct skr_bytes token = skr_json_text(object, "access_token"), type = skr_json_text(object, "token_type");
    if (token.size == 0)
        return skr_malformed(err, "has no token");
    if (token.size >= sizeof out->token || !skr_is_bearer_token(token))
        return skr_malformed(err, "has a token that is too long or none");
    if (json_object_get(object, "token_type") != NULL && !skr_bytes_equal_nocase(type, SKR_BYTES("Bearer")))
        return skr_malformed(err, "has a token of another kind than Bearer");
    enum skr_status status = skr_read_life(out, object, now_s, err);
    if (status == SKR_OK) {
        memcpy(out->token, token.data, token.size);
        out->token[token.size] = '\0';
    }
    return status;
}

/* ---- refusals ---- */

static const char *skr_known_code(struct skr_bytes code)
{
    /* RFC 6749, section 5.2, and what the identity platform and managed identities add. */
    static const char *const known[] = {"invalid_request",         "invalid_client",  "invalid_grant",    "unauthorized_client",
                                        "unsupported_grant_type",  "invalid_scope",   "invalid_resource", "invalid_tenant",
                                        "identity_not_found",      "bad_request_102", "unknown_source",   "server_error",
                                        "temporarily_unavailable", "access_denied"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (skr_bytes_equal(code, skr_text(known[i])))
            return known[i];
    return NULL;
}

/* "AADSTS7000215: ...": the number, by which the platform's documentation tells what to do. */
static unsigned skr_platform_number(struct skr_bytes description)
{
    struct skr_bytes prefix = SKR_BYTES("AADSTS");
    unsigned number = 0;
    if (!skr_bytes_starts_with(description, prefix))
        return 0;
    for (size_t i = prefix.size; i < description.size && i < prefix.size + 8; i++) {
        if (description.data[i] < '0' || description.data[i] > '9')
            break;
        number = number * 10 + (unsigned)(description.data[i] - '0');
    }
    return number;
}

static enum skr_status skr_read_refusal(int http_status, const json_t *object, struct skr_error *err)
{
    const char *code = skr_known_code(skr_json_text(object, "error"));
    unsigned number = skr_platform_number(skr_json_text(object, "error_description"));
    char tail[32] = "";
    if (number > 0)
        snprintf(tail, sizeof tail, " AADSTS%u", number);
    return skr_fail(err, SKR_FORBIDDEN, "it answered %d%s%s%s", http_status, code != NULL ? " " : "", code != NULL ? code : "",
                    tail);
}

/* Texts of a document, before their memory is given back. */
static void skr_json_wipe(json_t *value)
{
    const char *name;
    json_t *member;
    if (json_is_string(value))
        explicit_bzero((char *)json_string_value(value), json_string_length(value));
    json_object_foreach (value, name, member)
        if (json_is_string(member))
            skr_json_wipe(member);
}

enum skr_status skr_token_answer_read(struct skr_token_grant *out, int http_status, struct skr_bytes body, int64_t now_s,
                                      struct skr_error *err)
{
    json_error_t ignored; /* its text has pieces of the document */
    json_t *object = body.size == 0 ? NULL : json_loadb(body.data, body.size, JSON_REJECT_DUPLICATES, &ignored);
    enum skr_status status;
    if (http_status != 200)
        status = skr_read_refusal(http_status, object, err);
    else if (!json_is_object(object))
        status = skr_malformed(err, "is no JSON object");
    else
        status = skr_read_grant(out, object, now_s, err);
    if (json_is_object(object))
        skr_json_wipe(object);
    explicit_bzero(&ignored, sizeof ignored);
    json_decref(object);
    return status;
}
