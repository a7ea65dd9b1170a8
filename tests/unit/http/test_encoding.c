/* Base64, hexadecimal, percent-encoding, UTF-8, numbers, dates: round trips, and everything that must be refused. */
#include <check.h>

#include "run.h"
#include "skerry/encoding.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

START_TEST(base64_knows_the_vectors_of_the_rfc)
{
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < COUNT(vectors); i++) {
        char text[16] = "";
        uint8_t data[16];
        size_t size = 99, length = strlen(vectors[i][0]);
        skr_base64_encode(text, vectors[i][0], length);
        ck_assert_str_eq(text, vectors[i][1]);
        ck_assert(skr_base64_decode(skr_text(vectors[i][1]), data, length, &size));
        ck_assert_uint_eq(size, length);
        ck_assert_mem_eq(data, vectors[i][0], length);
        ck_assert(length == 0 || !skr_base64_decode(skr_text(vectors[i][1]), data, length - 1, &size));
    }
}
END_TEST

START_TEST(base64_is_strict)
{
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm 9v", "Zm9v\n", "Zm9-", "Zm_v", "=m9v"};
    uint8_t data[64];
    size_t size;
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!skr_base64_decode(skr_text(bad[i]), data, sizeof data, &size), "'%s' was taken", bad[i]);
}
END_TEST

START_TEST(hexadecimal)
{
    const uint8_t bytes[] = {0x00, 0x9f, 0xAB, 0xff};
    char text[9] = "";
    uint8_t back[4];
    skr_hex_encode(text, bytes, 4);
    ck_assert_str_eq(text, "009fabff");
    ck_assert(skr_hex_decode(SKR_BYTES("009FaBff"), back, 4));
    ck_assert_mem_eq(back, bytes, 4);
    ck_assert(!skr_hex_decode(SKR_BYTES("009fabf"), back, 4));
    ck_assert(!skr_hex_decode(SKR_BYTES("009fabff0"), back, 4));
    ck_assert(!skr_hex_decode(SKR_BYTES("009fabfg"), back, 4));
    ck_assert(!skr_hex_decode(SKR_BYTES("0@9fabff"), back, 4));
    ck_assert(!skr_hex_decode(SKR_BYTES("\x10\x11"), back, 1));
}
END_TEST

START_TEST(percent_encoding)
{
    struct skr_arena arena = {0};
    struct skr_bytes out;
    ck_assert(skr_percent_decode(&arena, SKR_BYTES("a%20b+c%2Fd%2f"), false, &out));
    ck_assert(skr_bytes_equal(out, SKR_BYTES("a b+c/d/")));
    ck_assert(skr_percent_decode(&arena, SKR_BYTES("a+b%2B"), true, &out));
    ck_assert(skr_bytes_equal(out, SKR_BYTES("a b+")));
    ck_assert(skr_percent_decode(&arena, SKR_NO_BYTES, true, &out) && out.size == 0);
    ck_assert(!skr_percent_decode(&arena, SKR_BYTES("%"), false, &out));
    ck_assert(!skr_percent_decode(&arena, SKR_BYTES("a%4"), false, &out));
    ck_assert(!skr_percent_decode(&arena, SKR_BYTES("%4G"), false, &out));
    ck_assert(!skr_percent_decode(&arena, SKR_BYTES("%-1"), false, &out));
    ck_assert(skr_bytes_equal(skr_percent_encode(&arena, SKR_BYTES("a b/~\xff\x00z"), "/"), SKR_BYTES("a%20b/~%FF%00z")));
    ck_assert(skr_bytes_equal(skr_percent_encode(&arena, SKR_BYTES("a/b"), ""), SKR_BYTES("a%2Fb")));
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    struct skr_bytes everything = {all, 256};
    ck_assert(skr_percent_decode(&arena, skr_percent_encode(&arena, everything, ""), false, &out));
    ck_assert(skr_bytes_equal(out, everything));
    skr_arena_release(&arena);
}
END_TEST

START_TEST(utf8)
{
    static const char *const good[] = {
        "", "abc", "\xc3\xa4", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc3",
                                      "\xc3(",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xe2\x82",
                                      "a\xf0\x9f\x98"};
    for (size_t i = 0; i < COUNT(good); i++)
        ck_assert_msg(skr_is_utf8(skr_text(good[i])), "%zu", i);
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!skr_is_utf8(skr_text(bad[i])), "%zu", i);
    ck_assert(skr_is_utf8(SKR_BYTES("a\0b")));
}
END_TEST

START_TEST(numbers)
{
    static const char *const bad[] = {"", "+1", "-1", " 1", "1 ", "0x1", "1e3", "18446744073709551616", "99999999999999999999"};
    uint64_t value;
    ck_assert(skr_parse_u64(SKR_BYTES("0"), &value) && value == 0);
    ck_assert(skr_parse_u64(SKR_BYTES("007"), &value) && value == 7);
    ck_assert(skr_parse_u64(SKR_BYTES("18446744073709551615"), &value) && value == UINT64_MAX);
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!skr_parse_u64(skr_text(bad[i]), &value), "'%s'", bad[i]);
}
END_TEST

