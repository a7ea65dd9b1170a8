/* Signature Version 4 in the Authorization header, as a client. All headers that are sent are signed. Source: "Signature
 * Version 4", Amazon S3 API Reference.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <time.h>

#include "skerry/encoding.h"
#include "upstream_private.h"

#define SKR_SHA256_BYTES 32

static int skr_name_order(const void *a, const void *b)
{
    const struct skr_name_value *x = a, *y = b;
    int order = skr_bytes_compare(x->name, y->name);
    return order != 0 ? order : skr_bytes_compare(x->value, y->value);
}

static void skr_hmac(const void *key, size_t key_size, struct skr_bytes text, uint8_t out[SKR_SHA256_BYTES])
{
    unsigned size = 0;
    HMAC(EVP_sha256(), key, (int)key_size, (const unsigned char *)text.data, text.size, out, &size);
}

static struct skr_bytes skr_canonical_query(const struct skr_message *message)
{
    struct skr_name_value sorted[SKR_MESSAGE_QUERY];
    struct skr_bytes text = SKR_BYTES("");
    for (size_t i = 0; i < message->query_count; i++) {
        sorted[i].name = skr_percent_encode(message->arena, message->query[i].name, "");
        sorted[i].value = skr_percent_encode(message->arena, message->query[i].value, "");
        if (sorted[i].name.data == NULL || sorted[i].value.data == NULL)
            return SKR_NO_BYTES;
    }
    qsort(sorted, message->query_count, sizeof *sorted, skr_name_order);
    for (size_t i = 0; i < message->query_count && text.data != NULL; i++)
        text = skr_arena_print(message->arena, "%.*s%s%.*s=%.*s", SKR_PRINT(text), i > 0 ? "&" : "", SKR_PRINT(sorted[i].name),
                               SKR_PRINT(sorted[i].value));
    return text;
}

/* Runs of spaces are one. */
static struct skr_bytes skr_canonical_value(struct skr_arena *arena, struct skr_bytes value)
{
    char *out = skr_arena_alloc(arena, value.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < value.size && out != NULL; i++)
        if (value.data[i] != ' ' || i == 0 || value.data[i - 1] != ' ')
            out[size++] = value.data[i];
    return (struct skr_bytes){out, size};
}

/* "name:value\n" each, an empty line, and the names; `names` is set to those. */
static struct skr_bytes skr_canonical_headers(const struct skr_message *message, struct skr_bytes host, struct skr_bytes *names)
{
    struct skr_name_value sorted[SKR_MESSAGE_HEADERS + 1];
    size_t count = message->header_count;
    struct skr_bytes lines = SKR_BYTES(""), list = SKR_BYTES("");
    memcpy(sorted, message->headers, count * sizeof *sorted);
    sorted[count++] = (struct skr_name_value){SKR_BYTES("host"), host};
    qsort(sorted, count, sizeof *sorted, skr_name_order);
    for (size_t i = 0; i < count && lines.data != NULL && list.data != NULL; i++) {
        struct skr_bytes value = skr_canonical_value(message->arena, sorted[i].value);
        if (value.data == NULL)
            return SKR_NO_BYTES;
        lines =
            skr_arena_print(message->arena, "%.*s%.*s:%.*s\n", SKR_PRINT(lines), SKR_PRINT(sorted[i].name), SKR_PRINT(value));
        list = skr_arena_print(message->arena, "%.*s%s%.*s", SKR_PRINT(list), i > 0 ? ";" : "", SKR_PRINT(sorted[i].name));
    }
    *names = list;
    return list.data == NULL ? SKR_NO_BYTES : lines;
}

/* The hexadecimal SHA-256 of the canonical request. */
static bool skr_canonical_hash(const struct skr_message *message, struct skr_bytes host, struct skr_bytes payload_hash,
                               struct skr_bytes *names, char out[2 * SKR_SHA256_BYTES])
{
    uint8_t digest[SKR_SHA256_BYTES];
    struct skr_bytes query = skr_canonical_query(message), headers = skr_canonical_headers(message, host, names);
    if (query.data == NULL || headers.data == NULL)
        return false;
    struct skr_bytes text =
        skr_arena_print(message->arena, "%s\n%.*s\n%.*s\n%.*s\n%.*s\n%.*s", message->method, SKR_PRINT(message->path),
                        SKR_PRINT(query), SKR_PRINT(headers), SKR_PRINT(*names), SKR_PRINT(payload_hash));
    if (text.data == NULL)
        return false;
    SHA256((const unsigned char *)text.data, text.size, digest);
    skr_hex_encode(out, digest, sizeof digest);
    return true;
}

static bool skr_signing_key(struct skr_arena *arena, struct skr_bytes secret, struct skr_bytes date, struct skr_bytes region,
                            uint8_t key[SKR_SHA256_BYTES])
{
    struct skr_bytes first = skr_arena_print(arena, "AWS4%.*s", SKR_PRINT(secret)); /* wiped with the arena */
    if (first.data == NULL)
        return false;
    skr_hmac(first.data, first.size, date, key);
    skr_hmac(key, SKR_SHA256_BYTES, region, key);
    skr_hmac(key, SKR_SHA256_BYTES, SKR_BYTES("s3"), key);
    skr_hmac(key, SKR_SHA256_BYTES, SKR_BYTES("aws4_request"), key);
    return true;
}

bool skr_sigv4_sign(struct skr_message *message, struct skr_bytes host, struct skr_bytes access_key,
                    struct skr_bytes secret_key, struct skr_bytes region, struct skr_bytes payload_hash, int64_t now_s)
{
    time_t seconds = (time_t)now_s;
    struct tm when;
    char stamp[20], hash[2 * SKR_SHA256_BYTES], signature[2 * SKR_SHA256_BYTES];
    uint8_t key[SKR_SHA256_BYTES], digest[SKR_SHA256_BYTES];
    struct skr_bytes names;
    gmtime_r(&seconds, &when);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &when);
    skr_message_header(message, "x-amz-date", skr_text(stamp));
    skr_message_header(message, "x-amz-content-sha256", payload_hash);
    struct skr_bytes scope = skr_arena_print(message->arena, "%.8s/%.*s/s3/aws4_request", stamp, SKR_PRINT(region));
    if (scope.data == NULL || !skr_canonical_hash(message, host, payload_hash, &names, hash) ||
        !skr_signing_key(message->arena, secret_key, (struct skr_bytes){stamp, 8}, region, key))
        return false;
    struct skr_bytes text =
        skr_arena_print(message->arena, "AWS4-HMAC-SHA256\n%s\n%.*s\n%.*s", stamp, SKR_PRINT(scope), (int)sizeof hash, hash);
    if (text.data == NULL)
        return false;
    skr_hmac(key, sizeof key, text, digest);
    OPENSSL_cleanse(key, sizeof key);
    skr_hex_encode(signature, digest, sizeof digest);
    struct skr_bytes authorization =
        skr_arena_print(message->arena, "AWS4-HMAC-SHA256 Credential=%.*s/%.*s,SignedHeaders=%.*s,Signature=%.*s",
                        SKR_PRINT(access_key), SKR_PRINT(scope), SKR_PRINT(names), (int)sizeof signature, signature);
    if (authorization.data == NULL)
        return false;
    skr_message_header(message, "authorization", authorization);
    return true;
}
