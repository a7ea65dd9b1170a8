/* A page of a listing while it is read. */
#ifndef SKERRY_UPSTREAM_LISTING_H
#define SKERRY_UPSTREAM_LISTING_H

#include "upstream_private.h"

#define SKR_LISTING_MOST_ENTRIES 10000

struct skr_listing {
    struct skr_arena *arena;
    struct skr_bytes prefix; /* of the upstream, goes off each key */
    struct skr_reading *out;
    size_t capacity;
    struct skr_upstream_object *entry; /* the one that is being read; NULL: none */
    size_t metadata_capacity;
    struct skr_bytes tag_key;
    bool encoded;   /* the name that follows is percent-encoded */
    bool skip;      /* the entry is none: a directory */
    bool truncated; /* S3 */
};

/* Each returns false when memory is short, there are too many, or a value is malformed. */
bool skr_listing_begin(struct skr_listing *listing, bool is_prefix);
bool skr_listing_end(struct skr_listing *listing); /* an entry without a key is malformed */
bool skr_listing_key(struct skr_listing *listing, struct skr_bytes text, bool encoded);
bool skr_listing_text(struct skr_listing *listing, struct skr_bytes text, struct skr_bytes *out);
bool skr_listing_time(struct skr_bytes text, bool iso, int64_t *out_ns);
bool skr_listing_pair(struct skr_listing *listing, const struct skr_name_value **list, size_t *count, struct skr_bytes name,
                      struct skr_bytes value);
/* Byte order of keys. */
void skr_listing_sort(struct skr_reading *out);

/* The rest of `path` behind `above`, or SKR_NO_BYTES. */
struct skr_bytes skr_listing_below(struct skr_bytes path, const char *above);

#endif
