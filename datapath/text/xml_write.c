/* See xml.h. */
#include "skerry/xml.h"

#include <stdio.h>
#include <stdlib.h>

#include "skerry/encoding.h"

void skr_xml_raw(struct skr_xml *xml, struct skr_bytes text)
{
    if (xml->size + text.size > xml->capacity && !xml->failed) {
        size_t capacity = (xml->size + text.size) * 2 + 512;
        char *grown = realloc(xml->data, capacity);
        xml->failed = grown == NULL;
        if (grown != NULL) {
            xml->data = grown;
            xml->capacity = capacity;
        }
    }
    if (xml->failed || text.size == 0)
        return;
    memcpy(xml->data + xml->size, text.data, text.size);
    xml->size += text.size;
}

static void skr_xml_literal(struct skr_xml *xml, const char *text)
{
    skr_xml_raw(xml, skr_text(text));
}

void skr_xml_open(struct skr_xml *xml)
{
    *xml = (struct skr_xml){.data = NULL};
    skr_xml_literal(xml, "<?xml version=\"1.0\" encoding=\"utf-8\"?>");
}

void skr_xml_close(struct skr_xml *xml)
{
    free(xml->data);
    *xml = (struct skr_xml){.data = NULL};
}

/* Bytes of the character that `text` begins with; 0: XML cannot hold it, or it is none. */
static size_t skr_xml_character(struct skr_bytes text)
{
    unsigned char c = (unsigned char)text.data[0];
    if (c < 0x80)
        return c >= 0x20 || c == '\t' || c == '\n' || c == '\r' ? 1 : 0;
    size_t size = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (size > text.size || !skr_is_utf8((struct skr_bytes){text.data, size}))
        return 0;
    bool is_none = c == 0xEF && (unsigned char)text.data[1] == 0xBF && (unsigned char)text.data[2] >= 0xBE; /* U+FFFE, U+FFFF */
    return is_none ? 0 : size;
}

/* What XML cannot hold becomes '?': one odd value, sent by anybody, may not make a whole answer unreadable. `exact`: control
 * characters become references instead, which are no XML 1.0 either, but leave no doubt. */
static void skr_xml_escaped(struct skr_xml *xml, struct skr_bytes text, bool exact)
{
    char reference[8];
    size_t from = 0;
    if (text.size == 0)
        return; /* there may be no text to point into */
    for (size_t i = 0, size; i < text.size; i += size) {
        const char *entity = NULL;
        size = skr_xml_character((struct skr_bytes){text.data + i, text.size - i});
        switch (text.data[i]) {
        case '&':
            entity = "&amp;";
            break;
        case '<':
            entity = "&lt;";
            break;
        case '>':
            entity = "&gt;";
            break;
        case '"':
            entity = "&quot;";
            break;
        case '\r':
            entity = "&#xD;";
            break;
        default:
            entity = size == 0 ? "?" : NULL;
        }
        if (size == 0 && exact && (unsigned char)text.data[i] < 0x20) {
            snprintf(reference, sizeof reference, "&#x%X;", (unsigned)text.data[i]);
            entity = reference;
        }
        size += size == 0;
        if (entity == NULL)
            continue;
        skr_xml_raw(xml, (struct skr_bytes){text.data + from, i - from});
        skr_xml_literal(xml, entity);
        from = i + size;
    }
    skr_xml_raw(xml, (struct skr_bytes){text.data + from, text.size - from});
}

void skr_xml_begin(struct skr_xml *xml, const char *name)
{
    skr_xml_raw(xml, SKR_BYTES("<"));
    skr_xml_literal(xml, name);
    skr_xml_raw(xml, SKR_BYTES(">"));
}

void skr_xml_begin_with(struct skr_xml *xml, const char *name, const char *attribute, struct skr_bytes value)
{
    skr_xml_raw(xml, SKR_BYTES("<"));
    skr_xml_literal(xml, name);
    skr_xml_raw(xml, SKR_BYTES(" "));
    skr_xml_literal(xml, attribute);
    skr_xml_raw(xml, SKR_BYTES("=\""));
    skr_xml_escaped(xml, value, false);
    skr_xml_raw(xml, SKR_BYTES("\">"));
}

void skr_xml_end(struct skr_xml *xml, const char *name)
{
    skr_xml_raw(xml, SKR_BYTES("</"));
    skr_xml_literal(xml, name);
    skr_xml_raw(xml, SKR_BYTES(">"));
}

void skr_xml_empty(struct skr_xml *xml, const char *name)
{
    skr_xml_raw(xml, SKR_BYTES("<"));
    skr_xml_literal(xml, name);
    skr_xml_raw(xml, SKR_BYTES(" />"));
}

void skr_xml_element(struct skr_xml *xml, const char *name, struct skr_bytes text)
{
    skr_xml_begin(xml, name);
    skr_xml_escaped(xml, text, false);
    skr_xml_end(xml, name);
}

void skr_xml_element_exact(struct skr_xml *xml, const char *name, struct skr_bytes text)
{
    skr_xml_begin(xml, name);
    skr_xml_escaped(xml, text, true);
    skr_xml_end(xml, name);
}

void skr_xml_element_u64(struct skr_xml *xml, const char *name, uint64_t value)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    skr_xml_element(xml, name, (struct skr_bytes){text, (size_t)size});
}

/* Control characters, and U+FFFE and U+FFFF, have no place in XML 1.0. */
static bool skr_xml_can_hold(struct skr_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
            return false;
        if (c == 0xEF && i + 2 < text.size && (unsigned char)text.data[i + 1] == 0xBF &&
            (unsigned char)text.data[i + 2] >= 0xBE)
            return false;
    }
    return true;
}

void skr_xml_name(struct skr_xml *xml, const char *name, struct skr_bytes text)
{
    static const char digits[] = "0123456789ABCDEF";
    if (skr_xml_can_hold(text)) {
        skr_xml_element(xml, name, text);
        return;
    }
    skr_xml_begin_with(xml, name, "Encoded", SKR_BYTES("true"));
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     (c != '\0' && strchr("-_.~/", c) != NULL);
        skr_xml_raw(xml, plain ? (struct skr_bytes){text.data + i, 1} : (struct skr_bytes){escape, 3});
    }
    skr_xml_end(xml, name);
}
