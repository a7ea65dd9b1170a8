/* Contents and files in use, counted by id: the collector leaves them alone. Sharded, so that readers do not meet. */
#ifndef SKERRY_CORE_PINS_H
#define SKERRY_CORE_PINS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKR_PIN_SHARDS 16

struct skr_pin {
    uint64_t id; /* 0: free */
    uint64_t count;
};

struct skr_pins {
    struct skr_pin_shard {
        pthread_mutex_t lock;  /* guards what follows */
        struct skr_pin *slots; /* open addressing, a power of two */
        size_t capacity, used;
        char padding[64];
    } shards[SKR_PIN_SHARDS];
};

void skr_pins_open(struct skr_pins *pins);
void skr_pins_close(struct skr_pins *pins);
bool skr_pins_add(struct skr_pins *pins, uint64_t id); /* false: no memory */
void skr_pins_drop(struct skr_pins *pins, uint64_t id);
bool skr_pins_has(struct skr_pins *pins, uint64_t id);

#endif
