/* What the files of a draft share. */
#ifndef SKERRY_CORE_FILES_DRAFT_H
#define SKERRY_CORE_FILES_DRAFT_H

#include <pthread.h>

#include "dead_slots.h"
#include "held.h"

#define SKR_DRAFT_CHUNK SKR_CRC_CHUNK_BYTES
#define SKR_DRAFT_PAGE_CHUNKS 512
#define SKR_NO_SLOT UINT32_MAX
#define SKR_AT_HOME (UINT32_MAX - 1)

/* A chunk that is not as in the base. */
struct skr_draft_chunk {
    uint8_t state;    /* enum skr_draft_state */
    bool is_spilled;  /* it lies in `spill`, not in its own place in `home` */
    uint32_t slot;    /* in its file, counted in chunks */
    uint32_t crc32c;  /* of its first `covered` bytes */
    uint32_t covered; /* 0: its checksum is to be computed from its file */
};
enum skr_draft_state {
    SKR_DRAFT_BASE = 0,   /* what the base has, and zeros where that is too short */
    SKR_DRAFT_HOLE = 1,   /* zeros */
    SKR_DRAFT_OWN = 2,    /* in one of the draft's files, where nothing that was published is */
    SKR_DRAFT_MEMORY = 3, /* the first one only: all of a small file that needs no content file. Zeros behind `memory` */
};
struct skr_draft_page {
    struct skr_draft_chunk chunks[SKR_DRAFT_PAGE_CHUNKS];
};

/* A file of the draft's own, made when it is needed. */
struct skr_draft_file {
    struct skr_scratch *scratch; /* NULL: not made yet */
    uint64_t id;
    bool unsynced;
    bool is_known; /* something of it was published: its file is metadata's to remove */
};

/* Slots: a chunk goes to its own place in `home`, if nothing was ever there; so that a file which is written once is one piece.
 * Else to any free place of `spill`. What was published is never written again. */
struct skr_draft {
    struct skr_core *core;
    pthread_mutex_t lock; /* guards all that follows, and is held over I/O */
    struct skr_held *base;
    uint64_t base_bytes; /* of it; what was cut off does not come back */
    uint64_t size_bytes;
    bool is_dirty, was_published;
    struct skr_draft_page **pages; /* NULL: all chunks of it are BASE */
    size_t page_count;
    struct skr_draft_file home, spill;
    uint64_t *home_taken; /* a bit a slot */
    size_t home_words;
    uint32_t *free_slots; /* of spill; those beyond `spill_slots` are free, too, and fresh */
    size_t free_count, free_capacity;
    uint32_t spill_slots;
    uint32_t *places; /* of the base: by chunk, the slot of `spill` that has it, SKR_AT_HOME or SKR_NO_SLOT */
    size_t place_count;
    struct skr_dead_slots dead;
    bool may_reap;         /* something was published since places of `dead` were looked for last */
    unsigned char *buffer; /* a chunk */
    unsigned char *memory; /* `inline_limit_bytes`; NULL: not needed yet */
};

/* NULL: it is BASE, and nothing is noted of it. */
struct skr_draft_chunk *skr_draft_chunk(struct skr_draft *draft, uint64_t index);
struct skr_draft_chunk *skr_draft_chunk_make(struct skr_draft *draft, uint64_t index); /* NULL: no memory */
/* Was nothing ever written to `home` from this slot on? */
bool skr_draft_home_ends(const struct skr_draft *draft, uint64_t slots);
/* Bytes of the draft that lie in it. */
size_t skr_draft_chunk_bytes(const struct skr_draft *draft, uint64_t index);
struct skr_draft_file *skr_draft_file_of(struct skr_draft *draft, const struct skr_draft_chunk *chunk);
/* Makes it OWN. `whole`: all SKR_DRAFT_CHUNK bytes of it are written next; else it begins as it reads now. `err` is not NULL.
 */
enum skr_status skr_draft_own(struct skr_worker *worker, struct skr_draft *draft, uint64_t index, bool whole,
                              struct skr_error *err);
/* The first chunk is kept in memory from now on, as it reads now: while the draft is small. `err` is not NULL. */
enum skr_status skr_draft_enter_memory(struct skr_worker *worker, struct skr_draft *draft, struct skr_error *err);
/* It gets a slot, if it was there. */
enum skr_status skr_draft_leave_memory(struct skr_worker *worker, struct skr_draft *draft, struct skr_error *err);
/* Of what is in the draft's own files nothing is needed: they begin anew, where nothing was published of them. */
void skr_draft_begin_anew(struct skr_worker *worker, struct skr_draft *draft);
/* With the lock held. */
ssize_t skr_draft_read_locked(struct skr_worker *worker, struct skr_draft *draft, uint64_t offset, void *buffer, size_t size,
                              struct skr_error *err);
/* It is BASE from now on; its slot is free again, as it was never published. */
void skr_draft_drop(struct skr_draft *draft, struct skr_draft_chunk *chunk);
/* The draft was just published: what the base, `old_content_id`, had of its files and is not there any more is dead. Without
 * memory for it, a place stays unused until its file goes. */
void skr_draft_bury(struct skr_draft *draft, uint64_t old_content_id);
void skr_draft_forget_chunks(struct skr_draft *draft); /* all of them are BASE */

#endif
