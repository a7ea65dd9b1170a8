/* See tags.h. Source: "Amazon S3 User Guide", Categorizing your objects using tags. */
#include "tags.h"

#include "call.h"
#include "objects.h"

#define SKR_S3_MAX_TAG_KEY 128 /* in characters of Unicode */
#define SKR_S3_MAX_TAG_VALUE 256

static size_t skr_s3_characters(struct skr_bytes text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

/* Letters, digits and spaces of any script, and a few signs. U+FFFE and U+FFFF are none, and have no place in a document. */
static bool skr_s3_tag_text(struct skr_bytes text)
{
    if (text.size > 0 && (memmem(text.data, text.size, "\xEF\xBF\xBE", 3) != NULL || memmem(text.data, text.size, "\xEF\xBF\xBF", 3) != NULL))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
        if (!plain && (c == '\0' || strchr(" +-=._:/@", c) == NULL))
            return false;
    }
    return skr_is_utf8(text);
}

static enum skr_s3_tags_problem skr_s3_tags_add(struct skr_s3_tags *tags, struct skr_bytes key, struct skr_bytes value)
{
    if (key.size == 0 || skr_s3_characters(key) > SKR_S3_MAX_TAG_KEY || !skr_s3_tag_text(key))
        return SKR_S3_TAGS_KEY;
    if (skr_s3_characters(value) > SKR_S3_MAX_TAG_VALUE || !skr_s3_tag_text(value))
        return SKR_S3_TAGS_VALUE;
    if (key.size >= 4 && skr_bytes_equal_nocase((struct skr_bytes){key.data, 4}, SKR_BYTES("aws:")))
        return SKR_S3_TAGS_SYSTEM;
    for (size_t i = 0; i < tags->count; i++)
        if (skr_bytes_equal(tags->pairs[i].name, key))
            return SKR_S3_TAGS_DUPLICATE;
    if (tags->count == tags->limit)
        return SKR_S3_TAGS_TOO_MANY;
    tags->pairs[tags->count++] = (struct skr_name_value){key, value};
    return SKR_S3_TAGS_FINE;
}

static bool skr_s3_tags_begin(struct skr_arena *arena, size_t limit, struct skr_s3_tags *out)
{
    *out = (struct skr_s3_tags){.pairs = skr_arena_alloc(arena, limit * sizeof *out->pairs), .limit = limit};
    return out->pairs != NULL;
}

enum skr_s3_tags_problem skr_s3_tags_parse_query(struct skr_arena *arena, struct skr_bytes text, size_t limit, struct skr_s3_tags *out)
{
    if (!skr_s3_tags_begin(arena, limit, out))
        return SKR_S3_TAGS_NO_MEMORY;
    while (text.size > 0) {
        const char *end = memchr(text.data, '&', text.size);
        struct skr_bytes pair = {text.data, end == NULL ? text.size : (size_t)(end - text.data)}, key, value = SKR_BYTES("");
        text.data += pair.size + (end != NULL);
        text.size -= pair.size + (end != NULL);
        if (pair.size == 0)
            continue;
        const char *equals = memchr(pair.data, '=', pair.size);
        key = (struct skr_bytes){pair.data, equals == NULL ? pair.size : (size_t)(equals - pair.data)};
        if (equals != NULL)
            value = (struct skr_bytes){equals + 1, pair.size - key.size - 1};
        if (!skr_percent_decode(arena, key, true, &key) || !skr_percent_decode(arena, value, true, &value))
            return SKR_S3_TAGS_MALFORMED;
        enum skr_s3_tags_problem problem = skr_s3_tags_add(out, key, value);
        if (problem != SKR_S3_TAGS_FINE)
            return problem;
    }
    return SKR_S3_TAGS_FINE;
}

/* ---- documents ---- */

struct skr_s3_tags_parser {
    struct skr_arena *arena;
    struct skr_s3_tags *tags;
    struct skr_bytes key, value; /* of the tag that is being read; data NULL: not yet */
    bool has_set;
    enum skr_s3_tags_problem problem;
};

