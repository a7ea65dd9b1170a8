/* The shapes of what the namespace holds: objects, containers, blocks. Metadata stores them, core hands them to front ends.
 *
 * Texts and arrays belong to whoever handed the record out: see there for how long they live.
 */
#ifndef SKERRY_RECORDS_H
#define SKERRY_RECORDS_H

#include "skerry/bytes.h"

#define SKR_MAX_KEY_BYTES 4096 /* an object's name, in bytes of UTF-8 */
#define SKR_MAX_BLOCKS 50000   /* committed blocks or parts of one object */
#define SKR_MAX_PARTS 10000    /* numbers of parts of one multipart upload: 1 to this */
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
    SKR_PROPERTY_STORAGE_CLASS = 9, /* as S3 names it; not set: STANDARD */
    SKR_PROPERTY_CANNED_ACL = 10,   /* as S3 names it; not set: private */
    SKR_PROPERTY_WEBSITE_REDIRECT = 11,
    SKR_PROPERTY_TIER_CHANGED =
        12, /* when ACCESS_TIER was set: Unix nanoseconds in decimal. Core's own, whatever a caller gives */
    SKR_PROPERTY_FILE_ATTRIBUTES = 13, /* mode, owner and times of a file: core's own */
    SKR_PROPERTY_COUNT
};

/* A checksum as clients announce it and ask for it back. Values never change: they are stored. */
enum skr_checksum_kind {
    SKR_CHECKSUM_NONE = 0,
    SKR_CHECKSUM_CRC32 = 1,
    SKR_CHECKSUM_CRC32C = 2,
    SKR_CHECKSUM_CRC64NVME = 3,
    SKR_CHECKSUM_SHA1 = 4,
    SKR_CHECKSUM_SHA256 = 5,
    SKR_CHECKSUM_KIND_COUNT
};
#define SKR_CHECKSUM_MAX_BYTES 32
/* Of how much it is: of all bytes, or of the checksums of an object's parts, one behind the other. */
enum skr_checksum_form { SKR_CHECKSUM_FULL_OBJECT = 0, SKR_CHECKSUM_COMPOSITE = 1 };
struct skr_checksum {
    enum skr_checksum_kind kind;
    uint8_t bytes[SKR_CHECKSUM_MAX_BYTES]; /* most significant first; skr_checksum_size(kind) of them count */
};
static inline size_t skr_checksum_size(enum skr_checksum_kind kind)
{
    static const uint8_t sizes[SKR_CHECKSUM_KIND_COUNT] = {0, 4, 4, 8, 20, 32};
    return (unsigned)kind < SKR_CHECKSUM_KIND_COUNT ? sizes[kind] : 0;
}

/* Bytes [offset, offset + length) of a content file; offset is a multiple of 64 KiB where a range was written. */
struct skr_extent {
    uint64_t file_id; /* 0: a hole, `length_bytes` zeros that lie nowhere; what else is said of it means nothing */
    uint64_t offset_bytes;
    uint64_t length_bytes;
    uint64_t end_bytes; /* end of the written range in the file that holds it: where its last checksum chunk is cut short */
};

/* Where an object's bytes are. */
struct skr_content {
    uint64_t id; /* 0 when size is 0 and nothing is stored */
    uint64_t size_bytes;
    enum {
        SKR_CONTENT_EMPTY = 0,
        SKR_CONTENT_INLINE = 1,
        SKR_CONTENT_EXTENT = 2,
        SKR_CONTENT_EXTENTS = 3,
        SKR_CONTENT_CACHED = 4 /* what upstream has: chunks of it may be here, see skr_content_create_cached() */
    } layout;
    uint32_t crc32c;          /* INLINE: of the payload */
    struct skr_extent extent; /* EXTENT: all of it. EXTENTS: use skr_content_extents() */
    uint32_t extent_count;
    uint32_t block_count; /* entries of its committed block list */
};

enum skr_object_kind {
    SKR_OBJECT_BLOCK = 1,
    SKR_OBJECT_APPEND = 2,
    SKR_OBJECT_PAGE = 3,
    SKR_OBJECT_SYMLINK = 4,
    SKR_OBJECT_DELETE_MARKER = 5, /* a version that says: deleted at this time. Has no content */
};

