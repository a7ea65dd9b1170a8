/* Listing: a walk over a container's objects, merged in order with a walk over its uploads when those are asked for, and with
 * what its upstream lists when it has one. */
#include "federation/remote_listing.h"
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

/* All that a listing is made of. */
struct skr_merge {
    struct skr_view *view;
    const struct skr_container *container;
    struct skr_listing_side objects, uploads;
    const struct skr_remote_listing *remote; /* NULL: there is no upstream, or the names are all here */
    size_t remote_index;
    struct skr_arena arena; /* for one entry */
    bool (*visit)(void *context, const struct skr_list_entry *entry);
    void *context;
    bool more;
};

static const struct skr_remote_entry *skr_merge_remote(const struct skr_merge *merge)
{
    return merge->remote == NULL ? NULL : skr_remote_listing_entry(merge->remote, merge->remote_index);
}

/* The smallest key that any side stands at. False: all are at their end. */
static bool skr_merge_key(const struct skr_merge *merge, struct skr_bytes *key)
{
    const struct skr_remote_entry *remote = skr_merge_remote(merge);
    *key = remote == NULL ? SKR_NO_BYTES : remote->key;
    if (!merge->objects.at_end && (key->data == NULL || skr_bytes_compare(merge->objects.entry.key, *key) < 0))
        *key = merge->objects.entry.key;
    if (!merge->uploads.at_end && (key->data == NULL || skr_bytes_compare(merge->uploads.entry.key, *key) < 0))
        *key = merge->uploads.entry.key;
    return key->data != NULL;
}

static void skr_merge_show(struct skr_merge *merge, struct skr_list_entry *entry, struct skr_object *object)
{
    if (object != NULL)
        object->versioning = merge->container->versioning;
    entry->object = object;
    merge->more = merge->visit(merge->context, entry);
}

/* What stands at `key` on the side of upstream, or of ours, or of both. */
static enum skr_status skr_merge_object(struct skr_merge *merge, const struct skr_walk_entry *here,
                                        const struct skr_remote_entry *remote, bool *shown, struct skr_error *err)
{
    struct skr_object object;
    struct skr_list_entry entry = {.key = here != NULL ? here->key : remote->key,
                                   .is_prefix = here != NULL ? here->is_prefix : remote->is_prefix};
    bool alone = merge->remote != NULL && remote == NULL; /* upstream does not list it */
    *shown = true;
    if (entry.is_prefix) {
        *shown = !alone || skr_prefix_has_ours(merge->view, merge->container, entry.key);
        if (*shown)
            skr_merge_show(merge, &entry, NULL);
        return SKR_OK;
    }
    bool is_ours = false;
    if (here != NULL) {
        enum skr_status status = skr_object_decode(&merge->arena, here->record, &object, err);
        if (status != SKR_OK)
            return status;
        is_ours = merge->remote == NULL || skr_is_ours(merge->view, merge->container, entry.key, &object);
    }
    if (remote != NULL && !is_ours && (here == NULL || !skr_bytes_equal(object.upstream_etag, remote->object.etag)))
        object = remote->object; /* newer than what is known here */
    *shown = is_ours || (remote != NULL && !skr_is_deleted_here(merge->view, merge->container, entry.key));
    if (*shown)
        skr_merge_show(merge, &entry, &object);
    return SKR_OK;
}

static enum skr_status skr_merge_upload(struct skr_merge *merge, const struct skr_walk_entry *here, struct skr_error *err)
{
    struct skr_list_entry entry = {.key = here->key, .is_prefix = here->is_prefix, .is_uncommitted = !here->is_prefix};
    struct skr_upload upload;
    struct skr_object object;
    if (here->is_prefix) {
        skr_merge_show(merge, &entry, NULL);
        return SKR_OK;
    }
    enum skr_status status = skr_upload_decode(merge->view, here->record, &upload, err);
    if (status != SKR_OK)
        return status;
    object = (struct skr_object){.kind = SKR_OBJECT_BLOCK, .created_ns = upload.created_ns, .modified_ns = upload.touched_ns};
    skr_merge_show(merge, &entry, &object);
    return SKR_OK;
}

