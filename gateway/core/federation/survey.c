/* Why: an operator asks how much of a container is here, or wants it to go, and a container may have a hundred million names. A
 * survey goes through them in steps of a bounded number of names, each in a view of its own, on the thread of space; in between
 * room is made as ever.
 *
 * Invariants: a survey is the thread's until its end is posted to its worker, and then the worker's, which frees it. A row of
 * each depth is open at a time, since names come in order.
 */
#include "survey.h"

#include <stdlib.h>

#include "evict.h"
#include "flights.h"
#include "skerry/log.h"

#define SKR_SURVEY_STEP_NAMES 500
#define SKR_SURVEY_MOST_DEPTH 16

struct skr_survey {
    struct skr_task task; /* first */
    struct skr_survey *next;
    struct skr_worker *worker;
    skr_surveyed done;
    void *context;
    _Atomic bool is_cancelled;
    bool evicts;
    struct skr_bytes account, container, prefix, delimiter; /* in the arena */
    unsigned depth;
    struct skr_arena arena;
    struct skr_survey_result result;
    struct skr_error error;
    struct skr_residency *rows; /* malloc'd */
    size_t count, capacity;
    size_t open_rows[SKR_SURVEY_MOST_DEPTH + 1]; /* by depth: index, 0 when there is none */
    char from[SKR_MAX_KEY_BYTES + 2];            /* the next name is >= it */
    size_t from_size;
    uint64_t from_chunk; /* evicting: of that name */
    const struct skr_space_lane *lane;
};

/* ---- asking ---- */

static void skr_survey_free(struct skr_survey *survey)
{
    skr_arena_release(&survey->arena);
    free(survey->rows);
    free(survey);
}

static void skr_survey_end(struct skr_task *task)
{
    struct skr_survey *survey = (struct skr_survey *)task;
    survey->result.error = &survey->error;
    survey->result.rows = survey->rows;
    survey->result.count = survey->count;
    if (survey->done != NULL)
        survey->done(survey->context, &survey->result);
    survey->worker->under_way--;
    skr_survey_free(survey);
}

static struct skr_survey *skr_survey_new(struct skr_worker *worker, const struct skr_survey_options *options, bool evicts,
                                         skr_surveyed done, void *context)
{
    struct skr_space *space = worker->core->space;
    struct skr_survey *survey = calloc(1, sizeof *survey);
    if (survey == NULL)
        return NULL;
    survey->task.run = skr_survey_end;
    survey->worker = worker;
    survey->done = done;
    survey->context = context;
    survey->evicts = evicts;
    survey->depth = options->delimiter.size == 0             ? 0
                    : options->depth > SKR_SURVEY_MOST_DEPTH ? SKR_SURVEY_MOST_DEPTH
                                                             : options->depth;
    survey->account = skr_arena_copy(&survey->arena, options->account);
    survey->container = skr_arena_copy(&survey->arena, options->container);
    survey->prefix = skr_arena_copy(&survey->arena, options->prefix);
    survey->delimiter = skr_arena_copy(&survey->arena, options->delimiter);
    survey->rows = calloc(1, sizeof *survey->rows);
    if (survey->account.data == NULL || survey->container.data == NULL || survey->prefix.data == NULL ||
        survey->delimiter.data == NULL || survey->rows == NULL) {
        skr_survey_free(survey);
        return NULL;
    }
    survey->count = survey->capacity = 1;
    survey->rows[0].prefix = survey->prefix;
    worker->under_way++;
    pthread_mutex_lock(&space->lock);
    *space->last_survey = survey;
    space->last_survey = &survey->next;
    pthread_mutex_unlock(&space->lock);
    skr_background_wake(&space->background);
    return survey;
}

struct skr_survey *skr_survey_residency(struct skr_worker *worker, const struct skr_survey_options *options, skr_surveyed done,
                                        void *context)
{
    return skr_survey_new(worker, options, false, done, context);
}

struct skr_survey *skr_evict_prefix(struct skr_worker *worker, const struct skr_survey_options *options, skr_surveyed done,
                                    void *context)
{
    return skr_survey_new(worker, options, true, done, context);
}

void skr_survey_cancel(struct skr_survey *survey)
{
    if (survey == NULL)
        return;
    survey->done = NULL;
    atomic_store(&survey->is_cancelled, true);
}

/* ---- rows ---- */