/* Does a container keep what is overwritten and deleted? Values are stored. */
enum skr_versioning { SKR_VERSIONING_OFF = 0, SKR_VERSIONING_ENABLED = 1, SKR_VERSIONING_SUSPENDED = 2 };

#define SKR_MAX_TAGS 50

struct skr_object {
    uint64_t id; /* stable over overwrites of metadata, renames; a new object has a new one */
    enum skr_object_kind kind;
    int64_t created_ns, modified_ns; /* Unix */
    struct skr_bytes etag;           /* without quotes, at most SKR_ETAG_SIZE */
    bool has_md5;
    uint8_t md5[16];
    int64_t copied_ns; /* when COPY_ID is set: completion of the copy */
    struct skr_content content;
    struct skr_bytes properties[SKR_PROPERTY_COUNT]; /* data NULL: not set */
    const struct skr_name_value *metadata;           /* in the order given, case kept */
    size_t metadata_count;
    const struct skr_name_value *tags; /* in the order given */
    size_t tag_count;
    int64_t version_ns; /* names the version: the tick at which it was made. 0: the null version */
    struct skr_checksum checksum;
    enum skr_checksum_form checksum_form;
    uint64_t upload_id;             /* of the multipart upload that it was completed from; else 0 */
    bool is_partial;                /* only what a listing of upstream's says of it is known */
    struct skr_bytes upstream_etag; /* what the upstream of its container calls this state of it; empty: it has none there */
    enum skr_versioning versioning; /* not stored: its container's, filled when core hands the record out */
    bool is_current; /* not stored: no version was asked for, or the one that was is the current one. Filled by looking an
                        object up */
};

/* Conditions of a request on what is there now. Zero: none. Entity tags without quotes and without W/. */
struct skr_conditions {
    bool if_match_any, if_none_match_any; /* "*" */
    const struct skr_bytes *if_match, *if_none_match;
    size_t if_match_count, if_none_match_count;
    bool has_modified_since, has_unmodified_since;
    bool dates_beside_tags; /* when reading: match AND unmodified AND (none-match OR modified), not a tag instead of its date */
    int64_t modified_since_s, unmodified_since_s; /* Unix; compared with whole seconds of the time of last change */
};

enum skr_public_access { SKR_PUBLIC_NONE = 0, SKR_PUBLIC_OBJECTS = 1, SKR_PUBLIC_CONTAINER = 2 };

struct skr_access_policy { /* a stored access policy; texts exactly as they were set, empty where they were not */
    struct skr_bytes id, start, expiry, permission;
};
#define SKR_MAX_ACCESS_POLICIES 5

/* Small documents of a container, opaque below the front ends. Values never change: they are stored. */
enum skr_container_document {
    SKR_DOCUMENT_CORS = 0,
    SKR_DOCUMENT_TAGGING = 1,
    SKR_DOCUMENT_LOCATION = 2,            /* as it was asked for at creation */
    SKR_DOCUMENT_CANNED_ACL = 3,          /* as S3 names it */
    SKR_DOCUMENT_PUBLIC_ACCESS_BLOCK = 4, /* a digit for each of its four settings, '1' where it is set */
    SKR_DOCUMENT_OWNERSHIP = 5,           /* as S3 names it */
    SKR_DOCUMENT_UPSTREAM = 6,            /* the id of the binding of all containers that it came through, in digits */
    SKR_DOCUMENT_FILE_ATTRIBUTES = 7,     /* mode, owner and times of its directory, as core keeps them with files */
    SKR_DOCUMENT_COUNT
};
#define SKR_MAX_DOCUMENT_BYTES 65536

