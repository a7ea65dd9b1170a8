/* Numbers for Prometheus and for the console. */
#include <sys/resource.h>

#include "admin_private.h"

static void skr_metric(FILE *out, const char *name, const char *type, const char *help, double value)
{
    fprintf(out, "# HELP skerry_%s %s\n# TYPE skerry_%s %s\nskerry_%s %.17g\n", name, help, name, type, name, value);
}

struct skr_operation_metrics {
    FILE *out;
    bool seconds;
};

static void skr_metric_operation(void *context, const char *face, const char *operation, unsigned status_class, uint64_t count,
                                 double seconds)
{
    struct skr_operation_metrics *metrics = context;
    const char *name = metrics->seconds ? "request_seconds_total" : "requests_total";
    fprintf(metrics->out, "skerry_%s{face=\"%s\",operation=\"%s\",status=\"%uxx\"} ", name, face, operation, status_class);
    if (metrics->seconds)
        fprintf(metrics->out, "%.9g\n", seconds);
    else
        fprintf(metrics->out, "%llu\n", (unsigned long long)count);
}

/* ---- of each bound container ---- */

struct skr_binding_metrics {
    FILE *out;
    size_t which;
};

static const struct skr_binding_metric {
    const char *name, *type, *help;
} skr_binding_metrics[] = {
    {"fetched_bytes_total", "counter", "Bytes that came from the upstream of a container."},
    {"fetches_total", "counter", "Fetches from the upstream of a container."},
    {"failures_total", "counter", "Calls to the upstream of a container that failed."},
    {"refreshes_total", "counter", "Questions to the upstream of a container whether what is here is still so."},
    {"stale_answers_total", "counter", "Answers from what is here, because the upstream did not answer."},
    {"up", "gauge", "1 while the last call to the upstream of a container did not fail."},
};

static bool skr_metric_binding(void *context, const struct skr_binding_state *state)
{
    const struct skr_binding_metrics *metrics = context;
    const uint64_t values[] = {state->fetched_bytes, state->fetches,       state->failures,
                               state->refreshes,     state->stale_answers, state->is_well && state->upstream[0] != '\0'};
    if (!skr_bytes_equal(state->container, SKR_BYTES(SKR_ALL_CONTAINERS))) /* nothing is fetched by that name */
        fprintf(metrics->out, "skerry_upstream_%s{account=\"%.*s\",container=\"%.*s\"} %llu\n",
                skr_binding_metrics[metrics->which].name, SKR_PRINT(state->account), SKR_PRINT(state->container),
                (unsigned long long)values[metrics->which]);
    return true;
}

static void skr_metrics_of_bindings(struct skr_admin *admin, FILE *out)
{
    for (size_t i = 0; i < sizeof skr_binding_metrics / sizeof *skr_binding_metrics; i++) {
        const struct skr_binding_metric *metric = &skr_binding_metrics[i];
        struct skr_binding_metrics metrics = {out, i};
        fprintf(out, "# HELP skerry_upstream_%s %s\n# TYPE skerry_upstream_%s %s\n", metric->name, metric->help, metric->name,
                metric->type);
        skr_visit_bindings(admin->options.core, skr_metric_binding, &metrics);
    }
}

/* ---- of what is here of upstreams ---- */

struct skr_space_metrics {
    FILE *out;
    size_t which;
};

static const struct skr_binding_metric skr_space_metrics[] = {
    {"cached_bytes", "gauge", "Bytes here that the upstream of a container has, too."},
    {"cached_items", "gauge", "Chunks, or whole small objects, that those are."},
    {"capacity_bytes", "gauge", "Limit of a container's own; 0: none."},
    {"evicted_bytes_total", "counter", "Bytes of a container that were evicted."},
};

static bool skr_metric_space(void *context, const struct skr_container_space *space)
{
    const struct skr_space_metrics *metrics = context;
    const uint64_t values[] = {space->cached_bytes, space->cached_items, space->capacity_bytes, space->evicted_bytes};
    fprintf(metrics->out, "skerry_container_%s{account=\"%.*s\",container=\"%.*s\"} %llu\n",
            skr_space_metrics[metrics->which].name, SKR_PRINT(space->account), SKR_PRINT(space->container),
            (unsigned long long)values[metrics->which]);
    return true;
}

static bool skr_metric_job(void *context, const struct skr_prefetch_state *state)
{
    unsigned long long *jobs = context;
    jobs[state->phase]++;
    return true;
}

