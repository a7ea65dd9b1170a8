/* The body of an S3 request on its way to its sink. aws-chunked is undone here:
 *
 *   10000;chunk-signature=<64 digits>\r\n  <data>\r\n  ...  0;chunk-signature=<64 digits>\r\n  name:value\r\n  ...  \r\n
 *
 * without ";chunk-signature=..." in the unsigned form. Data goes from the caller's buffer straight to the sink; only the lines
 * between are kept. A chunk's signature stands before its data and is compared after it, so the sink has data that is not
 * verified yet: what becomes of it is decided by skr_s3_body_finish().
 *
 * Clients end trailers in several ways: lines with "\n" alone, an empty line before the trailer's signature, one too many at
 * the end, or none. All are taken: after the last chunk there are only lines, and empty ones mean nothing. Where the body ends
 * is HTTP's business.
 *
 * Sources: "Transferring Payload in Multiple Chunks", "Signature calculations for trailing headers".
 */
#include <openssl/crypto.h>
#include <stdlib.h>

#include "digest.h"
#include "sigv4_trailer.h"
#include "skerry/auth.h"
#include "skerry/encoding.h"

#define SKR_CHUNK_SIGNATURE ";chunk-signature="
#define SKR_MAX_CHUNK_HEADER 128 /* 16 digits, the signature and the end of the line need 99 */
#define SKR_MAX_SCOPE 256

enum skr_body_state { SKR_BODY_CHUNK_HEADER, SKR_BODY_CHUNK_DATA, SKR_BODY_CHUNK_END, SKR_BODY_TRAILER, SKR_BODY_FINISHED };

struct skr_s3_body {
    enum skr_s3_payload_kind kind;
    enum skr_s3_body_problem problem;
    enum skr_body_state state;
    uint64_t announced, begun; /* bytes of the whole body, and of all chunks so far */
    uint64_t left;             /* of this chunk */
    struct skr_sha256 hash;    /* of this chunk, or of the body */
    uint8_t sha256[SKR_SHA256_SIZE];
    char line[SKR_MAX_CHUNK_HEADER];
    size_t line_size;
    struct skr_trailer trailer;
    struct skr_hmac key;
    char previous[64], signature[64]; /* the last verified signature, and this chunk's */
    char where[SKR_MAX_SCOPE];        /* time stamp and scope, a line each */
    size_t where_size;
};

static bool skr_body_is_signed(const struct skr_s3_body *body)
{
    return body->kind == SKR_PAYLOAD_CHUNKS_SIGNED || body->kind == SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER;
}

static bool skr_body_is_chunked(const struct skr_s3_body *body)
{
    return skr_body_is_signed(body) || body->kind == SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER;
}

/* ---- signatures ---- */

static size_t skr_put(char *out, size_t at, struct skr_bytes part)
{
    memcpy(out + at, part.data, part.size);
    return at + part.size;
}

/* Compares the signature of the text that ends with the hash of what is signed, and lets the next one begin with it. */
static bool skr_body_verify(struct skr_s3_body *body, struct skr_bytes algorithm, struct skr_bytes between,
                            struct skr_sha256 *hash, const char signature[64])
{
    char text[SKR_MAX_SCOPE + 256], hexadecimal[64];
    uint8_t digest[SKR_SHA256_SIZE];
    size_t size = skr_put(text, 0, algorithm);
    size = skr_put(text, size, (struct skr_bytes){body->where, body->where_size});
    size = skr_put(text, size, (struct skr_bytes){body->previous, sizeof body->previous});
    size = skr_put(text, size, between);
    skr_sha256_end(hash, digest);
    skr_hex_encode(text + size, digest, sizeof digest);
    skr_hmac_sign(&body->key, (struct skr_bytes){text, size + 64}, digest);
    skr_hex_encode(hexadecimal, digest, sizeof digest);
    bool matches = skr_secret_equal((struct skr_bytes){hexadecimal, 64}, (struct skr_bytes){signature, 64});
    OPENSSL_cleanse(digest, sizeof digest);
    OPENSSL_cleanse(hexadecimal, sizeof hexadecimal);
    memcpy(body->previous, signature, sizeof body->previous);
    return matches;
}

static void skr_body_verify_chunk(struct skr_s3_body *body)
{
    /* the hash of nothing stands where the header's would */
    static const char between[] = "\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";
    if (skr_body_is_signed(body) &&
        !skr_body_verify(body, SKR_BYTES("AWS4-HMAC-SHA256-PAYLOAD\n"), SKR_BYTES(between), &body->hash, body->signature))
        body->problem = SKR_S3_BODY_SIGNATURE_MISMATCH;
}

