/* Any bytes as a request target. What is taken lies inside the input, holds no control byte, and its query parts add up. */
#include <assert.h>

#include "skerry/encoding.h"
#include "skerry/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct skr_bytes whole, struct skr_bytes part)
{
    assert(part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skr_uri uri;
    struct skr_arena arena = {0};
    struct skr_error error;
    struct skr_bytes target = {(const char *)data, size};
    if (skr_uri_parse(&arena, target, &uri, &error) == SKR_OK) {
        assert(uri.raw_path.size > 0 && uri.raw_path.data[0] == '/');
        assert(memchr(uri.raw_path.data, '?', uri.raw_path.size) == NULL);
        assert(uri.raw_target.size == uri.raw_path.size + uri.raw_query.size + (uri.raw_target.size > uri.raw_path.size));
        for (size_t i = 0; i < uri.raw_target.size; i++)
            assert((unsigned char)uri.raw_target.data[i] > 0x20 && (unsigned char)uri.raw_target.data[i] < 0x7F);
        assert(uri.query_count <= SKR_MAX_QUERY_PARAMETERS);
        for (size_t i = 0; i < uri.query_count; i++) {
            const struct skr_query_parameter *parameter = &uri.query[i];
            check_inside(uri.raw_query, parameter->raw_name);
            check_inside(uri.raw_query, parameter->raw_value);
            assert(memchr(parameter->name.data, '\0', parameter->name.size) == NULL);
            assert(memchr(parameter->value.data, '\0', parameter->value.size) == NULL);
            struct skr_bytes again, encoded = skr_percent_encode(&arena, parameter->value, "");
            assert(skr_percent_decode(&arena, encoded, true, &again) && skr_bytes_equal(again, parameter->value));
        }
        struct skr_bytes path;
        assert(skr_percent_decode(&arena, uri.raw_path, false, &path));
        skr_is_utf8(path);
    }
    skr_arena_release(&arena);
    return 0;
}
