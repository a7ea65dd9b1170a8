/* Packing records into bytes and back: little-endian numbers, texts with their length in front. A reader never goes beyond its
 * bytes: after the first lack of any it is `failed` and yields zeros. Pure functions. */
#ifndef SKERRY_META_CODEC_H
#define SKERRY_META_CODEC_H

#include "skerry/bytes.h"

struct skr_encoder {
    struct skr_arena *arena;
    char *data;
    size_t size, capacity;
    bool failed; /* no memory */
};
void skr_encode_number(struct skr_encoder *encoder, uint64_t value, unsigned bytes); /* 1, 2, 4 or 8 */
void skr_encode_bytes(struct skr_encoder *encoder, const void *data, size_t size);
void skr_encode_text(struct skr_encoder *encoder, struct skr_bytes text, unsigned length_bytes);

struct skr_decoder {
    const unsigned char *at, *end;
    bool failed;
};
uint64_t skr_decode_number(struct skr_decoder *decoder, unsigned bytes);
struct skr_bytes skr_decode_bytes(struct skr_decoder *decoder, size_t size);
struct skr_bytes skr_decode_text(struct skr_decoder *decoder, unsigned length_bytes);
static inline struct skr_decoder skr_decoder_of(struct skr_bytes bytes)
{
    return (struct skr_decoder){(const unsigned char *)bytes.data, (const unsigned char *)bytes.data + bytes.size, false};
}
static inline size_t skr_decoder_left(const struct skr_decoder *decoder)
{
    return (size_t)(decoder->end - decoder->at);
}

#endif
