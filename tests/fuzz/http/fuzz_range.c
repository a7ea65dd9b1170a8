/* Any bytes as a range: what is taken stays in its bounds. */
#include <assert.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t object_size = 0;
    if (size < sizeof object_size)
        return 0;
    memcpy(&object_size, data, sizeof object_size);
    struct skr_bytes text = {(const char *)data + sizeof object_size, size - sizeof object_size};
    check_range(text, object_size);
    check_range(text, object_size % 100);
    return 0;
}
