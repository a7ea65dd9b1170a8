/* Any bytes as a form, cut into pieces by the input itself, into a sink that takes little: what is seen does not depend on the
 * cuts, keeps its bounds, and never has the delimiter in it. */
#include <assert.h>
#include <stdlib.h>

#include "form_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DELIMITER "\r\n--b"

struct seen {
    char *text;
    size_t size, file_begin, most_at_once;
    bool has_file;
};

static bool see_field(void *context, struct skr_bytes name, struct skr_bytes value)
{
    struct seen *seen = context;
    assert(!seen->has_file && name.size > 0 && name.size + value.size <= SKR_S3_FORM_MOST_BYTES);
    assert(memmem(value.data, value.size, DELIMITER, sizeof DELIMITER - 1) == NULL);
    memcpy(seen->text + seen->size, name.data, name.size);
    seen->size += name.size;
    if (value.size > 0)
        memcpy(seen->text + seen->size, value.data, value.size);
    seen->size += value.size;
    return true;
}

static bool see_file(void *context, struct skr_bytes filename)
{
    struct seen *seen = context;
    assert(!seen->has_file);
    seen->has_file = true;
    if (filename.size > 0)
        memcpy(seen->text + seen->size, filename.data, filename.size);
    seen->size += filename.size;
    seen->file_begin = seen->size;
    return true;
}

static size_t see_bytes(void *context, const void *data, size_t size)
{
    struct seen *seen = context;
    size_t taken = size > seen->most_at_once ? seen->most_at_once : size;
    assert(seen->has_file && size > 0);
    memcpy(seen->text + seen->size, data, taken);
    seen->size += taken;
    return taken;
}

/* Returns whether the form was whole. */
static bool run(const char *body, size_t size, size_t piece, struct seen *seen, enum skr_s3_form_problem *problem)
{
    static const struct skr_s3_form_sink sink = {see_field, see_file, see_bytes};
    struct skr_s3_form_data *form = skr_s3_form_data_open(SKR_BYTES("b"), &sink, seen);
    assert(form != NULL);
    *problem = SKR_S3_FORM_FINE;
    for (size_t at = 0; at < size && *problem == SKR_S3_FORM_FINE;) {
        at += skr_s3_form_data_feed(form, body + at, size - at < piece ? size - at : piece);
        *problem = skr_s3_form_data_problem(form);
    }
    bool whole = skr_s3_form_data_is_whole(form);
    skr_s3_form_data_close(form);
    return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skr_bytes boundary;
    bool is_form;
    if (size < 2)
        return 0;
    const char *body = (const char *)data + 2;
    size -= 2;
    if (skr_s3_form_boundary((struct skr_bytes){body, size}, &is_form, &boundary))
        assert(is_form && boundary.size > 0 && boundary.size <= 70);
    struct seen whole = {.text = malloc(size + 1), .most_at_once = SIZE_MAX};
    struct seen cut = {.text = malloc(size + 1), .most_at_once = 1u + (data[1] & 7u)};
    enum skr_s3_form_problem first, second;
    assert(whole.text != NULL && cut.text != NULL);
    bool is_whole = run(body, size, size, &whole, &first);
    assert(is_whole == run(body, size, 1u + data[0], &cut, &second) && first == second);
    assert(whole.size == cut.size && whole.has_file == cut.has_file && memcmp(whole.text, cut.text, whole.size) == 0);
    assert(whole.size <= size);
    if (whole.has_file)
        assert(memmem(whole.text + whole.file_begin, whole.size - whole.file_begin, DELIMITER, sizeof DELIMITER - 1) == NULL);
    free(whole.text);
    free(cut.text);
    return 0;
}
