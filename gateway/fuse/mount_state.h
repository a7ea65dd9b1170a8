/* What the files of this room share: a mount, its threads, and one request. */
#ifndef SKERRY_FUSE_MOUNT_STATE_H
#define SKERRY_FUSE_MOUNT_STATE_H

#include <errno.h>

#include "errors.h"
#include "opened.h"
#include "operations.h"
#include "skerry/log.h"
#include "skerry/mount.h"

struct skr_operation_count {
    _Atomic uint64_t count, failed;
};

/* What the kernel was given for an open file or directory. When it is unmounted under a program, nobody hands it back. */
struct skr_lent {
    struct skr_lent *next, **link; /* guarded by the table's lock */
    void (*abandon)(struct skr_lent *lent);
};

struct skr_thread;
struct skr_mount {
    struct skr_transport transport; /* first: libfuse hands one pointer to both */
    struct skr_mount_options options;
    char *directory;
    struct fuse_session *session;
    struct skr_nodes nodes;
    struct skr_watcher watcher;
    pthread_rwlock_t moving; /* for reading: whoever changes names or attributes. For writing: directories get other names, and
                                drafts whose object is not where it was are published */
    struct skr_threads *threads;
    struct skr_lent *lent; /* guarded by the table's lock */
    _Atomic bool is_closing;
    _Atomic bool all_are_bound; /* a container that is not here may be upstream */
    _Atomic int64_t looked_ns;  /* when that was found out */
    struct skr_caller opener;   /* of the thread that opens and closes it */
    struct skr_keeper *keeper;
    struct skr_notifier *notifier;
    struct skr_operation_count operations[SKR_OPERATION_COUNT];
    _Atomic uint64_t open_files, passthrough_opens, passthrough_opens_total;
};

/* One request of the kernel, or work of our own where `request` is NULL. */
struct skr_errand {
    struct skr_mount *mount;
    struct skr_caller *caller;
    fuse_req_t request;
    enum skr_operation operation;
    struct skr_arena arena;
    struct skr_error error; /* of the last call of core that failed */
    _Alignas(16) char memory[2048];
};
/* False: the request was refused. */
bool skr_errand_begin(struct skr_errand *errand, fuse_req_t request, enum skr_operation operation);
/* For work of our own. */
void skr_errand_prepare(struct skr_errand *errand, struct skr_mount *mount, struct skr_caller *caller);
#define SKR_DONE (-1) /* in place of an errno: it went well, and there is nothing else to say */
/* `outcome`: 0: it was answered; SKR_DONE; or an errno, which is the answer. */
void skr_errand_end(struct skr_errand *errand, int outcome);
/* Whoever waits for it gave up. An errand as context. */
bool skr_errand_gave_up(void *errand);
/* A status as an outcome; logs what is worth it. */
int skr_errand_fail(struct skr_errand *errand, enum skr_status status, const char *what);

static inline struct skr_node *skr_node_of(const struct skr_mount *mount, fuse_ino_t number)
{
    return number == FUSE_ROOT_ID ? mount->nodes.root : (struct skr_node *)(uintptr_t)number;
}
static inline fuse_ino_t skr_number_of(const struct skr_mount *mount, const struct skr_node *node)
{
    return node == mount->nodes.root ? FUSE_ROOT_ID : (fuse_ino_t)(uintptr_t)node;
}
static inline bool skr_lists_containers(const struct skr_node *node)
{
    return node->place == NULL;
}

/* ---- threads.c ---- */
enum skr_status skr_threads_start(struct skr_mount *mount, struct skr_error *err);
void skr_threads_stop(struct skr_mount *mount); /* after it was unmounted */
char *skr_this_buffer(void);                    /* of the thread that asks: SKR_BUFFER_BYTES */
#define SKR_BUFFER_BYTES (UINT32_C(1) << 20)

/* ---- lent.c ---- */
void skr_lend(struct skr_mount *mount, struct skr_lent *lent, void (*abandon)(struct skr_lent *lent));
void skr_take_back(struct skr_mount *mount, struct skr_lent *lent);
void skr_abandon_all(struct skr_mount *mount);

/* ---- keeper.c: publishes what stays open for long ---- */
enum skr_status skr_keeper_start(struct skr_mount *mount, struct skr_error *err);
void skr_keeper_stop(struct skr_mount *mount);
/* Publishes all that was written. */
void skr_keeper_publish_all(struct skr_errand *errand, int64_t before_ns);

/* ---- places.c ---- */
/* Is the container bound to an upstream? Knows what was so a second ago. */
bool skr_place_is_bound(struct skr_mount *mount, struct skr_place *place);
/* For how long the kernel may believe what it was told of a name, in seconds. */
double skr_place_patience(struct skr_mount *mount, struct skr_place *place, bool is_there);
double skr_containers_patience(struct skr_mount *mount);
struct skr_object_name skr_mounted_object(const struct skr_mount *mount, const struct skr_place *place, struct skr_bytes path);
struct skr_file_name skr_mounted_file(const struct skr_mount *mount, const struct skr_place *place, struct skr_bytes path);
int64_t skr_monotonic_ns(void);
int64_t skr_now_ns(void); /* Unix */

/* ---- find.c ---- */
/* What is at a path. Asks upstream where it has to. `held` not NULL: a file's bytes will be read. SKR_OBJECT_NOT_FOUND. */
enum skr_status skr_find(struct skr_errand *errand, struct skr_place *place, struct skr_bytes path, struct skr_facts *facts,
                         struct skr_held **held);
/* As known here, without asking. */
enum skr_status skr_find_known(struct skr_errand *errand, const struct skr_place *place, struct skr_bytes path,
                               struct skr_facts *facts, struct skr_held **held);
/* What is at a node that has a path. SKR_OBJECT_NOT_FOUND, too, where something else is there now; it is detached then. */
enum skr_status skr_find_node(struct skr_errand *errand, struct skr_node *node, struct skr_facts *facts,
                              struct skr_held **held);
/* What upstream lists there, as skr_prepare_listing(). */
enum skr_status skr_find_listing(struct skr_errand *errand, const struct skr_list_options *options, uint64_t wanted,
                                 struct skr_remote_listing **out);

/* ---- attributes.c ---- */
/* Path: of a directory, for its number. */
void skr_stat_of(const struct skr_mount *mount, const struct skr_place *place, struct skr_bytes path,
                 const struct skr_facts *facts, struct stat *out);
void skr_stat_of_containers(const struct skr_mount *mount, struct stat *out);
/* Of a node as it is now: from what is open, or found. An errno. */
int skr_stat_node(struct skr_errand *errand, struct skr_node *node, struct skr_facts *facts, struct stat *out);

/* ---- containers.c ---- */
/* The container of that name, as the facts of a directory; makes its place. */
enum skr_status skr_find_container(struct skr_errand *errand, struct skr_bytes name, struct skr_facts *facts,
                                   struct skr_place **place);

/* ---- lookup.c ---- */
/* Enters what was found, and answers with it. An outcome. */
int skr_reply_entry(struct skr_errand *errand, struct skr_node *parent, struct skr_bytes name, const struct skr_facts *facts,
                    struct skr_place *place);
/* What the kernel is told of an entry, which it then knows once more; an errno. */
int skr_enter(struct skr_errand *errand, struct skr_node *parent, struct skr_bytes name, const struct skr_facts *facts,
              struct skr_place *place, struct fuse_entry_param *out, struct skr_node **node);

#endif
