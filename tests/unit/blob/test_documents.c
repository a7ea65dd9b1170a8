/* XML out and in: escaping, block lists, access policies, service properties. */
#include <check.h>
#include <stdlib.h>

#include "access.h"
#include "blocks.h"
#include "run.h"
#include "service_properties.h"
#include "skerry/xml.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct skr_arena arena;

static void release(void)
{
    skr_arena_release(&arena);
}

/* ---- out ---- */

static const struct {
    struct skr_bytes text;
    const char *element, *name;
} written[] = {
    {{"", 0}, "<N></N>", "<N></N>"},
    {{NULL, 0}, "<N></N>", "<N></N>"},
    {{"plain", 5}, "<N>plain</N>", "<N>plain</N>"},
    {{"<a href=\"x\">&amp;</a>", 21},
     "<N>&lt;a href=&quot;x&quot;&gt;&amp;amp;&lt;/a&gt;</N>",
     "<N>&lt;a href=&quot;x&quot;&gt;&amp;amp;&lt;/a&gt;</N>"},
    {{"]]>", 3}, "<N>]]&gt;</N>", "<N>]]&gt;</N>"},
    {{"a\r\nb\tc", 6}, "<N>a&#xD;\nb\tc</N>", "<N>a&#xD;\nb\tc</N>"},
    {{"\xC3\xA4", 2}, "<N>\xC3\xA4</N>", "<N>\xC3\xA4</N>"},
    /* what XML cannot hold */
    {{"a\x01 b", 4}, "<N>a? b</N>", "<N Encoded=\"true\">a%01%20b</N>"},
    {{"\x7F", 1}, NULL, "<N Encoded=\"true\">%7F</N>"},
    {{"\xEF\xBF\xBF", 3},
     "<N>?"
     "?"
     "?</N>",
     "<N Encoded=\"true\">%EF%BF%BF</N>"},
    {{"a\xE4z", 3}, "<N>a?z</N>", NULL},
    {{"a\xE4", 2}, "<N>a?</N>", NULL},
    {{"\xED\xA0\x80<", 4},
     "<N>?"
     "?"
     "?&lt;</N>",
     NULL},
    {{"\xF0\x9F\x98\x80&", 5}, "<N>\xF0\x9F\x98\x80&amp;</N>", NULL},
    {{"\xEF\xBF\xBE", 3}, NULL, "<N Encoded=\"true\">%EF%BF%BE</N>"},
    {{"\xEF\xBF\xBD", 3}, NULL, "<N>\xEF\xBF\xBD</N>"},
};

START_TEST(texts_are_escaped)
{
    struct skr_xml xml = {.data = NULL};
    if (written[_i].element != NULL) {
        skr_xml_element(&xml, "N", written[_i].text);
        ck_assert_msg(skr_bytes_equal(skr_xml_bytes(&xml), skr_text(written[_i].element)), "%.*s",
                      SKR_PRINT(skr_xml_bytes(&xml)));
        skr_xml_close(&xml);
    }
    if (written[_i].name == NULL)
        return;
    skr_xml_name(&xml, "N", written[_i].text);
    ck_assert_msg(skr_bytes_equal(skr_xml_bytes(&xml), skr_text(written[_i].name)), "%.*s", SKR_PRINT(skr_xml_bytes(&xml)));
    skr_xml_close(&xml);
}
END_TEST

START_TEST(large_documents_grow)
{
    struct skr_xml xml;
    skr_xml_open(&xml);
    skr_xml_begin_with(&xml, "R", "a", SKR_BYTES("\"<&"));
    for (unsigned i = 0; i < 50000; i++)
        skr_xml_element_u64(&xml, "N", UINT64_MAX);
    skr_xml_empty(&xml, "E");
    skr_xml_end(&xml, "R");
    ck_assert(!xml.failed);
    ck_assert(skr_bytes_starts_with(
        skr_xml_bytes(&xml),
        SKR_BYTES("<?xml version=\"1.0\" encoding=\"utf-8\"?><R a=\"&quot;&lt;&amp;\"><N>18446744073709551615</N>")));
    skr_xml_close(&xml);
}
END_TEST

/* ---- in ---- */

