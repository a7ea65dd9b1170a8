/* Opening files and letting them go. */
#include "handles.h"

#include "handlers.h"

#define SKR_WRITES(flags) (((flags)&O_ACCMODE) != O_RDONLY || ((flags)&O_TRUNC))

/* The kernel is to take another inode for this name: those that it reads by itself stay as they were opened, for it allows no
 * other use of theirs beside that. It looks the name up again, finds a new node, and opens that. */
static int skr_open_elsewhere(struct skr_errand *errand, struct skr_opened *opened)
{
    skr_nodes_detach(&errand->mount->nodes, opened->node, false);
    return ESTALE;
}

int skr_opened_refresh(struct skr_errand *errand, struct skr_opened *opened)
{
    struct skr_nodes *nodes = &errand->mount->nodes;
    struct skr_facts facts;
    struct skr_held *held = NULL;
    bool is_drafted = opened->source != NULL && opened->source->draft != NULL;
    if (is_drafted && (opened->writers > 0 || skr_draft_is_dirty(opened->source->draft)))
        return 0;
    enum skr_status status = skr_find_node(errand, opened->node, &facts, &held);
    if (status == SKR_OBJECT_NOT_FOUND)
        return opened->source != NULL ? 0 : ESTALE; /* removed, and opened once more by its descriptor */
    if (status != SKR_OK)
        return skr_errand_fail(errand, status, "opening a file");
    if (held == NULL)
        return ESTALE;
    pthread_mutex_lock(&opened->lock);
    bool is_same = opened->source != NULL && skr_is_same_content(&opened->facts.content, &facts.content);
    pthread_mutex_unlock(&opened->lock);
    if (is_same || opened->backed > 0) {
        skr_held_release(held);
        return is_same ? 0 : skr_open_elsewhere(errand, opened);
    }
    struct skr_source *source = skr_source_new(&errand->mount->transport, held, NULL);
    if (source == NULL)
        return ENOMEM;
    skr_opened_set(nodes, opened, source, &facts);
    return 0;
}

int skr_opened_begin_draft(struct skr_errand *errand, struct skr_opened *opened)
{
    struct skr_draft *draft;
    if (opened->backed > 0)
        return skr_open_elsewhere(errand, opened);
    if (opened->source->draft != NULL)
        return 0;
    enum skr_status status = skr_draft_open(errand->caller->worker, opened->source->held, &draft, &errand->error);
    if (status != SKR_OK)
        return skr_errand_fail(errand, status, "opening a file for writing");
    struct skr_source *source = skr_source_new(&errand->mount->transport, NULL, draft);
    if (source == NULL)
        return ENOMEM;
    skr_opened_set(&errand->mount->nodes, opened, source, NULL);
    return 0;
}

/* ---- opening ---- */

static bool skr_may_be_backed(const struct skr_mount *mount, const struct skr_opened *opened)
{
    return opened->readers == 0 && opened->writers == 0 && opened->source->held != NULL &&
           opened->facts.content.size_bytes >= mount->options.passthrough_from_bytes &&
           atomic_load_explicit(&mount->transport.passthrough, memory_order_relaxed);
}

/* It lies in several pieces: this time it is read through us. */
static void skr_straighten_for_next(struct skr_errand *errand, struct skr_opened *opened)
{
    struct skr_mount *mount = errand->mount;
    struct skr_node *node = opened->node;
    struct skr_bytes path;
    if (!skr_nodes_path(&mount->nodes, &errand->arena, node, SKR_NO_BYTES, &path))
        return;
    struct skr_file_name name = skr_mounted_file(mount, node->place, path);
    skr_straighten_later(mount->options.core, &name, node->object_id, opened->source->held);
}

