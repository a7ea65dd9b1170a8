/* Asking upstream how an object is, and taking its answer over: once, however many want to know. */
#ifndef SKERRY_CORE_REFRESH_H
#define SKERRY_CORE_REFRESH_H

#include "flights.h"

#define SKR_REFRESH_BUCKETS 256
#define SKR_ILL_MS 5000 /* how long upstream is left alone by those who can do without, once it did not answer */

/* Owned by its worker's thread, but for what the list's lock guards. */
struct skr_refresh {
    struct skr_refresh *next;         /* guarded by the list's lock, as the next five */
    struct skr_waiter *waiters;       /* for its end */
    struct skr_waiter *offer_waiters; /* for `found` with the bytes on their way, or for its end */
    int64_t offered_ms;               /* skr_clock_ms(); 0: it was not yet */
    bool is_done;
    unsigned references;
    enum skr_status status; /* written before it is done. SKR_OK: what metadata says is as good as can be known */
    uint64_t name;          /* skr_known_name() */
    struct skr_bound *bound;
    struct skr_worker *worker;
    struct skr_arena arena;
    struct skr_bytes key;
    struct skr_bytes etag; /* upstream's, as metadata has it; empty: metadata has nothing */
    bool has_object, is_confirmed;
    uint64_t content_id; /* of the content, if there is to be a new one */
    struct skr_upstream_call call;
    struct skr_flight *flight;         /* that the question came with */
    struct skr_upstream_object *found; /* deep copy in the arena; NULL: upstream has none. Immutable once it is offered */
    _Alignas(16) char memory[2048];
};

struct skr_refreshes {
    pthread_mutex_t lock; /* guards what follows */
    struct skr_refresh *buckets[SKR_REFRESH_BUCKETS];
};

void skr_refreshes_open(struct skr_refreshes *refreshes);
void skr_refreshes_close(struct skr_refreshes *refreshes);

/* What metadata says, as the question needs it. */
struct skr_refresh_question {
    struct skr_bound *bound;
    uint64_t name;
    struct skr_bytes key;
    struct skr_bytes etag; /* upstream's; empty: metadata has nothing of upstream's there */
    bool has_object;
    bool with_bytes; /* the chunk at `offset` will be read: where the object is unknown, it is asked for at once */
    uint64_t offset;
    bool takes_offer; /* the waiter is woken as soon as upstream's answer is in memory and its bytes come, or when it is done */
};
/* Joins the question that is under way, or asks; `waiter` is woken when it is answered. A reference is the caller's. NULL: no
 * memory. `*is_late`: the answer came, and was read, longer ago than the binding believes it: it is to be asked for again once
 * this question is done, which is what the waiter is woken for. */
struct skr_refresh *skr_refresh_join(struct skr_worker *worker, const struct skr_refresh_question *question,
                                     struct skr_waiter *waiter, bool *is_late);
/* Where the content that comes with the answer is from; its texts live as long as the reference. */
struct skr_origin skr_refresh_origin(const struct skr_refresh *refresh);
void skr_refresh_leave(struct skr_refresh *refresh); /* NULL-safe */
/* Is what upstream says, in `found`, not in metadata: not yet, or not ever, for lack of room? */
bool skr_refresh_offers(struct skr_refresh *refresh);
/* `waiter` is woken when it is done. */
void skr_refresh_await(struct skr_refresh *refresh, struct skr_waiter *waiter);

#endif
