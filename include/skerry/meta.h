/* Metadata: one LMDB environment, its schema, and the thread that commits.
 *
 * Reading: each thread opens a struct skr_meta_reader once and takes short views; a view is a snapshot. Spans that a view
 * hands out (`struct skr_bytes` in records) point into the map and are valid until the view ends; in a change, until its
 * next write. Never hold a view over network or file I/O.
 *
 * Writing: a change is a closure that runs inside the write transaction on the commit thread. It first checks, then writes:
 * a change that fails before its first write undoes nothing; one that fails after it makes the commit thread abort the
 * batch and run every change of the batch again, each in a transaction of its own, so `apply` may run more than once and
 * must not consume its input. All changes of a batch become durable together, then each one's task is posted.
 *
 * Ids (nodes, objects, contents, files, uploads) come from one counter and are unique over the life of the data folder:
 * (boot number << 40) + sequence. Boot numbers are made durable when the folder is opened for writing.
 */
#ifndef SKERRY_META_H
#define SKERRY_META_H

#include <stdatomic.h>

#include "skerry/bytes.h"
#include "skerry/executor.h"
#include "skerry/records.h"
#include "skerry/status.h"

/* Of the data folder. 1: without versions, multipart uploads, tags, checksums; 2: without bindings and cached contents;
 * 3: directories do not say how long names below them are; 4: objects do not lead to their names' entries in the journal */
#define SKR_FORMAT_VERSION 5

struct skr_meta;
struct skr_meta_reader;
struct skr_view; /* a read or a write transaction */

/* ---- opening ---- */

struct skr_meta_options {
    const char *directory;      /* the data folder; `meta` (data.mdb, lock.mdb) is made in it */
    uint64_t map_initial_bytes; /* 0: 256 MiB. The map doubles by itself when it is full */
    uint64_t map_max_bytes;     /* 0: no limit but the disk. At it changes fail with SKR_NO_SPACE, reads go on */
    unsigned max_readers;       /* threads that open a reader, 1 to 1024 */
    unsigned queue_length;      /* changes waiting for the commit thread; above it skr_meta_submit says SKR_BUSY. 0: 65536 */
    unsigned batch_length;      /* most changes in one transaction. 0: 1024 */
    bool read_only;             /* for fsck: no commit thread, nothing is written, no boot number is used */
    /* Called once, on the commit thread, when a commit failed in a way that must stop writes. May be NULL. */
    void (*on_commit_failure)(void *context, const struct skr_error *err);
    void *context;
};

/* Errors: SKR_FORMAT_TOO_NEW, SKR_CORRUPT, SKR_BUSY (another server holds the folder's lock), SKR_NO_SPACE, SKR_IO. */
enum skr_status skr_meta_open(struct skr_meta **out, const struct skr_meta_options *options, struct skr_error *err);
/* Runs what was submitted, then ends the commit thread. No reader may be open. NULL-safe. */
void skr_meta_close(struct skr_meta *meta);

uint64_t skr_meta_boot(const struct skr_meta *meta);
uint64_t skr_meta_next_id(struct skr_meta *meta);     /* any thread */
bool skr_meta_was_clean(const struct skr_meta *meta); /* the previous server closed in order */

/* ---- views and changes ---- */

enum skr_status skr_meta_reader_open(struct skr_meta *meta, struct skr_meta_reader **out, struct skr_error *err);
void skr_meta_reader_close(struct skr_meta_reader *reader); /* NULL-safe */
/* One view at a time per reader; on the reader's thread. */
enum skr_status skr_view_begin(struct skr_meta_reader *reader, struct skr_view **out, struct skr_error *err);
void skr_view_end(struct skr_view *view);
/* What the metadata file has room for without growing: it never shrinks. In a reader's view. */
uint64_t skr_view_free_bytes(struct skr_view *view);
/* Waits until every view that was open at the call has ended: after it nobody sees what a committed change removed.
 * Not on a thread that holds a view. */
void skr_meta_quiesce(struct skr_meta *meta);

