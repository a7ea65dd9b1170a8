/* Mappings of content files, inside the store. */
#ifndef SKERRY_DATAPATH_LENDING_H
#define SKERRY_DATAPATH_LENDING_H

#include "store_private.h"

struct skr_file;

void skr_lending_open(struct skr_lending *lending);
/* Of a file that nobody holds. */
void skr_lending_unmap(struct skr_store *store, struct skr_file *file);

#endif
