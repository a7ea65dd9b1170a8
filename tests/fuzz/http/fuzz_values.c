/* Any bytes as one value of a header or a query: numbers, dates, base64, hexadecimal, percent-encoding. What is taken survives
 * a round trip. */
#include <assert.h>
#include <stdio.h>

#include "skerry/encoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_percent(struct skr_arena *arena, struct skr_bytes text)
{
    struct skr_bytes decoded, again, encoded = skr_percent_encode(arena, text, "/");
    assert(skr_percent_decode(arena, encoded, false, &again) && skr_bytes_equal(again, text));
    if (skr_percent_decode(arena, text, true, &decoded))
        assert(decoded.size <= text.size);
}

static void check_hex(struct skr_bytes text)
{
    uint8_t bytes[32];
    char hex[64];
    if (text.size <= 64 && text.size % 2 == 0 && skr_hex_decode(text, bytes, text.size / 2)) {
        skr_hex_encode(hex, bytes, text.size / 2);
        assert(skr_bytes_equal_nocase((struct skr_bytes){hex, text.size}, text));
    }
}

static void check_numbers(struct skr_bytes text)
{
    uint64_t value;
    char again[24];
    if (!skr_parse_u64(text, &value))
        return;
    int size = snprintf(again, sizeof again, "%llu", (unsigned long long)value);
    while (text.size > 1 && text.data[0] == '0') {
        text.data++;
        text.size--;
    }
    assert(skr_bytes_equal((struct skr_bytes){again, (size_t)size}, text));
}

static void check_dates(struct skr_bytes text)
{
    int64_t seconds, again, ns;
    char date[SKR_HTTP_DATE_SIZE], iso[36];
    if (skr_http_date_parse(text, &seconds) && seconds >= -62000000000 && seconds < 253402300800) {
        skr_http_date_format(date, seconds);
        assert(skr_http_date_parse((struct skr_bytes){date, sizeof date}, &again) && again == seconds);
    }
    if (skr_iso8601_parse(text, &ns)) {
        size_t size = skr_iso8601_format(iso, ns, 9);
        assert(size <= sizeof iso && skr_iso8601_parse((struct skr_bytes){iso, size}, &again) && again == ns);
    }
}

static void check_base64(struct skr_bytes text, size_t capacity)
{
    uint8_t decoded[16384];
    char encoded[SKR_BASE64_SIZE(sizeof decoded)];
    size_t size;
    if (skr_base64_decode(text, decoded, capacity, &size)) {
        assert(size <= capacity);
        skr_base64_encode(encoded, decoded, size);
        assert(skr_bytes_equal((struct skr_bytes){encoded, SKR_BASE64_SIZE(size)}, text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_bytes text = {(const char *)data, size};
    check_percent(&arena, text);
    check_hex(text);
    check_numbers(text);
    check_dates(text);
    check_base64(text, 64); /* a capacity that texts exceed */
    check_base64(text, 16384);
    skr_arena_release(&arena);
    return 0;
}