static void skr_metrics_of_space(struct skr_admin *admin, FILE *out)
{
    struct skr_space_numbers space;
    unsigned long long jobs[SKR_PREFETCH_FAILED + 1] = {0};
    skr_space_read_numbers(admin->options.core, &space);
    skr_visit_prefetches(admin->options.core, skr_metric_job, jobs);
    skr_metric(out, "cached_bytes", "gauge", "Bytes here that upstreams have, too.", (double)space.cached_bytes);
    skr_metric(out, "cached_items", "gauge", "Chunks, or whole small objects, that those are.", (double)space.cached_items);
    skr_metric(out, "cached_held_bytes", "gauge", "Of those, what was found to have to stay when its turn to go came.",
               (double)space.held_bytes);
    skr_metric(out, "cache_capacity_bytes", "gauge", "What may be kept of upstreams.", (double)space.capacity_bytes);
    skr_metric(out, "cache_counted", "gauge", "1 when all that was here at the start is counted.", space.is_counted);
    skr_metric(out, "evicted_bytes_total", "counter", "Bytes that were evicted.", (double)space.evicted_bytes);
    skr_metric(out, "evicted_items_total", "counter", "Chunks and small objects that were evicted.",
               (double)space.evicted_items);
    skr_metric(out, "cache_hit_bytes_total", "counter", "Bytes of upstreams' read out of the store.", (double)space.hit_bytes);
    skr_metric(out, "cache_miss_bytes_total", "counter", "Bytes of upstreams' read as they came.", (double)space.miss_bytes);
    skr_metric(out, "prefetch_jobs", "gauge", "Jobs that fetch ahead and have not ended.", (double)jobs[SKR_PREFETCH_RUNS]);
    for (size_t i = 0; i < sizeof skr_space_metrics / sizeof *skr_space_metrics; i++) {
        const struct skr_binding_metric *metric = &skr_space_metrics[i];
        struct skr_space_metrics metrics = {out, i};
        fprintf(out, "# HELP skerry_container_%s %s\n# TYPE skerry_container_%s %s\n", metric->name, metric->help, metric->name,
                metric->type);
        skr_visit_container_space(admin->options.core, skr_metric_space, &metrics);
    }
}

/* ---- of all ---- */

/* Not negative, whatever became of the clock. */
static long long skr_seconds_since(int64_t unix_ns)
{
    long long seconds = (long long)time(NULL) - (long long)(unix_ns / 1000000000);
    return seconds > 0 ? seconds : 0;
}

static double skr_cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static double skr_resident_bytes(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL) {
        if (fscanf(file, "%ld %ld", &pages, &resident) != 2)
            resident = 0;
        fclose(file);
    }
    return (double)resident * 4096;
}

void skr_admin_metrics(struct skr_admin *admin, FILE *out)
{
    struct skr_core_numbers core;
    struct skr_http_counters http = {.requests = 0};
    skr_core_read_numbers(admin->options.core, &core);
    if (admin->http != NULL)
        skr_http_read_counters(admin->http, &http);
    fprintf(out, "# HELP skerry_build_info Version.\n# TYPE skerry_build_info gauge\nskerry_build_info{version=\"%s\"} 1\n",
            SKERRY_VERSION);
    skr_metric(out, "read_only", "gauge", "1 after a failed sync: no writes until restart.", core.read_only);
    skr_metric(out, "out_of_space", "gauge", "1 while writes are refused for lack of room.", core.out_of_space);
    skr_metric(out, "free_bytes", "gauge", "Free space of the data folder's file system.", (double)core.free_bytes);
    skr_metric(out, "total_bytes", "gauge", "Size of the data folder's file system.", (double)core.total_bytes);
    skr_metric(out, "meta_commits_total", "counter", "Transactions made durable.", (double)core.commits);
    skr_metric(out, "meta_changes_total", "counter", "Changes that were applied.", (double)core.changes);
    skr_metric(out, "meta_failed_changes_total", "counter", "Changes that were refused.", (double)core.failed_changes);
    skr_metric(out, "meta_queue_length", "gauge", "Changes waiting for the commit thread.", (double)core.queue_length);
    skr_metric(out, "meta_map_bytes", "gauge", "Size of the metadata map.", (double)core.meta_map_bytes);
    skr_metric(out, "meta_used_bytes", "gauge", "Used part of the metadata map.", (double)core.meta_used_bytes);
    skr_metric(out, "store_written_bytes_total", "counter", "Bytes written to content files.", (double)core.written_bytes);
    skr_metric(out, "store_read_bytes_total", "counter", "Verified bytes read from content files.", (double)core.read_bytes);
    skr_metric(out, "store_lent_bytes_total", "counter", "Of those, bytes that were sent from the page cache without a copy.",
               (double)core.lent_bytes);
    skr_metric(out, "store_checksum_failures_total", "counter", "Reads whose bytes did not verify.",
               (double)core.checksum_failures);
    skr_metric(out, "store_syncs_total", "counter", "Syncs of content files.", (double)core.syncs);
    skr_metric(out, "garbage_collected_total", "counter", "Contents, files and ranges given back.",
               (double)core.garbage_collected);
    skr_metric(out, "dirty_objects", "gauge", "Names that upstreams do not have as they are here.", (double)core.dirty_objects);
    skr_metric(out, "dirty_bytes", "gauge", "Bytes to be uploaded.", (double)core.dirty_bytes);
    skr_metric(out, "dirty_failed", "gauge", "Names among them that an upstream refuses.", (double)core.dirty_failed);
    skr_metric(out, "dirty_conflicts", "gauge", "Names among them that were changed on both sides.",
               (double)core.dirty_conflicts);
    skr_metric(out, "dirty_oldest_seconds", "gauge", "Unix time since when the first in the queue waits; 0: nothing does.",
               (double)core.dirty_oldest_ns / 1e9);
    skr_metric(out, "connections_open", "gauge", "Open connections.", (double)http.connections_open);
    skr_metric(out, "connections_accepted_total", "counter", "Connections accepted.", (double)http.connections_accepted);
    skr_metric(out, "connections_shed_total", "counter", "Connections refused for lack of room.",
               (double)http.connections_shed);
    skr_metric(out, "requests_refused_total", "counter", "Requests refused for their framing.", (double)http.requests_refused);
    skr_metric(out, "connection_timeouts_total", "counter", "Connections cut for being too slow.", (double)http.timeouts);
    skr_metric(out, "received_bytes_total", "counter", "Bytes of request bodies.", (double)http.received_bytes);
    skr_metric(out, "sent_bytes_total", "counter", "Bytes of response bodies.", (double)http.sent_bytes);
    skr_metric(out, "cpu_seconds_total", "counter", "CPU time of the process.", skr_cpu_seconds());
    skr_metric(out, "resident_bytes", "gauge",
               "Resident memory of the process, with the parts of the page cache that it has mapped: metadata, and content "
               "that was sent.",
               skr_resident_bytes());
    skr_metrics_of_bindings(admin, out);
    skr_metrics_of_space(admin, out);
    skr_metrics_of_mounts(admin, out);
    if (admin->http == NULL)
        return;
    struct skr_operation_metrics counts = {out, false}, seconds = {out, true};
    fprintf(out, "# HELP skerry_requests_total Requests by operation.\n# TYPE skerry_requests_total counter\n");
    skr_http_read_operations(admin->http, skr_metric_operation, &counts);
    fprintf(
        out,
        "# HELP skerry_request_seconds_total Time of requests by operation.\n# TYPE skerry_request_seconds_total counter\n");
    skr_http_read_operations(admin->http, skr_metric_operation, &seconds);
}

