/* The fields of a binding in JSON: one table, from which reading and its errors derive. What is not in it is refused.
 *
 * No message shows a value: somebody may have put a secret in the wrong place.
 */
#include "admin_private.h"

#define SKR_MAX_TEXT 8192
#define SKR_MOST_SECONDS (366 * 86400)

#define TEXT(name, short_name, is_secret, text, credential, is_needed)                                                         \
    {                                                                                                                          \
        name, short_name, SKR_FIELD_TEXT, is_secret, SKR_BINDING_##text, SKR_BINDING_##credential, is_needed                   \
    }
#define OTHER(name, short_name, type)                                                                                          \
    {                                                                                                                          \
        name, short_name, SKR_FIELD_##type, false, SKR_BINDING_URL, SKR_BINDING_ANONYMOUS, false                               \
    }

static const struct skr_binding_field skr_fields[] = {
    TEXT("upstream", NULL, false, URL, ANONYMOUS, false),
    OTHER("mode", NULL, MODE),
    OTHER("listing", NULL, LISTING),
    OTHER("kind", NULL, KIND),
    OTHER("ttl_s", "ttl", SECONDS),
    OTHER("capacity_bytes", "capacity", SIZE),
    OTHER("allow_http", NULL, BOOL),
    TEXT("upstream_account", NULL, false, ACCOUNT, ANONYMOUS, false),
    TEXT("ca_file", NULL, false, CA_FILE, ANONYMOUS, false),
    TEXT("proxy", NULL, true, PROXY, ANONYMOUS, false),
    TEXT("region", NULL, false, REGION, ANONYMOUS, false),
    TEXT("account_key", "key", true, ACCOUNT_KEY, BY_ACCOUNT_KEY, true),
    TEXT("sas", NULL, true, SAS, BY_SAS, true),
    TEXT("access_key", NULL, false, ACCESS_KEY, BY_S3_KEYS, true),
    TEXT("secret_key", NULL, true, SECRET_KEY, BY_S3_KEYS, true),
    TEXT("session_token", NULL, true, SESSION_TOKEN, BY_S3_KEYS, false),
    {"managed_identity", NULL, SKR_FIELD_BOOL, false, SKR_BINDING_URL, SKR_BINDING_BY_MANAGED_IDENTITY, true},
    TEXT("client_id", NULL, false, CLIENT, BY_MANAGED_IDENTITY, false),
    TEXT("identity_endpoint", NULL, false, AUTHORITY, BY_MANAGED_IDENTITY, false),
    TEXT("workload_identity.tenant", NULL, false, TENANT, BY_WORKLOAD_IDENTITY, true),
    TEXT("workload_identity.client_id", NULL, false, CLIENT, BY_WORKLOAD_IDENTITY, true),
    TEXT("workload_identity.token_file", NULL, false, TOKEN_FILE, BY_WORKLOAD_IDENTITY, true),
    TEXT("workload_identity.authority", NULL, false, AUTHORITY, BY_WORKLOAD_IDENTITY, false),
    TEXT("client_secret.tenant", NULL, false, TENANT, BY_CLIENT_SECRET, true),
    TEXT("client_secret.client_id", NULL, false, CLIENT, BY_CLIENT_SECRET, true),
    TEXT("client_secret.secret", NULL, true, CLIENT_SECRET, BY_CLIENT_SECRET, true),
    TEXT("client_secret.authority", NULL, false, AUTHORITY, BY_CLIENT_SECRET, false),
};
#define SKR_FIELD_COUNT (sizeof skr_fields / sizeof *skr_fields)

const struct skr_binding_field *skr_binding_field_find(struct skr_bytes name)
{
    for (size_t i = 0; i < SKR_FIELD_COUNT; i++)
        if (skr_bytes_equal(name, skr_text(skr_fields[i].name)) ||
            (skr_fields[i].short_name != NULL && skr_bytes_equal(name, skr_text(skr_fields[i].short_name))))
            return &skr_fields[i];
    return NULL;
}

/* What was read so far. */
struct skr_field_reading {
    struct skr_binding *binding;
    bool seen[SKR_FIELD_COUNT];
    unsigned credentials; /* bit 1 << enum skr_binding_credential: some field of it is there */
    struct skr_error *err;
};

/* ---- values ---- */

