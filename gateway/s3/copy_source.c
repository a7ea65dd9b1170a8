/* The source of a copy: which object it is, whether the caller may read it, and the digests of what is taken from it. */
#include <stdlib.h>

#include "objects.h"

#define SKR_S3_DIGEST_BYTES (256u << 10) /* read in one go: a reactor is not kept for longer than that takes to digest */
#define SKR_S3_COPY_SOURCE "x-amz-copy-source"

/* ---- the header ---- */

enum skr_status skr_s3_copy_source_parse(struct skr_arena *arena, struct skr_bytes text, struct skr_object_name *name)
{
    static const char marker[] = "?versionId=";
    struct skr_bytes version;
    *name = (struct skr_object_name){.version = {.is_given = false}};
    const char *question = text.size == 0 ? NULL : memmem(text.data, text.size, marker, sizeof marker - 1);
    if (question != NULL) {
        const char *from = question + sizeof marker - 1;
        version = (struct skr_bytes){from, text.size - (size_t)(from - text.data)};
        text.size = (size_t)(question - text.data);
        if (!skr_s3_version_parse(version, &name->version))
            return SKR_INVALID_ARGUMENT;
    }
    if (!skr_percent_decode(arena, text, false, &text) || !skr_is_utf8(text)) /* some clients encode the slashes too */
        return SKR_INVALID_ARGUMENT;
    if (text.size > 0 && text.data[0] == '/')
        text = (struct skr_bytes){text.data + 1, text.size - 1};
    const char *slash = text.size == 0 ? NULL : memchr(text.data, '/', text.size);
    if (slash == NULL || memchr(text.data, '\0', text.size) != NULL)
        return SKR_INVALID_ARGUMENT;
    name->container = (struct skr_bytes){text.data, (size_t)(slash - text.data)};
    name->key = (struct skr_bytes){slash + 1, text.size - name->container.size - 1};
    bool fits = name->container.size > 0 && name->key.size > 0 && name->key.size <= SKR_S3_MAX_KEY_BYTES;
    return fits ? SKR_OK : SKR_INVALID_ARGUMENT;
}

bool skr_s3_copy_range_parse(struct skr_bytes text, uint64_t *offset, uint64_t *length)
{
    struct skr_range range;
    if (!skr_bytes_starts_with(text, SKR_BYTES("bytes=")) || !skr_range_parse(text, &range) ||
        range.kind != SKR_RANGE_FROM_TO || range.last - range.first == UINT64_MAX)
        return false;
    *offset = range.first;
    *length = range.last - range.first + 1;
    return true;
}

/* ---- looking at it ---- */

static void skr_s3_source_failed(struct skr_s3_call *call, const struct skr_s3_source *source, enum skr_status status)
{
    switch (status) {
    case SKR_CONTAINER_NOT_FOUND:
        skr_s3_fail(call, SKR_S3_NO_SUCH_BUCKET, NULL, (struct skr_s3_detail){"BucketName", source->copy.name.container},
                    SKR_S3_NO_DETAIL);
        break;
    case SKR_OBJECT_NOT_FOUND:
        skr_s3_fail(call, SKR_S3_NO_SUCH_KEY, NULL, (struct skr_s3_detail){"Key", source->copy.name.key}, SKR_S3_NO_DETAIL);
        break;
    case SKR_VERSION_NOT_FOUND:
        skr_s3_fail(call, SKR_S3_NO_SUCH_VERSION, NULL, (struct skr_s3_detail){"Key", source->copy.name.key},
                    (struct skr_s3_detail){"VersionId", skr_s3_version_text(call->arena, source->copy.name.version.ns)});
        break;
    case SKR_IS_DELETE_MARKER:
        skr_s3_invalid_request(call,
                               "The source of a copy request may not specifically refer to a delete marker by version id.");
        break;
    case SKR_NOT_MODIFIED: /* a read's condition, but a write asks for it */
        skr_s3_fail_status(call, SKR_SOURCE_CONDITION_FAILED);
        break;
    default:
        skr_s3_fail_status(call, status);
    }
}

bool skr_s3_find_source(struct skr_s3_call *call, struct skr_s3_source *source)
{
    static const char *const names[4] = {SKR_S3_COPY_SOURCE "-if-match", SKR_S3_COPY_SOURCE "-if-none-match",
                                         SKR_S3_COPY_SOURCE "-if-modified-since", SKR_S3_COPY_SOURCE "-if-unmodified-since"};
    struct skr_bytes text = skr_s3_header(call, SKR_S3_COPY_SOURCE);
    struct skr_error error;
    *source = (struct skr_s3_source){.copy = {.length = SKR_SIZE_ANY}};
    if (skr_s3_copy_source_parse(call->arena, text, &source->copy.name) != SKR_OK) {
        skr_s3_fail_argument(call, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                             SKR_S3_COPY_SOURCE, text);
        return false;
    }
    if (!skr_s3_conditions_of(call, names, true, &source->conditions))
        return false;
    source->copy.conditions = &source->conditions;
    if (!skr_s3_may_read(call, &source->copy.name)) {
        skr_s3_refuse(call, SKR_S3_ACCESS_DENIED);
        return false;
    }
    if (!skr_s3_owner_is(call, "x-amz-source-expected-bucket-owner", source->copy.name.account))
        return false;
    enum skr_status status =
        skr_open_object(call->worker, call->arena, &source->copy.name, &source->conditions, &source->object, NULL, &error);
    source->etag = source->object.etag;
    if (status != SKR_OK)
        skr_s3_source_failed(call, source, status);
    return status == SKR_OK;
}

