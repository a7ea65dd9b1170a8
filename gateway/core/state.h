/* What the files of core share: the core itself, a thread's worker, and one asynchronous change. */
#ifndef SKERRY_CORE_STATE_H
#define SKERRY_CORE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "federation/awaiting.h"
#include "federation/bindings.h"
#include "files/dead_slots.h"
#include "files/watch.h"
#include "payloads.h"
#include "pins.h"
#include "skerry/core.h"
#include "skerry/meta.h"
#include "skerry/store.h"
#include "slots.h"

struct skr_collector;
struct skr_mirrorer;
struct skr_accesses;
struct skr_space;
struct skr_prefetcher;
struct skr_prober;
struct skr_uploader;
struct skr_straightener;

/* Shared by all threads; immutable after opening but for its parts, which guard themselves. */
struct skr_core {
    struct skr_core_options options;
    char *directory;
    struct skr_meta *meta;
    struct skr_store *store;
    struct skr_pins pins;                  /* contents that are being read */
    struct skr_upload_slots uploads;       /* files that blocks of open uploads go to */
    struct skr_left_slots left_slots;      /* room in files that were written through a mount, to be given back */
    struct skr_straightener *straightener; /* copies what mounts read into one piece */
    struct skr_bindings bindings;          /* containers in front of upstreams */
    struct skr_mirrorer *mirrorer;
    struct skr_federation *federation; /* what is known of upstreams, and under way from them */
    struct skr_space *space;           /* how much of upstreams' bytes is here, and what of it goes */
    struct skr_prefetcher *prefetcher; /* what an operator wants here before it is read */
    struct skr_prober *prober;         /* asks upstreams that are away whether they still are */
    struct skr_watching watching;      /* who is told of names that change */
    struct skr_collector *collector;
    struct skr_uploader *uploader;   /* brings changes of bound containers upstream */
    _Atomic bool out_of_space;       /* the last change that needed room did not find any */
    _Atomic int64_t meta_room_bytes; /* see room.h */
    _Atomic uint64_t garbage_collected;
    _Atomic int64_t dirty_oldest_ns; /* of what upstreams lack, as the uploader saw it last */
};

/* Owned by one thread. */
struct skr_worker {
    struct skr_core *core;
    struct skr_io *io;
    struct skr_executor *executor;
    struct skr_meta_reader *reader;
    struct skr_payloads payloads;
    struct skr_upstream_client *upstreams; /* NULL until something is fetched */
    struct skr_accesses *accesses;         /* what was read of upstreams' bytes */
    struct skr_watcher *watcher;           /* who knows of this worker's changes. NULL: nobody */
    size_t under_way;                      /* pendings, ingests and readers that are not finished */
};

/* One asynchronous change. Lives from the call until its completion ran on the worker's thread. Between submission and
 * completion the commit thread owns all but `done`, which only the worker's thread touches. */
struct skr_pending {
    struct skr_change change; /* first: the commit thread hands back a pointer to it */
    struct skr_worker *worker;
    struct skr_arena arena;
    skr_done done; /* NULL: detached */
    void *context;
    /* Runs on the worker's thread with the outcome before `done`: settles what the change took over. May be NULL. */
    void (*settle)(struct skr_pending *pending);
    /* Objects of bound containers that must be known before the change is submitted; pointers into the operation itself. */
    const struct skr_object_name *looks[2];
    size_t look_count;
    const struct skr_object_name *written; /* of these the one that is changed; NULL: it is not looked at */
    struct skr_preparation *preparation;
    const struct skr_copy_source *fetches; /* whose bytes must be here, not upstream's; NULL: nothing */
    struct skr_fetching *fetching;
    /* Called once what must be known is known, and what must be here is, in place of the submission that it then makes. */
    void (*go)(struct skr_pending *pending);
    bool again; /* set by `settle`: it goes on in that way once more instead of being over */
    bool has_object, has_container, has_block;
    struct skr_object object;
    struct skr_block block;
    uint64_t upload_id, job_id;
    struct skr_container container;
    struct skr_awaited awaited;
    const struct skr_flush_numbers *flush; /* in the operation itself; NULL: it is none */
    _Alignas(16) char memory[1536];
};

/* `size` is that of the operation's own struct, which begins with struct skr_pending. NULL: no memory. */
void *skr_pending_new(struct skr_worker *worker, size_t size,
                      enum skr_status (*apply)(struct skr_view *, struct skr_change *, struct skr_error *), skr_done done,
                      void *context);
/* Hands it to the commit thread; a failure to do so is reported like any other outcome. Returns the handle. */
struct skr_pending *skr_pending_submit(struct skr_pending *pending);
/* May the object be written, as far as its container's binding goes? SKR_BOUND_READ_ONLY; SKR_UPSTREAM_FAILED: it is written
 * through, and upstream is away. */
enum skr_status skr_bound_admit(struct skr_worker *worker, const struct skr_object_name *name, bool *is_bound,
                                struct skr_error *err);
