/* Contents in use are counted rightly, whatever places their ids share. */
#include <check.h>
#include <string.h>

#include "pins.h"
#include "run.h"

#define IDS 4000
#define ROUNDS 200000

START_TEST(test_counts)
{
    static unsigned counts[IDS + 1];
    struct skr_pins pins;
    uint64_t random = 1;
    memset(counts, 0, sizeof counts);
    skr_pins_open(&pins);
    for (unsigned round = 0; round < ROUNDS; round++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t id = 1 + (random >> 33) % IDS;
        bool drops = counts[id] > 0 && (random >> 20) % 8 != 0; /* few at a time, so that the table stays small and full */
        if (drops)
            skr_pins_drop(&pins, id);
        else
            ck_assert(skr_pins_add(&pins, id));
        counts[id] += drops ? -1u : 1u;
        ck_assert(skr_pins_has(&pins, id) == (counts[id] > 0));
        if (round % 1000 != 0)
            continue;
        for (uint64_t other = 1; other <= IDS; other++) /* what was given up holds nothing */
            while (counts[other] > 0) {
                skr_pins_drop(&pins, other);
                counts[other]--;
            }
        for (uint64_t other = 1; other <= IDS; other++)
            ck_assert_msg(!skr_pins_has(&pins, other), "round %u: %llu is still in use", round, (unsigned long long)other);
    }
    skr_pins_close(&pins);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core pins");
    TCase *cases = tcase_create("pins");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, test_counts);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
