/* Making, removing and renaming. While a name is changed, `moving` is held: what a directory on the way is called stays so. */
#include <sys/stat.h>

#include "handles.h"

#include "handlers.h"

/* ---- one change ---- */

/* A change of the name in a directory, on its way. */
struct skr_naming {
    struct skr_errand *errand;
    struct skr_node *parent;
    struct skr_bytes name;
    struct skr_file_name file; /* where that is */
    struct skr_outcome outcome;
};

/* False: the directory is gone. Takes `moving`. */
static bool skr_naming_begin(struct skr_naming *naming, struct skr_errand *errand, struct skr_node *parent, const char *name)
{
    struct skr_bytes path;
    *naming = (struct skr_naming){.errand = errand, .parent = parent, .name = skr_text(name)};
    pthread_rwlock_rdlock(&errand->mount->moving);
    if (!skr_nodes_path(&errand->mount->nodes, &errand->arena, parent, naming->name, &path))
        return false;
    naming->file = skr_mounted_file(errand->mount, parent->place, path);
    return true;
}

static enum skr_status skr_naming_wait(struct skr_naming *naming, const struct skr_pending *pending)
{
    enum skr_status status = skr_caller_wait(naming->errand->caller, pending, &naming->outcome);
    naming->errand->error = naming->outcome.error;
    if (status == SKR_OK)
        atomic_store(&naming->parent->entries_ns, skr_now_ns());
    return status;
}

static void skr_naming_end(struct skr_naming *naming)
{
    pthread_rwlock_unlock(&naming->errand->mount->moving);
}

static int skr_check_name(const char *name)
{
    size_t size = strlen(name);
    return size > SKR_MAX_COMPONENT_BYTES ? ENAMETOOLONG : 0;
}

/* What a new file gets, as far as it is not what it would have without. */
static struct skr_file_attributes skr_attributes_of_new(struct skr_errand *errand, struct skr_node *parent, mode_t mode)
{
    const struct skr_mount_options *options = &errand->mount->options;
    const struct fuse_ctx *who = fuse_req_ctx(errand->request);
    struct skr_file_attributes out = {.mode = mode & 07777, .user = who->uid, .group = who->gid};
    struct skr_facts facts;
    struct stat about;
    if (parent->parent != NULL && skr_stat_node(errand, parent, &facts, &about) == 0 && about.st_mode & S_ISGID) {
        out.group = about.st_gid; /* as with other file systems of Linux */
        out.mode |= S_ISDIR(mode) ? S_ISGID : 0;
    }
    mode_t usual = (S_ISDIR(mode) ? 0777 : 0666) & ~options->umask;
    out.given = (out.mode != usual && !S_ISLNK(mode) ? SKR_ATTRIBUTE_MODE : 0) |
                (out.user != options->user ? SKR_ATTRIBUTE_USER : 0) | (out.group != options->group ? SKR_ATTRIBUTE_GROUP : 0);
    return out;
}

/* ---- making ---- */

static int skr_make_container(struct skr_errand *errand, struct skr_node *root, const char *name);

/* A file, where none is; otherwise, unless `exclusive`, what is there. */
static int skr_make(struct skr_errand *errand, struct skr_node *parent, const char *name, mode_t mode, bool exclusive,
                    struct skr_facts *facts)
{
    struct skr_naming naming;
    int failed = skr_check_name(name);
    if (failed != 0 || skr_lists_containers(parent))
        return failed != 0 ? failed : EPERM; /* beside containers there is nothing */
    struct skr_file_attributes attributes = skr_attributes_of_new(errand, parent, mode);
    enum skr_status status = SKR_OBJECT_NOT_FOUND;
    if (skr_naming_begin(&naming, errand, parent, name))
        status = skr_naming_wait(&naming, skr_make_file(errand->caller->worker, &naming.file, &attributes, exclusive,
                                                        skr_outcome_done, &naming.outcome));
    skr_naming_end(&naming);
    if (status != SKR_OK)
        return skr_errand_fail(errand, status, "making a file");
    *facts = naming.outcome.facts;
    return 0;
}