struct skr_container {
    uint64_t objects_node, uploads_node; /* roots of its two trees */
    uint64_t versions_node;              /* root of the tree of versions that are not current; 0: not made yet */
    uint64_t multiparts_node;            /* root of the tree of multipart uploads; 0: not made yet */
    uint64_t journal_node;               /* root of the tree of names that upstream has and that are gone here, and what its
                                            journal's entries are known by; 0: not made yet */
    enum skr_versioning versioning;
    struct skr_bytes documents[SKR_DOCUMENT_COUNT]; /* data NULL: not set */
    int64_t created_ns, modified_ns;
    struct skr_bytes etag;
    enum skr_public_access public_access;
    struct skr_access_policy policies[SKR_MAX_ACCESS_POLICIES];
    size_t policy_count;
    const struct skr_name_value *metadata;
    size_t metadata_count;
};

/* A committed or uncommitted block of Blob, or a part of S3. Names are raw bytes: decoded ids, or the part's number in four
 * bytes, most significant first. */
struct skr_block {
    struct skr_bytes name;
    uint64_t size_bytes;
    bool has_md5; /* parts have it, and committed blocks that were parts */
    uint8_t md5[16];
    struct skr_checksum checksum; /* likewise, when the upload has one */
    int64_t modified_ns;          /* staged blocks only */
};

/* ---- federation: containers of ours in front of containers elsewhere ---- */

/* Values are stored. */
enum skr_binding_mode {
    SKR_BINDING_READ_ONLY = 1,
    SKR_BINDING_WRITE_THROUGH = 2, /* a change is acknowledged when both sides have it */
    SKR_BINDING_WRITE_BACK = 3,    /* when it is durable here; it is uploaded later */
};
enum skr_binding_listing { SKR_LISTING_UPSTREAM = 0, SKR_LISTING_MIRROR = 1 };

/* Texts of a binding. Values never change: they are stored. */
enum skr_binding_text {
    SKR_BINDING_URL = 0,
    SKR_BINDING_ACCOUNT = 1,     /* upstream's, where the URL does not tell */
    SKR_BINDING_ACCOUNT_KEY = 2, /* secret */
    SKR_BINDING_SAS = 3,         /* secret */
    SKR_BINDING_ACCESS_KEY = 4,
    SKR_BINDING_SECRET_KEY = 5,    /* secret */
    SKR_BINDING_SESSION_TOKEN = 6, /* secret */
    SKR_BINDING_REGION = 7,
    SKR_BINDING_CA_FILE = 8,
    SKR_BINDING_PROXY = 9, /* may hold a password */
    SKR_BINDING_TENANT = 10,
    SKR_BINDING_CLIENT = 11,
    SKR_BINDING_CLIENT_SECRET = 12, /* secret */
    SKR_BINDING_TOKEN_FILE = 13,
    SKR_BINDING_AUTHORITY = 14, /* of tokens, where it is not the public one; of a managed identity the endpoint */
    SKR_BINDING_TEXT_COUNT
};
#define SKR_ALL_CONTAINERS "*" /* as a container's name: each of the account that has no binding of its own */

/* How a binding proves who it is. Values are stored. */
enum skr_binding_credential {
    SKR_BINDING_ANONYMOUS = 0,
    SKR_BINDING_BY_ACCOUNT_KEY = 1,
    SKR_BINDING_BY_SAS = 2,
    SKR_BINDING_BY_S3_KEYS = 3,
    SKR_BINDING_BY_MANAGED_IDENTITY = 4,
    SKR_BINDING_BY_WORKLOAD_IDENTITY = 5,
    SKR_BINDING_BY_CLIENT_SECRET = 6,
};
struct skr_binding {
    uint64_t id;       /* contents are known to come from it: the same as long as the URL is */
    uint64_t revision; /* another one each time that it is attached */
    enum skr_binding_mode mode;
    enum skr_binding_listing listing;
    bool is_s3; /* else Azure Blob */
    enum skr_binding_credential credential;
    bool allow_http;
    uint64_t ttl_ms;         /* how long what upstream said of an object is believed */
    uint64_t capacity_bytes; /* of what is cached of it; 0: no limit of its own */
    struct skr_bytes texts[SKR_BINDING_TEXT_COUNT];
};

/* Where the bytes of a cached content come from. */
struct skr_origin {
    uint64_t binding;
    struct skr_bytes container; /* ours: a binding may be of all containers of an account */
    struct skr_bytes key, etag; /* upstream's */
};

#endif
