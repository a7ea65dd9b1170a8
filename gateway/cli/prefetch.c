/* skerry prefetch: brings objects of upstream here. The job is the server's: whoever watches it may go away.
 *
 * A manifest that is too long for one job becomes several, which share the rate and the number of objects at a time.
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "client_flags.h"
#include "commands.h"
#include "display.h"
#include "manifest.h"
#include "progress.h"
#include "scope.h"
#include "settings.h"

#define SKR_LOOK_NS (250 * 1000000)
#define SKR_APPEARS_NS (10 * INT64_C(1000000000)) /* after it was begun a job shows */
#define SKR_INTERRUPTED_CODE 130                  /* as shells say it */

static volatile sig_atomic_t skr_is_interrupted;

static void skr_interrupt(int number)
{
    (void)number;
    skr_is_interrupted = 1;
}

/* ---- beginning ---- */

static enum skr_status skr_prefetch_number(json_t *body, const char *field, enum skr_setting_type type, const char *text,
                                           uint64_t jobs, struct skr_error *err)
{
    uint64_t number = 0;
    if (text == NULL)
        return SKR_OK;
    if (!skr_value_parse(type, text, &number) || number == 0 || number > INT64_MAX)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "--%s",
                        type == SKR_SETTING_SIZE ? "rate must be a size such as 100MiB, for a second"
                                                 : "concurrency must be a number from 1 to 64");
    number = number / jobs > 0 ? number / jobs : 1;
    return json_object_set_new(body, field, json_integer((json_int_t)number)) == 0
               ? SKR_OK
               : skr_fail(err, SKR_NO_MEMORY, "no memory to ask the server");
}

/* One job; its id is appended. */
static enum skr_status skr_prefetch_post(struct skr_admin_client *client, const json_t *body, json_t *ids,
                                         struct skr_error *err)
{
    json_t *answer = NULL;
    enum skr_status status = skr_admin_client_call(client, "POST", "/api/v1/prefetch", body, &answer, err);
    if (status == SKR_OK && json_array_append(ids, json_object_get(answer, "id")) != 0)
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for a job");
    json_decref(answer);
    return status;
}

static enum skr_status skr_prefetch_begin_all(struct skr_admin_client *client, const struct skr_arguments *arguments,
                                              const json_t *pieces, json_t *ids, struct skr_error *err)
{
    size_t count = pieces == NULL ? 1 : json_array_size(pieces);
    json_t *body = skr_scope_body(arguments, err);
    enum skr_status status = body == NULL ? err->status : SKR_OK;
    if (status == SKR_OK)
        status = skr_prefetch_number(body, "rate_bytes_s", SKR_SETTING_SIZE, arguments->values[SKR_FLAG_RATE], count, err);
    if (status == SKR_OK)
        status =
            skr_prefetch_number(body, "concurrency", SKR_SETTING_NUMBER, arguments->values[SKR_FLAG_CONCURRENCY], count, err);
    for (size_t i = 0; i < count && status == SKR_OK; i++) {
        if (pieces != NULL && json_object_set(body, "keys", json_array_get(pieces, i)) != 0)
            status = skr_fail(err, SKR_NO_MEMORY, "no memory to ask the server");
        if (status == SKR_OK)
            status = skr_prefetch_post(client, body, ids, err);
    }
    json_decref(body);
    return status;
}

/* ---- watching ---- */

struct skr_prefetch_watch {
    struct skr_progress progress;
    struct skr_progress_numbers numbers;
    json_int_t failed_objects;
    size_t running, not_done; /* jobs */
};

static void skr_prefetch_add(struct skr_prefetch_watch *watch, const json_t *job)
{
    struct skr_progress_numbers *numbers = &watch->numbers;
    const char *phase = skr_text_of(job, "phase");
    numbers->done_bytes += (uint64_t)skr_number_of(job, "bytes_done");
    numbers->total_bytes += (uint64_t)skr_number_of(job, "bytes_total");
    numbers->done_objects += (uint64_t)skr_number_of(job, "objects_done");
    numbers->total_objects += (uint64_t)skr_number_of(job, "objects_total");
    numbers->is_by_objects |= json_is_true(json_object_get(job, "is_manifest"));
    watch->failed_objects += skr_number_of(job, "objects_failed");
    watch->running += strcmp(phase, "running") == 0;
    watch->not_done += strcmp(phase, "done") != 0;
}

static bool skr_prefetch_is_mine(const json_t *ids, const json_t *job)
{
    const json_t *id;
    size_t i;
    json_array_foreach (ids, i, id)
        if (strcmp(json_string_value(id), skr_text_of(job, "id")) == 0)
            return true;
    return false;
}

/* `jobs` gets them as they are now. */
static enum skr_status skr_prefetch_look(struct skr_admin_client *client, const json_t *ids, struct skr_prefetch_watch *watch,
                                         json_t *jobs, struct skr_error *err)
{
    json_t *answer = NULL, *job;
    size_t i, missing;
    watch->numbers = (struct skr_progress_numbers){.done_bytes = 0};
    watch->failed_objects = 0;
    watch->running = watch->not_done = 0;
    json_array_clear(jobs);
    enum skr_status status = skr_admin_client_call(client, "GET", "/api/v1/jobs", NULL, &answer, err);
    json_array_foreach (json_object_get(answer, "jobs"), i, job)
        if (status == SKR_OK && skr_prefetch_is_mine(ids, job)) {
            skr_prefetch_add(watch, job);
            if (json_array_append(jobs, job) != 0)
                status = skr_fail(err, SKR_NO_MEMORY, "no memory to watch a job");
        }
    json_decref(answer);
    missing = json_array_size(ids) - json_array_size(jobs);
    watch->not_done += missing; /* it is not there yet, or somebody ended and forgot it */
    if (skr_progress_now_ns() - watch->progress.began_ns < SKR_APPEARS_NS)
        watch->running += missing;
    return status;
}

