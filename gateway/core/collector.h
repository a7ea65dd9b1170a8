/* The collector: one background thread that takes apart what records no longer refer to. */
#ifndef SKERRY_CORE_COLLECTOR_H
#define SKERRY_CORE_COLLECTOR_H

#include "state.h"

struct skr_collector;

enum skr_status skr_collector_open(struct skr_collector **out, struct skr_core *core, struct skr_error *err);
/* It is to go round soon. Any thread, like the next. */
void skr_collector_kick(struct skr_collector *collector);
/* The round that is sure to find what is garbage now, and whether it is over. */
uint64_t skr_collector_next_round(const struct skr_collector *collector);
bool skr_collector_has_ended(const struct skr_collector *collector, uint64_t round);
void skr_collector_close(struct skr_collector *collector); /* NULL-safe */

#endif
