/* What commands print of a server's answers. */
#ifndef SKERRY_CLI_DISPLAY_H
#define SKERRY_CLI_DISPLAY_H

#include <jansson.h>
#include <stdint.h>

/* Of an object's field; "" and 0 where there is none. */
const char *skr_text_of(const json_t *object, const char *name);
json_int_t skr_number_of(const json_t *object, const char *name);
/* "1.5 GiB"; returns `out`. */
const char *skr_size_text(json_int_t bytes, char out[32]);
/* "45s", "3m20s", "5h07m"; returns `out`. */
const char *skr_duration_text(int64_t seconds, char out[32]);
/* A name of somebody's choosing: control characters, which could command a terminal, as "\\x1b". */
void skr_print_name(const char *name);
void skr_print_json(const json_t *answer);

#endif
