/* Names out of arguments. */
#include "scope.h"

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