static void skr_body_verify_trailer(struct skr_s3_body *body)
{
    struct skr_sha256 hash;
    skr_sha256_begin(&hash);
    skr_trailer_hash(&body->trailer, &hash);
    if (!skr_body_verify(body, SKR_BYTES("AWS4-HMAC-SHA256-TRAILER\n"), SKR_BYTES("\n"), &hash, body->trailer.signature))
        body->problem = SKR_S3_BODY_SIGNATURE_MISMATCH;
}

/* ---- chunks ---- */

static bool skr_chunk_size(struct skr_bytes digits, uint64_t *size)
{
    *size = 0;
    if (digits.size == 0 || digits.size > 16)
        return false;
    for (size_t i = 0; i < digits.size; i++) {
        char c = digits.data[i], lower = (char)(c | 0x20);
        bool digit = c >= '0' && c <= '9';
        if (!digit && (lower < 'a' || lower > 'f'))
            return false;
        *size = *size << 4 | (uint64_t)(digit ? c - '0' : lower - 'a' + 10);
    }
    return true;
}

/* "10000;chunk-signature=...\r\n" */
static enum skr_s3_body_problem skr_body_begin_chunk(struct skr_s3_body *body)
{
    const struct skr_bytes extension = SKR_BYTES(SKR_CHUNK_SIGNATURE);
    struct skr_bytes line = {body->line, body->line_size};
    if (line.size < 2 || line.data[line.size - 2] != '\r')
        return SKR_S3_BODY_MALFORMED;
    line.size -= 2;
    if (skr_body_is_signed(body)) {
        size_t tail = extension.size + sizeof body->signature;
        if (line.size < tail || memcmp(line.data + line.size - tail, extension.data, extension.size) != 0)
            return SKR_S3_BODY_MALFORMED;
        memcpy(body->signature, line.data + line.size - sizeof body->signature, sizeof body->signature);
        line.size -= tail;
    }
    if (!skr_chunk_size(line, &body->left))
        return SKR_S3_BODY_MALFORMED;
    if (body->left > body->announced - body->begun)
        return SKR_S3_BODY_INCOMPLETE;
    body->begun += body->left;
    body->line_size = 0;
    skr_sha256_begin(&body->hash);
    body->state = SKR_BODY_CHUNK_DATA;
    if (body->left > 0)
        return SKR_S3_BODY_FINE;
    body->state = SKR_BODY_TRAILER;
    skr_body_verify_chunk(body);
    return body->problem != SKR_S3_BODY_FINE ? body->problem
           : body->begun == body->announced  ? SKR_S3_BODY_FINE
                                             : SKR_S3_BODY_INCOMPLETE;
}

/* Up to and with the line's end. */
static size_t skr_body_take_header(struct skr_s3_body *body, const char *data, size_t size)
{
    const char *end = memchr(data, '\n', size);
    size_t used = end == NULL ? size : (size_t)(end - data) + 1;
    if (used > sizeof body->line - body->line_size) {
        body->problem = SKR_S3_BODY_MALFORMED;
        return used;
    }
    memcpy(body->line + body->line_size, data, used);
    body->line_size += used;
    if (end != NULL)
        body->problem = skr_body_begin_chunk(body);
    return used;
}

static size_t skr_body_pass(struct skr_s3_body *body, bool hashed, const char *data, size_t size,
                            size_t (*write)(void *context, const void *data, size_t size), void *context)
{
    size_t taken = write(context, data, size);
    if (hashed)
        skr_sha256_add(&body->hash, data, taken);
    return taken;
}

/* "\r\n" after a chunk's data. */
static size_t skr_body_take_end(struct skr_s3_body *body, char c)
{
    if (c != "\r\n"[body->line_size++]) {
        body->problem = SKR_S3_BODY_MALFORMED;
    } else if (body->line_size == 2) {
        body->line_size = 0;
        body->state = SKR_BODY_CHUNK_HEADER;
    }
    return 1;
}

static size_t skr_body_decode_chunked(struct skr_s3_body *body, const char *data, size_t size,
                                      size_t (*write)(void *context, const void *data, size_t size), void *context)
{
    size_t used = 0;
    while (used < size && body->problem == SKR_S3_BODY_FINE) {
        if (body->state == SKR_BODY_CHUNK_HEADER) {
            used += skr_body_take_header(body, data + used, size - used);
        } else if (body->state == SKR_BODY_CHUNK_END) {
            used += skr_body_take_end(body, data[used]);
        } else if (body->state == SKR_BODY_TRAILER) {
            body->problem = skr_trailer_take(&body->trailer, data + used, size - used);
            used = size;
        } else {
            size_t wanted = size - used < body->left ? size - used : (size_t)body->left;
            size_t taken = skr_body_pass(body, skr_body_is_signed(body), data + used, wanted, write, context);
            used += taken;
            body->left -= taken;
            if (body->left == 0) {
                body->state = SKR_BODY_CHUNK_END;
                skr_body_verify_chunk(body);
            }
            if (taken < wanted)
                return used;
        }
    }
    return body->problem == SKR_S3_BODY_FINE ? used : size;
}

