/* Reading directories. */
#include "handlers.h"
#include "listing.h"

#define SKR_DOTS 2 /* "." and ".." come first */

static struct skr_listing *skr_listing_of(const struct fuse_file_info *info)
{
    return (struct skr_listing *)(uintptr_t)info->fh;
}

static void skr_listing_abandon(struct skr_lent *lent)
{
    skr_listing_close((struct skr_listing *)lent);
}

static int skr_opendir(struct skr_errand *errand, struct skr_node *node, struct fuse_file_info *info)
{
    struct skr_listing *listing = skr_listing_open(node);
    if (listing == NULL)
        return ENOMEM;
    skr_nodes_use(&errand->mount->nodes, node);
    skr_lend(errand->mount, &listing->lent, skr_listing_abandon);
    info->fh = (uintptr_t)listing;
    if (fuse_reply_open(errand->request, info) == -ENOENT) {
        skr_take_back(errand->mount, &listing->lent);
        skr_listing_close(listing);
        skr_nodes_done(&errand->mount->nodes, node);
    }
    return 0;
}

void skr_handle_opendir(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    struct skr_errand errand;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_opendir))
        skr_errand_end(&errand, skr_opendir(&errand, skr_node_of(errand.mount, number), info));
}

void skr_handle_releasedir(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    struct skr_listing *listing = skr_listing_of(info);
    struct skr_errand errand;
    (void)number;
    if (!skr_errand_begin(&errand, request, SKR_OPERATION_releasedir))
        return;
    struct skr_node *node = listing->node;
    skr_take_back(errand.mount, &listing->lent);
    skr_listing_close(listing);
    skr_nodes_done(&errand.mount->nodes, node);
    skr_errand_end(&errand, SKR_DONE);
}

void skr_handle_fsyncdir(fuse_req_t request, fuse_ino_t number, int data_only, struct fuse_file_info *info)
{
    struct skr_errand errand;
    (void)number;
    (void)data_only;
    (void)info;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_fsyncdir))
        skr_errand_end(&errand, SKR_DONE); /* a name was durable before it was answered */
}

/* ---- filling an answer ---- */

/* An answer on its way. */
struct skr_filling {
    struct skr_errand *errand;
    struct skr_listing *listing;
    char *buffer;
    size_t size, used;
    bool with_attributes;
    struct skr_bytes path; /* of the directory */
};

/* False: it does not fit any more. */
static bool skr_fill(struct skr_filling *filling, const char *name, const struct fuse_entry_param *entry, off_t next)
{
    fuse_req_t request = filling->errand->request;
    size_t left = filling->size - filling->used;
    size_t size = filling->with_attributes
                      ? fuse_add_direntry_plus(request, filling->buffer + filling->used, left, name, entry, next)
                      : fuse_add_direntry(request, filling->buffer + filling->used, left, name, &entry->attr, next);
    filling->used += size <= left ? size : 0;
    return size <= left;
}

static struct skr_bytes skr_path_parent(struct skr_bytes path)
{
    const char *slash = path.size == 0 ? NULL : memrchr(path.data, '/', path.size);
    return (struct skr_bytes){path.data, slash == NULL ? 0 : (size_t)(slash - path.data)};
}

static bool skr_fill_dots(struct skr_filling *filling, size_t index)
{
    const struct skr_mount *mount = filling->errand->mount;
    struct skr_node *node = filling->listing->node;
    struct skr_facts facts = {.kind = SKR_FILE_DIRECTORY};
    struct fuse_entry_param entry = {.ino = 0}; /* the kernel knows them */
    bool leaves_place = node->parent == NULL || node == node->place->root;
    if (skr_lists_containers(node) || (index == 1 && leaves_place))
        skr_stat_of_containers(mount, &entry.attr);
    else
        skr_stat_of(mount, node->place, index == 0 ? filling->path : skr_path_parent(filling->path), &facts, &entry.attr);
    return skr_fill(filling, index == 0 ? "." : "..", &entry, (off_t)index + 1);
}

