/* What the store adds to a ring: finishing operations that another thread completed. */
#ifndef SKERRY_DATAPATH_IO_PRIVATE_H
#define SKERRY_DATAPATH_IO_PRIVATE_H

#include "skerry/io.h"

/* Hands a finished operation to the ring's owner: `op->done(op, result)` runs inside its skr_io_run(). Any thread. */
void skr_io_complete(struct skr_io *io, struct skr_io_op *op, int result);

/* The fault side that a ring was opened with, for rings that the store opens itself. */
struct skr_io_fault *skr_io_fault_of(const struct skr_io *io);

#endif
