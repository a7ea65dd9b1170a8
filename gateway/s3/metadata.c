/* An object's own metadata, x-amz-meta-*: kept as UTF-8, in headers as far as headers can say it.
 * Source: "Amazon S3 User Guide", Working with object metadata; RFC 2047. */
#include <stdio.h>

#include "call.h"

/* ---- RFC 2047: =?UTF-8?B?...?= and =?UTF-8?Q?...?= ---- */

static bool skr_s3_decode_q(struct skr_arena *arena, struct skr_bytes text, struct skr_bytes *out)
{
    char *bytes = skr_arena_alloc(arena, text.size + 1);
    size_t size = 0;
    if (bytes == NULL)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i] == '_' ? ' ' : (uint8_t)text.data[i];
        if (text.data[i] == '=') {
            if (text.size - i < 3 || !skr_hex_decode((struct skr_bytes){text.data + i + 1, 2}, &byte, 1))
                return false;
            i += 2;
        }
        bytes[size++] = (char)byte;
    }
    *out = (struct skr_bytes){bytes, size};
    return true;
}

static bool skr_s3_decode_b(struct skr_arena *arena, struct skr_bytes text, struct skr_bytes *out)
{
    uint8_t *bytes = skr_arena_alloc(arena, text.size + 1);
    if (bytes == NULL || !skr_base64_decode(text, bytes, text.size, &out->size))
        return false;
    out->data = (char *)bytes;
    return true;
}

/* One encoded word at the beginning of `text`, which it is taken from. */
static bool skr_s3_decode_word(struct skr_arena *arena, struct skr_bytes *text, struct skr_bytes *out)
{
    const size_t prefix = 10; /* =?UTF-8?B? */
    if (text->size < prefix + 2 || !skr_bytes_equal_nocase((struct skr_bytes){text->data, 8}, SKR_BYTES("=?UTF-8?")) ||
        text->data[9] != '?')
        return false;
    struct skr_bytes rest = {text->data + prefix, text->size - prefix};
    const char *end = memmem(rest.data, rest.size, "?=", 2);
    if (end == NULL)
        return false;
    struct skr_bytes payload = {rest.data, (size_t)(end - rest.data)};
    char encoding = text->data[8];
    *text = (struct skr_bytes){end + 2, rest.size - payload.size - 2};
    if (encoding == 'B' || encoding == 'b')
        return skr_s3_decode_b(arena, payload, out);
    return (encoding == 'Q' || encoding == 'q') && skr_s3_decode_q(arena, payload, out);
}

/* Can listings of any protocol show it? Control characters, U+FFFE and U+FFFF have no place in XML. */
static bool skr_s3_is_shown(struct skr_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
        if (c == 0xEF && text.size - i >= 3 && (unsigned char)text.data[i + 1] == 0xBF &&
            (unsigned char)text.data[i + 2] >= 0xBE)
            return false;
    }
    return skr_is_utf8(text);
}

/* A value that is encoded words, with blanks between them, becomes the text that they mean. */
static struct skr_bytes skr_s3_decode_words(struct skr_arena *arena, struct skr_bytes text)
{
    struct skr_bytes left = text, word;
    char *out = skr_bytes_starts_with(text, SKR_BYTES("=?")) ? skr_arena_alloc(arena, text.size + 1) : NULL;
    size_t size = 0;
    if (out == NULL)
        return text;
    while (left.size > 0) {
        if (!skr_s3_decode_word(arena, &left, &word))
            return text;
        memcpy(out + size, word.data, word.size);
        size += word.size;
        while (left.size > 0 && (left.data[0] == ' ' || left.data[0] == '\t'))
            left = (struct skr_bytes){left.data + 1, left.size - 1};
    }
    struct skr_bytes decoded = {out, size};
    return skr_s3_is_shown(decoded) ? decoded : text;
}

/* Bytes that are not UTF-8 are what HTTP says that they are: ISO 8859-1. */
static struct skr_bytes skr_s3_to_utf8(struct skr_arena *arena, struct skr_bytes text)
{
    char *out = skr_is_utf8(text) ? NULL : skr_arena_alloc(arena, text.size * 2 + 1);
    size_t size = 0;
    if (out == NULL)
        return text;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x80)
            out[size++] = (char)(0xC0 | c >> 6);
        out[size++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3F));
    }
    return (struct skr_bytes){out, size};
}

