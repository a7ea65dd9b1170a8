/* Why: libfuse mounts by itself only what it also reads by itself. Root asks the kernel; others ask fusermount3, which is
 * root's and decides what they may. Sources: mount(2), fusermount3(1), "fuse" in the documentation of Linux.
 */
#include "mounting.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "skerry/log.h"

#define SKR_FUSERMOUNT "fusermount3"
#define SKR_MOST_VARIABLES 64
#define SKR_MOST_DEAD 64 /* mounts on one directory */
extern char **environ;

/* ---- fusermount3 ---- */

/* Runs it; `channel` is where it hands over a descriptor, -1: none. Its exit code is 0. */
static bool skr_fusermount(char *const arguments[], int channel)
{
    posix_spawn_file_actions_t actions;
    char variable[32];
    char *environment[SKR_MOST_VARIABLES + 2];
    size_t count = 0;
    int state = -1;
    pid_t child;
    snprintf(variable, sizeof variable, "_FUSE_COMMFD=%d", channel);
    for (; count < SKR_MOST_VARIABLES && environ[count] != NULL; count++)
        environment[count] = environ[count];
    if (channel >= 0)
        environment[count++] = variable;
    environment[count] = NULL;
    posix_spawn_file_actions_init(&actions);
    if (channel >= 0)
        posix_spawn_file_actions_adddup2(&actions, channel, channel); /* so that it is not closed there */
    bool started = posix_spawnp(&child, SKR_FUSERMOUNT, &actions, NULL, arguments, environment) == 0;
    posix_spawn_file_actions_destroy(&actions);
    while (started && waitpid(child, &state, 0) < 0 && errno == EINTR)
        continue;
    return started && WIFEXITED(state) && WEXITSTATUS(state) == 0;
}

/* The descriptor that it handed over. */
static int skr_fusermount_receive(int channel)
{
    char byte;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int fd = -1;
    if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) <= 0)
        return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

static enum skr_status skr_mount_by_fusermount(const struct skr_mount_options *options, const char *directory, int *fd,
                                               struct skr_error *err)
{
    char text[128];
    int pair[2];
    snprintf(text, sizeof text, "fsname=skerry,subtype=skerry,default_permissions,nosuid,nodev%s%s",
             options->read_only ? ",ro" : "", options->allow_other ? ",allow_other" : "");
    char *arguments[] = {SKR_FUSERMOUNT, "-o", text, "--", (char *)directory, NULL};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return skr_fail_os(err, SKR_NO_DESCRIPTORS, errno, "no socket to ask %s: %s", SKR_FUSERMOUNT, strerror(errno));
    bool mounted = skr_fusermount(arguments, pair[0]);
    *fd = mounted ? skr_fusermount_receive(pair[1]) : -1;
    close(pair[0]);
    close(pair[1]);
    return *fd >= 0 ? SKR_OK
                    : skr_fail(err, SKR_UNSUPPORTED,
                               "%s does not mount %s: it says above why; without root's rights it has to be installed (package "
                               "fuse3)%s",
                               SKR_FUSERMOUNT, directory,
                               options->allow_other ? ", and allow_other needs user_allow_other in /etc/fuse.conf" : "");
}

/* ---- mount(2) ---- */

static enum skr_status skr_mount_by_kernel(const struct skr_mount_options *options, const char *directory, int *fd,
                                           struct skr_error *err)
{
    char text[128];
    struct stat about;
    int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0)
        return skr_fail_os(err, SKR_UNSUPPORTED, errno, "cannot open /dev/fuse: %s%s", strerror(errno),
                           errno == ENOENT ? "; try: modprobe fuse" : "");
    mode_t mode = stat(directory, &about) == 0 ? about.st_mode & S_IFMT : S_IFDIR;
    snprintf(text, sizeof text, "fd=%d,rootmode=%o,user_id=%u,group_id=%u,default_permissions%s", device, mode, geteuid(),
             getegid(), options->allow_other ? ",allow_other" : "");
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOATIME | (options->read_only ? MS_RDONLY : 0);
    if (mount("skerry", directory, "fuse.skerry", flags, text) != 0) {
        int failed = errno;
        close(device);
        return skr_fail_os(err, SKR_UNSUPPORTED, failed, "cannot mount %s: %s", directory, strerror(failed));
    }
    *fd = device;
    return SKR_OK;
}

