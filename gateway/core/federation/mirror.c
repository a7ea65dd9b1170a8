/* Why: a container of millions of names is listed at the speed of metadata, and while upstream is away, when its names are
 * here. Rounds go through upstream's listing from the beginning to the end, page by page, and take over what differs; where a
 * round is, is kept with what it took over, so that an import goes on after a restart. Until the first round has ended,
 * listings ask upstream.
 */
#include "mirror.h"

#include <stdlib.h>

#include "clock.h"
#include "federation.h"
#include "skerry/log.h"

#define SKR_MIRROR_LEAST_MS 10000
#define SKR_MIRROR_SHARE 5 /* a round takes a fifth of the time at most */
#define SKR_MIRROR_IDLE_MS 60000

static const struct skr_upstream_retry skr_mirror_retry = {
    .attempts = 5, .first_ms = 200, .most_ms = 5000, .patience_ms = 30000};

static void skr_mirror_drop_page(struct skr_mirror *mirror)
{
    skr_arena_release(&mirror->arena);
    mirror->page.count = mirror->taken = 0;
}

static void skr_mirror_free(struct skr_mirror *mirror)
{
    skr_upstream_cancel(&mirror->call);
    skr_mirror_drop_page(mirror);
    skr_bound_release(mirror->bound);
    free(mirror->page.entries);
    free(mirror->page_marker);
    free(mirror->last_key);
    free(mirror);
}

/* ---- where a round is, over restarts ---- */

/* "rounds objects marker-size NUL marker last-key" in the account's documents, under a name that no other document has. */
void skr_mirror_document_name(const struct skr_mirror *mirror, char *name, size_t size)
{
    snprintf(name, size, "mirror/%s", mirror->bound->container);
}

static void skr_mirror_load(struct skr_mirror *mirror)
{
    unsigned long long id, rounds, objects, marker_size;
    char name[300], head[128];
    struct skr_bytes document;
    struct skr_view *view;
    struct skr_error error;
    skr_mirror_document_name(mirror, name, sizeof name);
    if (skr_view_begin(mirror->mirrorer->background.worker->reader, &view, &error) != SKR_OK)
        return;
    if (skr_account_document_get(view, skr_text(mirror->bound->account), name, &document, &error) == SKR_OK) {
        const char *end = memchr(document.data, '\0', document.size);
        if (end != NULL && (size_t)(end - document.data) < sizeof head) {
            memcpy(head, document.data, (size_t)(end - document.data) + 1);
            size_t left = document.size - (size_t)(end + 1 - document.data);
            if (sscanf(head, "%llu %llu %llu %llu", &id, &rounds, &objects, &marker_size) == 4 &&
                id == mirror->bound->binding.id && marker_size <= left) {
                atomic_store(&mirror->bound->mirror_rounds, rounds);
                mirror->objects = objects;
                if (left > marker_size) {
                    mirror->page_marker = strndup(end + 1, marker_size);
                    mirror->last_key = strndup(end + 1 + marker_size, left - marker_size);
                    mirror->last_key_size = left - marker_size;
                }
            }
        }
    }
    skr_view_end(view);
}

/* ---- rounds ---- */

static void skr_mirror_ask(struct skr_mirror *mirror);

static void skr_mirror_pause(struct skr_mirror *mirror, int64_t ms)
{
    mirror->phase = SKR_MIRROR_WAITS;
    mirror->due_ms = skr_clock_ms() + ms;
    skr_background_wake(&mirror->mirrorer->background);
}

static void skr_mirror_round_over(struct skr_mirror *mirror)
{
    struct skr_bound *bound = mirror->bound;
    int64_t took_ms = skr_clock_ms() - mirror->began_ms, pause_ms = (int64_t)bound->binding.ttl_ms;
    if (pause_ms < SKR_MIRROR_LEAST_MS)
        pause_ms = SKR_MIRROR_LEAST_MS;
    if (pause_ms < took_ms * SKR_MIRROR_SHARE)
        pause_ms = took_ms * SKR_MIRROR_SHARE;
    if (atomic_fetch_add(&bound->mirror_rounds, 1) == 0)
        skr_log(SKR_LOG_INFO, "federation", "the names of %s are mirrored in %s/%s: %llu", skr_upstream_name(bound->upstream),
                bound->account, bound->container, (unsigned long long)mirror->objects);
    atomic_store(&bound->mirrored_objects, mirror->objects);
    free(mirror->page_marker);
    free(mirror->last_key);
    mirror->page_marker = mirror->last_key = NULL;
    mirror->last_key_size = 0;
    mirror->objects = 0;
    mirror->failures = 0;
    skr_mirror_drop_page(mirror);
    skr_mirror_pause(mirror, pause_ms);
}

