/* A form that a browser posts: nothing of it counts before its policy's signature was verified, and of the request's own
 * headers nothing counts at all but what HTTP needs: they are not part of what was signed. Source: "Amazon S3 API Reference",
 * POST Object and Browser-Based Uploads Using POST.
 */
#include "form.h"

#include <stdio.h>

#include "form_data.h"
#include "objects.h"

#define SKR_S3_FORM_MOST_FIELDS 100

struct skr_s3_form {
    struct skr_s3_call *call;
    struct skr_s3_form_data *data;
    struct skr_s3_form_range range; /* of the file's size */
    uint64_t file_size;
    bool answered;
    size_t count;
    struct skr_name_value fields[SKR_S3_FORM_MOST_FIELDS];
};

/* ---- fields ---- */

static struct skr_bytes skr_s3_form_find(const struct skr_s3_form *form, struct skr_bytes name)
{
    for (size_t i = 0; i < form->count; i++)
        if (skr_bytes_equal_nocase(form->fields[i].name, name))
            return form->fields[i].value;
    return SKR_NO_BYTES;
}

struct skr_bytes skr_s3_form_header(const struct skr_s3_form *form, const char *header)
{
    struct skr_bytes value = skr_s3_form_find(form, skr_text(header));
    return value.data == NULL && strcmp(header, "x-amz-acl") == 0 ? skr_s3_form_find(form, SKR_BYTES("acl")) : value;
}

bool skr_s3_form_field_at(const struct skr_s3_form *form, size_t index, struct skr_name_value *out)
{
    if (index >= form->count)
        return false;
    *out = form->fields[index];
    return true;
}

/* Fields that may hold any text. */
static bool skr_s3_form_is_free(struct skr_bytes name)
{
    return skr_bytes_equal_nocase(name, SKR_BYTES("key")) || skr_bytes_equal_nocase(name, SKR_BYTES("tagging")) ||
           skr_bytes_equal_nocase(name, SKR_BYTES("policy"));
}

/* What stands for a header must be one: a name that headers can have, a value on one line. */
static bool skr_s3_form_could_be_header(struct skr_bytes name, struct skr_bytes value)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] <= ' ' || name.data[i] >= 0x7F || strchr("()<>@,;:\\\"/[]?={}", name.data[i]) != NULL)
            return false;
    for (size_t i = 0; i < value.size; i++)
        if (((unsigned char)value.data[i] < ' ' && value.data[i] != '\t') || value.data[i] == 0x7F)
            return false;
    return true;
}

/* False: answered. */
static bool skr_s3_form_fail_field(struct skr_s3_form *form, const char *message, struct skr_name_value field)
{
    form->answered = true;
    skr_s3_fail(form->call, SKR_S3_INVALID_ARGUMENT, message, (struct skr_s3_detail){"ArgumentName", field.name},
                (struct skr_s3_detail){"ArgumentValue", field.value});
    return false;
}

static bool skr_s3_form_field(void *context, struct skr_bytes name, struct skr_bytes value)
{
    struct skr_s3_form *form = context;
    struct skr_name_value field = {name, value};
    if (skr_bytes_starts_with_nocase(name, SKR_BYTES("x-ignore-")))
        return true;
    if (skr_s3_form_find(form, name).data != NULL)
        return skr_s3_form_fail_field(form, "A form may have each field once.", field);
    if (form->count == SKR_S3_FORM_MOST_FIELDS)
        return skr_s3_form_fail_field(form, "The form has too many fields.", field);
    if (!skr_s3_form_is_free(name) && !skr_s3_form_could_be_header(name, value))
        return skr_s3_form_fail_field(form, "The field's name or value could not be a header's.", field);
    form->fields[form->count++] = field;
    return true;
}

/* ---- ${filename} ---- */

/* Without the folders that it came from, on any system. */
static struct skr_bytes skr_s3_form_base_name(struct skr_bytes path)
{
    for (size_t i = path.size; i > 0; i--)
        if (path.data[i - 1] == '/' || path.data[i - 1] == '\\')
            return (struct skr_bytes){path.data + i, path.size - i};
    return path;
}

