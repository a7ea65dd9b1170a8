/* Why: what was acknowledged here and is not upstream yet must be found again after any crash, in order, once a name, and what
 * upstream had before must be known, so that nothing newer there is overwritten.
 *
 * Invariants: a name has one entry at most, which its object's record leads to, or where it has none the tree of its container
 * (journal.h). That a put writes nothing but one row more is why: a tree of all dirty names would be half of what it costs. A
 * later change of a name takes its entry to the end: entries are in the order of the last change, and of a name only what it is
 * now is uploaded. The base of an entry is that of its first change. The sums are in the same transaction as what they count.
 */
#include "journal.h"

#include "codec.h"
#include "contents.h"
#include "records.h"
#include "tree.h"

#define SKR_JOURNAL_VERSION 2 /* 1: without the source of a copy, and what tells its traces */
#define SKR_MAX_REASON_BYTES 240

/* ---- rows ---- */

static void skr_trace_encode(struct skr_encoder *encoder, const struct skr_journal_trace *trace)
{
    skr_encode_number(encoder, trace->is_absent, 1);
    skr_encode_number(encoder, trace->has_md5, 1);
    skr_encode_bytes(encoder, trace->md5, sizeof trace->md5);
    skr_encode_number(encoder, trace->size_bytes, 8);
    skr_encode_number(encoder, trace->metadata_hash, 8);
    skr_encode_number(encoder, trace->is_copy, 1);
    skr_encode_number(encoder, trace->has_crc32c, 1);
    skr_encode_number(encoder, trace->crc32c, 4);
}

static void skr_trace_decode(struct skr_decoder *decoder, uint64_t version, struct skr_journal_trace *trace)
{
    trace->is_absent = skr_decode_number(decoder, 1) != 0;
    trace->has_md5 = skr_decode_number(decoder, 1) != 0;
    struct skr_bytes md5 = skr_decode_bytes(decoder, sizeof trace->md5);
    if (md5.data != NULL)
        memcpy(trace->md5, md5.data, sizeof trace->md5);
    trace->size_bytes = skr_decode_number(decoder, 8);
    trace->metadata_hash = skr_decode_number(decoder, 8);
    if (version < 2)
        return;
    trace->is_copy = skr_decode_number(decoder, 1) != 0;
    trace->has_crc32c = skr_decode_number(decoder, 1) != 0;
    trace->crc32c = (uint32_t)skr_decode_number(decoder, 4);
}

static bool skr_journal_entry_encode(struct skr_encoder *encoder, const struct skr_journal_entry *entry)
{
    struct skr_bytes reason = entry->reason;
    if (reason.size > SKR_MAX_REASON_BYTES)
        reason.size = SKR_MAX_REASON_BYTES;
    skr_encode_number(encoder, SKR_JOURNAL_VERSION, 1);
    skr_encode_number(encoder, entry->binding, 8);
    skr_encode_number(encoder, entry->journal_node, 8);
    skr_encode_text(encoder, entry->account, 1);
    skr_encode_text(encoder, entry->container, 1);
    skr_encode_text(encoder, entry->key, 2);
    skr_encode_number(encoder, entry->what, 1);
    skr_encode_number(encoder, entry->state, 1);
    skr_encode_number(encoder, entry->base_known, 1);
    skr_encode_text(encoder, entry->base_etag, 1);
    skr_encode_number(encoder, entry->overwrites, 1);
    skr_encode_number(encoder, entry->is_awaited, 1);
    skr_encode_number(encoder, entry->size_bytes, 8);
    skr_encode_number(encoder, entry->after_content, 8);
    skr_encode_number(encoder, (uint64_t)entry->since_ns, 8);
    skr_encode_number(encoder, (uint64_t)entry->changed_ns, 8);
    skr_encode_number(encoder, (uint64_t)entry->not_before_ns, 8);
    skr_encode_number(encoder, entry->attempts, 4);
    skr_encode_text(encoder, reason, 1);
    skr_encode_number(encoder, entry->trace_count, 1);
    for (size_t i = 0; i < entry->trace_count; i++)
        skr_trace_encode(encoder, &entry->traces[i]);
    skr_encode_text(encoder, entry->source_key, 2);
    skr_encode_text(encoder, entry->source_etag, 1);
    return !encoder->failed;
}

