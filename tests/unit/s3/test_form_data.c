/* multipart/form-data: what is taken and what is not, in every cut of the bytes. */
#include <check.h>
#include <stdio.h>

#include "form_data.h"
#include "run.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define B "--b\r\n"
#define END "\r\n--b--\r\n"
#define FIELD(name, value) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n" value
#define FILE_PART(filename, bytes) "Content-Disposition: form-data; name=\"file\"; filename=\"" filename "\"\r\n\r\n" bytes

/* What came, in one text: "name=value;" for each field, then "[filename]" and the bytes. */
struct seen {
    char text[65536];
    size_t size, most_at_once; /* 0: takes all that it is offered */
    bool refuse_field, refuse_file;
};

static void see(struct seen *seen, const void *data, size_t size)
{
    ck_assert_uint_le(size, sizeof seen->text - seen->size);
    memcpy(seen->text + seen->size, data, size);
    seen->size += size;
}

static bool see_field(void *context, struct skr_bytes name, struct skr_bytes value)
{
    struct seen *seen = context;
    see(seen, name.data, name.size);
    see(seen, "=", 1);
    see(seen, value.data, value.size);
    see(seen, ";", 1);
    return !seen->refuse_field;
}

static bool see_file(void *context, struct skr_bytes filename)
{
    struct seen *seen = context;
    see(seen, "[", 1);
    if (filename.size > 0)
        see(seen, filename.data, filename.size);
    see(seen, "]", 1);
    return !seen->refuse_file;
}

static size_t see_bytes(void *context, const void *data, size_t size)
{
    struct seen *seen = context;
    size_t taken = seen->most_at_once != 0 && size > seen->most_at_once ? seen->most_at_once : size;
    see(seen, data, taken);
    return taken;
}

static const struct skr_s3_form_sink sink = {see_field, see_file, see_bytes};

/* Feeds `body` in pieces of `piece` bytes. `used`: how many were used up. */
static enum skr_s3_form_problem feed(struct skr_bytes body, size_t piece, struct seen *seen, bool *whole, size_t *used)
{
    struct skr_s3_form_data *form = skr_s3_form_data_open(SKR_BYTES("b"), &sink, seen);
    ck_assert_ptr_nonnull(form);
    seen->size = 0;
    for (*used = 0; *used < body.size;) {
        size_t size = body.size - *used < piece ? body.size - *used : piece;
        char *copy = malloc(size); /* of its own, so that reading beyond it is noticed */
        memcpy(copy, body.data + *used, size);
        size_t taken = skr_s3_form_data_feed(form, copy, size), before = seen->size;
        free(copy);
        ck_assert_uint_le(taken, size);
        *used += taken;
        if (skr_s3_form_data_problem(form) != SKR_S3_FORM_FINE || seen->refuse_field || seen->refuse_file)
            break;
        ck_assert(taken > 0 || before > 0); /* no standstill */
    }
    enum skr_s3_form_problem problem = skr_s3_form_data_problem(form);
    *whole = problem == SKR_S3_FORM_FINE && skr_s3_form_data_is_whole(form);
    skr_s3_form_data_close(form);
    return problem;
}

START_TEST(good)
{
    static const struct {
        const char *body, *want;
    } cases[] = {
        {B FIELD("key", "a") "\r\n" B FILE_PART("f", "data") END, "key=a;[f]data"},
        {"text before\r\n" B FIELD("key", "a") "\r\n" B FILE_PART("f", "data") END "text behind", "key=a;[f]data"},
        {"\r\n--\r\n\r\n" B FIELD("key", "a") "\r\n" B FILE_PART("f", "data") "\r\n--b--", "key=a;[f]data"},
        {B FIELD("empty", "") "\r\n" B FILE_PART("", "") END, "empty=;[]"},
        {B FIELD("key", "\r\n--\r\n--B\r\n-\r") "\r\n" B FILE_PART("f", "\r\r\n--a\r\n--\r\n\r\n-") END,
         "key=\r\n--\r\n--B\r\n-\r;[f]\r\r\n--a\r\n--\r\n\r\n-"},
        {B FILE_PART("f", "data\r\n") END, "[f]data\r\n"},
        {B FILE_PART("f", "data") "\r\n" B FIELD("late", "x") "\r\n--b \t\r\nno headers" END, "[f]data"},
        {"--b \t \r\n" FIELD("key", "a") END, "key=a;"},
        {"--b--", ""},
        {B "content-disposition:FORM-DATA;NAME=key;filename=x\r\nX-Other: \"\r\nContent-Transfer-Encoding: BINARY\r\n\r\na" END,
         "key=a;"},
        {B "Content-Disposition: form-data; name=\"a\\\"b\\\\c\\d\"\r\n\r\nx" END, "a\"b\\c\\d=x;"},
        {B "Content-Disposition: form-data; name=\"File\"; filename=\"C:\\dir\\f\"; filename*=UTF-8''x\r\n\r\nx" END,
         "[C:\\dir\\f]x"},
        {B FIELD("file", "not a file by its headers") END, "[]not a file by its headers"},
    };
    struct seen *seen = calloc(1, sizeof *seen);
    bool whole;
    size_t used;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct skr_bytes body = skr_text(cases[i].body), want = skr_text(cases[i].want);
        for (size_t piece = 1; piece <= body.size; piece++)
            for (seen->most_at_once = 0; seen->most_at_once < 4; seen->most_at_once++) {
                ck_assert_int_eq(feed(body, piece, seen, &whole, &used), SKR_S3_FORM_FINE);
                ck_assert_msg(whole && used == body.size && skr_bytes_equal((struct skr_bytes){seen->text, seen->size}, want),
                              "case %zu in pieces of %zu: '%.*s'", i, piece, (int)seen->size, seen->text);
            }
        seen->most_at_once = 0;
    }
    free(seen);
}
END_TEST

