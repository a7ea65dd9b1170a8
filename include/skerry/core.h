/* Core: the protocol-neutral operations on containers, objects and uploads. The only caller of meta/ and datapath/.
 * Knows no header, no XML, no status code of a protocol.
 *
 * Reads run inline on the caller's thread and fill the caller's arena. Changes are asynchronous: the call copies what it needs,
 * returns a handle, and `done` is called later, exactly once, on the worker's executor, when the outcome is durable; unless the
 * caller detached itself before. `done` is never called inside the call. A call that returns NULL had no memory even for that:
 * `done` will not be called, and an ingest that was handed over is gone. A worker belongs to one thread.
 */
#ifndef SKERRY_CORE_H
#define SKERRY_CORE_H

#include "skerry/bytes.h"
#include "skerry/executor.h"
#include "skerry/io.h"
#include "skerry/records.h"
#include "skerry/status.h"

struct skr_core;
struct skr_worker;
struct skr_pending;

struct skr_core_options {
    const char *directory;                               /* the data folder; created when it is not there */
    unsigned workers;                                    /* threads that will open a worker */
    uint64_t meta_map_initial_bytes, meta_map_max_bytes; /* 0: defaults of metadata */
    uint64_t inline_limit_bytes;                         /* payloads up to this are kept in metadata. 0 to 65536 */
    uint64_t reserve_bytes;                              /* free space that writes leave alone */
    uint64_t upload_lifetime_s;    /* uncommitted blocks are collected after so long without a new one. 604800 */
    uint64_t fetch_memory_bytes;   /* of what is on its way from upstreams */
    uint64_t cache_capacity_bytes; /* of what is here and upstreams have, too. 0: what the disk has */
    unsigned cache_high_percent,
        cache_low_percent; /* of a capacity: from there eviction begins, and to there it goes. 0: 95, 90 */
    bool direct_io;
    unsigned upload_concurrency;          /* objects on their way to upstreams at a time. 0: 8 */
    unsigned upstream_connect_timeout_ms; /* 0: 2000 */
    uint64_t dirty_limit_bytes; /* above it, changes that are uploaded later wait, and then fail. 0: a tenth of the disk */
    struct skr_io_fault *fault; /* NULL in production: passed on to the rings that core opens itself */
};

/* Opens metadata and store and starts the collector's thread. */
enum skr_status skr_core_open(struct skr_core **out, const struct skr_core_options *options, struct skr_error *err);
void skr_core_close(struct skr_core *core); /* all workers are closed. NULL-safe */

enum skr_status skr_worker_open(struct skr_core *core, struct skr_io *io, struct skr_executor *executor,
                                struct skr_worker **out, struct skr_error *err);
/* True when no operation of this worker is under way: only then may it be closed. */
bool skr_worker_is_idle(const struct skr_worker *worker);
/* Nobody waits any more for what its operations ask of upstreams: they end. */
void skr_worker_let_go(struct skr_worker *worker);
void skr_worker_close(struct skr_worker *worker); /* NULL-safe */

/* ---- names, conditions, results ---- */

/* Which version of an object. Zero: the current one. */
struct skr_version {
    bool is_given;
    int64_t ns; /* skr_object.version_ns; 0: the null version */
};
struct skr_object_name {
    struct skr_bytes account, container, key;
    struct skr_version
        version; /* for reading, deleting, changing settings and as the source of a copy; elsewhere not looked at */
};

bool skr_conditions_are_empty(const struct skr_conditions *conditions);

struct skr_result {
    enum skr_status status;
    const struct skr_error *error;         /* message and errno when it failed */
    const struct skr_object *object;       /* as it is now, after a successful change of an object; else NULL. After a removal:
                                              see skr_delete_object */
    const struct skr_block *block;         /* a part that was staged; else NULL */
    uint64_t upload_id;                    /* of an upload that was created; else 0 */
    uint64_t job_id;                       /* of a job that was begun; else 0 */
    const struct skr_container *container; /* likewise */
    const struct skr_flush_numbers *flush; /* of skr_flush(), also when it failed; else NULL */
};
/* `result` is valid during the call. */
typedef void (*skr_done)(void *context, const struct skr_result *result);
/* The caller is gone: `done` will not be called. The change itself may still happen. NULL-safe. */
void skr_pending_detach(struct skr_pending *pending);

/* ---- containers ---- */

enum skr_status skr_get_container(struct skr_worker *worker, struct skr_arena *arena, struct skr_bytes account,
                                  struct skr_bytes container, const struct skr_conditions *conditions,
                                  struct skr_container *out, struct skr_error *err);
/* In byte order, names >= `from` that begin with `prefix`, until `visit` returns false. */
enum skr_status skr_list_containers(struct skr_worker *worker, struct skr_arena *arena, struct skr_bytes account,
                                    struct skr_bytes prefix, struct skr_bytes from,
                                    bool (*visit)(void *context, struct skr_bytes name, const struct skr_container *container),
                                    void *context, struct skr_error *err);

