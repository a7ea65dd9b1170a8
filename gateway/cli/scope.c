/* Names out of arguments. */
#include "scope.h"

#include "skerry/encoding.h"

enum skr_status skr_scope_set(json_t *body, const char *field, const char *value, struct skr_error *err)
{
    json_t *text = value == NULL ? NULL : json_string(value);
    if (value != NULL && text == NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the %s is not UTF-8", field);
    return value == NULL || json_object_set_new(body, field, text) == 0
               ? SKR_OK
               : skr_fail(err, SKR_NO_MEMORY, "no memory to ask the server");
}

json_t *skr_scope_body(const struct skr_arguments *arguments, struct skr_error *err)
{
    json_t *body = json_object();
    enum skr_status status = body == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory to ask the server")
                                          : skr_scope_set(body, "account", arguments->values[SKR_FLAG_ACCOUNT], err);
    if (status == SKR_OK)
        status = skr_scope_set(body, "container", arguments->name, err);
    if (status == SKR_OK)
        status = skr_scope_set(body, "prefix", arguments->values[SKR_FLAG_PREFIX], err);
    if (status == SKR_OK)
        return body;
    json_decref(body);
    return NULL;
}

enum skr_status skr_scope_query(char *path, size_t capacity, const char *name, const char *value, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    size_t used = strlen(path);
    struct skr_bytes encoded = value == NULL ? SKR_NO_BYTES : skr_percent_encode(&arena, skr_text(value), "");
    enum skr_status status = SKR_OK;
    if (value != NULL && encoded.data == NULL && value[0] != '\0')
        status = skr_fail(err, SKR_NO_MEMORY, "no memory to ask the server");
    else if (value != NULL && (size_t)snprintf(path + used, capacity - used, "%c%s=%.*s", strchr(path, '?') == NULL ? '?' : '&',
                                               name, SKR_PRINT(encoded)) >= capacity - used)
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "the %s is too long", name);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_scope_query_all(char *path, size_t capacity, const struct skr_arguments *arguments, struct skr_error *err)
{
    enum skr_status status = skr_scope_query(path, capacity, "account", arguments->values[SKR_FLAG_ACCOUNT], err);
    if (status == SKR_OK)
        status = skr_scope_query(path, capacity, "container", arguments->name, err);
    return status != SKR_OK ? status : skr_scope_query(path, capacity, "prefix", arguments->values[SKR_FLAG_PREFIX], err);
}
