/* Records of objects, containers and uploads as bytes. Each begins with a version, so that later versions can add fields. */
#ifndef SKERRY_META_RECORDS_H
#define SKERRY_META_RECORDS_H

#include "codec.h"
#include "meta_private.h"

bool skr_object_encode(struct skr_encoder *encoder, const struct skr_object *object);
bool skr_container_encode(struct skr_encoder *encoder, const struct skr_container *container);
enum skr_status skr_container_decode(struct skr_arena *arena, struct skr_bytes record, struct skr_container *out,
                                     struct skr_error *err);
bool skr_upload_encode(struct skr_encoder *encoder, const struct skr_upload *upload);
enum skr_status skr_upload_record_decode(struct skr_bytes record, uint64_t id, struct skr_upload *out, struct skr_error *err);

/* Where an object's bytes are: the part of its record that is needed to let go of them. */
enum skr_status skr_object_content(struct skr_bytes record, struct skr_content *out, struct skr_error *err);

void skr_encode_extent(struct skr_encoder *encoder, const struct skr_extent *extent);
struct skr_extent skr_decode_extent(struct skr_decoder *decoder);
#define SKR_EXTENT_RECORD_BYTES 32

#endif
