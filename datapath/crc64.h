/* The ways to compute a CRC64 that this CPU has, for tests that compare them. */
#ifndef SKERRY_DATAPATH_CRC64_H
#define SKERRY_DATAPATH_CRC64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKR_CRC64_WAYS 4
struct skr_crc64_way {
    const char *name;
    uint64_t (*update)(uint64_t state, const unsigned char *bytes, size_t size); /* inverted before and after by the caller */
};
/* Slowest first; the last is the one in use. Returns how many. */
size_t skr_crc64_ways(struct skr_crc64_way ways[SKR_CRC64_WAYS]);

#endif