/* However a good form is cut short, it is not whole. */
START_TEST(cut)
{
    static const char text[] = B FIELD("key", "a") "\r\n" B FILE_PART("f", "data") "\r\n--b--";
    struct seen *seen = calloc(1, sizeof *seen);
    bool whole;
    size_t used;
    for (size_t size = 0; size < sizeof text - 1; size++) {
        ck_assert_int_eq(feed((struct skr_bytes){text, size}, 5, seen, &whole, &used), SKR_S3_FORM_FINE);
        ck_assert_msg(!whole, "whole after %zu bytes", size);
    }
    free(seen);
}
END_TEST

START_TEST(malformed)
{
    static const char *const bodies[] = {
        "--bx\r\n" FIELD("key", "a") END,
        "--b\n" FIELD("key", "a") END,
        "--b-\r\n" FIELD("key", "a") END,
        "--b -\r\n" FIELD("key", "a") END,
        "--b\r-",
        B "\r\n" FIELD("key", "a") END,
        B "X: y\r\n\r\na" END,
        B ": y\r\n\r\na" END,
        B "Content-Disposition form-data; name=key\r\n\r\na" END,
        B "Content-Disposition: form-data\r\n\r\na" END,
        B "Content-Disposition: form-data; name\r\n\r\na" END,
        B "Content-Disposition: form-data; name=\r\n\r\na" END,
        B "Content-Disposition: form-data; name=\"\"\r\n\r\na" END,
        B "Content-Disposition: form-data; name=\"key\r\n\r\na" END,
        B "Content-Disposition: form-data; name=\"key\\\"\r\n\r\na" END,
        B "Content-Disposition: form-data; name=\"key\" x\r\n\r\na" END,
        B "Content-Disposition: form-data; name=\"key\"x\r\n\r\na" END,
        B "Content-Disposition: form-data; name=key; name=key\r\n\r\na" END,
        B "Content-Disposition: form-data; name=file; filename=a; filename=b\r\n\r\na" END,
        B "Content-Disposition: attachment; name=key\r\n\r\na" END,
        B "Content-Disposition: form-data;\r\n name=key\r\n\r\na" END,
        B "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b\r\n\r\na" END,
        B "Content-Disposition: form-data; name=\"a\1b\"\r\n\r\na" END,
        B "Content-Transfer-Encoding: base64\r\nContent-Disposition: form-data; name=a\r\n\r\na" END,
        B FILE_PART("f", "data") "\r\n--bx",
        B FILE_PART("f", "data") "\r\n--b-x",
    };
    struct seen *seen = calloc(1, sizeof *seen);
    bool whole;
    size_t used;
    for (size_t i = 0; i < COUNT(bodies); i++)
        for (size_t piece = 1; piece <= strlen(bodies[i]); piece++)
            ck_assert_msg(feed(skr_text(bodies[i]), piece, seen, &whole, &used) == SKR_S3_FORM_MALFORMED, "%s", bodies[i]);
    free(seen);
}
END_TEST

