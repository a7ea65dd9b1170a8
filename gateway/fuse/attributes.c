/* A file's record as POSIX shows it. */
#include "mount_state.h"

#define SKR_BLOCK_BYTES 65536 /* what programs are told to read and write at a time: a chunk */
#define SKR_FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define SKR_TOP_BIT (UINT64_C(1) << 63)

static uint64_t skr_hash(uint64_t hash, struct skr_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ (unsigned char)bytes.data[i]) * UINT64_C(0x100000001b3);
    return (hash ^ '/') * UINT64_C(0x100000001b3);
}

/* Objects have numbers of their own, which never get that high. */
static uint64_t skr_path_number(const struct skr_mount *mount, struct skr_bytes container, struct skr_bytes path)
{
    return skr_hash(skr_hash(skr_hash(SKR_FNV_BASIS, mount->options.account), container), path) | SKR_TOP_BIT;
}

static struct timespec skr_timespec_of(int64_t ns)
{
    int64_t seconds = ns / 1000000000, rest = ns % 1000000000;
    return (struct timespec){.tv_sec = rest < 0 ? seconds - 1 : seconds, .tv_nsec = rest < 0 ? rest + 1000000000 : rest};
}

static mode_t skr_mode_of(const struct skr_mount *mount, const struct skr_facts *facts)
{
    static const mode_t types[] = {[SKR_FILE_REGULAR] = S_IFREG, [SKR_FILE_DIRECTORY] = S_IFDIR, [SKR_FILE_SYMLINK] = S_IFLNK};
    if (facts->kind == SKR_FILE_SYMLINK)
        return S_IFLNK | 0777;
    mode_t mode = facts->attributes.given & SKR_ATTRIBUTE_MODE
                      ? facts->attributes.mode & 07777
                      : (facts->kind == SKR_FILE_DIRECTORY ? 0777 : 0666) & ~mount->options.umask;
    return types[facts->kind] | mode;
}

void skr_stat_of(const struct skr_mount *mount, const struct skr_place *place, struct skr_bytes path,
                 const struct skr_facts *facts, struct stat *out)
{
    const struct skr_file_attributes *attributes = &facts->attributes;
    bool is_directory = facts->kind == SKR_FILE_DIRECTORY;
    int64_t written_ns = facts->modified_ns != 0 ? facts->modified_ns : place->created_ns;
    int64_t modified_ns = attributes->given & SKR_ATTRIBUTE_MODIFIED ? attributes->modified_ns : written_ns;
    int64_t changed_ns = attributes->given & SKR_ATTRIBUTE_CHANGED ? attributes->changed_ns : written_ns;
    int64_t accessed_ns = attributes->given & SKR_ATTRIBUTE_ACCESSED ? attributes->accessed_ns : modified_ns;
    uint64_t size = is_directory ? 4096 : facts->content.size_bytes;
    *out = (struct stat){
        .st_ino = facts->kind == SKR_FILE_DIRECTORY || facts->object_id == 0 /* upstream's, and not known here yet */
                      ? skr_path_number(mount, place->container, path)
                      : facts->object_id,
        .st_mode = skr_mode_of(mount, facts),
        .st_nlink = is_directory ? 2 : 1,
        .st_uid = attributes->given & SKR_ATTRIBUTE_USER ? attributes->user : mount->options.user,
        .st_gid = attributes->given & SKR_ATTRIBUTE_GROUP ? attributes->group : mount->options.group,
        .st_size = (off_t)size,
        .st_blksize = SKR_BLOCK_BYTES,
        .st_blocks = (blkcnt_t)((size + 511) / 512),
        .st_mtim = skr_timespec_of(modified_ns),
        .st_ctim = skr_timespec_of(changed_ns > written_ns ? changed_ns : written_ns),
        .st_atim = skr_timespec_of(accessed_ns),
    };
}

void skr_stat_of_containers(const struct skr_mount *mount, struct stat *out)
{
    struct skr_facts facts = {.kind = SKR_FILE_DIRECTORY};
    struct skr_place nowhere = {.container = SKR_NO_BYTES};
    skr_stat_of(mount, &nowhere, SKR_NO_BYTES, &facts, out);
}

int skr_stat_node(struct skr_errand *errand, struct skr_node *node, struct skr_facts *facts, struct stat *out)
{
    struct skr_mount *mount = errand->mount;
    struct skr_bytes path = SKR_NO_BYTES;
    if (skr_lists_containers(node)) {
        *facts = (struct skr_facts){.kind = SKR_FILE_DIRECTORY};
        skr_stat_of_containers(mount, out);
        return 0;
    }
    struct skr_opened *opened = skr_opened_use(&mount->nodes, node, false);
    struct skr_source *source = opened == NULL ? NULL : skr_opened_source(opened);
    bool is_draft = source != NULL && source->draft != NULL, is_removed = false;
    enum skr_status status = is_draft ? SKR_OBJECT_NOT_FOUND : skr_find_node(errand, node, facts, NULL);
    if (status == SKR_OBJECT_NOT_FOUND && source != NULL) { /* open: what is known of it goes on */
        status = skr_opened_facts(opened, facts) ? SKR_OK : status;
        is_removed = node->is_removed;
    }
    skr_source_drop(source);
    skr_opened_done(&mount->nodes, opened);
    if (status == SKR_OBJECT_NOT_FOUND && node->kind == SKR_FILE_DIRECTORY && node->is_removed) { /* somebody has it open */
        *facts = (struct skr_facts){.kind = SKR_FILE_DIRECTORY};
        skr_stat_of(mount, node->place, SKR_NO_BYTES, facts, out);
        out->st_nlink = 0;
        return 0;
    }
    if (status == SKR_OBJECT_NOT_FOUND)
        return ESTALE; /* the kernel looks the name up again */
    if (status != SKR_OK)
        return skr_errand_fail(errand, status, "looking at a file");
    if (node->kind == SKR_FILE_DIRECTORY && !skr_nodes_path(&mount->nodes, &errand->arena, node, SKR_NO_BYTES, &path))
        return ESTALE;
    skr_stat_of(mount, node->place, path, facts, out);
    out->st_nlink = is_removed ? 0 : out->st_nlink;
    return 0;
}
