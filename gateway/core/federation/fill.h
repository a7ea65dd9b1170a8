/* From a flight's memory to flash and metadata. */
#ifndef SKERRY_CORE_FILL_H
#define SKERRY_CORE_FILL_H

#include "flights.h"

/* Its bytes are all there: stores them, tells metadata, and ends the flight. On its worker's thread. */
void skr_flight_keep(struct skr_flight *flight);
/* Takes it out of the list, wakes its readers, and gives up its own reference (flights.c). */
void skr_flight_end(struct skr_flight *flight, enum skr_flight_state state);

#endif
