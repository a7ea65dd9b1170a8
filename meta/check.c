/* Checks every invariant inside metadata by going through each table once and comparing what they say of each other. Repairing
 * is the same pass inside one change: counts of references are corrected, rows that nothing leads to are dropped.
 */
#include "checking.h"

#include <stdlib.h>

#include "contents.h"
#include "names.h"
#include "records.h"
#include "tree.h"
#include "uploads.h"

#define SKR_MAX_EXTENT_END (UINT64_C(1) << 43) /* no content file is larger */

void skr_check_problem(struct skr_check *check, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    check->out->problems++;
    if (check->options->problem != NULL)
        check->options->problem(check->options->context, text);
}

void skr_tally_add(struct skr_check *check, struct skr_tally *tally, uint64_t number)
{
    if (tally->count == tally->capacity) {
        size_t capacity = tally->capacity == 0 ? 1024 : tally->capacity * 2;
        uint64_t *grown = realloc(tally->numbers, capacity * sizeof *grown);
        if (grown == NULL) {
            check->out_of_memory = true;
            return;
        }
        tally->numbers = grown;
        tally->capacity = capacity;
    }
    tally->numbers[tally->count++] = number;
}

static int skr_number_order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void skr_tally_sort(struct skr_tally *tally)
{
    if (tally->count > 1)
        qsort(tally->numbers, tally->count, sizeof *tally->numbers, skr_number_order);
}

