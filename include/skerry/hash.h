/* Digests of byte streams, behind one small interface so that faster engines can be put in place.
 *
 * Sources: RFC 1321 (MD5), RFC 3720 appendix B.4 (CRC32C), the CRC-64/NVME parameters (polynomial 0xAD93D23594C93659,
 * reflected, all ones in and out), which is also what `x-ms-content-crc64` carries.
 */
#ifndef SKERRY_HASH_H
#define SKERRY_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "skerry/records.h"
#include "skerry/status.h"

#define SKR_MD5_SIZE 16
#define SKR_CRC_CHUNK_BYTES 65536u /* stored checksums cover this many bytes each */

/* CRC32C (Castagnoli) of `data`, continuing from `crc` (0 to begin). Any thread; picks CPU features at first use. */
uint32_t skr_crc32c(uint32_t crc, const void *data, size_t size);

/* CRC-64/NVME of `data`, continuing from `crc` (0 to begin). Any thread. */
uint64_t skr_crc64(uint64_t crc, const void *data, size_t size);

/* An incremental MD5. Owned by one thread. */
struct skr_md5;
enum skr_status skr_md5_open(struct skr_md5 **out, struct skr_error *err);
void skr_md5_update(struct skr_md5 *md5, const void *data, size_t size);
/* Writes the digest and begins anew, so that the object can be used again. */
void skr_md5_finish(struct skr_md5 *md5, uint8_t digest[SKR_MD5_SIZE]);
void skr_md5_close(struct skr_md5 *md5);
/* Of bytes that are all there. Any thread. */
void skr_md5_of(const void *data, size_t size, uint8_t digest[SKR_MD5_SIZE]);

/* Of several, side by side where the processor can: much cheaper than one after the other. Any thread. */
struct skr_md5_piece {
    const void *data;
    size_t size;
    uint8_t *digest; /* out: SKR_MD5_SIZE */
};
void skr_md5_of_many(const struct skr_md5_piece *pieces, size_t count);

/* A checksum of any kind over a stream. Owned by one thread. Sources: ISO 3309 (CRC32), FIPS 180-4 (SHA-1, SHA-256). */
struct skr_checksummer;
enum skr_status skr_checksummer_open(struct skr_checksummer **out, enum skr_checksum_kind kind, struct skr_error *err);
void skr_checksummer_update(struct skr_checksummer *checksummer, const void *data, size_t size);
/* Writes the checksum and begins anew. */
void skr_checksummer_finish(struct skr_checksummer *checksummer, struct skr_checksum *out);
void skr_checksummer_close(struct skr_checksummer *checksummer); /* NULL-safe */

/* The checksum of A followed by B, from those of A and B and the size of B: for the CRC kinds, without the bytes.
 * `first` may be of kind NONE: nothing yet. False: the kinds differ or are not CRCs. */
bool skr_checksum_combine(struct skr_checksum *first, const struct skr_checksum *second, uint64_t second_size);

#endif
