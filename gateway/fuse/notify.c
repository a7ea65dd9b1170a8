/* Why: the kernel keeps names, attributes and bytes for an hour, since what changes through it, it knows. What changes
 * otherwise, through Blob, S3, another mount or an upstream, it is told here.
 *
 * Core tells it on the commit thread, which must not wait: it is queued, and a thread of its own goes through the queue. That
 * one may have to wait in the kernel until a request to us is over; so nothing that serves requests ever waits for it.
 */
#include "notify.h"
#include "handles.h"

#define SKR_MOST_QUEUED_BYTES (UINT64_C(16) << 20)
#define SKR_NOTIFY_INC_EPOCH 8 /* of Linux 6.16: all names are to be looked up again */

struct skr_change_told {
    struct skr_change_told *next;
    uint64_t objects_node;
    size_t size;
    char key[];
};

struct skr_notifier {
    struct skr_mount *mount;
    struct skr_caller caller; /* owned by the thread while it runs */
    pthread_t thread;
    bool is_started;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wakes;
    struct skr_change_told *first, **last;
    uint64_t queued_bytes;
    bool lost; /* there was more than the queue takes: any name may have changed */
    bool stopping;
};

/* ---- on the commit thread ---- */

/* Containers that nobody has looked at yet are not worth a place in the queue. */
static bool skr_is_of_interest(struct skr_mount *mount, uint64_t objects_node)
{
    if (objects_node == 0 || pthread_mutex_trylock(&mount->nodes.lock) != 0)
        return true;
    const struct skr_place *place = mount->nodes.places;
    while (place != NULL && place->objects_node != objects_node)
        place = place->next;
    pthread_mutex_unlock(&mount->nodes.lock);
    return place != NULL;
}

static void skr_notifier_forget_queue(struct skr_notifier *notifier)
{
    while (notifier->first != NULL) {
        struct skr_change_told *next = notifier->first->next;
        free(notifier->first);
        notifier->first = next;
    }
    notifier->last = &notifier->first;
    notifier->queued_bytes = 0;
}

static void skr_notifier_changed(void *context, uint64_t objects_node, struct skr_bytes key)
{
    struct skr_notifier *notifier = context;
    if (!skr_is_of_interest(notifier->mount, objects_node))
        return;
    bool is_any = objects_node == 0 && key.size == 0;
    struct skr_change_told *told = is_any ? NULL : malloc(sizeof *told + key.size);
    pthread_mutex_lock(&notifier->lock);
    if (notifier->lost || told == NULL || notifier->queued_bytes + sizeof *told + key.size > SKR_MOST_QUEUED_BYTES) {
        free(told);
        skr_notifier_forget_queue(notifier);
        notifier->lost = true;
    } else {
        told->next = NULL;
        told->objects_node = objects_node;
        told->size = key.size;
        memcpy(told->key, key.data, key.size);
        *notifier->last = told;
        notifier->last = &told->next;
        notifier->queued_bytes += sizeof *told + key.size;
    }
    pthread_cond_signal(&notifier->wakes);
    pthread_mutex_unlock(&notifier->lock);
}

/* ---- telling the kernel ---- */

static void skr_tell_name(struct skr_mount *mount, const struct skr_node *parent, struct skr_bytes name)
{
    char text[SKR_MAX_COMPONENT_BYTES + 1]; /* libfuse sends the zero behind it, too */
    if (name.size > SKR_MAX_COMPONENT_BYTES)
        return; /* the kernel knows no such name */
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    fuse_lowlevel_notify_inval_entry(mount->session, skr_number_of(mount, parent), text, name.size);
}

/* `bytes`: they are others, too; else only what is known about it. */
static void skr_tell_file(struct skr_mount *mount, const struct skr_node *node, bool bytes)
{
    fuse_lowlevel_notify_inval_inode(mount->session, skr_number_of(mount, node), bytes ? 0 : -1, 0);
}

/* The name of a node, and where it is. Its parent lives as long as the node. */
static const struct skr_node *skr_own_name(struct skr_errand *errand, const struct skr_node *node, struct skr_bytes *name)
{
    struct skr_nodes *nodes = &errand->mount->nodes;
    pthread_mutex_lock(&nodes->lock);
    *name = skr_arena_copy(&errand->arena, (struct skr_bytes){node->name, node->name_size});
    const struct skr_node *parent = node->parent;
    pthread_mutex_unlock(&nodes->lock);
    return name->data == NULL ? NULL : parent;
}

