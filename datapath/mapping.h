/* Mappings of content files, inside the store. */
#ifndef SKERRY_DATAPATH_MAPPING_H
#define SKERRY_DATAPATH_MAPPING_H

#include "store_private.h"

struct skr_file;

void skr_mapping_open(struct skr_mappings *mappings);
/* Of a file that nobody holds. */
void skr_mapping_unmap(struct skr_store *store, struct skr_file *file);

#endif
