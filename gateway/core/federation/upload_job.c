/* One entry of the journal on its way upstream: what is sent, under which condition, and what follows from the answer.
 *
 * Invariant: nothing is sent without a condition on what upstream is believed to have, but for tags, which upstreams take
 * without one: before them upstream is asked. Where what upstream has is not known it is looked at first.
 */
#include "upload.h"

const struct skr_upstream_retry skr_upload_retry = {.attempts = 3, .first_ms = 100, .most_ms = 2000, .patience_ms = 10000};

/* ---- beginning ---- */

/* Is the entry still that of a container that is there? */
static enum skr_status skr_upload_find_container(struct skr_upload_job *job, struct skr_error *err)
{
    struct skr_container container;
    struct skr_view *view;
    enum skr_status status = skr_view_begin(job->uploader->background.worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_container_get(view, &job->arena, job->entry.account, job->entry.container, &container, err);
    if (status == SKR_OK && container.journal_node != job->entry.journal_node)
        status = SKR_CONTAINER_NOT_FOUND;
    skr_view_end(view);
    return status;
}

static enum skr_status skr_upload_open_object(struct skr_upload_job *job, struct skr_error *err)
{
    struct skr_object_name name = {.account = job->entry.account, .container = job->entry.container, .key = job->entry.key};
    return skr_open_object(job->uploader->background.worker, &job->arena, &name, NULL, &job->object, &job->reader, err);
}

void skr_upload_begin(struct skr_upload_job *job)
{
    struct skr_journal_entry *entry = &job->entry;
    struct skr_uploader *uploader = job->uploader;
    struct skr_error error = {.message = ""};
    bool deletes = entry->what & SKR_JOURNAL_DELETE;
    enum skr_status status = skr_upload_find_container(job, &error);
    if (status == SKR_OK)
        job->bound = skr_bound_find(&uploader->background.core->bindings, uploader->background.worker->reader, entry->account,
                                    entry->container);
    if (status == SKR_OK &&
        (job->bound == NULL || job->bound->upstream == NULL || job->bound->binding.mode == SKR_BINDING_READ_ONLY)) {
        job->retry_after_ms = SKR_UPLOAD_REFUSED_MS; /* it may be bound again */
        skr_upload_end(job, SKR_UPLOAD_AWAY, "the container has no upstream that may be written");
        return;
    }
    if (status == SKR_OK && !deletes)
        status = skr_upload_open_object(job, &error);
    if (status == SKR_CONTAINER_NOT_FOUND || status == SKR_OBJECT_NOT_FOUND) {
        skr_upload_end(job, SKR_UPLOAD_OBSOLETE, "there is nothing to upload");
        return;
    }
    if (status != SKR_OK) {
        skr_upload_end(job, SKR_UPLOAD_REFUSED, "it cannot be read here: %s", error.message);
        return;
    }
    if (job->bound->binding.id != entry->binding) { /* another upstream, perhaps */
        entry->base_known = false;
        entry->source_key = entry->source_etag = SKR_NO_BYTES;
    }
    if (entry->is_awaited && entry->sequence >> 40 != skr_meta_boot(job->uploader->background.core->meta))
        entry->overwrites = false; /* nobody waits any more: it must not go over what came after it */
    job->left = entry->what;
    job->is_conditional = true;
    job->base_etag = entry->base_etag;
    job->base_none = entry->base_etag.size == 0;
    bool looks = (entry->overwrites && !entry->is_awaited) || !entry->base_known || entry->what == SKR_JOURNAL_TAGS ||
                 (deletes && job->base_none);
    if (looks)
        skr_upload_look_first(job);
    else
        skr_upload_send(job);
}

/* ---- sending ---- */

struct skr_upstream_conditions skr_upload_conditions(const struct skr_upload_job *job)
{
    struct skr_upstream_conditions conditions = {.if_none_match_any = false};
    if (job->base_none)
        conditions.if_none_match_any = true;
    else
        conditions.if_match = job->base_etag;
    return conditions;
}

struct skr_upstream_attributes skr_upload_attributes_of(const struct skr_object *object)
{
    struct skr_upstream_attributes attributes = {
        .has_md5 = object->has_md5,
        .metadata = object->metadata,
        .metadata_count = object->metadata_count,
        .tags = object->tags,
        .tag_count = object->tag_count,
    };
    memcpy(attributes.md5, object->md5, sizeof attributes.md5);
    for (unsigned i = 0; i < SKR_PROPERTY_COUNT; i++)
        if (SKR_UPSTREAM_PROPERTIES & (1u << i))
            attributes.properties[i] = object->properties[i];
    return attributes;
}

struct skr_upstream_attributes skr_upload_attributes(const struct skr_upload_job *job)
{
    return skr_upload_attributes_of(&job->object);
}

uint64_t skr_upload_attributes_hash(const struct skr_object *object)
{
    uint64_t hash = skr_metadata_hash(object->metadata, object->metadata_count) * 31;
    hash += skr_metadata_hash(object->tags, object->tag_count);
    for (unsigned i = 0; i < SKR_PROPERTY_COUNT; i++) {
        struct skr_name_value property = {SKR_NO_BYTES, object->properties[i]};
        if (SKR_UPSTREAM_PROPERTIES & (1u << i))
            hash = hash * 31 + skr_metadata_hash(&property, 1);
    }
    return hash;
}

static void skr_upload_deleted(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    if (result->outcome == SKR_UPSTREAM_NOT_FOUND) {
        job->base_etag = SKR_NO_BYTES;
        skr_bound_note(job->bound, result);
        skr_upload_done(job);
        return;
    }
    skr_upload_wrote(job, result, SKR_JOURNAL_DELETE);
}

static void skr_upload_set_metadata(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    /* S3 has no way to set one without the other. */
    skr_upload_wrote(job, result, SKR_JOURNAL_METADATA | (job->bound->binding.is_s3 ? SKR_JOURNAL_PROPERTIES : 0));
}

static void skr_upload_set_properties(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    skr_upload_wrote(job, result, SKR_JOURNAL_PROPERTIES | (job->bound->binding.is_s3 ? SKR_JOURNAL_METADATA : 0));
}

static void skr_upload_set_tags(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    skr_upload_wrote(skr_upload_job_of(call), result, SKR_JOURNAL_TAGS);
}

void skr_upload_send(struct skr_upload_job *job)
{
    struct skr_upstream_client *client = job->uploader->client;
    struct skr_upstream *upstream = job->bound->upstream;
    struct skr_bytes key = job->entry.key;
    struct skr_upstream_conditions conditions = skr_upload_conditions(job);
    struct skr_upstream_attributes attributes = skr_upload_attributes(job);
    job->call.retry = &skr_upload_retry;
    if (job->left == 0) {
        skr_upload_done(job);
    } else if (job->left & SKR_JOURNAL_DELETE) {
        conditions.if_none_match_any = false;
        job->call.done = skr_upload_deleted;
        skr_upstream_delete(client, upstream, &job->call, key, &conditions);
    } else if (job->left & SKR_JOURNAL_CONTENT) {
        skr_upload_send_bytes(job);
    } else if (job->left & SKR_JOURNAL_METADATA) {
        job->call.done = skr_upload_set_metadata;
        skr_upstream_set_metadata(client, upstream, &job->call, key, &attributes, &conditions);
    } else if (job->left & SKR_JOURNAL_PROPERTIES) {
        job->call.done = skr_upload_set_properties;
        skr_upstream_set_properties(client, upstream, &job->call, key, &attributes, &conditions);
    } else {
        job->call.done = skr_upload_set_tags;
        skr_upstream_set_tags(client, upstream, &job->call, key, attributes.tags, attributes.tag_count);
    }
}

void skr_upload_wrote(struct skr_upload_job *job, const struct skr_upstream_result *result, unsigned what)
{
    skr_bound_note(job->bound, result);
    if (result->outcome == SKR_UPSTREAM_OK) {
        bool names = result->object != NULL && result->object->etag.size > 0;
        if (what & SKR_JOURNAL_DELETE) {
            job->base_etag = SKR_NO_BYTES;
        } else if (names) {
            job->base_etag = skr_arena_copy(&job->arena, result->object->etag);
            job->base_none = false;
        }
        job->etag_unknown |= !names && !(what & (SKR_JOURNAL_DELETE | SKR_JOURNAL_TAGS));
        if (what & SKR_JOURNAL_CONTENT && !job->bound->binding.is_s3)
            skr_early_forget(job->uploader, &job->entry);
        job->left &= ~(what & SKR_JOURNAL_CONTENT ? ~0u : what); /* an object's attributes went with it */
        if (job->etag_unknown)
            skr_upload_recover(job);
        else
            skr_upload_send(job);
        return;
    }
    bool contradicts = result->outcome == SKR_UPSTREAM_CONDITION_FAILED || result->outcome == SKR_UPSTREAM_CHANGED ||
                       result->outcome == SKR_UPSTREAM_NOT_FOUND;
    if (contradicts)
        skr_upload_recover(job);
    else
        skr_upload_fail(job, result);
}

void skr_upload_look(struct skr_upload_job *job, void (*looked)(struct skr_upstream_call *, const struct skr_upstream_result *))
{
    struct skr_upstream_conditions none = {.if_none_match_any = false};
    job->looks++;
    job->call.retry = &skr_upload_retry;
    job->call.done = looked;
    skr_upstream_head(job->uploader->client, job->bound->upstream, &job->call, job->entry.key, &none);
}

/* ---- failing ---- */

void skr_upload_fail(struct skr_upload_job *job, const struct skr_upstream_result *result)
{
    const char *word = skr_upstream_outcome_text(result->outcome);
    const char *message = result->message == NULL ? "" : result->message;
    job->retry_after_ms = result->retry_after_ms;
    switch (result->outcome) {
    case SKR_UPSTREAM_THROTTLED:
    case SKR_UPSTREAM_UNAVAILABLE:
    case SKR_UPSTREAM_TIMEOUT:
    case SKR_UPSTREAM_TLS:
    case SKR_UPSTREAM_TRUNCATED:
    case SKR_UPSTREAM_PROTOCOL:
    case SKR_UPSTREAM_NO_MEMORY:
        skr_upload_end(job, SKR_UPLOAD_AWAY, "%s: %s", word, message);
        return;
    case SKR_UPSTREAM_CANCELLED: /* the client's, while it is closed; bytes that cannot be read end otherwise */
        skr_upload_end(job, SKR_UPLOAD_AWAY, "%s", word);
        return;
    default:
        skr_upload_end(job, SKR_UPLOAD_REFUSED, "%s: %.*s%s%s", word, SKR_PRINT(result->code), result->code.size > 0 ? " " : "",
                       message);
        return;
    }
}

void skr_upload_give_up(struct skr_upload_job *job)
{
    if (job->was_committed)
        return; /* its outcome is on the way */
    job->takes_back = true;
    skr_upload_end(job, SKR_UPLOAD_REFUSED, "upstream did not answer in time");
}