static bool append(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    char *log = context;
    size_t at = strlen(log);
    if (text.data != NULL)
        snprintf(log + at, 1000 - at, "%.*s=%.*s;", SKR_PRINT(path), SKR_PRINT(text));
    else
        snprintf(log + at, 1000 - at, "%s%.*s;", ends ? "-" : "+", SKR_PRINT(path));
    return true;
}

START_TEST(elements_are_visited)
{
    char log[1000] = "";
    ck_assert(skr_xml_parse(SKR_BYTES("\xEF\xBB\xBF<?xml version=\"1.0\"?><A><!-- no --><B "
                                      "x=\"1\">t<![CDATA[<u>]]>&amp;&#65;</B><C/><D><E></E></D></A>\n"),
                            append, log));
    ck_assert_str_eq(log, "+A;A/B=t<u>&A;A/C=;+A/D;A/D/E=;-A/D;-A;");
}
END_TEST

START_TEST(hostile_documents_are_refused)
{
    static const char *const bad[] = {
        "",
        " ",
        "text",
        "<A>",
        "<A></B>",
        "<A/><B/>",
        "<A>&none;</A>",
        "<A>\x01</A>",
        "<A>\xC3</A>",
        "<!DOCTYPE A><A/>",
        "<!DOCTYPE A [<!ENTITY e \"x\">]><A>&e;</A>",
        "<!DOCTYPE A SYSTEM \"file:///etc/passwd\"><A/>",
        "<A><A><A><A><A><A><A><A><A/></A></A></A></A></A></A></A></A>",
    };
    char log[1000];
    for (size_t i = 0; i < COUNT(bad); i++) {
        log[0] = '\0';
        ck_assert_msg(!skr_xml_parse(skr_text(bad[i]), append, log), "%s", bad[i]);
    }
}
END_TEST

/* ---- block lists ---- */

START_TEST(block_lists)
{
    struct skr_choice_list list;
    ck_assert(
        skr_block_list_parse(&arena,
                             SKR_BYTES("<?xml version='1.0'?><BlockList> <Latest>QUFB</Latest><Committed>Qg==</Committed>\n"
                                       "<Uncommitted>Q0M=</Uncommitted><Latest>QUFB</Latest></BlockList>"),
                             &list));
    ck_assert_uint_eq(list.count, 4);
    ck_assert(list.choices[0].from == SKR_BLOCK_LATEST && skr_bytes_equal(list.choices[0].name, SKR_BYTES("AAA")));
    ck_assert(list.choices[1].from == SKR_BLOCK_COMMITTED && skr_bytes_equal(list.choices[1].name, SKR_BYTES("B")));
    ck_assert(list.choices[2].from == SKR_BLOCK_UNCOMMITTED && skr_bytes_equal(list.choices[2].name, SKR_BYTES("CC")));
    ck_assert(list.choices[3].from == SKR_BLOCK_LATEST);
    free(list.choices);
    ck_assert(skr_block_list_parse(&arena, SKR_BYTES("<BlockList/>"), &list));
    ck_assert_uint_eq(list.count, 0);
    free(list.choices);
}
END_TEST

START_TEST(bad_block_lists)
{
    static const struct {
        const char *document;
        bool bad_id;
    } bad[] = {
        {"", false},
        {"<List/>", false},
        {"<BlockList><Latest>QUFB</Latest>", false},
        {"<BlockList><Block>QUFB</Block></BlockList>", false},
        {"<BlockList><Latest><a/></Latest></BlockList>", false},
        {"<BlockList><latest>QUFB</latest></BlockList>", false},
        {"<BlockList><Latest/></BlockList>", true},
        {"<BlockList><Latest>QUF</Latest></BlockList>", true},
        {"<BlockList><Latest> QUFB</Latest></BlockList>", true},
        {"<BlockList><Latest>QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB</"
         "Latest></BlockList>",
         true},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct skr_choice_list list;
        ck_assert_msg(!skr_block_list_parse(&arena, skr_text(bad[i].document), &list), "%s", bad[i].document);
        ck_assert_msg(list.bad_id == bad[i].bad_id, "%s", bad[i].document);
        free(list.choices);
    }
}
END_TEST

