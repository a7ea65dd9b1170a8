/* Finding the source of a copy. In a change or a view. */
#ifndef SKERRY_CORE_SOURCE_H
#define SKERRY_CORE_SOURCE_H

#include "state.h"

/* Copies its texts, and its conditions into `conditions`. */
bool skr_source_copy(struct skr_arena *arena, const struct skr_copy_source *source, struct skr_copy_source *out,
                     struct skr_conditions *conditions);
/* SKR_SOURCE_NOT_FOUND, SKR_VERSION_NOT_FOUND, SKR_IS_DELETE_MARKER, SKR_SOURCE_CONDITION_FAILED, SKR_INVALID_RANGE. */
enum skr_status skr_find_source(struct skr_view *view, struct skr_arena *arena, const struct skr_copy_source *source,
                                struct skr_container *container, struct skr_object *object, struct skr_error *err);

#endif