/* Has the kernel read the file by itself, where it can. */
static void skr_back(struct skr_errand *errand, struct skr_opened *opened)
{
    int fd;
    if (opened->source->backing != 0 || !skr_may_be_backed(errand->mount, opened))
        return;
    enum skr_status status = skr_held_open_file(errand->caller->worker, opened->source->held, &fd, &errand->error);
    if (status == SKR_UNSUPPORTED)
        skr_straighten_for_next(errand, opened);
    if (status != SKR_OK)
        return;
    opened->source->backing = skr_backing_open(&errand->mount->transport, fd);
    close(fd);
}

static int skr_open_for_reading(struct skr_errand *errand, struct skr_opened *opened, struct skr_handle *handle)
{
    if (opened->readers == 0 && opened->writers == 0)
        skr_back(errand, opened);
    bool is_backed = opened->source->backing != 0 && opened->readers == 0 && opened->writers == 0;
    if (!is_backed && opened->backed > 0)
        return skr_open_elsewhere(errand, opened);
    pthread_mutex_lock(&opened->lock);
    *(is_backed ? &opened->backed : &opened->readers) += 1;
    pthread_mutex_unlock(&opened->lock);
    if (is_backed) {
        handle->backed = opened->source;
        atomic_fetch_add(&opened->source->uses, 1);
        atomic_fetch_add(&errand->mount->passthrough_opens, 1);
        atomic_fetch_add(&errand->mount->passthrough_opens_total, 1);
    }
    return 0;
}

static int skr_open_for_writing(struct skr_errand *errand, struct skr_opened *opened, struct skr_handle *handle, int flags)
{
    int failed = skr_opened_begin_draft(errand, opened);
    if (failed != 0)
        return failed;
    pthread_mutex_lock(&opened->lock);
    opened->writers++;
    pthread_mutex_unlock(&opened->lock);
    handle->writes = true;
    handle->appends = flags & O_APPEND;
    if (!(flags & O_TRUNC))
        return 0;
    enum skr_status status = skr_draft_size(opened->source->draft) == 0
                                 ? SKR_OK
                                 : skr_draft_resize(errand->caller->worker, opened->source->draft, 0, &errand->error);
    if (status == SKR_OK)
        skr_opened_touch(opened);
    return status == SKR_OK ? 0 : skr_errand_fail(errand, status, "truncating a file");
}

static void skr_handle_abandon(struct skr_lent *lent)
{
    struct skr_handle *handle = (struct skr_handle *)lent;
    skr_source_drop(handle->backed);
    free(handle);
}

/* Who only writes, and has the file for himself, does it past the kernel's cache: that saves a copy of all bytes, and a look
 * for privileges to be dropped at every write. As nothing keeps a page from being read into the cache while such a write is on
 * its way, all who come until the last of these is gone read past it, too. Counts the handle. */
static void skr_open_directly(const struct skr_mount *mount, struct skr_opened *opened, struct skr_handle *handle, int flags)
{
    pthread_mutex_lock(&opened->lock);
    bool is_alone = opened->readers + opened->writers + opened->backed == 1;
    bool begins = is_alone && (flags & O_ACCMODE) == O_WRONLY && atomic_load(&mount->transport.maps_direct);
    handle->is_direct = handle->backed == NULL && (begins || opened->direct > 0);
    opened->direct += handle->is_direct;
    pthread_mutex_unlock(&opened->lock);
}