static size_t skr_tally_first(const struct skr_tally *tally, uint64_t number)
{
    size_t low = 0, high = tally->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tally->numbers[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t skr_tally_count(const struct skr_tally *tally, uint64_t number)
{
    return (number == UINT64_MAX ? tally->count : skr_tally_first(tally, number + 1)) - skr_tally_first(tally, number);
}

enum skr_status skr_check_table(struct skr_check *check, enum skr_table table,
                                enum skr_status (*visit)(struct skr_check *check, struct skr_bytes key, struct skr_bytes value,
                                                         bool *keep, struct skr_error *err),
                                struct skr_error *err)
{
    struct skr_bytes key, value;
    MDB_cursor *cursor;
    char next[SKR_MAX_ROW_KEY + 2];
    enum skr_status status = skr_cursor_open(check->view, table, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_cursor_seek(cursor, SKR_NO_BYTES, &key, &value, err);
    while (status == SKR_OK) {
        bool keep = true;
        size_t size = key.size; /* repairs may move the row: the next one is looked up by key */
        memcpy(next, key.data, size);
        next[size] = '\0';
        status = visit(check, key, value, &keep, err);
        if (status == SKR_OK && !keep && check->repair) {
            status = skr_row_remove(check->view, table, (struct skr_bytes){next, size}, err);
            if (status == SKR_NOT_FOUND)
                status = SKR_OK;
        }
        if (status != SKR_OK)
            break;
        if (!check->repair)
            status = skr_cursor_next(cursor, &key, &value, err);
        else if (size < SKR_MAX_ROW_KEY)
            status = skr_cursor_seek(cursor, (struct skr_bytes){next, size + 1}, &key, &value, err);
        else { /* a key of full length has no longer neighbour: step over it */
            status = skr_cursor_seek(cursor, (struct skr_bytes){next, size}, &key, &value, err);
            if (status == SKR_OK && key.size == size && memcmp(key.data, next, size) == 0)
                status = skr_cursor_next(cursor, &key, &value, err);
        }
    }
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

/* ---- garbage: read first, because it explains what nothing else refers to ---- */

static enum skr_status skr_visit_garbage(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                         struct skr_error *err)
{
    (void)err;
    check->out->garbage_rows++;
    *keep = key.size == 8 && value.size == 33;
    if (!*keep) {
        skr_check_problem(check, "a garbage row is damaged");
        return SKR_OK;
    }
    uint64_t id = skr_get_be64(value.data + 1);
    if (value.data[0] == SKR_GARBAGE_CONTENT)
        skr_tally_add(check, &check->garbage_contents, id);
    else if (value.data[0] == SKR_GARBAGE_UPLOAD)
        skr_tally_add(check, &check->garbage_uploads, id);
    return SKR_OK;
}

/* ---- contents ---- */

static void skr_tally_files(struct skr_check *check, const struct skr_extent *extents, size_t count)
{
    uint64_t *ids = malloc((count + 1) * sizeof *ids);
    if (ids == NULL) {
        check->out_of_memory = true;
        return;
    }
    size_t distinct = skr_distinct_files(extents, count, ids);
    for (size_t i = 0; i < distinct; i++)
        skr_tally_add(check, &check->files, ids[i]);
    free(ids);
}

static void skr_report_files(struct skr_check *check, const struct skr_extent *extents, size_t count)
{
    for (size_t i = 0; i < count && check->options->file != NULL; i++)
        if (extents[i].file_id != 0)
            check->options->file(check->options->context, extents[i].file_id,
                                 extents[i].offset_bytes + extents[i].length_bytes);
}

/* Every chunk of an extent has a checksum. */
static enum skr_status skr_check_checksums(struct skr_check *check, const struct skr_extent *extent, struct skr_error *err)
{
    uint32_t crc;
    uint64_t first = extent->offset_bytes / 65536, last = (extent->offset_bytes + extent->length_bytes - 1) / 65536;
    for (uint64_t chunk = first;; chunk = chunk / 512 * 512 + 512) { /* the last one of each row */
        uint64_t in_row = chunk / 512 * 512 + 511 < last ? chunk / 512 * 512 + 511 : last;
        enum skr_status status = skr_checksums_get(check->view, extent->file_id, in_row, &crc, 1, err);
        if (status == SKR_CORRUPT)
            skr_check_problem(check, "%s", err->message);
        else if (status != SKR_OK)
            return status;
        if (in_row == last)
            return SKR_OK;
    }
}

static enum skr_status skr_check_extents(struct skr_check *check, const struct skr_content_row *row, struct skr_error *err)
{
    const struct skr_content *content = &row->content;
    struct skr_extent *extents;
    size_t count;
    uint64_t size = 0;
    bool is_cached = content->layout == SKR_CONTENT_CACHED;
    enum skr_status status = is_cached ? skr_content_load_cached(check->view, row, &extents, NULL, &count, err)
                                       : skr_content_load_extents(check->view, content, &extents, &count, err);
    if (status == SKR_CORRUPT) {
        skr_check_problem(check, "%s", err->message);
        return SKR_OK;
    }
    if (status != SKR_OK)
        return status;
    for (size_t i = 0; i < count && status == SKR_OK; i++) {
        size += extents[i].length_bytes;
        if (extents[i].file_id == 0 && extents[i].length_bytes > 0)
            continue; /* a hole */
        if (extents[i].length_bytes == 0 || extents[i].length_bytes > SKR_MAX_EXTENT_END ||
            extents[i].offset_bytes > SKR_MAX_EXTENT_END - extents[i].length_bytes) {
            skr_check_problem(check, "content %016llx has an extent that no file can hold", (unsigned long long)content->id);
            continue;
        }
        if (extents[i].end_bytes < extents[i].offset_bytes + extents[i].length_bytes)
            skr_check_problem(check, "content %016llx has an extent beyond its written range", (unsigned long long)content->id);
        status = skr_check_checksums(check, &extents[i], err);
    }
    if (is_cached ? size > content->size_bytes : size != content->size_bytes)
        skr_check_problem(check, "content %016llx has %llu bytes of extents and claims %llu", (unsigned long long)content->id,
                          (unsigned long long)size, (unsigned long long)content->size_bytes);
    skr_tally_files(check, extents, count);
    skr_report_files(check, extents, count);
    free(extents);
    return status;
}

static enum skr_status skr_visit_content(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                         struct skr_error *err)
{
    struct skr_content_row row;
    struct skr_bytes payload;
    uint64_t id = key.size == 8 ? skr_get_be64(key.data) : 0;
    check->out->contents++;
    if (id == 0 || skr_content_row_decode(value, id, &row, err) != SKR_OK) {
        skr_check_problem(check, "the record of a content is damaged");
        *keep = false;
        return SKR_OK;
    }
    uint64_t counted = skr_tally_count(&check->contents, id);
    bool is_garbage = skr_tally_count(&check->garbage_contents, id) > 0;
    if (row.references != counted || (counted == 0 && !is_garbage)) {
        skr_check_problem(check, "content %016llx has %llu references and claims %llu", (unsigned long long)id,
                          (unsigned long long)counted, (unsigned long long)row.references);
        row.references = counted;
        if (check->repair && row.content.layout != SKR_CONTENT_INLINE) {
            struct skr_garbage garbage = {.kind = SKR_GARBAGE_CONTENT, .id = id};
            enum skr_status status = skr_content_row_put(check->view, &row, err);
            if (status == SKR_OK && counted == 0 && !is_garbage)
                status = skr_garbage_add(check->view, &garbage, 0, err);
            if (status != SKR_OK)
                return status;
        } else if (check->repair && counted > 0) {
            enum skr_status status = skr_content_row_put(check->view, &row, err);
            if (status != SKR_OK)
                return status;
        } else if (check->repair) {
            *keep = false; /* its payload is dropped as one without a content */
            return SKR_OK;
        }
    }
    if (row.content.layout != SKR_CONTENT_INLINE)
        return skr_check_extents(check, &row, err);
    if (skr_content_payload(check->view, &row.content, &payload, err) != SKR_OK)
        skr_check_problem(check, "%s", err->message);
    return SKR_OK;
}

static enum skr_status skr_visit_payload(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                         struct skr_error *err)
{
    struct skr_content_row row;
    (void)value;
    enum skr_status status =
        key.size == 8 ? skr_content_row_get(check->view, skr_get_be64(key.data), &row, err) : SKR_NOT_FOUND;
    *keep = status == SKR_OK && (row.content.layout == SKR_CONTENT_INLINE || row.content.layout == SKR_CONTENT_CACHED);
    if (!*keep)
        skr_check_problem(check, "a payload belongs to no content");
    return SKR_OK;
}

/* Rows that belong to a content by the number their key begins with. */
static enum skr_status skr_visit_part(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                      struct skr_error *err)
{
    struct skr_content_row row;
    (void)value;
    *keep = key.size == 16 && skr_content_row_get(check->view, skr_get_be64(key.data), &row, err) == SKR_OK;
    if (!*keep)
        skr_check_problem(check, "a row of extents or of a block list belongs to no content");
    return SKR_OK;
}

/* ---- uploads and files ---- */

static enum skr_status skr_visit_upload(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                        struct skr_error *err)
{
    struct skr_upload upload;
    check->out->uploads++;
    *keep = key.size == 8 && skr_upload_record_decode(value, skr_get_be64(key.data), &upload, err) == SKR_OK &&
            skr_tally_count(&check->uploads, skr_get_be64(key.data)) == 1;
    if (!*keep)
        skr_check_problem(check, "an upload has no name, or its record is damaged");
    if (!*keep && check->repair && key.size == 8) {
        struct skr_garbage garbage = {.kind = SKR_GARBAGE_UPLOAD, .id = skr_get_be64(key.data)};
        skr_tally_add(check, &check->garbage_uploads, garbage.id);
        return skr_garbage_add(check->view, &garbage, 0, err);
    }
    return SKR_OK;
}

static enum skr_status skr_visit_block(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                       struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_block_row row;
    uint64_t id = key.size > 8 ? skr_get_be64(key.data) : 0;
    check->out->blocks++;
    *keep = skr_block_row_decode(&arena, value, &row, err) == SKR_OK &&
            (skr_tally_count(&check->uploads, id) == 1 || skr_tally_count(&check->garbage_uploads, id) > 0);
    if (*keep) {
        skr_tally_files(check, row.extents, row.extent_count);
        skr_report_files(check, row.extents, row.extent_count);
    } else {
        skr_check_problem(check, "a block belongs to no upload, or its record is damaged");
    }
    skr_arena_release(&arena);
    return SKR_OK;
}

static enum skr_status skr_visit_file(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                      struct skr_error *err)
{
    char data[8];
    check->out->files++;
    uint64_t id = key.size == 8 ? skr_get_be64(key.data) : 0;
    uint64_t counted = skr_tally_count(&check->files, id), claimed = value.size == 8 ? skr_get_be64(value.data) : 0;
    if (counted == claimed && counted > 0)
        return SKR_OK;
    skr_check_problem(check, "content file %016llx has %llu references and claims %llu", (unsigned long long)id,
                      (unsigned long long)counted, (unsigned long long)claimed);
    *keep = counted > 0;
    if (!check->repair || counted == 0)
        return SKR_OK;
    skr_put_be64(data, counted);
    struct skr_row_key row;
    return skr_row_put(check->view, SKR_TABLE_FILES, skr_key_1(&row, id), (struct skr_bytes){data, 8}, err);
}

static enum skr_status skr_visit_checksums(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                           struct skr_error *err)
{
    bool exists = false;
    enum skr_status status =
        key.size == 16 ? skr_file_record_exists(check->view, skr_get_be64(key.data), &exists, err) : SKR_OK;
    *keep = exists && value.size % 4 == 0 && value.size <= 2048;
    if (status == SKR_OK && !*keep)
        skr_check_problem(check, "a row of checksums belongs to no content file");
    return status;
}

/* Every file that something refers to has a row. */
static enum skr_status skr_check_missing_files(struct skr_check *check, struct skr_error *err)
{
    for (size_t i = 0; i < check->files.count; i++) {
        uint64_t id = check->files.numbers[i];
        bool exists;
        if (i > 0 && id == check->files.numbers[i - 1])
            continue;
        enum skr_status status = skr_file_record_exists(check->view, id, &exists, err);
        if (status != SKR_OK)
            return status;
        if (!exists)
            skr_check_problem(check, "content file %016llx is referred to and has no record", (unsigned long long)id);
        if (!exists && check->repair) {
            char data[8];
            struct skr_row_key row;
            skr_put_be64(data, skr_tally_count(&check->files, id));
            status = skr_row_put(check->view, SKR_TABLE_FILES, skr_key_1(&row, id), (struct skr_bytes){data, 8}, err);
            if (status != SKR_OK)
                return status;
        }
    }
    return SKR_OK;
}

/* ---- all of it ---- */

static enum skr_status skr_check_view(struct skr_check *check, struct skr_error *err)
{
    enum skr_status status = skr_check_table(check, SKR_TABLE_GARBAGE, skr_visit_garbage, err);
    skr_tally_sort(&check->garbage_contents);
    skr_tally_sort(&check->garbage_uploads);
    if (status == SKR_OK)
        status = skr_check_names(check, err);
    skr_tally_sort(&check->contents);
    skr_tally_sort(&check->uploads);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_CONTENTS, skr_visit_content, err);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_PAYLOADS, skr_visit_payload, err);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_EXTENTS, skr_visit_part, err);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_BLOCKLISTS, skr_visit_part, err);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_UPLOADS, skr_visit_upload, err);
    skr_tally_sort(&check->garbage_uploads);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_BLOCKS, skr_visit_block, err);
    skr_tally_sort(&check->files);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_FILES, skr_visit_file, err);
    if (status == SKR_OK)
        status = skr_check_missing_files(check, err);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_CHECKSUMS, skr_visit_checksums, err);
    return status == SKR_OK && check->out_of_memory ? skr_fail(err, SKR_NO_MEMORY, "no memory for the check") : status;
}

