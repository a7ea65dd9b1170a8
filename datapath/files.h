/* An open content file, inside the store. */
#ifndef SKERRY_DATAPATH_FILES_H
#define SKERRY_DATAPATH_FILES_H

#include "store_private.h"

/* Guarded by its shard's lock but for what is immutable: store, id, fd. */
struct skr_file {
    struct skr_file *next; /* in its bucket */
    struct skr_file *idle_next, *idle_previous;
    struct skr_store *store;
    uint64_t id;
    int fd;
    unsigned references;
    bool removed; /* unlinked meanwhile: close at the last release */
};

#endif
