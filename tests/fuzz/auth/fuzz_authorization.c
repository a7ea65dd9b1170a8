/* Shared Key from any headers. The input: lines of "name:value"; the first line is the Authorization header's value. */
#include "harness.h"

static void take_headers(struct skr_request *request, struct skr_bytes rest)
{
    request->header_count = 0;
    while (rest.size > 0 && request->header_count < SKR_MAX_HEADERS) {
        const char *end = memchr(rest.data, '\n', rest.size);
        struct skr_bytes line = {rest.data, end == NULL ? rest.size : (size_t)(end - rest.data)};
        rest.data += end == NULL ? line.size : line.size + 1;
        rest.size -= end == NULL ? line.size : line.size + 1;
        const char *colon = line.size == 0 ? NULL : memchr(line.data, ':', line.size);
        struct skr_header *header = &request->headers[request->header_count++];
        if (request->header_count == 1)
            *header = (struct skr_header){SKR_BYTES("Authorization"), line};
        else if (colon == NULL)
            *header = (struct skr_header){line, SKR_BYTES("")};
        else
            *header = (struct skr_header){{line.data, (size_t)(colon - line.data)},
                                          {colon + 1, line.size - (size_t)(colon + 1 - line.data)}};
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skr_request request;
    static struct skr_arena arena;
    struct skr_error error;
    if (skr_uri_parse(&arena, SKR_BYTES("/fuzz/c/b?comp=x&a=1&A=2"), &request.uri, &error) != SKR_OK)
        abort();
    request.method_name = SKR_BYTES("GET");
    request.received_ns = INT64_C(1781524800000000000);
    take_headers(&request, (struct skr_bytes){(const char *)data, size});
    fuzz_check(&request, &arena);
    /* once more with a good form and date, so that the text to sign is always built */
    if (request.header_count > 2) {
        request.headers[0] = (struct skr_header){SKR_BYTES("Authorization"),
                                                 SKR_BYTES("SharedKey fuzz:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")};
        request.headers[1] = (struct skr_header){SKR_BYTES("x-ms-date"), SKR_BYTES("Mon, 15 Jun 2026 12:00:00 GMT")};
        fuzz_check(&request, &arena);
    }
    skr_arena_release(&arena);
    return 0;
}