static void skr_check_free(struct skr_check *check)
{
    free(check->roots);
    free(check->contents.numbers);
    free(check->files.numbers);
    free(check->uploads.numbers);
    free(check->journal_leaves.numbers);
    free(check->garbage_contents.numbers);
    free(check->garbage_uploads.numbers);
    skr_arena_release(&check->arena);
}

struct skr_repair_change {
    struct skr_change change; /* first */
    const struct skr_meta_check_options *options;
    struct skr_meta_check *out;
};

static enum skr_status skr_apply_repair(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_repair_change *op = (struct skr_repair_change *)change;
    struct skr_check check = {.view = view, .options = op->options, .out = op->out, .repair = true};
    *op->out = (struct skr_meta_check){.problems = 0};
    enum skr_status status = skr_check_view(&check, err);
    skr_check_free(&check);
    skr_names_lose(view);
    return status;
}

enum skr_status skr_meta_check_all(struct skr_meta *meta, const struct skr_meta_check_options *options,
                                   struct skr_meta_check *out, struct skr_error *err)
{
    if (options->repair) {
        struct skr_repair_change op = {.change = {.apply = skr_apply_repair}, .options = options, .out = out};
        return skr_meta_apply(meta, &op.change, err);
    }
    struct skr_check check = {.options = options, .out = out};
    struct skr_meta_reader *reader;
    *out = (struct skr_meta_check){.problems = 0};
    enum skr_status status = skr_meta_reader_open(meta, &reader, err);
    if (status != SKR_OK)
        return status;
    status = skr_view_begin(reader, &check.view, err);
    if (status == SKR_OK) {
        status = skr_check_view(&check, err);
        skr_view_end(check.view);
    }
    skr_meta_reader_close(reader);
    skr_check_free(&check);
    return status;
}
