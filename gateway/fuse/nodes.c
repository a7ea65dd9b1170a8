/* The table of nodes: a hash table over (parent, name) with one lock. Nothing here waits for anything.
 *
 * Invariants: an attached node is in its bucket, a detached one in the list of those. A node lives while the kernel knows it,
 * something is below it, or somebody uses it. The root stays.
 */
#include "nodes.h"

#include <stdlib.h>

#include "opened.h"

static size_t skr_bucket_of(const struct skr_nodes *nodes, const struct skr_node *parent, struct skr_bytes name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)(uintptr_t)parent >> 4;
    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ (unsigned char)name.data[i]) * UINT64_C(0x100000001b3);
    return (size_t)((hash ^ hash >> 32) & (nodes->bucket_count - 1));
}

static struct skr_bytes skr_node_name(const struct skr_node *node)
{
    return (struct skr_bytes){node->name, node->name_size};
}

static struct skr_node *skr_bucket_find(const struct skr_nodes *nodes, const struct skr_node *parent, struct skr_bytes name)
{
    struct skr_node *node = nodes->buckets[skr_bucket_of(nodes, parent, name)];
    while (node != NULL && (node->parent != parent || !skr_bytes_equal(skr_node_name(node), name)))
        node = node->next;
    return node;
}

static void skr_list_remove(struct skr_node *node)
{
    if (node->link == NULL)
        return;
    *node->link = node->next;
    if (node->next != NULL)
        node->next->link = node->link;
    node->link = NULL;
}

static void skr_list_add(struct skr_node **list, struct skr_node *node)
{
    skr_list_remove(node);
    node->next = *list;
    node->link = list;
    if (*list != NULL)
        (*list)->link = &node->next;
    *list = node;
}

static void skr_bucket_insert(struct skr_nodes *nodes, struct skr_node *node)
{
    skr_list_add(&nodes->buckets[skr_bucket_of(nodes, node->parent, skr_node_name(node))], node);
    node->is_attached = true;
}

/* Without the memory for it the buckets stay as they are, and get longer. */
static void skr_buckets_grow(struct skr_nodes *nodes)
{
    struct skr_node **old = nodes->buckets;
    size_t count = nodes->bucket_count;
    struct skr_node **grown = nodes->count < count ? NULL : calloc(count * 2, sizeof *grown);
    if (grown == NULL)
        return;
    nodes->buckets = grown;
    nodes->bucket_count = count * 2;
    for (size_t i = 0; i < count; i++)
        for (struct skr_node *node = old[i], *next; node != NULL; node = next) {
            next = node->next;
            node->link = NULL; /* the old bucket goes */
            skr_bucket_insert(nodes, node);
        }
    free(old);
}

bool skr_nodes_init(struct skr_nodes *nodes)
{
    *nodes = (struct skr_nodes){.bucket_count = 1024};
    nodes->buckets = calloc(nodes->bucket_count, sizeof *nodes->buckets);
    pthread_mutex_init(&nodes->lock, NULL);
    return nodes->buckets != NULL;
}

/* ---- places ---- */

struct skr_place *skr_place_new(struct skr_bytes container, struct skr_bytes base, const struct skr_container *record)
{
    struct skr_place *place = calloc(1, sizeof *place + container.size + base.size + 2);
    if (place == NULL)
        return NULL;
    char *texts = (char *)(place + 1);
    memcpy(texts, container.data, container.size);
    if (base.size > 0)
        memcpy(texts + container.size + 1, base.data, base.size);
    place->container = (struct skr_bytes){texts, container.size};
    place->base = (struct skr_bytes){texts + container.size + 1, base.size};
    place->objects_node = record->objects_node;
    place->created_ns = record->created_ns;
    return place;
}

void skr_place_free(struct skr_place *place)
{
    free(place);
}

static void skr_place_remove(struct skr_nodes *nodes, struct skr_place *place)
{
    struct skr_place **link = &nodes->places;
    while (*link != place)
        link = &(*link)->next;
    *link = place->next;
    skr_place_free(place);
}

/* ---- the life of a node ---- */