static enum skr_status skr_prefetch_wait(struct skr_admin_client *client, const json_t *ids, struct skr_prefetch_watch *watch,
                                         json_t *jobs, struct skr_error *err)
{
    const struct timespec pause = {.tv_nsec = SKR_LOOK_NS};
    struct sigaction action = {.sa_handler = skr_interrupt};
    sigaction(SIGINT, &action, NULL);
    for (;;) {
        enum skr_status status = skr_prefetch_look(client, ids, watch, jobs, err);
        if (status != SKR_OK)
            return status;
        skr_progress_show(&watch->progress, &watch->numbers);
        if (watch->running == 0 || skr_is_interrupted)
            return SKR_OK;
        nanosleep(&pause, NULL); /* a signal ends it */
    }
}

/* ---- the command ---- */

static void skr_prefetch_print_ids(const json_t *ids)
{
    const json_t *id;
    size_t i;
    printf("job%s", json_array_size(ids) > 1 ? "s" : "");
    json_array_foreach (ids, i, id)
        printf(" %s", json_string_value(id));
}

/* The exit code. */
static int skr_prefetch_print(const struct skr_arguments *arguments, const struct skr_prefetch_watch *watch, const json_t *ids,
                              const json_t *jobs)
{
    char size[32];
    bool waited = arguments->values[SKR_FLAG_WAIT] != NULL, is_left = waited && watch->running > 0;
    int code = !waited ? 0 : is_left ? SKR_INTERRUPTED_CODE : watch->not_done > 0 || watch->failed_objects > 0;
    if (arguments->values[SKR_FLAG_JSON] != NULL) {
        json_t *document = waited ? json_pack("{s:O}", "jobs", jobs) : json_pack("{s:O}", "ids", ids);
        skr_print_json(document);
        json_decref(document);
        return code;
    }
    skr_prefetch_print_ids(ids);
    if (!waited || is_left)
        printf("%s: skerry jobs shows how far\n", is_left ? " goes on" : " begun");
    else
        printf(" %s: %s, %" PRIu64 " of %" PRIu64 " objects, %" JSON_INTEGER_FORMAT " failed%s\n",
               watch->not_done > 0 ? "ended early" : "done", skr_size_text((json_int_t)watch->numbers.done_bytes, size),
               watch->numbers.done_objects, watch->numbers.total_objects, watch->failed_objects,
               code != 0 ? ": skerry jobs says why" : "");
    return code;
}

static enum skr_status skr_prefetch_run(const struct skr_arguments *arguments, struct skr_prefetch_watch *watch, json_t *ids,
                                        json_t *jobs, struct skr_error *err)
{
    struct skr_admin_place place = skr_arguments_place(arguments);
    struct skr_admin_client *client = NULL;
    const char *manifest = arguments->values[SKR_FLAG_MANIFEST];
    json_t *pieces = NULL;
    enum skr_status status = SKR_OK;
    if (ids == NULL || jobs == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a job");
    if (manifest != NULL && arguments->values[SKR_FLAG_PREFIX] != NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "give --prefix or --manifest, not both");
    if (manifest != NULL)
        status = skr_manifest_read(&pieces, manifest, err);
    if (status == SKR_OK)
        status = skr_admin_client_open(&client, &place, err);
    if (status == SKR_OK)
        status = skr_prefetch_begin_all(client, arguments, pieces, ids, err);
    if (status == SKR_OK && arguments->values[SKR_FLAG_WAIT] != NULL)
        status = skr_prefetch_wait(client, ids, watch, jobs, err);
    skr_admin_client_close(client);
    json_decref(pieces);
    return status;
}

int skr_command_prefetch(int argc, char **argv)
{
    struct skr_arguments arguments;
    struct skr_error error = {.message = ""};
    struct skr_prefetch_watch watch = {.running = 0};
    int code;
    if (!skr_arguments_read(&arguments, "prefetch", SKR_FOR_PREFETCH, SKR_TAKES_CONTAINER, argc, argv, &code))
        return code;
    json_t *ids = json_array(), *jobs = json_array();
    skr_progress_begin(&watch.progress, "fetching", arguments.values[SKR_FLAG_JSON] != NULL);
    enum skr_status status = skr_prefetch_run(&arguments, &watch, ids, jobs, &error);
    skr_progress_end(&watch.progress);
    if (status == SKR_OK)
        code = skr_prefetch_print(&arguments, &watch, ids, jobs);
    else
        fprintf(stderr, "skerry prefetch: %s%s\n", error.message,
                json_array_size(ids) > 0 ? " (what was begun goes on: skerry jobs)" : "");
    json_decref(ids);
    json_decref(jobs);
    return status == SKR_OK ? code : 1;
}
