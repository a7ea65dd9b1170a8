/* Why: blocks and parts arrive in any order and lie where they came, and a file that is changed lies in two places. The kernel
 * can read a content by itself only where it is one file from its first byte to its last; so one that a mount reads is copied
 * into one, once. Nothing that can be seen of the object changes.
 *
 * One thread, one content at a time. What does not fit its list is asked for again when the file is opened the next time.
 */
#include "straighten.h"

#include <stdlib.h>

#include "../federation/background.h"
#include "draft.h"
#include "names.h"
#include "skerry/log.h"

#define SKR_STRAIGHTEN_MOST 64
#define SKR_STRAIGHTEN_BYTES (1u << 20) /* at a time */

/* A content that waits for its turn. */
struct skr_crooked {
    struct skr_crooked *next;
    struct skr_arena arena;
    struct skr_file_name name;
    uint64_t object_id;
    struct skr_held *held;
};

struct skr_straightener {
    struct skr_background background; /* first */
    char *buffer;                     /* SKR_STRAIGHTEN_BYTES */
    pthread_mutex_t lock;             /* guards what follows */
    struct skr_crooked *first, **last;
    size_t count;
    uint64_t now; /* the content that is being copied */
};

static void skr_crooked_free(struct skr_crooked *crooked)
{
    skr_held_release(crooked->held);
    skr_arena_release(&crooked->arena);
    free(crooked);
}

/* ---- asking for it ---- */

/* Under the lock. */
static bool skr_is_awaited(const struct skr_straightener *straightener, uint64_t content_id)
{
    for (const struct skr_crooked *crooked = straightener->first; crooked != NULL; crooked = crooked->next)
        if (skr_held_content(crooked->held)->id == content_id)
            return true;
    return straightener->now == content_id;
}

void skr_straighten_later(struct skr_core *core, const struct skr_file_name *name, uint64_t object_id, struct skr_held *held)
{
    struct skr_straightener *straightener = core->straightener;
    const struct skr_content *content = skr_held_content(held);
    if (content->layout != SKR_CONTENT_EXTENTS && content->layout != SKR_CONTENT_EXTENT)
        return;
    struct skr_crooked *crooked = calloc(1, sizeof *crooked);
    if (crooked == NULL)
        return;
    crooked->name = *name;
    crooked->object_id = object_id;
    crooked->held = skr_held_retain(held);
    bool taken = skr_file_name_copy(&crooked->arena, &crooked->name);
    pthread_mutex_lock(&straightener->lock);
    taken = taken && straightener->count < SKR_STRAIGHTEN_MOST && !skr_is_awaited(straightener, content->id);
    if (taken) {
        *straightener->last = crooked;
        straightener->last = &crooked->next;
        straightener->count++;
    }
    pthread_mutex_unlock(&straightener->lock);
    if (taken)
        skr_background_wake(&straightener->background);
    else
        skr_crooked_free(crooked);
}

/* ---- doing it ---- */

/* What an upstream has, too, is counted and evicted as it is; and a file whose room is mostly holes stays as small as it is. */
static enum skr_status skr_straighten_check(struct skr_worker *worker, const struct skr_crooked *crooked, struct skr_error *err)
{
    const struct skr_content *content = skr_held_content(crooked->held);
    struct skr_content_state state;
    struct skr_extent extents[64];
    struct skr_view *view;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_content_state(view, content->id, &state, err);
    if (status == SKR_OK && (state.origin.binding != 0 || skr_file_is_bound(view, &crooked->name)))
        status = skr_fail(err, SKR_UNSUPPORTED, "upstream has it, too");
    for (uint64_t at = 0; at < content->size_bytes && status == SKR_OK;) {
        size_t count = 0;
        status = skr_content_extents(view, content, at, content->size_bytes - at, extents, 64, &count, err);
        for (size_t i = 0; i < count && status == SKR_OK; i++) {
            at += extents[i].length_bytes;
            if (extents[i].file_id == 0)
                status = skr_fail(err, SKR_UNSUPPORTED, "it has holes");
        }
    }
    skr_view_end(view);
    return status;
}

