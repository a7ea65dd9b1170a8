/* The jobs of the prefetcher: as an operator begins and ends them, and as they fail. */
#ifndef SKERRY_CORE_PREFETCH_JOBS_H
#define SKERRY_CORE_PREFETCH_JOBS_H

#include "prefetch.h"

#define SKR_MANIFEST_PART_KEYS 1000

/* It cannot go on. On the thread. */
void skr_prefetch_job_failed(struct skr_prefetch_job *job, const char *reason);

#endif