/* The row of a name: that of the longest common prefix up to the depth asked for. NULL: there are too many, or no memory. */
static struct skr_residency *skr_survey_row(struct skr_survey *survey, struct skr_bytes key)
{
    size_t end = survey->prefix.size;
    unsigned depth = 0;
    while (depth < survey->depth) {
        const char *found = memmem(key.data + end, key.size - end, survey->delimiter.data, survey->delimiter.size);
        if (found == NULL)
            break;
        end = (size_t)(found - key.data) + survey->delimiter.size;
        depth++;
    }
    struct skr_bytes prefix = {key.data, end};
    if (survey->open_rows[depth] != 0 && skr_bytes_equal(survey->rows[survey->open_rows[depth]].prefix, prefix))
        return &survey->rows[survey->open_rows[depth]];
    if (survey->depth == 0 || survey->count >= SKR_MOST_RESIDENCY_ROWS) {
        survey->result.is_truncated |= survey->depth > 0;
        return NULL;
    }
    if (survey->count == survey->capacity) {
        struct skr_residency *rows = realloc(survey->rows, survey->capacity * 2 * sizeof *rows);
        if (rows == NULL)
            return NULL;
        survey->rows = rows;
        survey->capacity *= 2;
    }
    struct skr_bytes text = skr_arena_copy(&survey->arena, prefix);
    if (text.data == NULL)
        return NULL;
    survey->open_rows[depth] = survey->count;
    survey->rows[survey->count] = (struct skr_residency){.prefix = text};
    return &survey->rows[survey->count++];
}

/* Does upstream lack the bytes of an object? */
static bool skr_survey_is_own(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                              const struct skr_object *object)
{
    struct skr_journal_entry entry;
    if (object->upstream_etag.size == 0 || container->journal_node == 0)
        return object->upstream_etag.size == 0;
    return skr_journal_get(view, container, key, &entry, NULL) == SKR_OK && (entry.what & SKR_JOURNAL_CONTENT) != 0;
}

static enum skr_status skr_survey_count(struct skr_survey *survey, struct skr_space *space, struct skr_view *view,
                                        const struct skr_container *container, struct skr_bytes key,
                                        const struct skr_object *object, struct skr_error *err)
{
    uint64_t local = 0, size = object->content.size_bytes;
    enum skr_status status = skr_content_resident_bytes(view, &object->content, &local, err);
    if (status != SKR_OK)
        return status;
    bool is_own = skr_survey_is_own(view, container, key, object);
    bool is_pinned = skr_operator_pins_have(&space->pins, survey->account, survey->container, key);
    struct skr_residency *row = skr_survey_row(survey, key);
    struct skr_residency *both[] = {&survey->rows[0], row};
    for (size_t i = 0; i < 2 && both[i] != NULL; i++) {
        both[i]->objects++;
        both[i]->bytes += size;
        both[i]->local_objects += local == size;
        both[i]->local_bytes += local;
        both[i]->pinned_bytes += is_pinned ? local : 0;
        both[i]->own_bytes += is_own ? local : 0;
    }
    return SKR_OK;
}

/* ---- what is to be evicted ---- */

struct skr_survey_gathering {
    struct skr_survey *survey;
    struct skr_evict_batch *batch;
    uint64_t content_id;
};

static bool skr_survey_gather_chunk(void *context, uint64_t offset_bytes, uint64_t length_bytes)
{
    struct skr_survey_gathering *gathering = context;
    struct skr_evict_batch *batch = gathering->batch;
    if (batch->count == SKR_EVICT_BATCH)
        return false;
    uint32_t chunk = (uint32_t)(offset_bytes / SKR_CHUNK_BYTES);
    batch->items[batch->count++] = (struct skr_evict_item){
        .key = {gathering->content_id, chunk}, .size_bytes = length_bytes, .lane = gathering->survey->lane};
    gathering->survey->from_chunk = (uint64_t)chunk + 1;
    return true;
}

/* `*whole`: all of the object is in the batch. */
static enum skr_status skr_survey_gather(struct skr_survey *survey, struct skr_view *view, const struct skr_object *object,
                                         struct skr_evict_batch *batch, bool *whole, struct skr_error *err)
{
    struct skr_survey_gathering gathering = {survey, batch, object->content.id};
    enum skr_status status = SKR_OK;
    if (object->content.layout == SKR_CONTENT_CACHED)
        status = skr_content_visit_resident(view, &object->content, survey->from_chunk * SKR_CHUNK_BYTES,
                                            skr_survey_gather_chunk, &gathering, err);
    else if (object->content.layout != SKR_CONTENT_EMPTY && survey->from_chunk == 0)
        skr_survey_gather_chunk(&gathering, 0, object->content.size_bytes);
    *whole = batch->count < SKR_EVICT_BATCH;
    return status;
}

/* The lane of the container. SKR_NOT_FOUND: it is not bound. */
static enum skr_status skr_survey_lane(struct skr_survey *survey, struct skr_space *space, struct skr_error *err)
{
    struct skr_bound *bound =
        skr_bound_find(&space->core->bindings, space->background.worker->reader, survey->account, survey->container);
    if (bound == NULL)
        return skr_fail(err, SKR_NOT_FOUND, "the container is not attached to an upstream");
    pthread_mutex_lock(&space->lock);
    uint32_t index = skr_space_lane(space, bound);
    survey->lane = index == UINT32_MAX ? NULL : space->lanes[index];
    pthread_mutex_unlock(&space->lock);
    skr_bound_release(bound);
    return survey->lane == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory to evict") : SKR_OK;
}

