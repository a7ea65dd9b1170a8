/* MD5: one stream through OpenSSL, several side by side in the lanes of vector registers.
 *
 * MD5 cannot be made faster within a stream: each step waits for the one before. Eight streams at once take hardly longer than
 * one, and uploads come in numbers. The state is OpenSSL's own low-level one, so that a stream may change between both ways at
 * any block.
 */
#include "md5.h"

#include <openssl/md5.h>
#include <stdlib.h>
#include <string.h>

#define SKR_BLOCK_BYTES 64

/* OpenSSL marks these calls as old. They are the only ones whose state can be taken out of and put into, and they stay in
 * its 3.x line. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* Owned by one thread at a time. */
struct skr_md5 {
    MD5_CTX state;
};

static void skr_md5_begin(struct skr_md5 *md5)
{
    MD5_Init(&md5->state);
}

enum skr_status skr_md5_open(struct skr_md5 **out, struct skr_error *err)
{
    struct skr_md5 *md5 = malloc(sizeof *md5);
    if (md5 == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a digest");
    skr_md5_begin(md5);
    *out = md5;
    return SKR_OK;
}

void skr_md5_update(struct skr_md5 *md5, const void *data, size_t size)
{
    MD5_Update(&md5->state, data, size);
}

void skr_md5_finish(struct skr_md5 *md5, uint8_t digest[SKR_MD5_SIZE])
{
    MD5_Final(digest, &md5->state);
    skr_md5_begin(md5);
}

void skr_md5_close(struct skr_md5 *md5)
{
    free(md5);
}

void skr_md5_of(const void *data, size_t size, uint8_t digest[SKR_MD5_SIZE])
{
    MD5_CTX state;
    MD5_Init(&state);
    MD5_Update(&state, data, size);
    MD5_Final(digest, &state);
}

/* `size` bytes went by beside OpenSSL: its count is in bits, in two halves. */
static void skr_md5_count(MD5_CTX *state, size_t size)
{
    uint64_t bits = ((uint64_t)state->Nh << 32 | state->Nl) + (uint64_t)size * 8;
    state->Nl = (MD5_LONG)bits;
    state->Nh = (MD5_LONG)(bits >> 32);
}

#pragma GCC diagnostic pop

/* ---- lanes ---- */

#if defined(__x86_64__)
#include <immintrin.h>

#define SKR_F(b, c, d) _mm256_xor_si256(d, _mm256_and_si256(b, _mm256_xor_si256(c, d)))
#define SKR_G(b, c, d) _mm256_xor_si256(c, _mm256_and_si256(d, _mm256_xor_si256(b, c)))
#define SKR_H(b, c, d) _mm256_xor_si256(_mm256_xor_si256(b, c), d)
#define SKR_I(b, c, d) _mm256_xor_si256(c, _mm256_or_si256(b, _mm256_xor_si256(d, ones)))
#define SKR_STEP(f, a, b, c, d, word, constant, shift)                                                                         \
    a = _mm256_add_epi32(_mm256_add_epi32(a, SKR_##f(b, c, d)), _mm256_add_epi32(word, _mm256_set1_epi32((int)constant)));     \
    a = _mm256_add_epi32(b, _mm256_or_si256(_mm256_slli_epi32(a, shift), _mm256_srli_epi32(a, 32 - shift)));

/* Eight rows of eight words become eight columns. */
__attribute__((target("avx2"))) static inline void skr_transpose(__m256i row[8])
{
    __m256i t[8], u[8];
    for (int i = 0; i < 4; i++) {
        t[2 * i] = _mm256_unpacklo_epi32(row[2 * i], row[2 * i + 1]);
        t[2 * i + 1] = _mm256_unpackhi_epi32(row[2 * i], row[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        u[4 * i] = _mm256_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
        u[4 * i + 1] = _mm256_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
        u[4 * i + 2] = _mm256_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
        u[4 * i + 3] = _mm256_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        row[i] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x20);
        row[i + 4] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x31);
    }
}

__attribute__((target("avx2"))) static void skr_md5_lanes(uint32_t state[4][SKR_MD5_LANES],
                                                          const unsigned char *data[SKR_MD5_LANES], size_t blocks)
{
    const __m256i ones = _mm256_set1_epi32(-1);
    __m256i a = _mm256_loadu_si256((const void *)state[0]), b = _mm256_loadu_si256((const void *)state[1]);
    __m256i c = _mm256_loadu_si256((const void *)state[2]), d = _mm256_loadu_si256((const void *)state[3]);
    for (size_t block = 0; block < blocks; block++) {
        __m256i w[16], a0 = a, b0 = b, c0 = c, d0 = d;
        for (int lane = 0; lane < 8; lane++) {
            const unsigned char *bytes = data[lane] + block * SKR_BLOCK_BYTES;
            w[lane] = _mm256_loadu_si256((const void *)bytes);
            w[lane + 8] = _mm256_loadu_si256((const void *)(bytes + 32));
        }
        skr_transpose(w);
        skr_transpose(w + 8);
        /* clang-format off */
        SKR_STEP(F, a, b, c, d, w[0], 0xD76AA478, 7) SKR_STEP(F, d, a, b, c, w[1], 0xE8C7B756, 12)
        SKR_STEP(F, c, d, a, b, w[2], 0x242070DB, 17) SKR_STEP(F, b, c, d, a, w[3], 0xC1BDCEEE, 22)
        SKR_STEP(F, a, b, c, d, w[4], 0xF57C0FAF, 7) SKR_STEP(F, d, a, b, c, w[5], 0x4787C62A, 12)
        SKR_STEP(F, c, d, a, b, w[6], 0xA8304613, 17) SKR_STEP(F, b, c, d, a, w[7], 0xFD469501, 22)
        SKR_STEP(F, a, b, c, d, w[8], 0x698098D8, 7) SKR_STEP(F, d, a, b, c, w[9], 0x8B44F7AF, 12)
        SKR_STEP(F, c, d, a, b, w[10], 0xFFFF5BB1, 17) SKR_STEP(F, b, c, d, a, w[11], 0x895CD7BE, 22)
        SKR_STEP(F, a, b, c, d, w[12], 0x6B901122, 7) SKR_STEP(F, d, a, b, c, w[13], 0xFD987193, 12)
        SKR_STEP(F, c, d, a, b, w[14], 0xA679438E, 17) SKR_STEP(F, b, c, d, a, w[15], 0x49B40821, 22)
        SKR_STEP(G, a, b, c, d, w[1], 0xF61E2562, 5) SKR_STEP(G, d, a, b, c, w[6], 0xC040B340, 9)
        SKR_STEP(G, c, d, a, b, w[11], 0x265E5A51, 14) SKR_STEP(G, b, c, d, a, w[0], 0xE9B6C7AA, 20)
        SKR_STEP(G, a, b, c, d, w[5], 0xD62F105D, 5) SKR_STEP(G, d, a, b, c, w[10], 0x02441453, 9)
        SKR_STEP(G, c, d, a, b, w[15], 0xD8A1E681, 14) SKR_STEP(G, b, c, d, a, w[4], 0xE7D3FBC8, 20)
        SKR_STEP(G, a, b, c, d, w[9], 0x21E1CDE6, 5) SKR_STEP(G, d, a, b, c, w[14], 0xC33707D6, 9)
        SKR_STEP(G, c, d, a, b, w[3], 0xF4D50D87, 14) SKR_STEP(G, b, c, d, a, w[8], 0x455A14ED, 20)
        SKR_STEP(G, a, b, c, d, w[13], 0xA9E3E905, 5) SKR_STEP(G, d, a, b, c, w[2], 0xFCEFA3F8, 9)
        SKR_STEP(G, c, d, a, b, w[7], 0x676F02D9, 14) SKR_STEP(G, b, c, d, a, w[12], 0x8D2A4C8A, 20)
        SKR_STEP(H, a, b, c, d, w[5], 0xFFFA3942, 4) SKR_STEP(H, d, a, b, c, w[8], 0x8771F681, 11)
        SKR_STEP(H, c, d, a, b, w[11], 0x6D9D6122, 16) SKR_STEP(H, b, c, d, a, w[14], 0xFDE5380C, 23)
        SKR_STEP(H, a, b, c, d, w[1], 0xA4BEEA44, 4) SKR_STEP(H, d, a, b, c, w[4], 0x4BDECFA9, 11)
        SKR_STEP(H, c, d, a, b, w[7], 0xF6BB4B60, 16) SKR_STEP(H, b, c, d, a, w[10], 0xBEBFBC70, 23)
        SKR_STEP(H, a, b, c, d, w[13], 0x289B7EC6, 4) SKR_STEP(H, d, a, b, c, w[0], 0xEAA127FA, 11)
        SKR_STEP(H, c, d, a, b, w[3], 0xD4EF3085, 16) SKR_STEP(H, b, c, d, a, w[6], 0x04881D05, 23)
        SKR_STEP(H, a, b, c, d, w[9], 0xD9D4D039, 4) SKR_STEP(H, d, a, b, c, w[12], 0xE6DB99E5, 11)
        SKR_STEP(H, c, d, a, b, w[15], 0x1FA27CF8, 16) SKR_STEP(H, b, c, d, a, w[2], 0xC4AC5665, 23)
        SKR_STEP(I, a, b, c, d, w[0], 0xF4292244, 6) SKR_STEP(I, d, a, b, c, w[7], 0x432AFF97, 10)
        SKR_STEP(I, c, d, a, b, w[14], 0xAB9423A7, 15) SKR_STEP(I, b, c, d, a, w[5], 0xFC93A039, 21)
        SKR_STEP(I, a, b, c, d, w[12], 0x655B59C3, 6) SKR_STEP(I, d, a, b, c, w[3], 0x8F0CCC92, 10)
        SKR_STEP(I, c, d, a, b, w[10], 0xFFEFF47D, 15) SKR_STEP(I, b, c, d, a, w[1], 0x85845DD1, 21)
        SKR_STEP(I, a, b, c, d, w[8], 0x6FA87E4F, 6) SKR_STEP(I, d, a, b, c, w[15], 0xFE2CE6E0, 10)
        SKR_STEP(I, c, d, a, b, w[6], 0xA3014314, 15) SKR_STEP(I, b, c, d, a, w[13], 0x4E0811A1, 21)
        SKR_STEP(I, a, b, c, d, w[4], 0xF7537E82, 6) SKR_STEP(I, d, a, b, c, w[11], 0xBD3AF235, 10)
        SKR_STEP(I, c, d, a, b, w[2], 0x2AD7D2BB, 15) SKR_STEP(I, b, c, d, a, w[9], 0xEB86D391, 21)
            /* clang-format on */
            a = _mm256_add_epi32(a, a0);
        b = _mm256_add_epi32(b, b0);
        c = _mm256_add_epi32(c, c0);
        d = _mm256_add_epi32(d, d0);
    }
    _mm256_storeu_si256((void *)state[0], a);
    _mm256_storeu_si256((void *)state[1], b);
    _mm256_storeu_si256((void *)state[2], c);
    _mm256_storeu_si256((void *)state[3], d);
}

static bool skr_md5_has_lanes(void)
{
    return __builtin_cpu_supports("avx2");
}

#else

static void skr_md5_lanes(uint32_t state[4][SKR_MD5_LANES], const unsigned char *data[SKR_MD5_LANES], size_t blocks)
{
    (void)state, (void)data, (void)blocks;
}

static bool skr_md5_has_lanes(void)
{
    return false;
}

#endif

/* Whole blocks of all of them at once; lanes that nobody needs repeat the first. */
static void skr_md5_blocks(struct skr_md5_work *work, size_t count, size_t blocks)
{
    uint32_t state[4][SKR_MD5_LANES];
    const unsigned char *data[SKR_MD5_LANES];
    for (size_t lane = 0; lane < SKR_MD5_LANES; lane++) {
        const struct skr_md5_work *own = &work[lane < count ? lane : 0];
        const MD5_CTX *from = &own->md5->state;
        state[0][lane] = from->A;
        state[1][lane] = from->B;
        state[2][lane] = from->C;
        state[3][lane] = from->D;
        data[lane] = own->data;
    }
    skr_md5_lanes(state, data, blocks);
    for (size_t lane = 0; lane < count; lane++) {
        MD5_CTX *to = &work[lane].md5->state;
        to->A = state[0][lane];
        to->B = state[1][lane];
        to->C = state[2][lane];
        to->D = state[3][lane];
        skr_md5_count(to, blocks * SKR_BLOCK_BYTES);
        work[lane].data += blocks * SKR_BLOCK_BYTES;
        work[lane].size -= blocks * SKR_BLOCK_BYTES;
    }
}

void skr_md5_update_many(struct skr_md5_work *work, size_t count)
{
    struct skr_md5_work active[SKR_MD5_LANES];
    size_t active_count = 0;
    for (size_t i = 0; i < count; i++)
        if (work[i].md5->state.num == 0)
            active[active_count++] = work[i];
        else
            skr_md5_update(work[i].md5, work[i].data, work[i].size);
    while (active_count > 1 && skr_md5_has_lanes()) { /* as far as the shortest goes, then on without it */
        size_t blocks = SIZE_MAX, left = 0;
        for (size_t i = 0; i < active_count; i++)
            blocks = active[i].size / SKR_BLOCK_BYTES < blocks ? active[i].size / SKR_BLOCK_BYTES : blocks;
        if (blocks > 0)
            skr_md5_blocks(active, active_count, blocks);
        for (size_t i = 0; i < active_count; i++)
            if (active[i].size >= SKR_BLOCK_BYTES)
                active[left++] = active[i];
            else
                skr_md5_update(active[i].md5, active[i].data, active[i].size);
        active_count = left;
    }
    for (size_t i = 0; i < active_count; i++)
        skr_md5_update(active[i].md5, active[i].data, active[i].size);
}

void skr_md5_of_many(const struct skr_md5_piece *pieces, size_t count)
{
    for (size_t at = 0; at < count; at += SKR_MD5_LANES) {
        struct skr_md5 states[SKR_MD5_LANES];
        struct skr_md5_work work[SKR_MD5_LANES];
        size_t some = count - at < SKR_MD5_LANES ? count - at : SKR_MD5_LANES;
        for (size_t i = 0; i < some; i++) {
            skr_md5_begin(&states[i]);
            work[i] = (struct skr_md5_work){&states[i], pieces[at + i].data, pieces[at + i].size};
        }
        skr_md5_update_many(work, some);
        for (size_t i = 0; i < some; i++)
            skr_md5_finish(&states[i], pieces[at + i].digest);
    }
}
