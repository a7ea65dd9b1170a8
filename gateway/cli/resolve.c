/* skerry resolve: what becomes of objects that upstream lacks. */
#include <inttypes.h>

#include "client_flags.h"
#include "commands.h"
#include "display.h"
#include "scope.h"

static enum skr_status skr_resolve_body(json_t *body, const struct skr_arguments *arguments, struct skr_error *err)
{
    static const struct {
        enum skr_flag flag;
        const char *word;
    } choices[] = {{SKR_FLAG_RETRY, "retry"}, {SKR_FLAG_KEEP_LOCAL, "keep-local"}, {SKR_FLAG_KEEP_REMOTE, "keep-remote"}};
    const char *const *values = arguments->values, *choice = NULL;
    size_t count = 0;
    bool many = values[SKR_FLAG_PREFIX] != NULL || values[SKR_FLAG_STATE] != NULL;
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (values[choices[i].flag] != NULL) {
            choice = choices[i].word;
            count++;
        }
    if (count != 1)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "say one of --retry, --keep-local and --keep-remote");
    if ((arguments->key != NULL) == many || (many && values[SKR_FLAG_STATE] == NULL))
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "name an object, or say --state failed or --state conflict, perhaps with --prefix");
    enum skr_status status = skr_scope_set(body, "choice", choice, err);
    if (status == SKR_OK)
        status = skr_scope_set(body, "key", arguments->key, err);
    if (status == SKR_OK)
        status = skr_scope_set(body, "state", values[SKR_FLAG_STATE], err);
    return status == SKR_OK && many && values[SKR_FLAG_PREFIX] == NULL ? skr_scope_set(body, "prefix", "", err) : status;
}

/* Piece after piece. */
static enum skr_status skr_resolve_all(struct skr_admin_client *client, json_t *body, json_int_t *resolved,
                                       json_int_t *passed_over, struct skr_error *err)
{
    for (bool more = true; more;) {
        json_t *answer = NULL;
        enum skr_status status = skr_admin_client_call(client, "POST", "/api/v1/journal/resolve", body, &answer, err);
        if (status != SKR_OK)
            return status;
        *resolved += skr_number_of(answer, "resolved");
        *passed_over += skr_number_of(answer, "passed_over");
        more = json_is_string(json_object_get(answer, "next"));
        if (more && json_object_set(body, "after", json_object_get(answer, "next")) != 0)
            status = skr_fail(err, SKR_NO_MEMORY, "no memory to ask the server");
        json_decref(answer);
        if (status != SKR_OK)
            return status;
    }
    return SKR_OK;
}

int skr_command_resolve(int argc, char **argv)
{
    struct skr_arguments arguments;
    struct skr_admin_client *client = NULL;
    struct skr_error error = {.message = ""};
    json_int_t resolved = 0, passed_over = 0;
    int code;
    if (!skr_arguments_read(&arguments, "resolve", SKR_FOR_RESOLVE, SKR_MAY_TAKE_KEY, argc, argv, &code))
        return code;
    struct skr_admin_place place = skr_arguments_place(&arguments);
    json_t *body = skr_scope_body(&arguments, &error);
    enum skr_status status = body == NULL ? error.status : skr_resolve_body(body, &arguments, &error);
    if (status == SKR_OK)
        status = skr_admin_client_open(&client, &place, &error);
    if (status == SKR_OK)
        status = skr_resolve_all(client, body, &resolved, &passed_over, &error);
    skr_admin_client_close(client);
    if (status != SKR_OK) {
        fprintf(stderr, "skerry resolve: %s\n", error.message);
    } else if (arguments.values[SKR_FLAG_JSON] != NULL) {
        json_t *document = json_pack("{s:I,s:I}", "resolved", resolved, "passed_over", passed_over);
        skr_print_json(document);
        json_decref(document);
    } else {
        printf("resolved %" JSON_INTEGER_FORMAT, resolved);
        if (passed_over > 0)
            printf(", passed over %" JSON_INTEGER_FORMAT " that were uploaded or changed meanwhile", passed_over);
        printf("\n");
    }
    json_decref(body);
    return status == SKR_OK ? 0 : 1;
}
