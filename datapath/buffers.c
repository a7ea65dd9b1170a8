/* Large aligned buffers for writers, carved out of one reserved region: faulting in fresh memory for each stream costs more
 * than checking a sum over it, and huge pages make both the copying and the kernel's pinning of O_DIRECT writes cheaper.
 * Bounded, so that many streams share the memory instead of adding to it. The buffers used last are given out first; what has
 * not been used for long is given back to the system.
 */
#include <stdlib.h>
#include <sys/mman.h>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include "store_private.h"

#define SKR_HUGE_PAGE_BYTES (2u << 20)

enum skr_status skr_buffers_open(struct skr_buffers *buffers, struct skr_error *err)
{
    size_t size = (size_t)SKR_BUFFERS_MAX * SKR_LARGE_BUFFER_BYTES + SKR_HUGE_PAGE_BYTES;
    void *region = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED)
        return skr_fail(err, SKR_NO_MEMORY, "no address space for buffers");
    buffers->region = region;
    buffers->region_bytes = size;
    buffers->first = (char *)(((uintptr_t)region + SKR_HUGE_PAGE_BYTES - 1) / SKR_HUGE_PAGE_BYTES * SKR_HUGE_PAGE_BYTES);
    madvise(buffers->first, (size_t)SKR_BUFFERS_MAX * SKR_LARGE_BUFFER_BYTES,
            MADV_HUGEPAGE); /* where there are none, small ones do */
    for (unsigned i = 0; i < SKR_BUFFERS_MAX; i++)
        buffers->free[i] = (uint16_t)(SKR_BUFFERS_MAX - 1 - i);
    buffers->free_count = SKR_BUFFERS_MAX;
    buffers->touched_count = 0;
    pthread_mutex_init(&buffers->lock, NULL);
    return SKR_OK;
}

void skr_buffers_close(struct skr_buffers *buffers)
{
    if (buffers->region == NULL)
        return;
    munmap(buffers->region, buffers->region_bytes);
    pthread_mutex_destroy(&buffers->lock);
}

void *skr_buffers_take(struct skr_buffers *buffers)
{
    void *buffer = NULL;
    pthread_mutex_lock(&buffers->lock);
    if (buffers->free_count > 0) {
        uint16_t index = buffers->free[--buffers->free_count];
        if (!buffers->touched[index]) {
            buffers->touched[index] = true;
            buffers->touched_count++;
        }
        buffer = buffers->first + (size_t)index * SKR_LARGE_BUFFER_BYTES;
    }
    pthread_mutex_unlock(&buffers->lock);
    return buffer;
}

void skr_buffers_give(struct skr_buffers *buffers, void *buffer)
{
    uint16_t index = (uint16_t)((size_t)((char *)buffer - buffers->first) / SKR_LARGE_BUFFER_BYTES);
    pthread_mutex_lock(&buffers->lock);
    buffers->free[buffers->free_count++] = index;
    pthread_mutex_unlock(&buffers->lock);
}

void skr_buffers_trim(struct skr_buffers *buffers, size_t keep)
{
    pthread_mutex_lock(&buffers->lock);
    for (size_t i = 0; i < buffers->free_count && buffers->touched_count > keep; i++) { /* those used longest ago first */
        uint16_t index = buffers->free[i];
        if (!buffers->touched[index])
            continue;
        madvise(buffers->first + (size_t)index * SKR_LARGE_BUFFER_BYTES, SKR_LARGE_BUFFER_BYTES, MADV_DONTNEED);
        buffers->touched[index] = false;
        buffers->touched_count--;
    }
    pthread_mutex_unlock(&buffers->lock);
}

void skr_buffers_fill(void *to, const void *from, size_t size)
{
#if defined(__x86_64__)
    char *out = to;
    const char *in = from;
    size_t head = (size_t)(-(uintptr_t)out & 15);
    if (size >= 4096) {
        memcpy(out, in, head);
        for (out += head, in += head, size -= head; size >= 64; out += 64, in += 64, size -= 64) {
            __m128i a = _mm_loadu_si128((const __m128i *)(const void *)in),
                    b = _mm_loadu_si128((const __m128i *)(const void *)(in + 16));
            __m128i c = _mm_loadu_si128((const __m128i *)(const void *)(in + 32)),
                    d = _mm_loadu_si128((const __m128i *)(const void *)(in + 48));
            _mm_stream_si128((__m128i *)(void *)out, a);
            _mm_stream_si128((__m128i *)(void *)(out + 16), b);
            _mm_stream_si128((__m128i *)(void *)(out + 32), c);
            _mm_stream_si128((__m128i *)(void *)(out + 48), d);
        }
        _mm_sfence();
    }
    memcpy(out, in, size);
#else
    memcpy(to, from, size);
#endif
}
