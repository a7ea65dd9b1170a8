/* CRC-64/NVME. Own code because the ISA-L of Debian 12 does not have this polynomial yet: carry-less multiplication folds 128
 * bytes at a time where the CPU offers it, tables of eight bytes at a time do the rest. The constants are powers of x modulo the polynomial and
 * are computed at first use, not typed in.
 */
#include "crc64.h"

#include <pthread.h>
#include <string.h>

#include "skerry/hash.h"

#define SKR_CRC64_POLYNOMIAL UINT64_C(0x9A6C9329AC4BC9B5) /* reflected */

static uint64_t skr_crc64_tables[8][256];
static uint64_t skr_fold_2048[2], skr_fold_1024[2], skr_fold_128[2]; /* for the lower and the upper half of an accumulator */
static uint64_t (*skr_crc64_update)(uint64_t state, const unsigned char *bytes, size_t size);
static pthread_once_t skr_crc64_once = PTHREAD_ONCE_INIT;

static uint64_t skr_crc64_by_table(uint64_t state, const unsigned char *bytes, size_t size)
{
    for (; size >= 8; bytes += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        word ^= state;
        state = skr_crc64_tables[7][word & 255] ^ skr_crc64_tables[6][word >> 8 & 255] ^ skr_crc64_tables[5][word >> 16 & 255] ^
                skr_crc64_tables[4][word >> 24 & 255] ^ skr_crc64_tables[3][word >> 32 & 255] ^
                skr_crc64_tables[2][word >> 40 & 255] ^ skr_crc64_tables[1][word >> 48 & 255] ^ skr_crc64_tables[0][word >> 56];
    }
    for (; size > 0; bytes++, size--)
        state = skr_crc64_tables[0][(state ^ *bytes) & 255] ^ state >> 8;
    return state;
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("pclmul,sse4.1"))) static inline __m128i skr_fold(__m128i accumulator, __m128i constants, __m128i next)
{
    __m128i low = _mm_clmulepi64_si128(accumulator, constants, 0x00);
    __m128i high = _mm_clmulepi64_si128(accumulator, constants, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__attribute__((target("pclmul,sse4.1"))) static uint64_t skr_crc64_by_folding(uint64_t state, const unsigned char *bytes,
                                                                              size_t size)
{
    if (size < 256)
        return skr_crc64_by_table(state, bytes, size);
    const __m128i far = _mm_set_epi64x((long long)skr_fold_1024[1], (long long)skr_fold_1024[0]);
    const __m128i near = _mm_set_epi64x((long long)skr_fold_128[1], (long long)skr_fold_128[0]);
    __m128i part[8];
    for (int i = 0; i < 8; i++)
        part[i] = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i));
    part[0] = _mm_xor_si128(part[0], _mm_set_epi64x(0, (long long)state));
    for (bytes += 128, size -= 128; size >= 128; bytes += 128, size -= 128)
        for (int i = 0; i < 8; i++)
            part[i] = skr_fold(part[i], far, _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i)));
    for (int i = 1; i < 8; i++)
        part[i] = skr_fold(part[i - 1], near, part[i]);
    unsigned char rest[16];
    _mm_storeu_si128((__m128i *)(void *)rest, part[7]);
    return skr_crc64_by_table(skr_crc64_by_table(0, rest, sizeof rest), bytes, size);
}

/* What all wide ways have left: sixteen parts of 16 bytes, in order, and what comes after them. */
__attribute__((target("pclmul,sse4.1"))) static uint64_t skr_crc64_of_parts(unsigned char rest[256], const unsigned char *bytes,
                                                                            size_t size)
{
    const __m128i near = _mm_set_epi64x((long long)skr_fold_128[1], (long long)skr_fold_128[0]);
    __m128i part = _mm_loadu_si128((const __m128i *)(const void *)rest);
    for (int i = 1; i < 16; i++)
        part = skr_fold(part, near, _mm_loadu_si128((const __m128i *)(const void *)(rest + 16 * i)));
    _mm_storeu_si128((__m128i *)(void *)rest, part);
    return skr_crc64_by_table(skr_crc64_by_table(0, rest, 16), bytes, size);
}

/* The same with eight accumulators of 32 bytes each. */
__attribute__((target("avx2,vpclmulqdq,pclmul,sse4.1"))) static uint64_t
skr_crc64_by_wide_folding(uint64_t state, const unsigned char *bytes, size_t size)
{
    if (size < 512)
        return skr_crc64_by_folding(state, bytes, size);
    const __m256i far = _mm256_broadcastsi128_si256(_mm_set_epi64x((long long)skr_fold_2048[1], (long long)skr_fold_2048[0]));
    __m256i wide[8];
    for (int i = 0; i < 8; i++)
        wide[i] = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32 * i));
    wide[0] = _mm256_xor_si256(wide[0], _mm256_zextsi128_si256(_mm_set_epi64x(0, (long long)state)));
    for (bytes += 256, size -= 256; size >= 256; bytes += 256, size -= 256)
        for (int i = 0; i < 8; i++) {
            __m256i low = _mm256_clmulepi64_epi128(wide[i], far, 0x00), high = _mm256_clmulepi64_epi128(wide[i], far, 0x11);
            __m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32 * i));
            wide[i] = _mm256_xor_si256(_mm256_xor_si256(low, high), next);
        }
    unsigned char rest[256];
    for (int i = 0; i < 8; i++)
        _mm256_storeu_si256((__m256i *)(void *)(rest + 32 * i), wide[i]);
    return skr_crc64_of_parts(rest, bytes, size);
}

