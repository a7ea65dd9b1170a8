/* Reading a manifest. What the server takes at a time bounds a piece, not the file. */
#include "manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "skerry/core.h"

#define SKR_MOST_PIECE_BYTES ((size_t)12 << 20) /* the server takes 16 MiB of names, and 32 of JSON */
#define SKR_MOST_PIECES 100

struct skr_manifest_reading {
    json_t *pieces, *piece; /* `piece`: the last one, which belongs to `pieces` */
    size_t piece_bytes;
};

static enum skr_status skr_manifest_add(struct skr_manifest_reading *reading, const char *text, size_t size, size_t number,
                                        struct skr_error *err)
{
    if (size > SKR_MAX_KEY_BYTES || memchr(text, '\0', size) != NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "line %zu is no name of an object", number);
    if (reading->piece == NULL || json_array_size(reading->piece) == SKR_MOST_PREFETCH_KEYS ||
        reading->piece_bytes + size > SKR_MOST_PIECE_BYTES) {
        if (json_array_size(reading->pieces) == SKR_MOST_PIECES)
            return skr_fail(err, SKR_INVALID_ARGUMENT, "it is too long from line %zu on: divide it", number);
        reading->piece = json_array();
        reading->piece_bytes = 0;
        if (json_array_append_new(reading->pieces, reading->piece) != 0)
            return skr_fail(err, SKR_NO_MEMORY, "no memory for so long a manifest");
    }
    reading->piece_bytes += size + 1;
    json_t *name = json_stringn(text, size);
    if (name == NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "line %zu is not UTF-8", number);
    return json_array_append_new(reading->piece, name) == 0 ? SKR_OK
                                                            : skr_fail(err, SKR_NO_MEMORY, "no memory for so long a manifest");
}

static enum skr_status skr_manifest_lines(struct skr_manifest_reading *reading, FILE *file, struct skr_error *err)
{
    char *line = NULL;
    size_t capacity = 0, number = 0;
    enum skr_status status = SKR_OK;
    for (ssize_t got; status == SKR_OK && (got = getline(&line, &capacity, file)) >= 0;) {
        size_t size = (size_t)got;
        number++;
        while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
            size--;
        if (size > 0)
            status = skr_manifest_add(reading, line, size, number, err);
    }
    if (status == SKR_OK && ferror(file))
        status = skr_fail(err, SKR_IO, "it cannot be read: %s", strerror(errno));
    free(line);
    return status;
}

enum skr_status skr_manifest_read(json_t **pieces, const char *path, struct skr_error *err)
{
    struct skr_manifest_reading reading = {.pieces = json_array()};
    struct skr_error error = {.status = SKR_OK};
    bool is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "re");
    if (file == NULL)
        skr_fail(&error, SKR_IO, "%s", strerror(errno));
    else if (reading.pieces == NULL)
        skr_fail(&error, SKR_NO_MEMORY, "no memory");
    else
        skr_manifest_lines(&reading, file, &error);
    if (error.status == SKR_OK && json_array_size(reading.pieces) == 0)
        skr_fail(&error, SKR_INVALID_ARGUMENT, "it names nothing");
    if (file != NULL && !is_input)
        fclose(file);
    *pieces = reading.pieces;
    if (error.status == SKR_OK)
        return SKR_OK;
    json_decref(reading.pieces);
    *pieces = NULL;
    return skr_fail(err, error.status, "the manifest %s: %s", path, error.message);
}
