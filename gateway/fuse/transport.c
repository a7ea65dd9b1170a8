/* Why: libfuse reads and writes one descriptor, and 3.14 does not know of passthrough. Through its custom I/O each of our
 * threads has a descriptor of its own, and the answer to FUSE_INIT gets what is lacking. Source: linux/fuse.h of Linux 6.9.
 */
#include "transport.h"

#include <errno.h>
#include <linux/fuse.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "skerry/log.h"

/* What is newer than the header of Debian 12. */
#define SKR_FUSE_DIRECT_IO_ALLOW_MMAP (UINT32_C(1) << (36 - 32))
#define SKR_FUSE_PASSTHROUGH (UINT32_C(1) << (37 - 32)) /* in flags2 */
#define SKR_FOPEN_PASSTHROUGH (UINT32_C(1) << 7)
#define SKR_MAX_STACK_DEPTH 1 /* a file that is read from lies on a plain file system */
struct skr_backing_map {
    int32_t fd;
    uint32_t flags;
    uint64_t padding;
};
#define SKR_IOC_BACKING_OPEN _IOW(229, 1, struct skr_backing_map)
#define SKR_IOC_BACKING_CLOSE _IOW(229, 2, uint32_t)
struct skr_open_out {
    uint64_t handle;
    uint32_t open_flags;
    uint32_t backing;
};
_Static_assert(sizeof(struct skr_open_out) == sizeof(struct fuse_open_out), "an answer to open");

static _Thread_local int skr_transport_fd = -1;

void skr_transport_use(int fd)
{
    skr_transport_fd = fd;
}

/* Has the kernel just asked for FUSE_INIT? It says what it can. */
static void skr_transport_look(struct skr_transport *transport, const void *request, size_t size)
{
    const struct fuse_in_header *header = request;
    const struct fuse_init_in *init = (const void *)(header + 1);
    if (size < sizeof *header || header->opcode != FUSE_INIT)
        return;
    transport->init_unique = header->unique;
    bool has_more = size >= sizeof *header + offsetof(struct fuse_init_in, flags2) + sizeof init->flags2 &&
                    (init->flags & FUSE_INIT_EXT) != 0;
    transport->offered = has_more ? init->flags2 : 0;
}

/* Adds to the answer. */
static void skr_transport_amend(struct skr_transport *transport, struct iovec *parts, int count)
{
    const struct fuse_out_header *header = parts[0].iov_base;
    bool is_init = transport->init_unique != 0 && header->unique == transport->init_unique;
    if (!is_init)
        return;
    transport->init_unique = 0;
    uint32_t wanted = SKR_FUSE_DIRECT_IO_ALLOW_MMAP | (transport->wants_passthrough ? SKR_FUSE_PASSTHROUGH : 0);
    if ((transport->offered & wanted) == 0 || header->error != 0 || count != 2 ||
        parts[1].iov_len < sizeof(struct fuse_init_out))
        return;
    struct fuse_init_out *answer = parts[1].iov_base;
    answer->flags |= FUSE_INIT_EXT;
    answer->flags2 |= transport->offered & wanted;
    atomic_store(&transport->maps_direct, (answer->flags2 & SKR_FUSE_DIRECT_IO_ALLOW_MMAP) != 0);
    if ((answer->flags2 & SKR_FUSE_PASSTHROUGH) == 0)
        return;
    answer->unused[0] = SKR_MAX_STACK_DEPTH; /* max_stack_depth in newer headers */
    atomic_store(&transport->passthrough, true);
}

static ssize_t skr_transport_read(int fd, void *buffer, size_t size, void *context)
{
    struct skr_transport *transport = context;
    ssize_t result = read(skr_transport_fd >= 0 ? skr_transport_fd : fd, buffer, size);
    if (result > 0 && !transport->is_greeted) {
        transport->is_greeted = true;
        skr_transport_look(transport, buffer, (size_t)result);
    }
    if (result < 0 && (errno == ENODEV || errno == ECONNABORTED)) {
        atomic_store(&transport->is_connected, false);
        errno = ENODEV;
    }
    return result;
}

static ssize_t skr_transport_write(int fd, struct iovec *parts, int count, void *context)
{
    struct skr_transport *transport = context;
    if (transport->init_unique != 0)
        skr_transport_amend(transport, parts, count);
    return writev(skr_transport_fd >= 0 ? skr_transport_fd : fd, parts, count);
}

enum skr_status skr_transport_attach(struct skr_transport *transport, struct fuse_session *session, struct skr_error *err)
{
    static const struct fuse_custom_io custom = {.read = skr_transport_read, .writev = skr_transport_write};
    int failed = fuse_session_custom_io(session, &custom, transport->fd);
    return failed == 0 ? SKR_OK : skr_fail(err, SKR_UNSUPPORTED, "libfuse does not take a descriptor (%d)", failed);
}

int skr_transport_clone(const struct skr_transport *transport)
{
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    uint32_t original = (uint32_t)transport->fd;
    if (fd >= 0 && ioctl(fd, FUSE_DEV_IOC_CLONE, &original) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

bool skr_transport_notify(const struct skr_transport *transport, int what)
{
    struct fuse_out_header header = {.len = sizeof header, .error = what};
    return write(transport->fd, &header, sizeof header) == (ssize_t)sizeof header;
}

uint32_t skr_backing_open(struct skr_transport *transport, int fd)
{
    struct skr_backing_map map = {.fd = fd};
    if (!atomic_load_explicit(&transport->passthrough, memory_order_relaxed))
        return 0;
    int backing = ioctl(transport->fd, SKR_IOC_BACKING_OPEN, &map);
    if (backing > 0)
        return (uint32_t)backing;
    if (errno != ENOMEM && errno != ENFILE && atomic_exchange(&transport->passthrough, false))
        skr_log(SKR_LOG_INFO, "mount", "files are read through the server: the kernel does not read them itself: %s",
                errno == EPERM   ? "that needs CAP_SYS_ADMIN"
                : errno == ELOOP ? "the data folder is on a file system that lies on another one"
                                 : strerror(errno));
    return 0;
}

void skr_backing_close(struct skr_transport *transport, uint32_t backing)
{
    if (backing != 0)
        ioctl(transport->fd, SKR_IOC_BACKING_CLOSE, &backing);
}

int skr_reply_open_backed(fuse_req_t request, uint64_t handle, uint32_t backing)
{
    struct skr_open_out answer = {.handle = handle, .open_flags = SKR_FOPEN_PASSTHROUGH, .backing = backing};
    return fuse_reply_buf(request, (const char *)&answer, sizeof answer);
}