void skr_mirror_step(struct skr_mirror *mirror, enum skr_status status)
{
    if (status != SKR_OK) {
        skr_mirror_drop_page(mirror);
        skr_mirror_pause(mirror, SKR_MIRROR_LEAST_MS);
        return;
    }
    atomic_store(&mirror->bound->mirrored_objects, mirror->objects);
    if (mirror->taken < mirror->page.count) {
        skr_mirror_take_over(mirror);
        return;
    }
    if (mirror->marker.size == 0) {
        skr_mirror_round_over(mirror);
        return;
    }
    free(mirror->page_marker);
    mirror->page_marker = strndup(mirror->marker.data, mirror->marker.size);
    skr_mirror_drop_page(mirror);
    if (mirror->page_marker == NULL)
        skr_mirror_pause(mirror, SKR_MIRROR_LEAST_MS); /* from the beginning, then */
    else
        skr_mirror_ask(mirror);
}

static bool skr_mirror_add(struct skr_mirror *mirror, const struct skr_upstream_object *found)
{
    bool is_done = mirror->last_key != NULL && /* the page is read once more, after a restart */
                   skr_bytes_compare(found->key, (struct skr_bytes){mirror->last_key, mirror->last_key_size}) <= 0;
    if (is_done || found->etag.size == 0 || found->etag.size > SKR_ETAG_SIZE || found->is_prefix)
        return true;
    if (!skr_remote_entries_add(&mirror->page, &mirror->arena, found))
        return false;
    mirror->page.entries[mirror->page.count - 1].object.is_partial = !mirror->is_whole;
    return true;
}

static void skr_mirror_failed(struct skr_mirror *mirror)
{
    unsigned failures = mirror->failures < 6 ? mirror->failures++ : 6;
    skr_mirror_pause(mirror, (int64_t)1000 << failures);
}

static void skr_mirror_answered(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_mirror *mirror = (struct skr_mirror *)((char *)call - offsetof(struct skr_mirror, call));
    bool whole = true;
    skr_bound_note(mirror->bound, result);
    bool refused = result->outcome == SKR_UPSTREAM_FORBIDDEN || result->outcome == SKR_UPSTREAM_INVALID ||
                   result->outcome == SKR_UPSTREAM_PROTOCOL;
    if (refused && mirror->asks_tags) {
        mirror->asks_tags = false; /* the credential may not see them: each object tells itself, when it is asked for */
        mirror->is_whole = false;
        skr_mirror_ask(mirror);
        return;
    }
    for (size_t i = 0; result->outcome == SKR_UPSTREAM_OK && i < result->entry_count && whole; i++)
        whole = skr_mirror_add(mirror, &result->entries[i]);
    mirror->marker = skr_arena_copy(&mirror->arena, result->next_marker);
    if (result->outcome != SKR_UPSTREAM_OK || !whole || (mirror->marker.data == NULL && result->next_marker.size > 0)) {
        skr_mirror_drop_page(mirror);
        skr_mirror_failed(mirror);
        return;
    }
    mirror->failures = 0;
    mirror->phase = SKR_MIRROR_APPLIES;
    skr_mirror_take_over(mirror);
}

static void skr_mirror_ask(struct skr_mirror *mirror)
{
    struct skr_worker *worker = mirror->mirrorer->background.worker;
    bool is_s3 = mirror->bound->binding.is_s3;
    if (mirror->bound->upstream == NULL || skr_worker_upstreams(worker) == NULL) {
        skr_mirror_failed(mirror);
        return;
    }
    struct skr_upstream_list list = {.marker = mirror->page_marker == NULL ? SKR_BYTES("") : skr_text(mirror->page_marker),
                                     .prefix = SKR_BYTES(""),
                                     .delimiter = SKR_BYTES(""),
                                     .metadata = !is_s3,
                                     .tags = mirror->asks_tags};
    mirror->phase = SKR_MIRROR_LISTS;
    mirror->call.done = skr_mirror_answered;
    mirror->call.retry = &skr_mirror_retry;
    skr_upstream_list(worker->upstreams, mirror->bound->upstream, &mirror->call, &list);
}

/* ---- the thread ---- */