struct skr_change {
    struct skr_task task;          /* `task.run` is set by the caller; posted when the outcome is known and durable */
    struct skr_executor *executor; /* where the task runs */
    enum skr_status (*apply)(struct skr_view *view, struct skr_change *change, struct skr_error *err); /* commit thread */
    enum skr_status status; /* outcome, for `task.run` */
    struct skr_error error;
    const void *origin;      /* who changes, for those who listen. NULL: nobody in particular */
    struct skr_change *next; /* private */
};
/* SKR_OK: `task` will be posted exactly once. SKR_BUSY, SKR_READ_ONLY: it will not. Any thread. */
enum skr_status skr_meta_submit(struct skr_meta *meta, struct skr_change *change);
/* Submits and waits, on a thread that may block. */
enum skr_status skr_meta_apply(struct skr_meta *meta, struct skr_change *change, struct skr_error *err);
/* In a change: the time of this transaction, Unix nanoseconds in steps of 100 ns, strictly greater than what any earlier
 * change of this data folder was given: ETags and times derive from it. A new value at each call. */
int64_t skr_view_tick(struct skr_view *view);

/* Told of each name that a committed change may have changed, after the commit and before the changes' tasks are posted. What
 * becomes of versions that are not current is not told. */
struct skr_meta_listener {
    /* On the commit thread: must not block. The key of an object; or of a directory that was moved, or came there, with all
     * that is below it. Node 0: a container or its binding came, went or was changed, the key is "account/container". Node 0
     * without a key: any name may have changed, by whomever; said in place of more than some thousand names, too. */
    void (*changed)(struct skr_meta_listener *listener, const void *origin, uint64_t objects_node, struct skr_bytes key);
};
/* In place of the one there was; NULL: nobody. The earlier one is not called any more after this. Not in `changed`. What a view
 * taken after this does not show will be told. Any thread. */
void skr_meta_listen(struct skr_meta *meta, struct skr_meta_listener *listener);

/* ---- containers of an account ---- */

/* Decoded arrays are allocated in `arena`; texts point into the map. SKR_CONTAINER_NOT_FOUND. */
enum skr_status skr_container_get(struct skr_view *view, struct skr_arena *arena, struct skr_bytes account,
                                  struct skr_bytes name, struct skr_container *out, struct skr_error *err);
/* Makes its trees. SKR_CONTAINER_EXISTS. */
enum skr_status skr_container_create(struct skr_view *view, struct skr_bytes account, struct skr_bytes name,
                                     struct skr_container *container, struct skr_error *err);
/* Also makes the trees that a record of format 1 lacks. */
enum skr_status skr_container_update(struct skr_view *view, struct skr_bytes account, struct skr_bytes name,
                                     struct skr_container *container, struct skr_error *err);
/* Does it hold neither objects nor versions? */
enum skr_status skr_container_is_empty(struct skr_view *view, const struct skr_container *container, bool *empty,
                                       struct skr_error *err);
/* And nothing that is on its way in or upstream? */
enum skr_status skr_container_is_unused(struct skr_view *view, const struct skr_container *container, bool *unused,
                                        struct skr_error *err);
/* Constant time: its trees become garbage, collected by skr_garbage_step(). */
enum skr_status skr_container_remove(struct skr_view *view, struct skr_bytes account, struct skr_bytes name,
                                     struct skr_error *err);
/* In byte order from `from` on (inclusive); `visit` returns false to stop. The record is valid during the call. */
enum skr_status skr_container_list(struct skr_view *view, struct skr_arena *arena, struct skr_bytes account,
                                   struct skr_bytes prefix, struct skr_bytes from,
                                   bool (*visit)(void *context, struct skr_bytes name, const struct skr_container *container),
                                   void *context, struct skr_error *err);

/* Every container of every account, in order; `visit` returns false to stop. */
enum skr_status skr_container_list_all(struct skr_view *view,
                                       bool (*visit)(void *context, struct skr_bytes account, struct skr_bytes name),
                                       void *context, struct skr_error *err);

/* A small document of an account under a name ("service-properties"): opaque here. SKR_NOT_FOUND. */
enum skr_status skr_account_document_get(struct skr_view *view, struct skr_bytes account, const char *name,
                                         struct skr_bytes *out, struct skr_error *err);
enum skr_status skr_account_document_put(struct skr_view *view, struct skr_bytes account, const char *name,
                                         struct skr_bytes document, struct skr_error *err);

/* ---- objects: the tree ---- */

/* `node` is a container's objects_node. A key is any byte string of 1 to SKR_MAX_KEY_BYTES bytes without NUL. */
enum skr_status skr_object_get(struct skr_view *view, struct skr_arena *arena, uint64_t node, struct skr_bytes key,
                               struct skr_object *out, struct skr_error *err);
/* Creates or replaces; makes implicit directories. The replaced object's content loses a reference; `object->content` must
 * hold one for this object already (skr_content_create or skr_content_retain in the same change). */
