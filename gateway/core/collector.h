/* The collector: one background thread that takes apart what records no longer refer to. */
#ifndef SKERRY_CORE_COLLECTOR_H
#define SKERRY_CORE_COLLECTOR_H

#include "state.h"

struct skr_collector;

enum skr_status skr_collector_open(struct skr_collector **out, struct skr_core *core, struct skr_error *err);
void skr_collector_close(struct skr_collector *collector); /* NULL-safe */

#endif
