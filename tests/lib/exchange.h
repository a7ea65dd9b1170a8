/* An exchange without a network: what a face reads from it is parsed from text, what it answers is kept to be looked at. Stands
 * in for the HTTP room's own when it is linked into a test program. */
#ifndef SKERRY_TESTS_EXCHANGE_H
#define SKERRY_TESTS_EXCHANGE_H

#include "skerry/http.h"

struct skr_exchange {
    struct skr_request request;
    struct skr_arena arena;
    void *worker;
    struct skr_bytes body; /* of the request */
    unsigned replies;
    int status;                         /* of the last reply */
    struct skr_name_value headers[128]; /* of the reply; in the arena */
    size_t header_count;
    void (*prepare)(void *context);
    void *prepare_context;
    struct skr_bytes reply; /* its body; in the arena */
};

/* "PUT /account/container?restype=container", header lines, an empty line, the body; lines end with "\n". False: no request at
 * all. Header lines that the HTTP room would refuse are left out. */
bool exchange_parse(struct skr_exchange *exchange, struct skr_bytes text);
/* Forgets the answer. */
void exchange_again(struct skr_exchange *exchange);
void exchange_release(struct skr_exchange *exchange);
/* A header of the reply; data NULL: not there. */
struct skr_bytes exchange_header(const struct skr_exchange *exchange, const char *name);

#endif
