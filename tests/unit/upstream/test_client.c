/* The client's edges without a real upstream: a listener that never answers, or has one answer. Closing with calls under way,
 * calls made and cancelled inside callbacks, calls that need no network.
 */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "run.h"

#define CALLS 20

struct call {
    struct skr_upstream_call base; /* first */
    unsigned heads, writes, dones;
    struct skr_upstream_result result;
    enum { JUST_COUNT, CANCEL_IN_HEAD, CANCEL_IN_WRITE, CANCEL_ALL_IN_DONE, AGAIN_IN_DONE } what;
};

static struct call calls[CALLS];
static struct skr_io *io;
static struct skr_upstream *upstream;
static struct skr_upstream_client *client;
static int listener;
static char url[80];
static pthread_t server;
static const char *answer_text; /* what the server thread answers to each connection */

static void on_done(struct skr_upstream_call *base, const struct skr_upstream_result *result);

static void on_head(struct skr_upstream_call *base, const struct skr_upstream_object *object)
{
    struct call *call = (struct call *)base;
    (void)object;
    call->heads++;
    if (call->what == CANCEL_IN_HEAD)
        skr_upstream_cancel(base);
}

static size_t on_write(struct skr_upstream_call *base, const void *data, size_t size)
{
    struct call *call = (struct call *)base;
    (void)data;
    call->writes++;
    if (call->what == CANCEL_IN_WRITE)
        skr_upstream_cancel(base);
    return size;
}

static void start(struct call *call)
{
    call->base.done = on_done;
    skr_upstream_get(client, upstream, &call->base,
                     &(struct skr_upstream_get){.key = SKR_BYTES("k"), .head = on_head, .write = on_write});
}

static void on_done(struct skr_upstream_call *base, const struct skr_upstream_result *result)
{
    struct call *call = (struct call *)base;
    ck_assert_ptr_null(base->transfer);
    call->dones++;
    call->result = *result;
    if (call->what == CANCEL_ALL_IN_DONE)
        for (size_t i = 0; i < CALLS; i++)
            skr_upstream_cancel(&calls[i].base);
    if (call->what == AGAIN_IN_DONE && call->dones < 3)
        start(call);
}

static void open_all(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct skr_error error;
    memset(calls, 0, sizeof calls);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 64), 0);
    getsockname(listener, (struct sockaddr *)&address, &size);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/acc/cont", ntohs(address.sin_port));
    struct skr_upstream_settings settings = {.url = url, .max_connections = 4};
    ck_assert_msg(skr_upstream_open(&upstream, &settings, &error) == SKR_OK, "%s", error.message);
    ck_assert_int_eq(skr_io_open(&io, &(struct skr_io_options){.entries = 16}, &error), SKR_OK);
    ck_assert_int_eq(skr_upstream_client_open(&client, io, &error), SKR_OK);
    answer_text = NULL;
}

static void close_all(void)
{
    skr_upstream_client_close(client);
    skr_upstream_close(upstream);
    skr_io_close(io);
    close(listener);
}

/* Answers each connection once and closes it; ends when the listener is shut down. */
static void *serve(void *unused)
{
    char request[4096];
    (void)unused;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        if (read(fd, request, sizeof request) > 0) {
            ssize_t ignored = write(fd, answer_text, strlen(answer_text));
            (void)ignored;
        }
        close(fd);
    }
}

static void begin_serving(const char *text)
{
    answer_text = text;
    ck_assert_int_eq(pthread_create(&server, NULL, serve, NULL), 0);
}

static void end_serving(void)
{
    shutdown(listener, SHUT_RDWR);
    pthread_join(server, NULL);
}

static unsigned under_way(void)
{
    struct skr_upstream_client_counters counters;
    skr_upstream_client_read_counters(client, &counters);
    return counters.calls_under_way;
}

static void run_until_idle(void)
{
    for (int i = 0; under_way() > 0; i++) {
        ck_assert_int_lt(i, 10000);
        skr_io_run(io, 100);
    }
}

START_TEST(closing_ends_all)
{
    struct skr_upstream_client_counters counters;
    for (size_t i = 0; i < CALLS; i++)
        start(&calls[i]);
    ck_assert_uint_eq(calls[0].dones, 0); /* nothing is told inside a call */
    skr_io_run(io, 100);
    skr_upstream_client_read_counters(client, &counters);
    ck_assert(counters.calls_under_way == CALLS && counters.calls_queued == CALLS - 4);
    skr_upstream_client_close(client);
    client = NULL;
    for (size_t i = 0; i < CALLS; i++)
        ck_assert(calls[i].dones == 1 && calls[i].result.outcome == SKR_UPSTREAM_CANCELLED);
}
END_TEST