/* ---- its digests ---- */

struct skr_s3_digest {
    struct skr_s3_call *call;
    struct skr_s3_source *source;
    void (*done)(struct skr_s3_call *call, const uint8_t md5[16], const struct skr_checksum *checksum);
    void *outer; /* the call's state before and after */
    struct skr_md5 *md5;
    struct skr_checksummer *checksummer; /* NULL: none is asked for */
    char *buffer;
    uint64_t offset, end;
};

static void skr_s3_digest_close(void *state)
{
    struct skr_s3_digest *digest = state;
    if (digest->md5 != NULL)
        skr_md5_close(digest->md5);
    skr_checksummer_close(digest->checksummer);
    free(digest->buffer);
}

static void skr_s3_digest_release(struct skr_s3_digest *digest)
{
    struct skr_s3_call *call = digest->call;
    skr_reader_close(call->reader);
    call->reader = NULL;
    call->state = digest->outer;
    call->state_closed = NULL;
    skr_s3_digest_close(digest);
}

static void skr_s3_digest_continue(void *context)
{
    struct skr_s3_digest *digest = context;
    struct skr_s3_call *call = digest->call;
    struct skr_checksum checksum = {.kind = SKR_CHECKSUM_NONE};
    uint8_t md5[SKR_MD5_SIZE];
    while (digest->offset < digest->end) {
        uint64_t left = digest->end - digest->offset;
        ssize_t taken =
            skr_reader_read(call->reader, digest->offset, digest->buffer,
                            left < SKR_S3_DIGEST_BYTES ? (size_t)left : SKR_S3_DIGEST_BYTES, skr_s3_digest_continue, digest);
        if (taken == 0)
            return;
        if (taken < 0) {
            skr_s3_digest_release(digest);
            skr_s3_fail_status(call, SKR_CORRUPT);
            return;
        }
        skr_md5_update(digest->md5, digest->buffer, (size_t)taken);
        if (digest->checksummer != NULL)
            skr_checksummer_update(digest->checksummer, digest->buffer, (size_t)taken);
        digest->offset += (uint64_t)taken;
    }
    skr_md5_finish(digest->md5, md5);
    if (digest->checksummer != NULL)
        skr_checksummer_finish(digest->checksummer, &checksum);
    skr_s3_digest_release(digest);
    digest->done(call, md5, &checksum);
}

/* Of an object that is taken whole the digests may be known already. The MD5 is believed where it is the entity tag: then this
 * server computed it; Blob's clients may set any other. */
static bool skr_s3_digests_known(const struct skr_s3_source *source, enum skr_checksum_kind kind)
{
    const struct skr_object *object = &source->object;
    char text[2 * SKR_MD5_SIZE];
    if (!object->has_md5 || source->copy.offset != 0 || source->copy.length != object->content.size_bytes)
        return false;
    skr_hex_encode(text, object->md5, sizeof object->md5);
    return skr_bytes_equal(object->etag, (struct skr_bytes){text, sizeof text}) &&
           (kind == SKR_CHECKSUM_NONE || (object->checksum.kind == kind && object->checksum_form == SKR_CHECKSUM_FULL_OBJECT));
}

static enum skr_status skr_s3_digest_open(struct skr_s3_digest *digest, enum skr_checksum_kind kind)
{
    struct skr_s3_call *call = digest->call;
    struct skr_s3_source *source = digest->source;
    struct skr_object object;
    struct skr_error error;
    digest->buffer = malloc(SKR_S3_DIGEST_BYTES);
    enum skr_status status = digest->buffer == NULL ? SKR_NO_MEMORY : skr_md5_open(&digest->md5, &error);
    if (status == SKR_OK && kind != SKR_CHECKSUM_NONE)
        status = skr_checksummer_open(&digest->checksummer, kind, &error);
    if (status == SKR_OK)
        status =
            skr_open_object(call->worker, call->arena, &source->copy.name, &source->conditions, &object, &call->reader, &error);
    if (status != SKR_OK)
        call->reader = NULL;
    return status;
}

void skr_s3_digest_source(struct skr_s3_call *call, struct skr_s3_source *source, enum skr_checksum_kind kind,
                          void (*done)(struct skr_s3_call *call, const uint8_t md5[16], const struct skr_checksum *checksum))
{
    struct skr_s3_digest *digest = skr_arena_alloc_zero(call->arena, sizeof *digest);
    source->conditions = (struct skr_conditions){.if_match = &source->etag, .if_match_count = 1};
    if (digest == NULL) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
        return;
    }
    if (skr_s3_digests_known(source, kind)) {
        done(call, source->object.md5, &source->object.checksum);
        return;
    }
    *digest = (struct skr_s3_digest){.call = call,
                                     .source = source,
                                     .done = done,
                                     .outer = call->state,
                                     .offset = source->copy.offset,
                                     .end = source->copy.offset + source->copy.length};
    call->state = digest;
    call->state_closed = skr_s3_digest_close;
    enum skr_status status = skr_s3_digest_open(digest, kind);
    if (status == SKR_OK) {
        skr_s3_digest_continue(digest);
        return;
    }
    skr_s3_digest_release(digest);
    skr_s3_source_failed(call, source, status);
}
