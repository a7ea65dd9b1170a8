/* Any lines as the head of an answer to a ranged read: what is believed is the range that was asked for. The first two bytes
 * say which. */
#include <assert.h>

#include "upstream_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_range(struct skr_answer *answer, const struct skr_upstream_get *get)
{
    struct skr_upstream_object object;
    const char *problem = NULL;
    if (!skr_answer_object(answer, get->ranged ? &skr_azure_driver : &skr_s3_driver, &object) ||
        skr_answer_range(answer, get, &object, &problem) != SKR_UPSTREAM_OK)
        return;
    assert(object.offset_bytes <= object.size_bytes && object.length_bytes <= object.size_bytes - object.offset_bytes);
    if (!get->ranged)
        assert(object.offset_bytes == 0 && object.length_bytes == object.size_bytes);
    else
        assert(object.offset_bytes == get->offset_bytes && object.length_bytes <= get->length_bytes);
    assert(get->conditions.if_match.size == 0 || object.etag.size == 0 ||
           skr_bytes_equal(object.etag, get->conditions.if_match));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skr_answer answer = {.status = 0};
    uint64_t sum = 0, behind;
    if (size < 2)
        return 0;
    struct skr_upstream_get get = {.ranged = (data[0] & 1) != 0,
                                   .offset_bytes = data[0] >> 2,
                                   .length_bytes = data[1] == 255 ? UINT64_MAX : data[1] + 1u,
                                   .conditions = {.if_match = (data[0] & 2) != 0 ? SKR_BYTES("0x1") : SKR_NO_BYTES}};
    struct skr_bytes text = {(const char *)data + 2, size - 2};
    while (text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size);
        size_t length = end == NULL ? text.size : (size_t)(end + 1 - text.data);
        if (!skr_answer_line(&answer, (struct skr_bytes){text.data, length}))
            break;
        text.data += length;
        text.size -= length;
    }
    for (size_t i = 0; i < answer.header_count; i++)
        sum += answer.headers[i].name.size + answer.headers[i].value.size;
    assert(sum <= SKR_ANSWER_HEADER_BYTES && answer.header_count <= SKR_ANSWER_HEADERS);
    assert(skr_answer_retry_after_ms(&answer, 1781524800) <= 3600000);
    skr_answer_size_behind(&answer, &behind);
    if (answer.complete && (answer.status == 200 || answer.status == 206))
        check_range(&answer, &get);
    skr_answer_reset(&answer);
    return 0;
}
