/* A data folder's metadata in a temporary folder. */
#ifndef SKERRY_TESTS_META_ENVIRONMENT_H
#define SKERRY_TESTS_META_ENVIRONMENT_H

#include "skerry/meta.h"

struct environment {
    char directory[64];
    struct skr_meta *meta;
    struct skr_meta_reader *reader;
};
void environment_make(struct environment *environment, uint64_t map_initial, uint64_t map_max);
void environment_reopen(struct environment *environment);
void environment_close(struct environment *environment);
void environment_delete(struct environment *environment); /* the folder, once closed */
void environment_remove(struct environment *environment); /* both */
/* Runs `work` in a change and waits. */
enum skr_status environment_change(struct environment *environment,
                                   enum skr_status (*work)(struct skr_view *view, void *context, struct skr_error *err),
                                   void *context);
uint64_t environment_problems(struct environment *environment);

#endif
