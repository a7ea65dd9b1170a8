/* What the files of meta share: the environment, views, tables and keys. */
#ifndef SKERRY_META_PRIVATE_H
#define SKERRY_META_PRIVATE_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "skerry/meta.h"

/* The tables. All keys of numbers are big-endian, so that they sort as numbers. */
enum skr_table {
    SKR_TABLE_CONFIG,     /* name -> u64 */
    SKR_TABLE_ACCOUNTS,   /* account NUL name -> document */
    SKR_TABLE_CONTAINERS, /* account NUL container -> record */
    SKR_TABLE_DIRENTS,    /* node, piece of a name -> interior node, or a leaf's record */
    SKR_TABLE_NODES,      /* node -> parent node, piece */
    SKR_TABLE_CONTENTS,   /* content -> references, size, layout */
    SKR_TABLE_EXTENTS,    /* content, offset of the row's first extent -> extents */
    SKR_TABLE_PAYLOADS,   /* content -> bytes */
    SKR_TABLE_FILES,      /* file -> references */
    SKR_TABLE_CHECKSUMS,  /* file, row -> CRC32C of 512 chunks */
    SKR_TABLE_BLOCKLISTS, /* content, row -> names and sizes */
    SKR_TABLE_UPLOADS,    /* upload -> record */
    SKR_TABLE_BLOCKS,     /* upload, name -> owned, extents */
    SKR_TABLE_GARBAGE,    /* row -> what */
    SKR_TABLE_BINDINGS,   /* account NUL container -> record */
    SKR_TABLE_JOURNAL,    /* sequence -> entry */
    SKR_TABLE_NOTES,      /* kind, number, part -> core's own */
    SKR_TABLE_COUNT
};

/* One thread's place at the gate: odd while it holds a view. A cache line of its own. */
struct skr_gate_place {
    _Alignas(64) _Atomic uint64_t state;
};

struct skr_names;

struct skr_view {
    struct skr_meta *meta;
    MDB_txn *txn;
    struct skr_meta_reader *reader; /* NULL in a change */
    bool written;                   /* a change has written something */
    bool ticked;
    int64_t tick_ns;         /* the last one given in this transaction */
    int64_t room_bytes;      /* what growing may still use, where the map has a limit */
    bool map_full;           /* LMDB said so: the map can grow */
    struct skr_names *names; /* NULL: nobody listens to what changes (names.c) */
    const void *origin;      /* of the change that runs */
    bool journal_written;    /* the next are the sums as they are now; the row has them when it is committed */
    struct skr_journal_numbers journal;
};

struct skr_meta_reader {
    struct skr_meta *meta;
    MDB_txn *txn; /* reset between views */
    size_t place;
    struct skr_view view;
};

struct skr_meta {
    MDB_env *env;
    MDB_dbi tables[SKR_TABLE_COUNT];
    bool read_only, was_clean;
    int folder_fd, lock_fd;
    uint64_t boot;
    _Atomic uint64_t sequence;
    int64_t tick_ns;                   /* commit thread only */
    uint64_t map_bytes, map_max_bytes; /* commit thread only after opening */
    struct skr_meta_counters counters;

    pthread_mutex_t listener_lock;              /* held while it is told */
    struct skr_meta_listener *_Atomic listener; /* written under the lock */
    struct skr_names *names;                    /* commit thread only; NULL until there was a listener */

    /* the gate: readers wait while the map is replaced */
    struct skr_gate_place *places;
    size_t place_count;
    _Atomic bool gate_closed;
    pthread_mutex_t gate_lock; /* guards place_used */
    pthread_cond_t gate_open;
    bool *place_used;

    /* the queue of changes */
    pthread_mutex_t queue_lock; /* guards what follows */
    pthread_cond_t queue_filled;
    struct skr_change *queue_first, **queue_last;
    size_t queue_length, queue_limit, batch_limit;
    bool commit_sleeps, stopping, latched, thread_started;
    pthread_t thread;
    void (*on_commit_failure)(void *context, const struct skr_error *err);
    void *failure_context;
};

/* The row of the journal's sums in SKR_TABLE_CONFIG: written once a transaction, after its changes (journal.c). */
#define SKR_JOURNAL_SUMS "journal"
void skr_journal_sums(const struct skr_journal_numbers *numbers, char data[32]);
/* For the counters: what a transaction has made of them, once it is committed (journal.c). */
void skr_journal_publish(struct skr_meta *meta, const struct skr_journal_numbers *numbers);

