/* The client's inside: transfers, lanes, and the loop that drives them. Everything is owned by the client's thread. */
#ifndef SKERRY_UPSTREAM_CLIENT_H
#define SKERRY_UPSTREAM_CLIENT_H

#include <curl/curl.h>

#include "upstream_private.h"

/* Calls to one upstream: so many have a connection, the others queue in order. Exists while there are any. */
struct skr_lane {
    struct skr_lane *next;
    struct skr_upstream *upstream;
    unsigned active, transfers;
    struct skr_transfer_queue {
        struct skr_upstream_transfer *first, **last;
    } queue;
};

enum skr_transfer_state {
    SKR_TRANSFER_QUEUED,  /* for a connection */
    SKR_TRANSFER_ACTIVE,  /* with libcurl */
    SKR_TRANSFER_WAITING, /* for its time to try again */
    SKR_TRANSFER_ENDED,   /* `ending` is told at the next turn of the loop */
};

/* One call, from its beginning to `done`. */
struct skr_upstream_transfer {
    struct skr_upstream_client *client;
    struct skr_lane *lane;
    struct skr_upstream_call *call; /* NULL: cancelled */
    enum skr_transfer_state state;
    struct skr_upstream_transfer *next, *previous; /* all of the client's */
    struct skr_upstream_transfer *queue_next;      /* in the lane's queue */
    struct skr_upstream_transfer *ready_next;      /* in the client's list of those to look at */
    bool is_ready;
    struct skr_upstream_transfer *yielded_next; /* in the client's list of those that go on at the next turn */
    bool has_yielded;
    uint64_t turn, turn_bytes; /* delivered in that turn of the loop */

    enum skr_operation_kind kind;
    struct skr_arena arena; /* of the call */
    struct skr_message message;
    struct skr_made made;
    struct skr_upstream_get get;   /* texts in the arena */
    struct skr_upstream_body body; /* what is sent; a document too */
    uint8_t md5[16], sha256[32];
    bool has_retry, conditional;
    bool repeatable; /* sending it twice cannot do harm */
    struct skr_upstream_retry retry;

    /* of the present attempt */
    struct skr_arena attempt_arena; /* holds secrets: see skr_attempt_wipe */
    struct skr_message signed_message;
    struct skr_bytes url;
    CURL *easy;
    struct curl_slist *lines;
    char error[CURL_ERROR_SIZE];
    struct skr_answer answer;
    struct skr_upstream_object object;
    unsigned sendings; /* connections on which the request was begun: libcurl takes another when a kept one turns out dead */
    uint64_t sent_bytes;
    size_t redelivered; /* bytes at the front of what libcurl delivers next that the caller took already */
    bool paused, resume_wanted;
    uint64_t progress_ms;
    enum skr_upstream_outcome failure; /* found by ourselves; OK: none */
    const char *problem;

    unsigned attempts;
    uint64_t first_ms, again_ms;
    bool delivered; /* something went to `head` or `write` */
    bool body_was_read;
};

struct skr_upstream_client {
    struct skr_io *io;
    struct skr_client_poll *poll;
    int epoll_fd, timer_fd;
    CURLM *multi;
    CURLSH *share;
    bool running; /* inside the loop: it looks at everything before it sleeps */
    bool closing;
    uint64_t now_ms;   /* monotonic, at the loop's last turn */
    uint64_t curl_ms;  /* when libcurl wants to be called; UINT64_MAX: not */
    uint64_t scan_ms;  /* no earlier can a stall or a wait be over */
    uint64_t armed_ms; /* what timer_fd is set to */
    uint64_t random;
    struct skr_lane *lanes;
    struct skr_upstream_transfer *transfers;
    struct skr_upstream_transfer *ready, *yielded;
    uint64_t turn;
    unsigned active;                  /* transfers with libcurl */
    struct skr_upstream_call *failed; /* there was no memory for them: told at the next turn */
    CURL *spare[32];                  /* handles to use again: they know how to resume TLS sessions */
    unsigned spare_count;
    struct skr_upstream_client_counters counters;
};

uint64_t skr_client_clock_ms(void);
uint64_t skr_client_random(struct skr_upstream_client *client);
/* Has the loop look at `transfer` at its next turn, which comes without delay. */
void skr_client_look(struct skr_upstream_transfer *transfer);
/* May `transfer` deliver more in this turn? Else it is to be paused, and goes on at the next one. */
bool skr_client_allows(struct skr_upstream_transfer *transfer);
/* The next turn comes without delay. */
void skr_client_hurry(struct skr_upstream_client *client);
void skr_client_scan_by(struct skr_upstream_client *client, uint64_t at_ms);

/* transfer.c */
void skr_transfer_tell_failed(struct skr_upstream_client *client);
void skr_transfer_begin(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                        const struct skr_upstream_operation *operation);
void skr_transfer_look(struct skr_upstream_transfer *transfer);                    /* may free it */
void skr_transfer_finished(struct skr_upstream_transfer *transfer, CURLcode code); /* libcurl is done with it; may free it */
void skr_transfer_scan(struct skr_upstream_transfer *transfer);                    /* is a stall or a wait over? May free it */
void skr_transfer_free(struct skr_upstream_transfer *transfer);
void skr_lane_feed(struct skr_lane *lane);
void skr_transfer_end(struct skr_upstream_transfer *transfer, enum skr_upstream_outcome outcome, const char *message);

/* attempt.c */
bool skr_attempt_start(struct skr_upstream_transfer *transfer); /* false: `failure` and `problem` say why */
void skr_attempt_wipe(struct skr_upstream_transfer *transfer);

#endif
