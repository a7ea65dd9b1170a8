/* Watchers of names. From the first one on metadata gathers the names that change; each commit tells them to every watcher but
 * the one whose worker made the change. Invariant: no lock of core is taken before metadata's own, which the commit thread
 * holds while it tells.
 */
#include "watch.h"

#include "../state.h"

static void skr_watching_changed(struct skr_meta_listener *listener, const void *origin, uint64_t objects_node,
                                 struct skr_bytes key)
{
    struct skr_watching *watching = (struct skr_watching *)listener;
    pthread_mutex_lock(&watching->lock);
    for (struct skr_watcher *watcher = watching->first; watcher != NULL; watcher = watcher->next)
        if (watcher != origin)
            watcher->changed(watcher->context, objects_node, key);
    pthread_mutex_unlock(&watching->lock);
}

void skr_watching_open(struct skr_watching *watching)
{
    *watching = (struct skr_watching){.listener = {skr_watching_changed}};
    pthread_mutex_init(&watching->lock, NULL);
}

void skr_watching_close(struct skr_watching *watching)
{
    pthread_mutex_destroy(&watching->lock);
}

void skr_watch(struct skr_core *core, struct skr_watcher *watcher)
{
    struct skr_watching *watching = &core->watching;
    pthread_mutex_lock(&watching->lock);
    watcher->next = watching->first;
    watching->first = watcher;
    pthread_mutex_unlock(&watching->lock);
    skr_meta_listen(core->meta, &watching->listener); /* also where it listens already */
}

void skr_unwatch(struct skr_core *core, struct skr_watcher *watcher)
{
    struct skr_watching *watching = &core->watching;
    pthread_mutex_lock(&watching->lock);
    struct skr_watcher **at = &watching->first;
    while (*at != NULL && *at != watcher)
        at = &(*at)->next;
    if (*at != NULL)
        *at = watcher->next;
    pthread_mutex_unlock(&watching->lock);
}

void skr_worker_set_watcher(struct skr_worker *worker, struct skr_watcher *watcher)
{
    worker->watcher = watcher;
}
