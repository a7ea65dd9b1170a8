/* A string to sign, put together in an arena. */
#ifndef SKERRY_AUTH_TEXT_H
#define SKERRY_AUTH_TEXT_H

#include "skerry/bytes.h"

struct skr_signing_text {
    struct skr_arena *arena;
    char *data;
    size_t size, capacity;
    bool failed;
};

static inline void skr_signing_add(struct skr_signing_text *text, struct skr_bytes part)
{
    if (text->size + part.size > text->capacity) {
        size_t capacity = (text->size + part.size) * 2 + 512;
        char *grown = text->failed ? NULL : skr_arena_alloc(text->arena, capacity);
        if (grown == NULL) {
            text->failed = true;
            return;
        }
        if (text->size > 0)
            memcpy(grown, text->data, text->size);
        text->data = grown;
        text->capacity = capacity;
    }
    if (part.size > 0)
        memcpy(text->data + text->size, part.data, part.size);
    text->size += part.size;
}

static inline void skr_signing_line(struct skr_signing_text *text, struct skr_bytes part)
{
    skr_signing_add(text, part);
    skr_signing_add(text, SKR_BYTES("\n"));
}

static inline struct skr_bytes skr_signing_bytes(const struct skr_signing_text *text)
{
    return (struct skr_bytes){text->data, text->size};
}

#endif
