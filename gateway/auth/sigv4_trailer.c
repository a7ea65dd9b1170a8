/* Trailers: each one announced, each there once, nothing else. */
#include <stdlib.h>

#include "sigv4_trailer.h"

#define SKR_TRAILER_SIGNATURE SKR_BYTES("x-amz-trailer-signature")

static struct skr_name_value *skr_trailer_find(const struct skr_trailer *trailer, struct skr_bytes name)
{
    for (size_t i = 0; i < trailer->count; i++)
        if (skr_bytes_equal_nocase(trailer->fields[i].name, name))
            return (struct skr_name_value *)&trailer->fields[i];
    return NULL;
}

static int skr_trailer_order(const void *a, const void *b)
{
    const struct skr_name_value *x = a, *y = b;
    return skr_bytes_compare(x->name, y->name);
}

enum skr_s3_body_problem skr_trailer_announce(struct skr_trailer *trailer, struct skr_bytes header, bool is_signed)
{
    trailer->is_signed = is_signed;
    if (header.size > sizeof trailer->announced)
        return SKR_S3_BODY_TRAILER_MALFORMED;
    for (size_t i = 0; i < header.size; i++) {
        char c = header.data[i];
        trailer->announced[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    struct skr_bytes rest = {trailer->announced, header.size};
    while (rest.size > 0) {
        const char *comma = memchr(rest.data, ',', rest.size);
        size_t size = comma == NULL ? rest.size : (size_t)(comma - rest.data);
        struct skr_bytes name = skr_bytes_trim((struct skr_bytes){rest.data, size});
        rest.data += comma == NULL ? size : size + 1;
        rest.size -= comma == NULL ? size : size + 1;
        if (name.size == 0)
            continue;
        if (trailer->count == SKR_MAX_TRAILERS || !skr_bytes_starts_with(name, SKR_BYTES("x-amz-checksum-")) ||
            skr_trailer_find(trailer, name) != NULL)
            return SKR_S3_BODY_TRAILER_MALFORMED;
        trailer->fields[trailer->count++].name = name;
    }
    qsort(trailer->fields, trailer->count, sizeof *trailer->fields, skr_trailer_order);
    return SKR_S3_BODY_FINE;
}

static enum skr_s3_body_problem skr_trailer_line(struct skr_trailer *trailer, struct skr_bytes line)
{
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    if (line.size == 0)
        return SKR_S3_BODY_FINE;
    const char *colon = memchr(line.data, ':', line.size);
    if (colon == NULL || trailer->has_signature)
        return SKR_S3_BODY_TRAILER_MALFORMED;
    struct skr_bytes name = skr_bytes_trim((struct skr_bytes){line.data, (size_t)(colon - line.data)});
    struct skr_bytes value = skr_bytes_trim((struct skr_bytes){colon + 1, line.size - (size_t)(colon + 1 - line.data)});
    if (trailer->is_signed && skr_bytes_equal_nocase(name, SKR_TRAILER_SIGNATURE)) {
        if (value.size != sizeof trailer->signature)
            return SKR_S3_BODY_TRAILER_MALFORMED;
        memcpy(trailer->signature, value.data, value.size);
        trailer->has_signature = true;
        return SKR_S3_BODY_FINE;
    }
    struct skr_name_value *field = skr_trailer_find(trailer, name);
    if (field == NULL || field->value.data != NULL)
        return SKR_S3_BODY_TRAILER_MALFORMED;
    field->value = value;
    return SKR_S3_BODY_FINE;
}

enum skr_s3_body_problem skr_trailer_take(struct skr_trailer *trailer, const char *data, size_t size)
{
    enum skr_s3_body_problem problem = SKR_S3_BODY_FINE;
    if (size > sizeof trailer->text - trailer->size)
        return SKR_S3_BODY_TRAILER_MALFORMED;
    memcpy(trailer->text + trailer->size, data, size);
    trailer->size += size;
    while (problem == SKR_S3_BODY_FINE) {
        struct skr_bytes rest = {trailer->text + trailer->line, trailer->size - trailer->line};
        const char *end = rest.size == 0 ? NULL : memchr(rest.data, '\n', rest.size);
        if (end == NULL)
            break;
        rest.size = (size_t)(end - rest.data);
        trailer->line += rest.size + 1;
        problem = skr_trailer_line(trailer, rest);
    }
    return problem;
}

enum skr_s3_body_problem skr_trailer_finish(struct skr_trailer *trailer)
{
    if (trailer->line < trailer->size)
        return SKR_S3_BODY_INCOMPLETE; /* the last line has no end */
    for (size_t i = 0; i < trailer->count; i++)
        if (trailer->fields[i].value.data == NULL)
            return SKR_S3_BODY_TRAILER_MALFORMED;
    return trailer->is_signed && !trailer->has_signature ? SKR_S3_BODY_TRAILER_MALFORMED : SKR_S3_BODY_FINE;
}

void skr_trailer_hash(const struct skr_trailer *trailer, struct skr_sha256 *hash)
{
    for (size_t i = 0; i < trailer->count; i++) {
        skr_sha256_add(hash, trailer->fields[i].name.data, trailer->fields[i].name.size);
        skr_sha256_add(hash, ":", 1);
        skr_sha256_add(hash, trailer->fields[i].value.data, trailer->fields[i].value.size);
        skr_sha256_add(hash, "\n", 1);
    }
}

struct skr_bytes skr_trailer_value(const struct skr_trailer *trailer, struct skr_bytes name)
{
    const struct skr_name_value *field = skr_trailer_find(trailer, name);
    return field == NULL ? SKR_NO_BYTES : field->value;
}
