/* Why: a request must know at once whether its container is bound, and to what. Metadata holds the bindings; here they are
 * open.
 *
 * Invariant: what is in the list was committed. A binding that is replaced or detached leaves the list; calls under way keep it
 * alive by reference. Secrets go from metadata into the upstream's client and are not kept here.
 */
#include "bindings.h"

#include <stdlib.h>

#include "../state.h"
#include "clock.h"
#include "probing.h"
#include "skerry/log.h"

#define SKR_CONNECT_TIMEOUT_MS 2000
#define SKR_QUICK_STALL_MS 5000

static const enum skr_binding_text skr_secrets[] = {SKR_BINDING_ACCOUNT_KEY,   SKR_BINDING_SAS,
                                                    SKR_BINDING_SECRET_KEY,    SKR_BINDING_SESSION_TOKEN,
                                                    SKR_BINDING_CLIENT_SECRET, SKR_BINDING_PROXY};

/* ---- an upstream from a binding ---- */

/* Zero-terminated; NULL when it is not set. */
static const char *skr_binding_string(struct skr_arena *arena, const struct skr_binding *binding, enum skr_binding_text text,
                                      bool *no_memory)
{
    struct skr_bytes value = binding->texts[text];
    if (value.size == 0)
        return NULL;
    char *copy = skr_arena_alloc(arena, value.size + 1);
    if (copy == NULL) {
        *no_memory = true;
        return NULL;
    }
    memcpy(copy, value.data, value.size);
    copy[value.size] = '\0';
    return copy;
}

static const char *skr_binding_url(struct skr_arena *arena, const struct skr_binding *binding, struct skr_bytes container,
                                   bool *no_memory)
{
    struct skr_bytes url = binding->texts[SKR_BINDING_URL];
    while (container.size > 0 && url.size > 0 && url.data[url.size - 1] == '/')
        url.size--;
    char *out = skr_arena_alloc(arena, url.size + 1 + container.size + 1);
    *no_memory |= out == NULL;
    if (out != NULL)
        snprintf(out, url.size + 1 + container.size + 1, "%.*s%s%.*s", SKR_PRINT(url), container.size > 0 ? "/" : "",
                 SKR_PRINT(container));
    return out;
}

static enum skr_upstream_credential skr_credential_of(enum skr_binding_credential credential)
{
    switch (credential) {
    case SKR_BINDING_BY_ACCOUNT_KEY:
        return SKR_UPSTREAM_ACCOUNT_KEY;
    case SKR_BINDING_BY_SAS:
        return SKR_UPSTREAM_SAS;
    case SKR_BINDING_BY_S3_KEYS:
        return SKR_UPSTREAM_S3_KEYS;
    case SKR_BINDING_BY_MANAGED_IDENTITY:
    case SKR_BINDING_BY_WORKLOAD_IDENTITY:
    case SKR_BINDING_BY_CLIENT_SECRET:
        return SKR_UPSTREAM_TOKEN;
    case SKR_BINDING_ANONYMOUS:
        break;
    }
    return SKR_UPSTREAM_ANONYMOUS;
}

/* A provider of bearer tokens where the binding wants one; else `*out` is NULL. */
static enum skr_status skr_binding_open_tokens(const struct skr_binding *binding, const char *const *texts,
                                               struct skr_upstream_token_provider **out, struct skr_error *err)
{
    struct skr_token_settings settings = {
        .kind = binding->credential == SKR_BINDING_BY_MANAGED_IDENTITY    ? SKR_TOKEN_MANAGED_IDENTITY
                : binding->credential == SKR_BINDING_BY_WORKLOAD_IDENTITY ? SKR_TOKEN_WORKLOAD_IDENTITY
                                                                          : SKR_TOKEN_CLIENT_SECRET,
        .tenant = texts[SKR_BINDING_TENANT],
        .client_id = texts[SKR_BINDING_CLIENT],
        .client_secret = texts[SKR_BINDING_CLIENT_SECRET],
        .token_file = texts[SKR_BINDING_TOKEN_FILE],
        .authority = texts[SKR_BINDING_AUTHORITY],
        .endpoint = texts[SKR_BINDING_AUTHORITY],
        .ca_file = texts[SKR_BINDING_CA_FILE],
        .proxy = texts[SKR_BINDING_PROXY],
    };
    *out = NULL;
    return skr_credential_of(binding->credential) == SKR_UPSTREAM_TOKEN ? skr_tokens_open(out, &settings, err) : SKR_OK;
}

