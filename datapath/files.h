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

/* The end of the checksums' chunk that holds the last byte before `wanted_end`, in a written range that ends at `end_bytes`. */
static inline uint64_t skr_chunk_end(uint64_t wanted_end, uint64_t end_bytes)
{
    uint64_t end = (wanted_end + SKR_CRC_CHUNK_BYTES - 1) / SKR_CRC_CHUNK_BYTES * SKR_CRC_CHUNK_BYTES;
    return end < end_bytes ? end : end_bytes;
}
bool skr_chunks_match(const unsigned char *bytes, size_t size, const uint32_t *crc32c);

#endif