static struct skr_node *skr_node_new(struct skr_nodes *nodes, struct skr_node *parent, struct skr_bytes name,
                                     enum skr_file_kind kind, struct skr_place *place)
{
    struct skr_node *node = calloc(1, sizeof *node);
    char *copy = malloc(name.size + 1);
    if (node == NULL || copy == NULL) {
        free(node);
        free(copy);
        return NULL;
    }
    if (name.size > 0)
        memcpy(copy, name.data, name.size);
    copy[name.size] = '\0';
    *node = (struct skr_node){.parent = parent, .place = place, .kind = kind, .name = copy, .name_size = name.size};
    if (place != NULL && (parent == NULL || parent->place == NULL)) {
        place->root = node;
        place->next = nodes->places;
        nodes->places = place;
    }
    if (parent != NULL)
        parent->children++;
    return node;
}

static bool skr_node_is_wanted(const struct skr_nodes *nodes, const struct skr_node *node)
{
    return node == nodes->root || node->lookups > 0 || node->children > 0 || node->uses > 0;
}

/* Frees it, and what is above it, as far as nobody wants them any more. */
static void skr_node_release(struct skr_nodes *nodes, struct skr_node *node)
{
    while (node != NULL && !skr_node_is_wanted(nodes, node)) {
        struct skr_node *parent = node->parent;
        skr_list_remove(node);
        if (node->place != NULL && node->place->root == node)
            skr_place_remove(nodes, node->place);
        nodes->hidden -= node->hidden;
        free(node->name);
        free(node);
        nodes->count--;
        if (parent != NULL)
            parent->children--;
        node = parent;
    }
}

bool skr_nodes_set_root(struct skr_nodes *nodes, struct skr_place *place)
{
    nodes->root = skr_node_new(nodes, NULL, SKR_NO_BYTES, SKR_FILE_DIRECTORY, place);
    if (nodes->root == NULL)
        return false;
    nodes->count = 1;
    skr_bucket_insert(nodes, nodes->root);
    return true;
}

static void skr_list_free(struct skr_node *node)
{
    while (node != NULL) {
        struct skr_node *next = node->next;
        skr_opened_abandon(node->opened);
        free(node->name);
        free(node);
        node = next;
    }
}

void skr_nodes_free(struct skr_nodes *nodes)
{
    if (nodes->buckets == NULL)
        return;
    for (size_t i = 0; i < nodes->bucket_count; i++) /* the kernel forgets nothing one by one when it is unmounted */
        skr_list_free(nodes->buckets[i]);
    skr_list_free(nodes->detached);
    while (nodes->places != NULL) {
        struct skr_place *next = nodes->places->next;
        skr_place_free(nodes->places);
        nodes->places = next;
    }
    free(nodes->buckets);
    pthread_mutex_destroy(&nodes->lock);
    *nodes = (struct skr_nodes){.buckets = NULL};
}

static void skr_node_detach(struct skr_nodes *nodes, struct skr_node *node, bool is_removed)
{
    skr_list_add(&nodes->detached, node);
    node->is_attached = false;
    node->is_removed = node->is_removed || is_removed;
}

/* Is it what was found? A file that the kernel reads by itself is another one as soon as its content is. */
static bool skr_node_is(const struct skr_node *node, const struct skr_facts *facts, const struct skr_place *place)
{
    if (node->kind != facts->kind)
        return false;
    if (place != NULL)
        return node->place->objects_node == place->objects_node;
    return node->kind == SKR_FILE_DIRECTORY || (node->object_id == facts->object_id && skr_opened_suits(node->opened, facts));
}

struct skr_node *skr_nodes_enter(struct skr_nodes *nodes, struct skr_node *parent, struct skr_bytes name,
                                 const struct skr_facts *facts, struct skr_place *place)
{
    pthread_mutex_lock(&nodes->lock);
    struct skr_node *node = skr_bucket_find(nodes, parent, name);
    bool is_known = node != NULL && skr_node_is(node, facts, place);
    if (!is_known) {
        struct skr_node *made = skr_node_new(nodes, parent, name, facts->kind, place != NULL ? place : parent->place);
        if (made == NULL) {
            pthread_mutex_unlock(&nodes->lock);
            skr_place_free(place);
            return NULL;
        }
        if (node != NULL) {
            skr_node_detach(nodes, node, true);
            skr_node_release(nodes, node);
        }
        node = made;
        nodes->count++;
        node->object_id = facts->object_id;
        skr_bucket_insert(nodes, node);
        skr_buckets_grow(nodes);
    }
    node->lookups++;
    pthread_mutex_unlock(&nodes->lock);
    if (is_known)
        skr_place_free(place);
    return node;
}