/* What to set on a container; what is not flagged stays. */
struct skr_container_settings {
    bool set_metadata, set_access, set_versioning;
    enum skr_versioning versioning; /* OFF only where it never was anything else: SKR_INVALID_ARGUMENT */
    uint32_t set_documents; /* bit 1 << enum skr_container_document: take it from `documents`, where NULL data clears it */
    struct skr_bytes documents[SKR_DOCUMENT_COUNT];
    const struct skr_name_value *metadata;
    size_t metadata_count;
    enum skr_public_access public_access;
    const struct skr_access_policy *policies;
    size_t policy_count; /* at most SKR_MAX_ACCESS_POLICIES */
};
/* Behind a binding of all containers it is made and deleted upstream, too, before it is here: SKR_BOUND_READ_ONLY,
 * SKR_UPSTREAM_FAILED, SKR_BUSY (upstream still deletes one of that name), SKR_CONTAINER_DIRTY (upstream lacks changes of what
 * is to be deleted). */
struct skr_pending *skr_create_container(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                                         const struct skr_container_settings *settings, skr_done done, void *context);
struct skr_pending *skr_update_container(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                                         const struct skr_conditions *conditions, const struct skr_container_settings *settings,
                                         skr_done done, void *context);
/* `only_if_empty`: SKR_CONTAINER_NOT_EMPTY while it holds objects, versions or delete markers. */
struct skr_pending *skr_delete_container(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                                         const struct skr_conditions *conditions, bool only_if_empty, skr_done done,
                                         void *context);

/* A small document of an account, opaque to core (service properties). SKR_NOT_FOUND: never set. */
enum skr_status skr_get_account_document(struct skr_worker *worker, struct skr_arena *arena, struct skr_bytes account,
                                         const char *name, struct skr_bytes *out, struct skr_error *err);
struct skr_pending *skr_put_account_document(struct skr_worker *worker, struct skr_bytes account, const char *name,
                                             struct skr_bytes document, skr_done done, void *context);

/* ---- listing objects ---- */

struct skr_remote_listing; /* what upstream lists of a bound container */
struct skr_list_options {
    struct skr_bytes account, container, prefix, delimiter;
    struct skr_bytes from;                   /* keys and common prefixes >= it */
    bool include_uncommitted;                /* also keys that have only uncommitted blocks */
    const struct skr_remote_listing *remote; /* from skr_prepare_listing() with these options; NULL: there is none */
};
struct skr_list_entry {
    struct skr_bytes key;
    bool is_prefix;
    bool is_uncommitted;             /* `object` has size 0 and no content */
    bool is_cut;                     /* nothing to show: not all is known from here on, and the listing goes on at `key` */
    const struct skr_object *object; /* NULL for a prefix */
};
/* Visits in byte order until `visit` returns false; an entry is valid during the call. */
enum skr_status skr_list_objects(struct skr_worker *worker, const struct skr_list_options *options,
                                 bool (*visit)(void *context, const struct skr_list_entry *entry), void *context,
                                 struct skr_error *err);

struct skr_list_versions_options {
    struct skr_bytes account, container, prefix, delimiter;
    struct skr_bytes from;            /* keys and common prefixes >= it */
    struct skr_version after_version; /* of the key `from`: only versions older than this one. Not given: all of them */
};
struct skr_version_entry {
    struct skr_bytes key;
    bool is_prefix;
    bool is_latest;
    const struct skr_object *object; /* NULL for a prefix; may be a delete marker */
};
/* Every version, also the current ones: keys in byte order, versions of a key from the newest to the oldest. */
enum skr_status skr_list_versions(struct skr_worker *worker, const struct skr_list_versions_options *options,
                                  bool (*visit)(void *context, const struct skr_version_entry *entry), void *context,
                                  struct skr_error *err);

/* ---- before a request reads an object: upstream may know more of it than we do ---- */

/* What is worth telling a client who was refused because upstream does not answer: about as often it is asked. */
#define SKR_UPSTREAM_RETRY_AFTER_S "2"
struct skr_preparation;
enum skr_intent {
    SKR_INTENT_LOOK, /* what is known of the object */
    SKR_INTENT_READ, /* its bytes, too */
};
#define SKR_OFFSET_UNKNOWN UINT64_MAX
/* SKR_OK; SKR_UPSTREAM_FAILED: it is not known here and upstream does not say; or another failure. */
typedef void (*skr_prepared)(void *context, enum skr_status status);
/* Sees to it that what is known of the object is as fresh as its container's binding asks for, and that the byte at `offset` is
 * here or on its way. SKR_OK: go on at once, as always where nothing is bound. SKR_PENDING: `ready` is called, exactly once,
 * unless `*out` is cancelled before; the name's texts live until then. */
enum skr_status skr_prepare_object(struct skr_worker *worker, const struct skr_object_name *name, enum skr_intent intent,
                                   uint64_t offset, skr_prepared ready, void *context, struct skr_preparation **out,
                                   struct skr_error *err);
