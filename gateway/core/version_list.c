/* Listing versions: the walk over what is current merged with the walk over all others. Of one key the current one comes first,
 * because it is the newest. */
#include "state.h"

struct skr_version_listing {
    struct skr_view *view;
    struct skr_container container;
    const struct skr_list_versions_options *options;
    struct skr_walk *current, *others;
    struct skr_walk_entry current_entry, other_entry;
    bool current_at_end, others_at_end;
    bool has_after; /* of the key `from` only what is older than after_ns */
    int64_t after_ns;
    char last_key[SKR_MAX_KEY_BYTES]; /* of the version before, listed or not: a further one of it is not the latest */
    size_t last_size;
    bool (*visit)(void *context, const struct skr_version_entry *entry);
    void *context;
    bool more;
};

static enum skr_status skr_listing_next(struct skr_walk *walk, struct skr_walk_entry *entry, bool *at_end,
                                        struct skr_error *err)
{
    enum skr_status status = skr_walk_next(walk, entry, err);
    *at_end = status == SKR_NOT_FOUND;
    return *at_end ? SKR_OK : status;
}

/* The null version has no time in its identity: it is looked up. Where it is gone, all versions that are left are listed:
 * whoever deletes what he lists, a page at a time, has deleted the newer ones too. */
static enum skr_status skr_listing_after(struct skr_version_listing *listing, struct skr_walk_options *others,
                                         struct skr_error *err)
{
    const struct skr_list_versions_options *options = listing->options;
    struct skr_arena arena = {.blocks = NULL};
    struct skr_version_place place;
    struct skr_object null_version = {.id = 0};
    if (!options->after_version.is_given)
        return SKR_OK;
    listing->has_after = true;
    listing->after_ns = options->after_version.ns;
    others->has_after = true;
    others->after = skr_version_number(listing->after_ns);
    if (options->after_version.ns != 0)
        return SKR_OK;
    enum skr_status status =
        skr_version_find(listing->view, &arena, &listing->container, options->from, 0, &null_version, &place, err);
    listing->has_after = status == SKR_OK;
    listing->after_ns = place.is_current ? null_version.modified_ns : (int64_t)~place.number;
    others->has_after = status == SKR_OK && !place.is_current;
    others->after = place.number;
    skr_arena_release(&arena);
    return status == SKR_VERSION_NOT_FOUND || status == SKR_INVALID_NAME || status == SKR_NAME_TOO_LONG ? SKR_OK : status;
}

static enum skr_status skr_listing_open(struct skr_version_listing *listing, struct skr_error *err)
{
    const struct skr_list_versions_options *options = listing->options;
    struct skr_walk_options walk = {.prefix = options->prefix, .delimiter = options->delimiter, .from = options->from};
    enum skr_status status = skr_walk_open(listing->view, listing->container.objects_node, &walk, &listing->current, err);
    walk.numbered = true;
    if (status == SKR_OK)
        status = skr_listing_after(listing, &walk, err);
    if (status == SKR_OK)
        status = skr_walk_open(listing->view, listing->container.versions_node, &walk, &listing->others, err);
    if (status == SKR_OK)
        status = skr_listing_next(listing->current, &listing->current_entry, &listing->current_at_end, err);
    if (status == SKR_OK)
        status = skr_listing_next(listing->others, &listing->other_entry, &listing->others_at_end, err);
    return status;
}

/* The first of the others that is listed for the key that a page begins in: was a newer one passed over? */
static enum skr_status skr_is_newest(struct skr_version_listing *listing, const struct skr_walk_entry *entry, bool *is_newest,
                                     struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_version_place place;
    struct skr_object newest;
    *is_newest = true;
    if (!listing->has_after || !skr_bytes_equal(entry->key, listing->options->from))
        return SKR_OK;
    enum skr_status status = skr_version_newest(listing->view, &arena, &listing->container, entry->key, &newest, &place, err);
    *is_newest = status == SKR_OK && place.number == entry->number;
    skr_arena_release(&arena);
    return status;
}

static enum skr_status skr_visit_version(struct skr_version_listing *listing, const struct skr_walk_entry *from,
                                         bool is_current, struct skr_error *err)
{
    struct skr_version_entry entry = {.key = from->key, .is_prefix = from->is_prefix};
    struct skr_arena arena = {.blocks = NULL};
    struct skr_object object;
    if (from->is_prefix) {
        listing->more = listing->visit(listing->context, &entry);
        return SKR_OK;
    }
    _Alignas(16) char memory[2048];
    skr_arena_seed(&arena, memory, sizeof memory);
    enum skr_status status = skr_object_decode(&arena, from->record, &object, err);
    bool is_listed = true;
    if (status == SKR_OK && is_current) {
        int64_t order_ns = object.version_ns != 0 ? object.version_ns : object.modified_ns;
        is_listed = !listing->has_after || order_ns < listing->after_ns || !skr_bytes_equal(from->key, listing->options->from);
        entry.is_latest = true;
    } else if (status == SKR_OK && !skr_bytes_equal(from->key, (struct skr_bytes){listing->last_key, listing->last_size})) {
        status = skr_is_newest(listing, from, &entry.is_latest, err);
    }
    memcpy(listing->last_key, from->key.data, from->key.size);
    listing->last_size = from->key.size;
    object.versioning = listing->container.versioning;
    entry.object = &object;
    if (status == SKR_OK && is_listed)
        listing->more = listing->visit(listing->context, &entry);
    skr_arena_release(&arena);
    return status;
}

static enum skr_status skr_listing_run(struct skr_version_listing *listing, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    listing->more = true;
    while (status == SKR_OK && listing->more && !(listing->current_at_end && listing->others_at_end)) {
        int order = listing->current_at_end  ? 1
                    : listing->others_at_end ? -1
                                             : skr_bytes_compare(listing->current_entry.key, listing->other_entry.key);
        bool is_group_of_both = order == 0 && listing->current_entry.is_prefix;
        status = skr_visit_version(listing, order <= 0 ? &listing->current_entry : &listing->other_entry, order <= 0, err);
        if (status == SKR_OK && order <= 0)
            status = skr_listing_next(listing->current, &listing->current_entry, &listing->current_at_end, err);
        if (status == SKR_OK && (order > 0 || is_group_of_both))
            status = skr_listing_next(listing->others, &listing->other_entry, &listing->others_at_end, err);
    }
    return status;
}

enum skr_status skr_list_versions(struct skr_worker *worker, const struct skr_list_versions_options *options,
                                  bool (*visit)(void *context, const struct skr_version_entry *entry), void *context,
                                  struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_version_listing listing = {.options = options, .visit = visit, .context = context};
    enum skr_status status = skr_view_begin(worker->reader, &listing.view, err);
    if (status != SKR_OK)
        return status;
    status = skr_container_get(listing.view, &arena, options->account, options->container, &listing.container, err);
    if (status == SKR_OK)
        status = skr_listing_open(&listing, err);
    if (status == SKR_OK)
        status = skr_listing_run(&listing, err);
    skr_walk_close(listing.current);
    skr_walk_close(listing.others);
    skr_view_end(listing.view);
    skr_arena_release(&arena);
    return status;
}