static enum skr_status skr_read_text(struct skr_field_reading *reading, const struct skr_binding_field *field,
                                     const json_t *value)
{
    size_t size = json_string_length(value);
    if (!json_is_string(value))
        return skr_fail(reading->err, SKR_INVALID_ARGUMENT, "'%s' must be a text", field->name);
    if (size == 0 || size > SKR_MAX_TEXT)
        return skr_fail(reading->err, SKR_INVALID_ARGUMENT,
                        "'%s' is empty or longer than %d bytes: leave it out, or correct it", field->name, SKR_MAX_TEXT);
    reading->binding->texts[field->text] = (struct skr_bytes){json_string_value(value), size};
    return SKR_OK;
}

static enum skr_status skr_read_number(struct skr_field_reading *reading, const struct skr_binding_field *field,
                                       const json_t *value)
{
    json_int_t number = json_integer_value(value), most = field->type == SKR_FIELD_SECONDS ? SKR_MOST_SECONDS : INT64_MAX;
    if (!json_is_integer(value) || number < 0 || number > most)
        return skr_fail(reading->err, SKR_INVALID_ARGUMENT, "'%s' must be a whole number from 0 to %lld", field->name,
                        (long long)most);
    if (field->type == SKR_FIELD_SECONDS)
        reading->binding->ttl_ms = (uint64_t)number * 1000;
    else
        reading->binding->capacity_bytes = (uint64_t)number;
    return SKR_OK;
}

/* Which of the words, the first being 0; -1: none. */
static int skr_read_word(const json_t *value, const char *const *words)
{
    for (int i = 0; json_is_string(value) && words[i] != NULL; i++)
        if (strcmp(json_string_value(value), words[i]) == 0)
            return i;
    return -1;
}

static enum skr_status skr_read_choice(struct skr_field_reading *reading, const struct skr_binding_field *field,
                                       const json_t *value)
{
    static const char *const modes[] = {"read-only", "write-through", "write-back", NULL};
    static const char *const listings[] = {"upstream", "mirror", NULL};
    static const char *const kinds[] = {"azure", "s3", NULL};
    const char *const *words = field->type == SKR_FIELD_MODE ? modes : field->type == SKR_FIELD_LISTING ? listings : kinds;
    int chosen = skr_read_word(value, words);
    if (chosen < 0)
        return skr_fail(reading->err, SKR_INVALID_ARGUMENT, "'%s' must be \"%s\"%s%s%s or \"%s\"", field->name, words[0],
                        words[2] != NULL ? ", \"" : "", words[2] != NULL ? words[1] : "", words[2] != NULL ? "\"" : "",
                        words[2] != NULL ? words[2] : words[1]);
    if (field->type == SKR_FIELD_MODE)
        reading->binding->mode = SKR_BINDING_READ_ONLY + (unsigned)chosen;
    else if (field->type == SKR_FIELD_LISTING)
        reading->binding->listing = SKR_LISTING_UPSTREAM + (unsigned)chosen;
    else
        reading->binding->is_s3 = chosen == 1;
    return SKR_OK;
}

static enum skr_status skr_read_field(struct skr_field_reading *reading, const char *name, const json_t *value)
{
    const struct skr_binding_field *field = skr_binding_field_find(skr_text(name));
    enum skr_status status = SKR_OK;
    if (field == NULL || strcmp(field->name, name) != 0)
        return skr_fail(reading->err, SKR_INVALID_ARGUMENT,
                        "'%.60s' is not a field of a binding: gateway/admin/README.md lists them", name);
    if (field->type == SKR_FIELD_TEXT)
        status = skr_read_text(reading, field, value);
    else if (field->type == SKR_FIELD_SECONDS || field->type == SKR_FIELD_SIZE)
        status = skr_read_number(reading, field, value);
    else if (field->type != SKR_FIELD_BOOL)
        status = skr_read_choice(reading, field, value);
    else if (!json_is_boolean(value))
        status = skr_fail(reading->err, SKR_INVALID_ARGUMENT, "'%s' must be true or false", field->name);
    else if (field->credential == SKR_BINDING_ANONYMOUS)
        reading->binding->allow_http = json_is_true(value);
    else if (json_is_false(value))
        return SKR_OK; /* as if it were not there */
    reading->seen[field - skr_fields] = true;
    if (field->credential != SKR_BINDING_ANONYMOUS)
        reading->credentials |= 1U << field->credential;
    return status;
}

