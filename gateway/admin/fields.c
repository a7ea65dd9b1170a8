/* Reading a request's fields by a table, from a JSON body or a query. What is not in the table is refused: a misspelt field
 * that was passed over would do another thing than was asked for. */
#include "admin_private.h"
#include "skerry/encoding.h"

#define SKR_MOST_FIELDS 16

static const struct skr_admin_field *skr_admin_field_find(const struct skr_admin_field *fields, size_t count,
                                                          struct skr_bytes name)
{
    for (size_t i = 0; i < count; i++)
        if (skr_bytes_equal(skr_text(fields[i].name), name))
            return &fields[i];
    return NULL;
}

static enum skr_status skr_admin_field_unknown(const struct skr_admin_field *fields, size_t count, struct skr_bytes name,
                                               struct skr_error *err)
{
    char known[256] = "";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "", fields[i].name);
    }
    return skr_fail(err, SKR_INVALID_ARGUMENT, "'%.*s' is not known here: there are %s", name.size > 40 ? 40 : (int)name.size,
                    name.data, known);
}

/* ---- values ---- */

static enum skr_status skr_admin_set_text(const struct skr_admin_field *field, struct skr_bytes text, struct skr_error *err)
{
    if (text.size < field->least || text.size > field->most)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' must have %llu to %llu bytes", field->name,
                        (unsigned long long)field->least, (unsigned long long)field->most);
    *(struct skr_bytes *)field->out = text.data == NULL ? SKR_BYTES("") : text;
    return SKR_OK;
}

static enum skr_status skr_admin_set_number(const struct skr_admin_field *field, bool is_number, uint64_t number,
                                            struct skr_error *err)
{
    if (!is_number || number < field->least || number > field->most)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' must be a whole number from %llu to %llu", field->name,
                        (unsigned long long)field->least, (unsigned long long)field->most);
    *(uint64_t *)field->out = number;
    return SKR_OK;
}

static enum skr_status skr_admin_set_id(const struct skr_admin_field *field, struct skr_bytes text, struct skr_error *err)
{
    uint64_t id;
    if (!skr_parse_u64(text, &id) || id == 0 || id > INT64_MAX)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' must be a text of digits, out of an earlier answer", field->name);
    *(uint64_t *)field->out = id;
    return SKR_OK;
}

static enum skr_status skr_admin_set_word(const struct skr_admin_field *field, struct skr_bytes text, struct skr_error *err)
{
    char words[200] = "";
    for (int i = 0; field->words[i] != NULL; i++) {
        size_t used = strlen(words);
        snprintf(words + used, sizeof words - used, "%s%s", i > 0 ? ", " : "", field->words[i]);
        if (skr_bytes_equal(text, skr_text(field->words[i]))) {
            *(int *)field->out = i;
            return SKR_OK;
        }
    }
    return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' must be one of %s", field->name, words);
}

static enum skr_status skr_admin_set_texts(struct skr_admin_call *call, const struct skr_admin_field *field,
                                           const json_t *value, struct skr_error *err)
{
    size_t count = json_array_size(value), i;
    struct skr_admin_texts *out = field->out;
    json_t *item;
    if (!json_is_array(value) || count < field->least || count > field->most)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' must be a list of %llu to %llu texts", field->name,
                        (unsigned long long)field->least, (unsigned long long)field->most);
    struct skr_bytes *texts = skr_arena_alloc(skr_exchange_arena(call->exchange), count * sizeof *texts);
    if (texts == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for '%s'", field->name);
    json_array_foreach (value, i, item) {
        if (!json_is_string(item))
            return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' must hold texts only", field->name);
        texts[i] = (struct skr_bytes){json_string_value(item), json_string_length(item)};
    }
    *out = (struct skr_admin_texts){texts, count};
    return SKR_OK;
}

static enum skr_status skr_admin_set_json(struct skr_admin_call *call, const struct skr_admin_field *field, const json_t *value,
                                          struct skr_error *err)
{
    if (field->type == SKR_ADMIN_TEXTS)
        return skr_admin_set_texts(call, field, value, err);
    struct skr_bytes text = {json_string_value(value), json_string_length(value)};
    if (field->type == SKR_ADMIN_NUMBER)
        return skr_admin_set_number(field, json_is_integer(value) && json_integer_value(value) >= 0,
                                    (uint64_t)json_integer_value(value), err);
    if (!json_is_string(value))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' must be a text", field->name);
    if (field->type == SKR_ADMIN_ID)
        return skr_admin_set_id(field, text, err);
    return field->type == SKR_ADMIN_WORD ? skr_admin_set_word(field, text, err) : skr_admin_set_text(field, text, err);
}

/* ---- the whole ---- */

enum skr_status skr_admin_read_body(struct skr_admin_call *call, const struct skr_admin_field *fields, size_t count,
                                    struct skr_error *err)
{
    json_error_t error;
    const char *key;
    size_t key_size;
    json_t *value;
    enum skr_status status = SKR_OK;
    call->document =
        call->body_size == 0 ? NULL : json_loadb(call->body, call->body_size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (call->body_size > 0 && call->document == NULL && json_error_code(&error) == json_error_duplicate_key)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "a field is there twice: line %d, column %d", error.line, error.column);
    if (!json_is_object(call->document))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "a JSON object is needed");
    json_object_keylen_foreach(call->document, key, key_size, value)
    {
        struct skr_bytes name = {key, key_size};
        const struct skr_admin_field *field = skr_admin_field_find(fields, count, name);
        if (status == SKR_OK)
            status =
                field == NULL ? skr_admin_field_unknown(fields, count, name, err) : skr_admin_set_json(call, field, value, err);
    }
    return status;
}

enum skr_status skr_admin_read_query(struct skr_admin_call *call, const struct skr_admin_field *fields, size_t count,
                                     struct skr_error *err)
{
    const struct skr_uri *uri = &skr_exchange_request(call->exchange)->uri;
    bool seen[SKR_MOST_FIELDS] = {false};
    enum skr_status status = SKR_OK;
    for (size_t i = 0; i < uri->query_count && status == SKR_OK; i++) {
        const struct skr_query_parameter *parameter = &uri->query[i];
        const struct skr_admin_field *field = skr_admin_field_find(fields, count, parameter->name);
        uint64_t number = 0;
        bool is_number = skr_parse_u64(parameter->value, &number);
        if (field == NULL)
            return skr_admin_field_unknown(fields, count, parameter->name, err);
        if (seen[field - fields])
            return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' is there twice", field->name);
        seen[field - fields] = true;
        if (field->type == SKR_ADMIN_NUMBER)
            status = skr_admin_set_number(field, is_number, number, err);
        else if (field->type == SKR_ADMIN_ID)
            status = skr_admin_set_id(field, parameter->value, err);
        else if (!skr_is_utf8(parameter->value))
            status = skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' must be UTF-8", field->name);
        else if (field->type == SKR_ADMIN_WORD)
            status = skr_admin_set_word(field, parameter->value, err);
        else
            status = skr_admin_set_text(field, parameter->value, err);
    }
    return status;
}
