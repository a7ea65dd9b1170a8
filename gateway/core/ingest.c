/* One stream of incoming bytes: digested, kept in memory while small, else on its way to flash.
 *
 * Invariant: exactly one of `payload` and `writer` holds the bytes. An ingest whose bytes are on flash has no record yet; until
 * it is given a name a crash turns it into garbage.
 */
#include "ingest.h"

#include <stdlib.h>

#include "room.h"

enum skr_status skr_ingest_open(struct skr_worker *worker, const struct skr_ingest_options *options, struct skr_ingest **out,
                                struct skr_error *err)
{
    struct skr_ingest *ingest = calloc(1, sizeof *ingest);
    if (ingest == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an upload");
    worker->under_way++;
    ingest->worker = worker;
    ingest->expected_size = options->expected_size;
    ingest->wants_md5 = options->md5;
    ingest->wants_crc64 = options->crc64;
    ingest->ready = options->ready;
    ingest->context = options->context;
    bool is_block = options->block_of != NULL;
    bool is_large = options->expected_size != SKR_SIZE_ANY && options->expected_size > worker->core->options.inline_limit_bytes;
    bool is_inline = !is_block && !is_large && options->expected_size != SKR_SIZE_ANY;
    enum skr_status status = skr_room_admit(worker->core, is_inline, options->expected_size, err);
    if (status == SKR_OK && options->checksum != SKR_CHECKSUM_NONE)
        status = skr_checksummer_open(&ingest->checksummer, options->checksum, err);
    if (status == SKR_OK && options->block_of != NULL && options->expected_size != SKR_SIZE_ANY)
        status = skr_upload_slots_acquire(worker->core, options->block_of, options->upload_id, &ingest->file, err);
    if (status == SKR_OK && (is_block || is_large))
        status = skr_ingest_to_flash(ingest, err);
    if (status != SKR_OK) {
        skr_ingest_discard(ingest);
        return status;
    }
    *out = ingest;
    return SKR_OK;
}

/* Opens the writer and passes on what was kept in memory so far: at most the inline limit, which the writer always takes. */
enum skr_status skr_ingest_to_flash(struct skr_ingest *ingest, struct skr_error *err)
{
    struct skr_writer_options options = {
        .expected_size = ingest->expected_size == SKR_SIZE_ANY ? SKR_SIZE_UNKNOWN : ingest->expected_size,
        .slots = ingest->file == NULL ? NULL : skr_upload_file_slots(ingest->file),
        .md5 = ingest->wants_md5,
        .ready = ingest->ready,
        .context = ingest->context,
    };
    enum skr_status status = skr_writer_open(ingest->worker->core->store, ingest->worker->io, &options, &ingest->writer, err);
    if (status != SKR_OK) {
        if (status == SKR_NO_SPACE)
            atomic_store_explicit(&ingest->worker->core->out_of_space, true, memory_order_relaxed);
        return status;
    }
    size_t taken = skr_writer_write(ingest->writer, ingest->payload, ingest->payload_size);
    if (taken < ingest->payload_size)
        return skr_fail(err, SKR_INTERNAL, "a new writer did not take %zu bytes", ingest->payload_size);
    free(ingest->payload);
    ingest->payload = NULL;
    ingest->payload_size = ingest->payload_capacity = 0;
    return SKR_OK;
}

static bool skr_ingest_keep(struct skr_ingest *ingest, const void *data, size_t size)
{
    size_t needed = ingest->payload_size + size;
    if (needed > ingest->payload_capacity) {
        uint64_t limit = ingest->worker->core->options.inline_limit_bytes;
        size_t capacity = ingest->expected_size <= limit ? (size_t)ingest->expected_size : (size_t)limit;
        if (capacity < needed)
            capacity = needed;
        char *grown = realloc(ingest->payload, capacity);
        if (grown == NULL)
            return false;
        ingest->payload = grown;
        ingest->payload_capacity = capacity;
    }
    memcpy(ingest->payload + ingest->payload_size, data, size);
    ingest->payload_size = needed;
    return true;
}

size_t skr_ingest_write(struct skr_ingest *ingest, const void *data, size_t size)
{
    if (ingest->failure.status != SKR_OK)
        return size; /* finish reports it */
    size_t taken = size;
    if (ingest->writer == NULL && ingest->payload_size + size > ingest->worker->core->options.inline_limit_bytes &&
        skr_ingest_to_flash(ingest, &ingest->failure) != SKR_OK)
        return size;
    if (ingest->writer != NULL)
        taken = skr_writer_write(ingest->writer, data, size);
    else if (size > 0 && !skr_ingest_keep(ingest, data, size))
        skr_fail(&ingest->failure, SKR_NO_MEMORY, "no memory for a small object's bytes");
    if (ingest->wants_crc64)
        ingest->digests.crc64 = skr_crc64(ingest->digests.crc64, data, taken);
    if (ingest->checksummer != NULL)
        skr_checksummer_update(ingest->checksummer, data, taken);
    ingest->size += taken;
    return taken;
}

static enum skr_status skr_ingest_check_md5(struct skr_ingest *ingest, const uint8_t md5[SKR_MD5_SIZE], struct skr_error *err)
{
    ingest->digests.has_md5 = true;
    memcpy(ingest->digests.md5, md5, SKR_MD5_SIZE);
    if (ingest->expected.has_md5 && memcmp(ingest->expected.md5, md5, SKR_MD5_SIZE) != 0)
        return skr_fail(err, SKR_CHECKSUM_MISMATCH_MD5, "the MD5 of the bytes is not the one announced");
    return SKR_OK;
}

/* All that can be told without the MD5. */
static enum skr_status skr_ingest_check(struct skr_ingest *ingest, struct skr_error *err)
{
    const struct skr_digests *expected = &ingest->expected;
    if (ingest->failure.status != SKR_OK) {
        *err = ingest->failure;
        return err->status;
    }
    if (ingest->expected_size != SKR_SIZE_ANY && ingest->size != ingest->expected_size)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "%llu bytes came where %llu were announced",
                        (unsigned long long)ingest->size, (unsigned long long)ingest->expected_size);
    ingest->digests.has_crc64 = ingest->wants_crc64;
    if (ingest->checksummer != NULL)
        skr_checksummer_finish(ingest->checksummer, &ingest->digests.checksum);
    if (expected->has_crc64 && ingest->digests.has_crc64 && expected->crc64 != ingest->digests.crc64)
        return skr_fail(err, SKR_CHECKSUM_MISMATCH_CRC64, "the CRC64 of the bytes is not the one announced");
    const struct skr_checksum *announced = &expected->checksum, *computed = &ingest->digests.checksum;
    if (announced->kind != SKR_CHECKSUM_NONE && announced->kind == computed->kind &&
        memcmp(announced->bytes, computed->bytes, skr_checksum_size(computed->kind)) != 0)
        return skr_fail(err, SKR_CHECKSUM_MISMATCH, "the checksum of the bytes is not the one announced");
    return SKR_OK;
}