/* False: too long, or no memory. */
static bool skr_s3_form_expand(struct skr_arena *arena, struct skr_bytes *value, struct skr_bytes filename)
{
    static const struct skr_bytes variable = {"${filename}", 11};
    const char *found = memmem(value->data, value->size, variable.data, variable.size);
    if (found == NULL)
        return true;
    struct skr_bytes rest = *value;
    char *text = skr_arena_alloc(arena, SKR_S3_FORM_MOST_BYTES);
    size_t size = 0;
    if (text == NULL)
        return false;
    for (;;) {
        size_t before = found == NULL ? rest.size : (size_t)(found - rest.data);
        if (before + (found == NULL ? 0 : filename.size) > SKR_S3_FORM_MOST_BYTES - size)
            return false;
        memcpy(text + size, rest.data, before);
        size += before;
        if (found == NULL)
            break;
        if (filename.size > 0)
            memcpy(text + size, filename.data, filename.size);
        size += filename.size;
        rest = (struct skr_bytes){found + variable.size, rest.size - before - variable.size};
        found = memmem(rest.data, rest.size, variable.data, variable.size);
    }
    *value = (struct skr_bytes){text, size};
    return true;
}

/* All of it before the policy is looked at, which is about what the form means. */
static bool skr_s3_form_expand_all(struct skr_s3_form *form, struct skr_bytes filename)
{
    static const struct skr_bytes policy = {"policy", 6};
    for (size_t i = 0; i < form->count; i++)
        if (!skr_bytes_equal_nocase(form->fields[i].name, policy) &&
            !skr_s3_form_expand(form->call->arena, &form->fields[i].value, filename))
            return false;
    return true;
}

/* ---- the key ---- */

/* The call is about this object from here on. False: answered. */
static bool skr_s3_form_target(struct skr_s3_form *form)
{
    struct skr_s3_call *call = form->call;
    struct skr_bytes key = skr_s3_form_find(form, SKR_BYTES("key"));
    if (key.data == NULL) {
        skr_s3_fail(call, SKR_S3_USER_KEY_MISSING, NULL, (struct skr_s3_detail){"FieldName", SKR_BYTES("key")},
                    SKR_S3_NO_DETAIL);
        return false;
    }
    if (key.size == 0) {
        skr_s3_fail_argument(call, "User key must have a length greater than 0.", "key", key);
        return false;
    }
    if (!skr_is_utf8(key) || memchr(key.data, '\0', key.size) != NULL) {
        skr_s3_fail_status(call, SKR_INVALID_NAME);
        return false;
    }
    if (key.size > SKR_S3_MAX_KEY_BYTES) {
        skr_s3_refuse(call, SKR_S3_KEY_TOO_LONG);
        return false;
    }
    call->target.object = key;
    call->target.resource = SKR_RESOURCE_OBJECT;
    return true;
}

/* ---- the file ---- */

/* All fields are there: whose form is it, and what may it? The row's handler opens the ingest, or the call was answered. */
static bool skr_s3_form_file_begins(void *context, struct skr_bytes filename)
{
    struct skr_s3_form *form = context;
    struct skr_s3_call *call = form->call;
    if (!skr_s3_form_expand_all(form, skr_s3_form_base_name(filename))) {
        skr_s3_refuse(call, SKR_S3_MAX_POST_PRE_DATA_LENGTH);
    } else {
        struct skr_s3_form_fields fields = {.fields = form->fields,
                                            .count = form->count,
                                            .bucket = call->target.container,
                                            .received_ns = call->request->received_ns};
        if (skr_s3_authenticate_form(call, &fields, &form->range) && skr_s3_form_target(form))
            skr_s3_admit(call);
        if (form->range.most_bytes > call->operation->body_limit_bytes)
            form->range.most_bytes = call->operation->body_limit_bytes;
    }
    form->answered = call->incoming.ingest == NULL;
    return !form->answered;
}

