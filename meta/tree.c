/* Why a tree and not flat keys: renaming a directory of any size is one dirent, and names under one directory share leaf pages.
 *
 * Invariants: a name is cut into pieces by a rule that looks at the name alone, so that it has one place; joining the pieces
 * along a depth-first walk gives names in byte order, because no interior piece is the beginning of a sibling's. An interior
 * node has at least one entry, but for roots. `nodes` leads from each interior node back to its entry. The entry says how long
 * names below it may be (never less than they are, more after removals), so that moving a directory makes no name too long.
 */
#include "tree.h"

#define SKR_DIRENT_INTERIOR 1
#define SKR_DIRENT_LEAF 2
#define SKR_DIRENT_INTERIOR_BYTES 11 /* 9 until format 3: it did not say how long names below it are */

struct skr_bytes skr_tree_piece(struct skr_bytes key, bool *interior)
{
    const char *slash = key.size == 0 ? NULL : memchr(key.data, '/', key.size);
    size_t size = slash == NULL ? key.size : (size_t)(slash - key.data) + 1;
    if (size > SKR_PIECE_BYTES)
        size = SKR_PIECE_BYTES;
    *interior = size == SKR_PIECE_BYTES || (slash != NULL && size == (size_t)(slash - key.data) + 1);
    return (struct skr_bytes){key.data, size};
}

enum skr_status skr_tree_check_key(struct skr_bytes key, struct skr_error *err)
{
    if (key.size > SKR_MAX_KEY_BYTES)
        return skr_fail(err, SKR_NAME_TOO_LONG, "a name has at most %d bytes", SKR_MAX_KEY_BYTES);
    if (key.size == 0 || memchr(key.data, '\0', key.size) != NULL)
        return skr_fail(err, SKR_INVALID_NAME, "a name is not empty and holds no zero byte");
    return SKR_OK;
}

struct skr_bytes skr_tree_number_key(struct skr_numbered_key *key, struct skr_bytes name, uint64_t number)
{
    static const char digits[] = "0123456789abcdef";
    memcpy(key->data, name.data, name.size);
    key->data[name.size] = '\0';
    for (size_t i = 0; i < 16; i++)
        key->data[name.size + 1 + i] = digits[number >> (60 - 4 * i) & 15];
    return (struct skr_bytes){key->data, name.size + SKR_NUMBER_SUFFIX};
}

bool skr_tree_number_cut(struct skr_bytes *key, uint64_t *number)
{
    if (key->size <= SKR_NUMBER_SUFFIX || key->data[key->size - SKR_NUMBER_SUFFIX] != '\0')
        return false;
    key->size -= SKR_NUMBER_SUFFIX;
    *number = 0;
    for (size_t i = 1; i < SKR_NUMBER_SUFFIX; i++) {
        char digit = key->data[key->size + i];
        bool is_letter = digit >= 'a' && digit <= 'f';
        if (!is_letter && (digit < '0' || digit > '9'))
            return false;
        *number = *number << 4 | (uint64_t)(is_letter ? digit - 'a' + 10 : digit - '0');
    }
    return true;
}

enum skr_status skr_dirent_decode(struct skr_bytes value, struct skr_dirent *out, struct skr_error *err)
{
    *out = (struct skr_dirent){.interior = false};
    if ((value.size == 9 || value.size == SKR_DIRENT_INTERIOR_BYTES) && value.data[0] == SKR_DIRENT_INTERIOR) {
        out->interior = true;
        out->child = skr_get_be64(value.data + 1);
        out->longest = value.size == 9 ? SKR_LONGEST_UNKNOWN
                                       : (uint16_t)((unsigned char)value.data[9] << 8 | (unsigned char)value.data[10]);
        return SKR_OK;
    }
    if (value.size >= 1 && value.data[0] == SKR_DIRENT_LEAF) {
        out->record = (struct skr_bytes){value.data + 1, value.size - 1};
        return SKR_OK;
    }
    return skr_fail(err, SKR_CORRUPT, "a directory entry is damaged");
}