/* Whoever has the file open through us reads on in what it is now. True: its bytes are others. */
static bool skr_renew_opened(struct skr_errand *errand, struct skr_node *node, const struct skr_facts *facts,
                             struct skr_held *held)
{
    struct skr_nodes *nodes = &errand->mount->nodes;
    struct skr_opened *opened = skr_opened_use(nodes, node, false);
    bool changed = false;
    if (opened == NULL || held == NULL) {
        skr_held_release(held);
        skr_opened_done(nodes, opened);
        return false;
    }
    pthread_mutex_lock(&opened->opening);
    pthread_mutex_lock(&opened->lock);
    bool is_plain = opened->source != NULL && opened->source->held != NULL && opened->backed == 0;
    changed = is_plain && !skr_is_same_content(&opened->facts.content, &facts->content);
    pthread_mutex_unlock(&opened->lock);
    struct skr_source *source = changed ? skr_source_new(&errand->mount->transport, skr_held_retain(held), NULL) : NULL;
    if (source != NULL)
        skr_opened_set(nodes, opened, source, facts);
    pthread_mutex_unlock(&opened->opening);
    skr_held_release(held);
    skr_opened_done(nodes, opened);
    return changed;
}

/* Is it what it was? As known here, without asking upstream: that is asked when somebody asks us. False: it has lost its name.
 */
static bool skr_check_node(struct skr_errand *errand, struct skr_node *node)
{
    struct skr_mount *mount = errand->mount;
    struct skr_facts facts;
    struct skr_bytes path, name;
    struct skr_held *held = NULL;
    if (node == mount->nodes.root || node == node->place->root ||
        !skr_nodes_path(&mount->nodes, &errand->arena, node, SKR_NO_BYTES, &path))
        return true;
    enum skr_status status = skr_find_known(errand, node->place, path, &facts, &held);
    bool may_be_upstream = node->kind == SKR_FILE_DIRECTORY && skr_place_is_bound(mount, node->place);
    if (status == SKR_OBJECT_NOT_FOUND ? may_be_upstream : status != SKR_OK)
        return true;
    if (status == SKR_OK && facts.kind == node->kind &&
        (node->kind == SKR_FILE_DIRECTORY || facts.object_id == node->object_id)) {
        skr_tell_file(mount, node, skr_renew_opened(errand, node, &facts, held));
        return true;
    }
    skr_held_release(held);
    const struct skr_node *parent = skr_own_name(errand, node, &name);
    skr_nodes_detach(&mount->nodes, node, true);
    if (parent != NULL)
        skr_tell_name(mount, parent, name);
    skr_tell_file(mount, node, false); /* whoever has it open sees that it has no name any more */
    return false;
}

/* ---- what changed ---- */

/* All that the kernel knows. */
static void skr_tell_all(struct skr_errand *errand)
{
    struct skr_mount *mount = errand->mount;
    bool by_epoch = skr_transport_notify(&mount->transport, SKR_NOTIFY_INC_EPOCH);
    struct skr_node **nodes;
    size_t count = skr_nodes_collect(&mount->nodes, by_epoch, &nodes);
    atomic_store(&mount->looked_ns, 0);
    for (size_t i = 0; i < count; i++) {
        struct skr_bytes name;
        const struct skr_node *parent = skr_own_name(errand, nodes[i], &name);
        if (nodes[i]->place != NULL)
            atomic_store(&nodes[i]->place->looked_ns, 0);
        skr_check_node(errand, nodes[i]);
        skr_tell_file(mount, nodes[i], false);
        if (parent != NULL && !by_epoch)
            skr_tell_name(mount, parent, name);
        skr_nodes_done(&mount->nodes, nodes[i]);
        skr_arena_release(&errand->arena);
    }
    free(nodes);
}

static void skr_tell_container(struct skr_errand *errand, struct skr_bytes key)
{
    struct skr_mount *mount = errand->mount;
    struct skr_bytes account = mount->options.account;
    if (key.size <= account.size || !skr_bytes_starts_with(key, account) || key.data[account.size] != '/')
        return;
    struct skr_bytes name = {key.data + account.size + 1, key.size - account.size - 1};
    bool is_all = skr_bytes_equal(name, SKR_BYTES(SKR_ALL_CONTAINERS));
    if (!skr_lists_containers(mount->nodes.root)) {
        if (is_all || skr_bytes_equal(name, mount->options.container))
            skr_tell_all(errand); /* it may have got another upstream */
        return;
    }
    atomic_store(&mount->looked_ns, 0);
    struct skr_node *node = skr_nodes_find(&mount->nodes, mount->nodes.root, name);
    if (node != NULL) {
        atomic_store(&node->place->looked_ns, 0);
        skr_nodes_done(&mount->nodes, node);
    }
    skr_tell_name(mount, mount->nodes.root, name);
}

