/* See clock.h. */
#include "clock.h"

#include <time.h>

static int64_t skr_nanoseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t skr_clock_ms(void)
{
    return skr_nanoseconds(CLOCK_MONOTONIC_COARSE) / 1000000;
}

int64_t skr_clock_ns(void)
{
    return skr_nanoseconds(CLOCK_MONOTONIC);
}

int64_t skr_wall_ns(void)
{
    return skr_nanoseconds(CLOCK_REALTIME);
}