void skr_nodes_forget(struct skr_nodes *nodes, struct skr_node *node, uint64_t lookups)
{
    pthread_mutex_lock(&nodes->lock);
    node->lookups -= lookups < node->lookups ? lookups : node->lookups;
    skr_node_release(nodes, node);
    pthread_mutex_unlock(&nodes->lock);
}

void skr_nodes_use(struct skr_nodes *nodes, struct skr_node *node)
{
    pthread_mutex_lock(&nodes->lock);
    node->uses++;
    pthread_mutex_unlock(&nodes->lock);
}

void skr_nodes_done(struct skr_nodes *nodes, struct skr_node *node)
{
    pthread_mutex_lock(&nodes->lock);
    node->uses--;
    skr_node_release(nodes, node);
    pthread_mutex_unlock(&nodes->lock);
}

/* ---- ways ---- */

struct skr_node *skr_nodes_find(struct skr_nodes *nodes, struct skr_node *parent, struct skr_bytes name)
{
    pthread_mutex_lock(&nodes->lock);
    struct skr_node *node = skr_bucket_find(nodes, parent, name);
    if (node != NULL)
        node->uses++;
    pthread_mutex_unlock(&nodes->lock);
    return node;
}

static struct skr_place *skr_place_of(const struct skr_nodes *nodes, uint64_t objects_node)
{
    struct skr_place *place = nodes->places;
    while (place != NULL && (place->objects_node != objects_node || !place->root->is_attached))
        place = place->next;
    return place;
}

/* What of `path` is below the place's root. */
static bool skr_place_enter(const struct skr_place *place, struct skr_bytes *path)
{
    struct skr_bytes base = place->base;
    if (base.size == 0)
        return true;
    if (!skr_bytes_starts_with(*path, base) || (path->size > base.size && path->data[base.size] != '/'))
        return false;
    size_t skipped = base.size + (path->size > base.size);
    *path = (struct skr_bytes){path->data + skipped, path->size - skipped};
    return true;
}

struct skr_node *skr_nodes_walk(struct skr_nodes *nodes, uint64_t objects_node, struct skr_bytes path, struct skr_bytes *next)
{
    pthread_mutex_lock(&nodes->lock);
    struct skr_place *place = skr_place_of(nodes, objects_node);
    struct skr_node *node = place != NULL && skr_place_enter(place, &path) ? place->root : NULL;
    *next = SKR_NO_BYTES;
    while (node != NULL && path.size > 0) {
        const char *slash = memchr(path.data, '/', path.size);
        struct skr_bytes component = {path.data, slash == NULL ? path.size : (size_t)(slash - path.data)};
        struct skr_node *child = skr_bucket_find(nodes, node, component);
        if (child == NULL) {
            *next = component;
            break;
        }
        node = child;
        size_t used = component.size + (slash != NULL);
        path = (struct skr_bytes){path.data + used, path.size - used};
    }
    if (node != NULL)
        node->uses++;
    pthread_mutex_unlock(&nodes->lock);
    return node;
}

static void skr_path_add(char *text, size_t *at, struct skr_bytes component)
{
    if (component.size == 0)
        return;
    *at -= component.size;
    memcpy(text + *at, component.data, component.size);
    if (*at > 0)
        text[--*at] = '/';
}

