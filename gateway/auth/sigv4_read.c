/* A signature as it stands in the request: in the Authorization header or in the query (a presigned URL), not in both. Its form
 * is checked here, before anything is computed. */
#include <stdio.h>

#include "sigv4.h"
#include "skerry/encoding.h"

#define SKR_LONGEST_PRESIGNED_S 604800

size_t skr_sigv4_count_header(const struct skr_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        count += skr_bytes_equal_nocase(request->headers[i].name, skr_text(name));
    return count;
}

static size_t skr_count_parameter(const struct skr_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->uri.query_count; i++)
        count += skr_bytes_equal(request->uri.query[i].name, skr_text(name));
    return count;
}

/* ---- parts that both ways have ---- */

/* "20130524T000000Z" */
bool skr_sigv4_read_timestamp(struct skr_bytes text, int64_t *seconds)
{
    char iso[21];
    int64_t ns;
    if (text.size != 16 || text.data[8] != 'T' || text.data[15] != 'Z')
        return false;
    snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text.data, text.data + 4, text.data + 6, text.data + 9,
             text.data + 11, text.data + 13);
    if (!skr_iso8601_parse((struct skr_bytes){iso, sizeof iso - 1}, &ns))
        return false;
    *seconds = ns / 1000000000;
    return true;
}

/* The part before the next slash, which is taken off with it; false when there is no slash. */
static bool skr_take_part(struct skr_bytes *rest, struct skr_bytes *part)
{
    const char *slash = rest->size == 0 ? NULL : memchr(rest->data, '/', rest->size);
    if (slash == NULL)
        return false;
    *part = (struct skr_bytes){rest->data, (size_t)(slash - rest->data)};
    rest->size -= part->size + 1;
    rest->data = slash + 1;
    return true;
}

static bool skr_is_plain(struct skr_bytes text, const char *others)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || strchr(others, c) == NULL))
            return false;
    }
    return true;
}

/* "ACCESS/20130524/us-east-1/s3/aws4_request". Says what is wrong, or NULL. */
const char *skr_sigv4_read_credential(struct skr_bytes text, struct skr_sigv4 *out)
{
    struct skr_bytes rest = text;
    static const char form[] = "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";
    if (!skr_take_part(&rest, &out->access_key) || out->access_key.size == 0)
        return form;
    out->scope = rest;
    if (!skr_take_part(&rest, &out->date) || !skr_take_part(&rest, &out->region) || !skr_take_part(&rest, &out->service))
        return form;
    if (out->date.size != 8 || out->region.size > SKR_SIGV4_REGION_MOST || out->service.size > SKR_SIGV4_REGION_MOST ||
        !skr_is_plain(out->date, "") || !skr_is_plain(out->region, "-") || !skr_is_plain(out->service, "-"))
        return form;
    return skr_bytes_equal(rest, SKR_BYTES("aws4_request")) ? NULL : "the Credential must end with \"aws4_request\".";
}

/* Names of headers between semicolons, each once. Says what is wrong, or NULL. */
static const char *skr_check_signed_headers(struct skr_bytes list)
{
    if (list.size == 0 || !skr_is_plain(list, "-_.~!#$%&'*+^`|;"))
        return "SignedHeaders must be names of headers with semicolons between them.";
    for (size_t i = 0, begin = 0, count = 0; i <= list.size; i++) {
        if (i < list.size && list.data[i] != ';')
            continue;
        if (++count > SKR_MAX_HEADERS) /* each is looked for among the others */
            return "SignedHeaders names more headers than a request may have.";
        struct skr_bytes name = {list.data + begin, i - begin}, before = {list.data, begin};
        if (name.size == 0 || skr_sigv4_is_signed(before, name))
            return "SignedHeaders must name each header once.";
        begin = i + 1;
    }
    return NULL;
}

/* ---- the Authorization header ---- */

