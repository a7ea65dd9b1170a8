/* Any bytes as an S3 body of any kind. The first three bytes choose the kind, the size of the pieces and how much the sink
 * takes. However it is cut, the same must come of it. The unsigned kinds may be found whole; a signed one may not, since nobody
 * has its key. */
#include <assert.h>
#include <stdlib.h>

#include "skerry/auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sink {
    char *data;
    size_t size, capacity, most;
    bool refuses;
};

static size_t take(void *context, const void *data, size_t size)
{
    struct sink *sink = context;
    assert(size > 0);
    sink->refuses = !sink->refuses;
    if (sink->most > 0 && sink->refuses)
        return 0;
    size = sink->most > 0 && size > sink->most ? sink->most : size;
    assert(sink->size + size <= sink->capacity);
    memcpy(sink->data + sink->size, data, size);
    sink->size += size;
    return size;
}

static enum skr_s3_body_problem run(const struct skr_s3_payload *payload, const uint8_t *data, size_t size, size_t step,
                                    struct sink *sink)
{
    struct skr_s3_body *body;
    struct skr_error error;
    if (skr_s3_body_open(&body, payload, SKR_BYTES("x-amz-checksum-crc32, x-amz-checksum-sha256"), &error) != SKR_OK)
        abort();
    for (size_t at = 0; at < size;) {
        size_t piece = size - at < step ? size - at : step;
        size_t used = skr_s3_body_decode(body, data + at, piece, take, sink);
        assert(used <= piece);
        at += used;
    }
    enum skr_s3_body_problem problem = skr_s3_body_finish(body);
    struct skr_bytes value = skr_s3_body_trailer(body, "x-amz-checksum-crc32");
    assert(problem == SKR_S3_BODY_FINE || value.data == NULL);
    skr_s3_body_close(body);
    return problem;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum skr_s3_payload_kind kinds[] = {SKR_PAYLOAD_UNSIGNED, SKR_PAYLOAD_SIGNED, SKR_PAYLOAD_CHUNKS_SIGNED,
                                                     SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER, SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER};
    if (size < 3)
        return 0;
    struct skr_s3_payload payload = {.kind = kinds[data[0] % 5],
                                     .has_decoded_length = true,
                                     .decoded_length = data[0] / 5,
                                     .timestamp = SKR_BYTES("20260615T120000Z"),
                                     .scope = SKR_BYTES("20260615/us-east-1/s3/aws4_request")};
    memset(payload.signing_key, 0x5A, sizeof payload.signing_key);
    memset(payload.seed_signature, '0', sizeof payload.seed_signature);
    size_t step = data[1] + 1u, most = data[2];
    data += 3;
    size -= 3;
    struct sink whole = {.data = malloc(size + 1), .capacity = size},
                cut = {.data = malloc(size + 1), .capacity = size, .most = most};
    assert(whole.data != NULL && cut.data != NULL);
    enum skr_s3_body_problem problem = run(&payload, data, size, size + 1, &whole);
    enum skr_s3_body_problem again = run(&payload, data, size, step, &cut);
    assert(problem == again);
    assert(whole.size == cut.size && memcmp(whole.data, cut.data, cut.size) == 0);
    bool is_signed = payload.kind != SKR_PAYLOAD_UNSIGNED && payload.kind != SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER;
    assert(problem != SKR_S3_BODY_FINE || !is_signed);
    if (payload.kind == SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER)
        assert(whole.size <= payload.decoded_length && (problem != SKR_S3_BODY_FINE || whole.size == payload.decoded_length));
    free(whole.data);
    free(cut.data);
    return 0;
}
