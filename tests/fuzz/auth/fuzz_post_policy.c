/* Any text as the policy of a form that has a key: it is read within its bounds, and a
 * refusal says why. And the same
 * text as the fields of a form: none of it makes somebody of nobody. */
#include "harness.h"
#include "post_policy.h"
#include "skerry/encoding.h"

static void check_policy(struct skr_bytes text, struct skr_arena *arena)
{
    const struct skr_name_value fields[] = {{SKR_BYTES("key"), SKR_BYTES("user/a")}, {SKR_BYTES("acl"), SKR_BYTES("private")}};
    struct skr_s3_form_fields form = {
        .fields = fields, .count = 2, .bucket = SKR_BYTES("box"), .received_ns = INT64_C(1) << 60};
    struct skr_s3_form_range range = {0, UINT64_MAX};
    struct skr_error error = {.message = ""};
    char *encoded = skr_arena_alloc(arena, SKR_BASE64_SIZE(text.size) + 1);
    assert(encoded != NULL);
    skr_base64_encode(encoded, text.data, text.size);
    enum skr_auth_refusal refusal =
        skr_post_policy_check((struct skr_bytes){encoded, SKR_BASE64_SIZE(text.size)}, &form, arena, &range, &error);
    if (refusal != SKR_AUTH_ALLOWED)
        assert(error.message[0] != '\0' && memchr(error.message, '\0', sizeof error.message) != NULL);
}

/* "name:value" a line. */
static void check_fields(struct skr_bytes text, struct skr_arena *arena)
{
    struct skr_name_value fields[16];
    struct skr_s3_form_fields form = {.fields = fields, .bucket = SKR_BYTES("box"), .received_ns = INT64_C(1) << 60};
    struct skr_s3_auth_options options = {.accounts = fuzz_options()->accounts, .region = SKR_BYTES("*"), .clock_skew_s = 900};
    struct skr_s3_form_range range;
    struct skr_principal principal;
    struct skr_error error;
    while (text.size > 0 && form.count < 16) {
        const char *end = memchr(text.data, '\n', text.size);
        struct skr_bytes line = {text.data, end == NULL ? text.size : (size_t)(end - text.data)};
        text.data += line.size + (end != NULL);
        text.size -= line.size + (end != NULL);
        const char *colon = line.size == 0 ? NULL : memchr(line.data, ':', line.size);
        if (colon != NULL)
            fields[form.count++] = (struct skr_name_value){{line.data, (size_t)(colon - line.data)},
                                                           {colon + 1, line.size - (size_t)(colon + 1 - line.data)}};
    }
    enum skr_auth_refusal refusal = skr_auth_s3_form(&options, &form, arena, &principal, &range, &error);
    assert(principal.scheme == SKR_AUTH_ANONYMOUS);
    assert(refusal == SKR_AUTH_ALLOWED || error.message[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skr_arena arena = {0};
    check_policy((struct skr_bytes){(const char *)data, size}, &arena);
    check_fields((struct skr_bytes){(const char *)data, size}, &arena);
    skr_arena_release(&arena);
    return 0;
}
