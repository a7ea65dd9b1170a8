/* Open files: a handle an open of the kernel's, and how the file behind them is changed. */
#ifndef SKERRY_FUSE_HANDLES_H
#define SKERRY_FUSE_HANDLES_H

#include <fcntl.h>
#include <unistd.h>

#include "mount_state.h"

struct skr_handle {
    struct skr_lent lent; /* first */
    struct skr_opened *opened;
    struct skr_source *backed; /* that the kernel reads; NULL: it asks us */
    bool writes, appends;
    bool is_counted, keeps_pages;
    bool is_direct;               /* past the kernel's cache */
    _Atomic uint64_t next_offset; /* where reading went on last */
    _Atomic uint32_t streak;      /* reads in a row that did */
};
static inline struct skr_handle *skr_handle_of(const struct fuse_file_info *info)
{
    return (struct skr_handle *)(uintptr_t)info->fh;
}

/* Opens a file, by the flags of open(2). `is_new`: in the answer to its making, as by somebody who writes. An errno; ESTALE:
 * the name is to be looked up again. */
int skr_handle_new(struct skr_errand *errand, struct skr_node *node, int flags, bool is_new, struct skr_handle **out);
/* Publishes what was written; the last one lets everything go. An errno, of the publishing. */
int skr_handle_end(struct skr_errand *errand, struct skr_handle *handle);

/* Under `opening`: the source is what the name leads to now, unless somebody writes. An errno. */
int skr_opened_refresh(struct skr_errand *errand, struct skr_opened *opened);
/* Likewise: the source is a draft then. */
int skr_opened_begin_draft(struct skr_errand *errand, struct skr_opened *opened);

/* publish.c: what was written becomes the file's content, durably; nothing where nothing was. An errno; ESTALE: another face
 * has replaced or removed the file, and what was written has no place. */
int skr_publish(struct skr_errand *errand, struct skr_opened *opened);
/* read.c: from where the bytes are, as skr_held_read(). */
ssize_t skr_source_read(struct skr_errand *errand, const struct skr_source *source, uint64_t offset, void *buffer, size_t size,
                        uint64_t ahead);
/* Something was written just now. */
void skr_opened_touch(struct skr_opened *opened);
/* Keeps attributes with what the node's name leads to; nothing when it has none. 0, or the error. */
int skr_keep_attributes(struct skr_errand *errand, struct skr_node *node, const struct skr_file_attributes *attributes);

#endif
