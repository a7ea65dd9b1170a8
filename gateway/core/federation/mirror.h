/* Names of upstream's, imported and kept in step: for bindings whose listing is a mirror. One thread for all of them. */
#ifndef SKERRY_CORE_MIRROR_H
#define SKERRY_CORE_MIRROR_H

#include "background.h"
#include "remote_listing.h"

#define SKR_MIRROR_SLICE 500 /* names that one change takes over */

/* One container's. Owned by the thread. */
struct skr_mirror {
    struct skr_mirror *next;
    struct skr_mirrorer *mirrorer;
    struct skr_bound *bound;
    enum { SKR_MIRROR_WAITS, SKR_MIRROR_LISTS, SKR_MIRROR_APPLIES } phase;
    int64_t due_ms, began_ms; /* skr_clock_ms() */
    bool is_wanted;           /* set while the bindings are looked at */
    bool asks_tags;
    bool is_whole; /* what the listing says is all there is to know of an object */
    unsigned failures;
    struct skr_upstream_call call;
    struct skr_arena arena; /* of the page */
    struct skr_remote_entries page;
    size_t taken;            /* so many of the page were taken over */
    struct skr_bytes marker; /* of the next page; empty: the page is the last one */
    char *page_marker;       /* malloc'd: of this page; NULL: the first */
    char *last_key;          /* malloc'd: the names up to this one are in step; NULL: none yet */
    size_t last_key_size;
    uint64_t objects; /* seen in this round */
};

struct skr_mirrorer {
    struct skr_background background; /* first */
    struct skr_mirror *mirrors;       /* the thread's */
};

enum skr_status skr_mirrorer_open(struct skr_mirrorer **out, struct skr_core *core, struct skr_error *err);
/* The bindings changed. Any thread. */
void skr_mirrorer_wake(struct skr_mirrorer *mirrorer);
void skr_mirrorer_close(struct skr_mirrorer *mirrorer); /* NULL-safe */

/* Of the account's document that keeps where its round is (mirror.c). */
void skr_mirror_document_name(const struct skr_mirror *mirror, char *name, size_t size);
/* Takes over the next slice of the page; mirror->taken goes on, and skr_mirror_step() is called, when that is durable
 * (mirror_page.c). */
void skr_mirror_take_over(struct skr_mirror *mirror);
/* Goes on after a slice, or after it failed. */
void skr_mirror_step(struct skr_mirror *mirror, enum skr_status status);

#endif
