/* How every unit test ends. */
#ifndef SKERRY_TEST_RUN_H
#define SKERRY_TEST_RUN_H

#include <check.h>
#include <stdlib.h>

/* Runs the suite and frees it. Returns what main returns. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
