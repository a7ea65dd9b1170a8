/* Listing: a depth-first walk with one cursor. It descends into interior nodes, comes back by seeking the entry it went in by,
 * and skips what a common prefix groups with one seek, however many names that is.
 */
#include <stdlib.h>

#include "tree.h"

/* Where the walk went into a node: the node it came from, and the length of the path up to there. */
struct skr_walk_frame {
    uint64_t node;
    uint32_t path_size;
};

struct skr_walk {
    struct skr_view *view;
    MDB_cursor *cursor;
    struct skr_walk_options options;
    uint64_t root;
    struct skr_walk_frame *frames; /* the nodes above the current one */
    size_t depth, frame_capacity;
    uint64_t node;    /* current */
    size_t path_size; /* of the current node's name */
    char path[SKR_MAX_TREE_KEY + SKR_PIECE_BYTES + 1];
    bool at_entry; /* found and value hold an entry of the current node that was not looked at yet */
    struct skr_bytes piece, value;
    bool started, at_end;
    char target[SKR_MAX_KEY_BYTES + 1]; /* where to go on after a common prefix */
    size_t target_size;
    bool seek_target;
};

enum skr_status skr_walk_open(struct skr_view *view, uint64_t node, const struct skr_walk_options *options,
                              struct skr_walk **out, struct skr_error *err)
{
    if (options->prefix.size > SKR_MAX_KEY_BYTES)
        return skr_fail(err, SKR_NAME_TOO_LONG, "a prefix has at most %d bytes", SKR_MAX_KEY_BYTES);
    bool is_impossible = options->prefix.size > 0 && memchr(options->prefix.data, '\0', options->prefix.size) != NULL;
    struct skr_walk *walk = malloc(sizeof *walk);
    if (walk == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a listing");
    memset(walk, 0, offsetof(struct skr_walk, path));
    walk->at_entry = walk->started = walk->seek_target = false;
    walk->at_end = is_impossible; /* no name begins with it: a number must not be taken for a part of one */
    walk->target_size = 0;
    walk->view = view;
    walk->options = *options;
    walk->root = node;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_DIRENTS, &walk->cursor, err);
    if (status != SKR_OK) {
        free(walk);
        return status;
    }
    *out = walk;
    return SKR_OK;
}

void skr_walk_close(struct skr_walk *walk)
{
    if (walk == NULL)
        return;
    mdb_cursor_close(walk->cursor);
    free(walk->frames);
    free(walk);
}

