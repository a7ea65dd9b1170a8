/* The document of service properties. */
#ifndef SKERRY_BLOB_SERVICE_PROPERTIES_H
#define SKERRY_BLOB_SERVICE_PROPERTIES_H

#include "skerry/xml.h"

/* Sections that are given replace those that are stored. Written anew from what was parsed, so that what is stored is
 * well-formed whatever was sent. False: what is given is no such document, or has a value outside of what it may be
 * (`*bad_value`, may be NULL). The caller closes `out` after true; it may have failed for lack of memory. */
bool skr_properties_merge(struct skr_bytes given, struct skr_bytes stored, struct skr_xml *out, bool *bad_value);

#endif