enum skr_status skr_mounting_mount(const struct skr_mount_options *options, const char *directory, int *fd,
                                   struct skr_error *err)
{
    return geteuid() == 0 ? skr_mount_by_kernel(options, directory, fd, err)
                          : skr_mount_by_fusermount(options, directory, fd, err);
}

/* `lazily`: from the names, while those who use it may go on. */
static bool skr_unmount(const char *directory, bool lazily)
{
    char *arguments[] = {SKR_FUSERMOUNT, "-u", "-q", lazily ? "-z" : "-q", "--", (char *)directory, NULL};
    return geteuid() == 0 ? umount2(directory, UMOUNT_NOFOLLOW | (lazily ? MNT_DETACH : 0)) == 0
                          : skr_fusermount(arguments, -1);
}

bool skr_mounting_unmount(const char *directory)
{
    if (skr_unmount(directory, false))
        return true;
    skr_unmount(directory, true);
    return false;
}

/* ---- where ---- */

static bool skr_has_entries(const char *path)
{
    DIR *listing = opendir(path);
    size_t count = 0;
    while (listing != NULL && count <= 2 && readdir(listing) != NULL) /* "." and ".." are not counted as any */
        count++;
    if (listing != NULL)
        closedir(listing);
    return count > 2;
}

/* Is `path` the directory, or below it? Both are true names. */
static bool skr_lies_in(const char *path, const char *directory)
{
    size_t size = strlen(directory);
    if (strcmp(directory, "/") == 0)
        return true;
    return strncmp(path, directory, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

static enum skr_status skr_check_apart(const char *directory, const char *folder, struct skr_error *err)
{
    char *data = realpath(folder, NULL);
    if (data == NULL)
        return skr_fail_os(err, SKR_INVALID_ARGUMENT, errno, "cannot find the data folder %s: %s", folder, strerror(errno));
    enum skr_status status = SKR_OK;
    if (skr_lies_in(data, directory))
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "%s cannot be mounted on: the data folder %s lies in it", directory, data);
    else if (skr_lies_in(directory, data))
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "%s cannot be mounted on: it lies in the data folder %s", directory, data);
    free(data);
    return status;
}

/* Takes away what servers that died have left. Of a directory's attributes the kernel may still know; about its file system it
 * always asks. */
static void skr_take_away_dead(const char *directory)
{
    struct statfs about;
    for (int i = 0; i < SKR_MOST_DEAD && statfs(directory, &about) != 0 && (errno == ENOTCONN || errno == ECONNABORTED); i++) {
        skr_log(SKR_LOG_WARNING, "mount", "%s: what a server that is gone had mounted here is taken away", directory);
        skr_unmount(directory, true);
    }
}

enum skr_status skr_mounting_prepare(const struct skr_mount_options *options, char **directory, struct skr_error *err)
{
    struct stat about;
    skr_take_away_dead(options->directory);
    int failed = stat(options->directory, &about) == 0 ? 0 : errno;
    if (failed == ENOENT)
        return skr_fail_os(err, SKR_INVALID_ARGUMENT, failed, "there is no directory %s to mount on: make it (mkdir -p %s)",
                           options->directory, options->directory);
    if (failed != 0)
        return skr_fail_os(err, SKR_INVALID_ARGUMENT, failed, "cannot look at %s: %s", options->directory, strerror(failed));
    if (!S_ISDIR(about.st_mode))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "%s is not a directory", options->directory);
    char *path = realpath(options->directory, NULL);
    if (path == NULL)
        return skr_fail_os(err, SKR_INVALID_ARGUMENT, errno, "cannot find %s: %s", options->directory, strerror(errno));
    enum skr_status status = skr_check_apart(path, options->data, err);
    if (status != SKR_OK) {
        free(path);
        return status;
    }
    if (skr_has_entries(path))
        skr_log(SKR_LOG_WARNING, "mount", "%s is not empty: what is in it cannot be seen while it is mounted on", path);
    *directory = path;
    return SKR_OK;
}
