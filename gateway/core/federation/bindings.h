/* The bindings as they are in force: for each bound container a client of its upstream, shared by all threads. */
#ifndef SKERRY_CORE_BINDINGS_H
#define SKERRY_CORE_BINDINGS_H

#include <pthread.h>
#include <stdatomic.h>

#include "skerry/core.h"
#include "skerry/meta.h"
#include "skerry/token.h"
#include "skerry/upstream.h"

/* One container of ours and what is behind it. Immutable but for its numbers; counted by reference. */
struct skr_bound {
    _Atomic unsigned references;
    struct skr_bound *next; /* guarded by the bindings' lock */
    char *account, *container;
    struct skr_binding binding; /* its texts without the secrets, in `memory` */
    struct skr_arena memory;
    struct skr_upstream *upstream;              /* NULL for SKR_ALL_CONTAINERS: each container gets one of its own */
    struct skr_upstream *all;                   /* of SKR_ALL_CONTAINERS only: for the list of upstream's containers */
    struct skr_upstream *quick;                 /* the same, but given up soon when it stalls: for what somebody waits for */
    struct skr_upstream_token_provider *tokens; /* may be NULL */
    bool is_derived;                            /* of SKR_ALL_CONTAINERS, for one container */
    struct skr_bound *whole;                    /* then that binding, with a reference. They are away together */
    struct skr_bindings *bindings;              /* NULL: a trial */
    _Atomic bool is_away;                       /* it does not answer at all: nobody waits for it, but the prober */
    _Atomic uint64_t mirror_rounds, mirrored_objects; /* MIRROR: rounds that ended; names of the round under way, or the last */
    _Atomic uint64_t fetched_bytes, fetches, failures, refreshes, stale_answers;
    _Atomic int last_failure; /* enum skr_upstream_outcome */
    _Atomic int64_t last_failure_ns;
    _Atomic bool is_ill;
    _Atomic unsigned deletions;   /* of the container itself that are under way: nothing is written to it meanwhile */
    _Atomic int64_t listed_ms;    /* skr_clock_ms() when upstream's containers were last known; 0: not since the start */
    _Atomic uint32_t lane;        /* in the account of space, from 1; 0: none yet */
    _Atomic int64_t ill_until_ms; /* skr_clock_ms(): until then nobody waits for it who has something to serve */
};

struct skr_bindings {
    unsigned connect_timeout_ms; /* set before anything is loaded. 0: 2000 */
    struct skr_prober *prober;   /* NULL at the beginning and at the end: then nobody is away. Set while no other thread is */
    _Atomic size_t count;        /* 0: nothing is bound, and nobody needs the lock */
    _Atomic size_t deletions;    /* of containers that are under way: 0 as a rule, and then nobody looks for them */
    pthread_rwlock_t lock;       /* guards what follows */
    struct skr_bound *first;
};

void skr_bindings_open(struct skr_bindings *bindings);
/* Takes over what metadata says: at the start, and after each change. */
enum skr_status skr_bindings_load(struct skr_bindings *bindings, struct skr_view *view, struct skr_error *err);
void skr_bindings_close(struct skr_bindings *bindings);

/* The binding of a container, with a reference. NULL: it has none. Opens no view of `reader` but for the first request to a
 * container of SKR_ALL_CONTAINERS: none may be open. */
struct skr_bound *skr_bound_find(struct skr_bindings *bindings, struct skr_meta_reader *reader, struct skr_bytes account,
                                 struct skr_bytes container);
/* That of all containers of an account, with a reference. NULL: there is none. */
struct skr_bound *skr_bound_find_all(struct skr_bindings *bindings, struct skr_bytes account);
/* A deletion of the container begins or ends, there and upstream. */
void skr_bound_begin_deletion(struct skr_bindings *bindings, struct skr_bound *bound);
void skr_bound_end_deletion(struct skr_bindings *bindings, struct skr_bound *bound);
bool skr_is_being_deleted(struct skr_bindings *bindings, struct skr_bytes account, struct skr_bytes container);
/* Which one a content came through: by the binding's id and the container's name. NULL: it was detached. */
struct skr_bound *skr_bound_of_origin(struct skr_bindings *bindings, const struct skr_origin *origin);
/* Is a binding of this id in force? Then whose it is, and the limit of each of its containers. */
bool skr_bindings_have(struct skr_bindings *bindings, uint64_t id, char *account, size_t size, uint64_t *capacity_bytes);
struct skr_bound *skr_bound_ref(struct skr_bound *bound);
void skr_bound_release(struct skr_bound *bound); /* NULL-safe */

/* Does its upstream not answer at all? Who has something to serve serves it, and who has nothing refuses at once. */
bool skr_bound_is_away(const struct skr_bound *bound);
/* Itself, or the binding of all containers that it came from. */
struct skr_bound *skr_bound_whole(struct skr_bound *bound);
/* Those in force that are away and can be asked; of several out of one binding of all, each. Under the lock: `visit` asks for
 * nothing here but references, and returns false to stop. */
void skr_bindings_visit_away(struct skr_bindings *bindings, bool (*visit)(void *context, struct skr_bound *bound),
                             void *context);
/* Is it in force? */
bool skr_bindings_hold(struct skr_bindings *bindings, const struct skr_bound *bound);

/* Counts how a call ended. */
void skr_bound_note(struct skr_bound *bound, const struct skr_upstream_result *result);

/* Opens what is behind one, as a binding asks for; `container` is added to the URL when it is not empty. */
enum skr_status skr_bound_open_upstream(struct skr_bound *bound, const struct skr_bindings *bindings,
                                        const struct skr_binding *binding, struct skr_bytes container, struct skr_error *err);
void skr_bound_close_upstream(struct skr_bound *bound);

#endif
