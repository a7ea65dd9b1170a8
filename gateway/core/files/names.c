/* See names.h. */
#include "names.h"

#include "../federation/journal_note.h"

struct skr_bytes skr_directory_key(struct skr_arena *arena, struct skr_bytes path)
{
    if (path.size == 0)
        return SKR_BYTES("");
    char *key = skr_arena_alloc(arena, path.size + 1);
    if (key == NULL)
        return SKR_NO_BYTES;
    memcpy(key, path.data, path.size);
    key[path.size] = '/';
    return (struct skr_bytes){key, path.size + 1};
}

struct skr_bytes skr_path_parent(struct skr_bytes path)
{
    while (path.size > 0 && path.data[path.size - 1] != '/')
        path.size--;
    return (struct skr_bytes){path.data, path.size > 0 ? path.size - 1 : 0};
}

bool skr_is_component(struct skr_bytes component)
{
    return component.size > 0 && component.size <= SKR_MAX_COMPONENT_BYTES &&
           memchr(component.data, '/', component.size) == NULL && memchr(component.data, '\0', component.size) == NULL &&
           !skr_bytes_equal(component, SKR_BYTES(".")) && !skr_bytes_equal(component, SKR_BYTES(".."));
}

enum skr_status skr_path_check(struct skr_bytes path, struct skr_error *err)
{
    if (path.size >= SKR_MAX_KEY_BYTES)
        return skr_fail(err, SKR_NAME_TOO_LONG, "a path has less than %d bytes", SKR_MAX_KEY_BYTES);
    for (size_t begin = 0, end = 0; path.size > 0 && end <= path.size; end++) {
        if (end < path.size && path.data[end] != '/')
            continue;
        struct skr_bytes component = {path.data + begin, end - begin};
        if (component.size > SKR_MAX_COMPONENT_BYTES)
            return skr_fail(err, SKR_NAME_TOO_LONG, "a component of a path has at most %d bytes", SKR_MAX_COMPONENT_BYTES);
        if (!skr_is_component(component))
            return skr_fail(err, SKR_INVALID_NAME, "a path has no such component");
        begin = end + 1;
    }
    return SKR_OK;
}

bool skr_file_name_copy(struct skr_arena *arena, struct skr_file_name *name)
{
    name->account = skr_arena_copy(arena, name->account);
    name->container = skr_arena_copy(arena, name->container);
    name->path = name->path.size == 0 ? SKR_BYTES("") : skr_arena_copy(arena, name->path);
    return name->account.data != NULL && name->container.data != NULL && name->path.data != NULL;
}

struct skr_object_name skr_object_name_of(const struct skr_file_name *name, struct skr_bytes key)
{
    return (struct skr_object_name){.account = name->account, .container = name->container, .key = key};
}

bool skr_file_is_bound(struct skr_view *view, const struct skr_file_name *name)
{
    struct skr_binding binding;
    return skr_binding_of(view, name->account, name->container, &binding, NULL) == SKR_OK;
}

static enum skr_status skr_object_find(struct skr_view *view, struct skr_arena *arena, const struct skr_container *container,
                                       struct skr_bytes key, struct skr_object *object, bool *exists, struct skr_error *err)
{
    enum skr_status status = skr_object_get(view, arena, container->objects_node, key, object, err);
    *exists = status == SKR_OK;
    if (status == SKR_OBJECT_NOT_FOUND)
        *object = (struct skr_object){.id = 0};
    object->versioning = container->versioning;
    return status == SKR_OBJECT_NOT_FOUND ? SKR_OK : status;
}

enum skr_status skr_place_find(struct skr_view *view, struct skr_arena *arena, const struct skr_container *container,
                               struct skr_bytes path, struct skr_place *out, struct skr_error *err)
{
    uint64_t node;
    *out = (struct skr_place){.kind = path.size == 0 ? SKR_FILE_DIRECTORY : 0, .has_node = path.size == 0};
    if (path.size == 0)
        return SKR_OK;
    struct skr_bytes directory = skr_directory_key(arena, path);
    if (directory.data == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a path");
    enum skr_status status = skr_directory_get(view, container->objects_node, directory, &out->has_node, &node, err);
    if (status == SKR_OK && out->has_node)
        status = skr_object_find(view, arena, container, directory, &out->marker, &out->has_marker, err);
    if (status == SKR_OK)
        status = skr_object_find(view, arena, container, path, &out->object, &out->has_object, err);
    if (status != SKR_OK)
        return status;
    out->kind = out->has_node ? SKR_FILE_DIRECTORY : out->has_object ? skr_file_kind_of(path, &out->object) : 0;
    return SKR_OK;
}

enum skr_status skr_parent_check(struct skr_view *view, struct skr_arena *arena, const struct skr_file_name *name,
                                 const struct skr_container *container, struct skr_error *err)
{
    struct skr_place place;
    enum skr_status status = skr_place_find(view, arena, container, skr_path_parent(name->path), &place, err);
    if (status != SKR_OK)
        return status;
    if (place.kind == 0 && !skr_file_is_bound(view, name))
        return skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such directory");
    return place.kind == 0 || place.kind == SKR_FILE_DIRECTORY ? SKR_OK
                                                               : skr_fail(err, SKR_NOT_A_DIRECTORY, "it is not a directory");
}

enum skr_status skr_empty_object_put(struct skr_view *view, struct skr_pending *pending, const struct skr_container *container,
                                     struct skr_bytes key, const struct skr_file_attributes *attributes, struct skr_error *err)
{
    int64_t tick_ns = skr_view_tick(view);
    static const struct skr_file_attributes none;
    pending->object = (struct skr_object){
        .id = skr_meta_next_id(pending->worker->core->meta),
        .kind = SKR_OBJECT_BLOCK,
        .created_ns = tick_ns,
        .modified_ns = tick_ns,
        .etag = skr_etag_of_tick(&pending->arena, tick_ns),
        .content = {.layout = SKR_CONTENT_EMPTY},
        .versioning = container->versioning,
    };
    pending->object.properties[SKR_PROPERTY_FILE_ATTRIBUTES] =
        skr_file_attributes_encode(&pending->arena, &none, attributes, tick_ns);
    if (pending->object.etag.data == NULL || pending->object.properties[SKR_PROPERTY_FILE_ATTRIBUTES].data == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    pending->has_object = true;
    return skr_version_put(view, container, key, &pending->object, err);
}

enum skr_status skr_parent_keep(struct skr_view *view, struct skr_pending *pending, const struct skr_file_name *name,
                                const struct skr_container *container, struct skr_error *err)
{
    static const struct skr_file_attributes none;
    struct skr_place place;
    struct skr_object kept = pending->object; /* what the change is about */
    bool has_object = pending->has_object;
    struct skr_bytes parent = skr_path_parent(name->path);
    enum skr_status status = skr_place_find(view, &pending->arena, container, parent, &place, err);
    if (status != SKR_OK || place.kind != 0 || skr_file_is_bound(view, name))
        return status;
    struct skr_bytes key = skr_directory_key(&pending->arena, parent);
    status = key.data == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for a path")
                              : skr_empty_object_put(view, pending, container, key, &none, err);
    pending->object = kept;
    pending->has_object = has_object;
    return status;
}
