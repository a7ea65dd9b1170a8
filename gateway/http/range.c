/* One byte range of a Range header. */
#include "skerry/encoding.h"
#include "skerry/http.h"

/* A number that is larger than any offset stands for the largest: beyond the end either way. */
static bool skr_range_number(struct skr_bytes text, uint64_t *number)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    if (!skr_parse_u64(text, number))
        *number = UINT64_MAX;
    return text.size > 0;
}

static bool skr_range_read(struct skr_bytes text, struct skr_range *range)
{
    if (text.size < 7 || !skr_bytes_starts_with_nocase(text, SKR_BYTES("bytes=")))
        return false;
    text.data += 6;
    text.size -= 6;
    const char *dash = memchr(text.data, '-', text.size);
    if (dash == NULL)
        return false;
    struct skr_bytes first = {text.data, (size_t)(dash - text.data)}, last = {dash + 1, text.size - first.size - 1};
    if (first.size == 0) {
        range->kind = SKR_RANGE_SUFFIX;
        return skr_range_number(last, &range->last);
    }
    if (!skr_range_number(first, &range->first))
        return false;
    range->kind = last.size == 0 ? SKR_RANGE_FROM : SKR_RANGE_FROM_TO;
    return last.size == 0 || (skr_range_number(last, &range->last) && range->first <= range->last);
}

bool skr_range_parse(struct skr_bytes text, struct skr_range *range)
{
    *range = (struct skr_range){.kind = SKR_RANGE_NONE};
    if (skr_range_read(text, range))
        return true;
    *range = (struct skr_range){.kind = SKR_RANGE_NONE};
    return false;
}

bool skr_range_resolve(const struct skr_range *range, uint64_t size, uint64_t *offset, uint64_t *length)
{
    *offset = 0;
    *length = size;
    switch (range->kind) {
    case SKR_RANGE_NONE:
        return true;
    case SKR_RANGE_SUFFIX:
        *length = range->last < size ? range->last : size;
        *offset = size - *length;
        return *length > 0;
    case SKR_RANGE_FROM:
    case SKR_RANGE_FROM_TO:
        if (range->first >= size)
            return false;
        *offset = range->first;
        *length = size - range->first;
        if (range->kind == SKR_RANGE_FROM_TO && range->last - range->first < *length - 1)
            *length = range->last - range->first + 1;
        return true;
    }
    return false;
}

uint64_t skr_range_begin(struct skr_bytes text)
{
    struct skr_range range;
    if (text.size == 0 || !skr_range_parse(text, &range) || range.kind == SKR_RANGE_NONE)
        return 0; /* the whole */
    return range.kind == SKR_RANGE_SUFFIX ? UINT64_MAX : range.first;
}
