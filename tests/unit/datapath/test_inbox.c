/* What other threads post is run on the owner's thread, once, in the order of each of them, and wakes it out of its ring. */
#include <check.h>
#include <stdatomic.h>

#include "run.h"
#include "skerry/inbox.h"

#define POSTERS 4
#define TASKS 2000

static struct skr_inbox inbox;

static void setup(void)
{
    struct skr_io_options options = {.entries = 8};
    struct skr_error error;
    ck_assert_msg(skr_inbox_open(&inbox, &options, &error) == SKR_OK, "%s", error.message);
}

static void teardown(void)
{
    skr_inbox_leave(&inbox);
    skr_inbox_wake(&inbox); /* nobody sleeps there any more */
    skr_inbox_close(&inbox);
    skr_inbox_close(&inbox); /* in vain */
}

struct poster {
    pthread_t thread;
    struct posted {
        struct skr_task task; /* first */
        struct poster *poster;
    } tasks[TASKS];
    size_t run; /* on the owner's thread */
};
static struct poster posters[POSTERS];
static pthread_t owner;

static void run_posted(struct skr_task *task)
{
    struct posted *posted = (struct posted *)task;
    ck_assert(pthread_equal(pthread_self(), owner));
    ck_assert_ptr_eq(posted, &posted->poster->tasks[posted->poster->run]); /* in order, and once */
    posted->poster->run++;
    task->next = task; /* its own: nothing follows it any more */
}

static void *post_all(void *argument)
{
    struct poster *poster = argument;
    for (size_t i = 0; i < TASKS; i++) {
        poster->tasks[i] = (struct posted){.task = {.run = run_posted}, .poster = poster};
        inbox.executor.post(&inbox.executor, &poster->tasks[i].task);
    }
    return NULL;
}

static bool all_run(void)
{
    for (size_t i = 0; i < POSTERS; i++)
        if (posters[i].run < TASKS)
            return false;
    return true;
}

START_TEST(tasks_of_many_threads)
{
    owner = pthread_self();
    for (size_t i = 0; i < POSTERS; i++) {
        posters[i].run = 0;
        ck_assert_int_eq(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
    }
    while (!all_run())
        inbox.executor.wait(&inbox.executor); /* without a limit: it ends because something is posted */
    for (size_t i = 0; i < POSTERS; i++)
        pthread_join(posters[i].thread, NULL);
    ck_assert(!skr_inbox_run(&inbox));
}
END_TEST

/* ---- a task that posts another ---- */

struct chain {
    struct skr_task task; /* first */
    unsigned left;
};

static void run_chain(struct skr_task *task)
{
    struct chain *chain = (struct chain *)task;
    if (chain->left-- > 0)
        inbox.executor.post(&inbox.executor, task);
}

START_TEST(a_task_posted_by_a_task_waits_for_the_next_turn)
{
    struct chain chain = {.task = {.run = run_chain}, .left = 3};
    inbox.executor.post(&inbox.executor, &chain.task);
    ck_assert(skr_inbox_run(&inbox));
    ck_assert_uint_eq(chain.left, 2);
    while (skr_inbox_run(&inbox))
        ;
    ck_assert_uint_eq(chain.left, (unsigned)-1);
}
END_TEST

static void *wake(void *argument)
{
    skr_inbox_wake(argument);
    return NULL;
}

START_TEST(a_wake_ends_a_sleep)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, wake, &inbox), 0);
    skr_inbox_turn(&inbox, -1);
    pthread_join(thread, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inbox");
    TCase *cases = tcase_create("inbox");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, tasks_of_many_threads);
    tcase_add_test(cases, a_task_posted_by_a_task_waits_for_the_next_turn);
    tcase_add_test(cases, a_wake_ends_a_sleep);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