enum skr_status skr_journal_entry_decode(struct skr_bytes value, struct skr_journal_entry *entry, struct skr_error *err)
{
    struct skr_decoder decoder = skr_decoder_of(value);
    uint64_t sequence = entry->sequence;
    uint64_t version = skr_decode_number(&decoder, 1);
    bool known = version >= 1 && version <= SKR_JOURNAL_VERSION;
    *entry = (struct skr_journal_entry){.sequence = sequence, .binding = skr_decode_number(&decoder, 8)};
    entry->journal_node = skr_decode_number(&decoder, 8);
    entry->account = skr_decode_text(&decoder, 1);
    entry->container = skr_decode_text(&decoder, 1);
    entry->key = skr_decode_text(&decoder, 2);
    entry->what = (unsigned)skr_decode_number(&decoder, 1);
    entry->state = (unsigned)skr_decode_number(&decoder, 1);
    entry->base_known = skr_decode_number(&decoder, 1) != 0;
    entry->base_etag = skr_decode_text(&decoder, 1);
    entry->overwrites = skr_decode_number(&decoder, 1) != 0;
    entry->is_awaited = skr_decode_number(&decoder, 1) != 0;
    entry->size_bytes = skr_decode_number(&decoder, 8);
    entry->after_content = skr_decode_number(&decoder, 8);
    entry->since_ns = (int64_t)skr_decode_number(&decoder, 8);
    entry->changed_ns = (int64_t)skr_decode_number(&decoder, 8);
    entry->not_before_ns = (int64_t)skr_decode_number(&decoder, 8);
    entry->attempts = (unsigned)skr_decode_number(&decoder, 4);
    entry->reason = skr_decode_text(&decoder, 1);
    entry->trace_count = skr_decode_number(&decoder, 1);
    if (entry->trace_count > SKR_JOURNAL_TRACES)
        return skr_fail(err, SKR_CORRUPT, "an entry of the journal is damaged");
    for (size_t i = 0; i < entry->trace_count; i++)
        skr_trace_decode(&decoder, version, &entry->traces[i]);
    if (version >= 2) {
        entry->source_key = skr_decode_text(&decoder, 2);
        entry->source_etag = skr_decode_text(&decoder, 1);
    }
    if (decoder.failed || !known || entry->state < SKR_JOURNAL_PENDING || entry->state > SKR_JOURNAL_CONFLICT ||
        entry->what == 0 || entry->key.size == 0 || entry->key.size > SKR_MAX_KEY_BYTES)
        return skr_fail(err, SKR_CORRUPT, "an entry of the journal is damaged");
    return SKR_OK;
}

/* The first fields of a row say of which container it is. */
static uint64_t skr_journal_row_node(struct skr_bytes value)
{
    struct skr_decoder decoder = skr_decoder_of(value);
    skr_decode_bytes(&decoder, 1 + 8); /* version, binding */
    return skr_decode_number(&decoder, 8);
}

bool skr_journal_leaf_sequence(struct skr_bytes record, uint64_t *sequence)
{
    if (record.size != 8)
        return false;
    *sequence = skr_get_be64(record.data);
    return true;
}

static enum skr_status skr_journal_row_put(struct skr_view *view, const struct skr_journal_entry *entry, struct skr_error *err)
{
    _Alignas(16) char memory[2048];
    struct skr_arena arena = {.blocks = NULL};
    skr_arena_seed(&arena, memory, sizeof memory);
    struct skr_encoder encoder = {.arena = &arena};
    struct skr_row_key row;
    enum skr_status status = skr_journal_entry_encode(&encoder, entry)
                                 ? skr_view_grow(view, encoder.size, err)
                                 : skr_fail(err, SKR_NO_MEMORY, "no memory for an entry of the journal");
    if (status == SKR_OK)
        status = skr_row_append(view, SKR_TABLE_JOURNAL, skr_key_1(&row, entry->sequence),
                                (struct skr_bytes){encoder.data, encoder.size}, err);
    skr_arena_release(&arena);
    return status;
}

/* ---- sums ---- */

