/* GET /healthz, /readyz, /metrics, /status and the console at /: for anybody who reaches the listener. They change nothing. */
#include <stdlib.h>

#include "admin_private.h"

const char *skr_admin_trouble(struct skr_admin *admin)
{
    struct skr_core_numbers numbers;
    skr_core_read_numbers(admin->options.core, &numbers);
    if (numbers.read_only)
        return "data could not be made durable: no writes until the server is restarted";
    return numbers.out_of_space ? "no room left: writes are refused until there is" : NULL;
}

static void skr_admin_render(struct skr_admin_call *call, const char *type, void (*render)(struct skr_admin *, FILE *))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        skr_admin_reply(call->exchange, 503, "text/plain; charset=utf-8", SKR_BYTES("no memory\n"));
        return;
    }
    render(call->admin, out);
    if (fclose(out) == 0)
        skr_admin_reply(call->exchange, 200, type, (struct skr_bytes){text, size});
    else
        skr_admin_reply(call->exchange, 503, "text/plain; charset=utf-8", SKR_BYTES("no memory\n"));
    free(text);
}

void skr_admin_get_console(struct skr_admin_call *call)
{
    skr_admin_reply(call->exchange, 200, "text/html; charset=utf-8", skr_text(skr_admin_console));
}

void skr_admin_get_health(struct skr_admin_call *call)
{
    skr_admin_reply(call->exchange, 200, "text/plain; charset=utf-8", SKR_BYTES("ok\n"));
}

void skr_admin_get_ready(struct skr_admin_call *call)
{
    const char *trouble = skr_admin_trouble(call->admin);
    char text[200];
    int size = snprintf(text, sizeof text, "%s\n", trouble == NULL ? "ready" : trouble);
    skr_admin_reply(call->exchange, trouble == NULL ? 200 : 503, "text/plain; charset=utf-8",
                    (struct skr_bytes){text, (size_t)size});
}

void skr_admin_get_metrics(struct skr_admin_call *call)
{
    skr_admin_render(call, "text/plain; version=0.0.4; charset=utf-8", skr_admin_metrics);
}

void skr_admin_get_status(struct skr_admin_call *call)
{
    skr_admin_render(call, "application/json", skr_admin_status);
}