/* How large the file would have been is known only where it is there as a whole. */
static void skr_s3_form_fail_size(struct skr_s3_form *form, bool small)
{
    char proposed[24], bound[24];
    int proposed_size = snprintf(proposed, sizeof proposed, "%llu", (unsigned long long)form->file_size);
    int bound_size =
        snprintf(bound, sizeof bound, "%llu", (unsigned long long)(small ? form->range.least_bytes : form->range.most_bytes));
    struct skr_s3_detail size = {small ? "ProposedSize" : NULL, {proposed, (size_t)proposed_size}};
    form->answered = true;
    skr_s3_fail(form->call, small ? SKR_S3_ENTITY_TOO_SMALL : SKR_S3_ENTITY_TOO_LARGE, NULL, size,
                (struct skr_s3_detail){small ? "MinSizeAllowed" : "MaxSizeAllowed", {bound, (size_t)bound_size}});
}

static size_t skr_s3_form_file(void *context, const void *data, size_t size)
{
    struct skr_s3_form *form = context;
    if (form->answered)
        return 0;
    if (size > form->range.most_bytes - form->file_size) {
        skr_s3_form_fail_size(form, false);
        return 0;
    }
    size_t taken = skr_s3_receive_bytes(form->call, data, size);
    form->file_size += taken;
    return taken;
}

/* ---- the body ---- */

static void skr_s3_form_fail(struct skr_s3_form *form)
{
    if (form->answered)
        return;
    form->answered = true;
    skr_s3_refuse(form->call, skr_s3_form_data_problem(form->data) == SKR_S3_FORM_TOO_LONG ? SKR_S3_MAX_POST_PRE_DATA_LENGTH
                                                                                           : SKR_S3_MALFORMED_POST);
}

static size_t skr_s3_form_write(void *context, const void *data, size_t size)
{
    struct skr_s3_form *form = ((struct skr_s3_call *)context)->form;
    if (form->answered)
        return size;
    size_t used = skr_s3_form_data_feed(form->data, data, size);
    if (skr_s3_form_data_problem(form->data) != SKR_S3_FORM_FINE)
        skr_s3_form_fail(form);
    return form->answered ? size : used;
}

static void skr_s3_form_received(struct skr_s3_call *call)
{
    struct skr_s3_form *form = call->form;
    if (form->answered)
        return;
    if (!skr_s3_form_data_is_whole(form->data))
        skr_s3_form_fail(form);
    else if (call->incoming.ingest == NULL)
        skr_s3_refuse(call, SKR_S3_INCORRECT_NUMBER_OF_FILES);
    else if (form->file_size < form->range.least_bytes)
        skr_s3_form_fail_size(form, true);
    else
        skr_s3_received_all(call);
}

void skr_s3_form_receive(struct skr_s3_call *call)
{
    static const struct skr_s3_form_sink sink = {skr_s3_form_field, skr_s3_form_file_begins, skr_s3_form_file};
    struct skr_bytes boundary;
    bool is_form;
    if (!skr_s3_form_boundary(skr_request_header(call->request, "content-type"), &is_form, &boundary)) {
        if (is_form)
            skr_s3_refuse(call, SKR_S3_MALFORMED_POST);
        else
            skr_s3_fail(
                call, SKR_S3_PRECONDITION_FAILED, NULL,
                (struct skr_s3_detail){"Condition", SKR_BYTES("Bucket POST must be of the enclosure-type multipart/form-data")},
                SKR_S3_NO_DETAIL);
        return;
    }
    struct skr_s3_form *form = skr_arena_alloc_zero(call->arena, sizeof *form);
    struct skr_s3_form_data *data = form == NULL ? NULL : skr_s3_form_data_open(boundary, &sink, form);
    if (data == NULL) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
        return;
    }
    form->call = call;
    form->data = data;
    call->form = form;
    skr_s3_receive_form(call, skr_s3_form_write, skr_s3_form_received);
}

void skr_s3_form_close(struct skr_s3_form *form)
{
    if (form != NULL)
        skr_s3_form_data_close(form->data);
}