void skr_bound_close_upstream(struct skr_bound *bound)
{
    skr_upstream_close(bound->all);
    skr_upstream_close(bound->quick);
    skr_upstream_close(bound->upstream);
    skr_tokens_close(bound->tokens);
    bound->all = bound->quick = bound->upstream = NULL;
    bound->tokens = NULL;
}

enum skr_status skr_bound_open_upstream(struct skr_bound *bound, const struct skr_bindings *bindings,
                                        const struct skr_binding *binding, struct skr_bytes container, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    _Alignas(16) char memory[4096];
    skr_arena_seed(&arena, memory, sizeof memory);
    bool no_memory = false;
    const char *texts[SKR_BINDING_TEXT_COUNT];
    for (unsigned i = 0; i < SKR_BINDING_TEXT_COUNT; i++)
        texts[i] = skr_binding_string(&arena, binding, i, &no_memory);
    struct skr_upstream_settings settings = {
        .kind = binding->is_s3 ? SKR_UPSTREAM_S3 : SKR_UPSTREAM_AZURE,
        .url = skr_binding_url(&arena, binding, container, &no_memory),
        .credential = skr_credential_of(binding->credential),
        .account = texts[SKR_BINDING_ACCOUNT],
        .account_key = texts[SKR_BINDING_ACCOUNT_KEY],
        .sas = texts[SKR_BINDING_SAS],
        .access_key = texts[SKR_BINDING_ACCESS_KEY],
        .secret_key = texts[SKR_BINDING_SECRET_KEY],
        .session_token = texts[SKR_BINDING_SESSION_TOKEN],
        .region = texts[SKR_BINDING_REGION],
        .ca_file = texts[SKR_BINDING_CA_FILE],
        .proxy = texts[SKR_BINDING_PROXY],
        .allow_http = binding->allow_http,
        .connect_timeout_ms = bindings->connect_timeout_ms == 0 ? SKR_CONNECT_TIMEOUT_MS : bindings->connect_timeout_ms,
    };
    enum skr_status status = no_memory ? skr_fail(err, SKR_NO_MEMORY, "no memory for a binding")
                                       : skr_binding_open_tokens(binding, texts, &bound->tokens, err);
    settings.token_provider = bound->tokens;
    if (status == SKR_OK)
        status = skr_upstream_open(&bound->upstream, &settings, err);
    settings.stall_timeout_ms = SKR_QUICK_STALL_MS;
    if (status == SKR_OK)
        status = skr_upstream_open(&bound->quick, &settings, err);
    if (status != SKR_OK)
        skr_bound_close_upstream(bound);
    for (size_t i = 0; i < sizeof skr_secrets / sizeof *skr_secrets; i++)
        if (texts[skr_secrets[i]] != NULL)
            explicit_bzero((char *)texts[skr_secrets[i]], strlen(texts[skr_secrets[i]]));
    skr_arena_release(&arena);
    return status;
}

/* One of all containers has no upstream of its own, but asks for their list: by a URL of any of them. Where they are folders of
 * one container there is no list. */
static enum skr_status skr_bound_open_account(struct skr_bound *bound, const struct skr_binding *binding, struct skr_error *err)
{
    enum skr_status status = skr_bound_open_upstream(bound, bound->bindings, binding, SKR_BYTES("container"), err);
    if (status != SKR_OK)
        return status;
    if (skr_upstream_is_whole(bound->quick))
        bound->all = skr_upstream_ref(bound->quick);
    skr_upstream_close(bound->quick);
    skr_upstream_close(bound->upstream);
    bound->quick = bound->upstream = NULL;
    return SKR_OK;
}