/* ---- headers ---- */

/* S3 keeps names in lower case. */
static struct skr_bytes skr_s3_lower(struct skr_arena *arena, struct skr_bytes text)
{
    struct skr_bytes copy = skr_arena_copy(arena, text);
    for (size_t i = 0; i < copy.size; i++)
        if (copy.data[i] >= 'A' && copy.data[i] <= 'Z')
            ((char *)copy.data)[i] |= 0x20;
    return copy;
}

/* The same name again: the values in one, joined by commas. */
static bool skr_s3_join(struct skr_arena *arena, struct skr_name_value *pair, struct skr_bytes more)
{
    size_t size = pair->value.size + 1 + more.size;
    char *joined = skr_arena_alloc(arena, size + 1);
    if (joined == NULL)
        return false;
    snprintf(joined, size + 1, "%.*s,%.*s", SKR_PRINT(pair->value), SKR_PRINT(more));
    pair->value = (struct skr_bytes){joined, size};
    return true;
}

/* False: no memory. What is no metadata is passed over. */
static bool skr_s3_add_metadata(struct skr_arena *arena, struct skr_name_value *pairs, size_t *used, struct skr_bytes header,
                                struct skr_bytes text)
{
    if (header.size == 11 || !skr_bytes_starts_with_nocase(header, SKR_BYTES("x-amz-meta-")))
        return true;
    struct skr_bytes name = skr_s3_lower(arena, (struct skr_bytes){header.data + 11, header.size - 11});
    struct skr_bytes value = skr_s3_decode_words(arena, skr_s3_to_utf8(arena, text));
    if (name.data == NULL)
        return false;
    if (!skr_s3_is_shown(value))
        value = skr_header_text(arena, value);
    for (size_t i = 0; i < *used; i++)
        if (skr_bytes_equal(pairs[i].name, name))
            return skr_s3_join(arena, &pairs[i], value);
    pairs[(*used)++] = (struct skr_name_value){name, value};
    return true;
}

bool skr_s3_metadata(struct skr_s3_call *call, const struct skr_name_value **metadata, size_t *count)
{
    const struct skr_request *request = call->request;
    struct skr_name_value *pairs = skr_arena_alloc(call->arena, (SKR_MAX_HEADERS + SKR_MAX_QUERY_PARAMETERS) * sizeof *pairs);
    size_t total = 0, used = 0;
    bool fine = pairs != NULL;
    struct skr_name_value header;
    for (size_t i = 0; fine && skr_s3_next_header(call, i, &header); i++)
        fine = skr_s3_add_metadata(call->arena, pairs, &used, header.name, header.value);
    for (size_t i = 0; i < request->uri.query_count && call->presigned && fine; i++)
        fine = skr_s3_add_metadata(call->arena, pairs, &used, request->uri.query[i].name, request->uri.query[i].value);
    if (!fine) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
        return false;
    }
    for (size_t i = 0; i < used; i++)
        total += pairs[i].name.size + pairs[i].value.size;
    if (total > SKR_S3_MAX_METADATA_BYTES) {
        skr_s3_refuse(call, SKR_S3_METADATA_TOO_LARGE);
        return false;
    }
    *metadata = pairs;
    *count = used;
    return true;
}

void skr_s3_metadata_headers(struct skr_s3_call *call, const struct skr_object *object)
{
    for (size_t i = 0; i < object->metadata_count; i++) {
        const struct skr_name_value *pair = &object->metadata[i];
        size_t size = 11 + pair->name.size;
        char *name = skr_arena_alloc(call->arena, size + 1);
        if (name == NULL)
            continue;
        snprintf(name, size + 1, "x-amz-meta-%.*s", SKR_PRINT(pair->name));
        skr_exchange_header_named(call->exchange, skr_s3_lower(call->arena, (struct skr_bytes){name, size}),
                                  skr_header_text(call->arena, pair->value));
    }
}