/* "Credential=..., SignedHeaders=..., Signature=..." in any order, with or without spaces. */
static bool skr_read_components(struct skr_bytes rest, struct skr_bytes *credential, struct skr_sigv4 *out)
{
    while (rest.size > 0) {
        const char *comma = memchr(rest.data, ',', rest.size);
        size_t size = comma == NULL ? rest.size : (size_t)(comma - rest.data);
        struct skr_bytes part = skr_bytes_trim((struct skr_bytes){rest.data, size});
        rest.data += comma == NULL ? size : size + 1;
        rest.size -= comma == NULL ? size : size + 1;
        const char *equals = part.size == 0 ? NULL : memchr(part.data, '=', part.size);
        if (equals == NULL)
            return false;
        struct skr_bytes name = {part.data, (size_t)(equals - part.data)}, value = {equals + 1, part.size - name.size - 1};
        struct skr_bytes *field = skr_bytes_equal(name, SKR_BYTES("Credential"))      ? credential
                                  : skr_bytes_equal(name, SKR_BYTES("SignedHeaders")) ? &out->signed_headers
                                  : skr_bytes_equal(name, SKR_BYTES("Signature"))     ? &out->signature
                                                                                      : NULL;
        if (field == NULL || field->data != NULL)
            return false;
        *field = value;
    }
    return credential->data != NULL && out->signed_headers.data != NULL && out->signature.data != NULL;
}

/* x-amz-date, or else Date, which may have either form. */
static bool skr_read_date(const struct skr_request *request, struct skr_arena *arena, struct skr_sigv4 *out)
{
    struct skr_bytes text = skr_request_header(request, "x-amz-date");
    bool own = text.data != NULL;
    const char *name = own ? "x-amz-date" : "date";
    if (!own)
        text = skr_request_header(request, "date");
    if (text.data == NULL || skr_sigv4_count_header(request, name) != 1)
        return false;
    out->timestamp = text;
    if (skr_sigv4_read_timestamp(text, &out->time_s))
        return true;
    if (own || !skr_http_date_parse(text, &out->time_s) || out->time_s < 0 || out->time_s > INT64_MAX / 1000000000)
        return false;
    char iso[36];
    size_t size = skr_iso8601_format(iso, out->time_s * 1000000000, 0), used = 0;
    char *basic = skr_arena_alloc(arena, size);
    if (basic == NULL)
        return false;
    for (size_t i = 0; i < size; i++)
        if (iso[i] != '-' && iso[i] != ':')
            basic[used++] = iso[i];
    out->timestamp = (struct skr_bytes){basic, used};
    return true;
}

const char *skr_sigv4_malformed(const struct skr_sigv4 *signature)
{
    return signature->presigned ? "Error parsing the X-Amz-Credential parameter" : "The authorization header is malformed";
}

enum skr_auth_refusal skr_sigv4_scope_wrong(const struct skr_sigv4 *signature)
{
    return signature->presigned ? SKR_AUTH_QUERY_SCOPE_WRONG : SKR_AUTH_SCOPE_WRONG;
}

static enum skr_auth_refusal skr_malformed(enum skr_auth_refusal refusal, const char *message, struct skr_error *err)
{
    skr_fail(err, SKR_UNAUTHENTICATED, "%s%s",
             refusal == SKR_AUTH_HEADER_MALFORMED ? "The authorization header is malformed; "
                                                  : "Error parsing the query parameters; ",
             message);
    return refusal;
}

