/* Any bytes as the body of Set Container ACL: at most five policies, each with an id of its own, its texts in form. */
#include <assert.h>

#include "access.h"
#include "skerry/encoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_time(struct skr_bytes text)
{
    int64_t when;
    assert(text.data != NULL && (text.size == 0 || skr_iso8601_parse(text, &when)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_policy_list list;
    if (skr_policies_parse(&arena, (struct skr_bytes){(const char *)data, size}, &list)) {
        assert(list.count <= SKR_MAX_ACCESS_POLICIES);
        for (size_t i = 0; i < list.count; i++) {
            const struct skr_access_policy *policy = &list.policies[i];
            assert(policy->id.size >= 1 && policy->id.size <= 64);
            for (size_t j = 0; j < i; j++)
                assert(!skr_bytes_equal(policy->id, list.policies[j].id));
            check_time(policy->start);
            check_time(policy->expiry);
            assert(policy->permission.data != NULL);
        }
    }
    skr_arena_release(&arena);
    return 0;
}
