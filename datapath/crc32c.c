/* CRC32C through ISA-L. */
#include "skerry/hash.h"

#include <isa-l/crc.h>
#include <limits.h>

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