START_TEST(the_longest_block_list)
{
    for (int over = 0; over < 2; over++) {
        struct skr_choice_list list;
        struct skr_xml xml = {.data = NULL};
        skr_xml_begin(&xml, "BlockList");
        for (int i = 0; i < SKR_MAX_BLOCKS + over; i++)
            skr_xml_element(&xml, "Latest", SKR_BYTES("QUFB"));
        skr_xml_end(&xml, "BlockList");
        ck_assert(skr_block_list_parse(&arena, skr_xml_bytes(&xml), &list) == (over == 0));
        ck_assert_uint_eq(list.count, SKR_MAX_BLOCKS);
        ck_assert_int_eq(list.too_long, over);
        free(list.choices);
        skr_xml_close(&xml);
    }
}
END_TEST

/* ---- access policies ---- */

#define POLICY(inner) "<SignedIdentifier>" inner "</SignedIdentifier>"
#define POLICIES(inner) "<SignedIdentifiers>" inner "</SignedIdentifiers>"

START_TEST(policies)
{
    struct skr_policy_list list;
    ck_assert(skr_policies_parse(
        &arena,
        SKR_BYTES(POLICIES(POLICY("<Id>one</Id><AccessPolicy><Start>2026-01-02</Start><Expiry>2026-02-02T00:00:00Z</"
                                  "Expiry><Permission>rl</Permission></AccessPolicy>") POLICY("<Id>two</Id><AccessPolicy/>")
                               POLICY("<Id>three</Id>"))),
        &list));
    ck_assert_uint_eq(list.count, 3);
    ck_assert(skr_bytes_equal(list.policies[0].permission, SKR_BYTES("rl")) &&
              skr_bytes_equal(list.policies[0].start, SKR_BYTES("2026-01-02")));
    ck_assert(skr_bytes_equal(list.policies[1].id, SKR_BYTES("two")) && list.policies[1].expiry.size == 0);
    ck_assert(skr_policies_parse(&arena, SKR_BYTES(""), &list) && list.count == 0);
    ck_assert(skr_policies_parse(&arena, SKR_BYTES("<SignedIdentifiers/>"), &list) && list.count == 0);
}
END_TEST

START_TEST(bad_policies)
{
    static const char *const bad[] = {
        "<Other/>",
        "<SignedIdentifiersX/>",
        POLICIES("<SignedIdentifier/>"),
        POLICIES(POLICY("")),
        POLICIES("<Id>a</Id>"),
        POLICIES(POLICY("<AccessPolicy/>")),
        POLICIES(POLICY("<Id></Id>")),
        POLICIES(POLICY("<Id>a</Id>") "<SignedIdentifier/>"),
        POLICIES(POLICY("<Id>a</Id>") POLICY("<Id>a</Id>")),
        POLICIES(POLICY("<Id>a</Id><Start>2026-01-01</Start>")),
        POLICIES(POLICY("<Id>a</Id><AccessPolicy><Start>soon</Start></AccessPolicy>")),
        POLICIES(POLICY("<Id>a</Id><AccessPolicy><Permission>rz</Permission></AccessPolicy>")),
        POLICIES(POLICY("<Id>a</Id>") POLICY("<Id>b</Id>") POLICY("<Id>c</Id>") POLICY("<Id>d</Id>") POLICY("<Id>e</Id>")
                     POLICY("<Id>f</Id>")),
        POLICIES(POLICY("<Id>12345678901234567890123456789012345678901234567890123456789012345</Id>")),
    };
    struct skr_policy_list list;
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!skr_policies_parse(&arena, skr_text(bad[i]), &list), "%s", bad[i]);
}
END_TEST

/* ---- service properties ---- */

#define PROPERTIES(inner) "<StorageServiceProperties>" inner "</StorageServiceProperties>"
#define WHOLE_RULE(age)                                                                                                        \
    "<CorsRule><AllowedOrigins>*</AllowedOrigins><AllowedMethods>GET</AllowedMethods><MaxAgeInSeconds>" age                    \
    "</MaxAgeInSeconds><ExposedHeaders/><AllowedHeaders/></CorsRule>"
#define DECLARED "<?xml version=\"1.0\" encoding=\"utf-8\"?>"

