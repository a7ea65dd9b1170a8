/* Tags as texts, by the rules of the two protocols that have them. */
#include <check.h>
#include <stdio.h>

#include "run.h"
#include "skerry/encoding.h"
#include "skerry/tags.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct skr_tag_rules ascii = {.most = 3, .signs = " +-./:=_"};
static const struct skr_tag_rules any = {.most = 3, .any_script = true, .signs = " +-=._:/@", .reserved = "aws:"};
static struct skr_arena arena;

static void release(void)
{
    skr_arena_release(&arena);
}

static const char *letters(size_t count)
{
    static char text[300];
    memset(text, 'k', count);
    text[count] = '\0';
    return text;
}

START_TEST(queries)
{
    struct skr_tags tags;
    ck_assert_int_eq(skr_tags_parse_query(&arena, SKR_BYTES("a=1&&b%20c=d%3De+f&g"), &ascii, &tags), SKR_TAGS_FINE);
    ck_assert_uint_eq(tags.count, 3);
    ck_assert(skr_bytes_equal(tags.pairs[1].name, SKR_BYTES("b c")) &&
              skr_bytes_equal(tags.pairs[1].value, SKR_BYTES("d=e f")));
    ck_assert(skr_bytes_equal(tags.pairs[2].name, SKR_BYTES("g")) && tags.pairs[2].value.size == 0);
    ck_assert_int_eq(skr_tags_parse_query(&arena, SKR_NO_BYTES, &ascii, &tags), SKR_TAGS_FINE);
    ck_assert_uint_eq(tags.count, 0);
}
END_TEST

START_TEST(what_is_refused)
{
    static const struct {
        const char *text;
        const struct skr_tag_rules *rules;
        enum skr_tags_problem problem;
    } cases[] = {
        {"a=%", &ascii, SKR_TAGS_MALFORMED},          {"=1", &ascii, SKR_TAGS_KEY_EMPTY},
        {"a=1&a=2", &ascii, SKR_TAGS_KEY_TWICE},      {"a=1&b=2&c=3&d=4", &ascii, SKR_TAGS_TOO_MANY},
        {"a%40=1", &ascii, SKR_TAGS_KEY_LETTERS},     {"a%40=%40", &any, SKR_TAGS_FINE},
        {"a=%C3%BC", &ascii, SKR_TAGS_VALUE_LETTERS}, {"a=%C3%BC", &any, SKR_TAGS_FINE},
        {"a=%FF", &any, SKR_TAGS_VALUE_LETTERS},      {"a=%00", &any, SKR_TAGS_VALUE_LETTERS},
        {"AWS:a=1", &any, SKR_TAGS_KEY_RESERVED},     {"aws:a=1", &ascii, SKR_TAGS_FINE},
        {"a=1&A=2", &ascii, SKR_TAGS_FINE},           {"a=%EF%BF%BE", &any, SKR_TAGS_VALUE_LETTERS},
    };
    struct skr_tags tags;
    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_msg(skr_tags_parse_query(&arena, skr_text(cases[i].text), cases[i].rules, &tags) == cases[i].problem, "%s",
                      cases[i].text);
    ck_assert_int_eq(skr_tags_parse_query(&arena, skr_text(letters(128)), &ascii, &tags), SKR_TAGS_FINE);
    ck_assert_int_eq(skr_tags_parse_query(&arena, skr_text(letters(129)), &ascii, &tags), SKR_TAGS_KEY_LONG);
}
END_TEST

START_TEST(documents)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "<Tags/>",
                                      "<Tags></Tags>",
                                      "<Other><TagSet/></Other>",
                                      "<Tags><TagSet/><TagSet/></Tags>",
                                      "<Tags><TagSet><Tag><Key>a</Key></Tag></TagSet></Tags>",
                                      "<Tags><TagSet><Tag/></TagSet></Tags>",
                                      "<Tags><TagSet><Tag><Key>a</Key><Key>b</Key><Value/></Tag></TagSet></Tags>",
                                      "<Tags><TagSet><Tag><Key>a</Key><Value/><X/></Tag></TagSet></Tags>",
                                      "<Tagsy><TagSet/></Tagsy>"};
    struct skr_tags tags;
    struct skr_xml xml;
    struct skr_bytes good =
        SKR_BYTES("<Tags><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Value/><Key>b</Key></Tag></TagSet></Tags>");
    ck_assert_int_eq(skr_tags_parse_xml(&arena, good, "Tags", &ascii, &tags), SKR_TAGS_FINE);
    ck_assert(tags.count == 2 && skr_bytes_equal(tags.pairs[1].name, SKR_BYTES("b")) && tags.pairs[1].value.size == 0);
    ck_assert_int_eq(skr_tags_parse_xml(&arena, SKR_BYTES("<Tags><TagSet/></Tags>"), "Tags", &ascii, &tags), SKR_TAGS_FINE);
    ck_assert_uint_eq(tags.count, 0);
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(skr_tags_parse_xml(&arena, skr_text(bad[i]), "Tags", &ascii, &tags) == SKR_TAGS_MALFORMED, "%s", bad[i]);
    struct skr_name_value pair = {SKR_BYTES("a"), SKR_BYTES("<1>")};
    skr_xml_open(&xml);
    size_t before = xml.size;
    skr_tags_render(&xml, &pair, 1);
    ck_assert(skr_bytes_equal((struct skr_bytes){xml.data + before, xml.size - before},
                              SKR_BYTES("<TagSet><Tag><Key>a</Key><Value>&lt;1&gt;</Value></Tag></TagSet>")));
    skr_xml_close(&xml);
}
END_TEST

START_TEST(patterns)
{
    static const struct {
        const char *pattern, *text;
        bool any_case, matches;
    } cases[] = {
        {"*", "", false, true},
        {"*", "x", false, true},
        {"a*c", "abc", false, true},
        {"a*c", "ac", false, true},
        {"a*a", "a", false, false},
        {"A*", "abc", false, false},
        {"A*", "abc", true, true},
        {"abc", "ABC", true, true},
        {"abc", "ABC", false, false},
        {"", "", false, true},
        {"", "a", false, false},
        {"a*", "", false, false},
        {"https://*.example", "https://a.example", false, true},
        {"https://*.example", "https://example", false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_msg(skr_wildcard_matches(skr_text(cases[i].pattern), skr_text(cases[i].text), cases[i].any_case) ==
                          cases[i].matches,
                      "%s %s", cases[i].pattern, cases[i].text);
}
END_TEST

START_TEST(texts_in_headers)
{
    ck_assert(skr_bytes_equal(skr_header_text(&arena, SKR_BYTES("plain ~!")), SKR_BYTES("plain ~!")));
    ck_assert(skr_bytes_equal(skr_header_text(&arena, SKR_BYTES("\xC3\xBC")), SKR_BYTES("=?UTF-8?B?w7w=?=")));
    ck_assert(skr_bytes_equal(skr_header_text(&arena, SKR_BYTES("a\nb")), SKR_BYTES("=?UTF-8?B?YQpi?=")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tags");
    TCase *all = tcase_create("tags");
    tcase_add_checked_fixture(all, NULL, release);
    tcase_add_test(all, queries);
    tcase_add_test(all, what_is_refused);
    tcase_add_test(all, documents);
    tcase_add_test(all, patterns);
    tcase_add_test(all, texts_in_headers);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
