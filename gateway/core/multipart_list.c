/* Listing multipart uploads, their parts, and the parts that an object was made of. */
#include "gather.h"
#include "multipart.h"

/* ---- parts of an upload ---- */

static unsigned skr_part_number(struct skr_bytes name)
{
    unsigned number = 0;
    for (size_t i = 0; i < name.size; i++)
        number = number << 8 | (unsigned char)name.data[i];
    return number;
}

struct skr_part_reading {
    bool (*visit)(void *context, unsigned part_number, const struct skr_block *part);
    void *context;
};

static bool skr_visit_part(void *context, const struct skr_block *block)
{
    const struct skr_part_reading *reading = context;
    return reading->visit(reading->context, skr_part_number(block->name), block);
}

enum skr_status skr_list_parts(struct skr_worker *worker, const struct skr_object_name *name, uint64_t upload_id,
                               unsigned after, bool (*visit)(void *context, unsigned part_number, const struct skr_block *part),
                               void *context, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_part_reading reading = {visit, context};
    struct skr_container container;
    struct skr_upload upload;
    struct skr_view *view;
    char after_name[4];
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_find_multipart(view, &arena, name, upload_id, &container, &upload, err);
    if (status == SKR_OK)
        status = skr_block_visit(view, &upload, skr_part_name(after_name, after), skr_visit_part, &reading, err);
    skr_view_end(view);
    skr_arena_release(&arena);
    return status;
}

/* ---- uploads of a container ---- */

static enum skr_status skr_visit_multipart(struct skr_view *view, struct skr_arena *arena, const struct skr_walk_entry *from,
                                           bool (*visit)(void *, const struct skr_multipart_entry *), void *context, bool *more,
                                           struct skr_error *err)
{
    struct skr_multipart_entry entry = {.key = from->key, .is_prefix = from->is_prefix};
    struct skr_multipart multipart;
    struct skr_upload upload;
    if (!from->is_prefix) {
        enum skr_status status = skr_upload_decode(view, from->record, &upload, err);
        if (status == SKR_OK)
            status = skr_multipart_load(arena, &upload, &multipart, err);
        if (status != SKR_OK)
            return status;
        entry.upload = &multipart;
    }
    *more = visit(context, &entry);
    return SKR_OK;
}

enum skr_status skr_list_multiparts(struct skr_worker *worker, const struct skr_list_multiparts_options *options,
                                    bool (*visit)(void *context, const struct skr_multipart_entry *entry), void *context,
                                    struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_walk_options walk_options = {
        .prefix = options->prefix,
        .delimiter = options->delimiter,
        .from = options->from,
        .numbered = true,
        .has_after = options->after_upload != 0,
        .after = options->after_upload,
    };
    struct skr_container container;
    struct skr_walk_entry entry;
    struct skr_walk *walk = NULL;
    struct skr_view *view;
    bool more = true;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_container_get(view, &arena, options->account, options->container, &container, err);
    if (status == SKR_OK)
        status = skr_walk_open(view, container.multiparts_node, &walk_options, &walk, err);
    while (status == SKR_OK && more && (status = skr_walk_next(walk, &entry, err)) == SKR_OK) {
        status = skr_visit_multipart(view, &arena, &entry, visit, context, &more, err);
        skr_arena_release(&arena);
    }
    skr_walk_close(walk);
    skr_view_end(view);
    skr_arena_release(&arena);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

/* ---- parts of an object ---- */

struct skr_object_reading {
    bool (*visit)(void *context, size_t index, const struct skr_block *part, uint64_t offset_bytes);
    void *context;
    size_t index;
};

static bool skr_visit_object_part(void *context, const struct skr_block *block, uint64_t offset_bytes)
{
    struct skr_object_reading *reading = context;
    return reading->visit(reading->context, reading->index++, block, offset_bytes);
}

enum skr_status skr_object_parts(struct skr_worker *worker, const struct skr_object *object,
                                 bool (*visit)(void *context, size_t index, const struct skr_block *part,
                                               uint64_t offset_bytes),
                                 void *context, struct skr_error *err)
{
    struct skr_object_reading reading = {visit, context, 0};
    struct skr_view *view;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_block_list_visit(view, &object->content, skr_visit_object_part, &reading, err);
    skr_view_end(view);
    return status;
}