/* As skr_pending_submit() for what changes the object `name`, or its uploads: refused where skr_bound_admit() refuses it.
 * `looks`: the outcome depends on what is there, which upstream is asked for first; likewise the source of a copy (may be
 * NULL). Both live as long as the pending. */
struct skr_pending *skr_pending_submit_object(struct skr_pending *pending, const struct skr_object_name *name, bool looks,
                                              const struct skr_object_name *source);
/* As skr_pending_submit_object() for what takes bytes of `source` by reference: what upstream has of them is fetched first.
 * Unless source and object are of one binding and `whole` is true: then upstream can copy them, too. */
struct skr_pending *skr_pending_submit_copy(struct skr_pending *pending, const struct skr_object_name *name, bool looks,
                                            const struct skr_copy_source *source, bool whole);
/* Upstream was asked for the name a moment ago, and had nothing. */
bool skr_is_absent_upstream(struct skr_worker *worker, const struct skr_object_name *name);
/* A container that upstream has becomes known here. SKR_CONTAINER_EXISTS: it is. */
struct skr_pending *skr_adopt_container(struct skr_worker *worker, struct skr_bound *bound, skr_done done, void *context);
/* Reports a failure found before submission, in the same asynchronous way. */
struct skr_pending *skr_pending_fail(struct skr_pending *pending, enum skr_status status, const char *message);

/* Deep copies; false: no memory. */
bool skr_object_copy(struct skr_arena *arena, struct skr_object *object);
bool skr_container_copy(struct skr_arena *arena, struct skr_container *container);
bool skr_origin_copy(struct skr_arena *arena, struct skr_origin *origin);
bool skr_name_copy(struct skr_arena *arena, struct skr_object_name *name);
bool skr_metadata_copy(struct skr_arena *arena, const struct skr_name_value **metadata, size_t count);
bool skr_properties_copy(struct skr_arena *arena, struct skr_bytes properties[SKR_PROPERTY_COUNT]);
bool skr_conditions_copy(struct skr_arena *arena, struct skr_conditions *conditions);
/* Keeps the time with a tier that was set just now, and takes it away where there is no tier. False: no memory. */
bool skr_tier_changed(struct skr_arena *arena, struct skr_bytes properties[SKR_PROPERTY_COUNT], int64_t tick_ns);
struct skr_bytes skr_etag_of_md5(struct skr_arena *arena, const uint8_t md5[16]);
/* The ETag of a change made at `tick_ns`: quoted nowhere, increasing in time. */
struct skr_bytes skr_etag_of_tick(struct skr_arena *arena, int64_t tick_ns);

/* `exists` false: nothing is there. `reading`: 304-like outcomes are possible. */
enum skr_status skr_conditions_check(const struct skr_conditions *conditions, bool exists, struct skr_bytes etag,
                                     int64_t modified_ns, bool reading, struct skr_error *err);

/* Reads verified bytes of a block that has no object yet: of one file, which stays while the reader is open. */
enum skr_status skr_open_extent(struct skr_worker *worker, const struct skr_extent *extent, struct skr_reader **out,
                                struct skr_error *err);

/* A reader of what was found in the view, which ends before it is read from. The reader keeps payloads in the arena. */
enum skr_status skr_open_found(struct skr_worker *worker, struct skr_view *view, struct skr_arena *arena,
                               const struct skr_object *object, struct skr_reader **out, struct skr_error *err);
/* One of what upstream is about to bring (federation/cached_reader.h). */
struct skr_arrival;
enum skr_status skr_open_arriving(struct skr_worker *worker, const struct skr_arrival *arrival, struct skr_reader **out,
                                  struct skr_error *err);
/* In a view: need the byte not be fetched? */
bool skr_reader_has(struct skr_view *view, const struct skr_reader *reader, uint64_t offset);
/* Reads a content that is pinned. A small one's bytes are in the arena. */
enum skr_status skr_open_content(struct skr_worker *worker, struct skr_arena *arena, const struct skr_content *content,
                                 struct skr_reader **out, struct skr_error *err);

/* Finds the container and what is current at a key, whatever version the name gives. `exists` false when the key is free. */
enum skr_status skr_find_object(struct skr_view *view, struct skr_arena *arena, const struct skr_object_name *name,
                                struct skr_container *container, struct skr_object *object, bool *exists,
                                struct skr_error *err);
/* What the name and its version lead to, and where it is. SKR_OBJECT_NOT_FOUND (`object` is a delete marker when that is the
 * reason, else its kind is 0), SKR_VERSION_NOT_FOUND, SKR_IS_DELETE_MARKER (`object` is it). */
enum skr_status skr_find_version(struct skr_view *view, struct skr_arena *arena, const struct skr_object_name *name,
                                 struct skr_container *container, struct skr_object *object, struct skr_version_place *place,
                                 struct skr_error *err);

#endif