/* ---- one that is in force ---- */

struct skr_bound *skr_bound_ref(struct skr_bound *bound)
{
    atomic_fetch_add_explicit(&bound->references, 1, memory_order_relaxed);
    return bound;
}

void skr_bound_release(struct skr_bound *bound)
{
    if (bound == NULL || atomic_fetch_sub_explicit(&bound->references, 1, memory_order_acq_rel) > 1)
        return;
    skr_bound_close_upstream(bound); /* no call is under way: each holds a reference to this */
    skr_bound_release(bound->whole);
    skr_arena_release(&bound->memory);
    free(bound->account);
    free(bound->container);
    free(bound);
}

static struct skr_bound *skr_bound_new(struct skr_bindings *bindings, struct skr_bytes account, struct skr_bytes container,
                                       const struct skr_binding *binding)
{
    struct skr_bound *bound = calloc(1, sizeof *bound);
    if (bound == NULL)
        return NULL;
    atomic_store(&bound->references, 1);
    bound->bindings = bindings;
    bound->account = strndup(account.data, account.size);
    bound->container = strndup(container.data, container.size);
    bound->binding = *binding;
    for (size_t i = 0; i < sizeof skr_secrets / sizeof *skr_secrets; i++)
        bound->binding.texts[skr_secrets[i]] = SKR_NO_BYTES;
    bool whole = bound->account != NULL && bound->container != NULL;
    for (unsigned i = 0; i < SKR_BINDING_TEXT_COUNT && whole; i++) {
        struct skr_bytes *text = &bound->binding.texts[i];
        if (text->size == 0)
            continue;
        *text = skr_arena_copy(&bound->memory, *text);
        whole = text->data != NULL;
    }
    if (!whole) {
        skr_bound_release(bound);
        return NULL;
    }
    return bound;
}

struct skr_bound *skr_bound_whole(struct skr_bound *bound)
{
    return bound->whole == NULL ? bound : bound->whole;
}

bool skr_bound_is_away(const struct skr_bound *bound)
{
    return atomic_load_explicit(bound->whole == NULL ? &bound->is_away : &bound->whole->is_away, memory_order_relaxed);
}

/* A time-out says that upstream is away; that anything was answered, that it is not. */
static void skr_bound_note_away(struct skr_bound *bound, const struct skr_upstream_result *result)
{
    struct skr_prober *prober = bound->bindings == NULL ? NULL : bound->bindings->prober;
    _Atomic bool *is_away = &skr_bound_whole(bound)->is_away;
    bool before = atomic_load_explicit(is_away, memory_order_relaxed);
    if (result->outcome == SKR_UPSTREAM_TIMEOUT && !before && prober != NULL && bound->quick != NULL) {
        atomic_store(is_away, true);
        skr_prober_wake(prober);
    } else if (before && result->outcome != SKR_UPSTREAM_TIMEOUT && result->http_status != 0) {
        atomic_store(is_away, false);
    }
}

void skr_bound_note(struct skr_bound *bound, const struct skr_upstream_result *result)
{
    skr_bound_note_away(bound, result);
    bool ill = result->outcome > SKR_UPSTREAM_INVALID_RANGE || result->outcome == SKR_UPSTREAM_CONTAINER_NOT_FOUND;
    if (result->outcome == SKR_UPSTREAM_CANCELLED || result->outcome == SKR_UPSTREAM_CHANGED ||
        result->outcome == SKR_UPSTREAM_CONFLICT)
        return; /* nothing that ails the upstream */
    if (ill) {
        atomic_fetch_add(&bound->failures, 1);
        atomic_store(&bound->last_failure, (int)result->outcome);
        atomic_store(&bound->last_failure_ns, skr_wall_ns());
    }
    if (!ill && atomic_load_explicit(&bound->ill_until_ms, memory_order_relaxed) != 0)
        atomic_store(&bound->ill_until_ms, 0);
    if (atomic_load_explicit(&bound->is_ill, memory_order_relaxed) == ill || atomic_exchange(&bound->is_ill, ill) == ill)
        return; /* only what changes is worth a line */
    struct skr_bytes name = bound->upstream == NULL ? bound->binding.texts[SKR_BINDING_URL] /* of all containers */
                                                    : skr_text(skr_upstream_name(bound->upstream));
    if (ill)
        skr_log(SKR_LOG_WARNING, "federation", "%.*s behind %s/%s: %s (%s)", SKR_PRINT(name), bound->account, bound->container,
                skr_upstream_outcome_text(result->outcome), result->message == NULL ? "" : result->message);
    else
        skr_log(SKR_LOG_INFO, "federation", "%.*s behind %s/%s answers again", SKR_PRINT(name), bound->account,
                bound->container);
}

