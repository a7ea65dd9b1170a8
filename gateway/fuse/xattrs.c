/* Extended attributes: "user.NAME" is the object's metadata NAME. Values that no header could carry are kept as text. */
#include <sys/xattr.h>

#include "handles.h"

#include "handlers.h"
#include "skerry/encoding.h"

#define SKR_USER "user."
#define SKR_ENCODED "base64:" /* before a value that is encoded, as one is, too, that begins with this */
#define SKR_MOST_VALUE_BYTES 8192

/* ---- names and values ---- */

/* Metadata that say what an object is; not an attribute. */
static bool skr_is_hidden(struct skr_bytes name)
{
    return skr_bytes_equal_nocase(name, SKR_BYTES("is_symlink")) || skr_bytes_equal_nocase(name, SKR_BYTES("hdi_isfolder"));
}

/* As every face can carry them: what Blob and S3 both take. */
static bool skr_is_metadata_name(struct skr_bytes name)
{
    if (name.size == 0 || (name.data[0] >= '0' && name.data[0] <= '9') || skr_is_hidden(name))
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
            return false;
    }
    return true;
}

/* "user.NAME" as the name of metadata; false: it is none. */
static bool skr_metadata_name(const char *name, struct skr_bytes *out)
{
    if (strncmp(name, SKR_USER, strlen(SKR_USER)) != 0)
        return false;
    *out = skr_text(name + strlen(SKR_USER));
    return skr_is_metadata_name(*out);
}

static bool skr_is_plain(struct skr_bytes value)
{
    if (value.size == 0 || value.data[0] == ' ' || value.data[value.size - 1] == ' ' ||
        skr_bytes_starts_with(value, SKR_BYTES(SKR_ENCODED)))
        return false;
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] < ' ' || value.data[i] > '~')
            return false;
    return true;
}

/* NULL data: no memory. */
static struct skr_bytes skr_value_keep(struct skr_arena *arena, struct skr_bytes value)
{
    const size_t marker = strlen(SKR_ENCODED);
    if (skr_is_plain(value))
        return value;
    size_t size = SKR_BASE64_SIZE(value.size);
    char *out = skr_arena_alloc(arena, marker + size);
    if (out == NULL)
        return SKR_NO_BYTES;
    memcpy(out, SKR_ENCODED, marker);
    skr_base64_encode(out + marker, value.data, value.size);
    return (struct skr_bytes){out, marker + size};
}

/* What others wrote behind the marker, and is not encoded, is shown as it is. */
static struct skr_bytes skr_value_show(struct skr_arena *arena, struct skr_bytes kept)
{
    const size_t marker = strlen(SKR_ENCODED);
    if (!skr_bytes_starts_with(kept, SKR_BYTES(SKR_ENCODED)))
        return kept;
    struct skr_bytes encoded = {kept.data + marker, kept.size - marker};
    uint8_t *out = skr_arena_alloc(arena, encoded.size + 1);
    size_t size;
    bool is_encoded = out != NULL && skr_base64_decode(encoded, out, encoded.size, &size);
    return is_encoded ? (struct skr_bytes){(const char *)out, size} : kept;
}

/* ---- reading ---- */

/* The object that carries a node's metadata; its kind is 0 where there is none. An errno. */
static int skr_find_carrier(struct skr_errand *errand, struct skr_node *node, struct skr_object *out)
{
    struct skr_mount *mount = errand->mount;
    struct skr_facts facts;
    struct skr_bytes path;
    struct skr_entry entry;
    *out = (struct skr_object){.id = 0};
    if (skr_lists_containers(node) || node == node->place->root)
        return 0;
    enum skr_status status = skr_find_node(errand, node, &facts, NULL); /* asks upstream */
    if (status == SKR_OK && skr_nodes_path(&mount->nodes, &errand->arena, node, SKR_NO_BYTES, &path)) {
        struct skr_file_name name = skr_mounted_file(mount, node->place, path);
        status = skr_find_file(errand->caller->worker, &errand->arena, &name, &entry, NULL, &errand->error);
        if (status == SKR_OK)
            *out = entry.object;
    }
    /* Of what has no name any more nothing is known; a directory may be there upstream alone. */
    return status == SKR_OK || status == SKR_OBJECT_NOT_FOUND ? 0 : skr_errand_fail(errand, status, "reading attributes");
}

/* An answer of `bytes`, or how large it would be where `size` is 0. */
static int skr_reply_sized(struct skr_errand *errand, struct skr_bytes bytes, size_t size)
{
    if (size == 0)
        fuse_reply_xattr(errand->request, bytes.size);
    else if (bytes.size > size)
        return ERANGE;
    else
        fuse_reply_buf(errand->request, bytes.data, bytes.size);
    return 0;
}

