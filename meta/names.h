/* Which names a transaction changes, for whoever listens. */
#ifndef SKERRY_META_NAMES_H
#define SKERRY_META_NAMES_H

#include "meta_private.h"

/* Before a transaction's first change. */
void skr_names_begin(struct skr_view *view);
/* After it was committed. */
void skr_names_tell(struct skr_view *view);

void skr_names_add(struct skr_view *view, uint64_t objects_node, struct skr_bytes key);
void skr_names_add_container(struct skr_view *view, struct skr_bytes account, struct skr_bytes container);
/* Any name may have changed. */
void skr_names_lose(struct skr_view *view);

/* After the write: a change that fails before it wrote has changed no name. */
static inline void skr_names_note(struct skr_view *view, uint64_t objects_node, struct skr_bytes key)
{
    if (view->names != NULL)
        skr_names_add(view, objects_node, key);
}
static inline void skr_names_note_container(struct skr_view *view, struct skr_bytes account, struct skr_bytes container)
{
    if (view->names != NULL)
        skr_names_add_container(view, account, container);
}

#endif
