/* What libnfs's own tools have no word for: `client URL`, then a command a line on its input, and an answer a line: "ok", or the error. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nfsc/libnfs.h>

static int write_at(struct nfs_context *nfs, const char *path, const char *offset, const char *text)
{
    struct nfsfh *file;
    int result = nfs_open(nfs, path, O_RDWR, &file);
    if (result)
        return result;
    size_t size = strlen(text);
    result = nfs_pwrite(nfs, file, strtoull(offset, NULL, 10), size, text);
    if (result >= 0)
        result = result == (int)size ? nfs_fsync(nfs, file) : -EIO;
    int closed = nfs_close(nfs, file);
    return result ? result : closed;
}

/* libnfs 4.0 cannot send more than some 4,000 bytes in one write of NFS 4. */
#define PIECE 2048

static int put(struct nfs_context *nfs, const char *local, const char *path)
{
    FILE *source = fopen(local, "rb");
    if (!source)
        return -errno;
    struct nfsfh *file;
    int result = nfs_create(nfs, path, O_RDWR, 0644, &file);
    if (result == 0) {
        char piece[PIECE];
        uint64_t offset = 0;
        for (size_t size; result >= 0 && (size = fread(piece, 1, sizeof piece, source)) > 0; offset += size) {
            result = nfs_pwrite(nfs, file, offset, size, piece);
            if (result >= 0 && (size_t)result != size)
                result = -EIO;
        }
        if (result >= 0)
            result = nfs_fsync(nfs, file);
        int closed = nfs_close(nfs, file);
        result = result < 0 ? result : closed;
    }
    fclose(source);
    return result;
}

static int run(struct nfs_context *nfs, char *line)
{
    char *words[4] = {0};
    int count = 0;
    for (char *word = strtok(line, "\t\n"); word && count < 4; word = strtok(NULL, "\t\n"))
        words[count++] = word;
    if (count == 2 && !strcmp(words[0], "mkdir"))
        return nfs_mkdir(nfs, words[1]);
    if (count == 2 && !strcmp(words[0], "rmdir"))
        return nfs_rmdir(nfs, words[1]);
    if (count == 2 && !strcmp(words[0], "unlink"))
        return nfs_unlink(nfs, words[1]);
    if (count == 3 && !strcmp(words[0], "put"))
        return put(nfs, words[1], words[2]);
    if (count == 3 && !strcmp(words[0], "rename"))
        return nfs_rename(nfs, words[1], words[2]);
    if (count == 3 && !strcmp(words[0], "symlink"))
        return nfs_symlink(nfs, words[1], words[2]);
    if (count == 3 && !strcmp(words[0], "truncate"))
        return nfs_truncate(nfs, words[1], strtoull(words[2], NULL, 10));
    if (count == 3 && !strcmp(words[0], "chmod"))
        return nfs_chmod(nfs, words[1], (int)strtol(words[2], NULL, 8));
    if (count == 4 && !strcmp(words[0], "write"))
        return write_at(nfs, words[1], words[2], words[3]);
    return -EINVAL;
}

int main(int count, char **arguments)
{
    struct nfs_context *nfs = nfs_init_context();
    struct nfs_url *url = count == 2 && nfs ? nfs_parse_url_dir(nfs, arguments[1]) : NULL;
    if (!url || nfs_mount(nfs, url->server, url->path)) {
        fprintf(stderr, "client: %s\n", nfs ? nfs_get_error(nfs) : "no memory");
        return 1;
    }
    char line[8192];
    while (fgets(line, sizeof line, stdin)) {
        int result = run(nfs, line);
        printf("%s\n", result < 0 ? strerror(-result) : "ok");
        fflush(stdout);
    }
    nfs_destroy_url(url);
    nfs_destroy_context(nfs);
    return 0;
}