/* As skr_prepare_object() with SKR_INTENT_READ, for who then opens the object with skr_open_prepared(): what was found on the
 * way is not looked for again, and what upstream brings is read before its record is durable. `*out` may be set after SKR_OK,
 * too, and stays the caller's after `ready`, to be cancelled in any case. The arena lives until then. */
enum skr_status skr_prepare_open(struct skr_worker *worker, struct skr_arena *arena, const struct skr_object_name *name,
                                 uint64_t offset, skr_prepared ready, void *context, struct skr_preparation **out,
                                 struct skr_error *err);
void skr_preparation_cancel(struct skr_preparation *preparation); /* NULL-safe */

/* Asks upstream for what it lists, at least `wanted` entries where it has as many: before skr_list_objects(), which shows both
 * sides. SKR_OK with `*out` NULL: nothing is bound, or the names are all here. SKR_PENDING: `ready` is called once, unless
 * `*out` is closed before; it is used, then closed, by the caller. SKR_UPSTREAM_FAILED: half a listing is none. */
enum skr_status skr_prepare_listing(struct skr_worker *worker, const struct skr_list_options *options, uint64_t wanted,
                                    skr_prepared ready, void *context, struct skr_remote_listing **out, struct skr_error *err);
/* Where a container is not known here, and a binding of all containers leads to one of upstream's, it is made. `*out` is closed
 * by the caller, as above. */
enum skr_status skr_prepare_container(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                                      skr_prepared ready, void *context, struct skr_remote_listing **out,
                                      struct skr_error *err);
void skr_remote_listing_close(struct skr_remote_listing *listing); /* NULL-safe */
struct skr_account_listing;
/* Before skr_list_containers(): where the account is bound as a whole, upstream's containers become known here. SKR_OK: they
 * are, as far as upstream can be asked. SKR_PENDING: `ready` is called once, unless `*out` is cancelled before; `*out` is no
 * more when it is called. SKR_UPSTREAM_FAILED: upstream does not say, and never did. */
enum skr_status skr_prepare_containers(struct skr_worker *worker, struct skr_bytes account, skr_prepared ready, void *context,
                                       struct skr_account_listing **out, struct skr_error *err);
void skr_account_listing_cancel(struct skr_account_listing *listing); /* NULL-safe */

/* ---- reading an object ---- */

struct skr_reader;

/* Looks an object up, or the version that the name gives, and checks conditions. `object` lives in the arena.
 * SKR_CONTAINER_NOT_FOUND, SKR_OBJECT_NOT_FOUND (where a delete marker is the reason, `object` is filled with it; else its kind
 * is 0), SKR_VERSION_NOT_FOUND, SKR_IS_DELETE_MARKER (`object` is filled), SKR_CONDITION_FAILED, SKR_NOT_MODIFIED (object is
 * filled then too). With `reader` not NULL the content is pinned, so that the whole object can be read as it is now whatever
 * happens to the name. */
enum skr_status skr_open_object(struct skr_worker *worker, struct skr_arena *arena, const struct skr_object_name *name,
                                const struct skr_conditions *conditions, struct skr_object *object, struct skr_reader **reader,
                                struct skr_error *err);
/* As skr_open_object() of the name that was prepared, once; `preparation` may be NULL, and its arena is this one. */
enum skr_status skr_open_prepared(struct skr_worker *worker, struct skr_preparation *preparation, struct skr_arena *arena,
                                  const struct skr_object_name *name, const struct skr_conditions *conditions,
                                  struct skr_object *object, struct skr_reader **reader, struct skr_error *err);
/* The whole payload of a small object, in the arena of the open call; false when it is not kept inline. */
bool skr_reader_payload(const struct skr_reader *reader, struct skr_bytes *payload);
/* A hint: `length` bytes from `offset` on will be read in order, and no others. What upstream has of them is fetched ahead. */
void skr_reader_expect(struct skr_reader *reader, uint64_t offset, uint64_t length);
/* Up to `size` verified bytes from `offset`: > 0 bytes; 0: not yet, `ready` is called once when it is worth asking again with
 * the same arguments; -1: failed (logged). A return of fewer bytes than asked for is normal. */
ssize_t skr_reader_read(struct skr_reader *reader, uint64_t offset, void *buffer, size_t size, void (*ready)(void *context),
                        void *context);
/* Up to `size` verified bytes from `offset` where they lie in memory, until the reader is used again: how many; 0: they cannot
 * be lent, read them. Not for keeping: to be used at once, or lent again after a while. `wait`: as skr_store_lend(). */
size_t skr_reader_lend(struct skr_reader *reader, uint64_t offset, size_t size, bool wait, const void **bytes);
void skr_reader_close(struct skr_reader *reader); /* at any time; `ready` is not called afterwards. NULL-safe */

/* ---- incoming bytes ---- */

/* Would a change of this name be refused as things stand? Asked before a body is received; the change itself checks again. The
 * container must exist; conditions are those of a write. SKR_FORBIDDEN: create_only, and something is there. */
enum skr_status skr_precheck(struct skr_worker *worker, const struct skr_object_name *name,
                             const struct skr_conditions *conditions, bool create_only, struct skr_error *err);