enum skr_status skr_object_put(struct skr_view *view, uint64_t node, struct skr_bytes key, const struct skr_object *object,
                               struct skr_error *err);
/* Replaces the record and leaves the content's references alone: `object->content` is the one that is there. */
enum skr_status skr_object_update(struct skr_view *view, uint64_t node, struct skr_bytes key, const struct skr_object *object,
                                  struct skr_error *err);
/* Removes it, its content's reference, and directories that this leaves empty. SKR_OBJECT_NOT_FOUND. */
enum skr_status skr_object_remove(struct skr_view *view, uint64_t node, struct skr_bytes key, struct skr_error *err);
/* Gives it another key, where it replaces what is there. Its record and its content's references stay. SKR_OBJECT_NOT_FOUND. */
enum skr_status skr_object_move(struct skr_view *view, uint64_t node, struct skr_bytes from, struct skr_bytes to,
                                struct skr_error *err);

/* A walk in byte order of the keys, at most one level of common prefixes grouped. */
struct skr_walk;
struct skr_walk_options {
    struct skr_bytes prefix;    /* only keys that begin with it */
    struct skr_bytes delimiter; /* any non-empty text groups what follows the prefix up to it; empty: flat */
    struct skr_bytes from;      /* the first key or common prefix to return is >= it; empty: from the start */
    bool numbered;              /* a tree of several records a key: versions_node, multiparts_node */
    bool has_after;             /* numbered: of the key `from` only records with a number > `after` */
    uint64_t after;
};
struct skr_walk_entry {
    struct skr_bytes key;    /* the whole key, or the common prefix; valid until the next call */
    bool is_prefix;          /* a common prefix: there is no object */
    struct skr_bytes record; /* encoded; decode with skr_object_decode, or for uploads skr_upload_decode */
    uint64_t number;         /* numbered: of this record */
};
enum skr_status skr_walk_open(struct skr_view *view, uint64_t node, const struct skr_walk_options *options,
                              struct skr_walk **out, struct skr_error *err);
/* SKR_NOT_FOUND at the end. A common prefix of a million keys costs one seek. */
enum skr_status skr_walk_next(struct skr_walk *walk, struct skr_walk_entry *entry, struct skr_error *err);
void skr_walk_close(struct skr_walk *walk); /* NULL-safe */
enum skr_status skr_object_decode(struct skr_arena *arena, struct skr_bytes record, struct skr_object *out,
                                  struct skr_error *err);

/* ---- directories: what is below a prefix, as one ----
 *
 * A directory is what keys have before a slash, with that slash ("a/b/"); empty: the root. It is there while a key begins with
 * it: something below it, or its marker, the object with that very key. Constant time, whatever is below. */

enum skr_status skr_directory_get(struct skr_view *view, uint64_t objects_node, struct skr_bytes directory, bool *exists,
                                  uint64_t *node, struct skr_error *err);
/* Nothing is below it but its marker, if that. */
enum skr_status skr_directory_is_empty(struct skr_view *view, uint64_t objects_node, struct skr_bytes directory, bool *empty,
                                       struct skr_error *err);
/* All keys that begin with `from` begin with `to` instead; parents that this leaves empty vanish. Only of objects: versions,
 * uploads and the journal stay under the old names. SKR_OBJECT_NOT_FOUND: `from` is not there. SKR_OBJECT_EXISTS: `to` is.
 * SKR_INVALID_ARGUMENT: `to` lies in `from`. SKR_NAME_TOO_LONG: a key would be; only where one may be are all looked at. */
enum skr_status skr_directory_move(struct skr_view *view, uint64_t objects_node, struct skr_bytes from, struct skr_bytes to,
                                   struct skr_error *err);
/* Both are there, neither in the other, and change places. Errors as above. */
enum skr_status skr_directory_exchange(struct skr_view *view, uint64_t objects_node, struct skr_bytes a, struct skr_bytes b,
                                       struct skr_error *err);

/* ---- versions: how objects replace each other in a container that keeps versions, or did ---- */

/* Where a record of a key is: in objects_node, or under its number in versions_node. */
struct skr_version_place {
    bool is_current;
    uint64_t number;
};
/* The number in versions_node of a version that is not the null version. */
uint64_t skr_version_number(int64_t version_ns);
/* `version_ns` as in the record: 0 is the null version. What is found may be a delete marker. SKR_VERSION_NOT_FOUND. The null
 * version is found by looking at all versions of the key that are newer. */
