/* Base64, hexadecimal, percent-encoding, UTF-8, numbers, secrets. See skerry/encoding.h. */
#include "skerry/encoding.h"

#include <openssl/crypto.h>

static const char skr_base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void skr_base64_encode(char *out, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (; size >= 3; bytes += 3, size -= 3, out += 4) {
        out[0] = skr_base64_digits[bytes[0] >> 2];
        out[1] = skr_base64_digits[(bytes[0] & 3) << 4 | bytes[1] >> 4];
        out[2] = skr_base64_digits[(bytes[1] & 15) << 2 | bytes[2] >> 6];
        out[3] = skr_base64_digits[bytes[2] & 63];
    }
    if (size == 0)
        return;
    uint8_t second = size > 1 ? bytes[1] : 0;
    out[0] = skr_base64_digits[bytes[0] >> 2];
    out[1] = skr_base64_digits[(bytes[0] & 3) << 4 | second >> 4];
    out[2] = size > 1 ? skr_base64_digits[(second & 15) << 2] : '=';
    out[3] = '=';
}

static int skr_base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool skr_base64_decode(struct skr_bytes text, uint8_t *out, size_t capacity, size_t *size)
{
    if (text.size % 4 != 0)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
        padding++;
    *size = text.size / 4 * 3 - padding;
    if (*size > capacity)
        return false;
    uint32_t group = 0;
    size_t written = 0;
    for (size_t i = 0; i < text.size; i++) {
        bool pad = i >= text.size - padding;
        int value = pad ? 0 : skr_base64_value(text.data[i]);
        if (value < 0)
            return false;
        group = group << 6 | (uint32_t)value;
        if (i % 4 == 3)
            for (int shift = 16; shift >= 0; shift -= 8) {
                if (written < *size)
                    out[written++] = (uint8_t)(group >> shift);
                else if ((group >> shift & 0xFF) != 0)
                    return false; /* unused bits are zero, so that a value has one spelling */
            }
        if (i % 4 == 3)
            group = 0;
    }
    return true;
}

bool skr_md5_parse(struct skr_bytes base64, uint8_t md5[16])
{
    size_t size;
    uint8_t bytes[18];
    if (!skr_base64_decode(base64, bytes, sizeof bytes, &size) || size != 16)
        return false;
    memcpy(md5, bytes, 16);
    return true;
}

void skr_hex_encode(char *out, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
}

static int skr_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool skr_hex_decode(struct skr_bytes text, uint8_t *out, size_t size)
{
    if (text.size != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = skr_hex_value(text.data[2 * i]), low = skr_hex_value(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool skr_percent_decode(struct skr_arena *arena, struct skr_bytes text, bool plus_is_space, struct skr_bytes *out)
{
    char *decoded = skr_arena_alloc(arena, text.size + 1);
    size_t size = 0;
    if (decoded == NULL)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '%') {
            if (i + 2 >= text.size)
                return false;
            int high = skr_hex_value(text.data[i + 1]);
            int low = skr_hex_value(text.data[i + 2]);
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        decoded[size++] = c;
    }
    decoded[size] = '\0';
    *out = (struct skr_bytes){decoded, size};
    return true;
}

static bool skr_is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

struct skr_bytes skr_percent_encode(struct skr_arena *arena, struct skr_bytes text, const char *keep)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = skr_arena_alloc(arena, text.size * 3 + 1);
    size_t size = 0;
    if (encoded == NULL)
        return SKR_NO_BYTES;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (skr_is_unreserved(c) || (c != '\0' && strchr(keep, c) != NULL)) {
            encoded[size++] = c;
        } else {
            encoded[size++] = '%';
            encoded[size++] = digits[(unsigned char)c >> 4];
            encoded[size++] = digits[(unsigned char)c & 15];
        }
    }
    encoded[size] = '\0';
    return (struct skr_bytes){encoded, size};
}

/* Bytes of the sequence that begins here, 0 when it is not well-formed. */
static size_t skr_utf8_sequence(const unsigned char *at, size_t left)
{
    unsigned char c = at[0];
    size_t length = c < 0x80 ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;
    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    if ((c == 0xE0 && at[1] < 0xA0) || (c == 0xED && at[1] > 0x9F) || (c == 0xF0 && at[1] < 0x90) ||
        (c == 0xF4 && at[1] > 0x8F))
        return 0; /* overlong, a surrogate, or beyond U+10FFFF */
    return length;
}

bool skr_is_utf8(struct skr_bytes text)
{
    for (size_t at = 0; at < text.size;) {
        size_t length = skr_utf8_sequence((const unsigned char *)text.data + at, text.size - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

struct skr_bytes skr_header_text(struct skr_arena *arena, struct skr_bytes text)
{
    bool plain = true;
    for (size_t i = 0; i < text.size && plain; i++)
        plain = text.data[i] >= ' ' && text.data[i] < 0x7F;
    size_t size = SKR_BASE64_SIZE(text.size) + 12;
    char *out = plain ? NULL : skr_arena_alloc(arena, size);
    if (out == NULL)
        return text;
    memcpy(out, "=?UTF-8?B?", 10);
    skr_base64_encode(out + 10, text.data, text.size);
    memcpy(out + size - 2, "?=", 2);
    return (struct skr_bytes){out, size};
}

bool skr_parse_u64(struct skr_bytes text, uint64_t *value)
{
    *value = 0;
    if (text.size == 0)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || __builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(text.data[i] - '0'), value))
            return false;
    }
    return true;
}

bool skr_secret_equal(struct skr_bytes a, struct skr_bytes b)
{
    return a.size == b.size && CRYPTO_memcmp(a.data, b.data, a.size) == 0;
}

struct skr_bytes skr_list_cut(struct skr_bytes *list)
{
    const char *comma = memchr(list->data, ',', list->size);
    struct skr_bytes item = {list->data, comma == NULL ? list->size : (size_t)(comma - list->data)};
    list->data += item.size + (comma != NULL);
    list->size -= item.size + (comma != NULL);
    return skr_bytes_trim(item);
}

bool skr_wildcard_matches(struct skr_bytes pattern, struct skr_bytes text, bool any_case)
{
    const char *star = pattern.size == 0 ? NULL : memchr(pattern.data, '*', pattern.size);
    if (star == NULL)
        return any_case ? skr_bytes_equal_nocase(pattern, text) : skr_bytes_equal(pattern, text);
    struct skr_bytes before = {pattern.data, (size_t)(star - pattern.data)};
    struct skr_bytes after = {star + 1, pattern.size - before.size - 1};
    if (text.size < before.size + after.size)
        return false;
    struct skr_bytes head = {text.data, before.size}, tail = {text.data + text.size - after.size, after.size};
    return any_case ? skr_bytes_equal_nocase(before, head) && skr_bytes_equal_nocase(after, tail)
                    : skr_bytes_equal(before, head) && skr_bytes_equal(after, tail);
}
