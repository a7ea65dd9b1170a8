/* A request, put together before it is signed. What upstream cannot hold, and what would break the framing, is noted as a
 * problem and the request is never sent: a value with a line end in it must not become a header of its own.
 */
#include <stdio.h>

#include "skerry/encoding.h"
#include "upstream_private.h"

static const char no_memory[] = "no memory";

struct skr_bytes skr_arena_print(struct skr_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = size < 0 ? NULL : skr_arena_alloc(arena, (size_t)size + 1);
    if (text == NULL)
        return SKR_NO_BYTES;
    va_start(arguments, format);
    vsnprintf(text, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return (struct skr_bytes){text, (size_t)size};
}

void skr_message_problem(struct skr_message *message, const char *problem)
{
    if (message->problem == NULL)
        message->problem = problem;
}

static bool skr_is_token(struct skr_bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!word && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return name.size > 0;
}

static bool skr_is_header_value(struct skr_bytes value)
{
    for (size_t i = 0; i < value.size; i++)
        if ((unsigned char)value.data[i] < ' ' || (unsigned char)value.data[i] >= 0x7F)
            return false;
    return true;
}

void skr_message_header_named(struct skr_message *message, const char *first, struct skr_bytes rest, struct skr_bytes value)
{
    struct skr_bytes name = skr_arena_print(message->arena, "%s%.*s", first, SKR_PRINT(rest));
    value = skr_arena_copy(message->arena, skr_bytes_trim(value));
    if (name.data == NULL || value.data == NULL) {
        skr_message_problem(message, no_memory);
        return;
    }
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] >= 'A' && name.data[i] <= 'Z')
            ((char *)name.data)[i] |= 0x20;
    if (message->header_count == SKR_MESSAGE_HEADERS)
        skr_message_problem(message, "too many properties and metadata for one request");
    else if (!skr_is_token(name))
        skr_message_problem(message, "a name of metadata that no header can have");
    else if (!skr_is_header_value(value))
        skr_message_problem(message, "a property or metadata with characters that no header can have");
    else
        message->headers[message->header_count++] = (struct skr_name_value){name, value};
}

void skr_message_header(struct skr_message *message, const char *name, struct skr_bytes value)
{
    skr_message_header_named(message, name, SKR_BYTES(""), value);
}

void skr_message_header_if(struct skr_message *message, const char *name, struct skr_bytes value)
{
    if (value.size > 0)
        skr_message_header(message, name, value);
}

struct skr_bytes skr_message_header_of(const struct skr_message *message, const char *name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (skr_bytes_equal(message->headers[i].name, skr_text(name)))
            return message->headers[i].value;
    return SKR_NO_BYTES;
}

void skr_message_md5(struct skr_message *message, const char *name, const uint8_t md5[16])
{
    char text[SKR_BASE64_SIZE(16)];
    skr_base64_encode(text, md5, 16);
    skr_message_header(message, name, (struct skr_bytes){text, sizeof text});
}

void skr_message_query(struct skr_message *message, const char *name, struct skr_bytes value)
{
    if (message->query_count == SKR_MESSAGE_QUERY) {
        skr_message_problem(message, "too many parameters");
        return;
    }
    if (value.data != NULL) {
        value = skr_arena_copy(message->arena, value);
        if (value.data == NULL)
            skr_message_problem(message, no_memory);
    }
    message->query[message->query_count++] = (struct skr_name_value){skr_text(name), value};
}

void skr_message_query_if(struct skr_message *message, const char *name, struct skr_bytes value)
{
    if (value.size > 0)
        skr_message_query(message, name, value);
}

