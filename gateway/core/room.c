#include "room.h"

/* A change copies the pages on its way down the trees before those of earlier changes are free again. */
#define SKR_CHANGE_BYTES (64 << 10)
#define SKR_LEAST_META_ROOM_BYTES (2 << 20)

/* Pages that lie apart do not take a large record, and the file grows all the same: never by more than half of the reserve. */
static bool skr_room_has_reserve(struct skr_core *core)
{
    uint64_t free_bytes, total_bytes;
    return skr_store_space(core->store, &free_bytes, &total_bytes, NULL) == SKR_OK && free_bytes >= core->options.reserve_bytes / 2;
}

static bool skr_room_take(struct skr_core *core, uint64_t size_bytes)
{
    int64_t needed = (int64_t)size_bytes + SKR_CHANGE_BYTES, room = atomic_load_explicit(&core->meta_room_bytes, memory_order_relaxed);
    while (room - needed >= SKR_LEAST_META_ROOM_BYTES)
        if (atomic_compare_exchange_weak_explicit(&core->meta_room_bytes, &room, room - needed, memory_order_relaxed, memory_order_relaxed))
            return true;
    return false;
}

enum skr_status skr_room_admit(struct skr_core *core, bool is_inline, uint64_t size_bytes, struct skr_error *err)
{
    enum skr_status status = skr_store_admit(core->store, err);
    if (status == SKR_NO_SPACE && is_inline && skr_room_has_reserve(core) && skr_room_take(core, size_bytes))
        return SKR_OK;
    return status;
}

void skr_room_measure(struct skr_core *core, struct skr_meta_reader *reader)
{
    struct skr_error error;
    struct skr_view *view;
    uint64_t room = 0;
    if (skr_store_admit(core->store, &error) == SKR_NO_SPACE && skr_view_begin(reader, &view, &error) == SKR_OK) {
        room = skr_view_free_bytes(view);
        skr_view_end(view);
    }
    atomic_store_explicit(&core->meta_room_bytes, (int64_t)room, memory_order_relaxed);
}