enum skr_status skr_version_find(struct skr_view *view, struct skr_arena *arena, const struct skr_container *container,
                                 struct skr_bytes key, int64_t version_ns, struct skr_object *out,
                                 struct skr_version_place *place, struct skr_error *err);
/* The newest one that is not current. SKR_VERSION_NOT_FOUND. */
enum skr_status skr_version_newest(struct skr_view *view, struct skr_arena *arena, const struct skr_container *container,
                                   struct skr_bytes key, struct skr_object *out, struct skr_version_place *place,
                                   struct skr_error *err);
/* Makes `object`, whose time of last change is its tick, the current one; what was there stays as a version or goes, by the
 * container's versioning. Sets version_ns. The content's reference as for skr_object_put. */
enum skr_status skr_version_put(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                struct skr_object *object, struct skr_error *err);
/* The same with a delete marker: afterwards there is no current object. Only where versioning is not off. Sets kind and
 * version_ns. */
enum skr_status skr_version_mark(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                 struct skr_object *marker, struct skr_error *err);
/* Removes one for good. Where none is current then, the newest one left becomes it, unless it is a delete marker. */
enum skr_status skr_version_remove(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                   const struct skr_version_place *place, struct skr_error *err);
/* Replaces its record and leaves its content's references alone. */
enum skr_status skr_version_update(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                   const struct skr_version_place *place, const struct skr_object *object,
                                   struct skr_error *err);

/* ---- contents ---- */

/* A new content with one reference. `payload` for INLINE; `extents` otherwise (adjacent ones are merged; each distinct file
 * gains a reference, and must be known through skr_file_record_create before; holes have none). Fills `out`. */
enum skr_status skr_content_create_inline(struct skr_view *view, uint64_t content_id, struct skr_bytes payload, uint32_t crc32c,
                                          struct skr_content *out, struct skr_error *err);
enum skr_status skr_content_create_extents(struct skr_view *view, uint64_t content_id, const struct skr_extent *extents,
                                           size_t extent_count, struct skr_content *out, struct skr_error *err);
/* One more reference: a copy in constant time. */
enum skr_status skr_content_retain(struct skr_view *view, const struct skr_content *content, struct skr_error *err);
enum skr_status skr_content_payload(struct skr_view *view, const struct skr_content *content, struct skr_bytes *out,
                                    struct skr_error *err);
/* The extents that cover [offset, offset + length), cut to it, at most `capacity` of them, in order. */
enum skr_status skr_content_extents(struct skr_view *view, const struct skr_content *content, uint64_t offset_bytes,
                                    uint64_t length_bytes, struct skr_extent *out, size_t capacity, size_t *count,
                                    struct skr_error *err);

/* A content of upstream's: nothing of it is here at first. Chunks come as extents of files, or as the whole payload, and go
 * again; what objects' records say of it stays the same. */
enum skr_status skr_content_create_cached(struct skr_view *view, uint64_t content_id, uint64_t size_bytes,
                                          const struct skr_origin *origin, struct skr_content *out, struct skr_error *err);
/* Where it comes from; texts point into the map. SKR_NOT_FOUND when the content is gone. */
enum skr_status skr_content_origin(struct skr_view *view, uint64_t content_id, struct skr_origin *out, struct skr_error *err);
/* In a change: the same bytes come from elsewhere now. SKR_NOT_FOUND. */
enum skr_status skr_content_set_origin(struct skr_view *view, uint64_t content_id, const struct skr_origin *origin,
                                       struct skr_error *err);
/* Of a cached content the extents that follow each other from `offset` on, as skr_content_extents(); none: that byte is not
 * here. */
enum skr_status skr_content_resident(struct skr_view *view, const struct skr_content *content, uint64_t offset_bytes,
                                     uint64_t length_bytes, struct skr_extent *out, size_t capacity, size_t *count,
                                     struct skr_error *err);
/* In a change: [offset, offset + extent->length_bytes) is here now, in a file of its own, which gains a reference.
 * SKR_NOT_FOUND: the content is gone. SKR_OBJECT_EXISTS: the first of these bytes is here already. */
enum skr_status skr_content_fill(struct skr_view *view, uint64_t content_id, uint64_t offset_bytes,
                                 const struct skr_extent *extent, struct skr_error *err);
