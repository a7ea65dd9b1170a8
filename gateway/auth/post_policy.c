/* The policy of a form: JSON in base64, which says until when the form is good and what each of its fields may be. Whatever it
 * does not mention may not be in the form. Source: "POST Policy" of the Amazon S3 API Reference.
 */
#include "post_policy.h"

#include <jansson.h>

#include "schemes.h"
#include "skerry/encoding.h"

struct skr_post_policy {
    const struct skr_s3_form_fields *form;
    struct skr_s3_form_range *range;
    struct skr_error *err;
    bool *covered; /* of each field: some condition is about it */
    bool bucket_covered;
};

static enum skr_auth_refusal skr_policy_malformed(struct skr_error *err, const char *what)
{
    skr_fail(err, SKR_UNAUTHENTICATED, "Invalid Policy: %s", what);
    return SKR_AUTH_POLICY_MALFORMED;
}

/* ---- reading ---- */

/* What policies may hold and JSON may not: "\$" and "\v" in texts, and (as in the documentation's own example) a comma behind
 * the last item. `text` has room for four bytes more for each "\v". */
static size_t skr_policy_tidy(const char *from, size_t size, char *to)
{
    size_t written = 0, comma = SIZE_MAX; /* where the last thing but blanks is a comma outside of texts */
    bool in_text = false;
    for (size_t i = 0; i < size; i++) {
        char c = from[i];
        if (in_text && c == '\\' && i + 1 < size) {
            char escaped = from[++i];
            if (escaped == 'v') {
                memcpy(to + written, "\\u000b", 6);
                written += 6;
                continue;
            }
            if (escaped != '$')
                to[written++] = '\\';
            to[written++] = escaped;
            continue;
        }
        if (c == '"')
            in_text = !in_text;
        bool closes = !in_text && (c == ']' || c == '}');
        if (closes && comma != SIZE_MAX)
            to[comma] = ' ';
        if (!in_text && c == ',')
            comma = comma == SIZE_MAX ? written : SIZE_MAX;
        else if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
            comma = SIZE_MAX;
        to[written++] = c;
    }
    return written;
}

/* NULL: not a policy. */
static json_t *skr_policy_load(struct skr_bytes base64, struct skr_arena *arena)
{
    size_t capacity = base64.size / 4 * 3 + 3, size;
    uint8_t *decoded = skr_arena_alloc(arena, capacity);
    char *text = skr_arena_alloc(arena, capacity * 3);
    json_error_t error;
    if (decoded == NULL || text == NULL || !skr_base64_decode(base64, decoded, capacity, &size))
        return NULL;
    return json_loadb(text, skr_policy_tidy((char *)decoded, size, text), JSON_REJECT_DUPLICATES, &error);
}

static struct skr_bytes skr_policy_text(const json_t *value)
{
    return (struct skr_bytes){json_string_value(value), json_string_length(value)};
}

/* ---- conditions ---- */

static enum skr_auth_refusal skr_policy_failed(struct skr_post_policy *policy, const char *comparison, struct skr_bytes field,
                                               struct skr_bytes value)
{
    skr_fail(policy->err, SKR_UNAUTHENTICATED,
             "Invalid according to Policy: Policy Condition failed: [\"%s\", \"$%.*s\", \"%.*s\"]", comparison,
             SKR_PRINT(field), SKR_PRINT(value));
    return SKR_AUTH_POLICY_FAILED;
}

static bool skr_policy_matches(struct skr_bytes field, struct skr_bytes given, struct skr_bytes wanted, bool begins)
{
    if (!begins)
        return skr_bytes_equal(given, wanted);
    if (!skr_bytes_equal_nocase(field, SKR_BYTES("content-type")))
        return skr_bytes_starts_with(given, wanted);
    do /* a list: each item must match */
        if (!skr_bytes_starts_with(skr_list_cut(&given), wanted))
            return false;
    while (given.size > 0);
    return true;
}

/* The condition holds for a field of the form, which must be there; the bucket is that of the request as well. */
static enum skr_auth_refusal skr_policy_match(struct skr_post_policy *policy, struct skr_bytes field, struct skr_bytes wanted,
                                              bool begins)
{
    const struct skr_s3_form_fields *form = policy->form;
    const char *comparison = begins ? "starts-with" : "eq";
    bool found = skr_bytes_equal_nocase(field, SKR_BYTES("bucket")), matches = true;
    if (found) {
        policy->bucket_covered = true;
        matches = skr_policy_matches(field, form->bucket, wanted, begins);
    }
    for (size_t i = 0; i < form->count; i++)
        if (skr_bytes_equal_nocase(form->fields[i].name, field)) {
            found = policy->covered[i] = true;
            matches = matches && skr_policy_matches(field, form->fields[i].value, wanted, begins);
        }
    return found && matches ? SKR_AUTH_ALLOWED : skr_policy_failed(policy, comparison, field, wanted);
}

