/* Inside of the admin room. */
#ifndef SKERRY_ADMIN_PRIVATE_H
#define SKERRY_ADMIN_PRIVATE_H

#include <stdio.h>
#include <time.h>

#include "skerry/admin.h"

struct skr_admin {
    struct skr_core *core;
    const struct skr_http *http;
    struct skr_face face;
    time_t started;
};

/* Why the server cannot take writes now; NULL: it can. */
const char *skr_admin_trouble(struct skr_admin *admin);
void skr_admin_metrics(struct skr_admin *admin, FILE *out); /* Prometheus text format */
void skr_admin_status(struct skr_admin *admin, FILE *out);  /* JSON */
extern const char skr_admin_console[];

#endif
