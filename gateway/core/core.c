/* Opening and closing the core: metadata first (it knows the boot number), then the store, then the collector. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "collector.h"
#include "federation/federation.h"
#include "federation/mirror.h"
#include "federation/prefetch.h"
#include "federation/probing.h"
#include "federation/space.h"
#include "federation/uploader.h"
#include "files/straighten.h"
#include "skerry/log.h"
#include "state.h"

static void skr_on_commit_failure(void *context, const struct skr_error *err)
{
    struct skr_core *core = context;
    skr_log(SKR_LOG_ERROR, "core", "metadata could not be committed, no more writes until restart: %s", err->message);
    if (core->store != NULL)
        skr_store_set_read_only(core->store, err->message);
}

static enum skr_status skr_make_data_folder(const char *directory, struct skr_error *err)
{
    if (mkdir(directory, 0700) == 0 || errno == EEXIST)
        return SKR_OK;
    int os_errno = errno;
    return skr_fail_os(err, os_errno == ENOSPC ? SKR_NO_SPACE : SKR_IO, os_errno,
                       "cannot make the data folder %s: %s. Choose another with --data", directory, strerror(os_errno));
}

static enum skr_status skr_core_load_bindings(struct skr_core *core, struct skr_error *err)
{
    struct skr_meta_reader *reader;
    struct skr_view *view;
    enum skr_status status = skr_meta_reader_open(core->meta, &reader, err);
    if (status != SKR_OK)
        return status;
    status = skr_view_begin(reader, &view, err);
    if (status == SKR_OK) {
        status = skr_bindings_load(&core->bindings, view, err);
        skr_view_end(view);
    }
    skr_meta_reader_close(reader);
    return status;
}

static enum skr_status skr_core_open_parts(struct skr_core *core, struct skr_error *err)
{
    const struct skr_core_options *options = &core->options;
    struct skr_meta_options meta_options = {
        .directory = core->directory,
        .map_initial_bytes = options->meta_map_initial_bytes,
        .map_max_bytes = options->meta_map_max_bytes,
        .max_readers = options->workers +
                       8, /* the collector, the uploader, the mirrorer, space, prefetching, probing, straightening, a spare */
        .on_commit_failure = skr_on_commit_failure,
        .context = core,
    };
    enum skr_status status = skr_meta_open(&core->meta, &meta_options, err);
    if (status != SKR_OK)
        return status;
    struct skr_io_options io_options = {.entries = 64, .fault = options->fault};
    struct skr_io *io;
    status = skr_io_open(&io, &io_options, err);
    if (status != SKR_OK)
        return status;
    struct skr_store_options store_options = {
        .directory = core->directory,
        .boot = skr_meta_boot(core->meta),
        .direct_io = options->direct_io,
        .max_open_files = 1024,
        .reserve_bytes = options->reserve_bytes,
    };
    status = skr_store_open(&core->store, &store_options, io, err);
    skr_io_close(io);
    if (status == SKR_OK)
        status = skr_upload_slots_open(&core->uploads, err);
    if (status == SKR_OK)
        status = skr_federation_open(&core->federation, options, err);
    if (status == SKR_OK)
        status = skr_core_load_bindings(core, err);
    if (status == SKR_OK)
        status = skr_space_open(&core->space, core, err);
    if (status == SKR_OK)
        status = skr_prober_open(&core->prober, core, err);
    if (status == SKR_OK)
        core->bindings.prober = core->prober; /* before there are threads that could find an upstream away */
    if (status == SKR_OK)
        status = skr_collector_open(&core->collector, core, err);
    if (status == SKR_OK)
        status = skr_space_start(core->space, err);
    if (status == SKR_OK)
        status = skr_uploader_open(&core->uploader, core, err);
    if (status == SKR_OK)
        status = skr_mirrorer_open(&core->mirrorer, core, err);
    if (status == SKR_OK)
        status = skr_straightener_open(&core->straightener, core, err);
    return status == SKR_OK ? skr_prefetcher_open(&core->prefetcher, core, err) : status;
}

enum skr_status skr_core_open(struct skr_core **out, const struct skr_core_options *options, struct skr_error *err)
{
    enum skr_status status = skr_make_data_folder(options->directory, err);
    if (status != SKR_OK)
        return status;
    struct skr_core *core = calloc(1, sizeof *core);
    if (core == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the core");
    core->options = *options;
    if (core->options.cache_high_percent == 0) {
        core->options.cache_high_percent = 95;
        core->options.cache_low_percent = 90;
    }
    skr_pins_open(&core->pins);
    skr_left_slots_open(&core->left_slots);
    skr_watching_open(&core->watching);
    skr_bindings_open(&core->bindings);
    core->bindings.connect_timeout_ms = options->upstream_connect_timeout_ms;
    core->directory = strdup(options->directory);
    if (core->directory == NULL)
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for the core");
    core->options.directory = core->directory;
    if (status == SKR_OK)
        status = skr_core_open_parts(core, err);
    if (status != SKR_OK) {
        skr_core_close(core);
        return status;
    }
    *out = core;
    return SKR_OK;
}

void skr_core_close(struct skr_core *core)
{
    if (core == NULL)
        return;
    skr_straightener_close(core->straightener);
    skr_prefetcher_close(core->prefetcher);
    skr_mirrorer_close(core->mirrorer);
    skr_uploader_close(core->uploader);
    skr_space_stop(core->space);
    skr_collector_close(core->collector);
    skr_prober_close(core->prober);
    core->bindings.prober = NULL;
    skr_space_close(core->space);
    if (core->uploads.buckets != NULL)
        skr_upload_slots_expire(core, INT64_MAX);
    skr_upload_slots_close(&core->uploads);
    skr_federation_close(core->federation);
    skr_bindings_close(&core->bindings);
    skr_store_close(core->store);
    skr_meta_close(core->meta);
    skr_pins_close(&core->pins);
    skr_left_slots_close(&core->left_slots);
    skr_watching_close(&core->watching);
    free(core->directory);
    free(core);
}

void skr_core_read_numbers(struct skr_core *core, struct skr_core_numbers *out)
{
    const struct skr_meta_counters *meta = skr_meta_counters(core->meta);
    const struct skr_store_counters *store = skr_store_counters(core->store);
    *out = (struct skr_core_numbers){
        .commits = atomic_load(&meta->commits),
        .changes = atomic_load(&meta->changes),
        .failed_changes = atomic_load(&meta->failed_changes),
        .queue_length = atomic_load(&meta->queue_length),
        .meta_map_bytes = atomic_load(&meta->map_bytes),
        .meta_used_bytes = atomic_load(&meta->used_bytes),
        .written_bytes = atomic_load(&store->written_bytes),
        .read_bytes = atomic_load(&store->read_bytes),
        .lent_bytes = atomic_load(&store->lent_bytes),
        .checksum_failures = atomic_load(&store->checksum_failures),
        .syncs = atomic_load(&store->syncs),
        .garbage_collected = atomic_load(&core->garbage_collected),
        .dirty_objects = atomic_load(&meta->dirty_entries),
        .dirty_bytes = atomic_load(&meta->dirty_bytes),
        .dirty_failed = atomic_load(&meta->dirty_failed),
        .dirty_conflicts = atomic_load(&meta->dirty_conflicts),
        .dirty_oldest_ns = atomic_load(&core->dirty_oldest_ns),
        .read_only = skr_store_is_read_only(core->store),
        .out_of_space = atomic_load(&core->out_of_space),
    };
    skr_store_space(core->store, &out->free_bytes, &out->total_bytes, NULL);
}