/* Takes the cursor's row as the current entry when it belongs to the current node. */
static enum skr_status skr_walk_take(struct skr_walk *walk, enum skr_status status, struct skr_bytes key,
                                     struct skr_bytes value)
{
    walk->at_entry = status == SKR_OK && key.size >= 8 && skr_get_be64(key.data) == walk->node;
    if (walk->at_entry) {
        walk->piece = (struct skr_bytes){key.data + 8, key.size - 8};
        walk->value = value;
    }
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

/* The first entry of the current node with a piece >= `piece`. */
static enum skr_status skr_walk_seek_piece(struct skr_walk *walk, struct skr_bytes piece, struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes key, value;
    enum skr_status status = skr_cursor_seek(walk->cursor, skr_key_tail(&row, walk->node, piece), &key, &value, err);
    return skr_walk_take(walk, status, key, value);
}

static enum skr_status skr_walk_step(struct skr_walk *walk, struct skr_error *err)
{
    struct skr_bytes key, value;
    enum skr_status status = skr_cursor_next(walk->cursor, &key, &value, err);
    return skr_walk_take(walk, status, key, value);
}

static enum skr_status skr_walk_enter(struct skr_walk *walk, uint64_t child, struct skr_bytes piece, struct skr_error *err)
{
    if (piece.size == 0 || walk->path_size + piece.size > SKR_MAX_TREE_KEY)
        return skr_fail(err, SKR_CORRUPT, "a directory's name is empty or too long");
    if (walk->depth == walk->frame_capacity) {
        size_t capacity = walk->frame_capacity == 0 ? 32 : walk->frame_capacity * 2;
        struct skr_walk_frame *grown = realloc(walk->frames, capacity * sizeof *grown);
        if (grown == NULL)
            return skr_fail(err, SKR_NO_MEMORY, "no memory for a listing");
        walk->frames = grown;
        walk->frame_capacity = capacity;
    }
    walk->frames[walk->depth++] = (struct skr_walk_frame){walk->node, (uint32_t)walk->path_size};
    memcpy(walk->path + walk->path_size, piece.data, piece.size);
    walk->path_size += piece.size;
    walk->node = child;
    return SKR_OK;
}

/* Back up to the entry after the one the walk went in by, or to the end. */
static enum skr_status skr_walk_leave(struct skr_walk *walk, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    while (status == SKR_OK && !walk->at_entry && walk->depth > 0) {
        struct skr_walk_frame frame = walk->frames[--walk->depth];
        struct skr_bytes piece = {walk->path + frame.path_size, walk->path_size - frame.path_size};
        walk->node = frame.node;
        walk->path_size = frame.path_size;
        status = skr_walk_seek_piece(walk, piece, err);
        if (status == SKR_OK && walk->at_entry)
            status = skr_walk_step(walk, err);
    }
    walk->at_end = status == SKR_OK && !walk->at_entry;
    return status;
}

/* Goes to the first name >= `target`. */
static enum skr_status skr_walk_seek(struct skr_walk *walk, struct skr_bytes target, struct skr_error *err)
{
    walk->node = walk->root;
    walk->depth = 0;
    walk->path_size = 0;
    for (;;) {
        bool interior;
        struct skr_bytes piece = skr_tree_piece(target, &interior);
        struct skr_dirent dirent;
        enum skr_status status = skr_walk_seek_piece(walk, piece, err);
        if (status != SKR_OK)
            return status;
        if (!walk->at_entry)
            return skr_walk_leave(walk, err);
        if (!interior || !skr_bytes_equal(walk->piece, piece))
            return SKR_OK; /* stands at the first entry after it */
        status = skr_dirent_decode(walk->value, &dirent, err);
        if (status == SKR_OK)
            status = skr_walk_enter(walk, dirent.child, piece, err);
        if (status != SKR_OK)
            return status;
        target.data += piece.size;
        target.size -= piece.size;
    }
}

/* The first text that is greater than all that begin with `prefix`. False: there is none. */
static bool skr_successor(struct skr_walk *walk, struct skr_bytes prefix)
{
    while (prefix.size > 0 && (unsigned char)prefix.data[prefix.size - 1] == 0xFF)
        prefix.size--;
    if (prefix.size == 0)
        return false;
    memcpy(walk->target, prefix.data, prefix.size);
    walk->target[prefix.size - 1] = (char)((unsigned char)walk->target[prefix.size - 1] + 1);
    walk->target_size = prefix.size;
    return true;
}

/* The common prefix that a name, or the beginning of one, falls into. False: none (yet). */
static bool skr_walk_group(const struct skr_walk *walk, size_t name_size, struct skr_bytes *group)
{
    struct skr_bytes delimiter = walk->options.delimiter;
    size_t from = walk->options.prefix.size;
    if (walk->options.numbered) { /* the number is not a part of the name */
        const char *zero = memchr(walk->path, '\0', name_size);
        name_size = zero == NULL ? name_size : (size_t)(zero - walk->path);
    }
    if (delimiter.size == 0 || name_size < from + delimiter.size)
        return false;
    const char *found = memmem(walk->path + from, name_size - from, delimiter.data, delimiter.size);
    if (found == NULL)
        return false;
    *group = (struct skr_bytes){walk->path, (size_t)(found - walk->path) + delimiter.size};
    return true;
}

/* Looks at the current entry. `*emit` when `entry` is the next to return. */
static enum skr_status skr_walk_look(struct skr_walk *walk, struct skr_walk_entry *entry, bool *emit, struct skr_error *err)
{
    struct skr_dirent dirent;
    struct skr_bytes prefix = walk->options.prefix, group;
    *emit = false;
    enum skr_status status = skr_dirent_decode(walk->value, &dirent, err);
    if (status != SKR_OK)
        return status;
    size_t size = walk->path_size + walk->piece.size;
    if (size > (walk->options.numbered ? SKR_MAX_TREE_KEY : SKR_MAX_KEY_BYTES))
        return skr_fail(err, SKR_CORRUPT, "a stored name is too long");
    memcpy(walk->path + walk->path_size, walk->piece.data, walk->piece.size);
    struct skr_bytes name = {walk->path, size};
    if (!skr_bytes_starts_with(name, prefix) && !(dirent.interior && skr_bytes_starts_with(prefix, name))) {
        walk->at_end = true; /* the walk began at the prefix: what does not have it comes after all that do */
        return SKR_OK;
    }
    if (skr_walk_group(walk, size, &group)) {
        *entry = (struct skr_walk_entry){.key = group, .is_prefix = true};
        *emit = skr_bytes_compare(group, walk->options.from) >= 0;
        walk->at_end = !skr_successor(walk, group);
        walk->seek_target = !walk->at_end;
        return SKR_OK;
    }
    if (dirent.interior) {
        struct skr_bytes piece = walk->piece;
        status = skr_walk_enter(walk, dirent.child, piece, err);
        if (status == SKR_OK)
            status = skr_walk_seek_piece(walk, SKR_NO_BYTES, err);
        return status != SKR_OK || walk->at_entry ? status : skr_walk_leave(walk, err);
    }
    *entry = (struct skr_walk_entry){.key = name, .record = dirent.record};
    if (walk->options.numbered && !skr_tree_number_cut(&entry->key, &entry->number))
        return skr_fail(err, SKR_CORRUPT, "a stored name has no number");
    *emit = true;
    walk->at_entry = false; /* go on with the one after it */
    return SKR_OK;
}

/* Goes to where the listing begins. */
static enum skr_status skr_walk_start(struct skr_walk *walk, struct skr_error *err)
{
    const struct skr_walk_options *options = &walk->options;
    struct skr_bytes from = options->from, prefix = options->prefix;
    int order = skr_bytes_compare(from, prefix);
    if (order < 0 || (order == 0 && !options->has_after))
        return skr_walk_seek(walk, prefix, err);
    struct skr_numbered_key start;
    size_t size = options->numbered ? strnlen(from.data, from.size) : from.size;
    if (options->numbered && (size < from.size || size > SKR_MAX_KEY_BYTES)) {
        /* After all numbers of the name that is cut off by a zero byte, or by its length: names have neither. */
        size = size < SKR_MAX_KEY_BYTES ? size : SKR_MAX_KEY_BYTES;
        memcpy(start.data, from.data, size);
        start.data[size] = '\1';
        from = (struct skr_bytes){start.data, size + 1};
    } else if (options->has_after) {
        from = skr_tree_number_key(&start, from, options->after);
        start.data[from.size++] = '\0';
    }
    return skr_walk_seek(walk, from, err);
}

/* Brings the walk to the next entry to look at. */
static enum skr_status skr_walk_position(struct skr_walk *walk, struct skr_error *err)
{
    if (walk->seek_target) {
        walk->seek_target = false;
        return skr_walk_seek(walk, (struct skr_bytes){walk->target, walk->target_size}, err);
    }
    if (!walk->started) {
        walk->started = true;
        return skr_walk_start(walk, err);
    }
    if (walk->at_entry)
        return SKR_OK;
    enum skr_status status = skr_walk_step(walk, err);
    return status != SKR_OK || walk->at_entry ? status : skr_walk_leave(walk, err);
}

enum skr_status skr_walk_next(struct skr_walk *walk, struct skr_walk_entry *entry, struct skr_error *err)
{
    bool emit = false;
    while (!walk->at_end) {
        enum skr_status status = skr_walk_position(walk, err);
        if (status == SKR_OK && !walk->at_end)
            status = skr_walk_look(walk, entry, &emit, err);
        if (status != SKR_OK)
            return status;
        if (emit)
            return SKR_OK;
    }
    return SKR_NOT_FOUND;
}
