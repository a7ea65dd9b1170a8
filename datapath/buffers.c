/* Large aligned buffers, kept for the next writer: faulting in fresh memory costs more than checking a sum over it. Bounded, so that
 * many streams share the memory instead of adding to it. */
#include <stdlib.h>

#include "store_private.h"

#define SKR_BUFFERS_MAX 256

void *skr_buffers_take(struct skr_store *store)
{
    struct skr_buffers *buffers = &store->buffers;
    void *buffer = NULL;
    pthread_mutex_lock(&buffers->lock);
    bool allowed = buffers->in_use < SKR_BUFFERS_MAX;
    if (allowed) {
        buffers->in_use++;
        if (buffers->free_count > 0)
            buffer = buffers->free[--buffers->free_count];
    }
    pthread_mutex_unlock(&buffers->lock);
    if (buffer == NULL && allowed) {
        buffer = aligned_alloc(SKR_DIRECT_ALIGNMENT, SKR_LARGE_BUFFER_BYTES);
        if (buffer == NULL) {
            pthread_mutex_lock(&buffers->lock);
            buffers->in_use--;
            pthread_mutex_unlock(&buffers->lock);
        }
    }
    return buffer;
}

void skr_buffers_give(struct skr_store *store, void *buffer)
{
    struct skr_buffers *buffers = &store->buffers;
    pthread_mutex_lock(&buffers->lock);
    buffers->in_use--;
    bool kept = buffers->free_count < sizeof buffers->free / sizeof *buffers->free;
    if (kept)
        buffers->free[buffers->free_count++] = buffer;
    pthread_mutex_unlock(&buffers->lock);
    if (!kept)
        free(buffer);
}

void skr_buffers_trim(struct skr_store *store, size_t keep)
{
    struct skr_buffers *buffers = &store->buffers;
    pthread_mutex_lock(&buffers->lock);
    while (buffers->free_count > keep)
        free(buffers->free[--buffers->free_count]);
    pthread_mutex_unlock(&buffers->lock);
}
