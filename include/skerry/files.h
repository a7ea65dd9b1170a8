/* Core, seen as files: what POSIX asks of the namespace that objects fill.
 *
 * A path is relative to its container: components with one slash between them, none at either end; empty: the container's own
 * directory. What keys hold that no path can say (empty components, "." and "..", components above 255 bytes) has no path.
 * The object "a" is not seen where there is something below "a/": the directory is.
 *
 * A directory is there while there is something below it, or while it has a marker, the object "a/", which mkdir makes; an
 * object "a" with the metadata hdi_isfolder=true, as Azure's clients write, is one, too. What these calls remove leaves its
 * directory behind: one that would be gone with its last entry gets a marker.
 *
 * A symbolic link is an object with the metadata is_symlink=true, whose bytes are the target, as Azure's clients write it.
 *
 * Mode, owner and times of a file are with its object; writing the object through another face makes a new file, which has
 * none. Changing them changes neither ETag nor Last-Modified. Extended attributes are the object's metadata.
 *
 * Changes are asynchronous as in core.h and complete on the worker's executor. What is said to block runs its own I/O through
 * the worker's ring until it is over: for threads that serve one request at a time.
 */
#ifndef SKERRY_FILES_H
#define SKERRY_FILES_H

#include "skerry/core.h"

#define SKR_MAX_COMPONENT_BYTES 255
#define SKR_MAX_SYMLINK_BYTES 4095

struct skr_file_name {
    struct skr_bytes account, container, path;
};

enum skr_file_kind { SKR_FILE_REGULAR = 1, SKR_FILE_DIRECTORY = 2, SKR_FILE_SYMLINK = 3 };

enum { /* which of the attributes are given, or kept */
       SKR_ATTRIBUTE_MODE = 1 << 0,
       SKR_ATTRIBUTE_USER = 1 << 1,
       SKR_ATTRIBUTE_GROUP = 1 << 2,
       SKR_ATTRIBUTE_MODIFIED = 1 << 3,
       SKR_ATTRIBUTE_ACCESSED = 1 << 4,
       SKR_ATTRIBUTE_CHANGED = 1 << 5, /* core's own */
};
struct skr_file_attributes {
    unsigned given;
    uint32_t mode; /* 0 to 07777 */
    uint32_t user, group;
    int64_t modified_ns, accessed_ns; /* Unix. Not given: as the object's Last-Modified */
    int64_t changed_ns;               /* likewise: when one of these was changed last */
};

/* What a path leads to. */
struct skr_entry {
    enum skr_file_kind kind;
    struct skr_object object; /* of a directory its marker; kind 0: it has none. In the arena of the call */
    struct skr_file_attributes attributes;
};

/* What an object is as a file. `key` says whether it is a marker. */
enum skr_file_kind skr_file_kind_of(struct skr_bytes key, const struct skr_object *object);
/* Those that were kept with it; what was not is not given. */
void skr_file_attributes_of(const struct skr_object *object, struct skr_file_attributes *out);
/* Likewise of a container's own directory. */
void skr_container_attributes_of(const struct skr_container *container, struct skr_file_attributes *out);
/* Can a path say this key, which lies in a directory that one can say? `component` is what follows that directory. */
bool skr_is_component(struct skr_bytes component);

/* As known here; upstream is asked before, by skr_prepare_object() and skr_prepare_listing(). SKR_CONTAINER_NOT_FOUND,
 * SKR_OBJECT_NOT_FOUND, SKR_INVALID_NAME. */
/* `held`, where it is not NULL: the content of a file as it is now, for reading; NULL of what is no file. */
struct skr_held;
enum skr_status skr_find_file(struct skr_worker *worker, struct skr_arena *arena, const struct skr_file_name *name,
                              struct skr_entry *out, struct skr_held **held, struct skr_error *err);

/* ---- changing names ----
 *
 * SKR_OBJECT_NOT_FOUND: it, or the directory that it is in, is not there. SKR_NOT_A_DIRECTORY, SKR_IS_A_DIRECTORY,
 * SKR_DIRECTORY_NOT_EMPTY, SKR_OBJECT_EXISTS. SKR_INVALID_NAME, SKR_NAME_TOO_LONG. Further those of changes of objects. */

