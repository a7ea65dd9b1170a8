/* Parameters that both listings share. */
#ifndef SKERRY_BLOB_LIST_H
#define SKERRY_BLOB_LIST_H

#include "call.h"
#include "skerry/xml.h"

struct skr_list_parameters {
    struct skr_bytes prefix, delimiter, marker; /* the marker as it came */
    struct skr_bytes from;                      /* what it stands for */
    uint64_t max_results;
    bool has_max_results;
};
/* False: answered with an error. */
bool skr_call_list_parameters(struct skr_call *call, struct skr_list_parameters *out);
/* A marker is opaque: it holds the name at which the listing goes on. */
struct skr_bytes skr_marker_make(struct skr_arena *arena, struct skr_bytes name);
bool skr_marker_parse(struct skr_arena *arena, struct skr_bytes marker, struct skr_bytes *name);
/* The opening of an answer: root element with endpoint and container, and the parameters repeated. */
void skr_list_begin(struct skr_call *call, struct skr_xml *xml, const struct skr_list_parameters *parameters);
void skr_list_send(struct skr_call *call, struct skr_xml *xml);
/* True when `include` holds the word. */
bool skr_includes(const struct skr_call *call, const char *word);
/* False: `include` holds a word that is not among these, and was answered with an error. */
bool skr_call_includes_only(struct skr_call *call, const char *words);

#endif