/* The same with four accumulators of 64 bytes each. */
__attribute__((target("avx512f,vpclmulqdq,pclmul,sse4.1"))) static uint64_t
skr_crc64_by_widest_folding(uint64_t state, const unsigned char *bytes, size_t size)
{
    if (size < 512)
        return skr_crc64_by_folding(state, bytes, size);
    const __m512i far = _mm512_broadcast_i32x4(_mm_set_epi64x((long long)skr_fold_2048[1], (long long)skr_fold_2048[0]));
    __m512i wide[4];
    for (int i = 0; i < 4; i++)
        wide[i] = _mm512_loadu_si512(bytes + 64 * i);
    wide[0] = _mm512_xor_si512(wide[0], _mm512_zextsi128_si512(_mm_set_epi64x(0, (long long)state)));
    for (bytes += 256, size -= 256; size >= 256; bytes += 256, size -= 256)
        for (int i = 0; i < 4; i++) {
            __m512i low = _mm512_clmulepi64_epi128(wide[i], far, 0x00), high = _mm512_clmulepi64_epi128(wide[i], far, 0x11);
            wide[i] = _mm512_ternarylogic_epi64(low, high, _mm512_loadu_si512(bytes + 64 * i), 0x96);
        }
    unsigned char rest[256];
    for (int i = 0; i < 4; i++)
        _mm512_storeu_si512(rest + 64 * i, wide[i]);
    return skr_crc64_of_parts(rest, bytes, size);
}
#endif

/* x to the power of n modulo the polynomial, reflected: the highest bit stands for 1. */
static uint64_t skr_power_of_x(unsigned n)
{
    uint64_t power = UINT64_C(1) << 63;
    while (n-- > 0)
        power = power >> 1 ^ (power & 1 ? SKR_CRC64_POLYNOMIAL : 0);
    return power;
}

/* Slowest first. */
static size_t skr_crc64_find_ways(struct skr_crc64_way ways[SKR_CRC64_WAYS])
{
    size_t count = 0;
    ways[count++] = (struct skr_crc64_way){"table", skr_crc64_by_table};
#if defined(__x86_64__)
    bool folds = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
    if (folds)
        ways[count++] = (struct skr_crc64_way){"pclmul", skr_crc64_by_folding};
    if (folds && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("vpclmulqdq"))
        ways[count++] = (struct skr_crc64_way){"vpclmulqdq, avx2", skr_crc64_by_wide_folding};
    if (folds && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq"))
        ways[count++] = (struct skr_crc64_way){"vpclmulqdq, avx512", skr_crc64_by_widest_folding};
#endif
    return count;
}

static void skr_crc64_prepare(void)
{
    struct skr_crc64_way ways[SKR_CRC64_WAYS];
    for (unsigned i = 0; i < 256; i++) {
        uint64_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? SKR_CRC64_POLYNOMIAL : 0);
        skr_crc64_tables[0][i] = crc;
    }
    for (unsigned i = 0; i < 256; i++)
        for (int t = 1; t < 8; t++)
            skr_crc64_tables[t][i] =
                skr_crc64_tables[0][skr_crc64_tables[t - 1][i] & 255] ^ skr_crc64_tables[t - 1][i] >> 8;
    skr_fold_2048[0] = skr_power_of_x(2048 + 63);
    skr_fold_2048[1] = skr_power_of_x(2048 - 1);
    skr_fold_1024[0] = skr_power_of_x(1024 + 63);
    skr_fold_1024[1] = skr_power_of_x(1024 - 1);
    skr_fold_128[0] = skr_power_of_x(128 + 63);
    skr_fold_128[1] = skr_power_of_x(128 - 1);
    skr_crc64_update = ways[skr_crc64_find_ways(ways) - 1].update;
}

size_t skr_crc64_ways(struct skr_crc64_way ways[SKR_CRC64_WAYS])
{
    pthread_once(&skr_crc64_once, skr_crc64_prepare);
    return skr_crc64_find_ways(ways);
}

uint64_t skr_crc64(uint64_t crc, const void *data, size_t size)
{
    pthread_once(&skr_crc64_once, skr_crc64_prepare);
    return ~skr_crc64_update(~crc, data, size);
}