static enum skr_auth_refusal skr_read_header(const struct skr_request *request, struct skr_bytes header,
                                             struct skr_arena *arena, struct skr_sigv4 *out, struct skr_error *err)
{
    struct skr_bytes credential = SKR_NO_BYTES, algorithm = SKR_BYTES(SKR_SIGV4_ALGORITHM " ");
    if (skr_bytes_starts_with(header, SKR_BYTES("AWS ")))
        return skr_refuse(err, SKR_AUTH_SIGNATURE_VERSION,
                          "The authorization mechanism you have provided is not supported. Please use " SKR_SIGV4_ALGORITHM
                          ".");
    if (skr_sigv4_count_header(request, "authorization") != 1 || !skr_bytes_starts_with(header, algorithm))
        return skr_refuse(err, SKR_AUTH_HEADER_MALFORMED, "Unsupported Authorization Type: only " SKR_SIGV4_ALGORITHM " is.");
    header.data += algorithm.size;
    header.size -= algorithm.size;
    if (!skr_read_components(header, &credential, out))
        return skr_malformed(SKR_AUTH_HEADER_MALFORMED, "it must hold Credential, SignedHeaders and Signature, once each.",
                             err);
    const char *wrong = skr_sigv4_read_credential(credential, out);
    if (wrong == NULL)
        wrong = skr_check_signed_headers(out->signed_headers);
    if (wrong != NULL)
        return skr_malformed(SKR_AUTH_HEADER_MALFORMED, wrong, err);
    if (!skr_read_date(request, arena, out))
        return skr_refuse(err, SKR_AUTH_DATE_MISSING, "AWS authentication requires a valid Date or x-amz-date header, once.");
    if (skr_sigv4_count_header(request, "x-amz-content-sha256") > 1)
        return skr_refuse(err, SKR_AUTH_PAYLOAD_HASH_MALFORMED, "x-amz-content-sha256 is there more than once.");
    out->payload_hash = out->body_hash = skr_request_header(request, "x-amz-content-sha256");
    if (out->payload_hash.data == NULL)
        return skr_refuse(err, SKR_AUTH_PAYLOAD_HASH_MISSING, "Missing required header for this request: x-amz-content-sha256");
    return SKR_AUTH_ALLOWED;
}

/* ---- the query ---- */

/* A presigned URL says nothing of its body, unless its query (in any case of letters) or a signed header does. An unsigned
 * header may say what the body's hash must be, which takes nothing from the signature, but not that the body is encoded. */
static enum skr_auth_refusal skr_presigned_hash(const struct skr_request *request, struct skr_sigv4 *out, struct skr_error *err)
{
    const struct skr_bytes name = SKR_BYTES("x-amz-content-sha256");
    struct skr_bytes header = skr_request_header(request, name.data), parameter = SKR_NO_BYTES;
    size_t headers = skr_sigv4_count_header(request, name.data), parameters = 0;
    for (size_t i = 0; i < request->uri.query_count; i++)
        if (skr_bytes_equal_nocase(request->uri.query[i].name, name)) {
            parameter = request->uri.query[i].value;
            parameters++;
        }
    if (headers > 1 || parameters > 1)
        return skr_refuse(err, SKR_AUTH_PAYLOAD_HASH_MALFORMED, "x-amz-content-sha256 is there more than once.");
    bool is_signed = skr_sigv4_is_signed(out->signed_headers, name);
    out->payload_hash = parameters > 0 ? parameter : headers > 0 && is_signed ? header : SKR_BYTES("UNSIGNED-PAYLOAD");
    out->body_hash = headers > 0 && parameters == 0 ? header : out->payload_hash;
    if (headers > 0 && !is_signed && skr_bytes_starts_with(header, SKR_BYTES("STREAMING-")))
        return skr_refuse(err, SKR_AUTH_UNSIGNED_HEADER,
                          "There were headers present in the request which were not signed: x-amz-content-sha256");
    return SKR_AUTH_ALLOWED;
}