START_TEST(closing_before_anything_began)
{
    start(&calls[0]);
    skr_upstream_client_close(client);
    client = NULL;
    ck_assert(calls[0].dones == 1 && calls[0].result.outcome == SKR_UPSTREAM_CANCELLED);
}
END_TEST

START_TEST(cancelled_calls_say_nothing)
{
    for (size_t i = 0; i < CALLS; i++)
        start(&calls[i]);
    for (size_t i = 0; i < CALLS; i += 2)
        skr_upstream_cancel(&calls[i].base);
    skr_io_run(io, 100);
    for (size_t i = 1; i < CALLS; i += 2) {
        skr_upstream_cancel(&calls[i].base);
        skr_upstream_cancel(&calls[i].base);
        skr_upstream_resume(&calls[i].base);
        memset(&calls[i], 0xAA, sizeof calls[i]); /* its memory is the caller's again */
    }
    run_until_idle();
    for (size_t i = 0; i < CALLS; i += 2)
        ck_assert_uint_eq(calls[i].dones, 0);
    skr_upstream_cancel(NULL);
}
END_TEST

START_TEST(cancelling_in_callbacks)
{
    begin_serving("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    calls[0].what = CANCEL_IN_HEAD;
    calls[1].what = CANCEL_IN_WRITE;
    for (size_t i = 0; i < 3; i++)
        start(&calls[i]);
    run_until_idle();
    ck_assert(calls[0].heads == 1 && calls[0].writes == 0 && calls[0].dones == 0);
    ck_assert(calls[1].heads == 1 && calls[1].writes == 1 && calls[1].dones == 0);
    ck_assert(calls[2].heads == 1 && calls[2].writes == 1 && calls[2].dones == 1);
    ck_assert_int_eq(calls[2].result.outcome, SKR_UPSTREAM_OK);
    for (size_t i = 0; i < CALLS; i++) {
        calls[i] = (struct call){.what = CANCEL_ALL_IN_DONE};
        start(&calls[i]);
    }
    run_until_idle();
    unsigned dones = 0;
    for (size_t i = 0; i < CALLS; i++)
        dones += calls[i].dones;
    ck_assert_uint_eq(dones, 1);
    end_serving();
}
END_TEST

START_TEST(calls_made_in_callbacks)
{
    begin_serving("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"); /* and the end */
    calls[0].what = AGAIN_IN_DONE;
    start(&calls[0]);
    run_until_idle();
    ck_assert(calls[0].dones == 3 && calls[0].result.outcome == SKR_UPSTREAM_TRUNCATED);
    ck_assert(calls[0].result.http_status == 200 && calls[0].result.may_retry && !calls[0].result.may_have_happened);
    end_serving();
}
END_TEST

START_TEST(calls_that_need_no_network)
{
    calls[0].base.done = calls[1].base.done = calls[2].base.done = on_done;
    skr_upstream_upload_begin(client, upstream, &calls[0].base, SKR_BYTES("k"), NULL);
    skr_upstream_upload_abort(client, upstream, &calls[1].base, SKR_BYTES("k"), SKR_BYTES("any"));
    skr_upstream_head(client, upstream, &calls[2].base, SKR_BYTES(""), NULL);
    ck_assert(calls[0].dones + calls[1].dones + calls[2].dones == 0);
    run_until_idle();
    ck_assert(calls[0].dones == 1 && calls[0].result.outcome == SKR_UPSTREAM_OK && calls[0].result.upload.size == 32);
    ck_assert(calls[1].dones == 1 && calls[1].result.outcome == SKR_UPSTREAM_OK);
    ck_assert(calls[2].dones == 1 && calls[2].result.outcome == SKR_UPSTREAM_INVALID && calls[2].result.attempts == 0);
}
END_TEST

START_TEST(the_upstream_may_be_let_go)
{
    begin_serving("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    start(&calls[0]);
    skr_upstream_close(upstream);
    upstream = NULL;
    run_until_idle();
    ck_assert(calls[0].dones == 1 && calls[0].result.outcome == SKR_UPSTREAM_OK);
    end_serving();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upstream_client");
    TCase *tests = tcase_create("client");
    tcase_add_checked_fixture(tests, open_all, close_all);
    tcase_add_test(tests, closing_ends_all);
    tcase_add_test(tests, closing_before_anything_began);
    tcase_add_test(tests, cancelled_calls_say_nothing);
    tcase_add_test(tests, cancelling_in_callbacks);
    tcase_add_test(tests, calls_made_in_callbacks);
    tcase_add_test(tests, calls_that_need_no_network);
    tcase_add_test(tests, the_upstream_may_be_let_go);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