void skr_admin_status(struct skr_admin *admin, FILE *out)
{
    struct skr_core_numbers core;
    struct skr_space_numbers space;
    struct skr_http_counters http = {.requests = 0};
    const char *trouble = skr_admin_trouble(admin);
    skr_core_read_numbers(admin->options.core, &core);
    skr_space_read_numbers(admin->options.core, &space);
    if (admin->http != NULL)
        skr_http_read_counters(admin->http, &http);
    fprintf(out,
            "{\"version\":\"%s\",\"state\":\"%s\",\"uptime_seconds\":%lld,\"connections\":%llu,\"requests\":%llu,"
            "\"received_bytes\":%llu,\"sent_bytes\":%llu,\"free_bytes\":%llu,\"total_bytes\":%llu,\"meta_used_bytes\":%llu,"
            "\"changes\":%llu,\"commits\":%llu,\"queue_length\":%llu,\"checksum_failures\":%llu,\"resident_bytes\":%.0f,"
            "\"dirty\":{\"objects\":%llu,\"bytes\":%llu,\"failed\":%llu,\"conflicts\":%llu,\"oldest_seconds\":%lld},"
            "\"cache\":{\"bytes\":%llu,\"capacity_bytes\":%llu,\"hit_bytes\":%llu,\"miss_bytes\":%llu,"
            "\"evicted_bytes\":%llu},"
            "\"bindings\":",
            SKERRY_VERSION, trouble == NULL ? "ready" : trouble, (long long)(time(NULL) - admin->started),
            (unsigned long long)http.connections_open, (unsigned long long)http.requests,
            (unsigned long long)http.received_bytes, (unsigned long long)http.sent_bytes, (unsigned long long)core.free_bytes,
            (unsigned long long)core.total_bytes, (unsigned long long)core.meta_used_bytes, (unsigned long long)core.changes,
            (unsigned long long)core.commits, (unsigned long long)core.queue_length, (unsigned long long)core.checksum_failures,
            skr_resident_bytes(), (unsigned long long)core.dirty_objects, (unsigned long long)core.dirty_bytes,
            (unsigned long long)core.dirty_failed, (unsigned long long)core.dirty_conflicts,
            core.dirty_oldest_ns == 0 ? 0LL : skr_seconds_since(core.dirty_oldest_ns), (unsigned long long)space.cached_bytes,
            (unsigned long long)space.capacity_bytes, (unsigned long long)space.hit_bytes, (unsigned long long)space.miss_bytes,
            (unsigned long long)space.evicted_bytes);
    json_t *bindings = skr_admin_bindings(admin);
    if (bindings == NULL || json_dumpf(bindings, out, JSON_COMPACT) != 0)
        fprintf(out, "null"); /* no memory for them */
    json_decref(bindings);
    fprintf(out, ",\"mounts\":");
    json_t *mounts = skr_admin_mounts(admin);
    if (mounts == NULL || json_dumpf(mounts, out, JSON_COMPACT) != 0)
        fprintf(out, "null");
    json_decref(mounts);
    fprintf(out, "}\n");
}
