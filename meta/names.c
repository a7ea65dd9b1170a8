/* Names that changed, told once their transaction is durable. They are gathered in memory of a fixed size: a transaction that
 * changes more of them than that says that any may have changed.
 *
 * Invariant: whoever listens before it takes a view misses nothing that the view does not show. A listener that came while a
 * transaction ran, whose names were not gathered, is told that any may have changed.
 */
#include "names.h"

#include <stdlib.h>

#define SKR_MOST_NAMES 4096
#define SKR_NAMES_BYTES (1u << 20)

struct skr_changed_name {
    const void *origin;
    uint64_t objects_node;
    uint32_t at, size; /* its bytes */
};

struct skr_names {
    bool lost;
    size_t count, bytes_used;
    struct skr_changed_name changed[SKR_MOST_NAMES];
    char bytes[SKR_NAMES_BYTES];
};

void skr_meta_listen(struct skr_meta *meta, struct skr_meta_listener *listener)
{
    pthread_mutex_lock(&meta->listener_lock);
    atomic_store(&meta->listener, listener);
    pthread_mutex_unlock(&meta->listener_lock);
}

void skr_names_begin(struct skr_view *view)
{
    struct skr_meta *meta = view->meta;
    view->names = NULL;
    if (atomic_load_explicit(&meta->listener, memory_order_relaxed) == NULL)
        return;
    if (meta->names == NULL)
        meta->names = malloc(sizeof *meta->names);
    if (meta->names == NULL)
        return; /* told as what was not gathered */
    meta->names->lost = false;
    meta->names->count = meta->names->bytes_used = 0;
    view->names = meta->names;
}

void skr_names_lose(struct skr_view *view)
{
    if (view->names != NULL)
        view->names->lost = true;
}

/* An object is often written twice by one change. */
static bool skr_names_repeat(const struct skr_names *names, const void *origin, uint64_t objects_node, struct skr_bytes key)
{
    if (names->count == 0)
        return false;
    const struct skr_changed_name *last = &names->changed[names->count - 1];
    return last->origin == origin && last->objects_node == objects_node &&
           skr_bytes_equal((struct skr_bytes){names->bytes + last->at, last->size}, key);
}

void skr_names_add(struct skr_view *view, uint64_t objects_node, struct skr_bytes key)
{
    struct skr_names *names = view->names;
    if (names->lost || skr_names_repeat(names, view->origin, objects_node, key))
        return;
    if (names->count == SKR_MOST_NAMES || key.size > SKR_NAMES_BYTES - names->bytes_used) {
        names->lost = true;
        return;
    }
    memcpy(names->bytes + names->bytes_used, key.data, key.size);
    names->changed[names->count++] =
        (struct skr_changed_name){view->origin, objects_node, (uint32_t)names->bytes_used, (uint32_t)key.size};
    names->bytes_used += key.size;
}

void skr_names_add_container(struct skr_view *view, struct skr_bytes account, struct skr_bytes container)
{
    char key[SKR_MAX_ACCOUNT_BYTES + 1 + SKR_MAX_CONTAINER_BYTES];
    memcpy(key, account.data, account.size);
    key[account.size] = '/';
    memcpy(key + account.size + 1, container.data, container.size);
    skr_names_add(view, 0, (struct skr_bytes){key, account.size + 1 + container.size});
}

void skr_names_tell(struct skr_view *view)
{
    struct skr_meta *meta = view->meta;
    const struct skr_names *names = view->names;
    pthread_mutex_lock(&meta->listener_lock);
    struct skr_meta_listener *listener = atomic_load_explicit(&meta->listener, memory_order_relaxed);
    if (listener != NULL && (names == NULL || names->lost))
        listener->changed(listener, NULL, 0, SKR_NO_BYTES);
    else if (listener != NULL)
        for (size_t i = 0; i < names->count; i++) {
            const struct skr_changed_name *name = &names->changed[i];
            listener->changed(listener, name->origin, name->objects_node,
                              (struct skr_bytes){names->bytes + name->at, name->size});
        }
    pthread_mutex_unlock(&meta->listener_lock);
}
