/* What a path leads to, after upstream was asked where it has to be. */
#include "mount_state.h"

static enum skr_status skr_find_prepare(struct skr_errand *errand, const struct skr_object_name *name, enum skr_intent intent)
{
    struct skr_signal signal = {.called = false};
    struct skr_preparation *preparation = NULL;
    enum skr_status status =
        skr_prepare_object(errand->caller->worker, name, intent, intent == SKR_INTENT_READ ? 0 : SKR_OFFSET_UNKNOWN,
                           skr_signal_set, &signal, &preparation, &errand->error);
    if (status != SKR_PENDING)
        return status;
    if (skr_caller_await(errand->caller, &signal, skr_errand_gave_up, errand))
        return signal.status;
    skr_preparation_cancel(preparation);
    return SKR_CANCELLED;
}

enum skr_status skr_find_listing(struct skr_errand *errand, const struct skr_list_options *options, uint64_t wanted,
                                 struct skr_remote_listing **out)
{
    struct skr_signal signal = {.called = false};
    *out = NULL;
    enum skr_status status =
        skr_prepare_listing(errand->caller->worker, options, wanted, skr_signal_set, &signal, out, &errand->error);
    if (status == SKR_PENDING)
        status = skr_caller_await(errand->caller, &signal, skr_errand_gave_up, errand) ? signal.status : SKR_CANCELLED;
    if (status != SKR_OK) {
        skr_remote_listing_close(*out);
        *out = NULL;
    }
    return status;
}

static bool skr_note_entry(void *context, const struct skr_list_entry *entry)
{
    bool *found = context;
    *found = !entry->is_cut;
    return false;
}

/* Is there something below it, as upstream lists it? */
static enum skr_status skr_find_below(struct skr_errand *errand, struct skr_place *place, struct skr_bytes path, bool *found)
{
    char *prefix = skr_arena_alloc(&errand->arena, path.size + 1);
    struct skr_remote_listing *remote;
    if (prefix == NULL)
        return SKR_NO_MEMORY;
    memcpy(prefix, path.data, path.size);
    prefix[path.size] = '/';
    struct skr_list_options options = {.account = errand->mount->options.account,
                                       .container = place->container,
                                       .prefix = {prefix, path.size + 1},
                                       .delimiter = SKR_BYTES("/")};
    *found = false;
    enum skr_status status = skr_find_listing(errand, &options, 1, &remote);
    if (status != SKR_OK)
        return status;
    options.remote = remote;
    status = skr_list_objects(errand->caller->worker, &options, skr_note_entry, found, &errand->error);
    skr_remote_listing_close(remote);
    return status;
}

enum skr_status skr_find_known(struct skr_errand *errand, const struct skr_place *place, struct skr_bytes path,
                               struct skr_facts *facts, struct skr_held **held)
{
    struct skr_file_name name = skr_mounted_file(errand->mount, place, path);
    struct skr_entry entry;
    enum skr_status status = skr_find_file(errand->caller->worker, &errand->arena, &name, &entry, held, &errand->error);
    if (status != SKR_OK)
        return status;
    *facts = (struct skr_facts){.kind = entry.kind, .attributes = entry.attributes};
    if (entry.object.kind != 0) {
        facts->object_id = entry.object.id;
        facts->content = entry.object.content;
        facts->modified_ns = entry.object.modified_ns;
    }
    return SKR_OK;
}

enum skr_status skr_find(struct skr_errand *errand, struct skr_place *place, struct skr_bytes path, struct skr_facts *facts,
                         struct skr_held **held)
{
    struct skr_object_name name = skr_mounted_object(errand->mount, place, path);
    bool below = false;
    enum skr_status status = SKR_OK;
    if (path.size > 0)
        status = skr_find_prepare(errand, &name, held != NULL ? SKR_INTENT_READ : SKR_INTENT_LOOK);
    if (status == SKR_OK)
        status = skr_find_known(errand, place, path, facts, held);
    if (status != SKR_OBJECT_NOT_FOUND || !skr_place_is_bound(errand->mount, place))
        return status;
    status = skr_find_below(errand, place, path, &below);
    *facts = (struct skr_facts){.kind = SKR_FILE_DIRECTORY};
    return status == SKR_OK && !below ? SKR_OBJECT_NOT_FOUND : status;
}

enum skr_status skr_find_node(struct skr_errand *errand, struct skr_node *node, struct skr_facts *facts, struct skr_held **held)
{
    struct skr_nodes *nodes = &errand->mount->nodes;
    struct skr_bytes path;
    if (!skr_nodes_path(nodes, &errand->arena, node, SKR_NO_BYTES, &path))
        return SKR_OBJECT_NOT_FOUND;
    if (held != NULL)
        *held = NULL;
    enum skr_status status = skr_find(errand, node->place, path, facts, held);
    bool is_other = status == SKR_OK &&
                    (facts->kind != node->kind || (node->kind != SKR_FILE_DIRECTORY && facts->object_id != node->object_id));
    if (status == SKR_OBJECT_NOT_FOUND || status == SKR_CONTAINER_NOT_FOUND || is_other) {
        if (held != NULL) {
            skr_held_release(*held);
            *held = NULL;
        }
        skr_nodes_detach(nodes, node, true);
        return SKR_OBJECT_NOT_FOUND;
    }
    return status;
}
