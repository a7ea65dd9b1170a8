/* Upstreams that do not answer at all are asked behind everybody's back until they do. */
#ifndef SKERRY_CORE_PROBING_H
#define SKERRY_CORE_PROBING_H

#include "background.h"

struct skr_prober;

enum skr_status skr_prober_open(struct skr_prober **out, struct skr_core *core, struct skr_error *err);
void skr_prober_wake(struct skr_prober *prober);  /* an upstream is away. Any thread */
void skr_prober_close(struct skr_prober *prober); /* NULL-safe */

#endif
