/* Contents that stay readable, and waiting: what the blocking calls of this folder share. */
#ifndef SKERRY_CORE_FILES_HELD_H
#define SKERRY_CORE_FILES_HELD_H

#include "../state.h"
#include "skerry/files.h"

/* In a view that has the content. */
enum skr_status skr_held_new(struct skr_core *core, struct skr_view *view, const struct skr_content *content,
                             struct skr_held **out, struct skr_error *err);
/* Of a small one, whose bytes the caller has. */
enum skr_status skr_held_new_payload(struct skr_core *core, const struct skr_content *content, struct skr_bytes payload,
                                     struct skr_held **out, struct skr_error *err);
/* Likewise of one that is pinned already, at least until this returns. */
enum skr_status skr_held_new_pinned(struct skr_core *core, const struct skr_content *content, struct skr_held **out,
                                    struct skr_error *err);
/* The content under the id that it was held by is made now. */
void skr_held_assign(struct skr_held *held, const struct skr_content *content);
/* Runs what the worker's thread has under way until something of it ended. */
void skr_wait(struct skr_worker *worker);

#endif
