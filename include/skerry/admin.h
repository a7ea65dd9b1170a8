/* The operator's face: health, readiness, metrics, console. */
#ifndef SKERRY_ADMIN_H
#define SKERRY_ADMIN_H

#include "skerry/core.h"
#include "skerry/http.h"

struct skr_admin;

/* `http` may be set later (skr_admin_set_http), before the listeners start. */
enum skr_status skr_admin_open(struct skr_admin **out, struct skr_core *core, struct skr_error *err);
void skr_admin_set_http(struct skr_admin *admin, const struct skr_http *http);
const struct skr_face *skr_admin_face(const struct skr_admin *admin);
void skr_admin_close(struct skr_admin *admin); /* NULL-safe */

#endif
