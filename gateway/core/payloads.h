/* MD5s of small payloads, several side by side. Owned by the worker's thread. */
#ifndef SKERRY_CORE_PAYLOADS_H
#define SKERRY_CORE_PAYLOADS_H

#include <stdbool.h>
#include <stddef.h>

#include "skerry/executor.h"

struct skr_ingest;

/* The ingests whose payloads wait to be hashed. */
struct skr_payloads {
    struct skr_task task; /* first */
    bool posted;
    struct skr_ingest *first, **last;
};

/* False: nothing else is under way that it could share a turn with; the caller hashes it itself. True: skr_ingest_hashed() is
 * called in a later turn of the worker's executor, unless the ingest is forgotten before. */
bool skr_payload_hash_later(struct skr_ingest *ingest);
void skr_payload_forget(struct skr_ingest *ingest); /* harmless when it does not wait */

#endif