static enum skr_status skr_straighten_copy(struct skr_straightener *straightener, const struct skr_crooked *crooked,
                                           struct skr_draft *draft, struct skr_error *err)
{
    struct skr_worker *worker = straightener->background.worker;
    uint64_t size = skr_held_content(crooked->held)->size_bytes;
    for (uint64_t at = 0; at < size;) {
        size_t piece = size - at < SKR_STRAIGHTEN_BYTES ? (size_t)(size - at) : SKR_STRAIGHTEN_BYTES;
        if (skr_background_is_ending(&straightener->background))
            return skr_fail(err, SKR_CANCELLED, "the server ends");
        if (skr_held_read(worker, crooked->held, at, straightener->buffer, piece, 0, err) != (ssize_t)piece)
            return err->status;
        enum skr_status status = skr_draft_write(worker, draft, at, straightener->buffer, piece, err);
        if (status != SKR_OK)
            return status;
        at += piece;
    }
    return SKR_OK;
}

static void skr_straighten(struct skr_straightener *straightener, const struct skr_crooked *crooked)
{
    struct skr_worker *worker = straightener->background.worker;
    struct skr_error error = {.message = ""};
    struct skr_draft *draft = NULL;
    enum skr_status status = skr_straighten_check(worker, crooked, &error);
    if (status == SKR_OK)
        status = skr_draft_open(worker, crooked->held, &draft, &error);
    if (status == SKR_OK)
        status = skr_straighten_copy(straightener, crooked, draft, &error);
    if (status == SKR_OK)
        status = skr_draft_publish_copy(worker, draft, &crooked->name, crooked->object_id, &error);
    skr_draft_close(worker, draft);
    if (status != SKR_OK)
        skr_log(SKR_LOG_DEBUG, "core", "%.*s/%.*s stays in several pieces: %s", SKR_PRINT(crooked->name.container),
                SKR_PRINT(crooked->name.path), error.message);
}

static struct skr_crooked *skr_straightener_next(struct skr_straightener *straightener)
{
    pthread_mutex_lock(&straightener->lock);
    struct skr_crooked *crooked = straightener->first;
    straightener->now = 0;
    if (crooked != NULL) {
        straightener->first = crooked->next;
        straightener->count--;
        straightener->now = skr_held_content(crooked->held)->id;
    }
    if (straightener->first == NULL)
        straightener->last = &straightener->first;
    pthread_mutex_unlock(&straightener->lock);
    return crooked;
}

static int skr_straightener_turn(struct skr_background *background)
{
    struct skr_straightener *straightener = (struct skr_straightener *)background;
    struct skr_crooked *crooked;
    while (!skr_background_is_ending(background) && (crooked = skr_straightener_next(straightener)) != NULL) {
        skr_straighten(straightener, crooked);
        skr_crooked_free(crooked);
    }
    return -1;
}

enum skr_status skr_straightener_open(struct skr_straightener **out, struct skr_core *core, struct skr_error *err)
{
    struct skr_straightener *straightener = calloc(1, sizeof *straightener);
    if (straightener != NULL)
        straightener->buffer = malloc(SKR_STRAIGHTEN_BYTES);
    if (straightener == NULL || straightener->buffer == NULL) {
        free(straightener);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for straightening contents");
    }
    pthread_mutex_init(&straightener->lock, NULL);
    straightener->last = &straightener->first;
    straightener->background.name = "skr-straighten";
    straightener->background.turn = skr_straightener_turn;
    *out = straightener;
    return skr_background_open(&straightener->background, core, err);
}

void skr_straightener_close(struct skr_straightener *straightener)
{
    if (straightener == NULL)
        return;
    skr_background_close(&straightener->background);
    while (straightener->first != NULL) {
        struct skr_crooked *next = straightener->first->next;
        skr_crooked_free(straightener->first);
        straightener->first = next;
    }
    pthread_mutex_destroy(&straightener->lock);
    free(straightener->buffer);
    free(straightener);
}
