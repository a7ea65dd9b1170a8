/* skerry attach, skerry detach: a container of ours in front of one elsewhere, and no more. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "binding_text.h"
#include "client_flags.h"
#include "commands.h"
#include "display.h"
#include "secret.h"
#include "skerry/encoding.h"

#define SKR_LINE_CAPACITY 8200
#define SKR_CLIENT_SECRET_VARIABLE "SKERRY_UPSTREAM_CLIENT_SECRET"

/* ---- what the server is told ---- */

static enum skr_status skr_set(json_t *document, const char *field, const char *value, struct skr_error *err)
{
    return value == NULL ? SKR_OK : skr_binding_text_set(document, skr_text(field), skr_text(value), false, err);
}

/* A secret out of a file. */
static enum skr_status skr_set_from_file(json_t *document, const char *field, const char *path, struct skr_error *err)
{
    char text[PATH_MAX + 1];
    snprintf(text, sizeof text, "@%.4000s", path == NULL ? "" : path);
    return path == NULL ? SKR_OK : skr_binding_text_set(document, skr_text(field), skr_text(text), true, err);
}

/* A file that the server reads, whose own folder may be another. */
static enum skr_status skr_set_path(json_t *document, const char *field, const char *path, struct skr_error *err)
{
    char *whole = path == NULL ? NULL : realpath(path, NULL);
    enum skr_status status = skr_set(document, field, whole != NULL ? whole : path, err);
    free(whole);
    return status;
}

/* "ACCESS:SECRET[:TOKEN]" */
static enum skr_status skr_set_s3_keys(json_t *document, const char *path, struct skr_error *err)
{
    static const char *const fields[] = {"access_key", "secret_key", "session_token"};
    char line[SKR_LINE_CAPACITY];
    enum skr_status status = skr_secret_read(path, line, sizeof line, err);
    if (status == SKR_OK && strchr(line, ':') == NULL)
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "%s does not hold ACCESS:SECRET or ACCESS:SECRET:TOKEN", path);
    char *rest = line;
    for (size_t i = 0; i < 3 && rest != NULL && status == SKR_OK; i++)
        status = skr_set(document, fields[i], i < 2 ? strsep(&rest, ":") : rest, err);
    explicit_bzero(line, sizeof line);
    return status;
}

/* Workloads and applications: fields of the same names in an object of their own. */
static enum skr_status skr_set_application(json_t *document, const char *group, const struct skr_arguments *arguments,
                                           struct skr_error *err)
{
    static const struct {
        const char *name;
        enum skr_flag flag;
    } fields[] = {{"tenant", SKR_FLAG_TENANT}, {"client_id", SKR_FLAG_CLIENT_ID}, {"authority", SKR_FLAG_AUTHORITY}};
    enum skr_status status = SKR_OK;
    char name[64];
    for (size_t i = 0; i < sizeof fields / sizeof *fields && status == SKR_OK; i++) {
        snprintf(name, sizeof name, "%s.%s", group, fields[i].name);
        status = skr_set(document, name, arguments->values[fields[i].flag], err);
    }
    return status;
}

/* Where no flag names a credential. */
static enum skr_status skr_set_from_environment(json_t *document, const struct skr_arguments *arguments, struct skr_error *err)
{
    static const char *const names[][2] = {
        {"SKERRY_UPSTREAM_KEY", "account_key"},
        {"SKERRY_UPSTREAM_SAS", "sas"},
        {"SKERRY_UPSTREAM_ACCESS_KEY", "access_key"},
        {"SKERRY_UPSTREAM_SECRET_KEY", "secret_key"},
        {"SKERRY_UPSTREAM_SESSION_TOKEN", "session_token"},
        {SKR_CLIENT_SECRET_VARIABLE, "client_secret.secret"},
    };
    enum skr_status status =
        getenv(SKR_CLIENT_SECRET_VARIABLE) != NULL ? skr_set_application(document, "client_secret", arguments, err) : SKR_OK;
    for (size_t i = 0; i < sizeof names / sizeof *names && status == SKR_OK; i++)
        status = skr_set(document, names[i][1], getenv(names[i][0]), err);
    return status;
}

