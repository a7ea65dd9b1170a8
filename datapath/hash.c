/* CRC32C through ISA-L, MD5 through OpenSSL. */
#include "skerry/hash.h"

#include <isa-l/crc.h>
#include <limits.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

uint32_t skr_crc32c(uint32_t crc, const void *data, size_t size)
{
    /* ISA-L leaves the inversions before and after to its caller, and takes the size as an int. */
    unsigned char *bytes = (unsigned char *)data;
    uint32_t state = ~crc;
    while (size > 0) {
        int piece = size > INT_MAX / 2 ? INT_MAX / 2 : (int)size;
        state = crc32_iscsi(bytes, piece, state);
        bytes += piece;
        size -= (size_t)piece;
    }
    return ~state;
}

/* Owned by one thread. */
struct skr_md5 {
    EVP_MD_CTX *context;
};

static EVP_MD *skr_md5_engine; /* fetched once: looking it up each time costs more than hashing a small object */
static pthread_once_t skr_md5_once = PTHREAD_ONCE_INIT;

static void skr_md5_fetch(void)
{
    skr_md5_engine = EVP_MD_fetch(NULL, "MD5", NULL);
}

enum skr_status skr_md5_open(struct skr_md5 **out, struct skr_error *err)
{
    pthread_once(&skr_md5_once, skr_md5_fetch);
    if (skr_md5_engine == NULL)
        return skr_fail(err, SKR_UNSUPPORTED, "this build of OpenSSL offers no MD5");
    struct skr_md5 *md5 = malloc(sizeof *md5);
    if (md5 == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a digest");
    md5->context = EVP_MD_CTX_new();
    if (md5->context == NULL || EVP_DigestInit_ex2(md5->context, skr_md5_engine, NULL) != 1) {
        skr_md5_close(md5);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a digest");
    }
    *out = md5;
    return SKR_OK;
}

void skr_md5_update(struct skr_md5 *md5, const void *data, size_t size)
{
    if (EVP_DigestUpdate(md5->context, data, size) != 1)
        abort(); /* only a programming error makes an update fail */
}

void skr_md5_finish(struct skr_md5 *md5, uint8_t digest[SKR_MD5_SIZE])
{
    unsigned size = SKR_MD5_SIZE;
    if (EVP_DigestFinal_ex(md5->context, digest, &size) != 1 || EVP_DigestInit_ex2(md5->context, skr_md5_engine, NULL) != 1)
        abort();
}

void skr_md5_close(struct skr_md5 *md5)
{
    if (md5 == NULL)
        return;
    EVP_MD_CTX_free(md5->context);
    free(md5);
}