/* What is told of an entry with its attributes; the kernel knows it once more then. False: it is gone. */
static bool skr_fill_attributes(struct skr_filling *filling, size_t index, const struct skr_listed *listed,
                                struct fuse_entry_param *entry)
{
    struct skr_errand *errand = filling->errand;
    struct skr_node *parent = filling->listing->node, *node;
    struct skr_bytes name = {listed->name, listed->name_size}, path;
    struct skr_facts facts;
    struct skr_place *place = NULL;
    bool is_known = skr_listing_facts(filling->listing, index, &facts);
    if (skr_lists_containers(parent))
        return skr_find_container(errand, name, &facts, &place) == SKR_OK &&
               skr_enter(errand, parent, name, &facts, place, entry, &node) == 0;
    if (!is_known || facts.kind == SKR_FILE_DIRECTORY) { /* of a directory a listing says nothing more */
        if (!skr_nodes_path(&errand->mount->nodes, &errand->arena, parent, name, &path))
            return false;
        enum skr_status status = is_known ? skr_find_known(errand, parent->place, path, &facts, NULL)
                                          : skr_find(errand, parent->place, path, &facts, NULL);
        if (status != SKR_OK && !is_known)
            return false;
        if (status != SKR_OK) /* upstream has it */
            facts = (struct skr_facts){.kind = SKR_FILE_DIRECTORY};
    }
    return skr_enter(errand, parent, name, &facts, NULL, entry, &node) == 0;
}

/* What is told of an entry in any case: number and type. False: the directory is gone. */
static bool skr_fill_number(struct skr_filling *filling, const struct skr_listed *listed, struct stat *out)
{
    struct skr_errand *errand = filling->errand;
    struct skr_node *parent = filling->listing->node;
    struct skr_facts facts = {.kind = listed->kind, .object_id = listed->object_id};
    struct skr_bytes name = {listed->name, listed->name_size}, path = SKR_NO_BYTES;
    struct skr_place container = {.container = name};
    bool is_container = skr_lists_containers(parent);
    bool by_path = !is_container && (listed->kind == SKR_FILE_DIRECTORY || listed->object_id == 0);
    if (by_path && !skr_nodes_path(&errand->mount->nodes, &errand->arena, parent, name, &path))
        return false;
    skr_stat_of(errand->mount, is_container ? &container : parent->place, path, &facts, out);
    return true;
}

/* False: the answer is full. */
static bool skr_fill_entry(struct skr_filling *filling, size_t index, const struct skr_listed *listed)
{
    struct fuse_entry_param entry = {.ino = 0};
    off_t next = (off_t)(index + SKR_DOTS + 1);
    /* What upstream alone knows of is not looked up here: the kernel does, when somebody wants to know. */
    bool tells_more = filling->with_attributes && (listed->kind == SKR_FILE_DIRECTORY || listed->object_id != 0);
    if (filling->with_attributes &&
        fuse_add_direntry_plus(filling->errand->request, NULL, 0, listed->name, NULL, 0) > filling->size - filling->used)
        return false;
    bool is_there =
        tells_more ? skr_fill_attributes(filling, index, listed, &entry) : skr_fill_number(filling, listed, &entry.attr);
    return !is_there || skr_fill(filling, listed->name, &entry, next);
}

static int skr_fill_all(struct skr_filling *filling, size_t at)
{
    const struct skr_listed *listed;
    for (; at < SKR_DOTS; at++)
        if (!skr_fill_dots(filling, at))
            return 0;
    for (;; at++) {
        int failed = skr_listing_entry(filling->errand, filling->listing, at - SKR_DOTS, &listed);
        if (failed != 0 && filling->used == 0)
            return failed;
        if (failed != 0 || listed == NULL)
            return 0;
        if (listed->name != NULL && !skr_fill_entry(filling, at - SKR_DOTS, listed))
            return 0;
    }
}

static int skr_read_directory(struct skr_errand *errand, struct skr_listing *listing, size_t size, off_t offset,
                              bool with_attributes)
{
    struct skr_filling filling = {.errand = errand,
                                  .listing = listing,
                                  .buffer = skr_this_buffer(),
                                  .size = size < SKR_BUFFER_BYTES ? size : SKR_BUFFER_BYTES,
                                  .with_attributes = with_attributes};
    if (!skr_lists_containers(listing->node))
        skr_nodes_path(&errand->mount->nodes, &errand->arena, listing->node, SKR_NO_BYTES, &filling.path);
    pthread_mutex_lock(&listing->lock);
    if (offset == 0)
        skr_listing_rewind(listing);
    int failed = skr_fill_all(&filling, (size_t)offset);
    pthread_mutex_unlock(&listing->lock);
    if (failed == 0)
        fuse_reply_buf(errand->request, filling.buffer, filling.used);
    return failed;
}

void skr_handle_readdir(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info)
{
    struct skr_errand errand;
    (void)number;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_readdir))
        skr_errand_end(&errand, skr_read_directory(&errand, skr_listing_of(info), size, offset, false));
}

void skr_handle_readdirplus(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info)
{
    struct skr_errand errand;
    (void)number;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_readdirplus))
        skr_errand_end(&errand, skr_read_directory(&errand, skr_listing_of(info), size, offset, true));
}
