/* Service properties, for those who act on them. */
#ifndef SKERRY_BLOB_SERVICE_PROPERTIES_H
#define SKERRY_BLOB_SERVICE_PROPERTIES_H

#include "call.h"

/* The account's document as it was set, or what holds as long as it never was. In the arena. */
enum skr_status skr_call_service_properties(struct skr_call *call, struct skr_bytes *document);

#endif
