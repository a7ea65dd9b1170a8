/* Listing: a walk over a container's objects, merged in order with a walk over its uploads when those are asked for. */
#include "state.h"

/* One of the two walks and the entry it stands at. */
struct skr_listing_side {
    struct skr_walk *walk; /* NULL: not asked for */
    struct skr_walk_entry entry;
    bool at_end;
};

static enum skr_status skr_side_next(struct skr_listing_side *side, struct skr_error *err)
{
    if (side->walk == NULL) {
        side->at_end = true;
        return SKR_OK;
    }
    enum skr_status status = skr_walk_next(side->walk, &side->entry, err);
    side->at_end = status == SKR_NOT_FOUND;
    return side->at_end ? SKR_OK : status;
}

/* <0: objects first, >0: uploads first, 0: both stand at the same key. */
static int skr_sides_compare(const struct skr_listing_side *objects, const struct skr_listing_side *uploads)
{
    if (objects->at_end || uploads->at_end)
        return uploads->at_end ? -1 : 1;
    return skr_bytes_compare(objects->entry.key, uploads->entry.key);
}

static enum skr_status skr_visit_entry(struct skr_view *view, struct skr_arena *arena, enum skr_versioning versioning,
                                       const struct skr_walk_entry *from, bool is_upload,
                                       bool (*visit)(void *, const struct skr_list_entry *), void *context, bool *more,
                                       struct skr_error *err)
{
    struct skr_object object;
    struct skr_list_entry entry = {.key = from->key, .is_prefix = from->is_prefix};
    if (!from->is_prefix && is_upload) {
        struct skr_upload upload;
        enum skr_status status = skr_upload_decode(view, from->record, &upload, err);
        if (status != SKR_OK)
            return status;
        object =
            (struct skr_object){.kind = SKR_OBJECT_BLOCK, .created_ns = upload.created_ns, .modified_ns = upload.touched_ns};
        entry.is_uncommitted = true;
        entry.object = &object;
    } else if (!from->is_prefix) {
        enum skr_status status = skr_object_decode(arena, from->record, &object, err);
        if (status != SKR_OK)
            return status;
        object.versioning = versioning;
        entry.object = &object;
    }
    *more = visit(context, &entry);
    return SKR_OK;
}

static enum skr_status skr_merge(struct skr_view *view, enum skr_versioning versioning, struct skr_listing_side *objects,
                                 struct skr_listing_side *uploads, bool (*visit)(void *, const struct skr_list_entry *),
                                 void *context, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    _Alignas(16) char memory[4096];
    skr_arena_seed(&arena, memory, sizeof memory);
    enum skr_status status = skr_side_next(objects, err);
    if (status == SKR_OK)
        status = skr_side_next(uploads, err);
    bool more = true;
    while (status == SKR_OK && more && !(objects->at_end && uploads->at_end)) {
        int order = skr_sides_compare(objects, uploads);
        const struct skr_listing_side *first = order <= 0 ? objects : uploads;
        status = skr_visit_entry(view, &arena, versioning, &first->entry, order > 0, visit, context, &more, err);
        skr_arena_release(&arena);
        if (status == SKR_OK && order <= 0)
            status = skr_side_next(objects, err);
        if (status == SKR_OK && order >= 0)
            status = skr_side_next(uploads, err);
    }
    return status;
}

enum skr_status skr_list_objects(struct skr_worker *worker, const struct skr_list_options *options,
                                 bool (*visit)(void *context, const struct skr_list_entry *entry), void *context,
                                 struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container;
    struct skr_listing_side objects = {.walk = NULL}, uploads = {.walk = NULL};
    struct skr_view *view;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    struct skr_walk_options walk = {.prefix = options->prefix, .delimiter = options->delimiter, .from = options->from};
    status = skr_container_get(view, &arena, options->account, options->container, &container, err);
    if (status == SKR_OK)
        status = skr_walk_open(view, container.objects_node, &walk, &objects.walk, err);
    if (status == SKR_OK && options->include_uncommitted)
        status = skr_walk_open(view, container.uploads_node, &walk, &uploads.walk, err);
    if (status == SKR_OK)
        status = skr_merge(view, container.versioning, &objects, &uploads, visit, context, err);
    skr_walk_close(objects.walk);
    skr_walk_close(uploads.walk);
    skr_view_end(view);
    skr_arena_release(&arena);
    return status;
}
