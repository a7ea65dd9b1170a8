/* Tags of objects as texts: lists in a header ("a=1&b=2"), and the element TagSet in a document. Pure. What is a tag differs a
 * little between protocols: each brings its rules. Implemented in datapath/text/.
 */
#ifndef SKERRY_TAGS_H
#define SKERRY_TAGS_H

#include "skerry/bytes.h"
#include "skerry/xml.h"

#define SKR_TAG_KEY_CHARACTERS 128 /* of Unicode, at most */
#define SKR_TAG_VALUE_CHARACTERS 256

struct skr_tag_rules {
    size_t most;          /* so many tags */
    bool any_script;      /* letters and digits beyond ASCII */
    const char *signs;    /* allowed besides letters and digits */
    const char *reserved; /* keys that begin so, in any case, are not the client's; NULL: none are */
};

enum skr_tags_problem {
    SKR_TAGS_FINE = 0,
    SKR_TAGS_MALFORMED, /* not the form that was expected */
    SKR_TAGS_TOO_MANY,
    SKR_TAGS_KEY_EMPTY,
    SKR_TAGS_KEY_LONG,
    SKR_TAGS_KEY_LETTERS, /* characters that tags do not have */
    SKR_TAGS_KEY_RESERVED,
    SKR_TAGS_KEY_TWICE,
    SKR_TAGS_VALUE_LONG,
    SKR_TAGS_VALUE_LETTERS,
    SKR_TAGS_NO_MEMORY,
};

struct skr_tags {
    struct skr_name_value *pairs; /* in the arena */
    size_t count;
};

/* "a=1&b=2", percent-encoded. */
enum skr_tags_problem skr_tags_parse_query(struct skr_arena *arena, struct skr_bytes text, const struct skr_tag_rules *rules,
                                           struct skr_tags *out);
/* <ROOT><TagSet><Tag><Key/><Value/></Tag>... */
enum skr_tags_problem skr_tags_parse_xml(struct skr_arena *arena, struct skr_bytes document, const char *root,
                                         const struct skr_tag_rules *rules, struct skr_tags *out);
/* <TagSet>...</TagSet> */
void skr_tags_render(struct skr_xml *xml, const struct skr_name_value *tags, size_t count);

#endif