void skr_message_object(struct skr_message *message, const struct skr_upstream *upstream, struct skr_bytes key)
{
    if (key.size == 0 || memchr(key.data, '\0', key.size) != NULL || !skr_is_utf8(key) ||
        key.size + upstream->url.prefix.size > 1024) {
        skr_message_problem(message, "a name that upstream cannot hold: it has 1 to 1024 bytes of UTF-8");
        message->path = upstream->url.base;
        return;
    }
    struct skr_bytes prefix = skr_percent_encode(message->arena, upstream->url.prefix, "/");
    struct skr_bytes encoded = skr_percent_encode(message->arena, key, "/");
    message->path =
        skr_arena_print(message->arena, "%.*s/%.*s%.*s", SKR_PRINT(upstream->url.base), SKR_PRINT(prefix), SKR_PRINT(encoded));
    if (prefix.data == NULL || encoded.data == NULL || message->path.data == NULL)
        skr_message_problem(message, no_memory);
}

void skr_message_account(struct skr_message *message, const struct skr_upstream *upstream)
{
    message->path = upstream->url.base;
    while (message->path.data[message->path.size - 1] != '/')
        message->path.size--;
}

struct skr_bytes skr_quoted_etag(struct skr_arena *arena, struct skr_bytes etag)
{
    bool is_raw = skr_bytes_starts_with(etag, SKR_BYTES("W/")) || (etag.size > 0 && etag.data[0] == '"');
    return is_raw ? etag : skr_arena_print(arena, "\"%.*s\"", SKR_PRINT(etag));
}

void skr_message_conditions(struct skr_message *message, const struct skr_upstream_conditions *conditions)
{
    if (conditions->if_match.size > 0)
        skr_message_header(message, "if-match", skr_quoted_etag(message->arena, conditions->if_match));
    if (conditions->if_none_match_any)
        skr_message_header(message, "if-none-match", SKR_BYTES("*"));
    else if (conditions->if_none_match.size > 0)
        skr_message_header(message, "if-none-match", skr_quoted_etag(message->arena, conditions->if_none_match));
}

void skr_message_range(struct skr_message *message, const struct skr_upstream_get *get)
{
    struct skr_bytes range;
    if (!get->ranged)
        return;
    if (get->length_bytes == 0)
        skr_message_problem(message, "an empty range");
    if (get->length_bytes > UINT64_MAX - get->offset_bytes)
        range = skr_arena_print(message->arena, "bytes=%llu-", (unsigned long long)get->offset_bytes);
    else
        range = skr_arena_print(message->arena, "bytes=%llu-%llu", (unsigned long long)get->offset_bytes,
                                (unsigned long long)(get->offset_bytes + get->length_bytes - 1));
    skr_message_header(message, "range", range);
}

struct skr_bytes skr_tags_query(struct skr_arena *arena, const struct skr_name_value *tags, size_t count)
{
    struct skr_bytes text = SKR_BYTES("");
    for (size_t i = 0; i < count && text.data != NULL; i++) {
        struct skr_bytes name = skr_percent_encode(arena, tags[i].name, "");
        struct skr_bytes value = skr_percent_encode(arena, tags[i].value, "");
        if (name.data == NULL || value.data == NULL)
            return SKR_NO_BYTES;
        text = skr_arena_print(arena, "%.*s%s%.*s=%.*s", SKR_PRINT(text), i > 0 ? "&" : "", SKR_PRINT(name), SKR_PRINT(value));
    }
    return text;
}

struct skr_bytes skr_message_query_text(const struct skr_message *message)
{
    struct skr_bytes text = SKR_BYTES("");
    for (size_t i = 0; i < message->query_count && text.data != NULL; i++) {
        struct skr_bytes value = skr_percent_encode(message->arena, message->query[i].value, "");
        if (value.data == NULL)
            return SKR_NO_BYTES;
        text = skr_arena_print(message->arena, "%.*s%s%.*s%s%.*s", SKR_PRINT(text), i > 0 ? "&" : "",
                               SKR_PRINT(message->query[i].name), message->query[i].value.data == NULL ? "" : "=",
                               SKR_PRINT(value));
    }
    return text;
}
