/* Types come from the table of fields in gateway/admin, so that settings, commands and the API know the same fields. */
#include "binding_text.h"

#include "secret.h"
#include "settings.h"
#include "skerry/admin.h"

#define SKR_TEXT_CAPACITY 8200

static enum skr_status skr_text_number(const struct skr_binding_field *field, const char *text, json_t **out,
                                       struct skr_error *err)
{
    enum skr_setting_type type = field->type == SKR_FIELD_SECONDS ? SKR_SETTING_DURATION
                                 : field->type == SKR_FIELD_SIZE  ? SKR_SETTING_SIZE
                                                                  : SKR_SETTING_BOOL;
    uint64_t number;
    if (!skr_value_parse(type, text, &number) || number > INT64_MAX || (type == SKR_SETTING_DURATION && number % 1000 != 0))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' must be %s", field->name,
                        type == SKR_SETTING_DURATION ? "a time of whole seconds, such as 60s"
                        : type == SKR_SETTING_SIZE   ? "a size such as 64GiB"
                                                     : "true or false");
    *out = type == SKR_SETTING_BOOL ? json_boolean(number != 0)
                                    : json_integer((json_int_t)(type == SKR_SETTING_DURATION ? number / 1000 : number));
    return SKR_OK;
}

/* `text` is zero-terminated and may be changed. */
static enum skr_status skr_text_value(const struct skr_binding_field *field, char text[SKR_TEXT_CAPACITY], bool may_be_file,
                                      json_t **out, struct skr_error *err)
{
    char path[4096];
    if (may_be_file && field->is_secret && text[0] == '@') {
        snprintf(path, sizeof path, "%.4090s", text + 1);
        enum skr_status status = skr_secret_read(path, text, SKR_TEXT_CAPACITY, err);
        if (status != SKR_OK)
            return status;
    }
    if (field->type == SKR_FIELD_SECONDS || field->type == SKR_FIELD_SIZE || field->type == SKR_FIELD_BOOL)
        return skr_text_number(field, text, out, err);
    *out = json_string(text);
    return *out != NULL ? SKR_OK : skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' is not UTF-8", field->name);
}

/* Where the field belongs, and its name there. NULL: no memory. */
static json_t *skr_text_place(json_t *document, const char **name)
{
    const char *dot = strchr(*name, '.');
    char group[64];
    if (dot == NULL)
        return document;
    snprintf(group, sizeof group, "%.*s", (int)(dot - *name), *name);
    *name = dot + 1;
    if (json_object_get(document, group) == NULL && json_object_set_new(document, group, json_object()) != 0)
        return NULL;
    return json_object_get(document, group);
}

/* What cannot be a field's name is not shown: it may be a secret whose name was forgotten. */
static enum skr_status skr_text_unknown(struct skr_bytes name, struct skr_error *err)
{
    bool shown = name.size > 0 && name.size <= 40;
    for (size_t i = 0; i < name.size && shown; i++)
        shown = (name.data[i] >= 'a' && name.data[i] <= 'z') || name.data[i] == '_' || name.data[i] == '.';
    return shown ? skr_fail(err, SKR_INVALID_ARGUMENT, "'%.*s' is not a field of a binding: gateway/admin/README.md lists them",
                            SKR_PRINT(name))
                 : skr_fail(err, SKR_INVALID_ARGUMENT, "fields are given as FIELD=VALUE: gateway/admin/README.md lists them");
}

enum skr_status skr_binding_text_set(json_t *document, struct skr_bytes name, struct skr_bytes value, bool may_be_file,
                                     struct skr_error *err)
{
    const struct skr_binding_field *field = skr_binding_field_find(name);
    char text[SKR_TEXT_CAPACITY];
    json_t *made = NULL;
    if (field == NULL)
        return skr_text_unknown(name, err);
    if (value.size >= sizeof text)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' is too long", field->name);
    snprintf(text, sizeof text, "%.*s", SKR_PRINT(value));
    enum skr_status status = skr_text_value(field, text, may_be_file, &made, err);
    explicit_bzero(text, sizeof text);
    if (status != SKR_OK)
        return status;
    const char *key = field->name;
    json_t *place = skr_text_place(document, &key);
    if (place != NULL && json_object_get(place, key) != NULL) {
        json_decref(made);
        return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' is there twice", field->name);
    }
    if (place == NULL || json_object_set_new(place, key, made) != 0)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a binding");
    return SKR_OK;
}
