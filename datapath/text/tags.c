/* See skerry/tags.h. */
#include "skerry/tags.h"

#include "skerry/encoding.h"

struct skr_tags_parser {
    struct skr_arena *arena;
    const struct skr_tag_rules *rules;
    struct skr_tags *tags;
    struct skr_bytes root;
    struct skr_bytes key, value; /* of the tag that is being read; data NULL: not yet */
    bool has_set;
    enum skr_tags_problem problem;
};

static size_t skr_tag_characters(struct skr_bytes text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

/* U+FFFE and U+FFFF are no letters, and have no place in a document. */
static bool skr_tag_letters(const struct skr_tag_rules *rules, struct skr_bytes text)
{
    if (text.size > 0 &&
        (memmem(text.data, text.size, "\xEF\xBF\xBE", 3) != NULL || memmem(text.data, text.size, "\xEF\xBF\xBF", 3) != NULL))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c >= 0x80 && rules->any_script);
        if (!plain && (c == '\0' || strchr(rules->signs, c) == NULL))
            return false;
    }
    return skr_is_utf8(text);
}

static bool skr_tag_reserved(const struct skr_tag_rules *rules, struct skr_bytes key)
{
    struct skr_bytes reserved = rules->reserved == NULL ? SKR_NO_BYTES : skr_text(rules->reserved);
    return reserved.size > 0 && skr_bytes_starts_with_nocase(key, reserved);
}

static enum skr_tags_problem skr_tags_add(const struct skr_tag_rules *rules, struct skr_tags *tags, struct skr_bytes key,
                                          struct skr_bytes value)
{
    if (key.size == 0)
        return SKR_TAGS_KEY_EMPTY;
    if (skr_tag_characters(key) > SKR_TAG_KEY_CHARACTERS)
        return SKR_TAGS_KEY_LONG;
    if (!skr_tag_letters(rules, key))
        return SKR_TAGS_KEY_LETTERS;
    if (skr_tag_characters(value) > SKR_TAG_VALUE_CHARACTERS)
        return SKR_TAGS_VALUE_LONG;
    if (!skr_tag_letters(rules, value))
        return SKR_TAGS_VALUE_LETTERS;
    if (skr_tag_reserved(rules, key))
        return SKR_TAGS_KEY_RESERVED;
    for (size_t i = 0; i < tags->count; i++)
        if (skr_bytes_equal(tags->pairs[i].name, key))
            return SKR_TAGS_KEY_TWICE;
    if (tags->count == rules->most)
        return SKR_TAGS_TOO_MANY;
    tags->pairs[tags->count++] = (struct skr_name_value){key, value};
    return SKR_TAGS_FINE;
}

static bool skr_tags_begin(struct skr_arena *arena, const struct skr_tag_rules *rules, struct skr_tags *out)
{
    *out = (struct skr_tags){.pairs = skr_arena_alloc(arena, rules->most * sizeof *out->pairs)};
    return out->pairs != NULL;
}

enum skr_tags_problem skr_tags_parse_query(struct skr_arena *arena, struct skr_bytes text, const struct skr_tag_rules *rules,
                                           struct skr_tags *out)
{
    if (!skr_tags_begin(arena, rules, out))
        return SKR_TAGS_NO_MEMORY;
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
            return SKR_TAGS_MALFORMED;
        enum skr_tags_problem problem = skr_tags_add(rules, out, key, value);
        if (problem != SKR_TAGS_FINE)
            return problem;
    }
    return SKR_TAGS_FINE;
}

/* ---- documents ---- */

static bool skr_tag_part(struct skr_tags_parser *parser, struct skr_bytes *part, struct skr_bytes text)
{
    if (part->data != NULL || text.data == NULL)
        return false;
    *part = skr_arena_copy(parser->arena, text);
    return part->data != NULL;
}

static bool skr_visit_tags(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_tags_parser *parser = context;
    if (!skr_bytes_starts_with(path, parser->root))
        return false;
    path = (struct skr_bytes){path.data + parser->root.size, path.size - parser->root.size};
    if (path.size == 0)
        return true;
    if (skr_bytes_equal(path, SKR_BYTES("/TagSet"))) {
        bool begins = text.data != NULL || !ends, again = begins && parser->has_set;
        parser->has_set = true;
        return !again;
    }
    if (skr_bytes_equal(path, SKR_BYTES("/TagSet/Tag/Key")))
        return skr_tag_part(parser, &parser->key, text);
    if (skr_bytes_equal(path, SKR_BYTES("/TagSet/Tag/Value")))
        return skr_tag_part(parser, &parser->value, text);
    if (!skr_bytes_equal(path, SKR_BYTES("/TagSet/Tag")) || text.data != NULL)
        return false;
    if (!ends) {
        parser->key = parser->value = SKR_NO_BYTES;
        return true;
    }
    if (parser->key.data == NULL || parser->value.data == NULL)
        return false;
    parser->problem = skr_tags_add(parser->rules, parser->tags, parser->key, parser->value);
    return parser->problem == SKR_TAGS_FINE;
}

enum skr_tags_problem skr_tags_parse_xml(struct skr_arena *arena, struct skr_bytes document, const char *root,
                                         const struct skr_tag_rules *rules, struct skr_tags *out)
{
    struct skr_tags_parser parser = {.arena = arena, .rules = rules, .tags = out, .root = skr_text(root)};
    if (!skr_tags_begin(arena, rules, out))
        return SKR_TAGS_NO_MEMORY;
    if (skr_xml_parse(document, skr_visit_tags, &parser) && parser.has_set)
        return SKR_TAGS_FINE;
    return parser.problem != SKR_TAGS_FINE ? parser.problem : SKR_TAGS_MALFORMED;
}

void skr_tags_render(struct skr_xml *xml, const struct skr_name_value *tags, size_t count)
{
    skr_xml_begin(xml, "TagSet");
    for (size_t i = 0; i < count; i++) {
        skr_xml_begin(xml, "Tag");
        skr_xml_element(xml, "Key", tags[i].name);
        skr_xml_element(xml, "Value", tags[i].value);
        skr_xml_end(xml, "Tag");
    }
    skr_xml_end(xml, "TagSet");
}