static enum skr_status skr_set_from_flags(json_t *document, const struct skr_arguments *arguments, struct skr_error *err)
{
    const char *const *values = arguments->values;
    enum skr_status status = skr_set_from_file(document, "account_key", values[SKR_FLAG_KEY_FILE], err);
    if (status == SKR_OK)
        status = skr_set_from_file(document, "sas", values[SKR_FLAG_SAS_FILE], err);
    if (status == SKR_OK && values[SKR_FLAG_S3_KEY_FILE] != NULL)
        status = skr_set_s3_keys(document, values[SKR_FLAG_S3_KEY_FILE], err);
    if (status == SKR_OK && values[SKR_FLAG_MANAGED_IDENTITY] != NULL) {
        status = skr_set(document, "managed_identity", "true", err);
        if (status == SKR_OK)
            status = skr_set(document, "client_id", values[SKR_FLAG_CLIENT_ID], err);
        if (status == SKR_OK)
            status = skr_set(document, "identity_endpoint", values[SKR_FLAG_AUTHORITY], err);
    }
    if (status == SKR_OK && values[SKR_FLAG_WORKLOAD_IDENTITY] != NULL) {
        status = skr_set_application(document, "workload_identity", arguments, err);
        if (status == SKR_OK)
            status = skr_set_path(document, "workload_identity.token_file", values[SKR_FLAG_TOKEN_FILE], err);
    }
    if (status == SKR_OK && values[SKR_FLAG_CLIENT_SECRET_FILE] != NULL) {
        status = skr_set_application(document, "client_secret", arguments, err);
        if (status == SKR_OK)
            status = skr_set_from_file(document, "client_secret.secret", values[SKR_FLAG_CLIENT_SECRET_FILE], err);
    }
    return status;
}

static enum skr_status skr_set_credential(json_t *document, const struct skr_arguments *arguments, struct skr_error *err)
{
    static const enum skr_flag flags[] = {SKR_FLAG_KEY_FILE,         SKR_FLAG_SAS_FILE,          SKR_FLAG_S3_KEY_FILE,
                                          SKR_FLAG_MANAGED_IDENTITY, SKR_FLAG_WORKLOAD_IDENTITY, SKR_FLAG_CLIENT_SECRET_FILE};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (arguments->values[flags[i]] != NULL)
            return skr_set_from_flags(document, arguments, err);
    return skr_set_from_environment(document, arguments, err);
}

/* Flags that are parts of a credential need it, and it them: else none at all would be sent. */
static enum skr_status skr_check_credential_flags(const struct skr_arguments *arguments, struct skr_error *err)
{
    const char *const *values = arguments->values;
    bool workload = values[SKR_FLAG_WORKLOAD_IDENTITY] != NULL, managed = values[SKR_FLAG_MANAGED_IDENTITY] != NULL;
    bool application = values[SKR_FLAG_CLIENT_SECRET_FILE] != NULL || getenv(SKR_CLIENT_SECRET_VARIABLE) != NULL;
    bool named = values[SKR_FLAG_TENANT] != NULL && values[SKR_FLAG_CLIENT_ID] != NULL;
    if (workload && (!named || values[SKR_FLAG_TOKEN_FILE] == NULL))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "--workload-identity needs --tenant, --client-id and --token-file");
    if (values[SKR_FLAG_CLIENT_SECRET_FILE] != NULL && !named)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "--client-secret-file needs --tenant and --client-id");
    if (values[SKR_FLAG_TOKEN_FILE] != NULL && !workload)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "--token-file goes with --workload-identity");
    if ((values[SKR_FLAG_TENANT] != NULL || (values[SKR_FLAG_AUTHORITY] != NULL && !managed)) && !workload && !application)
        return skr_fail(
            err, SKR_INVALID_ARGUMENT,
            "--tenant and --authority go with --workload-identity, --client-secret-file or " SKR_CLIENT_SECRET_VARIABLE);
    if (values[SKR_FLAG_CLIENT_ID] != NULL && !workload && !application && !managed)
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "--client-id goes with --managed-identity, --workload-identity or --client-secret-file");
    return SKR_OK;
}