/* ---- all of them ---- */

void skr_bindings_open(struct skr_bindings *bindings)
{
    pthread_rwlock_init(&bindings->lock, NULL);
}

static void skr_bound_release_all(struct skr_bound *bound)
{
    while (bound != NULL) {
        struct skr_bound *next = bound->next;
        skr_bound_release(bound);
        bound = next;
    }
}

void skr_bindings_close(struct skr_bindings *bindings)
{
    skr_bound_release_all(bindings->first);
    bindings->first = NULL;
    pthread_rwlock_destroy(&bindings->lock);
}

static bool skr_is_named(const struct skr_bound *bound, struct skr_bytes account, struct skr_bytes container)
{
    return skr_bytes_equal(skr_text(bound->container), container) && skr_bytes_equal(skr_text(bound->account), account);
}

/* Takes one that is in force out of the list. NULL: there is none of this name and revision. */
static struct skr_bound *skr_bound_take(struct skr_bindings *bindings, struct skr_bytes account, struct skr_bytes container,
                                        uint64_t revision)
{
    for (struct skr_bound **link = &bindings->first; *link != NULL; link = &(*link)->next) {
        struct skr_bound *bound = *link;
        if (bound->binding.revision == revision && skr_is_named(bound, account, container)) {
            *link = bound->next;
            return bound;
        }
    }
    return NULL;
}

/* What a load gathers. */
struct skr_loading {
    struct skr_bindings *bindings;
    struct skr_bound *first, **last;
    size_t count;
    bool no_memory;
};

static bool skr_load_binding(void *context, struct skr_bytes account, struct skr_bytes container,
                             const struct skr_binding *binding)
{
    struct skr_loading *loading = context;
    struct skr_error error;
    struct skr_bound *bound = skr_bound_take(loading->bindings, account, container, binding->revision);
    if (bound == NULL) {
        bound = skr_bound_new(loading->bindings, account, container, binding);
        loading->no_memory = bound == NULL;
        /* One that cannot be opened any more, for a file that is gone, say, is told and stays: its container then has an
         * upstream that nothing comes from, instead of looking empty. */
        bool is_all = skr_bytes_equal(container, SKR_BYTES(SKR_ALL_CONTAINERS));
        if (bound != NULL &&
            (is_all ? skr_bound_open_account(bound, binding, &error)
                    : skr_bound_open_upstream(bound, bound->bindings, binding, SKR_NO_BYTES, &error)) != SKR_OK)
            skr_log(SKR_LOG_ERROR, "federation", "the upstream of %s/%s cannot be used: %s", bound->account, bound->container,
                    error.message);
    }
    if (bound == NULL)
        return false;
    bound->next = NULL;
    *loading->last = bound;
    loading->last = &bound->next;
    loading->count++;
    return true;
}

enum skr_status skr_bindings_load(struct skr_bindings *bindings, struct skr_view *view, struct skr_error *err)
{
    struct skr_loading loading = {.bindings = bindings};
    loading.last = &loading.first;
    pthread_rwlock_wrlock(&bindings->lock);
    enum skr_status status = skr_binding_list(view, skr_load_binding, &loading, err);
    if (status == SKR_OK && loading.no_memory)
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for a binding");
    struct skr_bound *gone = NULL;
    if (status == SKR_OK)
        gone = bindings->first;
    else
        *loading.last = bindings->first; /* as they were, as far as that goes */
    bindings->first = loading.first;
    atomic_store(&bindings->count, loading.count);
    pthread_rwlock_unlock(&bindings->lock);
    skr_bound_release_all(gone);
    return status;
}

