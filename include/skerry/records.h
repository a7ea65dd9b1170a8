/* The shapes of what the namespace holds: objects, containers, blocks. Metadata stores them, core hands them to front ends.
 *
 * Texts and arrays belong to whoever handed the record out: see there for how long they live.
 */
#ifndef SKERRY_RECORDS_H
#define SKERRY_RECORDS_H

#include "skerry/bytes.h"

#define SKR_MAX_KEY_BYTES 4096    /* an object's name, in bytes of UTF-8 */
#define SKR_MAX_BLOCKS 50000      /* committed blocks or parts of one object */
#define SKR_MAX_UNCOMMITTED_BLOCKS 100000
#define SKR_MAX_BLOCK_NAME_BYTES 64
#define SKR_ETAG_SIZE 48

/* Well-known text properties. Values never change: they are stored. */
enum skr_property {
    SKR_PROPERTY_CONTENT_TYPE = 0,
    SKR_PROPERTY_CONTENT_ENCODING = 1,
    SKR_PROPERTY_CONTENT_LANGUAGE = 2,
    SKR_PROPERTY_CONTENT_DISPOSITION = 3,
    SKR_PROPERTY_CACHE_CONTROL = 4,
    SKR_PROPERTY_EXPIRES = 5,
    SKR_PROPERTY_ACCESS_TIER = 6,
    SKR_PROPERTY_COPY_ID = 7,
    SKR_PROPERTY_COPY_SOURCE = 8,
    SKR_PROPERTY_COUNT
};

/* Bytes [offset, offset + length) of a content file; offset is a multiple of 64 KiB where a range was written. */
struct skr_extent {
    uint64_t file_id;
    uint64_t offset_bytes;
    uint64_t length_bytes;
    uint64_t end_bytes; /* end of the written range in the file that holds it: where its last checksum chunk is cut short */
};

/* Where an object's bytes are. */
struct skr_content {
    uint64_t id;         /* 0 when size is 0 and nothing is stored */
    uint64_t size_bytes;
    enum { SKR_CONTENT_EMPTY = 0, SKR_CONTENT_INLINE = 1, SKR_CONTENT_EXTENT = 2, SKR_CONTENT_EXTENTS = 3 } layout;
    uint32_t crc32c;         /* INLINE: of the payload */
    struct skr_extent extent; /* EXTENT: all of it. EXTENTS: use skr_content_extents() */
    uint32_t extent_count;
    uint32_t block_count;     /* entries of its committed block list */
};

enum skr_object_kind { SKR_OBJECT_BLOCK = 1, SKR_OBJECT_APPEND = 2, SKR_OBJECT_PAGE = 3, SKR_OBJECT_SYMLINK = 4 };

struct skr_object {
    uint64_t id;            /* stable over overwrites of metadata, renames; a new object has a new one */
    enum skr_object_kind kind;
    int64_t created_ns, modified_ns; /* Unix */
    struct skr_bytes etag;  /* without quotes, at most SKR_ETAG_SIZE */
    bool has_md5;
    uint8_t md5[16];
    int64_t copied_ns;      /* when COPY_ID is set: completion of the copy */
    struct skr_content content;
    struct skr_bytes properties[SKR_PROPERTY_COUNT]; /* data NULL: not set */
    const struct skr_name_value *metadata; /* in the order given, case kept */
    size_t metadata_count;
};

enum skr_public_access { SKR_PUBLIC_NONE = 0, SKR_PUBLIC_OBJECTS = 1, SKR_PUBLIC_CONTAINER = 2 };

struct skr_access_policy { /* a stored access policy; texts exactly as they were set, empty where they were not */
    struct skr_bytes id, start, expiry, permission;
};
#define SKR_MAX_ACCESS_POLICIES 5

struct skr_container {
    uint64_t objects_node, uploads_node; /* roots of its two trees */
    int64_t created_ns, modified_ns;
    struct skr_bytes etag;
    enum skr_public_access public_access;
    struct skr_access_policy policies[SKR_MAX_ACCESS_POLICIES];
    size_t policy_count;
    const struct skr_name_value *metadata;
    size_t metadata_count;
};

/* A committed or uncommitted block. Names are raw bytes (decoded ids). */
struct skr_block {
    struct skr_bytes name;
    uint64_t size_bytes;
};

#endif