static bool skr_s3_tag_part(struct skr_s3_tags_parser *parser, struct skr_bytes *part, struct skr_bytes text)
{
    if (part->data != NULL || text.data == NULL)
        return false;
    *part = skr_arena_copy(parser->arena, text);
    return part->data != NULL;
}

static bool skr_s3_tags_visit(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_s3_tags_parser *parser = context;
    if (skr_bytes_equal(path, SKR_BYTES("Tagging")))
        return true;
    if (skr_bytes_equal(path, SKR_BYTES("Tagging/TagSet"))) {
        bool again = !ends && parser->has_set;
        parser->has_set = true;
        return !again;
    }
    if (skr_bytes_equal(path, SKR_BYTES("Tagging/TagSet/Tag/Key")))
        return skr_s3_tag_part(parser, &parser->key, text);
    if (skr_bytes_equal(path, SKR_BYTES("Tagging/TagSet/Tag/Value")))
        return skr_s3_tag_part(parser, &parser->value, text);
    if (!skr_bytes_equal(path, SKR_BYTES("Tagging/TagSet/Tag")))
        return false;
    if (!ends) {
        parser->key = parser->value = SKR_NO_BYTES;
        return true;
    }
    if (parser->key.data == NULL || parser->value.data == NULL)
        return false;
    parser->problem = skr_s3_tags_add(parser->tags, parser->key, parser->value);
    return parser->problem == SKR_S3_TAGS_FINE;
}

enum skr_s3_tags_problem skr_s3_tags_parse_xml(struct skr_arena *arena, struct skr_bytes document, size_t limit, struct skr_s3_tags *out)
{
    struct skr_s3_tags_parser parser = {.arena = arena, .tags = out};
    if (!skr_s3_tags_begin(arena, limit, out))
        return SKR_S3_TAGS_NO_MEMORY;
    if (skr_xml_parse(document, skr_s3_tags_visit, &parser) && parser.has_set)
        return SKR_S3_TAGS_FINE;
    return parser.problem != SKR_S3_TAGS_FINE ? parser.problem : SKR_S3_TAGS_MALFORMED;
}

void skr_s3_tags_render(struct skr_xml *xml, const struct skr_name_value *tags, size_t count)
{
    skr_s3_xml_open(xml, "Tagging");
    skr_xml_begin(xml, "TagSet");
    for (size_t i = 0; i < count; i++) {
        skr_xml_begin(xml, "Tag");
        skr_xml_element(xml, "Key", tags[i].name);
        skr_xml_element(xml, "Value", tags[i].value);
        skr_xml_end(xml, "Tag");
    }
    skr_xml_end(xml, "TagSet");
    skr_xml_end(xml, "Tagging");
}

void skr_s3_tags_fail(struct skr_s3_call *call, enum skr_s3_tags_problem problem, bool in_header, const char *too_many)
{
    static const char *const messages[] = {
        [SKR_S3_TAGS_KEY] = "The TagKey you have provided is invalid",
        [SKR_S3_TAGS_VALUE] = "The TagValue you have provided is invalid",
        [SKR_S3_TAGS_SYSTEM] = "System tags cannot be added/updated by requester",
        [SKR_S3_TAGS_DUPLICATE] = "Cannot provide multiple Tags with the same key",
    };
    bool encoding = problem == SKR_S3_TAGS_MALFORMED || problem == SKR_S3_TAGS_DUPLICATE;
    if (problem == SKR_S3_TAGS_NO_MEMORY)
        skr_s3_fail_status(call, SKR_NO_MEMORY);
    else if (problem == SKR_S3_TAGS_TOO_MANY)
        skr_s3_fail(call, SKR_S3_TOO_MANY_TAGS, too_many, SKR_S3_NO_DETAIL, SKR_S3_NO_DETAIL);
    else if (in_header && encoding)
        skr_s3_fail_argument(call,
                             "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
                             "duplicates.",
                             "x-amz-tagging", skr_s3_header(call, "x-amz-tagging"));
    else if (problem == SKR_S3_TAGS_MALFORMED)
        skr_s3_refuse(call, SKR_S3_MALFORMED_XML);
    else
        skr_s3_fail(call, SKR_S3_INVALID_TAG, messages[problem], SKR_S3_NO_DETAIL, SKR_S3_NO_DETAIL);
}
