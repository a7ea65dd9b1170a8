/* Multipart uploads, for the files that list them. In a view or a change. */
#ifndef SKERRY_CORE_MULTIPART_H
#define SKERRY_CORE_MULTIPART_H

#include "state.h"

enum skr_status skr_find_multipart(struct skr_view *view, struct skr_arena *arena, const struct skr_object_name *name,
                                   uint64_t upload_id, struct skr_container *container, struct skr_upload *upload,
                                   struct skr_error *err);
/* Texts point into the map. */
enum skr_status skr_multipart_load(struct skr_arena *arena, const struct skr_upload *upload, struct skr_multipart *out,
                                   struct skr_error *err);

#endif