/* One stream of incoming bytes on its way to flash, before it has a name. */
struct skr_ingest;

struct skr_ingest_options {
    uint64_t expected_size;                 /* SKR_SIZE_ANY when it is not known */
    bool md5, crc64;                        /* digests to compute */
    enum skr_checksum_kind checksum;        /* and this one, or NONE */
    const struct skr_object_name *block_of; /* these bytes are a block of this object: put beside its other blocks. Or NULL */
    uint64_t upload_id;                     /* with block_of: of the multipart upload, else 0 */
    void (*ready)(void *context);           /* there is room again after a write took less than offered */
    void *context;
};
#define SKR_SIZE_ANY UINT64_MAX

struct skr_digests {
    bool has_md5, has_crc64;
    uint8_t md5[16];
    uint64_t crc64;
    struct skr_checksum checksum; /* kind NONE: not there */
};

enum skr_status skr_ingest_open(struct skr_worker *worker, const struct skr_ingest_options *options, struct skr_ingest **out,
                                struct skr_error *err);
/* Takes up to `size` bytes and returns how many. */
size_t skr_ingest_write(struct skr_ingest *ingest, const void *data, size_t size);
/* No more bytes. Compares with `expected` digests (may be NULL): SKR_CHECKSUM_MISMATCH... SKR_OK: ready to be given a name now.
 * SKR_PENDING: bytes are on their way to flash, or are hashed together with others; `done` follows (result without object). */
enum skr_status skr_ingest_finish(struct skr_ingest *ingest, const struct skr_digests *expected, skr_done done, void *context,
                                  struct skr_error *err);
uint64_t skr_ingest_size(const struct skr_ingest *ingest);
/* Computed digests, once finish has said SKR_OK or `done` was called. */
const struct skr_digests *skr_ingest_digests(const struct skr_ingest *ingest);
void skr_ingest_discard(struct skr_ingest *ingest); /* at any time before it was given a name. NULL-safe */

/* ---- changing objects ---- */

enum skr_etag_kind {
    SKR_ETAG_OPAQUE,
    SKR_ETAG_MD5,  /* the MD5 in hexadecimal where `has_md5`, else opaque */
    SKR_ETAG_KEEP, /* copies: the source's MD5, else the source's entity tag as it is */
};

/* What the object becomes. */
struct skr_put {
    struct skr_object_name name;
    const struct skr_conditions *conditions; /* NULL: none */
    bool create_only;                        /* may not replace: SKR_FORBIDDEN (the caller lacks the right) */
    enum skr_etag_kind etag_kind;
    bool has_md5; /* MD5 to keep with the object */
    uint8_t md5[16];
    struct skr_bytes properties[SKR_PROPERTY_COUNT];
    const struct skr_name_value *metadata;
    size_t metadata_count;
    const struct skr_name_value *tags; /* at most SKR_MAX_TAGS */
    size_t tag_count;
    struct skr_checksum
        checksum; /* to keep with the object; NONE: that of the ingest, or of the source of a copy, if it has one */
    enum skr_checksum_form checksum_form;
};

/* Where the container keeps versions, what is replaced or deleted stays as a version, whichever front end asks. */

/* Takes the finished ingest over, whatever the outcome. Uncommitted blocks of the name are discarded. */
struct skr_pending *skr_put_object(struct skr_worker *worker, const struct skr_put *put, struct skr_ingest *ingest,
                                   skr_done done, void *context);

/* Takes the finished ingest over. Makes the upload when it is the first block. SKR_INVALID_BLOCK_ID, SKR_TOO_MANY_BLOCKS. */
struct skr_pending *skr_put_block(struct skr_worker *worker, const struct skr_object_name *name, struct skr_bytes block_name,
                                  struct skr_ingest *ingest, skr_done done, void *context);

struct skr_block_choice {
    struct skr_bytes name; /* decoded id */
    enum { SKR_BLOCK_LATEST, SKR_BLOCK_COMMITTED, SKR_BLOCK_UNCOMMITTED } from;
};
/* At most SKR_MAX_BLOCKS choices; SKR_INVALID_BLOCK_LIST. No byte moves. Other uncommitted blocks are discarded. */
struct skr_pending *skr_commit_blocks(struct skr_worker *worker, const struct skr_put *put,
                                      const struct skr_block_choice *choices, size_t count, skr_done done, void *context);
/* The block lists of a name. `object` has size 0 and no etag when only uncommitted blocks are there. Visits committed blocks in
 * order of the object, then uncommitted ones in order of their names. SKR_OBJECT_NOT_FOUND when there is neither. Of a version
 * only its own blocks. */
enum skr_status skr_read_block_list(struct skr_worker *worker, struct skr_arena *arena, const struct skr_object_name *name,
                                    const struct skr_conditions *conditions, bool committed, bool uncommitted,
                                    struct skr_object *object,
                                    bool (*visit)(void *context, bool is_committed, const struct skr_block *block),
                                    void *context, struct skr_error *err);

