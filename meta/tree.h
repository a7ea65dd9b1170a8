/* The tree of names, for objects and for uploads alike: a leaf's record is opaque here. */
#ifndef SKERRY_META_TREE_H
#define SKERRY_META_TREE_H

#include "meta_private.h"

#define SKR_PIECE_BYTES 500 /* an entry of exactly this many bytes is always interior */

/* Cuts the first piece off a key: a component with its slash, a component's remainder, or SKR_PIECE_BYTES of a long one. */
struct skr_bytes skr_tree_piece(struct skr_bytes key, bool *interior);

/* In a tree of several records a name (versions, multipart uploads) each lies under the name, a zero byte and its number in 16
 * hexadecimal digits: names hold no zero byte, so that those of one name lie together, in the order of their numbers, before
 * all longer names. */
#define SKR_NUMBER_SUFFIX 17
#define SKR_MAX_TREE_KEY (SKR_MAX_KEY_BYTES + SKR_NUMBER_SUFFIX)
struct skr_numbered_key {
    char data[SKR_MAX_TREE_KEY + 1]; /* a byte more, for the first key after it */
};
/* `name` was checked. */
struct skr_bytes skr_tree_number_key(struct skr_numbered_key *key, struct skr_bytes name, uint64_t number);
/* Cuts the number off. False: there is none. */
bool skr_tree_number_cut(struct skr_bytes *key, uint64_t *number);

#define SKR_LONGEST_UNKNOWN UINT16_MAX

/* A dirent's value. */
struct skr_dirent {
    bool interior;
    uint64_t child;          /* interior */
    uint16_t longest;        /* interior: no name below it goes on for more bytes; or SKR_LONGEST_UNKNOWN, before format 4 */
    struct skr_bytes record; /* leaf */
};
enum skr_status skr_dirent_decode(struct skr_bytes value, struct skr_dirent *out, struct skr_error *err);
/* SKR_NOT_FOUND. */
enum skr_status skr_dirent_get(struct skr_view *view, uint64_t node, struct skr_bytes piece, struct skr_dirent *out,
                               struct skr_error *err);
enum skr_status skr_dirent_put_interior(struct skr_view *view, uint64_t parent, struct skr_bytes piece, uint64_t child,
                                        size_t longest, struct skr_error *err);
/* The way from an interior node back to its entry. */
enum skr_status skr_node_put(struct skr_view *view, uint64_t node, uint64_t parent, struct skr_bytes piece,
                             struct skr_error *err);

/* SKR_NOT_FOUND. The record is valid until the view ends or writes. */
enum skr_status skr_tree_get(struct skr_view *view, uint64_t root, struct skr_bytes key, struct skr_bytes *record,
                             struct skr_error *err);
/* Makes interior nodes as needed. */
enum skr_status skr_tree_put(struct skr_view *view, uint64_t root, struct skr_bytes key, struct skr_bytes record,
                             struct skr_error *err);
/* The node of the last piece of a path, from `*node` on; makes interior nodes as needed. The path is a leaf's or, with
 * `to_directory`, that of a directory below which names go on for at most `below` bytes. */
enum skr_status skr_tree_make_way(struct skr_view *view, struct skr_bytes path, bool to_directory, size_t below, uint64_t *node,
                                  struct skr_bytes *piece, struct skr_error *err);
/* Removes interior nodes from `node` upwards while they are empty. */
enum skr_status skr_tree_prune(struct skr_view *view, uint64_t root, uint64_t node, struct skr_error *err);
/* Removes the leaf and the interior nodes that this leaves empty. SKR_NOT_FOUND. */
enum skr_status skr_tree_remove(struct skr_view *view, uint64_t root, struct skr_bytes key, struct skr_error *err);
/* SKR_INVALID_NAME, SKR_NAME_TOO_LONG. */
enum skr_status skr_tree_check_key(struct skr_bytes key, struct skr_error *err);
enum skr_status skr_tree_is_empty(struct skr_view *view, uint64_t node, bool *empty, struct skr_error *err);

#endif
