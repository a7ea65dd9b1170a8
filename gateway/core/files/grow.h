/* Arrays that grow by one element at a time. */
#ifndef SKERRY_CORE_FILES_GROW_H
#define SKERRY_CORE_FILES_GROW_H

#include <stdlib.h>

/* The array, with room for one more element of `size` bytes. NULL: no memory, and it is as it was. */
static inline void *skr_grow(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    size_t wanted = *capacity * 2 + 16;
    void *grown = realloc(array, wanted * size);
    if (grown != NULL)
        *capacity = wanted;
    return grown;
}

#endif
