/* Any bytes as a range, a date, base64: what is taken stays in its bounds and survives a round trip. */
#include <assert.h>

#include "skerry/encoding.h"
#include "skerry/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_range(struct skr_bytes text, uint64_t object_size)
{
    struct skr_range range;
    uint64_t offset, length;
    if (skr_range_parse(text, &range)) {
        assert(range.kind != SKR_RANGE_NONE);
        if (skr_range_resolve(&range, object_size, &offset, &length))
            assert(length > 0 && offset < object_size && length <= object_size - offset);
    } else {
        assert(range.kind == SKR_RANGE_NONE);
    }
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

static void check_base64(struct skr_bytes text)
{
    uint8_t decoded[16384];
    char encoded[SKR_BASE64_SIZE(sizeof decoded)];
    size_t size;
    if (skr_base64_decode(text, decoded, sizeof decoded, &size)) {
        skr_base64_encode(encoded, decoded, size);
        assert(skr_bytes_equal((struct skr_bytes){encoded, SKR_BASE64_SIZE(size)}, text));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t object_size = 0;
    if (size < sizeof object_size)
        return 0;
    memcpy(&object_size, data, sizeof object_size);
    struct skr_bytes text = {(const char *)data + sizeof object_size, size - sizeof object_size};
    check_range(text, object_size);
    check_range(text, object_size % 100);
    check_dates(text);
    check_base64(text);
    return 0;
}