/* Shows what stands at the smallest key, and steps on. */
static enum skr_status skr_merge_step(struct skr_merge *merge, struct skr_bytes key, struct skr_error *err)
{
    const struct skr_remote_entry *remote = skr_merge_remote(merge);
    bool is_object = !merge->objects.at_end && skr_bytes_equal(merge->objects.entry.key, key);
    bool is_upload = !merge->uploads.at_end && skr_bytes_equal(merge->uploads.entry.key, key);
    bool is_remote = remote != NULL && skr_bytes_equal(remote->key, key);
    bool shown = false;
    enum skr_status status = SKR_OK;
    if (is_object || is_remote)
        status = skr_merge_object(merge, is_object ? &merge->objects.entry : NULL, is_remote ? remote : NULL, &shown, err);
    if (status == SKR_OK && is_upload && !shown)
        status = skr_merge_upload(merge, &merge->uploads.entry, err);
    skr_arena_release(&merge->arena);
    merge->remote_index += is_remote;
    if (status == SKR_OK && is_object)
        status = skr_side_next(&merge->objects, err);
    if (status == SKR_OK && is_upload)
        status = skr_side_next(&merge->uploads, err);
    return status;
}

/* Upstream has more, and was not asked: the listing goes on behind the last name that it gave. */
static void skr_merge_cut(struct skr_merge *merge)
{
    const struct skr_remote_entry *last =
        merge->remote_index == 0 ? NULL : skr_remote_listing_entry(merge->remote, merge->remote_index - 1);
    char key[SKR_MAX_KEY_BYTES + 1];
    if (last == NULL || last->key.size > SKR_MAX_KEY_BYTES)
        return;
    memcpy(key, last->key.data, last->key.size);
    key[last->key.size] = '\0'; /* no name holds one, so nothing lies between */
    struct skr_list_entry entry = {.key = {key, last->key.size + 1}, .is_cut = true};
    skr_merge_show(merge, &entry, NULL);
}

static enum skr_status skr_merge(struct skr_merge *merge, struct skr_error *err)
{
    _Alignas(16) char memory[4096];
    struct skr_bytes key;
    skr_arena_seed(&merge->arena, memory, sizeof memory);
    enum skr_status status = skr_side_next(&merge->objects, err);
    if (status == SKR_OK)
        status = skr_side_next(&merge->uploads, err);
    merge->more = true;
    while (status == SKR_OK && merge->more && skr_merge_key(merge, &key)) {
        if (merge->remote != NULL && skr_merge_remote(merge) == NULL && skr_remote_listing_is_cut(merge->remote))
            break; /* what comes next here may come after what upstream was not asked for */
        status = skr_merge_step(merge, key, err);
    }
    if (status == SKR_OK && merge->more && merge->remote != NULL && skr_remote_listing_is_cut(merge->remote))
        skr_merge_cut(merge);
    return status;
}

enum skr_status skr_list_objects(struct skr_worker *worker, const struct skr_list_options *options,
                                 bool (*visit)(void *context, const struct skr_list_entry *entry), void *context,
                                 struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container;
    struct skr_merge merge = {.container = &container, .remote = options->remote, .visit = visit, .context = context};
    struct skr_view *view;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    struct skr_walk_options walk = {.prefix = options->prefix, .delimiter = options->delimiter, .from = options->from};
    status = skr_container_get(view, &arena, options->account, options->container, &container, err);
    if (status == SKR_OK)
        status = skr_walk_open(view, container.objects_node, &walk, &merge.objects.walk, err);
    if (status == SKR_OK && options->include_uncommitted)
        status = skr_walk_open(view, container.uploads_node, &walk, &merge.uploads.walk, err);
    merge.view = view;
    if (status == SKR_OK)
        status = skr_merge(&merge, err);
    skr_walk_close(merge.objects.walk);
    skr_walk_close(merge.uploads.walk);
    skr_view_end(view);
    skr_arena_release(&arena);
    return status;
}