/* Under the lock: the one of this very container; `all` is set to that of all containers of the account. */
static struct skr_bound *skr_bound_look(const struct skr_bindings *bindings, struct skr_bytes account,
                                        struct skr_bytes container, struct skr_bound **all)
{
    *all = NULL;
    for (struct skr_bound *bound = bindings->first; bound != NULL; bound = bound->next) {
        if (skr_is_named(bound, account, container))
            return bound;
        if (bound->upstream == NULL && skr_is_named(bound, account, SKR_BYTES(SKR_ALL_CONTAINERS)))
            *all = bound;
    }
    return NULL;
}

/* That of all containers, for this one. Its secrets are with metadata only: an upstream for it is made out of those. */
static struct skr_bound *skr_bound_derive(struct skr_bindings *bindings, struct skr_bytes account, struct skr_bytes container,
                                          struct skr_view *view)
{
    struct skr_bound *all;
    struct skr_binding binding;
    struct skr_error error;
    pthread_rwlock_wrlock(&bindings->lock);
    struct skr_bound *bound = skr_bound_look(bindings, account, container, &all);
    if (bound == NULL && all != NULL &&
        skr_binding_get(view, account, SKR_BYTES(SKR_ALL_CONTAINERS), &binding, &error) == SKR_OK &&
        (bound = skr_bound_new(bindings, account, container, &binding)) != NULL) {
        bound->is_derived = true;
        bound->whole = skr_bound_ref(all);
        if (skr_bound_open_upstream(bound, bindings, &binding, container, &error) != SKR_OK)
            skr_log(SKR_LOG_ERROR, "federation", "the upstream of %s/%s cannot be used: %s", bound->account, bound->container,
                    error.message);
        bound->next = bindings->first;
        bindings->first = bound;
    }
    if (bound != NULL)
        skr_bound_ref(bound);
    pthread_rwlock_unlock(&bindings->lock);
    return bound;
}

struct skr_bound *skr_bound_find(struct skr_bindings *bindings, struct skr_meta_reader *reader, struct skr_bytes account,
                                 struct skr_bytes container)
{
    struct skr_bound *all;
    struct skr_view *view;
    if (atomic_load_explicit(&bindings->count, memory_order_acquire) == 0)
        return NULL;
    pthread_rwlock_rdlock(&bindings->lock);
    struct skr_bound *bound = skr_bound_look(bindings, account, container, &all);
    if (bound != NULL)
        skr_bound_ref(bound);
    pthread_rwlock_unlock(&bindings->lock);
    if (bound != NULL || all == NULL || skr_view_begin(reader, &view, NULL) != SKR_OK)
        return bound;
    bound = skr_bound_derive(bindings, account, container, view);
    skr_view_end(view);
    return bound;
}

struct skr_bound *skr_bound_find_all(struct skr_bindings *bindings, struct skr_bytes account)
{
    struct skr_bound *all;
    if (atomic_load_explicit(&bindings->count, memory_order_acquire) == 0)
        return NULL;
    pthread_rwlock_rdlock(&bindings->lock);
    skr_bound_look(bindings, account, SKR_NO_BYTES, &all);
    if (all != NULL)
        skr_bound_ref(all);
    pthread_rwlock_unlock(&bindings->lock);
    return all;
}

void skr_bound_begin_deletion(struct skr_bindings *bindings, struct skr_bound *bound)
{
    atomic_fetch_add(&bound->deletions, 1);
    atomic_fetch_add(&bindings->deletions, 1);
}

void skr_bound_end_deletion(struct skr_bindings *bindings, struct skr_bound *bound)
{
    atomic_fetch_sub(&bindings->deletions, 1);
    atomic_fetch_sub(&bound->deletions, 1);
}

