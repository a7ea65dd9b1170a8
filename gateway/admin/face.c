/* Opening and closing the face. */
#include <stdlib.h>

#include "admin_private.h"

enum skr_status skr_admin_open(struct skr_admin **out, const struct skr_admin_options *options, struct skr_error *err)
{
    struct skr_admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the admin face");
    admin->options = *options;
    admin->started = time(NULL);
    admin->face = (struct skr_face){.name = "admin", .context = admin, .handle = skr_admin_handle, .refuse = skr_admin_refuse};
    enum skr_status status = skr_admin_token_open(&admin->token, options->directory, err);
    if (status != SKR_OK) {
        skr_admin_close(admin);
        return status;
    }
    *out = admin;
    return SKR_OK;
}

void skr_admin_set_http(struct skr_admin *admin, const struct skr_http *http)
{
    admin->http = http;
}

const struct skr_face *skr_admin_face(const struct skr_admin *admin)
{
    return &admin->face;
}

void skr_admin_close(struct skr_admin *admin)
{
    if (admin == NULL)
        return;
    explicit_bzero(&admin->token, sizeof admin->token);
    free(admin);
}