/* Likewise the whole of a small one. */
enum skr_status skr_content_fill_payload(struct skr_view *view, uint64_t content_id, struct skr_bytes payload, uint32_t crc32c,
                                         struct skr_error *err);
/* The payload of a cached content that has one. SKR_NOT_FOUND. */
enum skr_status skr_content_cached_payload(struct skr_view *view, const struct skr_content *content, struct skr_bytes *out,
                                           uint32_t *crc32c, struct skr_error *err);
/* In a change: what is here of [offset, offset + length) in whole extents goes (`freed` bytes), a payload too. Its files become
 * garbage. */
enum skr_status skr_content_evict(struct skr_view *view, uint64_t content_id, uint64_t offset_bytes, uint64_t length_bytes,
                                  uint64_t *freed, struct skr_error *err);
/* In a change: a cached content of which all is here, and which one object refers to, becomes an ordinary one (`out`).
 * SKR_NOT_FOUND: it is not so. */
enum skr_status skr_content_adopt(struct skr_view *view, uint64_t content_id, struct skr_content *out, struct skr_error *err);
/* How many bytes of it are here. */
enum skr_status skr_content_resident_bytes(struct skr_view *view, const struct skr_content *content, uint64_t *out,
                                           struct skr_error *err);

/* A content as it is stored, with where upstream has it. */
struct skr_content_state {
    struct skr_content content;
    uint64_t references;      /* 0: it is garbage */
    struct skr_origin origin; /* texts point into the map. Binding 0: ours alone */
};
/* SKR_NOT_FOUND. */
enum skr_status skr_content_state(struct skr_view *view, uint64_t content_id, struct skr_content_state *out,
                                  struct skr_error *err);
/* Those with an id > `after`, in order, at most `limit`; `visit` returns false to stop. `last`: how far it came; 0: to the end.
 */
enum skr_status skr_content_visit(struct skr_view *view, uint64_t after, size_t limit,
                                  bool (*visit)(void *context, const struct skr_content_state *state), void *context,
                                  uint64_t *last, struct skr_error *err);
/* Of a cached content the extents that are here, in order, from `offset` on; a payload is one, too. `visit` returns false to
 * stop. */
enum skr_status skr_content_visit_resident(struct skr_view *view, const struct skr_content *content, uint64_t offset_bytes,
                                           bool (*visit)(void *context, uint64_t offset_bytes, uint64_t length_bytes),
                                           void *context, struct skr_error *err);
/* In a change: upstream has an ordinary content now, under `origin`. */
enum skr_status skr_content_uploaded(struct skr_view *view, uint64_t content_id, const struct skr_origin *origin,
                                     struct skr_error *err);

/* A content file became known, with one reference that the caller passes on to a block or content, or releases. */
enum skr_status skr_file_record_create(struct skr_view *view, uint64_t file_id, struct skr_error *err);
enum skr_status skr_file_record_exists(struct skr_view *view, uint64_t file_id, bool *exists, struct skr_error *err);
/* How many contents and blocks refer to it; 0: it is not known. */
enum skr_status skr_file_record_references(struct skr_view *view, uint64_t file_id, uint64_t *references,
                                           struct skr_error *err);
/* Gives up the reference that skr_file_record_create made, once blocks and contents hold theirs. At 0 the file is garbage. */
enum skr_status skr_file_record_release(struct skr_view *view, uint64_t file_id, struct skr_error *err);
/* Checksums of chunks (64 KiB each, counted from the file's beginning). */
enum skr_status skr_checksums_put(struct skr_view *view, uint64_t file_id, uint64_t first_chunk, const uint32_t *crc32c,
                                  size_t count, struct skr_error *err);
enum skr_status skr_checksums_get(struct skr_view *view, uint64_t file_id, uint64_t first_chunk, uint32_t *crc32c, size_t count,
                                  struct skr_error *err);

/* The committed block list of a content, kept with it. Names are raw bytes (decoded ids). */
enum skr_status skr_block_list_put(struct skr_view *view, uint64_t content_id, const struct skr_block *blocks, size_t count,
                                   struct skr_error *err);
/* Visits in order with the offset of each block in the content. */
enum skr_status skr_block_list_visit(struct skr_view *view, const struct skr_content *content,
                                     bool (*visit)(void *context, const struct skr_block *block, uint64_t offset_bytes),
                                     void *context, struct skr_error *err);

/* ---- uploads: uncommitted blocks of Blob, multipart uploads of S3 ---- */