static int skr_getxattr(struct skr_errand *errand, struct skr_node *node, const char *name, size_t size)
{
    struct skr_bytes wanted;
    struct skr_object object;
    if (strncmp(name, SKR_USER, strlen(SKR_USER)) != 0)
        return EOPNOTSUPP;
    if (!skr_metadata_name(name, &wanted))
        return ENODATA;
    int failed = skr_find_carrier(errand, node, &object);
    if (failed != 0)
        return failed;
    for (size_t i = 0; i < object.metadata_count; i++)
        if (skr_bytes_equal(object.metadata[i].name, wanted))
            return skr_reply_sized(errand, skr_value_show(&errand->arena, object.metadata[i].value), size);
    return ENODATA;
}

void skr_handle_getxattr(fuse_req_t request, fuse_ino_t number, const char *name, size_t size)
{
    struct skr_errand errand;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_getxattr))
        skr_errand_end(&errand, skr_getxattr(&errand, skr_node_of(errand.mount, number), name, size));
}

static int skr_listxattr(struct skr_errand *errand, struct skr_node *node, size_t size)
{
    struct skr_object object;
    size_t used = 0, room = 0;
    int failed = skr_find_carrier(errand, node, &object);
    if (failed != 0)
        return failed;
    for (size_t i = 0; i < object.metadata_count; i++)
        room += strlen(SKR_USER) + object.metadata[i].name.size + 1;
    char *names = skr_arena_alloc(&errand->arena, room + 1);
    if (names == NULL)
        return ENOMEM;
    for (size_t i = 0; i < object.metadata_count; i++) {
        struct skr_bytes name = object.metadata[i].name;
        if (skr_is_metadata_name(name))
            used += (size_t)sprintf(names + used, SKR_USER "%.*s", SKR_PRINT(name)) + 1;
    }
    return skr_reply_sized(errand, (struct skr_bytes){names, used}, size);
}

void skr_handle_listxattr(fuse_req_t request, fuse_ino_t number, size_t size)
{
    struct skr_errand errand;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_listxattr))
        skr_errand_end(&errand, skr_listxattr(&errand, skr_node_of(errand.mount, number), size));
}

/* ---- changing ---- */

static int skr_change_xattr(struct skr_errand *errand, struct skr_node *node, const struct skr_name_value *xattr,
                            enum skr_xattr_mode mode)
{
    struct skr_mount *mount = errand->mount;
    struct skr_outcome outcome = {.called = false};
    struct skr_bytes path;
    enum skr_status status = SKR_OBJECT_NOT_FOUND;
    if (skr_lists_containers(node) || node == node->place->root)
        return EOPNOTSUPP;
    pthread_rwlock_rdlock(&mount->moving);
    if (skr_nodes_path(&mount->nodes, &errand->arena, node, SKR_NO_BYTES, &path)) {
        struct skr_file_name name = skr_mounted_file(mount, node->place, path);
        status = skr_caller_wait(errand->caller,
                                 skr_set_file_xattr(errand->caller->worker, &name, xattr, mode, skr_outcome_done, &outcome),
                                 &outcome);
    }
    pthread_rwlock_unlock(&mount->moving);
    errand->error = outcome.error;
    switch (status) {
    case SKR_OK:
        return SKR_DONE;
    case SKR_NOT_FOUND:
        return ENODATA;
    case SKR_TOO_LARGE:
        return ENOSPC;
    default:
        return skr_errand_fail(errand, status, "changing an attribute");
    }
}

static int skr_setxattr(struct skr_errand *errand, struct skr_node *node, const char *name, struct skr_bytes value, int flags)
{
    struct skr_name_value xattr;
    if (!skr_metadata_name(name, &xattr.name))
        return EOPNOTSUPP;
    if (value.size > SKR_MOST_VALUE_BYTES)
        return E2BIG;
    xattr.value = skr_value_keep(&errand->arena, value);
    if (xattr.value.data == NULL)
        return ENOMEM;
    return skr_change_xattr(errand, node, &xattr,
                            flags & XATTR_CREATE    ? SKR_XATTR_CREATE
                            : flags & XATTR_REPLACE ? SKR_XATTR_REPLACE
                                                    : SKR_XATTR_SET);
}

void skr_handle_setxattr(fuse_req_t request, fuse_ino_t number, const char *name, const char *value, size_t size, int flags)
{
    struct skr_errand errand;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_setxattr))
        skr_errand_end(&errand,
                       skr_setxattr(&errand, skr_node_of(errand.mount, number), name, (struct skr_bytes){value, size}, flags));
}

static int skr_removexattr(struct skr_errand *errand, struct skr_node *node, const char *name)
{
    struct skr_name_value xattr = {.value = SKR_BYTES("")};
    if (!skr_metadata_name(name, &xattr.name))
        return strncmp(name, SKR_USER, strlen(SKR_USER)) == 0 ? ENODATA : EOPNOTSUPP;
    return skr_change_xattr(errand, node, &xattr, SKR_XATTR_REMOVE);
}

void skr_handle_removexattr(fuse_req_t request, fuse_ino_t number, const char *name)
{
    struct skr_errand errand;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_removexattr))
        skr_errand_end(&errand, skr_removexattr(&errand, skr_node_of(errand.mount, number), name));
}