static enum skr_auth_refusal skr_read_query(const struct skr_request *request, struct skr_sigv4 *out, struct skr_error *err)
{
    static const char *const names[] = {"X-Amz-Algorithm", "X-Amz-Credential",    "X-Amz-Date",
                                        "X-Amz-Expires",   "X-Amz-SignedHeaders", "X-Amz-Signature"};
    struct skr_bytes values[sizeof names / sizeof *names];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (skr_count_parameter(request, names[i]) != 1) {
            skr_fail(err, SKR_UNAUTHENTICATED, "Query-string authentication version 4 requires %s, once.", names[i]);
            return SKR_AUTH_QUERY_MALFORMED;
        }
        values[i] = skr_request_query(request, names[i])->value;
    }
    out->presigned = true;
    if (!skr_bytes_equal(values[0], SKR_BYTES(SKR_SIGV4_ALGORITHM)))
        return skr_refuse(err, SKR_AUTH_QUERY_MALFORMED, "X-Amz-Algorithm only supports \"" SKR_SIGV4_ALGORITHM "\".");
    out->timestamp = values[2];
    out->signed_headers = values[4];
    out->signature = values[5];
    const char *wrong = skr_sigv4_read_credential(values[1], out);
    if (wrong == NULL)
        wrong = skr_check_signed_headers(out->signed_headers);
    if (wrong != NULL)
        return skr_malformed(SKR_AUTH_QUERY_MALFORMED, wrong, err);
    if (!skr_sigv4_read_timestamp(values[2], &out->time_s))
        return skr_refuse(err, SKR_AUTH_QUERY_MALFORMED,
                          "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\".");
    if (!skr_parse_u64(values[3], &out->expires_s) || out->expires_s < 1 || out->expires_s > SKR_LONGEST_PRESIGNED_S)
        return skr_refuse(err, SKR_AUTH_QUERY_MALFORMED,
                          "X-Amz-Expires must be a number of seconds, at least 1 and at most a week (604800).");
    return skr_presigned_hash(request, out, err);
}

/* ---- either ---- */

enum skr_auth_refusal skr_sigv4_read(const struct skr_request *request, struct skr_arena *arena, bool *found,
                                     struct skr_sigv4 *out, struct skr_error *err)
{
    struct skr_bytes header = skr_request_header(request, "authorization");
    bool presigned = skr_request_query(request, "X-Amz-Algorithm") != NULL ||
                     skr_request_query(request, "X-Amz-Credential") != NULL ||
                     skr_request_query(request, "X-Amz-Signature") != NULL;
    *out = (struct skr_sigv4){.presigned = false};
    *found = header.data != NULL || presigned;
    if (header.data != NULL && presigned)
        return skr_refuse(
            err, SKR_AUTH_QUERY_MALFORMED,
            "Only one auth mechanism allowed: either the X-Amz-Algorithm query parameter or the Authorization header.");
    if (header.data != NULL)
        return skr_read_header(request, header, arena, out, err);
    return presigned ? skr_read_query(request, out, err) : SKR_AUTH_ALLOWED;
}

enum skr_auth_refusal skr_sigv4_check_times(const struct skr_sigv4 *signature, int64_t now_s, unsigned skew_s,
                                            struct skr_error *err)
{
    int64_t age_s = now_s - signature->time_s;
    if (signature->presigned && age_s > (int64_t)signature->expires_s)
        return skr_refuse(err, SKR_AUTH_EXPIRED, "Request has expired");
    if (signature->presigned && age_s < -(int64_t)skew_s)
        return skr_refuse(err, SKR_AUTH_NOT_YET_VALID, "Request is not valid yet");
    if (!signature->presigned && (age_s > (int64_t)skew_s || age_s < -(int64_t)skew_s))
        return skr_refuse(err, SKR_AUTH_TIME_SKEWED,
                          "The difference between the request time and the server's time is too large.");
    if (!skr_bytes_equal(signature->date, (struct skr_bytes){signature->timestamp.data, 8})) {
        skr_fail(err, SKR_UNAUTHENTICATED, "%s; the date in the Credential is not that of the request.",
                 skr_sigv4_malformed(signature));
        return skr_sigv4_scope_wrong(signature);
    }
    return SKR_AUTH_ALLOWED;
}
