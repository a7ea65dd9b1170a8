/* What an operator wants to stay here: names by their beginning. Kept in metadata, and here for those who ask. */
#ifndef SKERRY_CORE_OPERATOR_PINS_H
#define SKERRY_CORE_OPERATOR_PINS_H

#include <pthread.h>

#include "skerry/core.h"
#include "skerry/meta.h"

struct skr_operator_pin {
    struct skr_operator_pin *next;
    uint64_t number;
    struct skr_bytes account, container, prefix; /* in the struct's own memory */
};

struct skr_operator_pins {
    pthread_rwlock_t lock; /* guards what follows */
    struct skr_operator_pin *first;
};

/* Kinds of notes in metadata. Values are stored. */
enum { SKR_NOTE_PIN = 1, SKR_NOTE_PREFETCH = 2, SKR_NOTE_MANIFEST = 3 };

void skr_operator_pins_open(struct skr_operator_pins *pins);
void skr_operator_pins_close(struct skr_operator_pins *pins);
/* Takes over what metadata says. */
enum skr_status skr_operator_pins_load(struct skr_operator_pins *pins, struct skr_view *view, struct skr_error *err);
/* Is a name pinned? Any thread. */
bool skr_operator_pins_have(struct skr_operator_pins *pins, struct skr_bytes account, struct skr_bytes container,
                            struct skr_bytes key);

#endif
