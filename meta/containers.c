/* Containers of accounts, and the documents of accounts. A removed container's trees become garbage. */
#include "names.h"
#include "records.h"
#include "tree.h"

enum skr_status skr_container_get(struct skr_view *view, struct skr_arena *arena, struct skr_bytes account,
                                  struct skr_bytes name, struct skr_container *out, struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes key, record;
    enum skr_status status = skr_pair_key(&row, account, name, &key, err);
    if (status == SKR_OK)
        status = skr_row_get(view, SKR_TABLE_CONTAINERS, key, &record, err);
    if (status == SKR_NOT_FOUND || status == SKR_NAME_TOO_LONG)
        return skr_fail(err, SKR_CONTAINER_NOT_FOUND, "there is no such container");
    return status != SKR_OK ? status : skr_container_decode(arena, record, out, err);
}

static enum skr_status skr_container_write(struct skr_view *view, struct skr_bytes account, struct skr_bytes name,
                                           struct skr_container *container, struct skr_error *err)
{
    uint64_t *nodes[] = {&container->objects_node, &container->uploads_node, &container->versions_node,
                         &container->multiparts_node, &container->journal_node};
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
        if (*nodes[i] == 0)
            *nodes[i] = skr_meta_next_id(view->meta);
    struct skr_arena arena = {.blocks = NULL};
    struct skr_encoder encoder = {.arena = &arena};
    struct skr_row_key row;
    struct skr_bytes key;
    enum skr_status status = skr_pair_key(&row, account, name, &key, err);
    if (status == SKR_OK && !skr_container_encode(&encoder, container))
        status = skr_fail(err, SKR_TOO_LARGE, "a container's record is too large");
    if (status == SKR_OK)
        status = skr_view_grow(view, encoder.size, err);
    if (status == SKR_OK)
        status = skr_row_put(view, SKR_TABLE_CONTAINERS, key, (struct skr_bytes){encoder.data, encoder.size}, err);
    if (status == SKR_OK)
        skr_names_note_container(view, account, name);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_container_create(struct skr_view *view, struct skr_bytes account, struct skr_bytes name,
                                     struct skr_container *container, struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes key, record;
    enum skr_status status = skr_pair_key(&row, account, name, &key, err);
    if (status == SKR_OK)
        status = skr_row_get(view, SKR_TABLE_CONTAINERS, key, &record, err);
    if (status == SKR_OK)
        return skr_fail(err, SKR_CONTAINER_EXISTS, "there is a container of that name already");
    if (status != SKR_NOT_FOUND)
        return status;
    container->objects_node = container->uploads_node = container->versions_node = container->multiparts_node = 0;
    container->journal_node = 0;
    return skr_container_write(view, account, name, container, err);
}

enum skr_status skr_container_update(struct skr_view *view, struct skr_bytes account, struct skr_bytes name,
                                     struct skr_container *container, struct skr_error *err)
{
    return skr_container_write(view, account, name, container, err);
}

enum skr_status skr_container_is_empty(struct skr_view *view, const struct skr_container *container, bool *empty,
                                       struct skr_error *err)
{
    enum skr_status status = skr_tree_is_empty(view, container->objects_node, empty, err);
    return status != SKR_OK || !*empty || container->versions_node == 0
               ? status
               : skr_tree_is_empty(view, container->versions_node, empty, err);
}

enum skr_status skr_container_is_unused(struct skr_view *view, const struct skr_container *container, bool *unused,
                                        struct skr_error *err)
{
    const uint64_t nodes[] = {container->uploads_node, container->multiparts_node, container->journal_node};
    enum skr_status status = skr_container_is_empty(view, container, unused, err);
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes && status == SKR_OK && *unused; i++)
        if (nodes[i] != 0)
            status = skr_tree_is_empty(view, nodes[i], unused, err);
    return status;
}

