/* Bindings that stand in the settings. */
#ifndef SKERRY_CLI_BINDS_H
#define SKERRY_CLI_BINDS_H

#include "settings.h"
#include "skerry/auth.h"
#include "skerry/core.h"

/* Attaches what is not attached in exactly this way already. Before there are reactors; core has room for one worker more. */
enum skr_status skr_apply_binds(const struct skr_settings *settings, const struct skr_accounts *accounts, struct skr_core *core,
                                struct skr_error *err);

#endif