bool skr_is_being_deleted(struct skr_bindings *bindings, struct skr_bytes account, struct skr_bytes container)
{
    struct skr_bound *all;
    if (atomic_load_explicit(&bindings->deletions, memory_order_acquire) == 0)
        return false;
    pthread_rwlock_rdlock(&bindings->lock);
    const struct skr_bound *bound = skr_bound_look(bindings, account, container, &all);
    bool is_going = bound != NULL && atomic_load(&bound->deletions) > 0;
    pthread_rwlock_unlock(&bindings->lock);
    return is_going;
}

struct skr_bound *skr_bound_of_origin(struct skr_bindings *bindings, const struct skr_origin *origin)
{
    struct skr_bound *bound;
    pthread_rwlock_rdlock(&bindings->lock);
    for (bound = bindings->first; bound != NULL; bound = bound->next)
        if (bound->binding.id == origin->binding && skr_bytes_equal(skr_text(bound->container), origin->container))
            break;
    if (bound != NULL)
        skr_bound_ref(bound);
    pthread_rwlock_unlock(&bindings->lock);
    return bound;
}

void skr_bindings_visit_away(struct skr_bindings *bindings, bool (*visit)(void *context, struct skr_bound *bound),
                             void *context)
{
    bool more = true;
    pthread_rwlock_rdlock(&bindings->lock);
    for (struct skr_bound *bound = bindings->first; bound != NULL && more; bound = bound->next)
        if (bound->quick != NULL && skr_bound_is_away(bound))
            more = visit(context, bound);
    pthread_rwlock_unlock(&bindings->lock);
}

bool skr_bindings_hold(struct skr_bindings *bindings, const struct skr_bound *wanted)
{
    pthread_rwlock_rdlock(&bindings->lock);
    const struct skr_bound *bound = bindings->first;
    while (bound != NULL && bound != wanted)
        bound = bound->next;
    pthread_rwlock_unlock(&bindings->lock);
    return bound != NULL;
}

bool skr_bindings_have(struct skr_bindings *bindings, uint64_t id, char *account, size_t size, uint64_t *capacity_bytes)
{
    struct skr_bound *bound;
    pthread_rwlock_rdlock(&bindings->lock);
    for (bound = bindings->first; bound != NULL && bound->binding.id != id;)
        bound = bound->next;
    if (bound != NULL) {
        snprintf(account, size, "%s", bound->account);
        *capacity_bytes = bound->binding.capacity_bytes;
    }
    pthread_rwlock_unlock(&bindings->lock);
    return bound != NULL;
}

void skr_visit_bindings(struct skr_core *core, bool (*visit)(void *context, const struct skr_binding_state *state),
                        void *context)
{
    struct skr_bindings *bindings = &core->bindings;
    bool more = true;
    pthread_rwlock_rdlock(&bindings->lock);
    for (const struct skr_bound *bound = bindings->first; bound != NULL && more; bound = bound->next) {
        int64_t failed_ns = atomic_load(&bound->last_failure_ns);
        struct skr_binding_state state = {
            .account = skr_text(bound->account),
            .container = skr_text(bound->container),
            .binding = &bound->binding,
            .upstream = bound->upstream == NULL ? "" : skr_upstream_name(bound->upstream),
            .mirror_rounds = atomic_load(&bound->mirror_rounds),
            .mirrored_objects = atomic_load(&bound->mirrored_objects),
            .fetched_bytes = atomic_load(&bound->fetched_bytes),
            .fetches = atomic_load(&bound->fetches),
            .failures = atomic_load(&bound->failures),
            .refreshes = atomic_load(&bound->refreshes),
            .stale_answers = atomic_load(&bound->stale_answers),
            .last_failure = failed_ns == 0 ? "" : skr_upstream_outcome_text((unsigned)atomic_load(&bound->last_failure)),
            .last_failure_ns = failed_ns,
            .is_derived = bound->is_derived,
            .is_well = !atomic_load(&bound->is_ill),
        };
        more = visit(context, &state);
    }
    pthread_rwlock_unlock(&bindings->lock);
}