/* ---- the whole body ---- */

enum skr_status skr_s3_body_open(struct skr_s3_body **out, const struct skr_s3_payload *payload, struct skr_bytes trailer,
                                 struct skr_error *err)
{
    struct skr_s3_body *body = calloc(1, sizeof *body);
    *out = body;
    if (body == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a body's decoder");
    body->kind = payload->kind;
    body->announced = payload->decoded_length;
    skr_sha256_begin(&body->hash);
    memcpy(body->sha256, payload->sha256, sizeof body->sha256);
    if (skr_body_is_signed(body)) {
        if (payload->timestamp.size + payload->scope.size + 2 > sizeof body->where) {
            skr_s3_body_close(body);
            *out = NULL;
            return skr_fail(err, SKR_INVALID_ARGUMENT, "the scope of a signature is too long");
        }
        memcpy(body->previous, payload->seed_signature, sizeof body->previous);
        body->where_size = skr_put(body->where, 0, payload->timestamp);
        body->where_size = skr_put(body->where, body->where_size, SKR_BYTES("\n"));
        body->where_size = skr_put(body->where, body->where_size, payload->scope);
        body->where_size = skr_put(body->where, body->where_size, SKR_BYTES("\n"));
        skr_hmac_prepare(&body->key, payload->signing_key, sizeof payload->signing_key);
    }
    bool trailers = body->kind == SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER || body->kind == SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER;
    if (skr_body_is_chunked(body))
        body->problem = skr_trailer_announce(&body->trailer, trailers ? trailer : SKR_NO_BYTES,
                                             body->kind == SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER);
    return SKR_OK;
}

size_t skr_s3_body_decode(struct skr_s3_body *body, const void *data, size_t size,
                          size_t (*write)(void *context, const void *data, size_t size), void *context)
{
    if (body->problem != SKR_S3_BODY_FINE)
        return size;
    if (skr_body_is_chunked(body))
        return skr_body_decode_chunked(body, data, size, write, context);
    return skr_body_pass(body, body->kind == SKR_PAYLOAD_SIGNED, data, size, write, context);
}

static enum skr_s3_body_problem skr_body_finish_chunked(struct skr_s3_body *body)
{
    if (body->state != SKR_BODY_TRAILER)
        return SKR_S3_BODY_INCOMPLETE;
    enum skr_s3_body_problem problem = skr_trailer_finish(&body->trailer);
    if (problem == SKR_S3_BODY_FINE && body->kind == SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER)
        skr_body_verify_trailer(body);
    return problem != SKR_S3_BODY_FINE ? problem : body->problem;
}

static enum skr_s3_body_problem skr_body_finish_hash(struct skr_s3_body *body)
{
    uint8_t digest[SKR_SHA256_SIZE];
    skr_sha256_end(&body->hash, digest);
    return CRYPTO_memcmp(digest, body->sha256, sizeof digest) == 0 ? SKR_S3_BODY_FINE : SKR_S3_BODY_HASH_MISMATCH;
}

enum skr_s3_body_problem skr_s3_body_finish(struct skr_s3_body *body)
{
    if (body->problem == SKR_S3_BODY_FINE && body->state != SKR_BODY_FINISHED) {
        if (skr_body_is_chunked(body))
            body->problem = skr_body_finish_chunked(body);
        else if (body->kind == SKR_PAYLOAD_SIGNED)
            body->problem = skr_body_finish_hash(body);
        body->state = SKR_BODY_FINISHED;
    }
    return body->problem;
}

struct skr_bytes skr_s3_body_trailer(const struct skr_s3_body *body, const char *name)
{
    bool good = body->problem == SKR_S3_BODY_FINE && body->state == SKR_BODY_FINISHED;
    return good ? skr_trailer_value(&body->trailer, skr_text(name)) : SKR_NO_BYTES;
}

void skr_s3_body_close(struct skr_s3_body *body)
{
    if (body == NULL)
        return;
    OPENSSL_cleanse(body, sizeof *body);
    free(body);
}
