/* Those who are told of names that change. */
#ifndef SKERRY_CORE_FILES_WATCH_H
#define SKERRY_CORE_FILES_WATCH_H

#include <pthread.h>

#include "skerry/files.h"
#include "skerry/meta.h"

struct skr_watching {
    struct skr_meta_listener listener; /* first: metadata hands it back */
    pthread_mutex_t lock;              /* guards the list; held while a watcher is told */
    struct skr_watcher *first;
};
void skr_watching_open(struct skr_watching *watching);
void skr_watching_close(struct skr_watching *watching); /* after metadata */

#endif
