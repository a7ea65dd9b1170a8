/* The document of CompleteMultipartUpload: which parts, in which order. */
#include <stdlib.h>

#include "objects.h"

#define SKR_S3_PART "CompleteMultipartUpload/Part"

enum { SKR_S3_SEEN_NUMBER = 1 << 0, SKR_S3_SEEN_ETAG = 1 << 1, SKR_S3_SEEN_CHECKSUM = 1 << 2 };

static bool skr_s3_part_fails(struct skr_s3_part_list *list, int problem)
{
    list->problem = problem;
    return false;
}

static bool skr_s3_part_begins(struct skr_s3_part_list *list)
{
    if (list->count == SKR_S3_MAX_PARTS)
        return skr_s3_part_fails(list, SKR_S3_PARTS_MALFORMED);
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        struct skr_part_choice *grown = realloc(list->parts, capacity * sizeof *grown);
        if (grown == NULL)
            return skr_s3_part_fails(list, SKR_S3_PARTS_NO_MEMORY);
        list->parts = grown;
        list->capacity = capacity;
    }
    list->parts[list->count] = (struct skr_part_choice){.number = 0};
    list->seen = 0;
    return true;
}

static bool skr_s3_part_ends(struct skr_s3_part_list *list)
{
    if ((list->seen & (SKR_S3_SEEN_NUMBER | SKR_S3_SEEN_ETAG)) != (SKR_S3_SEEN_NUMBER | SKR_S3_SEEN_ETAG))
        return skr_s3_part_fails(list, SKR_S3_PARTS_MALFORMED);
    if (list->count > 0 && list->parts[list->count].number <= list->parts[list->count - 1].number)
        return skr_s3_part_fails(list, SKR_S3_PARTS_ORDER);
    list->count++;
    return true;
}

static struct skr_bytes skr_s3_trim(struct skr_bytes text)
{
    while (text.size > 0 && memchr(" \t\r\n", text.data[0], 4) != NULL)
        text = (struct skr_bytes){text.data + 1, text.size - 1};
    while (text.size > 0 && memchr(" \t\r\n", text.data[text.size - 1], 4) != NULL)
        text.size--;
    return text;
}

/* Quotes are optional. What is not an MD5 names no part that could be here. */
static void skr_s3_part_etag(struct skr_part_choice *part, struct skr_bytes text)
{
    if (text.size >= 2 && text.data[0] == '"' && text.data[text.size - 1] == '"')
        text = (struct skr_bytes){text.data + 1, text.size - 2};
    part->has_md5 = skr_hex_decode(text, part->md5, sizeof part->md5);
}

static bool skr_s3_part_element(struct skr_s3_part_list *list, struct skr_bytes name, struct skr_bytes text)
{
    struct skr_part_choice *part = &list->parts[list->count];
    unsigned seen = 0;
    uint64_t number;
    if (skr_bytes_equal(name, SKR_BYTES("PartNumber"))) {
        seen = SKR_S3_SEEN_NUMBER;
        if (!skr_parse_u64(text, &number))
            return skr_s3_part_fails(list, SKR_S3_PARTS_MALFORMED);
        if (number < 1 || number > SKR_S3_MAX_PARTS)
            return skr_s3_part_fails(list, SKR_S3_PARTS_NUMBER);
        part->number = (unsigned)number;
    } else if (skr_bytes_equal(name, SKR_BYTES("ETag"))) {
        seen = SKR_S3_SEEN_ETAG;
        skr_s3_part_etag(part, text);
    } else if (skr_bytes_starts_with(name, SKR_BYTES("Checksum"))) {
        seen = SKR_S3_SEEN_CHECKSUM;
        enum skr_checksum_kind kind = skr_s3_checksum_kind((struct skr_bytes){name.data + 8, name.size - 8});
        if (kind == SKR_CHECKSUM_NONE || !skr_s3_checksum_parse(kind, text, &part->checksum))
            return skr_s3_part_fails(list, SKR_S3_PARTS_MALFORMED);
    }
    if (seen == 0 || (list->seen & seen) != 0)
        return skr_s3_part_fails(list, SKR_S3_PARTS_MALFORMED);
    list->seen |= seen;
    return true;
}

static bool skr_s3_part_visit(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_s3_part_list *list = context;
    if (skr_bytes_equal(path, SKR_BYTES("CompleteMultipartUpload")))
        return true;
    if (skr_bytes_equal(path, SKR_BYTES(SKR_S3_PART)))
        return text.data == NULL && (ends ? skr_s3_part_ends(list) : skr_s3_part_begins(list));
    if (!skr_bytes_starts_with(path, SKR_BYTES(SKR_S3_PART "/")) || text.data == NULL)
        return skr_s3_part_fails(list, SKR_S3_PARTS_MALFORMED);
    struct skr_bytes name = {path.data + sizeof SKR_S3_PART, path.size - sizeof SKR_S3_PART};
    return skr_s3_part_element(list, name, skr_s3_trim(text));
}

bool skr_s3_part_list_parse(struct skr_bytes document, struct skr_s3_part_list *list)
{
    *list = (struct skr_s3_part_list){.problem = SKR_S3_PARTS_FINE};
    if (skr_xml_parse(document, skr_s3_part_visit, list) && list->count > 0)
        return true;
    if (list->problem == SKR_S3_PARTS_FINE)
        list->problem = SKR_S3_PARTS_MALFORMED;
    return false;
}
