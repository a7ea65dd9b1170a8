/* What changed elsewhere, told to the kernel. */
#ifndef SKERRY_FUSE_NOTIFY_H
#define SKERRY_FUSE_NOTIFY_H

#include "mount_state.h"

/* Before the mount's threads serve: what was read before it watches may be old. */
enum skr_status skr_notifier_start(struct skr_mount *mount, struct skr_error *err);
void skr_notifier_stop(struct skr_mount *mount); /* while they still serve. NULL-safe */

#endif
