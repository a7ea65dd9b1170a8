/* The way to the kernel: descriptors of /dev/fuse, and what libfuse 3.14 does not know of the protocol. */
#ifndef SKERRY_FUSE_TRANSPORT_H
#define SKERRY_FUSE_TRANSPORT_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <stdatomic.h>

#include "skerry/bytes.h"
#include "skerry/status.h"

struct skr_transport {
    int fd; /* the one that was mounted */
    bool wants_passthrough;
    bool is_greeted;           /* the kernel's first request has come */
    uint64_t init_unique;      /* of FUSE_INIT, while it is not answered; 0: it is */
    uint32_t offered;          /* flags2 of what the kernel offers */
    _Atomic bool maps_direct;  /* what is read and written past the kernel's cache can be mapped, too */
    _Atomic bool passthrough;  /* it was agreed on, and has not turned out to be forbidden */
    _Atomic bool is_connected; /* false once it was unmounted */
};

/* `session` then reads and writes through this; the request of this thread goes over the descriptor set by skr_transport_use().
 */
enum skr_status skr_transport_attach(struct skr_transport *transport, struct fuse_session *session, struct skr_error *err);
/* A descriptor of the same mount: threads with one of their own do not wait for each other. -1: the kernel gives none. */
int skr_transport_clone(const struct skr_transport *transport);
/* This thread reads requests from `fd`, and answers there, too: the kernel looks for a request where it was read. */
void skr_transport_use(int fd);

/* Tells the kernel something that needs no words. False: it does not know that. */
bool skr_transport_notify(const struct skr_transport *transport, int what);

/* Lets the kernel read a file by itself. 0: it does not; false in `passthrough` then, where it never will. */
uint32_t skr_backing_open(struct skr_transport *transport, int fd);
void skr_backing_close(struct skr_transport *transport, uint32_t backing);
/* Answers an open, by which the file is read from `backing`. As fuse_reply_open(). */
int skr_reply_open_backed(fuse_req_t request, uint64_t handle, uint32_t backing);

#endif
