/* Names and what is behind them: lookup, forget, getattr, statfs. */
#include <sys/statvfs.h>

#include "handlers.h"
#include "mount_state.h"

int skr_enter(struct skr_errand *errand, struct skr_node *parent, struct skr_bytes name, const struct skr_facts *facts,
              struct skr_place *place, struct fuse_entry_param *out, struct skr_node **node)
{
    struct skr_mount *mount = errand->mount;
    struct skr_bytes path = SKR_NO_BYTES;
    if (place == NULL && !skr_nodes_path(&mount->nodes, &errand->arena, parent, name, &path))
        return ENOENT;
    *node = skr_nodes_enter(&mount->nodes, parent, name, facts, place);
    if (*node == NULL)
        return ENOMEM;
    double patience = place != NULL ? skr_containers_patience(mount) : skr_place_patience(mount, (*node)->place, true);
    *out = (struct fuse_entry_param){
        .ino = skr_number_of(mount, *node), .attr_timeout = patience, .entry_timeout = patience, .generation = 1};
    struct skr_opened *opened = skr_opened_use(&mount->nodes, *node, false);
    struct skr_source *source = opened == NULL ? NULL : skr_opened_source(opened);
    struct skr_facts open_facts;
    if (source != NULL && source->draft != NULL && skr_opened_facts(opened, &open_facts))
        facts = &open_facts; /* whoever writes has got further */
    skr_stat_of(mount, (*node)->place, path, facts, &out->attr);
    skr_source_drop(source);
    skr_opened_done(&mount->nodes, opened);
    return 0;
}

int skr_reply_entry(struct skr_errand *errand, struct skr_node *parent, struct skr_bytes name, const struct skr_facts *facts,
                    struct skr_place *place)
{
    struct fuse_entry_param entry;
    struct skr_node *node;
    int failed = skr_enter(errand, parent, name, facts, place, &entry, &node);
    if (failed == 0 && fuse_reply_entry(errand->request, &entry) == -ENOENT) /* the kernel did not wait for it */
        skr_nodes_forget(&errand->mount->nodes, node, 1);
    return failed;
}

/* Nothing is there: the kernel may remember that. */
static int skr_reply_absent(struct skr_errand *errand, double patience)
{
    struct fuse_entry_param entry = {.entry_timeout = patience};
    fuse_reply_entry(errand->request, &entry);
    return 0;
}

static int skr_lookup_container(struct skr_errand *errand, struct skr_node *parent, struct skr_bytes name)
{
    struct skr_facts facts;
    struct skr_place *place = NULL;
    enum skr_status status = skr_find_container(errand, name, &facts, &place);
    if (status == SKR_CONTAINER_NOT_FOUND || status == SKR_INVALID_NAME)
        return skr_reply_absent(errand, skr_containers_patience(errand->mount));
    return status == SKR_OK ? skr_reply_entry(errand, parent, name, &facts, place)
                            : skr_errand_fail(errand, status, "looking for a container");
}

static int skr_lookup(struct skr_errand *errand, struct skr_node *parent, struct skr_bytes name)
{
    struct skr_facts facts;
    struct skr_bytes path;
    if (name.size > SKR_MAX_COMPONENT_BYTES)
        return ENAMETOOLONG;
    if (skr_lists_containers(parent))
        return skr_lookup_container(errand, parent, name);
    if (!skr_is_component(name) || !skr_nodes_path(&errand->mount->nodes, &errand->arena, parent, name, &path))
        return ENOENT;
    enum skr_status status = skr_find(errand, parent->place, path, &facts, NULL);
    if (status == SKR_OBJECT_NOT_FOUND)
        return skr_reply_absent(errand, skr_place_patience(errand->mount, parent->place, false));
    return status == SKR_OK ? skr_reply_entry(errand, parent, name, &facts, NULL)
                            : skr_errand_fail(errand, status, "looking for a file");
}

void skr_handle_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct skr_errand errand;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_lookup))
        skr_errand_end(&errand, skr_lookup(&errand, skr_node_of(errand.mount, parent), skr_text(name)));
}

void skr_handle_forget(fuse_req_t request, fuse_ino_t number, uint64_t lookups)
{
    struct skr_errand errand;
    if (!skr_errand_begin(&errand, request, SKR_OPERATION_forget))
        return;
    skr_nodes_forget(&errand.mount->nodes, skr_node_of(errand.mount, number), lookups);
    fuse_reply_none(request);
    skr_errand_end(&errand, 0);
}

void skr_handle_forget_multi(fuse_req_t request, size_t count, struct fuse_forget_data *forgets)
{
    struct skr_errand errand;
    if (!skr_errand_begin(&errand, request, SKR_OPERATION_forget_multi))
        return;
    for (size_t i = 0; i < count; i++)
        skr_nodes_forget(&errand.mount->nodes, skr_node_of(errand.mount, forgets[i].ino), forgets[i].nlookup);
    fuse_reply_none(request);
    skr_errand_end(&errand, 0);
}

static int skr_getattr(struct skr_errand *errand, struct skr_node *node)
{
    struct skr_facts facts;
    struct stat attributes;
    int failed = skr_stat_node(errand, node, &facts, &attributes);
    if (failed == 0)
        fuse_reply_attr(errand->request, &attributes,
                        skr_lists_containers(node) ? skr_containers_patience(errand->mount)
                                                   : skr_place_patience(errand->mount, node->place, true));
    return failed;
}

void skr_handle_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    struct skr_errand errand;
    (void)info; /* an open file is found by its node, too */
    if (skr_errand_begin(&errand, request, SKR_OPERATION_getattr))
        skr_errand_end(&errand, skr_getattr(&errand, skr_node_of(errand.mount, number)));
}

void skr_handle_statfs(fuse_req_t request, fuse_ino_t number)
{
    const uint64_t block = 4096;
    struct skr_core_numbers numbers;
    struct skr_errand errand;
    (void)number;
    if (!skr_errand_begin(&errand, request, SKR_OPERATION_statfs))
        return;
    skr_core_read_numbers(errand.mount->options.core, &numbers);
    struct statvfs about = {
        .f_bsize = block,
        .f_frsize = block,
        .f_blocks = numbers.total_bytes / block,
        .f_bfree = numbers.free_bytes / block,
        .f_bavail = numbers.free_bytes / block,
        .f_files = numbers.total_bytes / block, /* there is no table of files: room is what limits them */
        .f_ffree = numbers.free_bytes / block,
        .f_favail = numbers.free_bytes / block,
        .f_namemax = SKR_MAX_COMPONENT_BYTES,
    };
    fuse_reply_statfs(request, &about);
    skr_errand_end(&errand, 0);
}
