/* Noting in the journal what upstream lacks, in the change that makes the difference. */
#ifndef SKERRY_CORE_JOURNAL_NOTE_H
#define SKERRY_CORE_JOURNAL_NOTE_H

#include "skerry/core.h"
#include "skerry/meta.h"

struct skr_pending;

/* The properties of an object that an upstream may hold. */
#define SKR_UPSTREAM_PROPERTIES                                                                                                \
    (1u << SKR_PROPERTY_CONTENT_TYPE | 1u << SKR_PROPERTY_CONTENT_ENCODING | 1u << SKR_PROPERTY_CONTENT_LANGUAGE |             \
     1u << SKR_PROPERTY_CONTENT_DISPOSITION | 1u << SKR_PROPERTY_CACHE_CONTROL | 1u << SKR_PROPERTY_EXPIRES)

struct skr_note {
    bool is_noted;                    /* the container writes to an upstream, or the name is dirty since it did */
    unsigned index;                   /* of the names that one change noted: 0 or 1 */
    struct skr_journal_change change; /* texts in the pending's memory. `base_etag` is empty where nothing is noted */
};

/* Before the change writes anything: what is there now, or NULL. `container` as it is. `grows`: bytes will have to be uploaded;
 * SKR_DIRTY_FULL. */
enum skr_status skr_note_begin(struct skr_view *view, struct skr_pending *pending, const struct skr_container *container,
                               const struct skr_object_name *name, const struct skr_object *there, bool grows,
                               struct skr_note *note, struct skr_error *err);
/* What is written has the bytes of `source`, an object of the same container: upstream can copy them, too. Before the change
 * writes anything. */
enum skr_status skr_note_source(struct skr_view *view, struct skr_pending *pending, const struct skr_container *container,
                                struct skr_bytes key, const struct skr_object *source, struct skr_note *note,
                                struct skr_error *err);
/* After it wrote. `what`: SKR_JOURNAL_... */
enum skr_status skr_note_finish(struct skr_view *view, struct skr_pending *pending, const struct skr_object_name *name,
                                const struct skr_note *note, unsigned what, uint64_t size_bytes, struct skr_error *err);

/* The CRC32C of all bytes of a content, of those of its parts. False: it is not to be had, or would take long. */
bool skr_content_crc32c(struct skr_view *view, const struct skr_content *content, uint32_t *out);
/* Of metadata in any order, names in any case: how a state of an object is known again. */
uint64_t skr_metadata_hash(const struct skr_name_value *metadata, size_t count);

#endif
