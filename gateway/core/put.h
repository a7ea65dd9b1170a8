/* The steps that every change which writes an object shares: put, commit of blocks, copy. All run in a change. */
#ifndef SKERRY_CORE_PUT_H
#define SKERRY_CORE_PUT_H

#include "federation/journal_note.h"
#include "state.h"

/* What is at the name before the change. */
struct skr_put_state {
    struct skr_container container;
    struct skr_object there; /* zero when nothing is */
    bool exists;
    struct skr_upload upload;
    bool has_upload;
    struct skr_note note; /* for the journal of what upstream lacks */
    /* Set by the change itself, when not by `put`: */
    struct skr_bytes etag; /* empty: of the kind that `put` asks for */
    uint64_t upload_id;    /* of the multipart upload that is completed */
};

/* Copies all texts of `put`, and its conditions into `conditions`. On the worker's thread. */
bool skr_put_copy(struct skr_arena *arena, struct skr_put *put, struct skr_conditions *conditions);
/* Looks the name up and checks whether it may be written. Writes nothing. */
enum skr_status skr_put_begin(struct skr_view *view, struct skr_pending *pending, const struct skr_put *put,
                              struct skr_put_state *state, struct skr_error *err);
/* Makes the object of `content`, in pending->object, on top of what is there, and ends the name's uncommitted blocks. */
enum skr_status skr_put_finish(struct skr_view *view, struct skr_pending *pending, const struct skr_put *put,
                               const struct skr_put_state *state, const struct skr_content *content, struct skr_error *err);

#endif
