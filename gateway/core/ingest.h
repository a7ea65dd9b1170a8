/* Inside of an ingest, for the operations that give its bytes a name. */
#ifndef SKERRY_CORE_INGEST_H
#define SKERRY_CORE_INGEST_H

#include "state.h"

/* Owned by the worker's thread. While a change that took it over is under way, the commit thread reads it. */
struct skr_ingest {
    struct skr_worker *worker;
    uint64_t expected_size, size;
    struct skr_writer *writer;    /* bytes on flash */
    struct skr_upload_file *file; /* where a block's bytes go, given back at the end. May be NULL */
    char *payload;                /* bytes in memory */
    size_t payload_size, payload_capacity;
    struct skr_ingest *next_payload; /* of those that wait to be hashed */
    bool payload_waits;
    bool wants_md5, wants_crc64;
    struct skr_checksummer *checksummer; /* NULL: no further checksum is wanted */
    struct skr_digests digests;
    struct skr_digests expected; /* compared once the bytes are on flash: their MD5 is known then only */
    struct skr_error failure;
    void (*ready)(void *context);
    void *context;
    skr_done done;
    void *done_context;
};

/* The MD5 of the payload, which skr_payload_hash_later() was asked for: `done` is called. */
void skr_ingest_hashed(struct skr_ingest *ingest, const uint8_t md5[SKR_MD5_SIZE]);
enum skr_status skr_ingest_to_flash(struct skr_ingest *ingest, struct skr_error *err);
/* The change that took the bytes over has this outcome: keeps or discards them, and frees the rest. */
void skr_ingest_settle(struct skr_ingest *ingest, enum skr_status outcome);

/* In a change: tells metadata about the file and checksums of bytes on flash. The creator's reference to the file is the
 * caller's to release, when `*created`. */
enum skr_status skr_ingest_register(struct skr_view *view, const struct skr_ingest *ingest, struct skr_extent *extent,
                                    bool *created, struct skr_error *err);
/* In a change: the content that the bytes become. */
enum skr_status skr_ingest_to_content(struct skr_view *view, const struct skr_ingest *ingest, uint64_t content_id,
                                      struct skr_content *out, struct skr_error *err);

#endif