struct skr_copy_source {
    struct skr_object_name name;
    const struct skr_conditions *conditions; /* SKR_SOURCE_CONDITION_FAILED */
    uint64_t offset, length;                 /* for blocks; length SKR_SIZE_ANY: to the end. SKR_INVALID_RANGE */
};
enum {                               /* what a copy takes from its source instead of from `put` */
       SKR_COPY_PROPERTIES = 1 << 0, /* but for storage class, canned ACL and website redirect */
       SKR_COPY_METADATA = 1 << 1,
       SKR_COPY_TAGS = 1 << 2,
};
/* By reference, constant time at any size. The committed block list is copied too. `put->has_md5` compares: with expected MD5
 * of the source kept with it or computed never; set it false to keep the source's. SKR_SOURCE_NOT_FOUND; SKR_VERSION_NOT_FOUND
 * and SKR_IS_DELETE_MARKER are of the source, whose name gave a version. */
struct skr_pending *skr_copy_object(struct skr_worker *worker, const struct skr_put *put, const struct skr_copy_source *source,
                                    unsigned take, skr_done done, void *context);
/* Stages a range of an object as a block, by reference where its bytes are in content files. */
struct skr_pending *skr_put_block_from(struct skr_worker *worker, const struct skr_object_name *name,
                                       struct skr_bytes block_name, const struct skr_copy_source *source, skr_done done,
                                       void *context);

struct skr_object_settings {
    bool set_metadata;
    const struct skr_name_value *metadata;
    size_t metadata_count;
    uint32_t set_properties; /* bit 1 << enum skr_property: take it from `properties`, where NULL data clears it */
    struct skr_bytes properties[SKR_PROPERTY_COUNT];
    bool set_md5, has_md5;
    uint8_t md5[16];
    bool set_tags;
    const struct skr_name_value *tags;
    size_t tag_count;
};
/* New ETag and time of last change, except where only tags, tier or canned ACL change; the content stays. Changes the version
 * that the name gives, or the current one, in place; but where versions are kept, metadata without a version makes a new one,
 * that shares the content. SKR_IS_DELETE_MARKER. */
struct skr_pending *skr_update_object(struct skr_worker *worker, const struct skr_object_name *name,
                                      const struct skr_conditions *conditions, const struct skr_object_settings *settings,
                                      skr_done done, void *context);
/* Its uncommitted blocks stay. Without a version: where versions are kept, a delete marker is put on top, which
 * `result->object` is; with `mark_absent` also where nothing is there (else SKR_OBJECT_NOT_FOUND). With a version: that one
 * goes for good and is `result->object` (its bytes may be gone); the newest one left becomes current unless it is a delete
 * marker. SKR_VERSION_NOT_FOUND. */
struct skr_pending *skr_delete_object(struct skr_worker *worker, const struct skr_object_name *name,
                                      const struct skr_conditions *conditions, bool mark_absent, skr_done done, void *context);
/* Moves an object to another name of its container, replacing what is there, in constant time: content, metadata, tags, time of
 * last change and ETag stay. SKR_OBJECT_NOT_FOUND, SKR_SOURCE_CONDITION_FAILED, SKR_CONDITION_FAILED; SKR_UNSUPPORTED where
 * versions are kept. */
struct skr_pending *skr_rename_object(struct skr_worker *worker, const struct skr_copy_source *source,
                                      const struct skr_object_name *name, const struct skr_conditions *conditions,
                                      skr_done done, void *context);

/* ---- multipart uploads: the same records as uncommitted blocks, but several of a name, each with what its object will be ----
 */

struct skr_multipart {
    uint64_t id;
    struct skr_bytes key;
    int64_t created_ns;
    struct skr_object
        draft; /* properties, metadata, tags, checksum kind (value zero) and form of what it will be; no content */
};
/* Of `draft` name, properties, metadata, tags, checksum.kind and checksum_form count. `result->upload_id`. */
struct skr_pending *skr_create_multipart(struct skr_worker *worker, const struct skr_put *draft, skr_done done, void *context);
/* SKR_UPLOAD_NOT_FOUND: no such upload of this name. Texts in the arena. */
enum skr_status skr_get_multipart(struct skr_worker *worker, struct skr_arena *arena, const struct skr_object_name *name,
                                  uint64_t upload_id, struct skr_multipart *out, struct skr_error *err);
/* Takes the finished ingest over, which has an MD5 and, where the upload has one, its checksum. Replaces a part of the same
 * number. `part_number`: 1 to 10000. `result->block`. */
struct skr_pending *skr_put_part(struct skr_worker *worker, const struct skr_object_name *name, uint64_t upload_id,
                                 unsigned part_number, struct skr_ingest *ingest, skr_done done, void *context);
/* By reference. `md5` (and `checksum`, may be NULL) are of the source's range, which its caller has read; a source that changed
 * meanwhile is SKR_SOURCE_CONDITION_FAILED when its conditions name its entity tag. */
