/* Several MD5s side by side. */
#ifndef SKERRY_DATAPATH_MD5_H
#define SKERRY_DATAPATH_MD5_H

#include <stdbool.h>

#include "skerry/hash.h"

#define SKR_MD5_LANES 8

struct skr_md5_work {
    struct skr_md5 *md5; /* each one once */
    const unsigned char *data;
    size_t size;
};
/* Continues each of `count` (1 to SKR_MD5_LANES) with its data. Uses up `work`. */
void skr_md5_update_many(struct skr_md5_work *work, size_t count);

#endif
