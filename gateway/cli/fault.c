/* A fault side from a setting, for tests of the whole program: "write:3:ENOSPC" fails the third write once, "write:3+:ENOSPC"
 * all from the third on. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

struct skr_set_fault {
    struct skr_io_fault fault; /* first */
    enum skr_io_call call;
    uint64_t number;
    bool onwards;
    int os_errno;
    _Atomic uint64_t seen;
};

static int skr_fault_decide(struct skr_io_fault *fault, enum skr_io_call call)
{
    struct skr_set_fault *set = (struct skr_set_fault *)fault;
    if (call != set->call)
        return 0;
    uint64_t number = atomic_fetch_add(&set->seen, 1) + 1;
    return number == set->number || (set->onwards && number > set->number) ? -set->os_errno : 0;
}

enum skr_status skr_fault_parse(const char *text, struct skr_io_fault **out, struct skr_error *err)
{
    static struct skr_set_fault set = {.fault = {skr_fault_decide}};
    static const char *const calls[SKR_IO_CALL_COUNT] = {"open",   "read",     "write", "sync",  "sync-directory",
                                                         "unlink", "allocate", "punch", "mkdir", "truncate"};
    static const struct {
        const char *name;
        int os_errno;
    } errors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EMFILE", EMFILE}, {"EACCES", EACCES}, {"ENOMEM", ENOMEM}};
    char call[32], plus[2] = "", error[16];
    unsigned long long number;
    *out = NULL;
    if (text == NULL || *text == '\0')
        return SKR_OK;
    if ((sscanf(text, "%31[a-z-]:%llu%1[+]:%15[A-Z]", call, &number, plus, error) == 4 ||
         (plus[0] = '\0', sscanf(text, "%31[a-z-]:%llu:%15[A-Z]", call, &number, error) == 3)) &&
        number > 0) {
        for (int i = 0; i < SKR_IO_CALL_COUNT; i++)
            for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
                if (strcmp(call, calls[i]) == 0 && strcmp(error, errors[e].name) == 0) {
                    set.call = (enum skr_io_call)i;
                    set.number = number;
                    set.onwards = plus[0] == '+';
                    set.os_errno = errors[e].os_errno;
                    *out = &set.fault;
                    return SKR_OK;
                }
    }
    return skr_fail(err, SKR_INVALID_ARGUMENT, "--io-fault: '%s' is not CALL:N:ERRNO, as in write:3:ENOSPC", text);
}
