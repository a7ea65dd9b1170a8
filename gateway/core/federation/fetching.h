/* Bringing a range of an object here, before an operation that needs its bytes in the store. Owned by its worker's thread. */
#ifndef SKERRY_CORE_FETCHING_H
#define SKERRY_CORE_FETCHING_H

#include "flights.h"

struct skr_fetching;

/* SKR_OK: of what the name leads to, all of the range is here, or it never was upstream's, or there is no such object: the
 * operation says so itself. `content_id` other than 0: only if it still has this content. SKR_PENDING: `ready` is called once,
 * unless it is cancelled before, with SKR_OK, SKR_UPSTREAM_FAILED or SKR_NO_SPACE. The name's texts live until then. A length
 * of SKR_SIZE_ANY reaches to the end. What is here may be evicted again before the operation looks: it then says SKR_BUSY. */
enum skr_status skr_fetching_begin(struct skr_worker *worker, const struct skr_object_name *name, uint64_t offset,
                                   uint64_t length, skr_prepared ready, void *context, struct skr_fetching **out,
                                   struct skr_error *err);
void skr_fetching_cancel(struct skr_fetching *fetching); /* NULL-safe */

#endif