/* An empty file. Where `exclusive` is not set and a file is there already, nothing changes. `result->object`. */
struct skr_pending *skr_make_file(struct skr_worker *worker, const struct skr_file_name *name,
                                  const struct skr_file_attributes *attributes, bool exclusive, skr_done done, void *context);
struct skr_pending *skr_make_symlink(struct skr_worker *worker, const struct skr_file_name *name, struct skr_bytes target,
                                     const struct skr_file_attributes *attributes, skr_done done, void *context);
struct skr_pending *skr_make_directory(struct skr_worker *worker, const struct skr_file_name *name,
                                       const struct skr_file_attributes *attributes, skr_done done, void *context);
/* Of a file or symbolic link. */
struct skr_pending *skr_remove_file(struct skr_worker *worker, const struct skr_file_name *name, skr_done done, void *context);
struct skr_pending *skr_remove_directory(struct skr_worker *worker, const struct skr_file_name *name, skr_done done,
                                         void *context);
enum skr_rename_mode {
    SKR_RENAME_REPLACE,    /* a file, or an empty directory */
    SKR_RENAME_NO_REPLACE, /* SKR_OBJECT_EXISTS */
    SKR_RENAME_EXCHANGE,   /* both are there, and change places */
};
/* A directory of any size in constant time. `from` and `to` are of one account. SKR_OTHER_CONTAINER: of two containers, or a
 * directory of a container that keeps versions or has an upstream: what is below it has to be copied. */
struct skr_pending *skr_rename_file(struct skr_worker *worker, const struct skr_file_name *from, const struct skr_file_name *to,
                                    enum skr_rename_mode mode, skr_done done, void *context);
/* Sets what is given; the rest stays. A directory without a marker gets one; a container's own are
 * kept with the container. */
struct skr_pending *skr_set_file_attributes(struct skr_worker *worker, const struct skr_file_name *name,
                                            const struct skr_file_attributes *attributes, skr_done done, void *context);
enum skr_xattr_mode { SKR_XATTR_SET, SKR_XATTR_CREATE, SKR_XATTR_REPLACE, SKR_XATTR_REMOVE };
/* One extended attribute, of a name and value as metadata hold them. SKR_XATTR_CREATE: SKR_OBJECT_EXISTS where it is there;
 * SKR_XATTR_REPLACE and SKR_XATTR_REMOVE: SKR_NOT_FOUND where it is not. SKR_TOO_LARGE: with it the metadata would be. */
struct skr_pending *skr_set_file_xattr(struct skr_worker *worker, const struct skr_file_name *name,
                                       const struct skr_name_value *xattr, enum skr_xattr_mode mode, skr_done done,
                                       void *context);

/* ---- reading: any bytes, on any thread, of a content that is held ---- */

/* A content that stays readable, whatever becomes of its name. Counted by reference. */
struct skr_held;
struct skr_held *skr_held_retain(struct skr_held *held);                 /* any thread */
void skr_held_release(struct skr_held *held);                            /* any thread. NULL-safe */
const struct skr_content *skr_held_content(const struct skr_held *held); /* any thread */
/* Up to `size` verified bytes; fewer only at its end. What upstream has of them is fetched, and up to `ahead` bytes behind
 * them. Blocks. -1: it failed, `err` says how. */
ssize_t skr_held_read(struct skr_worker *worker, const struct skr_held *held, uint64_t offset, void *buffer, size_t size,
                      uint64_t ahead, struct skr_error *err);
/* Opens for reading the content file that holds all of it, from its first byte to its last, and nothing else. The caller closes
 * it. SKR_UNSUPPORTED: it is not kept in that way. */
enum skr_status skr_held_open_file(struct skr_worker *worker, const struct skr_held *held, int *fd, struct skr_error *err);

/* Copies a content of several pieces into one that skr_held_open_file() can open, in the background; nothing else of the object
 * changes. Not what has holes, or an upstream. `name` and `object_id` lead to what it is the content of. Any thread. */
void skr_straighten_later(struct skr_core *core, const struct skr_file_name *name, uint64_t object_id, struct skr_held *held);

