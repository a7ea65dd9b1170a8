/* A shared access signature from any query; and the rules behind the signature, which a fuzzer cannot pass, on their own. */
#include "harness.h"
#include "schemes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skr_request request;
    static struct skr_arena arena;
    struct skr_error error;
    struct skr_sas sas;
    uint32_t permissions;
    char *text = skr_arena_alloc(&arena, size + 3);
    if (text == NULL)
        return 0;
    memcpy(text, "/?", 2);
    if (size > 0)
        memcpy(text + 2, data, size);
    request.method_name = SKR_BYTES("GET");
    request.received_ns = INT64_C(1781524800000000000);
    strcpy(request.peer, "10.0.0.5");
    if (skr_uri_parse(&arena, (struct skr_bytes){text, size + 2}, &request.uri, &error) == SKR_OK) {
        fuzz_check(&request, &arena);
        if (skr_sas_read(&request, &sas)) {
            (void)skr_sas_check_form(&sas, "2012-02-12", &error);
            (void)skr_sas_check_limits(&sas, &request, &error);
            if (skr_sas_permissions(sas.permissions, true, &permissions) && (permissions & SKR_PERMISSION_OWNER) != 0)
                abort();
            if (skr_sas_permissions(sas.permissions, false, &permissions) && (permissions & SKR_PERMISSION_OWNER) != 0)
                abort();
        }
    }
    skr_arena_release(&arena);
    return 0;
}
