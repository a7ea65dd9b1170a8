/* See xml.h. */
#include <libxml/xmlreader.h>
#include <limits.h>

#include "skerry/xml.h"

#define SKR_XML_MAX_DEPTH 8
#define SKR_XML_MAX_PATH 9216 /* names of metadata are names of elements in listings, and up to 8 KiB long */
#define SKR_XML_MAX_TEXT 16384

struct skr_xml_state {
    skr_xml_visit visit;
    void *context;
    char path[SKR_XML_MAX_PATH];
    size_t path_size, ends[SKR_XML_MAX_DEPTH]; /* length of the path before each open element */
    int depth;
    bool has_children, attributes;
    char text[SKR_XML_MAX_TEXT];
    size_t text_size;
};

static bool skr_xml_call(struct skr_xml_state *state, struct skr_bytes text, bool ends)
{
    return state->visit(state->context, (struct skr_bytes){state->path, state->path_size}, text, ends);
}

static bool skr_xml_enter(struct skr_xml_state *state, const char *name)
{
    size_t size = strlen(name);
    if (state->depth > 0 && !state->has_children && !skr_xml_call(state, SKR_NO_BYTES, false))
        return false; /* the element above turns out to have children */
    if (state->depth == SKR_XML_MAX_DEPTH || state->path_size + size + 1 >= SKR_XML_MAX_PATH)
        return false;
    state->ends[state->depth++] = state->path_size;
    if (state->path_size > 0)
        state->path[state->path_size++] = '/';
    memcpy(state->path + state->path_size, name, size);
    state->path_size += size;
    state->has_children = false;
    state->text_size = 0;
    return true;
}

static bool skr_xml_leave(struct skr_xml_state *state)
{
    bool fine = state->has_children ? skr_xml_call(state, SKR_NO_BYTES, true)
                                    : skr_xml_call(state, (struct skr_bytes){state->text, state->text_size}, true);
    state->path_size = state->ends[--state->depth];
    state->has_children = true;
    return fine;
}

/* The path has the attribute's name for as long as the visit takes. */
static bool skr_xml_attributes(struct skr_xml_state *state, xmlTextReaderPtr reader)
{
    bool fine = true;
    while (fine && xmlTextReaderMoveToNextAttribute(reader) == 1) {
        const char *name = (const char *)xmlTextReaderConstLocalName(reader);
        const char *value = (const char *)xmlTextReaderConstValue(reader);
        if (name == NULL)
            return false;
        size_t size = strlen(name), before = state->path_size;
        if (state->path_size + size + 1 >= SKR_XML_MAX_PATH)
            return false;
        state->path[state->path_size++] = '@';
        memcpy(state->path + state->path_size, name, size);
        state->path_size += size;
        fine = skr_xml_call(state, skr_text(value == NULL ? "" : value), true);
        state->path_size = before;
    }
    xmlTextReaderMoveToElement(reader);
    return fine;
}

static bool skr_xml_node(struct skr_xml_state *state, xmlTextReaderPtr reader)
{
    switch (xmlTextReaderNodeType(reader)) {
    case XML_READER_TYPE_ELEMENT: {
        bool empty = xmlTextReaderIsEmptyElement(reader) == 1;
        const xmlChar *name = xmlTextReaderConstLocalName(reader);
        return name != NULL && skr_xml_enter(state, (const char *)name) &&
               (!state->attributes || skr_xml_attributes(state, reader)) && (!empty || skr_xml_leave(state));
    }
    case XML_READER_TYPE_END_ELEMENT:
        return skr_xml_leave(state);
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
    case XML_READER_TYPE_SIGNIFICANT_WHITESPACE: { /* a key may be a space */
        const xmlChar *value = xmlTextReaderConstValue(reader);
        size_t size = value == NULL ? 0 : strlen((const char *)value);
        if (state->text_size + size > SKR_XML_MAX_TEXT)
            return false;
        memcpy(state->text + state->text_size, value, size);
        state->text_size += size;
        return true;
    }
    case XML_READER_TYPE_DOCUMENT_TYPE:
    case XML_READER_TYPE_ENTITY_REFERENCE:
        return false;
    default:
        return true;
    }
}

static void skr_xml_silent(void *context, const char *message, xmlParserSeverities severity, xmlTextReaderLocatorPtr locator)
{
    (void)context, (void)message, (void)severity, (void)locator; /* the caller answers with the protocol's error */
}

static bool skr_xml_read(struct skr_bytes document, skr_xml_visit visit, void *context, bool attributes)
{
    struct skr_xml_state state;
    state.visit = visit;
    state.context = context;
    state.path_size = state.text_size = 0;
    state.depth = 0;
    state.has_children = false;
    state.attributes = attributes;
    if (document.size == 0 || document.size > INT_MAX)
        return false;
    if (document.size >= 3 && memcmp(document.data, "\xEF\xBB\xBF", 3) == 0) {
        document.data += 3;
        document.size -= 3;
    }
    xmlTextReaderPtr reader = xmlReaderForMemory(document.data, (int)document.size, NULL, NULL,
                                                 XML_PARSE_NONET | XML_PARSE_NOWARNING | XML_PARSE_NOERROR);
    if (reader == NULL)
        return false;
    xmlTextReaderSetErrorHandler(reader, skr_xml_silent, NULL);
    int more = xmlTextReaderRead(reader);
    bool fine = more == 1;
    while (fine && more == 1) {
        fine = skr_xml_node(&state, reader);
        if (fine)
            more = xmlTextReaderRead(reader);
    }
    xmlFreeTextReader(reader);
    return fine && more == 0 && state.depth == 0;
}

bool skr_xml_parse(struct skr_bytes document, skr_xml_visit visit, void *context)
{
    return skr_xml_read(document, visit, context, false);
}

bool skr_xml_parse_attributes(struct skr_bytes document, skr_xml_visit visit, void *context)
{
    return skr_xml_read(document, visit, context, true);
}