enum skr_upload_kind { SKR_UPLOAD_BLOCKS = 1, SKR_UPLOAD_MULTIPART = 2 };

struct skr_upload {
    uint64_t id;
    enum skr_upload_kind kind;
    int64_t created_ns, touched_ns;
    uint64_t object_node, upload_node; /* of its container: its objects, and the tree that the upload is in */
    struct skr_bytes key;
    struct skr_bytes draft; /* MULTIPART: the record of what its object will be; for skr_object_decode */
    uint32_t block_count;
    uint32_t name_size; /* of its block names: all have the same; 0 while there are none */
};
/* The Blob upload of a key (at most one). SKR_UPLOAD_NOT_FOUND. */
enum skr_status skr_upload_get(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                               struct skr_upload *out, struct skr_error *err);
/* A multipart upload of a key. SKR_UPLOAD_NOT_FOUND. */
enum skr_status skr_upload_find(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                uint64_t upload_id, struct skr_upload *out, struct skr_error *err);
/* `draft` for MULTIPART, whose container has its multiparts_node; a key may have any number of them. */
enum skr_status skr_upload_create(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                  struct skr_upload *upload, const struct skr_object *draft, struct skr_error *err);
/* Forgets the upload and its blocks: constant time for the caller, the blocks become garbage with their files. */
enum skr_status skr_upload_remove(struct skr_view *view, const struct skr_upload *upload, uint64_t committed_content_id,
                                  struct skr_error *err);
/* From the record of a walk over a container's uploads_node or multiparts_node. */
enum skr_status skr_upload_decode(struct skr_view *view, struct skr_bytes record, struct skr_upload *out,
                                  struct skr_error *err);
/* Uploads not touched since `before_ns`, oldest first. */
enum skr_status skr_upload_expired(struct skr_view *view, int64_t before_ns, struct skr_upload *out, struct skr_error *err);

/* Stages a block of block->name and digests, replacing one of the same name; each extent's file gains a reference. Fills in its
 * size and time; updates block_count, touched_ns. */
enum skr_status skr_block_put(struct skr_view *view, struct skr_upload *upload, struct skr_block *block,
                              const struct skr_extent *extents, size_t extent_count, bool owned, struct skr_error *err);
/* A staged block and its extents, which are in the arena. SKR_NOT_FOUND. */
enum skr_status skr_block_get(struct skr_view *view, struct skr_arena *arena, const struct skr_upload *upload,
                              struct skr_bytes name, struct skr_block *block, const struct skr_extent **out, size_t *count,
                              struct skr_error *err);
/* In the order of names, those after `after`. */
enum skr_status skr_block_visit(struct skr_view *view, const struct skr_upload *upload, struct skr_bytes after,
                                bool (*visit)(void *context, const struct skr_block *block), void *context,
                                struct skr_error *err);

/* ---- bindings to upstreams ---- */

/* That of this very name; texts point into the map. SKR_NOT_FOUND. */
enum skr_status skr_binding_get(struct skr_view *view, struct skr_bytes account, struct skr_bytes container,
                                struct skr_binding *out, struct skr_error *err);
/* Which one is a container's: its own, or that of all. SKR_NOT_FOUND: none. */
enum skr_status skr_binding_of(struct skr_view *view, struct skr_bytes account, struct skr_bytes container,
                               struct skr_binding *out, struct skr_error *err);
enum skr_status skr_binding_put(struct skr_view *view, struct skr_bytes account, struct skr_bytes container,
                                const struct skr_binding *binding, struct skr_error *err);
enum skr_status skr_binding_remove(struct skr_view *view, struct skr_bytes account, struct skr_bytes container,
                                   struct skr_error *err);
/* All, in order; `visit` returns false to stop. */
enum skr_status skr_binding_list(struct skr_view *view,
                                 bool (*visit)(void *context, struct skr_bytes account, struct skr_bytes container,
                                               const struct skr_binding *binding),
                                 void *context, struct skr_error *err);

/* ---- the journal: names that the upstream of their container does not have as we have them ---- */