struct skr_pending *skr_put_part_from(struct skr_worker *worker, const struct skr_object_name *name, uint64_t upload_id,
                                      unsigned part_number, const struct skr_copy_source *source, const uint8_t md5[16],
                                      const struct skr_checksum *checksum, skr_done done, void *context);
/* Parts with numbers > `after`, in order, until `visit` returns false. SKR_UPLOAD_NOT_FOUND. */
enum skr_status skr_list_parts(struct skr_worker *worker, const struct skr_object_name *name, uint64_t upload_id,
                               unsigned after, bool (*visit)(void *context, unsigned part_number, const struct skr_block *part),
                               void *context, struct skr_error *err);

struct skr_list_multiparts_options {
    struct skr_bytes account, container, prefix, delimiter;
    struct skr_bytes from; /* keys and common prefixes >= it */
    uint64_t after_upload; /* of the key `from`: only uploads with a greater id. 0: all of them */
};
struct skr_multipart_entry {
    struct skr_bytes key;
    bool is_prefix;
    const struct skr_multipart *upload; /* NULL for a prefix */
};
/* Keys in byte order, uploads of a key in the order of their ids. */
enum skr_status skr_list_multiparts(struct skr_worker *worker, const struct skr_list_multiparts_options *options,
                                    bool (*visit)(void *context, const struct skr_multipart_entry *entry), void *context,
                                    struct skr_error *err);

struct skr_part_choice {
    unsigned number;
    bool has_md5; /* compare; false: the entity tag that the client named cannot be one of ours, SKR_INVALID_PART */
    uint8_t md5[16];
    struct skr_checksum checksum; /* compare when its kind is not NONE */
};
struct skr_completion {
    struct skr_object_name name;
    const struct skr_conditions *conditions;
    uint64_t upload_id;
    const struct skr_part_choice *parts; /* in ascending order, at least one */
    size_t count;
    uint64_t least_part_bytes;    /* of all but the last: SKR_PART_TOO_SMALL */
    uint64_t expected_size;       /* SKR_SIZE_ANY: not announced. Else SKR_INVALID_ARGUMENT when the sum differs */
    struct skr_checksum checksum; /* announced for the whole; kind NONE: not. SKR_CHECKSUM_MISMATCH */
};
/* No byte moves. The ETag is the MD5 of the parts' MD5s, "-" and their count. An upload that was completed already, and whose
 * object is still there, gives the same result again. SKR_UPLOAD_NOT_FOUND, SKR_INVALID_PART. */
struct skr_pending *skr_complete_multipart(struct skr_worker *worker, const struct skr_completion *completion, skr_done done,
                                           void *context);
struct skr_pending *skr_abort_multipart(struct skr_worker *worker, const struct skr_object_name *name, uint64_t upload_id,
                                        skr_done done, void *context);
/* The parts (or blocks) that an object was made of, in order, with their offsets: for reading part n and for its attributes.
 * Nothing when it was put whole. For the reader's lifetime the content is the one that was opened. */
enum skr_status skr_object_parts(struct skr_worker *worker, const struct skr_object *object,
                                 bool (*visit)(void *context, size_t index, const struct skr_block *part,
                                               uint64_t offset_bytes),
                                 void *context, struct skr_error *err);

/* ---- federation: containers in front of upstreams ---- */

/* Binds a container of ours, which is made when it is not there, or with SKR_ALL_CONTAINERS each of the account that has no
 * binding of its own. Replaces the binding that it has. What it holds stays. Of `binding` the id is not looked at, and the
 * texts are copied. SKR_INVALID_ARGUMENT: the message says what is wrong and shows no secret; SKR_UNSUPPORTED: the container
 * keeps versions. */
struct skr_pending *skr_attach(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                               const struct skr_binding *binding, skr_done done, void *context);
/* Is this the binding of that very name already, secrets included? The ids are not compared. */
bool skr_is_attached(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                     const struct skr_binding *binding);
/* SKR_NOT_FOUND: it has no binding of its own. */
struct skr_pending *skr_detach(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container, skr_done done,
                               void *context);
struct skr_binding_state {
    struct skr_bytes account, container;
    const struct skr_binding *binding;        /* without its secrets */
    const char *upstream;                     /* "https://host/path" */
    uint64_t mirror_rounds, mirrored_objects; /* a mirror: rounds that ended; names seen in the one under way, or the last */
    uint64_t fetched_bytes, fetches, failures, refreshes, stale_answers;
    const char *last_failure; /* how the last call that failed did; empty: none has since the binding was made */
    int64_t last_failure_ns;  /* Unix; 0: none */
    bool is_derived;          /* of one container, out of the binding of SKR_ALL_CONTAINERS */
    bool is_well;             /* the last call that ended did not fail */
};
/* All bindings, in order of account and container. Any thread. `visit` returns false to stop. */
void skr_visit_bindings(struct skr_core *core, bool (*visit)(void *context, const struct skr_binding_state *state),
                        void *context);

