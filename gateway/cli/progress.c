/* The bar and its lines. Rates are smoothed over some ten seconds: the time that is left would jump otherwise. */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "display.h"

#define SKR_SECOND_NS INT64_C(1000000000)
#define SKR_BAR_CELLS 24
#define SKR_SMOOTH_S 10.0

int64_t skr_progress_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SKR_SECOND_NS + now.tv_nsec;
}

void skr_progress_begin(struct skr_progress *progress, const char *what, bool is_silent)
{
    const char *terminal = getenv("TERM");
    *progress = (struct skr_progress){
        .what = what,
        .is_silent = is_silent,
        .is_terminal = isatty(STDERR_FILENO) && (terminal == NULL || strcmp(terminal, "dumb") != 0),
        .began_ns = skr_progress_now_ns(),
        .bytes_s = -1,
        .objects_s = -1,
    };
}

static void skr_progress_smooth(double *rate, double measured, double seconds)
{
    double weight = seconds < SKR_SMOOTH_S ? seconds / SKR_SMOOTH_S : 1;
    if (weight < 0.1)
        weight = 0.1;
    *rate = *rate < 0 ? measured : *rate + weight * (measured - *rate);
}

static void skr_progress_measure(struct skr_progress *progress, const struct skr_progress_numbers *numbers, int64_t now_ns)
{
    double seconds = (double)(now_ns - progress->measured_ns) / (double)SKR_SECOND_NS;
    if (progress->measured_ns != 0 && seconds < 0.5)
        return;
    if (progress->measured_ns != 0) { /* what was found to be more to do is not progress backwards */
        uint64_t bytes = numbers->done_bytes > progress->measured_bytes ? numbers->done_bytes - progress->measured_bytes : 0;
        uint64_t objects =
            numbers->done_objects > progress->measured_objects ? numbers->done_objects - progress->measured_objects : 0;
        skr_progress_smooth(&progress->bytes_s, (double)bytes / seconds, seconds);
        skr_progress_smooth(&progress->objects_s, (double)objects / seconds, seconds);
    }
    progress->measured_ns = now_ns;
    progress->measured_bytes = numbers->done_bytes;
    progress->measured_objects = numbers->done_objects;
}

static uint64_t skr_progress_left(uint64_t done, uint64_t total)
{
    return total > done ? total - done : 0;
}

/* By bytes, or where those are done or none, by objects. -1: not known. */
static int64_t skr_progress_seconds_left(const struct skr_progress *progress, const struct skr_progress_numbers *numbers)
{
    uint64_t bytes = numbers->is_by_objects ? 0 : skr_progress_left(numbers->done_bytes, numbers->total_bytes);
    double left = bytes > 0 ? (double)bytes : (double)skr_progress_left(numbers->done_objects, numbers->total_objects);
    double rate = bytes > 0 ? progress->bytes_s : progress->objects_s;
    if (left == 0)
        return 0;
    return rate <= 0 || left / rate > 1e7 ? -1 : (int64_t)(left / rate) + 1;
}

static void skr_progress_text(const struct skr_progress *progress, const struct skr_progress_numbers *numbers, char out[256])
{
    char done[32], total[32], rate[32], left[32];
    int64_t seconds = skr_progress_seconds_left(progress, numbers);
    bool is_total_known = !numbers->is_by_objects;
    snprintf(out, 256, "%s%s%s, %llu of %llu objects, %s/s, %s left", skr_size_text((json_int_t)numbers->done_bytes, done),
             is_total_known ? " of " : "", is_total_known ? skr_size_text((json_int_t)numbers->total_bytes, total) : "",
             (unsigned long long)numbers->done_objects, (unsigned long long)numbers->total_objects,
             skr_size_text((json_int_t)(progress->bytes_s < 0 ? 0 : progress->bytes_s), rate),
             seconds < 0 ? "?" : skr_duration_text(seconds, left));
}

static double skr_progress_part(const struct skr_progress_numbers *numbers)
{
    bool by_bytes = numbers->total_bytes > 0 && !numbers->is_by_objects;
    uint64_t done = by_bytes ? numbers->done_bytes : numbers->done_objects;
    uint64_t total = by_bytes ? numbers->total_bytes : numbers->total_objects;
    return total == 0 ? 1 : done >= total ? 1 : (double)done / (double)total;
}

static void skr_progress_draw(struct skr_progress *progress, const struct skr_progress_numbers *numbers)
{
    struct winsize size = {.ws_col = 0};
    char text[256], bar[SKR_BAR_CELLS + 1], line[400];
    double part = skr_progress_part(numbers);
    int cells = (int)(part * SKR_BAR_CELLS);
    skr_progress_text(progress, numbers, text);
    for (int i = 0; i < SKR_BAR_CELLS; i++)
        bar[i] = i < cells ? '#' : '.';
    bar[SKR_BAR_CELLS] = '\0';
    int width = snprintf(line, sizeof line, "%s [%s] %3d%% %s", progress->what, bar, (int)(part * 100), text);
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 && width > size.ws_col - 1)
        width = size.ws_col - 1; /* a line that wraps could not be drawn over */
    fprintf(stderr, "\r%.*s\x1b[K", width, line);
    fflush(stderr);
    progress->is_drawn = true;
}

void skr_progress_show(struct skr_progress *progress, const struct skr_progress_numbers *numbers)
{
    int64_t now_ns = skr_progress_now_ns(), every_ns = progress->is_terminal ? SKR_SECOND_NS / 5 : 5 * SKR_SECOND_NS;
    char text[256];
    progress->last = *numbers;
    skr_progress_measure(progress, numbers, now_ns);
    if (progress->is_silent || (progress->shown_ns != 0 && now_ns - progress->shown_ns < every_ns))
        return;
    progress->shown_ns = now_ns;
    if (progress->is_terminal) {
        skr_progress_draw(progress, numbers);
        return;
    }
    skr_progress_text(progress, numbers, text);
    fprintf(stderr, "%s: %s\n", progress->what, text);
}

void skr_progress_end(struct skr_progress *progress)
{
    if (progress->is_drawn) { /* the end came sooner than the next time to draw */
        skr_progress_draw(progress, &progress->last);
        fprintf(stderr, "\n");
    }
    progress->is_drawn = false;
}
