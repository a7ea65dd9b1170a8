/* How far something is that takes long: a bar on a terminal, now and then a line elsewhere. On standard error: what a command
 * has to say in the end goes to standard output alone. */
#ifndef SKERRY_CLI_PROGRESS_H
#define SKERRY_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct skr_progress_numbers {
    uint64_t done_bytes, total_bytes, done_objects, total_objects;
    bool is_by_objects; /* the bytes of all are not known */
};
struct skr_progress {
    const char *what; /* "uploading" */
    bool is_silent, is_terminal, is_drawn;
    int64_t began_ns, shown_ns, measured_ns; /* monotonic; 0: never */
    uint64_t measured_bytes, measured_objects;
    struct skr_progress_numbers last; /* of what is drawn */
    double bytes_s, objects_s;        /* smoothed; < 0: not known yet */
};

void skr_progress_begin(struct skr_progress *progress, const char *what, bool is_silent);
/* As often as one likes: it draws when it is time to. */
void skr_progress_show(struct skr_progress *progress, const struct skr_progress_numbers *numbers);
/* Draws the last state of a bar, and leaves the line after it to others. */
void skr_progress_end(struct skr_progress *progress);
/* Monotonic. */
int64_t skr_progress_now_ns(void);

#endif
