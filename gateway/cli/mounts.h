/* --mount: containers as folders of this machine. */
#ifndef SKERRY_CLI_MOUNTS_H
#define SKERRY_CLI_MOUNTS_H

#include <pthread.h>

#include "accounts.h"
#include "settings.h"
#include "skerry/mount.h"

struct skr_mounts {
    pthread_mutex_t lock; /* guards what follows, for those who read numbers */
    struct skr_mount *mounts[SKR_MAX_LIST];
    size_t count;
    char *texts[SKR_MAX_LIST]; /* the settings, cut up: options point into them */
};

void skr_mounts_init(struct skr_mounts *mounts);
/* How many workers of core all of them open. */
unsigned skr_mounts_workers(const struct skr_settings *settings);
/* The message names the mount. What was mounted before one that fails is for skr_mounts_close(). */
enum skr_status skr_mounts_open(struct skr_mounts *mounts, const struct skr_settings *settings,
                                const struct skr_accounts *accounts, struct skr_core *core, struct skr_io_fault *fault,
                                struct skr_error *err);
/* Unmounts all of them; there are none from then on. */
void skr_mounts_close(struct skr_mounts *mounts);
/* After that, when nobody visits any more. */
void skr_mounts_free(struct skr_mounts *mounts);
/* All that are open. Any thread. `mounts` as context. */
void skr_mounts_visit(void *mounts, void (*visit)(void *context, const struct skr_mount *mount), void *context);

#endif