static int skr_mknod(struct skr_errand *errand, struct skr_node *parent, const char *name, mode_t mode)
{
    struct skr_facts facts;
    if (!S_ISREG(mode))
        return EPERM; /* devices, pipes and sockets are no objects */
    int failed = skr_make(errand, parent, name, mode, true, &facts);
    return failed == 0 ? skr_reply_entry(errand, parent, skr_text(name), &facts, NULL) : failed;
}

void skr_handle_mknod(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
    struct skr_errand errand;
    (void)device;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_mknod))
        skr_errand_end(&errand, skr_mknod(&errand, skr_node_of(errand.mount, parent), name, mode));
}

static int skr_create(struct skr_errand *errand, struct skr_node *parent, const char *name, mode_t mode,
                      struct fuse_file_info *info)
{
    struct skr_mount *mount = errand->mount;
    struct fuse_entry_param entry;
    struct skr_handle *handle;
    struct skr_facts facts;
    struct skr_node *node;
    int failed = skr_make(errand, parent, name, S_IFREG | mode, info->flags & O_EXCL, &facts);
    if (failed == 0)
        failed = skr_enter(errand, parent, skr_text(name), &facts, NULL, &entry, &node);
    if (failed != 0)
        return failed;
    /* In the answer to this no file can be told to be read by the kernel itself. */
    failed = facts.kind == SKR_FILE_REGULAR ? skr_handle_new(errand, node, info->flags, true, &handle) : ESTALE;
    if (failed != 0) {
        skr_nodes_forget(&mount->nodes, node, 1);
        return failed;
    }
    entry.attr.st_size = info->flags & O_TRUNC ? 0 : entry.attr.st_size;
    info->fh = (uintptr_t)handle;
    info->keep_cache = handle->keeps_pages;
    info->direct_io = handle->is_direct;
    if (fuse_reply_create(errand->request, &entry, info) == -ENOENT) {
        skr_handle_end(errand, handle);
        skr_nodes_forget(&mount->nodes, node, 1);
    }
    return 0;
}

void skr_handle_create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *info)
{
    struct skr_errand errand;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_create))
        skr_errand_end(&errand, skr_create(&errand, skr_node_of(errand.mount, parent), name, mode, info));
}

static int skr_mkdir(struct skr_errand *errand, struct skr_node *parent, const char *name, mode_t mode)
{
    struct skr_naming naming;
    struct skr_facts facts = {.kind = SKR_FILE_DIRECTORY};
    int failed = skr_check_name(name);
    if (failed != 0 || skr_lists_containers(parent))
        return failed != 0 ? failed : skr_make_container(errand, parent, name);
    struct skr_file_attributes attributes = skr_attributes_of_new(errand, parent, S_IFDIR | mode);
    enum skr_status status = SKR_OBJECT_NOT_FOUND;
    if (skr_naming_begin(&naming, errand, parent, name))
        status = skr_naming_wait(
            &naming, skr_make_directory(errand->caller->worker, &naming.file, &attributes, skr_outcome_done, &naming.outcome));
    skr_naming_end(&naming);
    if (status != SKR_OK)
        return skr_errand_fail(errand, status, "making a directory");
    if (naming.outcome.has_facts)
        facts = naming.outcome.facts;
    facts.kind = SKR_FILE_DIRECTORY;
    return skr_reply_entry(errand, parent, naming.name, &facts, NULL);
}

void skr_handle_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode)
{
    struct skr_errand errand;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_mkdir))
        skr_errand_end(&errand, skr_mkdir(&errand, skr_node_of(errand.mount, parent), name, mode));
}