enum skr_status skr_container_remove(struct skr_view *view, struct skr_bytes account, struct skr_bytes name,
                                     struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container;
    struct skr_row_key row;
    struct skr_bytes key;
    enum skr_status status = skr_container_get(view, &arena, account, name, &container, err);
    skr_arena_release(&arena);
    if (status == SKR_OK)
        status = skr_pair_key(&row, account, name, &key, err);
    if (status == SKR_OK)
        status = skr_row_remove(view, SKR_TABLE_CONTAINERS, key, err);
    if (status != SKR_OK)
        return status;
    const struct skr_garbage trees[] = {
        {.kind = SKR_GARBAGE_TREE, .id = container.objects_node},
        {.kind = SKR_GARBAGE_TREE, .id = container.versions_node},
        {.kind = SKR_GARBAGE_TREE, .id = container.uploads_node, .offset_bytes = 1}, /* its leaves are uploads */
        {.kind = SKR_GARBAGE_TREE, .id = container.multiparts_node, .offset_bytes = 1},
        {.kind = SKR_GARBAGE_TREE, .id = container.journal_node, .offset_bytes = 2}, /* its leaves are in the journal */
    };
    for (size_t i = 0; i < sizeof trees / sizeof *trees && status == SKR_OK; i++)
        if (trees[i].id != 0)
            status = skr_garbage_add(view, &trees[i], 0, err);
    if (status == SKR_OK)
        skr_names_note_container(view, account, name);
    return status;
}

enum skr_status skr_container_list(struct skr_view *view, struct skr_arena *arena, struct skr_bytes account,
                                   struct skr_bytes prefix, struct skr_bytes from,
                                   bool (*visit)(void *context, struct skr_bytes name, const struct skr_container *container),
                                   void *context, struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes key, found, record;
    MDB_cursor *cursor;
    enum skr_status status = skr_pair_key(&row, account, skr_bytes_compare(from, prefix) > 0 ? from : prefix, &key, err);
    if (status == SKR_OK)
        status = skr_cursor_open(view, SKR_TABLE_CONTAINERS, &cursor, err);
    if (status != SKR_OK)
        return status == SKR_NAME_TOO_LONG ? SKR_OK : status; /* no name is that long, so none follows */
    status = skr_cursor_seek(cursor, key, &found, &record, err);
    while (status == SKR_OK) {
        struct skr_container container;
        struct skr_bytes name = {found.data + account.size + 1, found.size - account.size - 1};
        if (found.size <= account.size || memcmp(found.data, key.data, account.size + 1) != 0 ||
            !skr_bytes_starts_with(name, prefix))
            break;
        status = skr_container_decode(arena, record, &container, err);
        if (status != SKR_OK || !visit(context, name, &container))
            break;
        status = skr_cursor_next(cursor, &found, &record, err);
    }
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

enum skr_status skr_container_list_all(struct skr_view *view,
                                       bool (*visit)(void *context, struct skr_bytes account, struct skr_bytes name),
                                       void *context, struct skr_error *err)
{
    struct skr_bytes found, record;
    MDB_cursor *cursor;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_CONTAINERS, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_cursor_seek(cursor, SKR_NO_BYTES, &found, &record, err);
    while (status == SKR_OK) {
        const char *zero = memchr(found.data, '\0', found.size);
        if (zero == NULL) {
            status = skr_fail(err, SKR_CORRUPT, "a container's key is damaged");
            break;
        }
        size_t account_size = (size_t)(zero - found.data);
        if (!visit(context, (struct skr_bytes){found.data, account_size},
                   (struct skr_bytes){zero + 1, found.size - account_size - 1}))
            break;
        status = skr_cursor_next(cursor, &found, &record, err);
    }
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

enum skr_status skr_account_document_get(struct skr_view *view, struct skr_bytes account, const char *name,
                                         struct skr_bytes *out, struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes key;
    enum skr_status status = skr_pair_key(&row, account, skr_text(name), &key, err);
    return status != SKR_OK ? status : skr_row_get(view, SKR_TABLE_ACCOUNTS, key, out, err);
}

enum skr_status skr_account_document_put(struct skr_view *view, struct skr_bytes account, const char *name,
                                         struct skr_bytes document, struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes key;
    enum skr_status status = skr_pair_key(&row, account, skr_text(name), &key, err);
    if (status == SKR_OK)
        status = skr_view_grow(view, document.size, err);
    return status != SKR_OK ? status : skr_row_put(view, SKR_TABLE_ACCOUNTS, key, document, err);
}