/* A name that its upstream does not have as we have it. */
enum skr_dirty_state { SKR_DIRTY_PENDING = 1, SKR_DIRTY_FAILED = 2, SKR_DIRTY_CONFLICT = 3 };
struct skr_dirty {
    uint64_t sequence; /* its place in the queue; another one after each change of the name */
    struct skr_bytes account, container, key;
    enum skr_dirty_state state;
    struct skr_bytes reason; /* of a failure or conflict */
    bool is_deletion;
    uint64_t size_bytes;                         /* to be uploaded */
    int64_t since_ns, changed_ns, not_before_ns; /* Unix: first and last change, and when it is tried again */
    unsigned attempts;
};
/* In order of the queue, those with a sequence > `after`; `state` 0: in any. `visit` returns false to stop. */
enum skr_status skr_list_dirty(struct skr_worker *worker, uint64_t after, enum skr_dirty_state state,
                               bool (*visit)(void *context, const struct skr_dirty *dirty), void *context,
                               struct skr_error *err);
struct skr_flush_options {
    struct skr_bytes account, container, prefix; /* empty: any */
    int64_t mark_ns; /* what was dirty before it is waited for: skr_flush_numbers.mark_ns of an earlier call. 0: before now */
    unsigned patience_ms;
};
struct skr_flush_numbers {
    int64_t mark_ns;
    uint64_t pending_objects, pending_bytes, failed_objects, conflict_objects; /* what is left of what was waited for */
};
/* Waits until upstream has what was changed before the mark. Ends with SKR_BUSY after `patience_ms` (ask again with the mark,
 * or later changes are waited for as well), with SKR_CONDITION_FAILED when what is left is in conflict, with
 * SKR_UPSTREAM_FAILED when upstream refuses some of it. `result->flush` says how much. */
struct skr_pending *skr_flush(struct skr_worker *worker, const struct skr_flush_options *options, skr_done done, void *context);
enum skr_resolution {
    SKR_RESOLVE_RETRY,
    SKR_RESOLVE_KEEP_LOCAL,  /* ours replaces whatever upstream has */
    SKR_RESOLVE_KEEP_REMOTE, /* ours goes, and what upstream has is taken in when it is asked for */
};
/* `sequence`: only if that is what the name's still is, for those who decide about what they were shown; 0: whatever it is.
 * SKR_NOT_FOUND: the name is not dirty. SKR_CONDITION_FAILED: it was changed meanwhile. */
struct skr_pending *skr_resolve(struct skr_worker *worker, const struct skr_object_name *name, uint64_t sequence,
                                enum skr_resolution resolution, skr_done done, void *context);

/* ---- what is here of upstreams: how much, what stays, what goes ---- */

/* Keeps the names of a bound container that begin with `prefix` from being evicted, also after a restart. Fetches nothing.
 * SKR_NOT_FOUND: the container is not bound; no such pin. */
struct skr_pending *skr_pin_prefix(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                                   struct skr_bytes prefix, skr_done done, void *context);
struct skr_pending *skr_unpin_prefix(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                                     struct skr_bytes prefix, skr_done done, void *context);
/* All pins. Any thread. `visit` returns false to stop. */
void skr_visit_pins(struct skr_core *core,
                    bool (*visit)(void *context, struct skr_bytes account, struct skr_bytes container, struct skr_bytes prefix),
                    void *context);

/* Goes through the names of a container in the background, in bounded steps. */
struct skr_survey;
struct skr_survey_options {
    struct skr_bytes account, container, prefix;
    struct skr_bytes delimiter; /* of what follows the prefix; empty: none */
    unsigned depth;             /* a row for each common prefix up to so many delimiters, too. 0: only the sum */
};
struct skr_residency {
    struct skr_bytes prefix; /* what the row is of: it alone, without the rows for longer ones. The first row is the sum */
    uint64_t objects, bytes;
    uint64_t local_objects; /* those of which all is here */
    uint64_t local_bytes;
    uint64_t pinned_bytes; /* of local_bytes */
    uint64_t own_bytes;    /* of local_bytes: upstream does not have them */
};
#define SKR_MOST_RESIDENCY_ROWS 10000
struct skr_survey_result {
    enum skr_status status;
    const struct skr_error *error;
    const struct skr_residency *rows;
    size_t count;
    bool is_truncated;                     /* there would be more rows: the sum has their numbers, too */
    uint64_t evicted_bytes, evicted_items; /* of skr_evict_prefix() */
    uint64_t spared_bytes;                 /* likewise: pinned, in use, or what upstream does not have as it is here */
};
typedef void (*skr_surveyed)(void *context, const struct skr_survey_result *result);
/* `done` is called once, on the worker's executor, with a result that is valid during the call; unless it is cancelled before.
 * NULL: no memory. */
struct skr_survey *skr_survey_residency(struct skr_worker *worker, const struct skr_survey_options *options, skr_surveyed done,
                                        void *context);
/* Takes away what is here of upstream's under these names, whatever the room. It can be fetched again. */
struct skr_survey *skr_evict_prefix(struct skr_worker *worker, const struct skr_survey_options *options, skr_surveyed done,
                                    void *context);
