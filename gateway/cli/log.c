/* The program's log: see skerry/log.h. One write(2) a line, so that lines of several threads do not mix. */
#include "skerry/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static enum skr_log_level skr_log_limit = SKR_LOG_INFO; /* set before threads start */

void skr_log_set_level(enum skr_log_level level)
{
    skr_log_limit = level;
}

void skr_log(enum skr_log_level level, const char *component, const char *format, ...)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    if (level > skr_log_limit)
        return;
    struct timespec now;
    struct tm utc;
    char line[1024];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t used = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
    used += (size_t)snprintf(line + used, sizeof line - used, ".%03ldZ %s %s ", now.tv_nsec / 1000000, names[level], component);
    va_list arguments;
    va_start(arguments, format);
    int text = vsnprintf(line + used, sizeof line - used - 1, format, arguments);
    va_end(arguments);
    used += text < 0 ? 0 : (size_t)text < sizeof line - used - 1 ? (size_t)text : sizeof line - used - 2;
    for (size_t i = 0; i < used; i++) /* what a client sent must not forge a second line */
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[used++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, used);
    (void)ignored;
}