/* ---- writing: a draft of what a file will hold ----
 *
 * Begins as the content of its file, takes writes at any place in any order, and becomes the file's content when it is
 * published: at once, whole, and durable. Until then other faces see what was there. Contents do not change: a draft writes
 * 64 KiB chunks to a file of its own, and what it publishes is a list of old and new chunks, so that publishing costs what was
 * changed. A file whose every chunk was written in its place once is one piece on the disk.
 *
 * Shared by threads; calls on one draft wait for each other. All block. */
struct skr_draft;

/* Retains `held` for as long as it needs it. */
enum skr_status skr_draft_open(struct skr_worker *worker, struct skr_held *held, struct skr_draft **out, struct skr_error *err);
/* Gives up what was not published. NULL-safe. */
void skr_draft_close(struct skr_worker *worker, struct skr_draft *draft);
uint64_t skr_draft_size(struct skr_draft *draft);
bool skr_draft_is_dirty(struct skr_draft *draft); /* something was changed since it was published last */
/* All or nothing, but for SKR_NO_SPACE and SKR_IO, where a part of the range may be changed. SKR_TOO_LARGE. */
enum skr_status skr_draft_write(struct skr_worker *worker, struct skr_draft *draft, uint64_t offset, const void *data,
                                size_t size, struct skr_error *err);
/* At its end. `*at`: where the data went. */
enum skr_status skr_draft_append(struct skr_worker *worker, struct skr_draft *draft, const void *data, size_t size,
                                 uint64_t *at, struct skr_error *err);
/* As skr_held_read(). */
ssize_t skr_draft_read(struct skr_worker *worker, struct skr_draft *draft, uint64_t offset, void *buffer, size_t size,
                       struct skr_error *err);
/* What is new reads as zeros. */
enum skr_status skr_draft_resize(struct skr_worker *worker, struct skr_draft *draft, uint64_t size, struct skr_error *err);
/* The draft becomes all of another content, by reference: a copy in constant time. */
enum skr_status skr_draft_replace(struct skr_worker *worker, struct skr_draft *draft, struct skr_held *held,
                                  struct skr_error *err);
/* Zeros, whose chunks take no room where they are whole; the size stays. */
enum skr_status skr_draft_punch(struct skr_worker *worker, struct skr_draft *draft, uint64_t offset, uint64_t size,
                                struct skr_error *err);
/* The first byte at or behind `offset` that is data, or that is a hole. SKR_NOT_FOUND: there is none (the end is a hole). */
enum skr_status skr_draft_seek(struct skr_draft *draft, uint64_t offset, bool data, uint64_t *out, struct skr_error *err);
/* Makes it the content of the file `name`, if that is still the object `object_id`: id, creation, properties, metadata and tags
 * stay, ETag and Last-Modified are new, and so are the attributes that are given. SKR_OK, too, where nothing was changed.
 * Where versions are kept, the first one that is published makes a version, with a new id, unless the file was empty.
 * SKR_OBJECT_NOT_FOUND: another object, or none, is there now; the draft can be read and written further. `out` is the object
 * as it is then; in the arena. */
enum skr_status skr_draft_publish(struct skr_worker *worker, struct skr_arena *arena, struct skr_draft *draft,
                                  const struct skr_file_name *name, uint64_t object_id,
                                  const struct skr_file_attributes *attributes, struct skr_object *out, struct skr_error *err);
/* What it was published as last, or began with; retained for the caller. */
struct skr_held *skr_draft_held(struct skr_draft *draft);

/* ---- who else changes names ---- */

/* Told after a change was committed, of each name that may have changed. On the commit thread: must not block, and calls
 * nothing of core. */
struct skr_watcher {
    /* `objects_node` is that of the container. The key of an object or marker, or, with a slash at the end, a directory that
     * was moved with all that is below it. Node 0: a container came, went or was changed; `key` is "account/container".
     * Node 0 and no key: any name may have changed, by whomever: said in place of very many at once. */
    void (*changed)(void *context, uint64_t objects_node, struct skr_bytes key);
    void *context;
    struct skr_watcher *next; /* private */
};
void skr_watch(struct skr_core *core, struct skr_watcher *watcher);
void skr_unwatch(struct skr_core *core, struct skr_watcher *watcher); /* it is not called any more after this */
/* Changes that this worker makes are not told to that watcher, who knows of them. */
void skr_worker_set_watcher(struct skr_worker *worker, struct skr_watcher *watcher);

#endif
