/* When to try again. The bound doubles with each failure and the delay is drawn below it, so that clients which failed together
 * do not come back together; an upstream that says when to come back is not asked earlier.
 */
#include "upstream_private.h"

bool skr_upstream_retry_delay(const struct skr_upstream_retry *retry, unsigned failed, uint64_t elapsed_ms,
                              unsigned retry_after_ms, uint64_t random, unsigned *delay_ms)
{
    if (failed >= retry->attempts)
        return false;
    uint64_t bound = retry->first_ms;
    for (unsigned i = 1; i < failed && bound < retry->most_ms; i++)
        bound *= 2;
    if (bound > retry->most_ms)
        bound = retry->most_ms;
    uint64_t delay = random % (bound + 1) + retry_after_ms;
    if (elapsed_ms + delay > retry->patience_ms)
        return false;
    *delay_ms = (unsigned)delay;
    return true;
}
