/* What time it is, for the files of this folder. */
#ifndef SKERRY_CORE_CLOCK_H
#define SKERRY_CORE_CLOCK_H

#include <stdint.h>

int64_t skr_clock_ms(void); /* monotonic, up to a tick of the kernel's behind: costs next to nothing */
int64_t skr_clock_ns(void); /* monotonic */
int64_t skr_wall_ns(void);  /* Unix */

#endif