/* ---- the whole ---- */

static enum skr_status skr_read_fields(struct skr_field_reading *reading, json_t *document)
{
    const char *key, *inner_key;
    json_t *value, *inner;
    enum skr_status status = SKR_OK;
    char name[128];
    json_object_foreach (document, key, value) {
        if (status == SKR_OK && (!json_is_object(value) || strchr(key, '.') != NULL))
            status = skr_read_field(reading, strchr(key, '.') != NULL ? "with a dot" : key, value);
        else if (status == SKR_OK && json_object_size(value) == 0)
            status = skr_fail(reading->err, SKR_INVALID_ARGUMENT, "'%.60s' must not be an empty object", key);
        else if (json_is_object(value))
            json_object_foreach (value, inner_key, inner) {
                snprintf(name, sizeof name, "%.60s.%.60s", key, inner_key);
                if (status == SKR_OK)
                    status = skr_read_field(reading, name, inner);
            }
    }
    return status;
}

static enum skr_status skr_check_credential(struct skr_field_reading *reading)
{
    for (unsigned credential = 1; reading->credentials != 0; credential++) {
        if (reading->credentials != 1U << credential && (reading->credentials & 1U << credential) != 0)
            return skr_fail(reading->err, SKR_INVALID_ARGUMENT,
                            "more than one credential: give one of account_key, sas, access_key with secret_key, "
                            "managed_identity, workload_identity and client_secret");
        if (reading->credentials != 1U << credential)
            continue;
        reading->binding->credential = credential;
        for (size_t i = 0; i < SKR_FIELD_COUNT; i++)
            if (skr_fields[i].credential == credential && skr_fields[i].is_needed && !reading->seen[i])
                return skr_fail(reading->err, SKR_INVALID_ARGUMENT, "'%s' is missing: this credential needs it",
                                skr_fields[i].name);
        break;
    }
    return SKR_OK;
}

enum skr_status skr_binding_request_read(struct skr_binding_request *out, struct skr_bytes json, struct skr_error *err)
{
    json_error_t error; /* its text is not shown: it quotes the document */
    json_t *document = json_loadb(json.size == 0 ? "" : json.data, json.size, JSON_REJECT_DUPLICATES, &error);
    *out = (struct skr_binding_request){.document = document};
    out->binding.ttl_ms = 60000;
    if (document == NULL && json_error_code(&error) == json_error_duplicate_key)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "a field is there twice: line %d, column %d", error.line, error.column);
    if (!json_is_object(document))
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "a JSON object is needed, such as {\"upstream\": \"https://...\", \"mode\": \"read-only\"}: line %d, "
                        "column %d",
                        document == NULL ? error.line : 1, document == NULL ? error.column : 1);
    struct skr_field_reading reading = {.binding = &out->binding, .err = err};
    enum skr_status status = skr_read_fields(&reading, document);
    if (status == SKR_OK && out->binding.texts[SKR_BINDING_URL].size == 0)
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "'upstream' is missing: the URL of the container or bucket");
    if (status == SKR_OK && out->binding.mode == 0)
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "'mode' is missing: \"read-only\", \"write-through\" or \"write-back\"");
    return status == SKR_OK ? skr_check_credential(&reading) : status;
}

void skr_binding_request_free(struct skr_binding_request *request)
{
    json_decref(request->document);
    *request = (struct skr_binding_request){.document = NULL};
}

enum skr_status skr_binding_name_check(struct skr_bytes container, struct skr_error *err)
{
    if (skr_bytes_equal(container, SKR_BYTES(SKR_ALL_CONTAINERS)))
        return SKR_OK;
    bool valid = container.size >= 3 && container.size <= 63;
    for (size_t i = 0; i < container.size && valid; i++) {
        char c = container.data[i];
        bool edge = i == 0 || i + 1 == container.size;
        valid = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (!edge && (c == '-' || c == '.'));
    }
    return valid ? SKR_OK
                 : skr_fail(err, SKR_INVALID_NAME,
                            "a container's name has 3 to 63 lower-case letters, digits, dashes and dots, and begins and ends "
                            "with a letter or digit; or it is *, for all of the account");
}