bool skr_nodes_path(struct skr_nodes *nodes, struct skr_arena *arena, const struct skr_node *node, struct skr_bytes name,
                    struct skr_bytes *path)
{
    pthread_mutex_lock(&nodes->lock);
    size_t size = name.size + (name.size > 0);
    bool is_attached = node->is_attached;
    const struct skr_node *top = node;
    for (; top != top->place->root; top = top->parent) {
        size += top->name_size + 1;
        is_attached = is_attached && top->is_attached;
    }
    is_attached = is_attached && top->is_attached;
    size += top->place->base.size + (top->place->base.size > 0);
    size -= size > 0; /* one slash fewer than components */
    char *text = is_attached ? skr_arena_alloc(arena, size + 1) : NULL;
    if (text != NULL) {
        size_t at = size;
        text[size] = '\0';
        skr_path_add(text, &at, name);
        for (; node != top; node = node->parent)
            skr_path_add(text, &at, skr_node_name(node));
        skr_path_add(text, &at, top->place->base);
    }
    pthread_mutex_unlock(&nodes->lock);
    *path = (struct skr_bytes){text, size};
    return text != NULL;
}

size_t skr_nodes_collect(struct skr_nodes *nodes, bool only_open, struct skr_node ***out)
{
    size_t count = 0;
    pthread_mutex_lock(&nodes->lock);
    *out = malloc(nodes->count * sizeof **out);
    for (size_t i = 0; i < nodes->bucket_count && *out != NULL; i++)
        for (struct skr_node *node = nodes->buckets[i]; node != NULL; node = node->next)
            if (node == nodes->root || node->opened != NULL || !only_open) {
                node->uses++;
                (*out)[count++] = node;
            }
    pthread_mutex_unlock(&nodes->lock);
    return count;
}

/* ---- changes of names ---- */

void skr_nodes_detach(struct skr_nodes *nodes, struct skr_node *node, bool is_removed)
{
    pthread_mutex_lock(&nodes->lock);
    if (node != nodes->root)
        skr_node_detach(nodes, node, is_removed);
    skr_node_release(nodes, node);
    pthread_mutex_unlock(&nodes->lock);
}

void skr_nodes_detach_name(struct skr_nodes *nodes, struct skr_node *parent, struct skr_bytes name)
{
    pthread_mutex_lock(&nodes->lock);
    struct skr_node *node = skr_bucket_find(nodes, parent, name);
    if (node != NULL) {
        skr_node_detach(nodes, node, true);
        skr_node_release(nodes, node);
    }
    pthread_mutex_unlock(&nodes->lock);
}

/* Gives a detached node another name. */
static void skr_node_place(struct skr_nodes *nodes, struct skr_node *node, struct skr_node *parent, char *name, size_t size)
{
    struct skr_node *old = node->parent;
    free(node->name);
    node->name = name;
    node->name_size = size;
    node->parent = parent;
    parent->children++;
    old->children--;
    skr_bucket_insert(nodes, node);
    skr_node_release(nodes, old);
}

void skr_nodes_move(struct skr_nodes *nodes, struct skr_node *from, struct skr_bytes name, struct skr_node *to,
                    struct skr_bytes new_name, bool exchange)
{
    pthread_mutex_lock(&nodes->lock);
    struct skr_node *node = skr_bucket_find(nodes, from, name), *other = skr_bucket_find(nodes, to, new_name);
    char *moved = node == NULL ? NULL : strndup(new_name.data, new_name.size);
    char *back = !exchange || other == NULL ? NULL : strndup(name.data, name.size);
    if (node == other)
        node = other = NULL; /* onto itself */
    if (node != NULL)
        skr_node_detach(nodes, node, moved == NULL); /* without memory for its name it is looked up again */
    if (other != NULL)
        skr_node_detach(nodes, other, back == NULL);
    if (node != NULL && moved != NULL) {
        skr_node_place(nodes, node, to, moved, new_name.size);
        moved = NULL;
    }
    if (other != NULL && back != NULL) {
        skr_node_place(nodes, other, from, back, name.size);
        back = NULL;
    } else if (other != NULL) {
        skr_node_release(nodes, other);
    }
    free(moved);
    free(back);
    pthread_mutex_unlock(&nodes->lock);
}

void skr_nodes_set_hidden(struct skr_nodes *nodes, struct skr_node *node, uint64_t hidden)
{
    pthread_mutex_lock(&nodes->lock);
    nodes->hidden += hidden - node->hidden;
    node->hidden = hidden;
    pthread_mutex_unlock(&nodes->lock);
}
