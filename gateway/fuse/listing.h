/* What an open directory lists: names in the order of their coming, which keep their places while others come and go. */
#ifndef SKERRY_FUSE_LISTING_H
#define SKERRY_FUSE_LISTING_H

#include "mount_state.h"

#define SKR_LISTING_PAGE 1000

struct skr_listed {
    const char *name; /* NULL: it turned out not to be shown */
    uint32_t name_size;
    enum skr_file_kind kind;
    uint64_t object_id;
};

/* One open directory. Used by one request at a time. */
struct skr_listing {
    struct skr_lent lent; /* first */
    pthread_mutex_t lock;
    struct skr_node *node;
    struct skr_arena names;
    struct skr_listed *entries;
    size_t count, capacity;
    struct skr_facts *page; /* of the entries from `page_start` on */
    size_t page_start;
    struct skr_bytes prefix;          /* of its keys, in `names` */
    char from[SKR_MAX_KEY_BYTES + 2]; /* where the rest begins */
    size_t from_size;
    bool at_end;
    uint64_t hidden; /* names that no path can say */
};

struct skr_listing *skr_listing_open(struct skr_node *node); /* NULL: no memory */
void skr_listing_close(struct skr_listing *listing);
void skr_listing_rewind(struct skr_listing *listing);
/* Entry `index`, after more was asked for where it has to be. `*out` NULL: there is none any more. An errno. */
int skr_listing_entry(struct skr_errand *errand, struct skr_listing *listing, size_t index, const struct skr_listed **out);
/* What the listing said of it; false: not kept. */
bool skr_listing_facts(const struct skr_listing *listing, size_t index, struct skr_facts *facts);

#endif
