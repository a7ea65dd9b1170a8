/* Putting a descriptor of /dev/fuse under a directory, and taking it away again. */
#ifndef SKERRY_FUSE_MOUNTING_H
#define SKERRY_FUSE_MOUNTING_H

#include "skerry/mount.h"

/* The directory's true name, in malloc'd memory, after what is left there of a server that died was taken away. Refuses one
 * that lies in the data folder, or holds it. */
enum skr_status skr_mounting_prepare(const struct skr_mount_options *options, char **directory, struct skr_error *err);
/* `*fd` is the kernel's end. */
enum skr_status skr_mounting_mount(const struct skr_mount_options *options, const char *directory, int *fd,
                                   struct skr_error *err);
/* Takes it away from the names at once, whoever uses it. True: nobody did. */
bool skr_mounting_unmount(const char *directory);

#endif