static enum skr_status skr_attach_document(json_t *document, const struct skr_arguments *arguments, struct skr_error *err)
{
    const char *const *values = arguments->values;
    enum skr_status status = skr_check_credential_flags(arguments, err);
    if (values[SKR_FLAG_UPSTREAM] == NULL || values[SKR_FLAG_MODE] == NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "--upstream URL and --mode read-only|write-through|write-back are needed");
    if (values[SKR_FLAG_PROXY] != NULL && strchr(values[SKR_FLAG_PROXY], '@') != NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "a proxy with a password comes from a file: --proxy-file FILE");
    for (size_t i = 0; i < SKR_FLAG_COUNT && status == SKR_OK; i++)
        if (skr_flag_table[i].field != NULL)
            status = skr_set(document, skr_flag_table[i].field, values[i], err);
    if (status == SKR_OK)
        status = skr_set_credential(document, arguments, err);
    if (status == SKR_OK)
        status = skr_set_from_file(document, "proxy", values[SKR_FLAG_PROXY_FILE], err);
    if (status == SKR_OK)
        status = skr_set_path(document, "ca_file", values[SKR_FLAG_CA_FILE], err);
    if (status == SKR_OK && values[SKR_FLAG_ALLOW_HTTP] != NULL)
        status = skr_set(document, "allow_http", "true", err);
    return status;
}

/* ---- telling it ---- */

static enum skr_status skr_binding_call(const struct skr_arguments *arguments, const char *method, const json_t *document,
                                        json_t **answer, struct skr_error *err)
{
    struct skr_admin_place place = skr_arguments_place(arguments);
    struct skr_admin_client *client;
    struct skr_arena arena = {.blocks = NULL};
    const char *account = arguments->values[SKR_FLAG_ACCOUNT];
    struct skr_bytes name = skr_percent_encode(&arena, skr_text(arguments->name), "");
    struct skr_bytes owner = skr_percent_encode(&arena, skr_text(account == NULL ? "-" : account), "");
    char path[1024];
    int size = name.data == NULL || owner.data == NULL
                   ? -1
                   : snprintf(path, sizeof path, "/api/v1/bindings/%.*s/%.*s", SKR_PRINT(owner), SKR_PRINT(name));
    skr_arena_release(&arena);
    if (size < 0 || size >= (int)sizeof path || arguments->name[0] == '\0')
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the container's name is empty or too long");
    enum skr_status status = skr_admin_client_open(&client, &place, err);
    if (status != SKR_OK)
        return status;
    status = skr_admin_client_call(client, method, path, document, answer, err);
    skr_admin_client_close(client);
    return status;
}

static void skr_print_outcome(const struct skr_arguments *arguments, const json_t *answer, const char *what)
{
    const char *account = "", *container = "", *upstream = "", *mode = "";
    if (arguments->values[SKR_FLAG_JSON] != NULL) {
        skr_print_json(answer);
        return;
    }
    json_unpack((json_t *)answer, "{s:s,s:s,s?s,s?s}", "account", &account, "container", &container, "upstream", &upstream,
                "mode", &mode);
    printf("%s %s/%s%s%s%s%s\n", what, account, container, upstream[0] != '\0' ? " to " : "", upstream,
           mode[0] != '\0' ? ", " : "", mode);
}

int skr_command_attach(int argc, char **argv)
{
    struct skr_arguments arguments;
    struct skr_error error = {.message = ""};
    json_t *answer = NULL;
    int code;
    if (!skr_arguments_read(&arguments, "attach", SKR_FOR_ATTACH, SKR_TAKES_BINDING, argc, argv, &code))
        return code;
    json_t *document = json_object();
    enum skr_status status = document == NULL ? skr_fail(&error, SKR_NO_MEMORY, "no memory for a binding")
                                              : skr_attach_document(document, &arguments, &error);
    if (status == SKR_OK)
        status = skr_binding_call(&arguments, "PUT", document, &answer, &error);
    if (status == SKR_OK)
        skr_print_outcome(&arguments, answer, "attached");
    else
        fprintf(stderr, "skerry attach: %s\n", error.message);
    json_decref(document);
    json_decref(answer);
    return status == SKR_OK ? 0 : 1;
}

int skr_command_detach(int argc, char **argv)
{
    struct skr_arguments arguments;
    struct skr_error error = {.message = ""};
    json_t *answer = NULL;
    int code;
    if (!skr_arguments_read(&arguments, "detach", SKR_FOR_DETACH, SKR_TAKES_BINDING, argc, argv, &code))
        return code;
    enum skr_status status = skr_binding_call(&arguments, "DELETE", NULL, &answer, &error);
    if (status == SKR_OK)
        skr_print_outcome(&arguments, answer, "detached");
    else
        fprintf(stderr, "skerry detach: %s\n", error.message);
    json_decref(answer);
    return status == SKR_OK ? 0 : 1;
}