static int skr_symlink(struct skr_errand *errand, struct skr_node *parent, const char *name, const char *target)
{
    struct skr_naming naming;
    int failed = skr_check_name(name);
    if (failed != 0 || skr_lists_containers(parent) || strlen(target) > SKR_MAX_SYMLINK_BYTES)
        return failed != 0 ? failed : skr_lists_containers(parent) ? EPERM : ENAMETOOLONG;
    struct skr_file_attributes attributes = skr_attributes_of_new(errand, parent, S_IFLNK | 0777);
    enum skr_status status = SKR_OBJECT_NOT_FOUND;
    if (skr_naming_begin(&naming, errand, parent, name))
        status = skr_naming_wait(&naming, skr_make_symlink(errand->caller->worker, &naming.file, skr_text(target), &attributes,
                                                           skr_outcome_done, &naming.outcome));
    skr_naming_end(&naming);
    return status == SKR_OK ? skr_reply_entry(errand, parent, naming.name, &naming.outcome.facts, NULL)
                            : skr_errand_fail(errand, status, "making a link");
}

void skr_handle_symlink(fuse_req_t request, const char *target, fuse_ino_t parent, const char *name)
{
    struct skr_errand errand;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_symlink))
        skr_errand_end(&errand, skr_symlink(&errand, skr_node_of(errand.mount, parent), name, target));
}

void skr_handle_link(fuse_req_t request, fuse_ino_t number, fuse_ino_t parent, const char *name)
{
    struct skr_errand errand;
    (void)number;
    (void)parent;
    (void)name;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_link))
        skr_errand_end(&errand, EPERM); /* an object has one name */
}

/* ---- removing ---- */

typedef struct skr_pending *(*skr_removal)(struct skr_worker *worker, const struct skr_file_name *name, skr_done done,
                                           void *context);

static int skr_remove(struct skr_errand *errand, struct skr_node *parent, const char *name, skr_removal removal)
{
    struct skr_naming naming;
    enum skr_status status = SKR_OBJECT_NOT_FOUND;
    if (skr_naming_begin(&naming, errand, parent, name))
        status = skr_naming_wait(&naming, removal(errand->caller->worker, &naming.file, skr_outcome_done, &naming.outcome));
    if (status == SKR_OK)
        skr_nodes_detach_name(&errand->mount->nodes, parent, naming.name);
    skr_naming_end(&naming);
    return status == SKR_OK ? SKR_DONE : skr_errand_fail(errand, status, "removing a file");
}

void skr_handle_unlink(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct skr_errand errand;
    if (!skr_errand_begin(&errand, request, SKR_OPERATION_unlink))
        return;
    struct skr_node *node = skr_node_of(errand.mount, parent);
    skr_errand_end(&errand, skr_lists_containers(node) ? EISDIR : skr_remove(&errand, node, name, skr_remove_file));
}

static int skr_rmdir_container(struct skr_errand *errand, struct skr_node *root, const char *name)
{
    struct skr_outcome outcome = {.called = false};
    enum skr_status status = skr_caller_wait(errand->caller,
                                             skr_delete_container(errand->caller->worker, errand->mount->options.account,
                                                                  skr_text(name), NULL, true, skr_outcome_done, &outcome),
                                             &outcome);
    errand->error = outcome.error;
    if (status != SKR_OK)
        return skr_errand_fail(errand, status, "removing a container");
    skr_nodes_detach_name(&errand->mount->nodes, root, skr_text(name));
    return SKR_DONE;
}

void skr_handle_rmdir(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct skr_errand errand;
    if (!skr_errand_begin(&errand, request, SKR_OPERATION_rmdir))
        return;
    struct skr_node *node = skr_node_of(errand.mount, parent);
    skr_errand_end(&errand, skr_lists_containers(node) ? skr_rmdir_container(&errand, node, name)
                                                       : skr_remove(&errand, node, name, skr_remove_directory));
}

/* ---- containers ---- */

/* What both Blob and S3 take: 3 to 63 small letters, digits, and single dashes inside. */
static bool skr_is_container_name(struct skr_bytes name)
{
    if (name.size < 3 || name.size > 63)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_letter && (c != '-' || i == 0 || i + 1 == name.size || name.data[i - 1] == '-'))
            return false;
    }
    return true;
}

