/* Why: what an operator pinned stays, whatever room is needed, also after a restart. There are few of them: a list.
 *
 * Invariant: the list in memory is what metadata has, or had a moment ago; whoever evicts looks into it on the commit thread,
 * which a new pin has passed before its maker is told.
 */
#include "operator_pins.h"

#include <stdlib.h>

#include "space.h"

#define SKR_MOST_PINS 10000

void skr_operator_pins_open(struct skr_operator_pins *pins)
{
    pthread_rwlock_init(&pins->lock, NULL);
}

static void skr_operator_pins_free(struct skr_operator_pin *pin)
{
    while (pin != NULL) {
        struct skr_operator_pin *next = pin->next;
        free(pin);
        pin = next;
    }
}

void skr_operator_pins_close(struct skr_operator_pins *pins)
{
    skr_operator_pins_free(pins->first);
    pins->first = NULL;
    pthread_rwlock_destroy(&pins->lock);
}

bool skr_operator_pins_have(struct skr_operator_pins *pins, struct skr_bytes account, struct skr_bytes container,
                            struct skr_bytes key)
{
    bool found = false;
    pthread_rwlock_rdlock(&pins->lock);
    for (const struct skr_operator_pin *pin = pins->first; pin != NULL && !found; pin = pin->next)
        found = key.size >= pin->prefix.size && memcmp(key.data, pin->prefix.data, pin->prefix.size) == 0 &&
                skr_bytes_equal(pin->container, container) && skr_bytes_equal(pin->account, account);
    pthread_rwlock_unlock(&pins->lock);
    return found;
}

/* ---- as they are stored: account NUL container NUL prefix ---- */

static bool skr_pin_parse(struct skr_bytes document, struct skr_bytes *account, struct skr_bytes *container,
                          struct skr_bytes *prefix)
{
    const char *end = document.data + document.size;
    const char *first = document.size == 0 ? NULL : memchr(document.data, '\0', document.size);
    const char *second = first == NULL ? NULL : memchr(first + 1, '\0', (size_t)(end - first - 1));
    if (second == NULL)
        return false;
    *account = (struct skr_bytes){document.data, (size_t)(first - document.data)};
    *container = (struct skr_bytes){first + 1, (size_t)(second - first - 1)};
    *prefix = (struct skr_bytes){second + 1, (size_t)(end - second - 1)};
    return true;
}

/* What a load gathers. */
struct skr_pins_loading {
    struct skr_operator_pin *first, **last;
    bool no_memory;
};

static bool skr_pin_load(void *context, const struct skr_note_key *key, struct skr_bytes document)
{
    struct skr_pins_loading *loading = context;
    struct skr_operator_pin *pin = malloc(sizeof *pin + document.size + 1);
    loading->no_memory = pin == NULL;
    if (pin == NULL)
        return false;
    char *text = (char *)(pin + 1);
    memcpy(text, document.data, document.size);
    *pin = (struct skr_operator_pin){.number = key->number};
    if (!skr_pin_parse((struct skr_bytes){text, document.size}, &pin->account, &pin->container, &pin->prefix)) {
        free(pin);
        return true;
    }
    *loading->last = pin;
    loading->last = &pin->next;
    return true;
}

enum skr_status skr_operator_pins_load(struct skr_operator_pins *pins, struct skr_view *view, struct skr_error *err)
{
    struct skr_pins_loading loading = {.first = NULL};
    struct skr_note_key from = {.kind = SKR_NOTE_PIN};
    loading.last = &loading.first;
    enum skr_status status = skr_note_list(view, &from, skr_pin_load, &loading, err);
    if (status == SKR_OK && loading.no_memory)
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for pins");
    pthread_rwlock_wrlock(&pins->lock);
    struct skr_operator_pin *gone = status == SKR_OK ? pins->first : loading.first;
    if (status == SKR_OK)
        pins->first = loading.first;
    pthread_rwlock_unlock(&pins->lock);
    skr_operator_pins_free(gone);
    return status;
}

/* ---- pinning and unpinning ---- */

struct skr_pin_change {
    struct skr_pending pending;
    struct skr_bytes account, container, prefix;
    bool unpins;
};

/* What to look for, and what was found. */
struct skr_pin_search {
    const struct skr_pin_change *op;
    uint64_t found, highest, count;
};

