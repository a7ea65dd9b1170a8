/* Directories as wholes. One lies under the last piece of its name, in the node of the pieces before it; what is below it hangs
 * on its node alone, so that another name is another entry for that node, and costs the same whatever is below. Versions,
 * uploads and journal entries lie in trees of their own and do not come along.
 */
#include "names.h"
#include "tree.h"

/* Where the entry of a directory is. */
struct skr_directory_place {
    uint64_t parent;
    struct skr_bytes piece; /* in the directory's name */
    uint64_t node;
    size_t longest; /* no name below it goes on for more bytes */
};

static enum skr_status skr_directory_check(struct skr_bytes directory, struct skr_error *err)
{
    if (directory.size == 0)
        return SKR_OK;
    if (directory.data[directory.size - 1] != '/')
        return skr_fail(err, SKR_INVALID_NAME, "a directory's name ends with a slash");
    return skr_tree_check_key(directory, err);
}

/* SKR_OBJECT_NOT_FOUND. The root has no entry: an empty piece. */
static enum skr_status skr_directory_find(struct skr_view *view, uint64_t root, struct skr_bytes directory,
                                          struct skr_directory_place *out, struct skr_error *err)
{
    size_t limit = SKR_MAX_KEY_BYTES - directory.size;
    *out = (struct skr_directory_place){.node = root, .longest = limit};
    while (directory.size > 0) {
        struct skr_dirent dirent;
        bool interior;
        out->parent = out->node;
        out->piece = skr_tree_piece(directory, &interior);
        enum skr_status status = skr_dirent_get(view, out->parent, out->piece, &dirent, err);
        if (status == SKR_NOT_FOUND)
            return skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such directory");
        if (status != SKR_OK)
            return status;
        if (!dirent.interior)
            return skr_fail(err, SKR_CORRUPT, "a directory's entry holds a record");
        out->node = dirent.child;
        out->longest = dirent.longest < limit ? dirent.longest : limit;
        directory.data += out->piece.size;
        directory.size -= out->piece.size;
    }
    return SKR_OK;
}

enum skr_status skr_directory_get(struct skr_view *view, uint64_t objects_node, struct skr_bytes directory, bool *exists,
                                  uint64_t *node, struct skr_error *err)
{
    struct skr_directory_place place;
    enum skr_status status = skr_directory_check(directory, err);
    if (status == SKR_OK)
        status = skr_directory_find(view, objects_node, directory, &place, err);
    *exists = status == SKR_OK;
    *node = *exists ? place.node : 0;
    return status == SKR_OBJECT_NOT_FOUND ? SKR_OK : status;
}