enum skr_status skr_journal_numbers(struct skr_view *view, struct skr_journal_numbers *out, struct skr_error *err)
{
    struct skr_bytes found;
    *out = view->journal;
    if (view->journal_written)
        return SKR_OK;
    *out = (struct skr_journal_numbers){.entries = 0};
    enum skr_status status = skr_row_get(view, SKR_TABLE_CONFIG, SKR_BYTES(SKR_JOURNAL_SUMS), &found, NULL);
    if (status == SKR_NOT_FOUND)
        return SKR_OK;
    if (status != SKR_OK || found.size != 32)
        return skr_fail(err, status == SKR_OK ? SKR_CORRUPT : status, "the sums of the journal are damaged");
    *out = (struct skr_journal_numbers){skr_get_be64(found.data), skr_get_be64(found.data + 8), skr_get_be64(found.data + 16),
                                        skr_get_be64(found.data + 24)};
    return SKR_OK;
}

void skr_journal_count(struct skr_view *view, const struct skr_journal_numbers *numbers)
{
    view->written = true;
    view->journal_written = true;
    view->journal = *numbers;
}

void skr_journal_sums(const struct skr_journal_numbers *numbers, char data[32])
{
    skr_put_be64(data, numbers->entries);
    skr_put_be64(data + 8, numbers->bytes);
    skr_put_be64(data + 16, numbers->failed);
    skr_put_be64(data + 24, numbers->conflicts);
}

void skr_journal_publish(struct skr_meta *meta, const struct skr_journal_numbers *numbers)
{
    atomic_store_explicit(&meta->counters.dirty_entries, numbers->entries, memory_order_relaxed);
    atomic_store_explicit(&meta->counters.dirty_bytes, numbers->bytes, memory_order_relaxed);
    atomic_store_explicit(&meta->counters.dirty_failed, numbers->failed, memory_order_relaxed);
    atomic_store_explicit(&meta->counters.dirty_conflicts, numbers->conflicts, memory_order_relaxed);
}

void skr_journal_tell(struct skr_journal_numbers *numbers, const struct skr_journal_entry *entry, bool comes)
{
    uint64_t one = comes ? 1 : (uint64_t)-1;
    numbers->entries += one;
    numbers->bytes += one * entry->size_bytes;
    numbers->failed += entry->state == SKR_JOURNAL_FAILED ? one : 0;
    numbers->conflicts += entry->state == SKR_JOURNAL_CONFLICT ? one : 0;
}

/* ---- finding ---- */

enum skr_status skr_journal_at(struct skr_view *view, uint64_t sequence, struct skr_journal_entry *out, struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes value;
    if (view->meta->tables[SKR_TABLE_JOURNAL] == 0) /* a folder of an earlier format, opened for reading */
        return SKR_NOT_FOUND;
    enum skr_status status = skr_row_get(view, SKR_TABLE_JOURNAL, skr_key_1(&row, sequence), &value, NULL);
    out->sequence = sequence;
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_NOT_FOUND, "there is no such entry in the journal");
    return status != SKR_OK ? status : skr_journal_entry_decode(value, out, err);
}

bool skr_journal_has(struct skr_view *view, uint64_t sequence)
{
    struct skr_row_key row;
    struct skr_bytes value;
    return view->meta->tables[SKR_TABLE_JOURNAL] != 0 &&
           skr_row_get(view, SKR_TABLE_JOURNAL, skr_key_1(&row, sequence), &value, NULL) == SKR_OK;
}

/* What there is of a name. */
struct skr_journal_name {
    struct skr_bytes record; /* of its object, in the map; empty: there is no object */
    bool has_leaf;           /* in the tree of dirty names */
    bool has_entry;
};

