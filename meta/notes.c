/* Small documents that core keeps and metadata does not look into: an operator's pins, jobs. Keyed by kind, number and part, so
 * that those of a kind lie side by side.
 */
#include "meta_private.h"

#define SKR_NOTE_KEY_BYTES 24

static struct skr_bytes skr_note_row(struct skr_row_key *row, const struct skr_note_key *key)
{
    skr_put_be64(row->data, key->kind);
    skr_put_be64(row->data + 8, key->number);
    skr_put_be64(row->data + 16, key->part);
    return (struct skr_bytes){row->data, SKR_NOTE_KEY_BYTES};
}

enum skr_status skr_note_put(struct skr_view *view, const struct skr_note_key *key, struct skr_bytes document,
                             struct skr_error *err)
{
    struct skr_row_key row;
    enum skr_status status = skr_view_grow(view, document.size, err);
    return status != SKR_OK ? status : skr_row_put(view, SKR_TABLE_NOTES, skr_note_row(&row, key), document, err);
}

enum skr_status skr_note_get(struct skr_view *view, const struct skr_note_key *key, struct skr_bytes *out,
                             struct skr_error *err)
{
    struct skr_row_key row;
    if (view->meta->tables[SKR_TABLE_NOTES] == 0) /* a folder of an earlier format, opened for reading */
        return SKR_NOT_FOUND;
    return skr_row_get(view, SKR_TABLE_NOTES, skr_note_row(&row, key), out, err);
}

enum skr_status skr_note_remove(struct skr_view *view, const struct skr_note_key *key, struct skr_error *err)
{
    struct skr_row_key row;
    return skr_row_remove(view, SKR_TABLE_NOTES, skr_note_row(&row, key), err);
}

enum skr_status skr_note_list(struct skr_view *view, const struct skr_note_key *from,
                              bool (*visit)(void *context, const struct skr_note_key *key, struct skr_bytes document),
                              void *context, struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes found, document;
    MDB_cursor *cursor;
    if (view->meta->tables[SKR_TABLE_NOTES] == 0)
        return SKR_OK;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_NOTES, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_cursor_seek(cursor, skr_note_row(&row, from), &found, &document, err);
    while (status == SKR_OK) {
        struct skr_note_key key;
        if (found.size != SKR_NOTE_KEY_BYTES) {
            status = skr_fail(err, SKR_CORRUPT, "the key of a note is damaged");
            break;
        }
        key = (struct skr_note_key){skr_get_be64(found.data), skr_get_be64(found.data + 8), skr_get_be64(found.data + 16)};
        if (key.kind != from->kind || !visit(context, &key, document))
            break;
        status = skr_cursor_next(cursor, &found, &document, err);
    }
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}
