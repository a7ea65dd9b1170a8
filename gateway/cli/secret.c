/* Secrets out of files. No copy stays behind in a buffer. */
#include "secret.h"

#include <errno.h>
#include <string.h>

enum skr_status skr_secret_read(const char *path, char *out, size_t capacity, struct skr_error *err)
{
    FILE *file = fopen(path, "re");
    out[0] = '\0';
    if (file != NULL)
        setvbuf(file, NULL, _IONBF, 0);
    if (file == NULL || fgets(out, (int)capacity, file) == NULL) {
        int os_errno = file != NULL && feof(file) ? ENODATA : errno;
        if (file != NULL)
            fclose(file);
        return skr_fail_os(err, SKR_INVALID_ARGUMENT, os_errno, "cannot read a key from %s: %s", path, strerror(os_errno));
    }
    fclose(file);
    out[strcspn(out, " \t\r\n")] = '\0';
    return SKR_OK;
}