static int skr_make_container(struct skr_errand *errand, struct skr_node *root, const char *name)
{
    struct skr_container_settings settings = {.set_metadata = false};
    struct skr_outcome outcome = {.called = false};
    struct skr_place *place = NULL;
    struct skr_facts facts;
    if (!skr_is_container_name(skr_text(name)))
        return EINVAL;
    enum skr_status status = skr_caller_wait(errand->caller,
                                             skr_create_container(errand->caller->worker, errand->mount->options.account,
                                                                  skr_text(name), &settings, skr_outcome_done, &outcome),
                                             &outcome);
    errand->error = outcome.error;
    if (status == SKR_OK)
        status = skr_find_container(errand, skr_text(name), &facts, &place);
    return status == SKR_OK ? skr_reply_entry(errand, root, skr_text(name), &facts, place)
                            : skr_errand_fail(errand, status, "making a container");
}

/* ---- renaming ---- */

/* Nothing below a directory may be under way while it gets another name. What the kernel renames it has looked up. */
static void skr_lock_for_rename(struct skr_mount *mount, struct skr_node *from, const char *name, struct skr_node *to,
                                const char *new_name)
{
    struct skr_node *moved = skr_nodes_find(&mount->nodes, from, skr_text(name));
    struct skr_node *other = skr_nodes_find(&mount->nodes, to, skr_text(new_name));
    bool are_files = moved != NULL && moved->kind != SKR_FILE_DIRECTORY && (other == NULL || other->kind != SKR_FILE_DIRECTORY);
    if (moved != NULL)
        skr_nodes_done(&mount->nodes, moved);
    if (other != NULL)
        skr_nodes_done(&mount->nodes, other);
    if (are_files)
        pthread_rwlock_rdlock(&mount->moving);
    else
        pthread_rwlock_wrlock(&mount->moving);
}

static int skr_rename(struct skr_errand *errand, struct skr_node *from, const char *name, struct skr_node *to,
                      const char *new_name, unsigned flags)
{
    static const enum skr_rename_mode modes[] = {SKR_RENAME_REPLACE, SKR_RENAME_NO_REPLACE, SKR_RENAME_EXCHANGE};
    struct skr_mount *mount = errand->mount;
    struct skr_outcome outcome = {.called = false};
    struct skr_bytes path, new_path;
    int failed = skr_check_name(new_name);
    if (failed != 0 || flags > RENAME_EXCHANGE)
        return failed != 0 ? failed : EINVAL;
    if (skr_lists_containers(from) || skr_lists_containers(to))
        return skr_lists_containers(from) ? EPERM : EXDEV; /* a container keeps its name */
    if (from->place != to->place)
        return EXDEV;
    enum skr_status status = SKR_OBJECT_NOT_FOUND;
    skr_lock_for_rename(mount, from, name, to, new_name);
    if (skr_nodes_path(&mount->nodes, &errand->arena, from, skr_text(name), &path) &&
        skr_nodes_path(&mount->nodes, &errand->arena, to, skr_text(new_name), &new_path)) {
        struct skr_file_name source = skr_mounted_file(mount, from->place, path);
        struct skr_file_name target = skr_mounted_file(mount, to->place, new_path);
        status = skr_caller_wait(
            errand->caller, skr_rename_file(errand->caller->worker, &source, &target, modes[flags], skr_outcome_done, &outcome),
            &outcome);
    }
    if (status == SKR_OK) {
        skr_nodes_move(&mount->nodes, from, skr_text(name), to, skr_text(new_name), flags & RENAME_EXCHANGE);
        atomic_store(&from->entries_ns, skr_now_ns());
        atomic_store(&to->entries_ns, skr_now_ns());
    }
    pthread_rwlock_unlock(&mount->moving);
    errand->error = outcome.error;
    return status == SKR_OK ? SKR_DONE : skr_errand_fail(errand, status, "renaming");
}

void skr_handle_rename(fuse_req_t request, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name,
                       unsigned flags)
{
    struct skr_errand errand;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_rename))
        skr_errand_end(&errand, skr_rename(&errand, skr_node_of(errand.mount, parent), name,
                                           skr_node_of(errand.mount, new_parent), new_name, flags));
}