int skr_handle_new(struct skr_errand *errand, struct skr_node *node, int flags, bool is_new, struct skr_handle **out)
{
    struct skr_mount *mount = errand->mount;
    struct skr_handle *handle = calloc(1, sizeof *handle);
    struct skr_opened *opened = handle == NULL ? NULL : skr_opened_use(&mount->nodes, node, true);
    if (opened == NULL) {
        free(handle);
        return ENOMEM;
    }
    handle->opened = opened;
    skr_lend(mount, &handle->lent, skr_handle_abandon);
    atomic_fetch_add(&mount->open_files, 1);
    pthread_mutex_lock(&opened->opening);
    int failed = skr_opened_refresh(errand, opened);
    if (failed == 0)
        failed = is_new || SKR_WRITES(flags) ? skr_open_for_writing(errand, opened, handle, flags)
                                             : skr_open_for_reading(errand, opened, handle);
    handle->is_counted = failed == 0 || handle->writes;
    if (failed == 0)
        skr_open_directly(mount, opened, handle, flags);
    if (failed == 0) {
        pthread_mutex_lock(&opened->lock);
        uint64_t content = opened->facts.content.id;
        pthread_mutex_unlock(&opened->lock);
        handle->keeps_pages = content != 0 && atomic_exchange(&node->kept_pages, content) == content;
    }
    pthread_mutex_unlock(&opened->opening);
    if (failed != 0) {
        skr_handle_end(errand, handle);
        return failed;
    }
    *out = handle;
    return 0;
}

int skr_handle_end(struct skr_errand *errand, struct skr_handle *handle)
{
    struct skr_mount *mount = errand->mount;
    struct skr_opened *opened = handle->opened;
    int failed = handle->writes ? skr_publish(errand, opened) : 0;
    pthread_mutex_lock(&opened->opening);
    pthread_mutex_lock(&opened->lock);
    opened->direct -= handle->is_direct;
    if (handle->is_counted)
        *(handle->writes ? &opened->writers : handle->backed != NULL ? &opened->backed : &opened->readers) -= 1;
    bool is_unused = opened->writers == 0 && opened->readers == 0 && opened->backed == 0;
    pthread_mutex_unlock(&opened->lock);
    if (is_unused)
        skr_opened_set(&mount->nodes, opened, NULL, NULL);
    pthread_mutex_unlock(&opened->opening);
    if (handle->backed != NULL)
        atomic_fetch_sub(&mount->passthrough_opens, 1);
    skr_source_drop(handle->backed);
    skr_opened_done(&mount->nodes, opened);
    atomic_fetch_sub(&mount->open_files, 1);
    skr_take_back(mount, &handle->lent);
    free(handle);
    return failed;
}

static int skr_open(struct skr_errand *errand, struct skr_node *node, struct fuse_file_info *info)
{
    struct skr_handle *handle = NULL;
    if (node->kind != SKR_FILE_REGULAR)
        return node->kind == SKR_FILE_DIRECTORY ? EISDIR : ELOOP;
    if (SKR_WRITES(info->flags) && errand->mount->options.read_only)
        return EROFS;
    int failed = skr_handle_new(errand, node, info->flags, false, &handle);
    if (failed != 0)
        return failed;
    info->fh = (uintptr_t)handle;
    info->keep_cache = handle->keeps_pages;
    info->direct_io = handle->is_direct;
    int told = handle->backed != NULL ? skr_reply_open_backed(errand->request, info->fh, handle->backed->backing)
                                      : fuse_reply_open(errand->request, info);
    if (told == -ENOENT) /* nobody waits for it any more, and nobody will let it go */
        skr_handle_end(errand, handle);
    return 0;
}

void skr_handle_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    struct skr_errand errand;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_open))
        skr_errand_end(&errand, skr_open(&errand, skr_node_of(errand.mount, number), info));
}

void skr_handle_flush(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    struct skr_errand errand;
    (void)number;
    if (!skr_errand_begin(&errand, request, SKR_OPERATION_flush))
        return;
    struct skr_handle *handle = skr_handle_of(info);
    int failed = handle->writes ? skr_publish(&errand, handle->opened) : 0;
    skr_errand_end(&errand, failed == 0 ? SKR_DONE : failed);
}

void skr_handle_release(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    struct skr_errand errand;
    (void)number;
    if (!skr_errand_begin(&errand, request, SKR_OPERATION_release))
        return;
    skr_handle_end(&errand, skr_handle_of(info));
    skr_errand_end(&errand, SKR_DONE); /* nobody hears of a failure here: closing told of it before */
}
