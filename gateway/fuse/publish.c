/* Why: what a program writes becomes visible to others, and durable, all at once: when it closes the file or syncs it, and of
 * files that stay open for long now and then.
 *
 * A rename may be under way meanwhile. The draft is published by the object's id, so that nothing can get under a wrong name;
 * where the object is not found under the name that it had, it is tried again when no rename is under way.
 */
#include "handles.h"

void skr_opened_touch(struct skr_opened *opened)
{
    pthread_mutex_lock(&opened->lock);
    opened->facts.attributes.given |= SKR_ATTRIBUTE_MODIFIED | SKR_ATTRIBUTE_CHANGED;
    opened->facts.attributes.modified_ns = opened->facts.attributes.changed_ns = skr_now_ns();
    opened->writings++;
    if (opened->dirty_since_ns == 0)
        opened->dirty_since_ns = skr_monotonic_ns();
    pthread_mutex_unlock(&opened->lock);
}

/* It is published: what is known of the file is what was published, but for what was written meanwhile. */
static void skr_publish_settle(struct skr_opened *opened, uint64_t writings, const struct skr_object *object)
{
    struct skr_facts facts;
    struct skr_node *node = opened->node;
    skr_facts_of_object(&facts, SKR_FILE_REGULAR, object);
    uint64_t before = opened->facts.content.id; /* nobody else changes it while it is published */
    pthread_mutex_lock(&opened->lock);
    bool is_last = opened->writings == writings;
    if (!is_last)
        facts.attributes = opened->facts.attributes;
    opened->facts = facts;
    opened->dirty_since_ns = is_last ? 0 : skr_monotonic_ns();
    pthread_mutex_unlock(&opened->lock);
    node->object_id = facts.object_id; /* another one where it became a version */
    atomic_compare_exchange_strong(&node->kept_pages, &before, facts.content.id);
}

static enum skr_status skr_publish_once(struct skr_errand *errand, struct skr_opened *opened, struct skr_draft *draft)
{
    struct skr_mount *mount = errand->mount;
    struct skr_node *node = opened->node;
    struct skr_object object;
    struct skr_bytes path;
    if (!skr_nodes_path(&mount->nodes, &errand->arena, node, SKR_NO_BYTES, &path))
        return SKR_CANCELLED; /* it has no name */
    pthread_mutex_lock(&opened->lock);
    struct skr_file_attributes attributes = opened->facts.attributes;
    uint64_t writings = opened->writings;
    pthread_mutex_unlock(&opened->lock);
    attributes.given &= SKR_ATTRIBUTE_MODIFIED | SKR_ATTRIBUTE_ACCESSED;
    struct skr_file_name name = skr_mounted_file(mount, node->place, path);
    enum skr_status status = skr_draft_publish(errand->caller->worker, &errand->arena, draft, &name, node->object_id,
                                               &attributes, &object, &errand->error);
    if (status == SKR_OK)
        skr_publish_settle(opened, writings, &object);
    return status;
}

static bool skr_has_no_place(enum skr_status status)
{
    return status == SKR_OBJECT_NOT_FOUND || status == SKR_CONTAINER_NOT_FOUND;
}

static int skr_publish_draft(struct skr_errand *errand, struct skr_opened *opened, struct skr_draft *draft)
{
    enum skr_status status = skr_publish_once(errand, opened, draft);
    if (skr_has_no_place(status)) {
        pthread_rwlock_wrlock(&errand->mount->moving); /* what is under way ends, and the names are as they are */
        status = skr_publish_once(errand, opened, draft);
        pthread_rwlock_unlock(&errand->mount->moving);
    }
    if (status == SKR_OK)
        return 0;
    if (status == SKR_CANCELLED || skr_has_no_place(status)) {
        pthread_mutex_lock(&opened->lock);
        opened->dirty_since_ns = 0; /* it is as good as any file without a name */
        pthread_mutex_unlock(&opened->lock);
    }
    if (status == SKR_CANCELLED)
        return 0;
    if (skr_has_no_place(status)) {
        skr_nodes_detach(&errand->mount->nodes, opened->node, true);
        skr_log(SKR_LOG_WARNING, "mount", "%.*s: what was written to a file is lost: it was replaced or removed meanwhile",
                (int)opened->node->name_size, opened->node->name);
        return ESTALE;
    }
    return skr_errand_fail(errand, status, "publishing what was written");
}

int skr_publish(struct skr_errand *errand, struct skr_opened *opened)
{
    int failed = 0;
    pthread_mutex_lock(&opened->publishing);
    struct skr_source *source = skr_opened_source(opened);
    if (source != NULL && source->draft != NULL && skr_draft_is_dirty(source->draft))
        failed = skr_publish_draft(errand, opened, source->draft);
    skr_source_drop(source);
    pthread_mutex_unlock(&opened->publishing);
    return failed;
}
