/* Why: where packets are dropped each question costs the whole of a time-out. Who was the first to find that out has waited for
 * it; nobody else shall. While an upstream is away requests are answered with what is here, or refused at once, and a thread
 * asks upstream for the shortest of listings until it answers, whatever the answer is.
 *
 * Invariant: an upstream that is away is in the list of the bindings and has a probe, or gets one with the next turn. One that
 * was detached or attached anew has not been found away.
 */
#include "probing.h"

#include <stdlib.h>

#include "clock.h"
#include "flights.h"

#define SKR_PROBE_FIRST_MS 500
#define SKR_PROBE_MOST_MS 5000

/* Owned by the thread. */
struct skr_probe {
    struct skr_probe *next;
    struct skr_prober *prober;
    struct skr_bound *bound; /* that of all containers, where it is one of its containers that is asked */
    struct skr_bound *asked;
    struct skr_upstream_call call;
    bool is_asking;
    unsigned pause_ms;
    int64_t due_ms;
};

struct skr_prober {
    struct skr_background background; /* first */
    struct skr_probe *probes;         /* the thread's */
};

static void skr_probe_free(struct skr_probe *probe)
{
    skr_upstream_cancel(&probe->call);
    skr_bound_release(probe->asked);
    skr_bound_release(probe->bound);
    free(probe);
}

static void skr_probe_answered(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_probe *probe = (struct skr_probe *)((char *)call - offsetof(struct skr_probe, call));
    probe->is_asking = false;
    probe->due_ms = skr_clock_ms() + probe->pause_ms;
    probe->pause_ms = probe->pause_ms * 2 > SKR_PROBE_MOST_MS ? SKR_PROBE_MOST_MS : probe->pause_ms * 2;
    skr_bound_note(probe->asked, result);
    skr_background_wake(&probe->prober->background);
}

static void skr_probe_ask(struct skr_probe *probe)
{
    struct skr_upstream_list list = {.prefix = SKR_BYTES(""), .delimiter = SKR_BYTES(""), .marker = SKR_BYTES(""), .max = 1};
    struct skr_upstream_client *client = skr_worker_upstreams(probe->prober->background.worker);
    probe->due_ms = skr_clock_ms() + probe->pause_ms;
    if (client == NULL)
        return;
    probe->is_asking = true;
    probe->call.done = skr_probe_answered;
    skr_upstream_list(client, probe->asked->quick, &probe->call, &list);
}

/* One for each that is away and has none. */
static bool skr_probe_begin(void *context, struct skr_bound *bound)
{
    struct skr_prober *prober = context;
    for (struct skr_probe *probe = prober->probes; probe != NULL; probe = probe->next)
        if (probe->bound == skr_bound_whole(bound))
            return true;
    struct skr_probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL)
        return false;
    *probe = (struct skr_probe){.next = prober->probes,
                                .prober = prober,
                                .bound = skr_bound_ref(skr_bound_whole(bound)),
                                .asked = skr_bound_ref(bound),
                                .pause_ms = SKR_PROBE_FIRST_MS};
    prober->probes = probe;
    return true;
}

static int skr_prober_turn(struct skr_background *background)
{
    struct skr_prober *prober = (struct skr_prober *)background;
    int64_t now_ms = skr_clock_ms(), next_ms = INT64_MAX;
    skr_bindings_visit_away(&background->core->bindings, skr_probe_begin, prober);
    for (struct skr_probe **link = &prober->probes; *link != NULL;) {
        struct skr_probe *probe = *link;
        bool is_over = !skr_bound_is_away(probe->bound) || !skr_bindings_hold(&background->core->bindings, probe->asked);
        if (is_over && !probe->is_asking) {
            *link = probe->next;
            skr_probe_free(probe);
            continue;
        }
        if (!probe->is_asking && probe->due_ms <= now_ms)
            skr_probe_ask(probe);
        if (!probe->is_asking && probe->due_ms < next_ms)
            next_ms = probe->due_ms;
        link = &probe->next;
    }
    return next_ms == INT64_MAX ? -1 : next_ms <= now_ms ? 0 : (int)(next_ms - now_ms);
}

static bool skr_prober_wind_down(struct skr_background *background)
{
    struct skr_prober *prober = (struct skr_prober *)background;
    while (prober->probes != NULL) {
        struct skr_probe *probe = prober->probes;
        prober->probes = probe->next;
        skr_probe_free(probe);
    }
    return true;
}

enum skr_status skr_prober_open(struct skr_prober **out, struct skr_core *core, struct skr_error *err)
{
    struct skr_prober *prober = calloc(1, sizeof *prober);
    if (prober == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for probing upstreams");
    prober->background.name = "skr-probe";
    prober->background.turn = skr_prober_turn;
    prober->background.wind_down = skr_prober_wind_down;
    *out = prober;
    return skr_background_open(&prober->background, core, err);
}

void skr_prober_wake(struct skr_prober *prober)
{
    skr_background_wake(&prober->background);
}

void skr_prober_close(struct skr_prober *prober)
{
    if (prober == NULL)
        return;
    skr_background_close(&prober->background);
    free(prober);
}
