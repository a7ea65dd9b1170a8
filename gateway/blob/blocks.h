/* Blocks and lists of them. */
#ifndef SKERRY_BLOB_BLOCKS_H
#define SKERRY_BLOB_BLOCKS_H

#include "call.h"

/* A block id as the protocol has it, decoded into the arena. */
bool skr_parse_block_id(struct skr_arena *arena, struct skr_bytes text, struct skr_bytes *name);
/* The request's blockid into call->block_name. False: answered. */
bool skr_call_block_id(struct skr_call *call);
void skr_call_block_headers(struct skr_call *call, const struct skr_digests *digests);

/* The body of Put Block List. The caller frees `choices`, also after a failure. */
struct skr_choice_list {
    struct skr_arena *arena;
    struct skr_block_choice *choices;
    size_t count, capacity;
    bool too_long, bad_id;
};
bool skr_block_list_parse(struct skr_arena *arena, struct skr_bytes document, struct skr_choice_list *list);

#endif
