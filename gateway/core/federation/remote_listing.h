/* What upstream lists, beside what is here. Owned by its worker's thread. */
#ifndef SKERRY_CORE_REMOTE_LISTING_H
#define SKERRY_CORE_REMOTE_LISTING_H

#include "../state.h"

struct skr_remote_entry {
    struct skr_bytes key;
    bool is_prefix;
    struct skr_object object; /* not of a prefix: as upstream tells it */
};

/* A list that grows. Zeroed: empty. */
struct skr_remote_entries {
    struct skr_remote_entry *entries; /* malloc'd; texts in the arena of whoever adds */
    size_t count, capacity;
};

/* Behind the others. False: no memory. */
bool skr_remote_entries_add(struct skr_remote_entries *list, struct skr_arena *arena, const struct skr_upstream_object *found);

/* A record out of what upstream tells, without its content but for the size. False: no memory. */
bool skr_object_of_upstream(struct skr_arena *arena, const struct skr_upstream_object *found, struct skr_object *out);

/* The next one, in byte order of keys. NULL: no more of them. */
const struct skr_remote_entry *skr_remote_listing_entry(const struct skr_remote_listing *listing, size_t index);
/* Behind the last entry there may be more. */
bool skr_remote_listing_is_cut(const struct skr_remote_listing *listing);

/* Does what is here of a name, `object` or (NULL) nothing, say something that upstream does not know? In a view. */
bool skr_is_ours(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                 const struct skr_object *object);
/* Did its bytes come through another binding, which may be gone? In a view. */
bool skr_is_of_another(struct skr_view *view, const struct skr_bound *bound, const struct skr_object *object);
/* Is there such an object under a common prefix that upstream does not list? */
bool skr_prefix_has_ours(struct skr_view *view, const struct skr_container *container, struct skr_bytes prefix);
/* Was it deleted here, and upstream does not know yet? */
bool skr_is_deleted_here(struct skr_view *view, const struct skr_container *container, struct skr_bytes key);

#endif