enum skr_status skr_dirent_get(struct skr_view *view, uint64_t node, struct skr_bytes piece, struct skr_dirent *out,
                               struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes value;
    enum skr_status status = skr_row_get(view, SKR_TABLE_DIRENTS, skr_key_tail(&key, node, piece), &value, err);
    return status != SKR_OK ? status : skr_dirent_decode(value, out, err);
}

/* Follows interior pieces as far as they exist. On return `*node` and `*rest` are where it stopped: at the leaf's piece, or at
 * the first interior piece that is missing (`*missing`). */
static enum skr_status skr_tree_descend(struct skr_view *view, uint64_t *node, struct skr_bytes *rest, bool *missing,
                                        struct skr_error *err)
{
    for (;;) {
        bool interior;
        struct skr_dirent dirent;
        struct skr_bytes piece = skr_tree_piece(*rest, &interior);
        *missing = false;
        if (!interior)
            return SKR_OK;
        enum skr_status status = skr_dirent_get(view, *node, piece, &dirent, err);
        if (status == SKR_NOT_FOUND) {
            *missing = true;
            return SKR_OK;
        }
        if (status != SKR_OK)
            return status;
        if (!dirent.interior)
            return skr_fail(err, SKR_CORRUPT, "a directory's entry holds a record");
        *node = dirent.child;
        rest->data += piece.size;
        rest->size -= piece.size;
    }
}

enum skr_status skr_tree_get(struct skr_view *view, uint64_t root, struct skr_bytes key, struct skr_bytes *record,
                             struct skr_error *err)
{
    uint64_t node = root;
    struct skr_dirent dirent;
    bool missing;
    enum skr_status status = skr_tree_descend(view, &node, &key, &missing, err);
    if (status != SKR_OK)
        return status;
    if (missing)
        return skr_fail(err, SKR_NOT_FOUND, "there is no such name");
    status = skr_dirent_get(view, node, key, &dirent, err);
    if (status != SKR_OK)
        return status;
    if (dirent.interior)
        return skr_fail(err, SKR_CORRUPT, "a record's entry holds a directory");
    *record = dirent.record;
    return SKR_OK;
}

enum skr_status skr_dirent_put_interior(struct skr_view *view, uint64_t parent, struct skr_bytes piece, uint64_t child,
                                        size_t longest, struct skr_error *err)
{
    struct skr_row_key key;
    char value[SKR_DIRENT_INTERIOR_BYTES] = {SKR_DIRENT_INTERIOR};
    skr_put_be64(value + 1, child);
    value[9] = (char)(longest >> 8);
    value[10] = (char)longest;
    return skr_row_put(view, SKR_TABLE_DIRENTS, skr_key_tail(&key, parent, piece), (struct skr_bytes){value, sizeof value},
                       err);
}

enum skr_status skr_node_put(struct skr_view *view, uint64_t node, uint64_t parent, struct skr_bytes piece,
                             struct skr_error *err)
{
    struct skr_row_key key, back;
    return skr_row_append(view, SKR_TABLE_NODES, skr_key_1(&key, node), skr_key_tail(&back, parent, piece), err);
}

static enum skr_status skr_tree_make_node(struct skr_view *view, uint64_t parent, struct skr_bytes piece, size_t longest,
                                          uint64_t *child, struct skr_error *err)
{
    *child = skr_meta_next_id(view->meta);
    enum skr_status status = skr_dirent_put_interior(view, parent, piece, *child, longest, err);
    return status != SKR_OK ? status : skr_node_put(view, *child, parent, piece, err);
}