static struct skr_mirror *skr_mirror_new(struct skr_mirrorer *mirrorer, struct skr_bound *bound)
{
    struct skr_mirror *mirror = calloc(1, sizeof *mirror);
    if (mirror == NULL)
        return NULL;
    mirror->mirrorer = mirrorer;
    mirror->bound = skr_bound_ref(bound);
    mirror->asks_tags = mirror->is_whole = !bound->binding.is_s3;
    mirror->next = mirrorer->mirrors;
    mirrorer->mirrors = mirror;
    return mirror;
}

/* A mirror for each binding that wants one, and for no other. */
static void skr_mirrorer_look(struct skr_mirrorer *mirrorer)
{
    struct skr_bindings *bindings = &mirrorer->background.core->bindings;
    struct skr_mirror *fresh = NULL;
    for (struct skr_mirror *mirror = mirrorer->mirrors; mirror != NULL; mirror = mirror->next)
        mirror->is_wanted = false;
    pthread_rwlock_rdlock(&bindings->lock);
    for (struct skr_bound *bound = bindings->first; bound != NULL; bound = bound->next) {
        struct skr_mirror *mirror = mirrorer->mirrors;
        if (bound->binding.listing != SKR_LISTING_MIRROR || bound->upstream == NULL)
            continue;
        while (mirror != NULL && mirror->bound != bound)
            mirror = mirror->next;
        if (mirror == NULL && (mirror = skr_mirror_new(mirrorer, bound)) != NULL)
            fresh = mirror;
        if (mirror != NULL)
            mirror->is_wanted = true;
    }
    pthread_rwlock_unlock(&bindings->lock);
    for (struct skr_mirror *mirror = fresh; mirror != NULL; mirror = mirror->next) /* new ones are in front */
        if (mirror->began_ms == 0 && mirror->last_key == NULL)
            skr_mirror_load(mirror);
    for (struct skr_mirror **link = &mirrorer->mirrors; *link != NULL;) {
        struct skr_mirror *mirror = *link;
        if (mirror->is_wanted || mirror->phase == SKR_MIRROR_APPLIES) { /* a change under way refers to it */
            link = &mirror->next;
            continue;
        }
        *link = mirror->next;
        skr_mirror_free(mirror);
    }
}

static int skr_mirrorer_turn(struct skr_background *background)
{
    struct skr_mirrorer *mirrorer = (struct skr_mirrorer *)background;
    int64_t now_ms = skr_clock_ms(), next_ms = now_ms + SKR_MIRROR_IDLE_MS;
    skr_mirrorer_look(mirrorer);
    for (struct skr_mirror *mirror = mirrorer->mirrors; mirror != NULL; mirror = mirror->next) {
        if (mirror->phase != SKR_MIRROR_WAITS)
            continue;
        if (mirror->due_ms <= now_ms) {
            mirror->began_ms = now_ms;
            skr_mirror_ask(mirror);
        } else if (mirror->due_ms < next_ms) {
            next_ms = mirror->due_ms;
        }
    }
    return (int)(next_ms - now_ms);
}

static bool skr_mirrorer_wind_down(struct skr_background *background)
{
    struct skr_mirrorer *mirrorer = (struct skr_mirrorer *)background;
    for (struct skr_mirror **link = &mirrorer->mirrors; *link != NULL;) {
        struct skr_mirror *mirror = *link;
        if (mirror->phase == SKR_MIRROR_APPLIES) {
            link = &mirror->next;
            continue;
        }
        *link = mirror->next;
        skr_mirror_free(mirror);
    }
    return mirrorer->mirrors == NULL;
}

enum skr_status skr_mirrorer_open(struct skr_mirrorer **out, struct skr_core *core, struct skr_error *err)
{
    struct skr_mirrorer *mirrorer = calloc(1, sizeof *mirrorer);
    if (mirrorer == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for mirrors");
    mirrorer->background.name = "skr-mirror";
    mirrorer->background.turn = skr_mirrorer_turn;
    mirrorer->background.wind_down = skr_mirrorer_wind_down;
    *out = mirrorer;
    return skr_background_open(&mirrorer->background, core, err);
}

void skr_mirrorer_wake(struct skr_mirrorer *mirrorer)
{
    skr_background_wake(&mirrorer->background);
}

void skr_mirrorer_close(struct skr_mirrorer *mirrorer)
{
    if (mirrorer == NULL)
        return;
    skr_background_close(&mirrorer->background);
    free(mirrorer);
}
