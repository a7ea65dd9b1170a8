/* What the kernel knows by a number: names, and what is behind them. */
#ifndef SKERRY_FUSE_NODES_H
#define SKERRY_FUSE_NODES_H

#include "caller.h"

struct skr_opened;

/* One container that is shown. Lives as long as the node of its directory. */
struct skr_place {
    struct skr_place *next; /* in the table's list */
    struct skr_node *root;
    struct skr_bytes container; /* malloc'd */
    struct skr_bytes base;      /* the root's path in it */
    uint64_t objects_node;      /* another container of the same name has another one */
    int64_t created_ns;
    _Atomic int64_t looked_ns; /* when the following was found out; monotonic */
    _Atomic bool is_bound;
    _Atomic uint64_t ttl_ms;
};

/* Guarded by the table's lock, but for what says otherwise. */
struct skr_node {
    struct skr_node *parent;       /* NULL: the root */
    struct skr_node *next, **link; /* in its bucket, or in the list of what is detached */
    struct skr_place *place;       /* NULL: the directory of containers */
    struct skr_opened *opened;
    uint64_t lookups;            /* what the kernel will forget */
    unsigned children, uses;     /* nodes below it; who else works with it */
    enum skr_file_kind kind;     /* does not change */
    bool is_attached;            /* its name leads to it, as far as known here */
    _Atomic bool is_removed;     /* it is detached, and has no name at all any more */
    _Atomic uint64_t object_id;  /* of a file or link */
    _Atomic uint64_t kept_pages; /* the content whose bytes the kernel may have kept; 0: none */
    uint64_t hidden;             /* of a directory: names in it that no path can say */
    char *name;                  /* malloc'd */
    size_t name_size;
};

struct skr_nodes {
    pthread_mutex_t lock;
    struct skr_node **buckets;
    size_t bucket_count, count;
    uint64_t hidden; /* of all that are known */
    struct skr_node *root;
    struct skr_node *detached;
    struct skr_place *places;
    struct skr_opened *drafted; /* files with a draft; opened.c */
    size_t drafts;              /* how many those are */
};

bool skr_nodes_init(struct skr_nodes *nodes);
void skr_nodes_free(struct skr_nodes *nodes); /* nothing is open any more */

/* Makes the place of a container, with `base` as its root's path. NULL: no memory. */
struct skr_place *skr_place_new(struct skr_bytes container, struct skr_bytes base, const struct skr_container *record);
void skr_place_free(struct skr_place *place); /* of one that no node has. NULL-safe */

/* The root of all. Takes the place over. */
bool skr_nodes_set_root(struct skr_nodes *nodes, struct skr_place *place);
/* The node of a name as it was found: the one that is known, when it is the same file; else a new one, and the known one is
 * detached. The kernel knows it once more. `place`, of containers only, is taken over. NULL: no memory. */
struct skr_node *skr_nodes_enter(struct skr_nodes *nodes, struct skr_node *parent, struct skr_bytes name,
                                 const struct skr_facts *facts, struct skr_place *place);
void skr_nodes_forget(struct skr_nodes *nodes, struct skr_node *node, uint64_t lookups);

/* Keeps a node. */
void skr_nodes_use(struct skr_nodes *nodes, struct skr_node *node);
void skr_nodes_done(struct skr_nodes *nodes, struct skr_node *node);
/* The known node of a name, kept. NULL: none is known. */
struct skr_node *skr_nodes_find(struct skr_nodes *nodes, struct skr_node *parent, struct skr_bytes name);
/* The deepest known node on the way to `path` in a container, kept, and the component at which the way goes on; empty where the
 * node is that of the path itself. NULL: the container is not shown, or the path is not below what is shown of it. */
struct skr_node *skr_nodes_walk(struct skr_nodes *nodes, uint64_t objects_node, struct skr_bytes path, struct skr_bytes *next);

/* All that are attached, or of them those that are open, kept; an array to free. 0: there are none, or no memory. */
size_t skr_nodes_collect(struct skr_nodes *nodes, bool only_open, struct skr_node ***out);

/* Its path in its container, in the arena, with a further component where `name` is not empty. False: it has none, for it or
 * what it is in was detached; or no memory. Not of the directory of containers. */
bool skr_nodes_path(struct skr_nodes *nodes, struct skr_arena *arena, const struct skr_node *node, struct skr_bytes name,
                    struct skr_bytes *path);

/* Its name leads to something else now, or to nothing (`is_removed`). Open files go on with what they have. */
void skr_nodes_detach(struct skr_nodes *nodes, struct skr_node *node, bool is_removed);
void skr_nodes_detach_name(struct skr_nodes *nodes, struct skr_node *parent, struct skr_bytes name);
/* After a rename: what has the new name is detached, or gets the old one. */
void skr_nodes_move(struct skr_nodes *nodes, struct skr_node *from, struct skr_bytes name, struct skr_node *to,
                    struct skr_bytes new_name, bool exchange);

/* A listing of a directory came across so many names that no path can say. */
void skr_nodes_set_hidden(struct skr_nodes *nodes, struct skr_node *node, uint64_t hidden);

#endif
