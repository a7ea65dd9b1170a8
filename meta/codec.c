/* See codec.h. */
#include "codec.h"

void skr_encode_bytes(struct skr_encoder *encoder, const void *data, size_t size)
{
    if (encoder->failed)
        return;
    if (encoder->size + size > encoder->capacity) {
        size_t capacity = (encoder->size + size) * 2 + 256;
        char *grown = skr_arena_alloc(encoder->arena, capacity);
        if (grown == NULL) {
            encoder->failed = true;
            return;
        }
        if (encoder->size > 0)
            memcpy(grown, encoder->data, encoder->size);
        encoder->data = grown;
        encoder->capacity = capacity;
    }
    if (size > 0)
        memcpy(encoder->data + encoder->size, data, size);
    encoder->size += size;
}

void skr_encode_number(struct skr_encoder *encoder, uint64_t value, unsigned bytes)
{
    unsigned char data[8];
    for (unsigned i = 0; i < bytes; i++)
        data[i] = (unsigned char)(value >> (8 * i));
    skr_encode_bytes(encoder, data, bytes);
}

void skr_encode_text(struct skr_encoder *encoder, struct skr_bytes text, unsigned length_bytes)
{
    if (length_bytes < 8 && text.size >> (8 * length_bytes) != 0)
        encoder->failed = true;
    skr_encode_number(encoder, text.size, length_bytes);
    skr_encode_bytes(encoder, text.data, text.size);
}

uint64_t skr_decode_number(struct skr_decoder *decoder, unsigned bytes)
{
    uint64_t value = 0;
    if (decoder->failed || skr_decoder_left(decoder) < bytes) {
        decoder->failed = true;
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)decoder->at[i] << (8 * i);
    decoder->at += bytes;
    return value;
}

struct skr_bytes skr_decode_bytes(struct skr_decoder *decoder, size_t size)
{
    if (decoder->failed || skr_decoder_left(decoder) < size) {
        decoder->failed = true;
        return SKR_NO_BYTES;
    }
    struct skr_bytes bytes = {(const char *)decoder->at, size};
    decoder->at += size;
    return bytes;
}

struct skr_bytes skr_decode_text(struct skr_decoder *decoder, unsigned length_bytes)
{
    uint64_t size = skr_decode_number(decoder, length_bytes);
    return skr_decode_bytes(decoder, size);
}
