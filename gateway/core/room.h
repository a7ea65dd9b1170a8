/* Who may write when the disk is down to its reserve. Deleting small objects frees pages of the metadata file, which never shrinks: the disk's
 * free space stays as it was, and yet there is room for other small objects. The collector measures that room, and what is admitted is
 * taken from it until it measures again. */
#ifndef SKERRY_CORE_ROOM_H
#define SKERRY_CORE_ROOM_H

#include "state.h"

/* May these bytes come in? `is_inline`: they will lie in the metadata file. SKR_NO_SPACE, SKR_READ_ONLY, SKR_IO. */
enum skr_status skr_room_admit(struct skr_core *core, bool is_inline, uint64_t size_bytes, struct skr_error *err);
/* On the collector's thread. */
void skr_room_measure(struct skr_core *core, struct skr_meta_reader *reader);

#endif
