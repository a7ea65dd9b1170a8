/* Accounts and S3 access keys from settings. */
#ifndef SKERRY_CLI_ACCOUNTS_H
#define SKERRY_CLI_ACCOUNTS_H

#include "settings.h"
#include "skerry/auth.h"

/* Opens them all, with what is there when nothing is given. `*accounts` is closed by the caller, after a failure too. */
enum skr_status skr_open_accounts(const struct skr_settings *settings, struct skr_accounts **accounts, struct skr_error *err);
/* Are the S3 region and domains names of regions and domains? */
enum skr_status skr_check_s3_names(const struct skr_settings *settings, struct skr_error *err);

#endif
