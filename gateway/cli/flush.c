/* skerry flush: waits until upstream has what was changed before it was called. Whoever interrupts it ends the waiting only. */
#include <inttypes.h>
#include <time.h>

#include "client_flags.h"
#include "commands.h"
#include "display.h"
#include "progress.h"
#include "scope.h"
#include "settings.h"

#define SKR_WAIT_MS 1000

struct skr_flush_watch {
    struct skr_progress progress;
    struct skr_progress_numbers numbers;
    int64_t until_ns; /* monotonic */
};

/* What was left at first is what there is to do. */
static void skr_flush_show(struct skr_flush_watch *watch, const json_t *answer)
{
    struct skr_progress_numbers *numbers = &watch->numbers;
    uint64_t bytes = (uint64_t)skr_number_of(answer, "pending_bytes"),
             objects = (uint64_t)skr_number_of(answer, "pending_objects");
    if (bytes > numbers->total_bytes)
        numbers->total_bytes = bytes;
    if (objects > numbers->total_objects)
        numbers->total_objects = objects;
    numbers->done_bytes = numbers->total_bytes - bytes;
    numbers->done_objects = numbers->total_objects - objects;
    if (numbers->total_objects > 0)
        skr_progress_show(&watch->progress, numbers);
}

/* Asks until nothing is left to wait for, or time is up; `*answer` is the last one. */
static enum skr_status skr_flush_wait(struct skr_admin_client *client, json_t *body, struct skr_flush_watch *watch,
                                      json_t **answer, struct skr_error *err)
{
    for (bool first = true;; first = false) {
        int64_t left_ms = (watch->until_ns - skr_progress_now_ns()) / 1000000;
        json_int_t wait_ms = first ? 0 : left_ms < 0 ? 0 : left_ms < SKR_WAIT_MS ? left_ms : SKR_WAIT_MS;
        json_decref(*answer);
        *answer = NULL;
        if (json_object_set_new(body, "wait_ms", json_integer(wait_ms)) != 0)
            return skr_fail(err, SKR_NO_MEMORY, "no memory to ask the server");
        enum skr_status status = skr_admin_client_call(client, "POST", "/api/v1/flush", body, answer, err);
        if (status != SKR_OK)
            return status;
        skr_flush_show(watch, *answer);
        if (json_is_true(json_object_get(*answer, "ended")) || (!first && left_ms <= 0))
            return SKR_OK;
        status = skr_scope_set(body, "mark", skr_text_of(*answer, "mark"), err);
        if (status != SKR_OK)
            return status;
    }
}

static void skr_flush_print(const struct skr_arguments *arguments, const json_t *answer)
{
    char size[32];
    if (arguments->values[SKR_FLAG_JSON] != NULL) {
        skr_print_json(answer);
        return;
    }
    if (json_is_true(json_object_get(answer, "is_upstream"))) {
        printf("upstream has everything\n");
        return;
    }
    printf("upstream lacks %" JSON_INTEGER_FORMAT " objects that wait (%s), %" JSON_INTEGER_FORMAT
           " that it refuses and %" JSON_INTEGER_FORMAT " in conflict: skerry journal%s%s lists them\n",
           skr_number_of(answer, "pending_objects"), skr_size_text(skr_number_of(answer, "pending_bytes"), size),
           skr_number_of(answer, "failed_objects"), skr_number_of(answer, "conflict_objects"),
           arguments->name != NULL ? " " : "", arguments->name != NULL ? arguments->name : "");
}

/* A number alone is of seconds. */
static enum skr_status skr_flush_timeout(const char *text, int64_t *until_ns, struct skr_error *err)
{
    char with_unit[32];
    uint64_t timeout_ms;
    *until_ns = INT64_MAX;
    if (text == NULL)
        return SKR_OK;
    snprintf(with_unit, sizeof with_unit, "%.20s%s", text, text[strspn(text, "0123456789")] == '\0' ? "s" : "");
    if (!skr_value_parse(SKR_SETTING_DURATION, with_unit, &timeout_ms) || timeout_ms > UINT64_C(31622400000))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "--timeout must be a time such as 60s, of at most 366 days");
    *until_ns = skr_progress_now_ns() + (int64_t)timeout_ms * 1000000;
    return SKR_OK;
}

int skr_command_flush(int argc, char **argv)
{
    struct skr_arguments arguments;
    struct skr_admin_client *client = NULL;
    struct skr_error error = {.message = ""};
    struct skr_flush_watch watch = {.until_ns = INT64_MAX};
    json_t *answer = NULL, *body = NULL;
    int code;
    if (!skr_arguments_read(&arguments, "flush", SKR_FOR_FLUSH, SKR_MAY_TAKE_CONTAINER, argc, argv, &code))
        return code;
    struct skr_admin_place place = skr_arguments_place(&arguments);
    skr_progress_begin(&watch.progress, "uploading", arguments.values[SKR_FLAG_JSON] != NULL);
    enum skr_status status = skr_flush_timeout(arguments.values[SKR_FLAG_TIMEOUT], &watch.until_ns, &error);
    if (status == SKR_OK)
        status = (body = skr_scope_body(&arguments, &error)) == NULL ? error.status : SKR_OK;
    if (status == SKR_OK)
        status = skr_admin_client_open(&client, &place, &error);
    if (status == SKR_OK)
        status = skr_flush_wait(client, body, &watch, &answer, &error);
    skr_admin_client_close(client);
    skr_progress_end(&watch.progress);
    if (status == SKR_OK)
        skr_flush_print(&arguments, answer);
    else
        fprintf(stderr, "skerry flush: %s\n", error.message);
    bool is_upstream = status == SKR_OK && json_is_true(json_object_get(answer, "is_upstream"));
    json_decref(answer);
    json_decref(body);
    return is_upstream ? 0 : 1;
}