enum {                               /* what upstream lacks. Values are stored */
       SKR_JOURNAL_CONTENT = 1 << 0, /* the object as a whole: all that follows goes with it */
       SKR_JOURNAL_METADATA = 1 << 1,
       SKR_JOURNAL_PROPERTIES = 1 << 2,
       SKR_JOURNAL_TAGS = 1 << 3,
       SKR_JOURNAL_DELETE = 1 << 4, /* alone: the name is gone here */
};
/* Values are stored. */
enum skr_journal_state {
    SKR_JOURNAL_PENDING = 1,
    SKR_JOURNAL_FAILED = 2,   /* upstream refuses it; it is tried again, slowly */
    SKR_JOURNAL_CONFLICT = 3, /* both sides were changed: nothing happens until somebody decides */
};
/* What a name was when it may have been sent: by it we know our own work upstream when its answer was lost. */
struct skr_journal_trace {
    bool is_absent, has_md5;
    bool is_copy;    /* its bytes may be upstream under attributes of what they were copied from */
    bool has_crc32c; /* of all bytes, where there is no MD5 */
    uint8_t md5[16];
    uint32_t crc32c;
    uint64_t size_bytes;
    uint64_t metadata_hash; /* opaque here */
};
#define SKR_JOURNAL_TRACES 32
struct skr_journal_entry {
    uint64_t sequence; /* its place: grows with every change of the name */
    uint64_t binding;  /* that it was made under */
    struct skr_bytes account, container, key;
    uint64_t journal_node; /* of its container */
    unsigned what;
    enum skr_journal_state state;
    bool base_known;            /* do we know what upstream had when the name became dirty? */
    struct skr_bytes base_etag; /* known and empty: nothing */
    bool overwrites;     /* whatever upstream has: somebody decided so, or waits for what was asked for without a condition */
    bool is_awaited;     /* whoever made the last change waits for upstream, as long as this server runs */
    uint64_t size_bytes; /* to be uploaded */
    uint64_t after_content; /* 0, or a cached content: what upstream has must stay until no object needs it from there */
    int64_t since_ns;       /* of the first change that upstream lacks */
    int64_t changed_ns;     /* of the last one */
    int64_t not_before_ns;
    unsigned attempts;
    struct skr_bytes source_key, source_etag; /* where upstream may have the same bytes: a name of the container, and what it
                                                 called them when this was copied; may be empty */
    struct skr_bytes reason;                  /* why it failed, or conflicts */
    struct skr_journal_trace traces[SKR_JOURNAL_TRACES]; /* earlier states of this entry, the oldest first */
    size_t trace_count;
};
/* One change of a name, to be noted. */
struct skr_journal_change {
    uint64_t objects_node, journal_node; /* of the container, as its record has them */
    uint64_t binding;
    unsigned what;
    bool base_known; /* these two count where the name is not dirty yet */
    struct skr_bytes base_etag;
    uint64_t size_bytes; /* of the content, where `what` has it */
    uint64_t after_content;
    struct skr_bytes source_key, source_etag; /* likewise */
    bool is_awaited, overwrites;
    int64_t changed_ns;
    bool has_trace; /* where the name is dirty already: what it was */
    struct skr_journal_trace trace;
};
/* In a change, after the object's own: one entry a name. What is noted on top of an entry is merged with it, gets a new
 * sequence, and keeps its base. An entry in conflict stays one. `sequence` is set. */
enum skr_status skr_journal_note(struct skr_view *view, struct skr_bytes account, struct skr_bytes container,
                                 struct skr_bytes key, const struct skr_journal_change *change, uint64_t *sequence,
                                 struct skr_error *err);
/* Is none of the container's names dirty? */
enum skr_status skr_journal_is_empty(struct skr_view *view, const struct skr_container *container, bool *empty,
                                     struct skr_error *err);
/* Texts point into the map. SKR_NOT_FOUND: the name is not dirty. */
enum skr_status skr_journal_get(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                struct skr_journal_entry *out, struct skr_error *err);
/* SKR_NOT_FOUND. */
enum skr_status skr_journal_at(struct skr_view *view, uint64_t sequence, struct skr_journal_entry *out, struct skr_error *err);
/* The first one with a sequence > `after`. SKR_NOT_FOUND: none. */
enum skr_status skr_journal_next(struct skr_view *view, uint64_t after, struct skr_journal_entry *out, struct skr_error *err);
/* In a change: writes an entry that is there anew, with the sequence that it has. Its texts may point into the map. */
enum skr_status skr_journal_update(struct skr_view *view, const struct skr_journal_entry *entry, struct skr_error *err);
/* In a change. SKR_NOT_FOUND: there is none of this sequence any more. */
enum skr_status skr_journal_remove(struct skr_view *view, uint64_t sequence, struct skr_error *err);
struct skr_journal_numbers {
    uint64_t entries, bytes, failed, conflicts;
};
/* Exact as of the view. */
enum skr_status skr_journal_numbers(struct skr_view *view, struct skr_journal_numbers *out, struct skr_error *err);
/* How many objects refer to a content; 0 when it is gone. */
enum skr_status skr_content_references(struct skr_view *view, uint64_t content_id, uint64_t *out, struct skr_error *err);

