/* Records of objects, containers and uploads as bytes. Each begins with a version, so that later versions can add fields. */
#ifndef SKERRY_META_RECORDS_H
#define SKERRY_META_RECORDS_H

#include "codec.h"
#include "meta_private.h"

bool skr_object_encode(struct skr_encoder *encoder, const struct skr_object *object);
/* A record as it is in a tree, leading to another entry of the journal, or to none (0). */
void skr_object_encode_leading(struct skr_encoder *encoder, struct skr_bytes record, uint64_t journal_sequence);
bool skr_container_encode(struct skr_encoder *encoder, const struct skr_container *container);
enum skr_status skr_container_decode(struct skr_arena *arena, struct skr_bytes record, struct skr_container *out,
                                     struct skr_error *err);
bool skr_upload_encode(struct skr_encoder *encoder, const struct skr_upload *upload);
enum skr_status skr_upload_record_decode(struct skr_bytes record, uint64_t id, struct skr_upload *out, struct skr_error *err);

/* Where an object's bytes are: the part of its record that is needed to let go of them. */
enum skr_status skr_object_content(struct skr_bytes record, struct skr_content *out, struct skr_error *err);
/* Which version a record is of: all that looking for one needs. */
struct skr_object_head {
    struct skr_content content;
    enum skr_object_kind kind;
    int64_t version_ns, modified_ns;
    uint64_t journal_sequence; /* of the entry that its name has in the journal, or had: journal.h. 0: none */
};
enum skr_status skr_object_head_decode(struct skr_bytes record, struct skr_object_head *out, struct skr_error *err);

/* Writes a record into any tree of objects or versions, leading to an entry of the journal or to none (0), and tells nobody of
 * it (objects.c). */
enum skr_status skr_object_write(struct skr_view *view, uint64_t node, struct skr_bytes key, const struct skr_object *object,
                                 uint64_t journal_sequence, struct skr_error *err);
/* Where no object is current the newest of the versions becomes it, unless it is a delete marker (versions.c). */
enum skr_status skr_version_promote(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                    struct skr_error *err);

/* MD5 and checksum of a block or part, and whether there are any. */
void skr_encode_block_digests(struct skr_encoder *encoder, const struct skr_block *block);
void skr_decode_block_digests(struct skr_decoder *decoder, struct skr_block *block);

void skr_encode_extent(struct skr_encoder *encoder, const struct skr_extent *extent);
struct skr_extent skr_decode_extent(struct skr_decoder *decoder);
#define SKR_EXTENT_RECORD_BYTES 32

#endif