static bool skr_policy_size(const json_t *value, uint64_t *out)
{
    if (json_is_string(value)) /* some clients write numbers so */
        return skr_parse_u64(skr_policy_text(value), out);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static enum skr_auth_refusal skr_policy_range(struct skr_post_policy *policy, const json_t *least, const json_t *most)
{
    uint64_t from, to;
    if (!skr_policy_size(least, &from) || !skr_policy_size(most, &to) || from > to)
        return skr_policy_malformed(policy->err, "Invalid content-length-range: two sizes are needed, the smaller one first.");
    if (from > policy->range->least_bytes)
        policy->range->least_bytes = from;
    if (to < policy->range->most_bytes)
        policy->range->most_bytes = to;
    return SKR_AUTH_ALLOWED;
}

/* ["eq", "$key", "value"] */
static enum skr_auth_refusal skr_policy_list(struct skr_post_policy *policy, const json_t *list)
{
    struct skr_bytes comparison = skr_policy_text(json_array_get(list, 0)), field = skr_policy_text(json_array_get(list, 1));
    const json_t *value = json_array_get(list, 2);
    if (json_array_size(list) != 3)
        return skr_policy_malformed(policy->err, "Invalid Condition: three items are needed.");
    if (skr_bytes_equal_nocase(comparison, SKR_BYTES("content-length-range")))
        return skr_policy_range(policy, json_array_get(list, 1), value);
    bool begins = skr_bytes_equal_nocase(comparison, SKR_BYTES("starts-with"));
    if (!begins && !skr_bytes_equal_nocase(comparison, SKR_BYTES("eq")))
        return skr_policy_malformed(policy->err, "Invalid Condition: unknown operation.");
    if (field.size < 2 || field.data[0] != '$' || !json_is_string(value))
        return skr_policy_malformed(policy->err, "Invalid Condition: the name of a field with '$' and a text are needed.");
    return skr_policy_match(policy, (struct skr_bytes){field.data + 1, field.size - 1}, skr_policy_text(value), begins);
}

static enum skr_auth_refusal skr_policy_condition(struct skr_post_policy *policy, json_t *condition)
{
    if (json_is_array(condition))
        return skr_policy_list(policy, condition);
    if (!json_is_object(condition))
        return skr_policy_malformed(policy->err, "Invalid Condition: neither a list nor an object.");
    if (json_object_size(condition) != 1)
        return skr_policy_malformed(policy->err,
                                    "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
    void *item = json_object_iter(condition);
    const json_t *value = json_object_iter_value(item);
    if (!json_is_string(value))
        return skr_policy_malformed(policy->err, "Invalid Simple-Condition: value must be a string.");
    return skr_policy_match(policy, skr_text(json_object_iter_key(item)), skr_policy_text(value), false);
}

/* ---- the whole ---- */

static bool skr_policy_exempts(struct skr_bytes field)
{
    static const char *const names[] = {"policy", "x-amz-signature", "AWSAccessKeyId", "signature", "file"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (skr_bytes_equal_nocase(field, skr_text(names[i])))
            return true;
    return skr_bytes_starts_with_nocase(field, SKR_BYTES("x-ignore-"));
}

static enum skr_auth_refusal skr_policy_extra(struct skr_post_policy *policy, struct skr_bytes field)
{
    skr_fail(policy->err, SKR_UNAUTHENTICATED, "Invalid according to Policy: Extra input fields: %.*s", SKR_PRINT(field));
    return SKR_AUTH_POLICY_FAILED;
}

static enum skr_auth_refusal skr_policy_expiration(const struct skr_post_policy *policy, const json_t *expiration)
{
    struct skr_bytes text = skr_policy_text(expiration);
    int64_t until_ns;
    if (expiration == NULL)
        return skr_policy_malformed(policy->err, "Policy missing expiration.");
    if (text.size < 20 || text.data[10] != 'T' || text.data[text.size - 1] != 'Z' || !skr_iso8601_parse(text, &until_ns))
        return skr_policy_malformed(policy->err, "Invalid 'expiration' value: it must be like \"2007-12-01T12:00:00.000Z\".");
    if (policy->form->received_ns > until_ns)
        return skr_refuse(policy->err, SKR_AUTH_POLICY_FAILED, "Invalid according to Policy: Policy expired.");
    return SKR_AUTH_ALLOWED;
}

static enum skr_auth_refusal skr_policy_apply(struct skr_post_policy *policy, json_t *root)
{
    json_t *conditions = json_object_get(root, "conditions"), *item;
    const char *key;
    size_t index;
    if (!json_is_object(root))
        return skr_policy_malformed(policy->err, "Invalid JSON.");
    json_object_foreach (root, key, item)
        if (strcmp(key, "expiration") != 0 && strcmp(key, "conditions") != 0)
            return skr_policy_malformed(policy->err, "it has expiration and conditions, and nothing else.");
    enum skr_auth_refusal refusal = skr_policy_expiration(policy, json_object_get(root, "expiration"));
    if (refusal != SKR_AUTH_ALLOWED)
        return refusal;
    if (!json_is_array(conditions))
        return skr_policy_malformed(policy->err, conditions == NULL ? "Policy missing conditions."
                                                                    : "Invalid 'conditions' value: must be a List.");
    json_array_foreach (conditions, index, item)
        if ((refusal = skr_policy_condition(policy, item)) != SKR_AUTH_ALLOWED)
            return refusal;
    for (size_t i = 0; i < policy->form->count; i++)
        if (!policy->covered[i] && !skr_policy_exempts(policy->form->fields[i].name))
            return skr_policy_extra(policy, policy->form->fields[i].name);
    return policy->bucket_covered ? SKR_AUTH_ALLOWED : skr_policy_extra(policy, SKR_BYTES("bucket"));
}

enum skr_auth_refusal skr_post_policy_check(struct skr_bytes policy, const struct skr_s3_form_fields *form,
                                            struct skr_arena *arena, struct skr_s3_form_range *range, struct skr_error *err)
{
    struct skr_post_policy state = {
        .form = form, .range = range, .err = err, .covered = skr_arena_alloc_zero(arena, form->count + 1)};
    json_t *root = state.covered == NULL ? NULL : skr_policy_load(policy, arena);
    enum skr_auth_refusal refusal = root == NULL ? skr_policy_malformed(err, "Invalid JSON.") : skr_policy_apply(&state, root);
    json_decref(root);
    return refusal;
}