START_TEST(sections_that_are_given_replace_those_that_are_there)
{
    struct skr_xml xml;
    ck_assert(skr_properties_merge(
        SKR_BYTES(PROPERTIES("<DefaultServiceVersion>2</DefaultServiceVersion><Cors/>")),
        SKR_BYTES(PROPERTIES("<Logging><Version>1.0</Version></Logging><DefaultServiceVersion>1</DefaultServiceVersion>")),
        &xml, NULL));
    ck_assert(skr_bytes_equal(skr_xml_bytes(&xml),
                              SKR_BYTES(DECLARED PROPERTIES("<Logging><Version>1.0</Version></Logging><Cors></Cors>"
                                                            "<DefaultServiceVersion>2</DefaultServiceVersion>"))));
    skr_xml_close(&xml);
}
END_TEST

/* Whatever was sent, what is kept is well-formed and says what the parser read. */
START_TEST(what_looks_like_a_section_is_none)
{
    static const char *const given[] = {
        PROPERTIES("<!-- <Cors><CorsRule> --><Cors/>"),
        PROPERTIES("<Cors>" WHOLE_RULE("<![CDATA[</Cors>]]>") "</Cors>"),
        "<x:StorageServiceProperties xmlns:x='u'><x:Cors/></x:StorageServiceProperties>",
        PROPERTIES("<Cors a='/Cors>'/>"),
    };
    struct skr_xml xml, again;
    for (size_t i = 0; i < COUNT(given); i++) {
        ck_assert_msg(skr_properties_merge(skr_text(given[i]), SKR_BYTES("not a document"), &xml, NULL), "%s", given[i]);
        ck_assert_msg(skr_properties_merge(skr_xml_bytes(&xml), SKR_BYTES(""), &again, NULL), "%s", given[i]);
        ck_assert(skr_bytes_equal(skr_xml_bytes(&xml), skr_xml_bytes(&again)));
        ck_assert_ptr_nonnull(memmem(xml.data, xml.size, "<Cors>", 6));
        skr_xml_close(&xml);
        skr_xml_close(&again);
    }
}
END_TEST

START_TEST(bad_properties)
{
#define RULE WHOLE_RULE("1")
#define KEPT(days) PROPERTIES("<DeleteRetentionPolicy><Enabled>true</Enabled><Days>" days "</Days></DeleteRetentionPolicy>")
    static const char *const bad[] = {"",
                                      "<Other/>",
                                      PROPERTIES("<Unknown/>"),
                                      PROPERTIES("<Cors/><Cors/>"),
                                      PROPERTIES("<Cors>"),
                                      PROPERTIES("<Cors><CorsRule/></Cors>"),
                                      PROPERTIES("<Cors><CorsRule><AllowedOrigins>*</AllowedOrigins></CorsRule></Cors>"),
                                      PROPERTIES("<Cors>" RULE RULE RULE RULE RULE RULE "</Cors>")};
    static const char *const bad_values[] = {KEPT("0"), KEPT("366"), KEPT("x"), KEPT("")};
    struct skr_xml xml;
    bool bad_value;
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!skr_properties_merge(skr_text(bad[i]), SKR_BYTES(""), &xml, &bad_value) && !bad_value, "%s", bad[i]);
    for (size_t i = 0; i < COUNT(bad_values); i++)
        ck_assert_msg(!skr_properties_merge(skr_text(bad_values[i]), SKR_BYTES(""), &xml, &bad_value) && bad_value, "%s",
                      bad_values[i]);
    ck_assert(skr_properties_merge(SKR_BYTES(PROPERTIES("<Cors>" RULE RULE "</Cors>")), SKR_BYTES(""), &xml, NULL));
    skr_xml_close(&xml);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("documents");
    TCase *cases = tcase_create("documents");
    tcase_add_checked_fixture(cases, NULL, release);
    tcase_add_loop_test(cases, texts_are_escaped, 0, COUNT(written));
    tcase_add_test(cases, large_documents_grow);
    tcase_add_test(cases, elements_are_visited);
    tcase_add_test(cases, hostile_documents_are_refused);
    tcase_add_test(cases, block_lists);
    tcase_add_test(cases, bad_block_lists);
    tcase_add_test(cases, the_longest_block_list);
    tcase_add_test(cases, policies);
    tcase_add_test(cases, bad_policies);
    tcase_add_test(cases, sections_that_are_given_replace_those_that_are_there);
    tcase_add_test(cases, what_looks_like_a_section_is_none);
    tcase_add_test(cases, bad_properties);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