enum skr_status skr_tree_make_way(struct skr_view *view, struct skr_bytes path, bool to_directory, size_t below, uint64_t *node,
                                  struct skr_bytes *piece, struct skr_error *err)
{
    bool interior;
    *piece = skr_tree_piece(path, &interior);
    while (interior && !(to_directory && piece->size == path.size)) {
        struct skr_dirent dirent = {.interior = true};
        uint64_t parent = *node;
        path.data += piece->size;
        path.size -= piece->size;
        size_t longest = path.size + below;
        enum skr_status status = skr_dirent_get(view, parent, *piece, &dirent, err);
        if (!dirent.interior)
            return skr_fail(err, SKR_CORRUPT, "a directory's entry holds a record");
        *node = dirent.child;
        if (status == SKR_NOT_FOUND)
            status = skr_tree_make_node(view, parent, *piece, longest, node, err);
        else if (status == SKR_OK && dirent.longest < longest)
            status = skr_dirent_put_interior(view, parent, *piece, dirent.child, longest, err);
        if (status != SKR_OK)
            return status;
        *piece = skr_tree_piece(path, &interior);
    }
    return SKR_OK;
}

enum skr_status skr_tree_put(struct skr_view *view, uint64_t root, struct skr_bytes key, struct skr_bytes record,
                             struct skr_error *err)
{
    uint64_t node = root;
    struct skr_bytes piece;
    enum skr_status status = skr_tree_make_way(view, key, false, 0, &node, &piece, err);
    if (status != SKR_OK)
        return status;
    /* Reserves the row and fills it in place: the record is copied once. */
    struct skr_row_key row;
    struct skr_bytes row_key = skr_key_tail(&row, node, piece);
    MDB_val k = {row_key.size, (void *)row_key.data}, v = {record.size + 1, NULL};
    view->written = true;
    int result = mdb_put(view->txn, view->meta->tables[SKR_TABLE_DIRENTS], &k, &v, MDB_RESERVE);
    if (result != 0) {
        view->map_full |= result == MDB_MAP_FULL;
        return skr_meta_status(result, err);
    }
    ((char *)v.mv_data)[0] = SKR_DIRENT_LEAF;
    memcpy((char *)v.mv_data + 1, record.data, record.size);
    return SKR_OK;
}

enum skr_status skr_tree_is_empty(struct skr_view *view, uint64_t node, bool *empty, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes found, value;
    MDB_cursor *cursor;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_DIRENTS, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_cursor_seek(cursor, skr_key_1(&key, node), &found, &value, err);
    *empty = status == SKR_NOT_FOUND || (status == SKR_OK && skr_get_be64(found.data) != node);
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

enum skr_status skr_tree_prune(struct skr_view *view, uint64_t root, uint64_t node, struct skr_error *err)
{
    while (node != root) {
        struct skr_row_key node_key, dirent_key;
        struct skr_bytes back;
        bool empty;
        enum skr_status status = skr_tree_is_empty(view, node, &empty, err);
        if (status != SKR_OK || !empty)
            return status;
        status = skr_row_get(view, SKR_TABLE_NODES, skr_key_1(&node_key, node), &back, err);
        if (status != SKR_OK || back.size < 8 || back.size > 8 + SKR_PIECE_BYTES)
            return skr_fail(err, SKR_CORRUPT, "a directory has no way back to its entry");
        uint64_t parent = skr_get_be64(back.data);
        struct skr_bytes entry = skr_key_tail(&dirent_key, parent, (struct skr_bytes){back.data + 8, back.size - 8});
        status = skr_row_remove(view, SKR_TABLE_DIRENTS, entry, err);
        if (status == SKR_OK)
            status = skr_row_remove(view, SKR_TABLE_NODES, skr_key_1(&node_key, node), err);
        if (status != SKR_OK)
            return status == SKR_NOT_FOUND ? skr_fail(err, SKR_CORRUPT, "a directory has no entry") : status;
        node = parent;
    }
    return SKR_OK;
}

enum skr_status skr_tree_remove(struct skr_view *view, uint64_t root, struct skr_bytes key, struct skr_error *err)
{
    uint64_t node = root;
    struct skr_row_key row;
    bool missing;
    enum skr_status status = skr_tree_descend(view, &node, &key, &missing, err);
    if (status != SKR_OK)
        return status;
    if (missing)
        return skr_fail(err, SKR_NOT_FOUND, "there is no such name");
    status = skr_row_remove(view, SKR_TABLE_DIRENTS, skr_key_tail(&row, node, key), err);
    return status != SKR_OK ? status : skr_tree_prune(view, root, node, err);
}
