/* What an object is as a file, and what a path leads to.
 *
 * Attributes lie in one property of the object, as text: a letter and a number for each that is kept, in no particular order,
 * as in "m1ed u1000 g1000 t1764000000000000000": the mode in hexadecimal, the rest in decimal. `c` is when one of them was
 * changed last.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "held.h"
#include "names.h"

static bool skr_says_true(const struct skr_object *object, const char *name)
{
    for (size_t i = 0; i < object->metadata_count; i++)
        if (skr_bytes_equal_nocase(object->metadata[i].name, skr_text(name)))
            return skr_bytes_equal_nocase(object->metadata[i].value, SKR_BYTES("true"));
    return false;
}

enum skr_file_kind skr_file_kind_of(struct skr_bytes key, const struct skr_object *object)
{
    if ((key.size > 0 && key.data[key.size - 1] == '/') || skr_says_true(object, "hdi_isfolder"))
        return SKR_FILE_DIRECTORY;
    return skr_says_true(object, "is_symlink") ? SKR_FILE_SYMLINK : SKR_FILE_REGULAR;
}

static const struct skr_attribute {
    char letter;
    unsigned flag;
    int base;
} skr_attributes[] = {
    {'m', SKR_ATTRIBUTE_MODE, 16},     {'u', SKR_ATTRIBUTE_USER, 10},     {'g', SKR_ATTRIBUTE_GROUP, 10},
    {'t', SKR_ATTRIBUTE_MODIFIED, 10}, {'a', SKR_ATTRIBUTE_ACCESSED, 10}, {'c', SKR_ATTRIBUTE_CHANGED, 10},
};

static int64_t skr_attribute_get(const struct skr_file_attributes *attributes, unsigned flag)
{
    switch (flag) {
    case SKR_ATTRIBUTE_MODE:
        return attributes->mode;
    case SKR_ATTRIBUTE_USER:
        return attributes->user;
    case SKR_ATTRIBUTE_GROUP:
        return attributes->group;
    case SKR_ATTRIBUTE_MODIFIED:
        return attributes->modified_ns;
    case SKR_ATTRIBUTE_ACCESSED:
        return attributes->accessed_ns;
    default:
        return attributes->changed_ns;
    }
}

static void skr_attribute_set(struct skr_file_attributes *attributes, unsigned flag, int64_t value)
{
    attributes->given |= flag;
    switch (flag) {
    case SKR_ATTRIBUTE_MODE:
        attributes->mode = (uint32_t)value & 07777;
        break;
    case SKR_ATTRIBUTE_USER:
        attributes->user = (uint32_t)value;
        break;
    case SKR_ATTRIBUTE_GROUP:
        attributes->group = (uint32_t)value;
        break;
    case SKR_ATTRIBUTE_MODIFIED:
        attributes->modified_ns = value;
        break;
    case SKR_ATTRIBUTE_ACCESSED:
        attributes->accessed_ns = value;
        break;
    default:
        attributes->changed_ns = value;
    }
}

static void skr_attributes_decode(struct skr_bytes text, struct skr_file_attributes *out)
{
    char copy[160];
    *out = (struct skr_file_attributes){.given = 0};
    if (text.data == NULL || text.size >= sizeof copy)
        return;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    for (char *at = copy; *at != '\0';) {
        char *end;
        for (size_t i = 0; i < sizeof skr_attributes / sizeof *skr_attributes; i++)
            if (skr_attributes[i].letter == *at)
                skr_attribute_set(out, skr_attributes[i].flag, strtoll(at + 1, &end, skr_attributes[i].base));
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
}

void skr_file_attributes_of(const struct skr_object *object, struct skr_file_attributes *out)
{
    skr_attributes_decode(object->properties[SKR_PROPERTY_FILE_ATTRIBUTES], out);
}

void skr_container_attributes_of(const struct skr_container *container, struct skr_file_attributes *out)
{
    skr_attributes_decode(container->documents[SKR_DOCUMENT_FILE_ATTRIBUTES], out);
}

struct skr_bytes skr_file_attributes_encode(struct skr_arena *arena, const struct skr_file_attributes *base,
                                            const struct skr_file_attributes *change, int64_t changed_ns)
{
    struct skr_file_attributes all = *base;
    char text[160];
    size_t size = 0;
    for (size_t i = 0; i < sizeof skr_attributes / sizeof *skr_attributes; i++)
        if (change->given & skr_attributes[i].flag)
            skr_attribute_set(&all, skr_attributes[i].flag, skr_attribute_get(change, skr_attributes[i].flag));
    skr_attribute_set(&all, SKR_ATTRIBUTE_CHANGED, changed_ns);
    for (size_t i = 0; i < sizeof skr_attributes / sizeof *skr_attributes; i++)
        if (all.given & skr_attributes[i].flag)
            size += (size_t)snprintf(text + size, sizeof text - size,
                                     skr_attributes[i].base == 16 ? "%s%c%" PRIx64 : "%s%c%" PRId64, size == 0 ? "" : " ",
                                     skr_attributes[i].letter, skr_attribute_get(&all, skr_attributes[i].flag));
    return skr_arena_copy(arena, (struct skr_bytes){text, size});
}

enum skr_status skr_find_file(struct skr_worker *worker, struct skr_arena *arena, const struct skr_file_name *name,
                              struct skr_entry *out, struct skr_held **held, struct skr_error *err)
{
    struct skr_container container;
    struct skr_place place;
    struct skr_view *view;
    *out = (struct skr_entry){.kind = 0};
    if (held != NULL)
        *held = NULL;
    enum skr_status status = skr_path_check(name->path, err);
    if (status == SKR_OK)
        status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_container_get(view, arena, name->account, name->container, &container, err);
    if (status == SKR_OK)
        status = skr_place_find(view, arena, &container, name->path, &place, err);
    if (status == SKR_OK && place.kind == 0)
        status = skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such file");
    if (status == SKR_OK) {
        out->kind = place.kind;
        out->object = place.has_marker ? place.marker : place.object;
        if (place.kind == SKR_FILE_DIRECTORY && !place.has_marker && place.has_object &&
            skr_file_kind_of(name->path, &place.object) != SKR_FILE_DIRECTORY)
            out->object = (struct skr_object){.id = 0}; /* a file that the directory hides */
        if (out->object.kind != 0 && !skr_object_copy(arena, &out->object))
            status = skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
        if (name->path.size == 0)
            skr_container_attributes_of(&container, &out->attributes);
        else
            skr_file_attributes_of(&out->object, &out->attributes);
    }
    if (status == SKR_OK && held != NULL && out->kind != SKR_FILE_DIRECTORY)
        status = skr_held_new(worker->core, view, &out->object.content, held, err);
    skr_view_end(view);
    return status;
}
