/* Places in a draft's files that no content has any more, or soon: when they may be written again, or given back to the disk.
 *
 * What was published may be read by whoever opened it then, and other contents may have been made of parts of it by reference.
 * So a place is free when the last content of the draft's own that had it is gone, and nobody but contents of the draft's own
 * refers to the file: nobody can come to refer to the place again.
 */
#ifndef SKERRY_CORE_FILES_DEAD_SLOTS_H
#define SKERRY_CORE_FILES_DEAD_SLOTS_H

#include <pthread.h>

#include "skerry/io.h"
#include "skerry/meta.h"
#include "skerry/store.h"

enum { SKR_HOME, SKR_SPILL, SKR_DRAFT_FILES }; /* which of a draft's files */

/* A content that a draft was published as, and which is not known to be gone. */
struct skr_published {
    uint64_t content_id;
    bool has[SKR_DRAFT_FILES]; /* does it refer to the file? */
};
struct skr_dead_slot {
    uint64_t content_id; /* the last content that has it */
    uint32_t slot;
    uint8_t file;
};
struct skr_dead_slots {
    uint64_t file_ids[SKR_DRAFT_FILES]; /* 0: there is no such file */
    struct skr_published *published;
    size_t published_count, published_capacity;
    struct skr_dead_slot *slots; /* in the order of their death */
    size_t count, capacity;
};

/* Both: false where there is no memory; the place then stays unused. */
bool skr_dead_slots_publish(struct skr_dead_slots *dead, const struct skr_published *published);
bool skr_dead_slots_add(struct skr_dead_slots *dead, const struct skr_dead_slot *slot);
/* Tells those that are free, and forgets them. `freed` returns false to keep one. */
void skr_dead_slots_reap(struct skr_dead_slots *dead, struct skr_meta_reader *reader,
                         bool (*freed)(void *context, const struct skr_dead_slot *slot), void *context);
void skr_dead_slots_free(struct skr_dead_slots *dead);

/* What drafts that were closed left behind: the collector gives it back, a round at a time. What is left when the server ends
 * comes back with the files. */
struct skr_left_slots {
    pthread_mutex_t lock; /* guards what follows */
    struct skr_left *first;
};
void skr_left_slots_open(struct skr_left_slots *left);
void skr_left_slots_close(struct skr_left_slots *left);
/* Takes over what `dead` has, which is empty then. Any thread. */
void skr_left_slots_add(struct skr_left_slots *left, struct skr_dead_slots *dead);
/* A later draft was published as this content: where it refers to files that something was left in, but to none of the
 * places that were left, it counts as their own. Any thread. */
void skr_left_slots_note(struct skr_left_slots *left, uint64_t content_id, const struct skr_extent *extents, size_t count);
/* On the collector's thread. */
void skr_left_slots_collect(struct skr_left_slots *left, struct skr_store *store, struct skr_io *io,
                            struct skr_meta_reader *reader);

#endif
