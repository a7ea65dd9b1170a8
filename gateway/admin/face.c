/* GET /healthz, /readyz, /metrics, /status and the console at /. Read-only; changes nothing. */
#include <stdlib.h>

#include "admin_private.h"

const char *skr_admin_trouble(struct skr_admin *admin)
{
    struct skr_core_numbers numbers;
    skr_core_read_numbers(admin->core, &numbers);
    if (numbers.read_only)
        return "data could not be made durable: no writes until the server is restarted";
    return numbers.out_of_space ? "no room left: writes are refused until there is" : NULL;
}

static void skr_admin_reply(struct skr_exchange *exchange, int http_status, const char *type, struct skr_bytes body)
{
    skr_exchange_header(exchange, "Content-Type", skr_text(type));
    skr_exchange_header(exchange, "Cache-Control", SKR_BYTES("no-store"));
    skr_exchange_header(exchange, "X-Content-Type-Options", SKR_BYTES("nosniff"));
    skr_exchange_send(exchange, http_status, body, false);
}

static void skr_admin_render(struct skr_admin *admin, struct skr_exchange *exchange, const char *type,
                             void (*render)(struct skr_admin *, FILE *))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        skr_admin_reply(exchange, 503, "text/plain; charset=utf-8", SKR_BYTES("no memory\n"));
        return;
    }
    render(admin, out);
    if (fclose(out) == 0)
        skr_admin_reply(exchange, 200, type, (struct skr_bytes){text, size});
    else
        skr_admin_reply(exchange, 503, "text/plain; charset=utf-8", SKR_BYTES("no memory\n"));
    free(text);
}

static void skr_admin_ready(struct skr_admin *admin, struct skr_exchange *exchange)
{
    const char *trouble = skr_admin_trouble(admin);
    char text[200];
    int size = snprintf(text, sizeof text, "%s\n", trouble == NULL ? "ready" : trouble);
    skr_admin_reply(exchange, trouble == NULL ? 200 : 503, "text/plain; charset=utf-8", (struct skr_bytes){text, (size_t)size});
}

static void skr_admin_handle(void *context, struct skr_exchange *exchange)
{
    struct skr_admin *admin = context;
    const struct skr_request *request = skr_exchange_request(exchange);
    struct skr_bytes path = request->uri.raw_path;
    skr_exchange_label(exchange, "admin", SKR_BYTES(""));
    if (request->method != SKR_GET && request->method != SKR_HEAD)
        skr_admin_reply(exchange, 405, "text/plain; charset=utf-8", SKR_BYTES("only GET\n"));
    else if (skr_bytes_equal(path, SKR_BYTES("/healthz")))
        skr_admin_reply(exchange, 200, "text/plain; charset=utf-8", SKR_BYTES("ok\n"));
    else if (skr_bytes_equal(path, SKR_BYTES("/readyz")))
        skr_admin_ready(admin, exchange);
    else if (skr_bytes_equal(path, SKR_BYTES("/metrics")))
        skr_admin_render(admin, exchange, "text/plain; version=0.0.4; charset=utf-8", skr_admin_metrics);
    else if (skr_bytes_equal(path, SKR_BYTES("/status")))
        skr_admin_render(admin, exchange, "application/json", skr_admin_status);
    else if (skr_bytes_equal(path, SKR_BYTES("/")))
        skr_admin_reply(exchange, 200, "text/html; charset=utf-8", skr_text(skr_admin_console));
    else
        skr_admin_reply(exchange, 404, "text/plain; charset=utf-8", SKR_BYTES("/, /status, /metrics, /healthz, /readyz\n"));
}

static void skr_admin_refuse(void *context, struct skr_exchange *exchange, int http_status, enum skr_status status)
{
    (void)context;
    skr_admin_reply(exchange, http_status, "text/plain; charset=utf-8", skr_text(skr_status_text(status)));
}

enum skr_status skr_admin_open(struct skr_admin **out, struct skr_core *core, struct skr_error *err)
{
    struct skr_admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the admin face");
    admin->core = core;
    admin->started = time(NULL);
    admin->face = (struct skr_face){.name = "admin", .context = admin, .handle = skr_admin_handle, .refuse = skr_admin_refuse};
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
    free(admin);
}
