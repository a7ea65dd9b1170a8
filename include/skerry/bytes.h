/* A view of bytes that somebody else owns, and an arena to own them for the length of one request.
 *
 * `struct skr_bytes` is passed by value; `data` is not zero-terminated and may be NULL when `size` is 0.
 * An arena is owned by one thread; what it hands out lives until skr_arena_release().
 */
#ifndef SKERRY_BYTES_H
#define SKERRY_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct skr_bytes {
    const char *data;
    size_t size;
};

#define SKR_BYTES(literal) ((struct skr_bytes){(literal), sizeof(literal) - 1})
#define SKR_NO_BYTES ((struct skr_bytes){NULL, 0})
/* For printf("%.*s"). */
#define SKR_PRINT(bytes) (int)(bytes).size, (bytes).data

static inline struct skr_bytes skr_text(const char *text)
{
    return (struct skr_bytes){text, text == NULL ? 0 : strlen(text)};
}

static inline bool skr_bytes_equal(struct skr_bytes a, struct skr_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool skr_bytes_starts_with(struct skr_bytes text, struct skr_bytes prefix)
{
    return text.size >= prefix.size && (prefix.size == 0 || memcmp(text.data, prefix.data, prefix.size) == 0);
}

/* Without the spaces and tabs around it: what HTTP calls optional white space. */
static inline struct skr_bytes skr_bytes_trim(struct skr_bytes text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text.data++, text.size--;
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* Byte order, a shorter text before a longer one that it begins: the order of listings. <0, 0, >0. */
static inline int skr_bytes_compare(struct skr_bytes a, struct skr_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* ASCII letters compare alike in either case. */
static inline bool skr_bytes_equal_nocase(struct skr_bytes a, struct skr_bytes b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++) {
        unsigned char x = (unsigned char)a.data[i], y = (unsigned char)b.data[i];
        x |= (x >= 'A' && x <= 'Z') ? 0x20 : 0;
        y |= (y >= 'A' && y <= 'Z') ? 0x20 : 0;
        if (x != y)
            return false;
    }
    return true;
}

static inline bool skr_bytes_starts_with_nocase(struct skr_bytes text, struct skr_bytes prefix)
{
    return text.size >= prefix.size && skr_bytes_equal_nocase((struct skr_bytes){text.data, prefix.size}, prefix);
}

struct skr_name_value {
    struct skr_bytes name;
    struct skr_bytes value;
};

struct skr_arena_block {
    struct skr_arena_block *next;
    size_t size, used;
    _Alignas(16) char data[];
};

/* Zero-initialize to create. The first block may lie in memory that the owner provides (skr_arena_seed). */
struct skr_arena {
    struct skr_arena_block *blocks;
    struct skr_arena_block *seed;
};

/* Uses `memory` (16-byte aligned, `size` bytes, owned by the caller and outliving the arena) before any allocation. */
static inline void skr_arena_seed(struct skr_arena *arena, void *memory, size_t size)
{
    struct skr_arena_block *block = memory;
    block->next = NULL;
    block->size = size - sizeof *block;
    block->used = 0;
    arena->blocks = arena->seed = block;
}

/* 16-byte aligned memory with undefined content, or NULL when there is none. */
static inline void *skr_arena_alloc(struct skr_arena *arena, size_t size)
{
    size_t rounded = (size + 15) & ~(size_t)15;
    struct skr_arena_block *block = arena->blocks;
    if (rounded < size)
        return NULL;
    if (block == NULL || block->size - block->used < rounded) {
        size_t block_size = rounded > 4096 ? rounded : 4096;
        block = malloc(sizeof *block + block_size);
        if (block == NULL)
            return NULL;
        block->next = arena->blocks;
        block->size = block_size;
        block->used = 0;
        arena->blocks = block;
    }
    void *memory = block->data + block->used;
    block->used += rounded;
    return memory;
}

static inline void *skr_arena_alloc_zero(struct skr_arena *arena, size_t size)
{
    void *memory = skr_arena_alloc(arena, size);
    if (memory != NULL)
        memset(memory, 0, size);
    return memory;
}

/* A zero-terminated copy. SKR_NO_BYTES when there is no memory: check `.data`. */
static inline struct skr_bytes skr_arena_copy(struct skr_arena *arena, struct skr_bytes bytes)
{
    char *copy = skr_arena_alloc(arena, bytes.size + 1);
    if (copy == NULL)
        return SKR_NO_BYTES;
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    copy[bytes.size] = '\0';
    return (struct skr_bytes){copy, bytes.size};
}

/* Frees everything that the arena handed out; the arena can be used again. */
static inline void skr_arena_release(struct skr_arena *arena)
{
    struct skr_arena_block *block = arena->blocks;
    while (block != NULL) {
        struct skr_arena_block *next = block->next;
        if (block != arena->seed)
            free(block);
        block = next;
    }
    if (arena->seed != NULL) {
        arena->seed->used = 0;
        arena->seed->next = NULL;
    }
    arena->blocks = arena->seed;
}

#endif