/* An object came, went, or is another one; or a directory did, with all that is in it. */
static void skr_tell_object(struct skr_errand *errand, uint64_t objects_node, struct skr_bytes key)
{
    struct skr_mount *mount = errand->mount;
    bool is_directory = key.size > 0 && key.data[key.size - 1] == '/';
    struct skr_bytes path = {key.data, key.size - is_directory}, next, name;
    struct skr_node *node = skr_nodes_walk(&mount->nodes, objects_node, path, &next);
    if (node == NULL)
        return;
    if (next.size > 0 && node->kind == SKR_FILE_DIRECTORY)
        skr_tell_name(mount, node, next);
    const struct skr_node *parent = next.size == 0 && is_directory ? skr_own_name(errand, node, &name) : NULL;
    bool stays = skr_check_node(errand, node);
    if (stays && parent != NULL)
        skr_tell_name(mount, parent, name);  /* with what the kernel knows of the names in it */
    while (!stays && node->parent != NULL) { /* the directory that it was in may be gone with it */
        struct skr_node *above = node->parent;
        skr_nodes_use(&mount->nodes, above);
        skr_nodes_done(&mount->nodes, node);
        node = above;
        stays = skr_lists_containers(node) || skr_check_node(errand, node);
    }
    skr_nodes_done(&mount->nodes, node);
}

/* ---- the thread ---- */

/* False: it is to end. `*told` NULL: any name may have changed. */
static bool skr_notifier_next(struct skr_notifier *notifier, struct skr_change_told **told)
{
    pthread_mutex_lock(&notifier->lock);
    while (!notifier->stopping && !notifier->lost && notifier->first == NULL)
        pthread_cond_wait(&notifier->wakes, &notifier->lock);
    *told = notifier->first;
    notifier->lost = false;
    if (*told != NULL) {
        notifier->first = (*told)->next;
        if (notifier->first == NULL)
            notifier->last = &notifier->first;
        notifier->queued_bytes -= sizeof **told + (*told)->size;
    }
    bool goes_on = !notifier->stopping;
    pthread_mutex_unlock(&notifier->lock);
    if (!goes_on)
        free(*told);
    return goes_on;
}

static void *skr_notifier_run(void *argument)
{
    struct skr_notifier *notifier = argument;
    struct skr_change_told *told;
    pthread_setname_np(pthread_self(), "skerry-notify");
    skr_transport_use(-1);
    skr_caller_use(&notifier->caller);
    while (skr_notifier_next(notifier, &told)) {
        struct skr_errand errand;
        skr_errand_prepare(&errand, notifier->mount, &notifier->caller);
        if (told == NULL)
            skr_tell_all(&errand);
        else if (told->objects_node == 0)
            skr_tell_container(&errand, (struct skr_bytes){told->key, told->size});
        else
            skr_tell_object(&errand, told->objects_node, (struct skr_bytes){told->key, told->size});
        skr_errand_end(&errand, 0);
        free(told);
    }
    skr_caller_close(&notifier->caller);
    return NULL;
}

enum skr_status skr_notifier_start(struct skr_mount *mount, struct skr_error *err)
{
    struct skr_notifier *notifier = calloc(1, sizeof *notifier);
    if (notifier == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a mount");
    mount->notifier = notifier;
    notifier->mount = mount;
    notifier->last = &notifier->first;
    pthread_mutex_init(&notifier->lock, NULL);
    pthread_cond_init(&notifier->wakes, NULL);
    mount->watcher.changed = skr_notifier_changed;
    mount->watcher.context = notifier;
    skr_watch(mount->options.core, &mount->watcher);
    enum skr_status status =
        skr_caller_open(&notifier->caller, mount->options.core, mount->options.fault, &mount->watcher, err);
    if (status != SKR_OK)
        return status;
    int failed = pthread_create(&notifier->thread, NULL, skr_notifier_run, notifier);
    notifier->is_started = failed == 0;
    return failed == 0 ? SKR_OK
                       : skr_fail_os(err, SKR_NO_MEMORY, failed, "cannot start a thread of a mount: %s", strerror(failed));
}

void skr_notifier_stop(struct skr_mount *mount)
{
    struct skr_notifier *notifier = mount->notifier;
    if (notifier == NULL)
        return;
    skr_unwatch(mount->options.core, &mount->watcher);
    pthread_mutex_lock(&notifier->lock);
    notifier->stopping = true;
    pthread_cond_signal(&notifier->wakes);
    pthread_mutex_unlock(&notifier->lock);
    if (notifier->is_started)
        pthread_join(notifier->thread, NULL);
    else
        skr_caller_close(&notifier->caller);
    skr_notifier_forget_queue(notifier);
    pthread_cond_destroy(&notifier->wakes);
    pthread_mutex_destroy(&notifier->lock);
    free(notifier);
    mount->notifier = NULL;
}