START_TEST(http_dates)
{
    static const char *const same[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                       "Sun Nov  6 08:49:37 1994"};
    static const char *const bad[] = {"",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "Sun, 06 Nov 1994 08:49:37 UTC",
                                      "Sun, 31 Feb 2024 00:00:00 GMT",
                                      "Sun, 06 Nov 1994 24:00:00 GMT",
                                      "Sun, 06 Nov 1994 08:60:00 GMT",
                                      "Sun, 00 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nob 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                                      "Sun, 06 Nov 1994 08:49:37 GMTx",
                                      "0",
                                      "1994-11-06T08:49:37Z",
                                      "Sun, 06 Nov 1994 08:49:-7 GMT"};
    char text[SKR_HTTP_DATE_SIZE + 1] = "";
    int64_t seconds;
    for (size_t i = 0; i < COUNT(same); i++) {
        ck_assert_msg(skr_http_date_parse(skr_text(same[i]), &seconds), "%s", same[i]);
        ck_assert_int_eq(seconds, 784111777);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!skr_http_date_parse(skr_text(bad[i]), &seconds), "'%s' was taken", bad[i]);
    ck_assert(!skr_http_date_parse(SKR_BYTES("Sun, 06 Nov 1994 08:49:37 GMT\0"), &seconds));
    skr_http_date_format(text, 784111777);
    ck_assert_str_eq(text, same[0]);
    skr_http_date_format(text, 951782400);
    ck_assert_str_eq(text, "Tue, 29 Feb 2000 00:00:00 GMT");
    for (int64_t at = -2000000000; at < 8000000000; at += 86399 * 37) {
        int64_t back;
        skr_http_date_format(text, at);
        ck_assert_msg(skr_http_date_parse(skr_text(text), &back) && back == at, "%s", text);
    }
}
END_TEST

START_TEST(iso_dates)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{"1970-01-01", 0},
                {"1970-01-01T00:01Z", 60000000000},
                {"1970-01-01T00:00:01Z", 1000000000},
                {"1970-01-01T00:00:00.1234567Z", 123456700},
                {"1970-01-01T01:00:00+01:00", 0},
                {"1969-12-31T19:00:00-05:00", 0},
                {"2024-02-29T12:00:00Z", 1709208000000000000},
                {"1969-12-31T23:59:59.5Z", -500000000}};
    static const char *const bad[] = {"",
                                      "1970",
                                      "1970-1-1",
                                      "1970-01-01T",
                                      "1970-01-01T00",
                                      "1970-01-01T00:00",
                                      "1970-01-01T00:00:00",
                                      "1970-01-01T00:00:00.Z",
                                      "1970-01-01T00:00:00.1234567890Z",
                                      "1970-13-01",
                                      "1970-02-30",
                                      "2023-02-29",
                                      "1970-01-01T24:00Z",
                                      "1970-01-01T00:00Zx",
                                      "1970-01-01 00:00Z",
                                      "1970-01-01T00:00+1:00",
                                      "1970-01-01T00:00+15:00",
                                      "0001-01-01",
                                      "9999-01-01"};
    char text[37];
    int64_t ns;
    for (size_t i = 0; i < COUNT(good); i++) {
        ck_assert_msg(skr_iso8601_parse(skr_text(good[i].text), &ns), "%s", good[i].text);
        ck_assert_int_eq(ns, good[i].ns);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!skr_iso8601_parse(skr_text(bad[i]), &ns), "'%s' was taken", bad[i]);
    size_t size = skr_iso8601_format(text, INT64_C(1767323045123456789), 7);
    ck_assert(skr_bytes_equal((struct skr_bytes){text, size}, SKR_BYTES("2026-01-02T03:04:05.1234567Z")));
    size = skr_iso8601_format(text, -1, 9);
    ck_assert(skr_bytes_equal((struct skr_bytes){text, size}, SKR_BYTES("1969-12-31T23:59:59.999999999Z")));
    size = skr_iso8601_format(text, 0, 0);
    ck_assert(skr_bytes_equal((struct skr_bytes){text, size}, SKR_BYTES("1970-01-01T00:00:00Z")));
}
END_TEST

START_TEST(secrets)
{
    ck_assert(skr_secret_equal(SKR_BYTES("abc"), SKR_BYTES("abc")));
    ck_assert(!skr_secret_equal(SKR_BYTES("abc"), SKR_BYTES("abd")));
    ck_assert(!skr_secret_equal(SKR_BYTES("abc"), SKR_BYTES("ab")));
    ck_assert(skr_secret_equal(SKR_BYTES(""), SKR_BYTES("")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("encoding");
    TCase *all = tcase_create("encoding");
    tcase_add_test(all, base64_knows_the_vectors_of_the_rfc);
    tcase_add_test(all, base64_is_strict);
    tcase_add_test(all, hexadecimal);
    tcase_add_test(all, percent_encoding);
    tcase_add_test(all, utf8);
    tcase_add_test(all, numbers);
    tcase_add_test(all, http_dates);
    tcase_add_test(all, iso_dates);
    tcase_add_test(all, secrets);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
