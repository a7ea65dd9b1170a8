/* The background thread that brings the journal's changes to upstreams: like the collector, of core's own. */
#ifndef SKERRY_CORE_UPLOADER_H
#define SKERRY_CORE_UPLOADER_H

#include "skerry/core.h"

struct skr_uploader;
struct skr_pending;

enum skr_status skr_uploader_open(struct skr_uploader **out, struct skr_core *core, struct skr_error *err);
void skr_uploader_close(struct skr_uploader *uploader); /* no worker is open. NULL-safe */

/* There is something to do. Any thread. */
void skr_uploader_kick(struct skr_uploader *uploader);
/* The journal has something new. Any thread. */
void skr_uploader_noted(struct skr_uploader *uploader);
/* Entries that were passed over may go now. Any thread. */
void skr_uploader_look_again(struct skr_uploader *uploader);
/* Hands a pending over, with what it waits for. Any thread. */
void skr_uploader_hand(struct skr_uploader *uploader, struct skr_pending *pending);

#endif
