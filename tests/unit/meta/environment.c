#include "environment.h"

#include <check.h>
#include <ftw.h>
#include <stdlib.h>

static uint64_t initial_bytes, max_bytes;

static void environment_open(struct environment *environment)
{
    struct skr_error error = {.status = SKR_OK};
    struct skr_meta_options options = {
        .directory = environment->directory, .max_readers = 8, .map_initial_bytes = initial_bytes, .map_max_bytes = max_bytes};
    ck_assert_msg(skr_meta_open(&environment->meta, &options, &error) == SKR_OK, "%s", error.message);
    ck_assert_int_eq(skr_meta_reader_open(environment->meta, &environment->reader, &error), SKR_OK);
}

void environment_make(struct environment *environment, uint64_t map_initial, uint64_t map_max)
{
    const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    initial_bytes = map_initial;
    max_bytes = map_max;
    snprintf(environment->directory, sizeof environment->directory, "%.40s/skr-meta-XXXXXX", base);
    ck_assert_ptr_nonnull(mkdtemp(environment->directory));
    environment_open(environment);
}

void environment_close(struct environment *environment)
{
    skr_meta_reader_close(environment->reader);
    skr_meta_close(environment->meta);
}

void environment_reopen(struct environment *environment)
{
    environment_close(environment);
    environment_open(environment);
}

static int environment_unlink(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    return remove(path);
}

void environment_remove(struct environment *environment)
{
    environment_close(environment);
    environment_delete(environment);
}

void environment_delete(struct environment *environment)
{
    nftw(environment->directory, environment_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

struct work_change {
    struct skr_change change;
    enum skr_status (*work)(struct skr_view *view, void *context, struct skr_error *err);
    void *context;
};

static enum skr_status apply_work(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct work_change *work = (struct work_change *)change;
    return work->work(view, work->context, err);
}

enum skr_status environment_change(struct environment *environment,
                                   enum skr_status (*work)(struct skr_view *view, void *context, struct skr_error *err),
                                   void *context)
{
    struct work_change change = {.change = {.apply = apply_work}, .work = work, .context = context};
    struct skr_error error;
    return skr_meta_apply(environment->meta, &change.change, &error);
}

static void print_problem(void *context, const char *text)
{
    (void)context;
    printf("check: %s\n", text);
}

uint64_t environment_problems(struct environment *environment)
{
    struct skr_meta_check check;
    struct skr_error error;
    struct skr_meta_check_options options = {.problem = print_problem};
    ck_assert_int_eq(skr_meta_check_all(environment->meta, &options, &check, &error), SKR_OK);
    return check.problems;
}
