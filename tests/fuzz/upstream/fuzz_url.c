/* Any bytes as the URL of an upstream. What is taken leads to the host that it names, and to one container there. */
#include <assert.h>

#include "upstream_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(struct skr_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        assert((unsigned char)text.data[i] > ' ' && text.data[i] != 0x7F && strchr("?#@\\", text.data[i]) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_upstream_url url;
    struct skr_error error;
    for (int kind = SKR_UPSTREAM_AZURE; kind <= SKR_UPSTREAM_S3; kind++) {
        struct skr_bytes copy = skr_arena_copy(&arena, (struct skr_bytes){(const char *)data, size});
        if (skr_upstream_url_parse(&arena, (enum skr_upstream_kind)kind, copy, SKR_BYTES("acc"), &url, &error) != SKR_OK)
            continue;
        check_name(url.authority);
        check_name(url.base);
        check_name(url.name);
        assert(url.host.size > 0 && url.base.size > 1 && url.base.data[0] == '/');
        assert(url.prefix.size == 0 || url.prefix.data[url.prefix.size - 1] == '/');
        assert(memchr(url.authority.data, '/', url.authority.size) == NULL);
    }
    skr_arena_release(&arena);
    return 0;
}
