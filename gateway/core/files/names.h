/* Paths, the keys that say them, and what they lead to. In a view or a change. */
#ifndef SKERRY_CORE_FILES_NAMES_H
#define SKERRY_CORE_FILES_NAMES_H

#include "../state.h"
#include "skerry/files.h"

/* What a path leads to, as the tree has it. Texts point into the map until the view ends, or the change writes. */
struct skr_place {
    enum skr_file_kind kind; /* 0: nothing is there */
    bool has_object;         /* under the path itself: the file, or a directory's entry in the manner of Azure's clients */
    bool has_marker;         /* under the path and a slash */
    bool has_node;           /* something is below the path, be it the marker */
    struct skr_object object, marker;
};

/* The path and a slash; empty for the container's own directory. NULL data: no memory. */
struct skr_bytes skr_directory_key(struct skr_arena *arena, struct skr_bytes path);
/* Of the directory that it is in; empty: the container's own. */
struct skr_bytes skr_path_parent(struct skr_bytes path);
/* SKR_INVALID_NAME: it is no path, or none of this container; SKR_NAME_TOO_LONG. */
enum skr_status skr_path_check(struct skr_bytes path, struct skr_error *err);
bool skr_file_name_copy(struct skr_arena *arena, struct skr_file_name *name);
struct skr_object_name skr_object_name_of(const struct skr_file_name *name, struct skr_bytes key);

/* `path` was checked. The container's own directory is always there. */
enum skr_status skr_place_find(struct skr_view *view, struct skr_arena *arena, const struct skr_container *container,
                               struct skr_bytes path, struct skr_place *out, struct skr_error *err);
/* Is the directory there that a new entry would be in? SKR_OBJECT_NOT_FOUND, SKR_NOT_A_DIRECTORY. Of a container with an
 * upstream only what is known to be a file is refused: its directories need not be known here. */
enum skr_status skr_parent_check(struct skr_view *view, struct skr_arena *arena, const struct skr_file_name *name,
                                 const struct skr_container *container, struct skr_error *err);
/* In a change: after the last entry of a directory left it, gives it a marker. Not where an upstream keeps the names. */
enum skr_status skr_parent_keep(struct skr_view *view, struct skr_pending *pending, const struct skr_file_name *name,
                                const struct skr_container *container, struct skr_error *err);
/* In a change: puts an object of nothing there, which `pending->object` then is. */
enum skr_status skr_empty_object_put(struct skr_view *view, struct skr_pending *pending, const struct skr_container *container,
                                     struct skr_bytes key, const struct skr_file_attributes *attributes, struct skr_error *err);
/* Does the container have an upstream? */
bool skr_file_is_bound(struct skr_view *view, const struct skr_file_name *name);

/* Attributes as they are kept, those of `base` with what `change` gives; `changed_ns`: when. NULL data: no memory. */
struct skr_bytes skr_file_attributes_encode(struct skr_arena *arena, const struct skr_file_attributes *base,
                                            const struct skr_file_attributes *change, int64_t changed_ns);

#endif
