/* Checksums of every kind that clients may announce, over a stream or out of those of its parts. The kinds whose bytes are read
 * at memory speed come from ISA-L and crc64.c, the SHAs from OpenSSL.
 */
#include <isa-l/crc.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

#include "skerry/hash.h"

/* Owned by one thread. */
struct skr_checksummer {
    enum skr_checksum_kind kind;
    uint64_t crc;
    EVP_MD_CTX *context; /* SHA1, SHA256 */
};

static EVP_MD *skr_sha_engines[SKR_CHECKSUM_KIND_COUNT]; /* fetched once, like that of MD5 */
static pthread_once_t skr_sha_once = PTHREAD_ONCE_INIT;

static void skr_sha_fetch(void)
{
    skr_sha_engines[SKR_CHECKSUM_SHA1] = EVP_MD_fetch(NULL, "SHA1", NULL);
    skr_sha_engines[SKR_CHECKSUM_SHA256] = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static bool skr_is_sha(enum skr_checksum_kind kind)
{
    return kind == SKR_CHECKSUM_SHA1 || kind == SKR_CHECKSUM_SHA256;
}

enum skr_status skr_checksummer_open(struct skr_checksummer **out, enum skr_checksum_kind kind, struct skr_error *err)
{
    if (skr_checksum_size(kind) == 0)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "no such kind of checksum");
    struct skr_checksummer *checksummer = calloc(1, sizeof *checksummer);
    if (checksummer == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a checksum");
    checksummer->kind = kind;
    if (skr_is_sha(kind)) {
        pthread_once(&skr_sha_once, skr_sha_fetch);
        if (skr_sha_engines[kind] == NULL) {
            skr_checksummer_close(checksummer);
            return skr_fail(err, SKR_UNSUPPORTED, "this build of OpenSSL lacks a kind of SHA");
        }
        checksummer->context = EVP_MD_CTX_new();
        if (checksummer->context == NULL || EVP_DigestInit_ex2(checksummer->context, skr_sha_engines[kind], NULL) != 1) {
            skr_checksummer_close(checksummer);
            return skr_fail(err, SKR_NO_MEMORY, "no memory for a checksum");
        }
    }
    *out = checksummer;
    return SKR_OK;
}

void skr_checksummer_update(struct skr_checksummer *checksummer, const void *data, size_t size)
{
    if (size == 0)
        return;
    switch (checksummer->kind) {
    case SKR_CHECKSUM_CRC32:
        checksummer->crc = crc32_gzip_refl((uint32_t)checksummer->crc, data, size);
        break;
    case SKR_CHECKSUM_CRC32C:
        checksummer->crc = skr_crc32c((uint32_t)checksummer->crc, data, size);
        break;
    case SKR_CHECKSUM_CRC64NVME:
        checksummer->crc = skr_crc64(checksummer->crc, data, size);
        break;
    default:
        if (EVP_DigestUpdate(checksummer->context, data, size) != 1)
            abort(); /* only a programming error makes an update fail */
    }
}

static void skr_crc_store(struct skr_checksum *out, uint64_t crc)
{
    size_t size = skr_checksum_size(out->kind);
    for (size_t i = 0; i < size; i++)
        out->bytes[i] = (uint8_t)(crc >> (8 * (size - 1 - i)));
}

static uint64_t skr_crc_load(const struct skr_checksum *checksum)
{
    uint64_t crc = 0;
    for (size_t i = 0; i < skr_checksum_size(checksum->kind); i++)
        crc = crc << 8 | checksum->bytes[i];
    return crc;
}

void skr_checksummer_finish(struct skr_checksummer *checksummer, struct skr_checksum *out)
{
    *out = (struct skr_checksum){.kind = checksummer->kind};
    if (!skr_is_sha(checksummer->kind)) {
        skr_crc_store(out, checksummer->crc);
        checksummer->crc = 0;
        return;
    }
    unsigned size = sizeof out->bytes;
    if (EVP_DigestFinal_ex(checksummer->context, out->bytes, &size) != 1 ||
        EVP_DigestInit_ex2(checksummer->context, skr_sha_engines[checksummer->kind], NULL) != 1)
        abort();
}

void skr_checksummer_close(struct skr_checksummer *checksummer)
{
    if (checksummer == NULL)
        return;
    EVP_MD_CTX_free(checksummer->context);
    free(checksummer);
}

/* ---- combining: polynomials over two elements, reflected, so that the highest bit of the width stands for 1 ---- */

struct skr_crc_field {
    uint64_t polynomial, one;
};

static bool skr_crc_field_of(enum skr_checksum_kind kind, struct skr_crc_field *out)
{
    switch (kind) {
    case SKR_CHECKSUM_CRC32:
        *out = (struct skr_crc_field){UINT64_C(0xEDB88320), UINT64_C(1) << 31};
        return true;
    case SKR_CHECKSUM_CRC32C:
        *out = (struct skr_crc_field){UINT64_C(0x82F63B78), UINT64_C(1) << 31};
        return true;
    case SKR_CHECKSUM_CRC64NVME:
        *out = (struct skr_crc_field){UINT64_C(0x9A6C9329AC4BC9B5), UINT64_C(1) << 63};
        return true;
    default:
        return false;
    }
}

static uint64_t skr_crc_multiply(const struct skr_crc_field *field, uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    for (uint64_t bit = field->one; bit != 0; bit >>= 1) {
        if (a & bit)
            product ^= b;
        b = b >> 1 ^ (b & 1 ? field->polynomial : 0);
    }
    return product;
}

/* x to the power of eight times `bytes`: what that many further bytes do to the state. */
static uint64_t skr_crc_shift(const struct skr_crc_field *field, uint64_t bytes)
{
    uint64_t power = field->one, square = field->one >> 8;
    for (; bytes > 0; bytes >>= 1) {
        if (bytes & 1)
            power = skr_crc_multiply(field, power, square);
        square = skr_crc_multiply(field, square, square);
    }
    return power;
}

/* The inversions before and after cancel each other: what is left is A's state moved on by the size of B, and B. */
bool skr_checksum_combine(struct skr_checksum *first, const struct skr_checksum *second, uint64_t second_size)
{
    struct skr_crc_field field;
    if (!skr_crc_field_of(second->kind, &field))
        return false;
    if (first->kind == SKR_CHECKSUM_NONE) {
        *first = *second;
        return true;
    }
    if (first->kind != second->kind)
        return false;
    uint64_t moved = skr_crc_multiply(&field, skr_crc_load(first), skr_crc_shift(&field, second_size));
    skr_crc_store(first, moved ^ skr_crc_load(second));
    return true;
}