enum skr_status skr_directory_is_empty(struct skr_view *view, uint64_t objects_node, struct skr_bytes directory, bool *empty,
                                       struct skr_error *err)
{
    struct skr_directory_place place;
    struct skr_row_key key;
    struct skr_bytes found, value;
    MDB_cursor *cursor;
    *empty = true;
    enum skr_status status = skr_directory_check(directory, err);
    if (status == SKR_OK)
        status = skr_directory_find(view, objects_node, directory, &place, err);
    if (status == SKR_OK)
        status = skr_cursor_open(view, SKR_TABLE_DIRENTS, &cursor, err);
    if (status != SKR_OK)
        return status == SKR_OBJECT_NOT_FOUND ? SKR_OK : status;
    status = skr_cursor_seek(cursor, skr_key_1(&key, place.node), &found, &value, err);
    if (status == SKR_OK && found.size == 8 && skr_get_be64(found.data) == place.node) /* its marker */
        status = skr_cursor_next(cursor, &found, &value, err);
    *empty = status == SKR_NOT_FOUND || (status == SKR_OK && skr_get_be64(found.data) != place.node);
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

/* Looks at every name below it: only where one may be too long under the directory's other name. */
static enum skr_status skr_directory_measure(struct skr_view *view, uint64_t objects_node, struct skr_bytes directory,
                                             size_t *longest, struct skr_error *err)
{
    struct skr_walk_options options = {.prefix = directory};
    struct skr_walk_entry entry;
    struct skr_walk *walk;
    *longest = 0;
    enum skr_status status = skr_walk_open(view, objects_node, &options, &walk, err);
    if (status != SKR_OK)
        return status;
    while ((status = skr_walk_next(walk, &entry, err)) == SKR_OK)
        if (entry.key.size - directory.size > *longest)
            *longest = entry.key.size - directory.size;
    skr_walk_close(walk);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

/* Do the names below `directory`, which is at `place`, fit below `to`? */
static enum skr_status skr_directory_fits(struct skr_view *view, uint64_t objects_node, struct skr_bytes directory,
                                          struct skr_directory_place *place, struct skr_bytes to, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    if (place->longest > SKR_MAX_KEY_BYTES - to.size)
        status = skr_directory_measure(view, objects_node, directory, &place->longest, err);
    if (status == SKR_OK && place->longest > SKR_MAX_KEY_BYTES - to.size)
        return skr_fail(err, SKR_NAME_TOO_LONG, "a name in the directory would have more than %d bytes", SKR_MAX_KEY_BYTES);
    return status;
}

/* Leads to a directory under this name, too; its old entry is the caller's to replace or remove. */
static enum skr_status skr_directory_link(struct skr_view *view, uint64_t objects_node, struct skr_bytes name,
                                          const struct skr_directory_place *directory, struct skr_error *err)
{
    struct skr_bytes piece;
    uint64_t parent = objects_node;
    enum skr_status status = skr_tree_make_way(view, name, true, directory->longest, &parent, &piece, err);
    if (status == SKR_OK)
        status = skr_dirent_put_interior(view, parent, piece, directory->node, directory->longest, err);
    return status != SKR_OK ? status : skr_node_put(view, directory->node, parent, piece, err);
}

enum skr_status skr_directory_move(struct skr_view *view, uint64_t objects_node, struct skr_bytes from, struct skr_bytes to,
                                   struct skr_error *err)
{
    struct skr_directory_place place, target;
    struct skr_row_key key;
    enum skr_status status = skr_directory_check(from, err);
    if (status == SKR_OK)
        status = skr_directory_check(to, err);
    if (status == SKR_OK)
        status = skr_directory_find(view, objects_node, from, &place, err);
    if (status != SKR_OK || skr_bytes_equal(from, to))
        return status;
    if (skr_bytes_starts_with(to, from))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "a directory cannot move into itself");
    status = skr_directory_find(view, objects_node, to, &target, err);
    if (status == SKR_OK)
        return skr_fail(err, SKR_OBJECT_EXISTS, "there is something under the directory's new name");
    if (status != SKR_OBJECT_NOT_FOUND)
        return status;
    status = skr_directory_fits(view, objects_node, from, &place, to, err);
    if (status == SKR_OK)
        status = skr_view_grow(view, to.size, err);
    if (status == SKR_OK)
        status = skr_directory_link(view, objects_node, to, &place, err);
    if (status == SKR_OK)
        status = skr_row_remove(view, SKR_TABLE_DIRENTS, skr_key_tail(&key, place.parent, place.piece), err);
    if (status == SKR_OK)
        status = skr_tree_prune(view, objects_node, place.parent, err);
    if (status == SKR_OK) {
        skr_names_note(view, objects_node, from);
        skr_names_note(view, objects_node, to);
    }
    return status;
}

enum skr_status skr_directory_exchange(struct skr_view *view, uint64_t objects_node, struct skr_bytes a, struct skr_bytes b,
                                       struct skr_error *err)
{
    struct skr_directory_place place_a, place_b;
    enum skr_status status = skr_directory_check(a, err);
    if (status == SKR_OK)
        status = skr_directory_check(b, err);
    if (status == SKR_OK)
        status = skr_directory_find(view, objects_node, a, &place_a, err);
    if (status == SKR_OK)
        status = skr_directory_find(view, objects_node, b, &place_b, err);
    if (status != SKR_OK || skr_bytes_equal(a, b))
        return status;
    if (skr_bytes_starts_with(a, b) || skr_bytes_starts_with(b, a))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "a directory cannot change places with one that it is in");
    status = skr_directory_fits(view, objects_node, a, &place_a, b, err);
    if (status == SKR_OK)
        status = skr_directory_fits(view, objects_node, b, &place_b, a, err);
    if (status == SKR_OK)
        status = skr_view_grow(view, a.size + b.size, err);
    if (status == SKR_OK)
        status = skr_directory_link(view, objects_node, b, &place_a, err);
    if (status == SKR_OK)
        status = skr_directory_link(view, objects_node, a, &place_b, err);
    if (status == SKR_OK) {
        skr_names_note(view, objects_node, a);
        skr_names_note(view, objects_node, b);
    }
    return status;
}
