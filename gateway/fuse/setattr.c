/* Mode, owner, times, and the size where it is set. */
#include "handles.h"

#include "handlers.h"

#define SKR_SETS_TIME (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME_NOW)

static struct skr_file_attributes skr_attributes_to_set(const struct stat *given, int what)
{
    struct skr_file_attributes out = {.given = 0};
    int64_t now_ns = skr_now_ns();
    if (what & FUSE_SET_ATTR_MODE) {
        out.given |= SKR_ATTRIBUTE_MODE;
        out.mode = given->st_mode & 07777;
    }
    if (what & FUSE_SET_ATTR_UID) {
        out.given |= SKR_ATTRIBUTE_USER;
        out.user = given->st_uid;
    }
    if (what & FUSE_SET_ATTR_GID) {
        out.given |= SKR_ATTRIBUTE_GROUP;
        out.group = given->st_gid;
    }
    if (what & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW)) {
        out.given |= SKR_ATTRIBUTE_MODIFIED;
        out.modified_ns = what & FUSE_SET_ATTR_MTIME_NOW ? now_ns : skr_ns_of(given->st_mtim);
    }
    if (what & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW)) {
        out.given |= SKR_ATTRIBUTE_ACCESSED;
        out.accessed_ns = what & FUSE_SET_ATTR_ATIME_NOW ? now_ns : skr_ns_of(given->st_atim);
    }
    return out;
}

static void skr_attributes_merge(struct skr_file_attributes *into, const struct skr_file_attributes *from)
{
    into->given |= from->given | SKR_ATTRIBUTE_CHANGED;
    into->changed_ns = skr_now_ns();
    if (from->given & SKR_ATTRIBUTE_MODE)
        into->mode = from->mode;
    if (from->given & SKR_ATTRIBUTE_USER)
        into->user = from->user;
    if (from->given & SKR_ATTRIBUTE_GROUP)
        into->group = from->group;
    if (from->given & SKR_ATTRIBUTE_MODIFIED)
        into->modified_ns = from->modified_ns;
    if (from->given & SKR_ATTRIBUTE_ACCESSED)
        into->accessed_ns = from->accessed_ns;
}

int skr_keep_attributes(struct skr_errand *errand, struct skr_node *node, const struct skr_file_attributes *attributes)
{
    struct skr_mount *mount = errand->mount;
    struct skr_outcome outcome = {.called = false};
    struct skr_bytes path;
    enum skr_status status = SKR_OK;
    pthread_rwlock_rdlock(&mount->moving);
    if (skr_nodes_path(&mount->nodes, &errand->arena, node, SKR_NO_BYTES, &path)) {
        struct skr_file_name name = skr_mounted_file(mount, node->place, path);
        status = skr_caller_wait(errand->caller,
                                 skr_set_file_attributes(errand->caller->worker, &name, attributes, skr_outcome_done, &outcome),
                                 &outcome);
    }
    pthread_rwlock_unlock(&mount->moving);
    errand->error = outcome.error;
    return status == SKR_OK ? 0 : skr_errand_fail(errand, status, "setting attributes");
}

static int skr_set_attributes(struct skr_errand *errand, struct skr_node *node, const struct skr_file_attributes *attributes)
{
    struct skr_opened *opened = skr_opened_use(&errand->mount->nodes, node, false);
    struct skr_file_attributes kept = *attributes;
    if (opened != NULL) {
        pthread_mutex_lock(&opened->lock);
        skr_attributes_merge(&opened->facts.attributes, attributes);
        if (opened->dirty_since_ns != 0) /* times go with what was written, or they would be overtaken by it */
            kept.given &= ~(unsigned)(SKR_ATTRIBUTE_MODIFIED | SKR_ATTRIBUTE_ACCESSED);
        pthread_mutex_unlock(&opened->lock);
    }
    if (attributes->given & SKR_ATTRIBUTE_MODIFIED)
        atomic_store(&node->entries_ns, 0); /* what is set counts from here on */
    int failed = kept.given == 0 ? 0 : skr_keep_attributes(errand, node, &kept);
    skr_opened_done(&errand->mount->nodes, opened);
    return failed;
}

/* The directory of containers keeps none: its times may be set, as programs that copy do, to no effect. */
static int skr_set_attributes_of_containers(int what)
{
    return what & ~(SKR_SETS_TIME | FUSE_SET_ATTR_CTIME) ? EPERM : 0;
}

/* ---- size ---- */

static int skr_resize_opened(struct skr_errand *errand, struct skr_opened *opened, uint64_t size)
{
    int failed = skr_opened_refresh(errand, opened);
    if (failed == 0)
        failed = skr_opened_begin_draft(errand, opened);
    if (failed != 0)
        return failed;
    if (skr_draft_size(opened->source->draft) == size)
        return 0; /* its times stay */
    enum skr_status status = skr_draft_resize(errand->caller->worker, opened->source->draft, size, &errand->error);
    if (status != SKR_OK)
        return skr_errand_fail(errand, status, "setting a file's size");
    skr_opened_touch(opened);
    return opened->writers > 0 ? 0 : skr_publish(errand, opened); /* nobody will close it */
}

static int skr_set_size(struct skr_errand *errand, struct skr_node *node, uint64_t size)
{
    struct skr_nodes *nodes = &errand->mount->nodes;
    if (node->kind != SKR_FILE_REGULAR)
        return node->kind == SKR_FILE_DIRECTORY ? EISDIR : EINVAL;
    struct skr_opened *opened = skr_opened_use(nodes, node, true);
    if (opened == NULL)
        return ENOMEM;
    pthread_mutex_lock(&opened->opening);
    int failed = skr_resize_opened(errand, opened, size);
    if (opened->writers == 0 && opened->readers == 0 && opened->backed == 0)
        skr_opened_set(nodes, opened, NULL, NULL);
    pthread_mutex_unlock(&opened->opening);
    skr_opened_done(nodes, opened);
    return failed;
}

static int skr_setattr(struct skr_errand *errand, struct skr_node *node, const struct stat *given, int what)
{
    struct skr_facts facts;
    struct stat attributes;
    struct skr_file_attributes to_set = skr_attributes_to_set(given, what);
    int failed = what & FUSE_SET_ATTR_SIZE ? skr_set_size(errand, node, (uint64_t)given->st_size) : 0;
    if (failed == 0 && skr_lists_containers(node))
        failed = skr_set_attributes_of_containers(what);
    else if (failed == 0 && to_set.given != 0)
        failed = skr_set_attributes(errand, node, &to_set);
    if (failed == 0)
        failed = skr_stat_node(errand, node, &facts, &attributes);
    if (failed == 0)
        fuse_reply_attr(errand->request, &attributes,
                        skr_lists_containers(node) ? skr_containers_patience(errand->mount)
                                                   : skr_place_patience(errand->mount, node->place, true));
    return failed;
}

void skr_handle_setattr(fuse_req_t request, fuse_ino_t number, struct stat *given, int what, struct fuse_file_info *info)
{
    struct skr_errand errand;
    (void)info; /* an open file is found by its node, too */
    if (skr_errand_begin(&errand, request, SKR_OPERATION_setattr))
        skr_errand_end(&errand, skr_setattr(&errand, skr_node_of(errand.mount, number), given, what));
}
