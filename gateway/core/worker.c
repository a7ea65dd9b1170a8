/* A thread's handle on the core. */
#include <assert.h>
#include <stdlib.h>

#include "federation/space.h"
#include "state.h"

enum skr_status skr_worker_open(struct skr_core *core, struct skr_io *io, struct skr_executor *executor,
                                struct skr_worker **out, struct skr_error *err)
{
    struct skr_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a worker");
    worker->core = core;
    worker->io = io;
    worker->executor = executor;
    enum skr_status status = skr_meta_reader_open(core->meta, &worker->reader, err);
    if (status == SKR_OK && !skr_space_join(worker))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for a worker");
    if (status != SKR_OK) {
        skr_meta_reader_close(worker->reader);
        free(worker);
        return status;
    }
    *out = worker;
    return SKR_OK;
}

bool skr_worker_is_idle(const struct skr_worker *worker)
{
    return worker->under_way == 0;
}

void skr_worker_close(struct skr_worker *worker)
{
    if (worker == NULL)
        return;
    assert(worker->under_way == 0);
    skr_upstream_client_close(worker->upstreams);
    skr_space_part(worker);
    skr_meta_reader_close(worker->reader);
    free(worker);
}