static bool skr_pin_compare(void *context, const struct skr_note_key *key, struct skr_bytes document)
{
    struct skr_pin_search *search = context;
    struct skr_bytes account, container, prefix;
    search->highest = key->number;
    search->count++;
    if (skr_pin_parse(document, &account, &container, &prefix) && skr_bytes_equal(prefix, search->op->prefix) &&
        skr_bytes_equal(container, search->op->container) && skr_bytes_equal(account, search->op->account))
        search->found = key->number;
    return true;
}

static enum skr_status skr_apply_pin(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_pin_change *op = (struct skr_pin_change *)change;
    struct skr_pin_search search = {.op = op};
    struct skr_note_key from = {.kind = SKR_NOTE_PIN};
    struct skr_binding binding;
    enum skr_status status = skr_note_list(view, &from, skr_pin_compare, &search, err);
    if (status == SKR_OK && op->unpins) {
        struct skr_note_key key = {.kind = SKR_NOTE_PIN, .number = search.found};
        return search.found == 0 ? skr_fail(err, SKR_NOT_FOUND, "nothing is pinned there") : skr_note_remove(view, &key, err);
    }
    if (status != SKR_OK || search.found != 0)
        return status;
    if (skr_binding_of(view, op->account, op->container, &binding, err) == SKR_NOT_FOUND)
        return skr_fail(err, SKR_NOT_FOUND, "the container is not attached to an upstream: all of it stays here");
    if (search.count >= SKR_MOST_PINS)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "there are %d pins already", SKR_MOST_PINS);
    size_t size = op->account.size + op->container.size + op->prefix.size + 2;
    char *text = skr_arena_alloc(&op->pending.arena, size + 1);
    if (text == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a pin");
    snprintf(text, size + 1, "%.*s%c%.*s%c%.*s", SKR_PRINT(op->account), '\0', SKR_PRINT(op->container), '\0',
             SKR_PRINT(op->prefix));
    struct skr_note_key key = {.kind = SKR_NOTE_PIN, .number = search.highest + 1};
    return skr_note_put(view, &key, (struct skr_bytes){text, size}, err);
}

static void skr_settle_pin(struct skr_pending *pending)
{
    struct skr_space *space = pending->worker->core->space;
    struct skr_view *view;
    if (pending->change.status != SKR_OK)
        return;
    enum skr_status status = skr_view_begin(pending->worker->reader, &view, &pending->change.error);
    if (status == SKR_OK) {
        status = skr_operator_pins_load(&space->pins, view, &pending->change.error);
        skr_view_end(view);
    }
    pending->change.status = status;
    skr_space_release(pending->worker->core);
}

static struct skr_pending *skr_pin_submit(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                                          struct skr_bytes prefix, bool unpins, skr_done done, void *context)
{
    struct skr_pin_change *op = skr_pending_new(worker, sizeof *op, skr_apply_pin, done, context);
    if (op == NULL)
        return NULL;
    op->pending.settle = skr_settle_pin;
    op->unpins = unpins;
    op->account = skr_arena_copy(&op->pending.arena, account);
    op->container = skr_arena_copy(&op->pending.arena, container);
    op->prefix = skr_arena_copy(&op->pending.arena, prefix);
    if (op->account.data == NULL || op->container.data == NULL || op->prefix.data == NULL)
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a pin");
    if (prefix.size > SKR_MAX_KEY_BYTES)
        return skr_pending_fail(&op->pending, SKR_INVALID_ARGUMENT, "no name is as long as that");
    return skr_pending_submit(&op->pending);
}

struct skr_pending *skr_pin_prefix(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                                   struct skr_bytes prefix, skr_done done, void *context)
{
    return skr_pin_submit(worker, account, container, prefix, false, done, context);
}

struct skr_pending *skr_unpin_prefix(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                                     struct skr_bytes prefix, skr_done done, void *context)
{
    return skr_pin_submit(worker, account, container, prefix, true, done, context);
}

void skr_visit_pins(struct skr_core *core,
                    bool (*visit)(void *context, struct skr_bytes account, struct skr_bytes container, struct skr_bytes prefix),
                    void *context)
{
    struct skr_operator_pins *pins = &core->space->pins;
    pthread_rwlock_rdlock(&pins->lock);
    for (const struct skr_operator_pin *pin = pins->first; pin != NULL; pin = pin->next)
        if (!visit(context, pin->account, pin->container, pin->prefix))
            break;
    pthread_rwlock_unlock(&pins->lock);
}