/* ---- notes: small documents of core's own, opaque here ---- */

/* Which one. Kinds are core's; `part` is of a document in several rows. */
struct skr_note_key {
    uint64_t kind, number, part;
};
enum skr_status skr_note_put(struct skr_view *view, const struct skr_note_key *key, struct skr_bytes document,
                             struct skr_error *err);
enum skr_status skr_note_get(struct skr_view *view, const struct skr_note_key *key, struct skr_bytes *out,
                             struct skr_error *err);
enum skr_status skr_note_remove(struct skr_view *view, const struct skr_note_key *key, struct skr_error *err);
/* All of a kind, in order, from `from` on. `visit` returns false to stop. */
enum skr_status skr_note_list(struct skr_view *view, const struct skr_note_key *from,
                              bool (*visit)(void *context, const struct skr_note_key *key, struct skr_bytes document),
                              void *context, struct skr_error *err);

/* ---- garbage ---- */

/* What a removed record leaves behind. Removing is done in this order: the record goes (a change, durable), readers that
 * could see it end (skr_meta_quiesce, pins), the file goes, the garbage row goes. */
struct skr_garbage {
    uint64_t row; /* for skr_garbage_forget */
    enum {
        SKR_GARBAGE_CONTENT, /* a content without references: skr_garbage_step() takes it apart */
        SKR_GARBAGE_TREE,    /* a removed container's tree */
        SKR_GARBAGE_UPLOAD,  /* a removed upload's blocks */
        SKR_GARBAGE_FILE,    /* a file to unlink */
        SKR_GARBAGE_RANGE    /* a range of a living file to punch */
    } kind;
    uint64_t id;                       /* content, node, upload or file */
    uint64_t offset_bytes, size_bytes; /* RANGE */
};
/* The first garbage row with number > `after`. SKR_NOT_FOUND: none. */
enum skr_status skr_garbage_next(struct skr_view *view, uint64_t after, struct skr_garbage *out, struct skr_error *err);
/* In a change: takes CONTENT, TREE or UPLOAD garbage apart, at most about `limit` records at once; `done` when the row is gone.
 * Only for contents that nobody reads any more. */
enum skr_status skr_garbage_step(struct skr_view *view, const struct skr_garbage *garbage, size_t limit, bool *done,
                                 struct skr_error *err);
/* In a change: FILE or RANGE garbage was dealt with on disk. */
enum skr_status skr_garbage_forget(struct skr_view *view, uint64_t row, struct skr_error *err);

/* ---- checking ---- */

/* Sums and problems that a check of all invariants inside metadata found. */
struct skr_meta_check {
    uint64_t containers, objects, directories, contents, files, uploads, blocks, garbage_rows;
    uint64_t versions;     /* not current, delete markers too */
    uint64_t object_bytes; /* of objects and versions */
    uint64_t dirty;        /* names in the journal */
    uint64_t problems;
};
struct skr_meta_check_options {
    bool repair; /* fix counts of references, drop rows that nothing refers to; the environment must be open for writing */
    void (*problem)(void *context, const char *text); /* one call a problem, with what was or would be done */
    /* Each file that records refer to, with the furthest byte that is referred to. May be NULL. */
    void (*file)(void *context, uint64_t file_id, uint64_t end_bytes);
    void *context;
};
enum skr_status skr_meta_check_all(struct skr_meta *meta, const struct skr_meta_check_options *options,
                                   struct skr_meta_check *out, struct skr_error *err);
/* In a change, for repair: removes the objects and blocks whose bytes are in a file that is gone. `removed` counts. */
enum skr_status skr_meta_drop_file(struct skr_view *view, uint64_t file_id, uint64_t *removed, struct skr_error *err);

/* Numbers for metrics; any thread. */
struct skr_meta_counters {
    _Atomic uint64_t commits, changes, failed_changes, replays, queue_length, map_bytes, used_bytes;
    _Atomic uint64_t dirty_entries, dirty_bytes, dirty_failed, dirty_conflicts; /* of the journal, as committed */
};
const struct skr_meta_counters *skr_meta_counters(const struct skr_meta *meta);

#endif
