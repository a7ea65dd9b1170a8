/* The token that the API asks for. Whoever may read the data folder may have it: it is a file there, made at the first start.
 *
 * Invariant: the file is whole or not there. It is written beside its place, made durable, and moved. The lock on the data
 * folder keeps a second server from doing so at the same time.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin_private.h"
#include "skerry/encoding.h"
#include "skerry/log.h"

static bool skr_token_write(int folder_fd, const char *text, size_t size)
{
    static const char unfinished[] = SKR_ADMIN_TOKEN_FILE ".new"; /* what a crash may have left is written over */
    int fd = openat(folder_fd, unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool written = fchmod(fd, 0600) == 0 && write(fd, text, size) == (ssize_t)size && fsync(fd) == 0;
    int os_errno = errno;
    close(fd);
    errno = os_errno;
    return written && renameat(folder_fd, unfinished, folder_fd, SKR_ADMIN_TOKEN_FILE) == 0 && fsync(folder_fd) == 0;
}

static enum skr_status skr_token_make(int folder_fd, const char *directory, struct skr_error *err)
{
    uint8_t random[32];
    char text[2 * sizeof random + 1];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return skr_fail_os(err, SKR_IO, errno, "no random bytes for a token: %s", strerror(errno));
    skr_hex_encode(text, random, sizeof random);
    text[sizeof text - 1] = '\n';
    bool written = skr_token_write(folder_fd, text, sizeof text);
    int os_errno = errno;
    explicit_bzero(random, sizeof random);
    explicit_bzero(text, sizeof text);
    if (!written)
        return skr_fail_os(err, os_errno == ENOSPC ? SKR_NO_SPACE : SKR_IO, os_errno, "cannot write %s/%s: %s", directory,
                           SKR_ADMIN_TOKEN_FILE, strerror(os_errno));
    skr_log(SKR_LOG_INFO, "admin", "made the token of the administration API; it is in %s/%s", directory, SKR_ADMIN_TOKEN_FILE);
    return SKR_OK;
}

static enum skr_status skr_token_read(struct skr_admin_token *token, int fd, const char *directory, struct skr_error *err)
{
    struct stat info;
    ssize_t got = fstat(fd, &info) == 0 ? read(fd, token->text, sizeof token->text - 1) : -1;
    if (got < 0)
        return skr_fail_os(err, SKR_IO, errno, "cannot read %s/%s: %s", directory, SKR_ADMIN_TOKEN_FILE, strerror(errno));
    token->text[got] = '\0';
    token->size = strcspn(token->text, " \t\r\n");
    if (token->size < SKR_ADMIN_TOKEN_LEAST)
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "%s/%s does not hold a token of %d characters or more: remove the file, and a new one is made",
                        directory, SKR_ADMIN_TOKEN_FILE, SKR_ADMIN_TOKEN_LEAST);
    if ((info.st_mode & 077) != 0)
        skr_log(SKR_LOG_WARNING, "admin", "others may read %s/%s: chmod 600 it, or remove it and restart for another token",
                directory, SKR_ADMIN_TOKEN_FILE);
    return SKR_OK;
}

enum skr_status skr_admin_token_open(struct skr_admin_token *token, const char *directory, struct skr_error *err)
{
    enum skr_status status;
    int folder_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return skr_fail_os(err, SKR_IO, errno, "cannot open the data folder %s: %s", directory, strerror(errno));
    int fd = openat(folder_fd, SKR_ADMIN_TOKEN_FILE, O_RDONLY | O_CLOEXEC);
    bool absent = fd < 0 && errno == ENOENT;
    if (absent && (status = skr_token_make(folder_fd, directory, err)) != SKR_OK) {
        skr_log(SKR_LOG_ERROR, "admin", "without a token the administration API answers nobody: %s", err->message);
        close(folder_fd);
        return SKR_OK; /* a full disk keeps nobody from reading */
    }
    if (absent)
        fd = openat(folder_fd, SKR_ADMIN_TOKEN_FILE, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        status = skr_token_read(token, fd, directory, err);
    else
        status = skr_fail_os(err, SKR_IO, errno, "cannot read %s/%s: %s", directory, SKR_ADMIN_TOKEN_FILE, strerror(errno));
    if (fd >= 0)
        close(fd);
    close(folder_fd);
    return status;
}

bool skr_admin_token_matches(const struct skr_admin_token *token, const struct skr_request *request)
{
    struct skr_bytes given = skr_request_header(request, "authorization");
    if (token->size == 0 || !skr_bytes_starts_with_nocase(given, SKR_BYTES("Bearer ")))
        return false;
    given = skr_bytes_trim((struct skr_bytes){given.data + 7, given.size - 7});
    return skr_secret_equal(given, (struct skr_bytes){token->text, token->size});
}