static void skr_ingest_written(void *context, enum skr_status status, const struct skr_error *err)
{
    struct skr_ingest *ingest = context;
    struct skr_error mismatch = {.status = SKR_OK};
    if (status == SKR_NO_SPACE)
        atomic_store_explicit(&ingest->worker->core->out_of_space, true, memory_order_relaxed);
    if (status == SKR_OK && ingest->wants_md5)
        status = skr_ingest_check_md5(ingest, skr_writer_result(ingest->writer)->md5, &mismatch);
    struct skr_result result = {.status = status, .error = mismatch.status != SKR_OK ? &mismatch : err};
    ingest->done(ingest->done_context, &result);
}

void skr_ingest_hashed(struct skr_ingest *ingest, const uint8_t md5[SKR_MD5_SIZE])
{
    struct skr_error error = {.status = SKR_OK};
    struct skr_result result = {.status = skr_ingest_check_md5(ingest, md5, &error), .error = &error};
    ingest->done(ingest->done_context, &result);
}

enum skr_status skr_ingest_finish(struct skr_ingest *ingest, const struct skr_digests *expected, skr_done done, void *context,
                                  struct skr_error *err)
{
    if (expected != NULL)
        ingest->expected = *expected;
    enum skr_status status = skr_ingest_check(ingest, err);
    if (status != SKR_OK)
        return status;
    ingest->done = done;
    ingest->done_context = context;
    if (ingest->writer == NULL) {
        uint8_t md5[SKR_MD5_SIZE];
        if (!ingest->wants_md5)
            return SKR_OK;
        if (skr_payload_hash_later(ingest))
            return SKR_PENDING;
        skr_md5_of(ingest->payload, ingest->payload_size, md5);
        return skr_ingest_check_md5(ingest, md5, err);
    }
    skr_writer_finish(ingest->writer, skr_ingest_written, ingest);
    return SKR_PENDING;
}

uint64_t skr_ingest_size(const struct skr_ingest *ingest)
{
    return ingest->size;
}

const struct skr_digests *skr_ingest_digests(const struct skr_ingest *ingest)
{
    return &ingest->digests;
}

static void skr_ingest_free(struct skr_ingest *ingest)
{
    if (ingest->file != NULL)
        skr_upload_slots_give_back(ingest->worker->core, ingest->file);
    skr_payload_forget(ingest);
    skr_checksummer_close(ingest->checksummer);
    free(ingest->payload);
    ingest->worker->under_way--;
    free(ingest);
}

void skr_ingest_discard(struct skr_ingest *ingest)
{
    if (ingest == NULL)
        return;
    skr_writer_discard(ingest->writer);
    skr_ingest_free(ingest);
}

/* After a commit that failed in an unclear way the disk may hold the record all the same: its bytes must then be there too, and
 * are garbage at worst. No record leads to a file without bytes. */
void skr_ingest_settle(struct skr_ingest *ingest, enum skr_status outcome)
{
    if (ingest->size > 0 && (outcome == SKR_OK || outcome == SKR_IO || outcome == SKR_READ_ONLY))
        skr_writer_keep(ingest->writer);
    else
        skr_writer_discard(ingest->writer);
    skr_ingest_free(ingest);
}
