/* What is known of upstreams, and what is under way from them. Shared by all threads. */
#ifndef SKERRY_CORE_FEDERATION_H
#define SKERRY_CORE_FEDERATION_H

#include "account_listing.h"
#include "continuations.h"
#include "flights.h"
#include "known.h"
#include "refresh.h"

struct skr_federation {
    struct skr_flights flights;
    struct skr_known known;
    struct skr_refreshes refreshes;
    struct skr_continuations continuations;
    struct skr_account_rounds rounds;
};

enum skr_status skr_federation_open(struct skr_federation **out, const struct skr_core_options *options, struct skr_error *err);
void skr_federation_close(struct skr_federation *federation); /* NULL-safe */

#endif
