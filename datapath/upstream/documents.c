/* Documents that both kinds of upstream have in common: errors and tags. */
#include "skerry/tags.h"
#include "skerry/xml.h"
#include "upstream_private.h"

struct skr_code_reading {
    struct skr_arena *arena;
    struct skr_bytes code;
};

static bool skr_visit_error(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_code_reading *reading = context;
    (void)ends;
    bool is_code = skr_bytes_equal(path, SKR_BYTES("Error/Code"));
    for (size_t i = 0; is_code && i < text.size; i++) {
        char c = text.data[i];
        is_code = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    }
    if (is_code && text.size > 0 && text.size <= 64)
        reading->code = skr_arena_copy(reading->arena, text);
    return true;
}

struct skr_bytes skr_error_code(struct skr_arena *arena, const struct skr_answer *answer)
{
    struct skr_code_reading reading = {.arena = arena, .code = SKR_BYTES("")};
    struct skr_bytes header = skr_answer_header(answer, "x-ms-error-code");
    if (header.data != NULL)
        skr_visit_error(&reading, SKR_BYTES("Error/Code"), header, true);
    else if (answer->document_size > 0) /* what was read before the document turned out to be malformed counts, too */
        skr_xml_parse((struct skr_bytes){answer->document, answer->document_size}, skr_visit_error, &reading);
    return reading.code.data == NULL ? SKR_BYTES("") : reading.code;
}

bool skr_tag_document_read(struct skr_arena *arena, struct skr_bytes document, const char *root,
                           struct skr_upstream_object *object)
{
    static const struct skr_tag_rules rules = {
        .most = SKR_MAX_TAGS, .any_script = true, .signs = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"};
    struct skr_tags tags;
    if (skr_tags_parse_xml(arena, document, root, &rules, &tags) != SKR_TAGS_FINE)
        return false;
    object->tags = tags.pairs;
    object->tag_count = tags.count;
    return true;
}

struct skr_bytes skr_tag_document(struct skr_arena *arena, const char *root, const struct skr_name_value *tags, size_t count)
{
    struct skr_xml xml;
    skr_xml_open(&xml);
    skr_xml_begin(&xml, root);
    skr_tags_render(&xml, tags, count);
    skr_xml_end(&xml, root);
    struct skr_bytes document = xml.failed ? SKR_NO_BYTES : skr_arena_copy(arena, skr_xml_bytes(&xml));
    skr_xml_close(&xml);
    return document;
}