/* `done` is not called any more; what was evicted stays so. NULL-safe. */
void skr_survey_cancel(struct skr_survey *survey);

/* Fetching ahead, in the background, what may not be known here yet. A job goes on after a restart where it was. */
struct skr_prefetch_options {
    struct skr_bytes account, container;
    struct skr_bytes prefix;      /* what upstream lists with this prefix */
    const struct skr_bytes *keys; /* or these, when not NULL */
    size_t key_count;             /* at most SKR_MOST_PREFETCH_KEYS */
    uint64_t bytes_per_s;         /* 0: as fast as it goes */
    unsigned concurrency;         /* objects at a time, at most 64. 0: 8 */
};
#define SKR_MOST_PREFETCH_KEYS 100000
/* Values are stored. */
enum skr_prefetch_phase { SKR_PREFETCH_RUNS = 1, SKR_PREFETCH_DONE = 2, SKR_PREFETCH_CANCELLED = 3, SKR_PREFETCH_FAILED = 4 };
/* `result->job_id`. SKR_NOT_FOUND: the container is not bound. */
struct skr_pending *skr_prefetch_begin(struct skr_worker *worker, const struct skr_prefetch_options *options, skr_done done,
                                       void *context);
/* Ends a job; one that has ended is forgotten. SKR_NOT_FOUND. */
struct skr_pending *skr_prefetch_cancel(struct skr_worker *worker, uint64_t job_id, skr_done done, void *context);
struct skr_prefetch_state {
    uint64_t job_id;
    enum skr_prefetch_phase phase;
    struct skr_bytes account, container, prefix;
    bool is_manifest;
    bool is_counted; /* the totals are of all: upstream was listed to the end. Bytes of a manifest are not known before */
    uint64_t objects_done, objects_total, objects_failed; /* failed ones are done, too */
    uint64_t bytes_done, bytes_total;
    uint64_t fetched_bytes; /* of bytes_done: the others were here already */
    uint64_t bytes_per_s;   /* lately */
    int64_t left_s;         /* at that rate; -1: not known */
    int64_t created_ns, ended_ns;
    struct skr_bytes last_failure; /* why the last object that failed did */
};
/* All jobs that were not forgotten, in the order of their beginning. Any thread. `visit` returns false to stop. */
void skr_visit_prefetches(struct skr_core *core, bool (*visit)(void *context, const struct skr_prefetch_state *state),
                          void *context);

struct skr_space_numbers {
    uint64_t cached_bytes, cached_items; /* here, and upstreams have it, too; items are chunks or whole small objects */
    uint64_t held_bytes;                 /* of those, what was found to have to stay when its turn to go came */
    uint64_t capacity_bytes;             /* as set or, without a setting, what the disk would have for it now */
    uint64_t evicted_bytes, evicted_items;
    uint64_t hit_bytes, miss_bytes; /* read out of the store, and out of what came from upstream at the time */
    uint64_t untracked_items;       /* not in the account, for lack of memory */
    bool is_counted;                /* all that was here at the start is in the account */
};
/* Any thread. */
void skr_space_read_numbers(struct skr_core *core, struct skr_space_numbers *out);
/* Of each bound container that anything was cached of since the start. Any thread. `visit` returns false to stop. */
struct skr_container_space {
    struct skr_bytes account, container;
    uint64_t cached_bytes, cached_items, capacity_bytes, evicted_bytes, evicted_items;
};
void skr_visit_container_space(struct skr_core *core, bool (*visit)(void *context, const struct skr_container_space *space),
                               void *context);

/* ---- running and checking ---- */

struct skr_core_numbers {
    uint64_t commits, changes, failed_changes, queue_length, meta_map_bytes, meta_used_bytes;
    uint64_t written_bytes, read_bytes, lent_bytes, checksum_failures, syncs;
    uint64_t free_bytes, total_bytes, garbage_collected;
    uint64_t dirty_objects, dirty_bytes, dirty_failed, dirty_conflicts; /* what upstreams lack */
    int64_t dirty_oldest_ns; /* since when the first in the queue is dirty; 0: nothing is */
    bool read_only, out_of_space;
};
void skr_core_read_numbers(struct skr_core *core, struct skr_core_numbers *out); /* any thread */

struct skr_check_options {
    bool repair;
    bool verify_bytes;                                              /* also reads every content file and compares checksums */
    void (*report)(void *context, const char *text);                /* a line a problem */
    void (*progress)(void *context, uint64_t done, uint64_t total); /* may be NULL */
    void *context;
};
struct skr_check_summary {
    uint64_t containers, objects, directories, contents, files, uploads, blocks, object_bytes;
    uint64_t versions; /* not current, delete markers too; their bytes are among object_bytes */
    uint64_t problems, repaired, garbage_files, garbage_bytes;
};
/* Checks every invariant between records and contents of a data folder that no server has open. */
enum skr_status skr_core_check(const char *directory, const struct skr_check_options *options, struct skr_check_summary *out,
                               struct skr_error *err);

#endif
