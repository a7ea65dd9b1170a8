/* Conditions: the table of what holds for which tag, date and presence. */
#include <check.h>

#include "run.h"
#include "state.h"

static const struct skr_bytes tag_a = {"0xA", 3}, tag_b = {"0xB", 3};
#define MODIFIED_S 1000

static enum skr_status check(struct skr_conditions conditions, bool exists, bool reading)
{
    struct skr_error error;
    /* half a second into the second: dates compare with whole seconds */
    return skr_conditions_check(&conditions, exists, tag_a, MODIFIED_S * INT64_C(1000000000) + 500000000, reading, &error);
}

#define MATCH(tag)                                                                                                             \
    (struct skr_conditions)                                                                                                    \
    {                                                                                                                          \
        .if_match = &(tag), .if_match_count = 1                                                                                \
    }
#define NONE_MATCH(tag)                                                                                                        \
    (struct skr_conditions)                                                                                                    \
    {                                                                                                                          \
        .if_none_match = &(tag), .if_none_match_count = 1                                                                      \
    }
#define MODIFIED(s)                                                                                                            \
    (struct skr_conditions)                                                                                                    \
    {                                                                                                                          \
        .has_modified_since = true, .modified_since_s = (s)                                                                    \
    }
#define UNMODIFIED(s)                                                                                                          \
    (struct skr_conditions)                                                                                                    \
    {                                                                                                                          \
        .has_unmodified_since = true, .unmodified_since_s = (s)                                                                \
    }

START_TEST(no_condition_always_holds)
{
    ck_assert_int_eq(check((struct skr_conditions){0}, true, true), SKR_OK);
    ck_assert_int_eq(check((struct skr_conditions){0}, false, false), SKR_OK);
}
END_TEST

START_TEST(tags)
{
    ck_assert_int_eq(check(MATCH(tag_a), true, true), SKR_OK);
    ck_assert_int_eq(check(MATCH(tag_b), true, true), SKR_CONDITION_FAILED);
    ck_assert_int_eq(check(MATCH(tag_a), false, false), SKR_CONDITION_FAILED);
    ck_assert_int_eq(check(NONE_MATCH(tag_a), true, true), SKR_NOT_MODIFIED);
    ck_assert_int_eq(check(NONE_MATCH(tag_a), true, false), SKR_CONDITION_FAILED);
    ck_assert_int_eq(check(NONE_MATCH(tag_b), true, false), SKR_OK);
    ck_assert_int_eq(check(NONE_MATCH(tag_a), false, false), SKR_OK);
}
END_TEST

START_TEST(any_tag)
{
    struct skr_conditions match = {.if_match_any = true}, none = {.if_none_match_any = true};
    ck_assert_int_eq(check(match, true, false), SKR_OK);
    ck_assert_int_eq(check(match, false, false), SKR_CONDITION_FAILED);
    ck_assert_int_eq(check(none, false, false), SKR_OK);
    ck_assert_int_eq(check(none, true, false), SKR_OBJECT_EXISTS);
    ck_assert_int_eq(check(none, true, true), SKR_NOT_MODIFIED);
}
END_TEST

START_TEST(dates_compare_whole_seconds)
{
    ck_assert_int_eq(check(MODIFIED(MODIFIED_S - 1), true, true), SKR_OK);
    ck_assert_int_eq(check(MODIFIED(MODIFIED_S), true, true), SKR_NOT_MODIFIED);
    ck_assert_int_eq(check(MODIFIED(MODIFIED_S), true, false), SKR_CONDITION_FAILED);
    ck_assert_int_eq(check(UNMODIFIED(MODIFIED_S), true, true), SKR_OK);
    ck_assert_int_eq(check(UNMODIFIED(MODIFIED_S - 1), true, true), SKR_CONDITION_FAILED);
    ck_assert_int_eq(check(UNMODIFIED(MODIFIED_S - 1), false, false), SKR_OK);
}
END_TEST

START_TEST(a_tag_goes_before_a_date)
{
    struct skr_conditions both = NONE_MATCH(tag_b);
    both.has_modified_since = true;
    both.modified_since_s = MODIFIED_S + 5;
    ck_assert_int_eq(check(both, true, true), SKR_OK);
    struct skr_conditions positive = MATCH(tag_a);
    positive.has_unmodified_since = true;
    positive.unmodified_since_s = MODIFIED_S - 5;
    ck_assert_int_eq(check(positive, true, true), SKR_OK);
}
END_TEST

/* Where the protocol has it so for reads: match AND unmodified AND (none-match OR modified). */
START_TEST(a_date_counts_beside_a_tag)
{
    struct skr_conditions positive = MATCH(tag_a), negative = NONE_MATCH(tag_a);
    positive.dates_beside_tags = negative.dates_beside_tags = true;
    positive.has_unmodified_since = true;
    positive.unmodified_since_s = MODIFIED_S - 5;
    ck_assert_int_eq(check(positive, true, true), SKR_CONDITION_FAILED);
    positive.unmodified_since_s = MODIFIED_S;
    ck_assert_int_eq(check(positive, true, true), SKR_OK);
    ck_assert_int_eq(check(negative, true, true), SKR_NOT_MODIFIED);
    negative.has_modified_since = true;
    negative.modified_since_s = MODIFIED_S - 5;
    ck_assert_int_eq(check(negative, true, true), SKR_OK);
    negative.modified_since_s = MODIFIED_S;
    ck_assert_int_eq(check(negative, true, true), SKR_NOT_MODIFIED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core conditions");
    TCase *cases = tcase_create("conditions");
    tcase_add_test(cases, no_condition_always_holds);
    tcase_add_test(cases, tags);
    tcase_add_test(cases, any_tag);
    tcase_add_test(cases, dates_compare_whole_seconds);
    tcase_add_test(cases, a_tag_goes_before_a_date);
    tcase_add_test(cases, a_date_counts_beside_a_tag);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
