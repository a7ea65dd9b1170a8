/* Opening and closing what the files of this folder share. */
#include "federation.h"

#include <stdlib.h>

enum skr_status skr_federation_open(struct skr_federation **out, const struct skr_core_options *options, struct skr_error *err)
{
    struct skr_federation *federation = calloc(1, sizeof *federation);
    if (federation == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for federation");
    skr_flights_open(&federation->flights, options->fetch_memory_bytes);
    skr_known_open(&federation->known);
    skr_refreshes_open(&federation->refreshes);
    skr_continuations_open(&federation->continuations);
    skr_account_rounds_open(&federation->rounds);
    *out = federation;
    return SKR_OK;
}

void skr_federation_close(struct skr_federation *federation)
{
    if (federation == NULL)
        return;
    skr_account_rounds_close(&federation->rounds);
    skr_continuations_close(&federation->continuations);
    skr_refreshes_close(&federation->refreshes);
    skr_known_close(&federation->known);
    skr_flights_close(&federation->flights);
    free(federation);
}
