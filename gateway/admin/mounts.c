/* Mounts: in /api/v1/mounts, in the status and in the metrics. */
#include "admin_private.h"

static void skr_visit_mounts(struct skr_admin *admin, void (*visit)(void *context, const struct skr_mount *mount),
                             void *context)
{
    if (admin->options.mounts != NULL)
        admin->options.mounts(admin->options.mounts_context, visit, context);
}

/* ---- JSON ---- */

static void skr_mount_operation_json(void *context, const char *operation, uint64_t count, uint64_t failed)
{
    (void)failed;
    if (count > 0)
        json_object_set_new(context, operation, json_integer((json_int_t)count));
}

static void skr_mount_json(void *context, const struct skr_mount *mount)
{
    struct skr_mount_numbers numbers;
    json_t *requests = json_object();
    skr_mount_read_numbers(mount, &numbers);
    skr_mount_read_operations(mount, skr_mount_operation_json, requests);
    json_array_append_new(
        context, json_pack("{s:s,s:o,s:o,s:o,s:b,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "directory", numbers.directory, "account",
                           skr_admin_json_name(numbers.account), "container", skr_admin_json_name(numbers.container), "path",
                           skr_admin_json_name(numbers.path), "read_only", numbers.read_only, "mounted", numbers.is_mounted,
                           "open_files", (json_int_t)numbers.open_files, "drafts", (json_int_t)numbers.drafts,
                           "passthrough_opens", (json_int_t)numbers.passthrough_opens, "passthrough_opens_total",
                           (json_int_t)numbers.passthrough_opens_total, "known_names", (json_int_t)numbers.known_names,
                           "hidden_names", (json_int_t)numbers.hidden_names, "requests", requests));
}

json_t *skr_admin_mounts(struct skr_admin *admin)
{
    json_t *mounts = json_array();
    skr_visit_mounts(admin, skr_mount_json, mounts);
    return mounts;
}

void skr_admin_list_mounts(struct skr_admin_call *call)
{
    skr_admin_reply_json(call->exchange, 200, json_pack("{s:o}", "mounts", skr_admin_mounts(call->admin)));
}

/* ---- metrics ---- */

struct skr_mount_metrics {
    FILE *out;
    size_t which;
    const char *directory; /* whose operations are visited */
    bool failed;
};

static const struct skr_mount_metric {
    const char *name, *type, *help;
} skr_mount_metrics[] = {
    {"up", "gauge", "1 while it is mounted."},
    {"open_files", "gauge", "Files that programs have open."},
    {"drafts", "gauge", "Of those, files that are written to."},
    {"passthrough_opens", "gauge", "Of those, what the kernel reads by itself."},
    {"passthrough_opens_total", "counter", "Opens by which the kernel read a file by itself."},
    {"known_names", "gauge", "Names that the kernel may ask about."},
    {"hidden_names", "gauge", "Objects that no path can say, as directories were listed last."},
};

/* A path may hold what a label may not. */
static void skr_print_label(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '\n')
            fputs("\\n", out);
        else
            fprintf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
}

static void skr_metric_mount(void *context, const struct skr_mount *mount)
{
    const struct skr_mount_metrics *metrics = context;
    struct skr_mount_numbers numbers;
    skr_mount_read_numbers(mount, &numbers);
    const uint64_t values[] = {
        numbers.is_mounted,  numbers.open_files,  numbers.drafts, numbers.passthrough_opens, numbers.passthrough_opens_total,
        numbers.known_names, numbers.hidden_names};
    fprintf(metrics->out, "skerry_mount_%s{directory=\"", skr_mount_metrics[metrics->which].name);
    skr_print_label(metrics->out, numbers.directory);
    fprintf(metrics->out, "\"} %llu\n", (unsigned long long)values[metrics->which]);
}

static void skr_metric_mount_operation(void *context, const char *operation, uint64_t count, uint64_t failed)
{
    const struct skr_mount_metrics *metrics = context;
    fprintf(metrics->out, "skerry_mount_%s_total{directory=\"", metrics->failed ? "failures" : "requests");
    skr_print_label(metrics->out, metrics->directory);
    fprintf(metrics->out, "\",operation=\"%s\"} %llu\n", operation, (unsigned long long)(metrics->failed ? failed : count));
}

static void skr_metric_mount_operations(void *context, const struct skr_mount *mount)
{
    struct skr_mount_metrics *metrics = context;
    struct skr_mount_numbers numbers;
    skr_mount_read_numbers(mount, &numbers);
    metrics->directory = numbers.directory;
    skr_mount_read_operations(mount, skr_metric_mount_operation, metrics);
}

void skr_metrics_of_mounts(struct skr_admin *admin, FILE *out)
{
    for (size_t i = 0; i < sizeof skr_mount_metrics / sizeof *skr_mount_metrics; i++) {
        const struct skr_mount_metric *metric = &skr_mount_metrics[i];
        struct skr_mount_metrics metrics = {.out = out, .which = i};
        fprintf(out, "# HELP skerry_mount_%s %s\n# TYPE skerry_mount_%s %s\n", metric->name, metric->help, metric->name,
                metric->type);
        skr_visit_mounts(admin, skr_metric_mount, &metrics);
    }
    struct skr_mount_metrics counts = {.out = out}, failures = {.out = out, .failed = true};
    fprintf(out, "# HELP skerry_mount_requests_total Requests of the kernel.\n# TYPE skerry_mount_requests_total counter\n");
    skr_visit_mounts(admin, skr_metric_mount_operations, &counts);
    fprintf(out, "# HELP skerry_mount_failures_total Requests of the kernel that were answered with an error.\n"
                 "# TYPE skerry_mount_failures_total counter\n");
    skr_visit_mounts(admin, skr_metric_mount_operations, &failures);
}
