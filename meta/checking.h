/* A check in progress: what was counted, to be compared. */
#ifndef SKERRY_META_CHECKING_H
#define SKERRY_META_CHECKING_H

#include "meta_private.h"

/* Numbers gathered in any order, then sorted: how often each occurs is its count of references. */
struct skr_tally {
    uint64_t *numbers;
    size_t count, capacity;
};

enum skr_root_kind { SKR_ROOT_OBJECTS, SKR_ROOT_VERSIONS, SKR_ROOT_UPLOADS, SKR_ROOT_JOURNAL, SKR_ROOT_GARBAGE };
struct skr_root {
    uint64_t node;
    enum skr_root_kind kind;
    uint64_t objects_node; /* VERSIONS, JOURNAL: where those that are current lie; 0: the container is gone */
};

struct skr_check {
    struct skr_view *view;
    const struct skr_meta_check_options *options;
    struct skr_meta_check *out;
    bool repair;
    struct skr_arena arena;
    struct skr_root *roots; /* sorted by node */
    size_t root_count, root_capacity;
    struct skr_tally contents; /* one for each object that refers to it */
    struct skr_tally files;    /* one for each content or block that refers to it */
    struct skr_tally uploads;  /* in the trees */
    struct skr_tally garbage_contents, garbage_uploads;
    struct skr_journal_numbers journal; /* counted */
    struct skr_tally journal_leaves;    /* sequences that leaves and objects' records lead to */
    bool out_of_memory;
};

__attribute__((format(printf, 2, 3))) void skr_check_problem(struct skr_check *check, const char *format, ...);
void skr_tally_add(struct skr_check *check, struct skr_tally *tally, uint64_t number);
void skr_tally_sort(struct skr_tally *tally);
uint64_t skr_tally_count(const struct skr_tally *tally, uint64_t number);

/* Calls `visit` for each row of a table; with repair, a row for which it returns false is removed. */
enum skr_status skr_check_table(struct skr_check *check, enum skr_table table,
                                enum skr_status (*visit)(struct skr_check *check, struct skr_bytes key, struct skr_bytes value,
                                                         bool *keep, struct skr_error *err),
                                struct skr_error *err);

/* Names: containers, directory entries, nodes. Fills the tallies of contents and uploads (check_tree.c). */
enum skr_status skr_check_names(struct skr_check *check, struct skr_error *err);
/* Where a name has no current object the newest of its versions is a delete marker; repairing makes it current
 * (check_versions.c). */
enum skr_status skr_check_versions(struct skr_check *check, struct skr_error *err);

/* Rows of the journal against the trees that lead to them and against the sums. After the names (check_journal.c). */
enum skr_status skr_check_journal(struct skr_check *check, struct skr_error *err);
/* Does a leaf of a journal's tree lead to an entry? Then it is tallied. */
bool skr_check_journal_leaf(struct skr_check *check, struct skr_bytes record);

/* Tallies the entry that an object's record leads to, if there is one. */
void skr_check_journal_record(struct skr_check *check, struct skr_bytes record);

/* Of a node that is one. NULL: it is not a root. */
const struct skr_root *skr_root_find(const struct skr_check *check, uint64_t node);
/* Climbs to the root of a node. NULL: it does not lead to one. */
const struct skr_root *skr_node_root(struct skr_check *check, uint64_t node);
/* Nodes that no entry leads to, and those that are empty (check_tree.c). */
enum skr_status skr_visit_node(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                               struct skr_error *err);

#endif
