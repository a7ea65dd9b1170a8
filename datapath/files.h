/* An open content file, inside the store. */
#ifndef SKERRY_DATAPATH_FILES_H
#define SKERRY_DATAPATH_FILES_H

#include "store_private.h"

/* Guarded by its shard's lock but for what is immutable: store, id, fd; and what is atomic. */
struct skr_file {
    struct skr_file *next; /* in its bucket */
    struct skr_file *idle_next, *idle_previous;
    struct skr_store *store;
    uint64_t id;
    int fd;
    unsigned references;
    bool removed;                    /* unlinked meanwhile: close at the last release */
    _Atomic bool in_memory;          /* something was read without waiting for the disk: worth a mapping */
    _Atomic bool mapping_tried;      /* once */
    _Atomic(unsigned char *) mapped; /* NULL: it is not, or not yet */
    size_t mapped_bytes;             /* written before `mapped` */
};

#define SKR_MAX_CHUNKS (4u * 1024 * 1024 / SKR_CRC_CHUNK_BYTES + 2)

/* The whole chunks of checksums that a read touches, in bytes of the file. False: it leaves its range, or is too long. */
bool skr_read_span(const struct skr_read *read, uint64_t *begin, uint64_t *end);
bool skr_chunks_match(const unsigned char *bytes, size_t size, const uint32_t *crc32c);

#endif
