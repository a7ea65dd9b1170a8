/* skerry jobs: what is being brought here, a line a job; and ending one. */
#include <inttypes.h>
#include <string.h>

#include "client_flags.h"
#include "commands.h"
#include "display.h"

static void skr_job_print(const json_t *job)
{
    char done[32], total[32], rate[32], left[32];
    const char *failure = skr_text_of(job, "last_failure");
    bool runs = strcmp(skr_text_of(job, "phase"), "running") == 0;
    const json_t *left_s = json_object_get(job, "left_s");
    printf("%s\t", skr_text_of(job, "id"));
    skr_print_name(skr_text_of(job, "account"));
    printf("/");
    skr_print_name(skr_text_of(job, "container"));
    printf("/");
    if (json_is_true(json_object_get(job, "is_manifest"))) {
        printf(" (manifest)");
    } else {
        skr_print_name(skr_text_of(job, "prefix"));
        printf("*");
    }
    printf("\t%s\t%s of %s%s\t%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " objects", skr_text_of(job, "phase"),
           skr_size_text(skr_number_of(job, "bytes_done"), done), skr_size_text(skr_number_of(job, "bytes_total"), total),
           json_is_true(json_object_get(job, "is_counted")) ? "" : " or more", skr_number_of(job, "objects_done"),
           skr_number_of(job, "objects_total"));
    if (runs)
        printf("\t%s/s, %s left", skr_size_text(skr_number_of(job, "bytes_per_s"), rate),
               json_is_integer(left_s) ? skr_duration_text(json_integer_value(left_s), left) : "?");
    if (failure[0] != '\0') {
        printf("\t%" JSON_INTEGER_FORMAT " failed, the last: ", skr_number_of(job, "objects_failed"));
        skr_print_name(failure);
    }
    printf("\n");
}

static int skr_job_cancel(const struct skr_arguments *arguments)
{
    struct skr_admin_place place = skr_arguments_place(arguments);
    struct skr_admin_client *client = NULL;
    struct skr_error error = {.message = ""};
    const char *id = arguments->values[SKR_FLAG_CANCEL];
    json_t *answer = NULL;
    char path[64];
    enum skr_status status = id[0] == '\0' || strlen(id) > 20 || id[strspn(id, "0123456789")] != '\0'
                                 ? skr_fail(&error, SKR_INVALID_ARGUMENT, "--cancel needs the number of a job: skerry jobs")
                                 : skr_admin_client_open(&client, &place, &error);
    if (status == SKR_OK) {
        snprintf(path, sizeof path, "/api/v1/jobs/%s", id);
        status = skr_admin_client_call(client, "DELETE", path, NULL, &answer, &error);
    }
    skr_admin_client_close(client);
    if (status != SKR_OK)
        fprintf(stderr, "skerry jobs: %s\n", error.message);
    else if (arguments->values[SKR_FLAG_JSON] != NULL)
        skr_print_json(answer);
    else
        printf("ended job %s\n", id);
    json_decref(answer);
    return status == SKR_OK ? 0 : 1;
}

int skr_command_jobs(int argc, char **argv)
{
    struct skr_arguments arguments;
    json_t *job;
    size_t i;
    int code;
    if (!skr_arguments_read(&arguments, "jobs", SKR_FOR_JOBS, SKR_TAKES_NOTHING, argc, argv, &code))
        return code;
    if (arguments.values[SKR_FLAG_CANCEL] != NULL)
        return skr_job_cancel(&arguments);
    json_t *answer = skr_ask(&arguments, "/api/v1/jobs", 0);
    if (answer == NULL)
        return 1;
    const json_t *list = json_object_get(answer, "jobs");
    if (arguments.values[SKR_FLAG_JSON] != NULL)
        skr_print_json(answer);
    else if (json_array_size(list) == 0)
        printf("there are no jobs\n");
    else
        json_array_foreach (list, i, job)
            skr_job_print(job);
    json_decref(answer);
    return 0;
}