START_TEST(bounds)
{
    struct seen *seen = calloc(1, sizeof *seen);
    char *body = malloc(3 * SKR_S3_FORM_MOST_BYTES);
    bool whole;
    size_t used;
    static const char before[] = B FIELD("a", ""), behind[] = "\r\n" B FILE_PART("", "");
    size_t fixed = sizeof before + sizeof behind - 2;
    for (size_t over = 0; over < 2; over++) { /* exactly as much as is allowed, and one byte more */
        size_t value = SKR_S3_FORM_MOST_BYTES - fixed + over;
        memcpy(body, before, sizeof before - 1);
        memset(body + sizeof before - 1, 'x', value);
        memcpy(body + sizeof before - 1 + value, behind, sizeof behind - 1);
        size_t size = fixed + value;
        memset(body + size, 'y', SKR_S3_FORM_MOST_BYTES); /* the file may be longer */
        enum skr_s3_form_problem problem =
            feed((struct skr_bytes){body, size + SKR_S3_FORM_MOST_BYTES}, 1000, seen, &whole, &used);
        ck_assert_int_eq(problem, over ? SKR_S3_FORM_TOO_LONG : SKR_S3_FORM_FINE);
        ck_assert(over ? used == SKR_S3_FORM_MOST_BYTES : used == size + SKR_S3_FORM_MOST_BYTES);
    }
    memset(body, 'x', 3 * SKR_S3_FORM_MOST_BYTES); /* no boundary at all; headers without an end */
    ck_assert_int_eq(feed((struct skr_bytes){body, 3 * SKR_S3_FORM_MOST_BYTES}, 999, seen, &whole, &used),
                     SKR_S3_FORM_TOO_LONG);
    memcpy(body, B, 5);
    ck_assert_int_eq(feed((struct skr_bytes){body, 3 * SKR_S3_FORM_MOST_BYTES}, 999, seen, &whole, &used),
                     SKR_S3_FORM_TOO_LONG);
    free(body);
    free(seen);
}
END_TEST

START_TEST(refused)
{
    static const char text[] = B FIELD("key", "a") "\r\n" B FILE_PART("f", "data") END;
    struct seen *seen = calloc(1, sizeof *seen);
    bool whole;
    size_t used;
    seen->refuse_field = true;
    feed((struct skr_bytes){text, sizeof text - 1}, sizeof text, seen, &whole, &used);
    ck_assert(!whole && used < sizeof text / 2 &&
              skr_bytes_equal((struct skr_bytes){seen->text, seen->size}, SKR_BYTES("key=a;")));
    seen->refuse_field = false;
    seen->refuse_file = true;
    feed((struct skr_bytes){text, sizeof text - 1}, sizeof text, seen, &whole, &used);
    ck_assert(!whole && skr_bytes_equal((struct skr_bytes){seen->text, seen->size}, SKR_BYTES("key=a;[f]")));
    free(seen);
}
END_TEST

START_TEST(boundaries)
{
    static const struct {
        const char *type, *boundary;
        bool is_form;
    } cases[] = {
        {"multipart/form-data; boundary=abc", "abc", true},
        {"Multipart/Form-Data ;charset=utf-8 ; BOUNDARY=\"a b:c\" ; x=y", "a b:c", true},
        {"multipart/form-data;boundary=----WebKitFormBoundary'()+_,-./:=?", "----WebKitFormBoundary'()+_,-./:=?", true},
        {"multipart/form-data; boundary=0123456789012345678901234567890123456789012345678901234567890123456789",
         "0123456789012345678901234567890123456789012345678901234567890123456789", true},
        {"multipart/form-data; boundary=01234567890123456789012345678901234567890123456789012345678901234567890", NULL, true},
        {"multipart/form-data", NULL, true},
        {"multipart/form-data; boundary=", NULL, true},
        {"multipart/form-data; boundary=\"\"", NULL, true},
        {"multipart/form-data; boundary=\"a ", NULL, true},
        {"multipart/form-data; boundary=\"a \"", NULL, true},
        {"multipart/form-data; boundary=a; boundary=a", NULL, true},
        {"multipart/form-data; boundary=a\\b", NULL, true},
        {"multipart/form-data; boundary=a; x", NULL, true},
        {"multipart/form-data, boundary=a", NULL, false},
        {"multipart/form-datax; boundary=a", NULL, false},
        {"multipart/mixed; boundary=a", NULL, false},
        {"", NULL, false},
    };
    struct skr_bytes boundary;
    bool is_form;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool found = skr_s3_form_boundary(skr_text(cases[i].type), &is_form, &boundary);
        ck_assert_msg(found == (cases[i].boundary != NULL) && is_form == cases[i].is_form, "%s", cases[i].type);
        ck_assert(!found || skr_bytes_equal(boundary, skr_text(cases[i].boundary)));
    }
    ck_assert(!skr_s3_form_boundary(SKR_NO_BYTES, &is_form, &boundary) && !is_form);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("s3_form_data");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, good);
    tcase_add_test(tests, cut);
    tcase_add_test(tests, malformed);
    tcase_add_test(tests, bounds);
    tcase_add_test(tests, refused);
    tcase_add_test(tests, boundaries);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
