/* An S3 request from any target and headers: the first line is the target, the others are "name:value". And once more with a
 * form that is good as far as a fuzzer can make it, in headers and in the query, so that the text to sign is always built. */
#include "harness.h"

static const struct skr_s3_auth_options *fuzz_s3_options(void)
{
    static struct skr_s3_auth_options options;
    static char secret[45] = "";
    struct skr_accounts *accounts = (struct skr_accounts *)fuzz_options()->accounts;
    struct skr_error error;
    if (options.accounts != NULL)
        return &options;
    fuzz_random_letters(secret, 44);
    if (skr_accounts_add_s3_key(accounts, SKR_BYTES("FUZZ"), SKR_BYTES(secret), SKR_BYTES("fuzz"), false, &error) != SKR_OK)
        abort();
    options = (struct skr_s3_auth_options){.accounts = accounts, .region = SKR_BYTES("*"), .clock_skew_s = 900};
    return &options;
}

static struct skr_bytes take_line(struct skr_bytes *rest)
{
    const char *end = rest->size == 0 ? NULL : memchr(rest->data, '\n', rest->size);
    struct skr_bytes line = {rest->data, end == NULL ? rest->size : (size_t)(end - rest->data)};
    rest->data += end == NULL ? line.size : line.size + 1;
    rest->size -= end == NULL ? line.size : line.size + 1;
    return line;
}

static void take_header(struct skr_request *request, struct skr_bytes line)
{
    const char *colon = line.size == 0 ? NULL : memchr(line.data, ':', line.size);
    struct skr_header *header = &request->headers[request->header_count++];
    if (colon == NULL)
        *header = (struct skr_header){line, SKR_BYTES("")};
    else
        *header = (struct skr_header){{line.data, (size_t)(colon - line.data)},
                                      {colon + 1, line.size - (size_t)(colon + 1 - line.data)}};
}

static void check(const struct skr_request *request, struct skr_arena *arena)
{
    struct skr_principal principal;
    struct skr_s3_payload payload;
    struct skr_error error;
    enum skr_auth_refusal refusal = skr_auth_s3(fuzz_s3_options(), request, arena, &principal, &payload, &error);
    if (refusal == SKR_AUTH_ALLOWED && principal.scheme != SKR_AUTH_ANONYMOUS)
        abort();
    if (refusal != SKR_AUTH_ALLOWED && (error.message[0] == '\0' || memchr(error.message, '\0', sizeof error.message) == NULL))
        abort();
    static const uint8_t none[32];
    if (memcmp(payload.signing_key, none, sizeof none) != 0)
        abort();
}

/* The fuzzer's target with a signature in its query, of a good form but for what the fuzzer puts in front of it. */
static void check_presigned(struct skr_request *request, struct skr_arena *arena, struct skr_bytes line)
{
    static const char query[] = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=FUZZ%2F20260615%2Fr%2Fs3%2Faws4_request"
                                "&X-Amz-Date=20260615T120000Z&X-Amz-Expires=300&X-Amz-SignedHeaders=host"
                                "&X-Amz-Signature=0000000000000000000000000000000000000000000000000000000000000000";
    struct skr_error error;
    char *text = skr_arena_alloc(arena, line.size + sizeof query + 8);
    if (text == NULL)
        abort();
    bool has_query = line.size > 0 && memchr(line.data, '?', line.size) != NULL;
    int size = sprintf(text, "%.*s%s%s", (int)line.size, line.size > 0 ? line.data : "", has_query ? "&" : "/?", query);
    if (skr_uri_parse(arena, (struct skr_bytes){text, (size_t)size}, &request->uri, &error) == SKR_OK)
        check(request, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skr_request request;
    static struct skr_arena arena;
    struct skr_error error;
    struct skr_bytes rest = {(const char *)data, size};
    request.method_name = SKR_BYTES("PUT");
    request.received_ns = INT64_C(1781524800000000000);
    request.header_count = 0;
    struct skr_bytes line = take_line(&rest);
    if (skr_uri_parse(&arena, line, &request.uri, &error) != SKR_OK &&
        skr_uri_parse(&arena, SKR_BYTES("/b/k%41+?uploads&a=%20"), &request.uri, &error) != SKR_OK)
        abort();
    while (rest.size > 0 && request.header_count < SKR_MAX_HEADERS - 4)
        take_header(&request, take_line(&rest));
    request.host = skr_request_header(&request, "host");
    check(&request, &arena);
    struct skr_uri uri = request.uri;
    check_presigned(&request, &arena, line);
    request.uri = uri;
    request.host = SKR_BYTES("h");
    request.headers[request.header_count++] = (struct skr_header){SKR_BYTES("Host"), SKR_BYTES("h")};
    request.headers[request.header_count++] = (struct skr_header){SKR_BYTES("X-Amz-Date"), SKR_BYTES("20260615T120000Z")};
    request.headers[request.header_count++] =
        (struct skr_header){SKR_BYTES("X-Amz-Content-Sha256"), SKR_BYTES("UNSIGNED-PAYLOAD")};
    request.headers[request.header_count++] = (struct skr_header){
        SKR_BYTES("Authorization"),
        SKR_BYTES("AWS4-HMAC-SHA256 Credential=FUZZ/20260615/r/s3/aws4_request,SignedHeaders=host;x-amz-date;x-amz-meta-a;a,"
                  "Signature=0000000000000000000000000000000000000000000000000000000000000000")};
    check(&request, &arena);
    skr_arena_release(&arena);
    return 0;
}