/* The entry that the name's object leads to. */
static enum skr_status skr_journal_find_by_record(struct skr_view *view, uint64_t objects_node, struct skr_bytes key,
                                                  struct skr_journal_name *out, struct skr_journal_entry *entry,
                                                  struct skr_error *err)
{
    struct skr_object_head head;
    enum skr_status status = skr_tree_get(view, objects_node, key, &out->record, err);
    if (status == SKR_OK)
        status = skr_object_head_decode(out->record, &head, err);
    if (status == SKR_OK && head.journal_sequence != 0) {
        status = skr_journal_at(view, head.journal_sequence, entry, err);
        out->has_entry = status == SKR_OK && skr_bytes_equal(entry->key, key);
    }
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

/* That the tree of dirty names leads to. */
static enum skr_status skr_journal_find_by_leaf(struct skr_view *view, uint64_t journal_node, struct skr_bytes key,
                                                struct skr_journal_name *out, struct skr_journal_entry *entry,
                                                struct skr_error *err)
{
    struct skr_bytes leaf;
    uint64_t sequence;
    enum skr_status status = journal_node == 0 ? SKR_NOT_FOUND : skr_tree_get(view, journal_node, key, &leaf, err);
    out->has_leaf = status == SKR_OK;
    if (status != SKR_OK || out->has_entry)
        return status == SKR_NOT_FOUND ? SKR_OK : status;
    if (!skr_journal_leaf_sequence(leaf, &sequence))
        return skr_fail(err, SKR_CORRUPT, "a name in the journal is damaged");
    status = skr_journal_at(view, sequence, entry, err);
    out->has_entry = status == SKR_OK;
    return status == SKR_NOT_FOUND ? skr_fail(err, SKR_CORRUPT, "a name in the journal has no entry") : status;
}

static enum skr_status skr_journal_find(struct skr_view *view, uint64_t objects_node, uint64_t journal_node,
                                        struct skr_bytes key, struct skr_journal_name *out, struct skr_journal_entry *entry,
                                        struct skr_error *err)
{
    *out = (struct skr_journal_name){.has_entry = false};
    enum skr_status status = skr_journal_find_by_record(view, objects_node, key, out, entry, err);
    return status != SKR_OK ? status : skr_journal_find_by_leaf(view, journal_node, key, out, entry, err);
}

enum skr_status skr_journal_get(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                struct skr_journal_entry *out, struct skr_error *err)
{
    struct skr_journal_name name;
    enum skr_status status = skr_journal_find(view, container->objects_node, container->journal_node, key, &name, out, err);
    return status == SKR_OK && !name.has_entry ? SKR_NOT_FOUND : status;
}

/* Goes over all rows: whoever asks is about to delete a container, which is rare. */
enum skr_status skr_journal_is_empty(struct skr_view *view, const struct skr_container *container, bool *empty,
                                     struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes found, value;
    MDB_cursor *cursor;
    *empty = true;
    if (container->journal_node == 0 || view->meta->tables[SKR_TABLE_JOURNAL] == 0)
        return SKR_OK;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_JOURNAL, &cursor, err);
    if (status != SKR_OK)
        return status;
    for (status = skr_cursor_seek(cursor, skr_key_1(&row, 0), &found, &value, err); status == SKR_OK && *empty;
         status = skr_cursor_next(cursor, &found, &value, err))
        *empty = skr_journal_row_node(value) != container->journal_node;
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

enum skr_status skr_journal_next(struct skr_view *view, uint64_t after, struct skr_journal_entry *out, struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes found, value;
    MDB_cursor *cursor;
    if (view->meta->tables[SKR_TABLE_JOURNAL] == 0 || after == UINT64_MAX)
        return SKR_NOT_FOUND;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_JOURNAL, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_cursor_seek(cursor, skr_key_1(&row, after + 1), &found, &value, err);
    if (status == SKR_OK) {
        out->sequence = skr_get_be64(found.data);
        status = skr_journal_entry_decode(value, out, err);
    }
    mdb_cursor_close(cursor);
    return status;
}

/* ---- changing ---- */

/* Makes the node of a container's journal, where its record is of an earlier time. */
static enum skr_status skr_journal_root(struct skr_view *view, struct skr_bytes account, struct skr_bytes container,
                                        uint64_t *node, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container record;
    enum skr_status status = skr_container_get(view, &arena, account, container, &record, err);
    if (status == SKR_OK && record.journal_node == 0)
        status = skr_container_update(view, account, container, &record, err);
    *node = record.journal_node;
    skr_arena_release(&arena);
    return status;
}

static enum skr_status skr_journal_leaf_put(struct skr_view *view, uint64_t node, struct skr_bytes key, uint64_t sequence,
                                            struct skr_error *err)
{
    char leaf[8];
    skr_put_be64(leaf, sequence);
    enum skr_status status = skr_view_grow(view, key.size + sizeof leaf, err);
    return status != SKR_OK ? status : skr_tree_put(view, node, key, (struct skr_bytes){leaf, sizeof leaf}, err);
}

enum skr_status skr_journal_part(struct skr_view *view, struct skr_bytes key, uint64_t sequence, struct skr_error *err)
{
    struct skr_journal_entry entry;
    enum skr_status status = sequence == 0 ? SKR_NOT_FOUND : skr_journal_at(view, sequence, &entry, NULL);
    if (status == SKR_NOT_FOUND || (status == SKR_OK && !skr_bytes_equal(entry.key, key)))
        return SKR_OK;
    return status != SKR_OK ? skr_fail(err, status, "an entry of the journal is damaged")
                            : skr_journal_leaf_put(view, entry.journal_node, key, sequence, err);
}

/* When there is no room the first ones and the last ones stay: what was sent is one that was there when sending began. */
static void skr_journal_trace_add(struct skr_journal_entry *entry, const struct skr_journal_trace *trace)
{
    if (entry->trace_count == SKR_JOURNAL_TRACES) {
        size_t half = SKR_JOURNAL_TRACES / 2;
        memmove(&entry->traces[half], &entry->traces[half + 1], (half - 1) * sizeof *trace);
        entry->trace_count--;
    }
    entry->traces[entry->trace_count++] = *trace;
}

/* What the entry is after a change on top of it. */
static void skr_journal_merge(struct skr_journal_entry *entry, const struct skr_journal_change *change)
{
    bool replaces = (entry->what | change->what) & SKR_JOURNAL_DELETE || change->what & SKR_JOURNAL_CONTENT;
    if (change->has_trace) {
        bool was_copied =
            entry->source_key.size > 0 || change->after_content != 0; /* a dirty content of upstream's is a copy */
        struct skr_journal_trace trace = change->trace;
        trace.is_copy = was_copied && entry->what & SKR_JOURNAL_CONTENT;
        skr_journal_trace_add(entry, &trace);
    }
    if (entry->binding != change->binding) { /* bound anew, perhaps to something else: what its base was says nothing */
        entry->base_known = false;
        entry->base_etag = SKR_NO_BYTES;
        entry->binding = change->binding;
    }
    entry->what = replaces ? change->what : entry->what | change->what;
    if (replaces) {
        entry->size_bytes = change->what & SKR_JOURNAL_CONTENT ? change->size_bytes : 0;
        entry->source_key = change->source_key;
        entry->source_etag = change->source_etag;
    }
    if (entry->after_content == 0)
        entry->after_content = change->after_content;
    if (entry->state == SKR_JOURNAL_FAILED) {
        entry->state = SKR_JOURNAL_PENDING;
        entry->reason = SKR_NO_BYTES;
        entry->attempts = 0;
    }
    entry->not_before_ns = 0;
    entry->is_awaited = change->is_awaited;
    entry->overwrites = change->overwrites;
    entry->changed_ns = change->changed_ns;
}

static struct skr_journal_entry skr_journal_fresh(struct skr_bytes account, struct skr_bytes container, struct skr_bytes key,
                                                  const struct skr_journal_change *change)
{
    return (struct skr_journal_entry){
        .binding = change->binding,
        .account = account,
        .container = container,
        .key = key,
        .what = change->what,
        .state = SKR_JOURNAL_PENDING,
        .base_known = change->base_known,
        .base_etag = change->base_etag,
        .size_bytes = change->what & SKR_JOURNAL_CONTENT ? change->size_bytes : 0,
        .after_content = change->after_content,
        .source_key = change->source_key,
        .source_etag = change->source_etag,
        .is_awaited = change->is_awaited,
        .overwrites = change->overwrites,
        .since_ns = change->changed_ns,
        .changed_ns = change->changed_ns,
    };
}

/* What leads to an entry: the object's record, or a leaf where there is no object. */
static enum skr_status skr_journal_lead(struct skr_view *view, const struct skr_journal_entry *entry, uint64_t objects_node,
                                        struct skr_bytes key, const struct skr_journal_name *name, struct skr_bytes record,
                                        struct skr_error *err)
{
    if (record.size == 0)
        return skr_journal_leaf_put(view, entry->journal_node, key, entry->sequence, err);
    enum skr_status status = skr_view_grow(view, record.size, err);
    if (status == SKR_OK)
        status = skr_tree_put(view, objects_node, key, record, err);
    return status != SKR_OK || !name->has_leaf ? status : skr_tree_remove(view, entry->journal_node, key, err);
}

enum skr_status skr_journal_note(struct skr_view *view, struct skr_bytes account, struct skr_bytes container,
                                 struct skr_bytes key, const struct skr_journal_change *change, uint64_t *sequence,
                                 struct skr_error *err)
{
    _Alignas(16) char memory[2048];
    struct skr_arena arena = {.blocks = NULL};
    struct skr_encoder record = {.arena = &arena};
    struct skr_journal_name name;
    struct skr_journal_entry entry;
    struct skr_journal_numbers numbers;
    struct skr_row_key row;
    uint64_t replaced = 0, node = change->journal_node;
    enum skr_status status = node != 0 ? SKR_OK : skr_journal_root(view, account, container, &node, err);
    if (status == SKR_OK)
        status = skr_journal_numbers(view, &numbers, err);
    if (status == SKR_OK)
        status = skr_journal_find(view, change->objects_node, node, key, &name, &entry, err);
    if (status != SKR_OK)
        return status;
    if (name.has_entry) {
        replaced = entry.sequence;
        skr_journal_tell(&numbers, &entry, false);
        skr_journal_merge(&entry, change);
    } else {
        entry = skr_journal_fresh(account, container, key, change);
    }
    entry.journal_node = node;
    entry.sequence = *sequence = skr_meta_next_id(view->meta);
    skr_journal_tell(&numbers, &entry, true);
    skr_arena_seed(&arena, memory, sizeof memory);
    if (name.record.size > 0) /* before anything is written: it lies in the map */
        skr_object_encode_leading(&record, name.record, entry.sequence);
    status = record.failed ? skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record")
                           : skr_journal_row_put(view, &entry, err); /* first: it may point to the row that goes */
    if (status == SKR_OK && replaced != 0)
        status = skr_row_remove(view, SKR_TABLE_JOURNAL, skr_key_1(&row, replaced), err);
    if (status == SKR_OK)
        status =
            skr_journal_lead(view, &entry, change->objects_node, key, &name, (struct skr_bytes){record.data, record.size}, err);
    if (status == SKR_OK)
        skr_journal_count(view, &numbers);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_journal_update(struct skr_view *view, const struct skr_journal_entry *entry, struct skr_error *err)
{
    struct skr_journal_entry there;
    struct skr_journal_numbers numbers;
    enum skr_status status = skr_journal_at(view, entry->sequence, &there, err);
    if (status == SKR_OK)
        status = skr_journal_numbers(view, &numbers, err);
    if (status != SKR_OK)
        return status;
    skr_journal_tell(&numbers, &there, false);
    skr_journal_tell(&numbers, entry, true);
    status = skr_journal_row_put(view, entry, err);
    if (status == SKR_OK)
        skr_journal_count(view, &numbers);
    return status;
}

/* The row and its part of the sums. */
static enum skr_status skr_journal_row_remove(struct skr_view *view, const struct skr_journal_entry *entry,
                                              struct skr_error *err)
{
    struct skr_journal_numbers numbers;
    struct skr_row_key row;
    enum skr_status status = skr_journal_numbers(view, &numbers, err);
    if (status != SKR_OK)
        return status;
    skr_journal_tell(&numbers, entry, false);
    status = skr_row_remove(view, SKR_TABLE_JOURNAL, skr_key_1(&row, entry->sequence), err);
    if (status == SKR_OK)
        skr_journal_count(view, &numbers);
    return status;
}

enum skr_status skr_journal_remove(struct skr_view *view, uint64_t sequence, struct skr_error *err)
{
    struct skr_journal_entry entry;
    char key[SKR_MAX_KEY_BYTES];
    enum skr_status status = skr_journal_at(view, sequence, &entry, err);
    if (status != SKR_OK)
        return status;
    memcpy(key, entry.key.data, entry.key.size); /* it lies in the row */
    status = skr_journal_row_remove(view, &entry, err);
    if (status == SKR_OK)
        status = skr_tree_remove(view, entry.journal_node, (struct skr_bytes){key, entry.key.size}, NULL);
    return status == SKR_NOT_FOUND ? SKR_OK : status; /* its object's record led to it, and leads nowhere now */
}

enum skr_status skr_journal_forget(struct skr_view *view, uint64_t sequence, struct skr_error *err)
{
    struct skr_journal_entry entry;
    enum skr_status status = sequence == 0 ? SKR_NOT_FOUND : skr_journal_at(view, sequence, &entry, NULL);
    if (status == SKR_NOT_FOUND)
        return SKR_OK;
    return status != SKR_OK ? skr_fail(err, status, "an entry of the journal is damaged")
                            : skr_journal_row_remove(view, &entry, err);
}

enum skr_status skr_content_references(struct skr_view *view, uint64_t content_id, uint64_t *out, struct skr_error *err)
{
    struct skr_content_row row;
    enum skr_status status = skr_content_row_get(view, content_id, &row, err);
    *out = status == SKR_OK ? row.references : 0;
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}