/* ---- the gate (gate.c) ---- */
enum skr_status skr_gate_make(struct skr_meta *meta, size_t places, struct skr_error *err);
void skr_gate_free(struct skr_meta *meta);
void skr_gate_enter(struct skr_meta *meta, size_t place);
void skr_gate_leave(struct skr_meta *meta, size_t place);
/* Waits until no view is open, and keeps new ones out. */
void skr_gate_close(struct skr_meta *meta);
void skr_gate_reopen(struct skr_meta *meta);

/* ---- the commit thread (commit.c) ---- */
enum skr_status skr_commit_start(struct skr_meta *meta, struct skr_error *err);
void skr_commit_stop(struct skr_meta *meta);
/* Doubles the map. False: at its limit, or no address space. No transaction is open. */
bool skr_grow_map(struct skr_meta *meta);

/* ---- LMDB with our statuses (schema.c) ---- */
/* SKR_OK, SKR_NOT_FOUND, SKR_NO_SPACE, SKR_CORRUPT, SKR_NO_MEMORY, SKR_IO. */
enum skr_status skr_meta_status(int result, struct skr_error *err);
enum skr_status skr_row_get(struct skr_view *view, enum skr_table table, struct skr_bytes key, struct skr_bytes *value,
                            struct skr_error *err);
enum skr_status skr_row_put(struct skr_view *view, enum skr_table table, struct skr_bytes key, struct skr_bytes value,
                            struct skr_error *err);
/* For rows whose keys mostly increase: appends where it can. */
enum skr_status skr_row_append(struct skr_view *view, enum skr_table table, struct skr_bytes key, struct skr_bytes value,
                               struct skr_error *err);
/* SKR_NOT_FOUND is an error of the caller's choosing. */
enum skr_status skr_row_remove(struct skr_view *view, enum skr_table table, struct skr_bytes key, struct skr_error *err);
enum skr_status skr_cursor_open(struct skr_view *view, enum skr_table table, MDB_cursor **out, struct skr_error *err);
/* The first row with a key >= `key`. SKR_NOT_FOUND at the end. */
enum skr_status skr_cursor_seek(MDB_cursor *cursor, struct skr_bytes key, struct skr_bytes *found, struct skr_bytes *value,
                                struct skr_error *err);
enum skr_status skr_cursor_next(MDB_cursor *cursor, struct skr_bytes *found, struct skr_bytes *value, struct skr_error *err);
/* Before a change that makes metadata larger: SKR_NO_SPACE when the map's limit leaves no room for `bytes` more. */
enum skr_status skr_view_grow(struct skr_view *view, size_t bytes, struct skr_error *err);

#define SKR_MAX_ACCOUNT_BYTES 64
#define SKR_MAX_CONTAINER_BYTES 255
/* Of two names: account and container. SKR_NAME_TOO_LONG. */
struct skr_row_key;
enum skr_status skr_pair_key(struct skr_row_key *key, struct skr_bytes first, struct skr_bytes second, struct skr_bytes *out,
                             struct skr_error *err);

#define SKR_MAX_ROW_KEY 511
/* A key of one or two numbers and a tail, in `buffer`. */
struct skr_row_key {
    size_t size;
    char data[SKR_MAX_ROW_KEY + 1];
};
static inline void skr_put_be64(char *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (char)(value >> (56 - 8 * i));
}
static inline uint64_t skr_get_be64(const char *data)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | (unsigned char)data[i];
    return value;
}
static inline struct skr_bytes skr_key_1(struct skr_row_key *key, uint64_t number)
{
    skr_put_be64(key->data, number);
    return (struct skr_bytes){key->data, 8};
}
static inline struct skr_bytes skr_key_2(struct skr_row_key *key, uint64_t first, uint64_t second)
{
    skr_put_be64(key->data, first);
    skr_put_be64(key->data + 8, second);
    return (struct skr_bytes){key->data, 16};
}
/* tail.size <= SKR_MAX_ROW_KEY - 8 */
static inline struct skr_bytes skr_key_tail(struct skr_row_key *key, uint64_t number, struct skr_bytes tail)
{
    skr_put_be64(key->data, number);
    if (tail.size > 0)
        memcpy(key->data + 8, tail.data, tail.size);
    return (struct skr_bytes){key->data, 8 + tail.size};
}

/* ---- garbage rows (garbage.c) ---- */
enum skr_status skr_garbage_add(struct skr_view *view, const struct skr_garbage *garbage, uint64_t committed_content,
                                struct skr_error *err);

#endif
