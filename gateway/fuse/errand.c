/* One request, from what libfuse calls to its answer. */
#include "mount_state.h"

void skr_errand_prepare(struct skr_errand *errand, struct skr_mount *mount, struct skr_caller *caller)
{
    errand->mount = mount;
    errand->caller = caller;
    errand->request = NULL;
    errand->arena = (struct skr_arena){.blocks = NULL};
    errand->error = (struct skr_error){.status = SKR_OK};
    skr_arena_seed(&errand->arena, errand->memory, sizeof errand->memory);
}

bool skr_errand_begin(struct skr_errand *errand, fuse_req_t request, enum skr_operation operation)
{
    struct skr_mount *mount = fuse_req_userdata(request);
    skr_errand_prepare(errand, mount, skr_this_caller());
    errand->request = request;
    errand->operation = operation;
    atomic_fetch_add_explicit(&mount->operations[operation].count, 1, memory_order_relaxed);
    if (!skr_operation_rows[operation].changes || !mount->options.read_only)
        return true;
    skr_errand_end(errand, EROFS);
    return false;
}

void skr_errand_end(struct skr_errand *errand, int outcome)
{
    if (outcome > 0)
        atomic_fetch_add_explicit(&errand->mount->operations[errand->operation].failed, 1, memory_order_relaxed);
    if (outcome != 0 && errand->request != NULL)
        fuse_reply_err(errand->request, outcome > 0 ? outcome : 0);
    skr_arena_release(&errand->arena);
}

bool skr_errand_gave_up(void *context)
{
    struct skr_errand *errand = context;
    return errand->request != NULL && fuse_req_interrupted(errand->request);
}

int skr_errand_fail(struct skr_errand *errand, enum skr_status status, const char *what)
{
    int outcome = skr_errno_of(status);
    if (outcome == EIO || outcome == ENOMEM)
        skr_log(SKR_LOG_WARNING, "mount", "%s: %s: %s", what, skr_status_text(status),
                errand->error.status == status ? errand->error.message : "");
    return outcome;
}