static enum skr_status skr_survey_evict(struct skr_survey *survey, struct skr_space *space, struct skr_evict_batch *batch,
                                        struct skr_error *err)
{
    enum skr_status status = skr_evict_apply(space->core, batch, err);
    if (status != SKR_OK)
        return status;
    for (size_t i = 0; i < batch->count; i++) {
        struct skr_evict_item *item = &batch->items[i];
        bool done = item->outcome == SKR_EVICT_DONE;
        survey->result.evicted_bytes += done ? item->freed_bytes : 0;
        survey->result.evicted_items += done;
        survey->result.spared_bytes += done ? 0 : item->size_bytes;
    }
    skr_space_note_evicted(space, batch, status);
    return SKR_OK;
}

/* ---- a step ---- */

static void skr_survey_go_behind(struct skr_survey *survey, struct skr_bytes key)
{
    memcpy(survey->from, key.data, key.size);
    survey->from[key.size] = '\0'; /* in no key: the next name is greater */
    survey->from_size = key.size + 1;
    survey->from_chunk = 0;
}

static enum skr_status skr_survey_names(struct skr_survey *survey, struct skr_space *space, struct skr_view *view,
                                        const struct skr_container *container, struct skr_walk *walk,
                                        struct skr_evict_batch *batch, bool *at_end, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    _Alignas(16) char memory[4096];
    struct skr_walk_entry entry;
    enum skr_status status = SKR_OK;
    for (unsigned names = 0; names < SKR_SURVEY_STEP_NAMES && status == SKR_OK; names++) {
        struct skr_object object;
        bool whole = true;
        status = skr_walk_next(walk, &entry, err);
        *at_end = status == SKR_NOT_FOUND;
        if (status != SKR_OK)
            break;
        skr_arena_seed(&arena, memory, sizeof memory);
        status = skr_object_decode(&arena, entry.record, &object, err);
        if (status == SKR_OK && survey->evicts)
            status = skr_survey_gather(survey, view, &object, batch, &whole, err);
        else if (status == SKR_OK)
            status = skr_survey_count(survey, space, view, container, entry.key, &object, err);
        skr_arena_release(&arena);
        if (status == SKR_OK && !whole) { /* this one goes on in the next step */
            memcpy(survey->from, entry.key.data, entry.key.size);
            survey->from_size = entry.key.size;
            return SKR_OK;
        }
        skr_survey_go_behind(survey, entry.key);
    }
    return *at_end ? SKR_OK : status;
}

static enum skr_status skr_survey_advance(struct skr_survey *survey, struct skr_space *space, bool *at_end,
                                          struct skr_error *err)
{
    struct skr_evict_batch batch = {.count = 0};
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container;
    struct skr_walk_options options = {.prefix = survey->prefix, .from = {survey->from, survey->from_size}};
    struct skr_walk *walk = NULL;
    struct skr_view *view;
    enum skr_status status = survey->evicts && survey->lane == NULL ? skr_survey_lane(survey, space, err) : SKR_OK;
    if (status == SKR_OK)
        status = skr_view_begin(space->background.worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_container_get(view, &arena, survey->account, survey->container, &container, err);
    if (status == SKR_OK)
        status = skr_walk_open(view, container.objects_node, &options, &walk, err);
    if (status == SKR_OK)
        status = skr_survey_names(survey, space, view, &container, walk, &batch, at_end, err);
    skr_walk_close(walk);
    skr_view_end(view);
    skr_arena_release(&arena);
    return status == SKR_OK && batch.count > 0 ? skr_survey_evict(survey, space, &batch, err) : status;
}

bool skr_survey_step(struct skr_space *space)
{
    bool at_end = false;
    pthread_mutex_lock(&space->lock);
    struct skr_survey *survey = space->surveys;
    pthread_mutex_unlock(&space->lock);
    if (survey == NULL)
        return false;
    if (atomic_load(&survey->is_cancelled))
        survey->result.status = skr_fail(&survey->error, SKR_CANCELLED, "cancelled");
    else
        survey->result.status = skr_survey_advance(survey, space, &at_end, &survey->error);
    if (survey->result.status == SKR_OK && !at_end)
        return true;
    pthread_mutex_lock(&space->lock);
    space->surveys = survey->next;
    if (space->surveys == NULL)
        space->last_survey = &space->surveys;
    pthread_mutex_unlock(&space->lock);
    if (survey->evicts && survey->result.evicted_bytes > 0)
        skr_log(SKR_LOG_INFO, "space", "evicted %llu bytes of %.*s for an operator",
                (unsigned long long)survey->result.evicted_bytes, SKR_PRINT(survey->container));
    survey->worker->executor->post(survey->worker->executor, &survey->task);
    return true;
}
