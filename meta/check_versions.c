/* Checks that the objects' trees and the versions' trees agree on what is current. */
#include "checking.h"
#include "records.h"
#include "tree.h"

/* The first name from `from` on that has no current object although its newest version is one. SKR_NOT_FOUND: none. */
static enum skr_status skr_find_headless(struct skr_check *check, const struct skr_root *root, struct skr_bytes from,
                                         struct skr_bytes *name, struct skr_error *err)
{
    struct skr_walk_options options = {.from = from, .numbered = true};
    struct skr_walk_entry entry;
    struct skr_walk *walk;
    char last[SKR_MAX_KEY_BYTES];
    size_t last_size = 0;
    enum skr_status status = skr_walk_open(check->view, root->node, &options, &walk, err);
    if (status != SKR_OK)
        return status;
    while ((status = skr_walk_next(walk, &entry, err)) == SKR_OK) {
        struct skr_object_head head;
        struct skr_bytes record;
        if (skr_bytes_equal(entry.key, (struct skr_bytes){last, last_size}))
            continue; /* not its newest */
        memcpy(last, entry.key.data, entry.key.size);
        last_size = entry.key.size;
        if (skr_object_head_decode(entry.record, &head, err) != SKR_OK || head.kind == SKR_OBJECT_DELETE_MARKER)
            continue;
        status = skr_tree_get(check->view, root->objects_node, entry.key, &record, err);
        if (status == SKR_NOT_FOUND) {
            *name = skr_arena_copy(&check->arena, entry.key);
            status = name->data == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for a name") : SKR_OK;
            break;
        }
        if (status != SKR_OK)
            break;
    }
    skr_walk_close(walk);
    return status;
}

static enum skr_status skr_check_versions_of(struct skr_check *check, const struct skr_root *root, struct skr_error *err)
{
    struct skr_container container = {.objects_node = root->objects_node, .versions_node = root->node};
    char next[SKR_MAX_KEY_BYTES + 1];
    struct skr_bytes from = SKR_NO_BYTES, name;
    enum skr_status status;
    while ((status = skr_find_headless(check, root, from, &name, err)) == SKR_OK) {
        skr_check_problem(check, "the newest version of '%.*s' is not its current one", SKR_PRINT(name));
        memcpy(next, name.data, name.size);
        next[name.size] = '\0'; /* the first key after it */
        from = (struct skr_bytes){next, name.size + 1};
        if (check->repair)
            status = skr_version_promote(check->view, &container, (struct skr_bytes){next, name.size}, err);
        skr_arena_release(&check->arena);
        if (status != SKR_OK)
            return status;
    }
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

enum skr_status skr_check_versions(struct skr_check *check, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    for (size_t i = 0; i < check->root_count && status == SKR_OK; i++)
        if (check->roots[i].kind == SKR_ROOT_VERSIONS) {
            status = skr_check_versions_of(check, &check->roots[i], err);
            if (status == SKR_CORRUPT) {
                skr_check_problem(check, "%s", err->message);
                status = SKR_OK;
            }
        }
    return status;
}
