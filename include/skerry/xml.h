/* XML out and in. Out: appended to one growing buffer. In: libxml2's reader, without network, entities or DTD, bounded. */
#ifndef SKERRY_XML_H
#define SKERRY_XML_H

#include "skerry/bytes.h"

/* Zero after close. In texts, what XML cannot hold becomes '?'. When memory runs out the text is cut and `failed`. */
struct skr_xml {
    char *data;
    size_t size, capacity;
    bool failed;
};
void skr_xml_open(struct skr_xml *xml); /* with the declaration */
void skr_xml_close(struct skr_xml *xml);
void skr_xml_begin(struct skr_xml *xml, const char *name);
void skr_xml_begin_with(struct skr_xml *xml, const char *name, const char *attribute, struct skr_bytes value);
void skr_xml_end(struct skr_xml *xml, const char *name);
void skr_xml_empty(struct skr_xml *xml, const char *name);
void skr_xml_element(struct skr_xml *xml, const char *name, struct skr_bytes text);
/* For names that must not be taken for others: control characters become references (&#x1;), as S3 answers, though XML 1.0 has
 * none. */
void skr_xml_element_exact(struct skr_xml *xml, const char *name, struct skr_bytes text);
void skr_xml_element_u64(struct skr_xml *xml, const char *name, uint64_t value);
/* A name that XML may not be able to hold: then percent-encoded, with Encoded="true". */
void skr_xml_name(struct skr_xml *xml, const char *name, struct skr_bytes text);
void skr_xml_raw(struct skr_xml *xml, struct skr_bytes text);
static inline struct skr_bytes skr_xml_bytes(const struct skr_xml *xml)
{
    return (struct skr_bytes){xml->data, xml->size};
}

/* Called for the text of each element that has no child elements, and with text NULL data at the beginning and the end of those
 * that have. `path` is the names from the root, joined by '/'. Returns false to stop with a failure. */
typedef bool (*skr_xml_visit)(void *context, struct skr_bytes path, struct skr_bytes text, bool ends);
/* False: not well-formed, too deep, has a DTD, or a visit said no. */
bool skr_xml_parse(struct skr_bytes document, skr_xml_visit visit, void *context);
/* The same; before what an element holds, each of its attributes is visited as "path@name". */
bool skr_xml_parse_attributes(struct skr_bytes document, skr_xml_visit visit, void *context);

#endif
