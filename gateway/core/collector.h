/* The collector: one background thread that takes apart what records no longer refer to. */
#ifndef SKERRY_CORE_COLLECTOR_H
#define SKERRY_CORE_COLLECTOR_H

#include "state.h"

struct skr_collector;

enum skr_status skr_collector_open(struct skr_collector **out, struct skr_core *core, struct skr_error *err);
/* It is to go round soon. Any thread, like the next. */
void skr_collector_kick(struct skr_collector *collector);
/* How often it has begun to. What was garbage when one was asked for is gone after the second from then. */
uint64_t skr_collector_rounds(const struct skr_collector *collector);
void skr_collector_close(struct skr_collector *collector); /* NULL-safe */

#endif
