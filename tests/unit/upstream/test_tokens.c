/* Providers of tokens beside an endpoint that this test is: it answers what a test has written down, one connection after the
 * other, and keeps what was sent. Nothing waits by the clock: a test waits until so many requests have come, or fetches have
 * ended. At the end of each test, standard error, where logs go, has nothing secret.
 */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "run.h"
#include "tokens.h"

#define ANSWERS 16
#define LONG_MS 20000

static int listener, errors_fd = -1;
static char address[64], path[64];
static pthread_t server;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
/* What the n-th request is answered; the last one is for all that follow. NULL: none, and the connection stays open. */
static const char *answers[ANSWERS];
static size_t answer_count, request_count;
static char requests[ANSWERS][8192];
static struct skr_upstream_token_provider *provider;
static struct skr_error error;

static const struct skr_token_pace fast = {.first_ms = 1, .most_ms = 4, .refused_ms = 0, .least_ms = 1, .timeout_ms = LONG_MS};

/* ---- the endpoint ---- */

static void keep_request(int fd, char *out, size_t capacity)
{
    size_t size = 0;
    for (;;) {
        ssize_t got = read(fd, out + size, capacity - 1 - size);
        if (got <= 0)
            break;
        size += (size_t)got;
        out[size] = '\0';
        const char *end = strstr(out, "\r\n\r\n"), *length = strstr(out, "Content-Length: ");
        if (end != NULL &&
            size >= (size_t)(end + 4 - out) + (length == NULL || length > end ? 0 : strtoul(length + 16, NULL, 10)))
            break;
    }
}

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return NULL;
        static char request[sizeof requests[0]];
        memset(request, 0, sizeof request);
        keep_request(fd, request, sizeof request);
        pthread_mutex_lock(&lock);
        if (request_count < ANSWERS)
            memcpy(requests[request_count], request, sizeof request);
        const char *answer = answers[request_count < answer_count ? request_count : answer_count - 1];
        request_count++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
        if (answer != NULL) {
            ssize_t ignored = send(fd, answer, strlen(answer), MSG_NOSIGNAL);
            (void)ignored;
        } else { /* until the other end is tired of it */
            ssize_t ignored = read(fd, request, sizeof request);
            (void)ignored;
        }
        close(fd);
    }
}

static void wait_for_requests(size_t count)
{
    pthread_mutex_lock(&lock);
    while (request_count < count)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void set_answers(size_t count, const char *const list[])
{
    pthread_mutex_lock(&lock);
    memcpy(answers, list, count * sizeof *list);
    answer_count = count;
    pthread_mutex_unlock(&lock);
}
#define ANSWER(...) set_answers(COUNT(((const char *const[]){__VA_ARGS__})), (const char *const[]){__VA_ARGS__})

#define OK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define GIVES(token) OK_HEAD "{\"access_token\":\"" token "\",\"token_type\":\"Bearer\",\"expires_in\":3600}"
#define FAILS(status) "HTTP/1.1 " status " Failure\r\nConnection: close\r\n\r\n{\"error\":\"s3cret\"}"

/* ---- the provider ---- */

static void open_all(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof any;
    char errors[] = "/tmp/skerry-errors-XXXXXX";
    errors_fd = mkstemp(errors);
    ck_assert_int_ge(errors_fd, 0);
    unlink(errors);
    dup2(errors_fd, STDERR_FILENO);
    unsetenv("IDENTITY_ENDPOINT");
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&any, sizeof any), 0);
    ck_assert_int_eq(listen(listener, 16), 0);
    getsockname(listener, (struct sockaddr *)&any, &size);
    snprintf(address, sizeof address, "http://127.0.0.1:%d", ntohs(any.sin_port));
    ck_assert_int_eq(pthread_create(&server, NULL, serve, NULL), 0);
    strcpy(path, "/tmp/skerry-federated-XXXXXX");
    close(mkstemp(path));
}

static void close_all(void)
{
    static char text[65536];
    skr_tokens_close(provider);
    shutdown(listener, SHUT_RDWR);
    pthread_join(server, NULL);
    close(listener);
    unlink(path);
    ssize_t size = pread(errors_fd, text, sizeof text - 1, 0);
    ck_assert_int_ge(size, 0);
    text[size] = '\0';
    ck_assert_msg(strstr(text, "s3cret") == NULL && strstr(text, "t0ken") == NULL, "%s", text);
}

static void begin(enum skr_token_kind kind, const struct skr_token_pace *pace)
{
    struct skr_token_settings settings = {.kind = kind,
                                          .tenant = "tenant",
                                          .client_id = "client",
                                          .client_secret = "s3cret",
                                          .token_file = path,
                                          .authority = address,
                                          .endpoint = kind == SKR_TOKEN_MANAGED_IDENTITY ? address : NULL};
    enum skr_status status = skr_tokens_open_at_pace(&provider, &settings, pace, &error);
    ck_assert_msg(status == SKR_OK, "%s", error.message);
}

static bool has_token(const char *token)
{
    static char text[SKR_UPSTREAM_TOKEN_SIZE];
    return provider->token(provider, text, sizeof text) && strcmp(text, token) == 0;
}

static struct skr_token_state state(void)
{
    struct skr_token_state out;
    skr_tokens_read_state(provider, &out);
    ck_assert_msg(strstr(out.last.message, "s3cret") == NULL && strstr(out.last.message, "t0ken") == NULL, "%s",
                  out.last.message);
    return out;
}

static void fetched(uint64_t count)
{
    ck_assert(skr_tokens_wait_fetches(provider, count, LONG_MS));
}

static void write_assertion(const char *text)
{
    char fresh[80];
    snprintf(fresh, sizeof fresh, "%s.fresh", path);
    FILE *file = fopen(fresh, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(rename(fresh, path), 0);
}

/* ---- requests ---- */

static void requested(size_t index, const char *line, const char *more)
{
    char whole[4096];
    snprintf(whole, sizeof whole,
             "%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: skerry/" SKERRY_VERSION "\r\nAccept: application/json\r\n%s", line,
             address + strlen("http://"), more);
    ck_assert_str_eq(requests[index], whole);
}

START_TEST(requests_to_virtual_machines)
{
    ANSWER(GIVES("t0ken"));
    begin(SKR_TOKEN_MANAGED_IDENTITY, &fast);
    ck_assert(skr_tokens_wait(provider, LONG_MS) && has_token("t0ken"));
    requested(0, "GET /?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com%2F&client_id=client",
              "Metadata: true\r\n\r\n");
}
END_TEST

START_TEST(requests_to_app_services)
{
    char endpoint[80];
    ANSWER(GIVES("t0ken"));
    snprintf(endpoint, sizeof endpoint, "%s/msi/token", address);
    setenv("IDENTITY_ENDPOINT", endpoint, 1);
    setenv("IDENTITY_HEADER", "s3cret", 1);
    ck_assert_int_eq(
        skr_tokens_open(
            &provider, &(struct skr_token_settings){.kind = SKR_TOKEN_MANAGED_IDENTITY, .proxy = "http://127.0.0.1:1"}, &error),
        SKR_OK);
    ck_assert(skr_tokens_wait(provider, LONG_MS) && has_token("t0ken"));
    requested(0, "GET /msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com%2F",
              "X-IDENTITY-HEADER: s3cret\r\n\r\n");
}
END_TEST

START_TEST(requests_with_a_secret)
{
    ANSWER(GIVES("t0ken"));
    begin(SKR_TOKEN_CLIENT_SECRET, &fast);
    ck_assert(skr_tokens_wait(provider, LONG_MS) && has_token("t0ken"));
    requested(
        0, "POST /tenant/oauth2/v2.0/token",
        "Content-Length: 116\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
        "grant_type=client_credentials&scope=https%3A%2F%2Fstorage.azure.com%2F.default&client_id=client&client_secret=s3cret");
}
END_TEST

START_TEST(federated_tokens_that_are_replaced)
{
    write_assertion("s3cret.1\n");
    ANSWER(GIVES("t0ken1"), GIVES("t0ken2"), GIVES("t0ken3"));
    begin(SKR_TOKEN_WORKLOAD_IDENTITY, &fast);
    ck_assert(skr_tokens_wait(provider, LONG_MS) && has_token("t0ken1"));
    write_assertion("s3cret.2");
    provider->refused(provider);
    fetched(2);
    ck_assert(has_token("t0ken2"));
    const char *const form =
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        "grant_type=client_credentials&scope=https%%3A%%2F%%2Fstorage.azure.com%%2F.default&client_id=client"
        "&client_assertion_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Aclient-assertion-type%%3Ajwt-bearer"
        "&client_assertion=s3cret.%d";
    for (int i = 0; i < 2; i++) {
        char body[1024], more[1100];
        snprintf(body, sizeof body, form, i + 1);
        snprintf(more, sizeof more, "Content-Length: %zu\r\n%s", strlen(strstr(body, "grant_type")), body);
        requested((size_t)i, "POST /tenant/oauth2/v2.0/token", more);
    }
    /* no file: the old token stays, the failure says which file, and it goes on when the file is there again */
    unlink(path);
    provider->refused(provider);
    fetched(4);
    struct skr_token_state without = state();
    ck_assert(without.has_token && without.failures >= 2 && has_token("t0ken2"));
    ck_assert_ptr_nonnull(strstr(without.last.message, path));
    write_assertion("s3cret.3");
    wait_for_requests(3);
    for (struct skr_token_state last = state(); last.failures > 0; last = state())
        fetched(last.fetches + 1);
    ck_assert(has_token("t0ken3"));
}
END_TEST

/* ---- time ---- */

START_TEST(a_token_is_refreshed_long_before_it_expires)
{
    ANSWER(OK_HEAD "{\"access_token\":\"t0ken1\",\"expires_in\":3600,\"refresh_in\":1}", GIVES("t0ken2"));
    begin(SKR_TOKEN_CLIENT_SECRET, &fast);
    fetched(1);
    ck_assert(has_token("t0ken1") || has_token("t0ken2"));
    fetched(2);
    ck_assert(has_token("t0ken2"));
    struct skr_token_state now = state();
    int64_t now_s = time(NULL);
    ck_assert(now.has_token && now.failures == 0 && now.failed_s == 0);
    ck_assert(now.valid_until_s > now_s + 3500 && now.valid_until_s <= now_s + 3601);
    ck_assert(now.next_fetch_s > now_s + 1500 && now.next_fetch_s <= now_s + 1801);
}
END_TEST

START_TEST(a_failing_endpoint_leaves_the_old_token)
{
    ANSWER(GIVES("t0ken1"), FAILS("500"), FAILS("401"), "", "NONSENSE s3cret\r\n\r\n", OK_HEAD "s3cret", GIVES("t0ken2"));
    begin(SKR_TOKEN_CLIENT_SECRET, &fast);
    fetched(1);
    provider->refused(provider);
    for (uint64_t i = 2; i <= 6; i++) {
        fetched(i);
        struct skr_token_state now = state();
        ck_assert(now.has_token && (has_token("t0ken1") || has_token("t0ken2")));
        ck_assert(now.failures == i - 1 || now.fetches > i);
    }
    fetched(7);
    struct skr_token_state now = state();
    ck_assert(has_token("t0ken2") && now.failures == 0 && now.failed_s > 0 && now.last.message[0] != '\0');
}
END_TEST

START_TEST(a_token_that_is_refused)
{
    struct skr_token_pace pace = fast;
    pace.refused_ms = LONG_MS;
    ANSWER(GIVES("t0ken1"), GIVES("t0ken2"), GIVES("t0ken3"));
    begin(SKR_TOKEN_CLIENT_SECRET, &pace);
    fetched(1);
    ck_assert(has_token("t0ken1") && state().next_fetch_s > time(NULL) + 1500);
    provider->refused(provider);
    fetched(2);
    ck_assert(has_token("t0ken2"));
    for (int i = 0; i < 100; i++) /* calls that were under way with the old one */
        provider->refused(provider);
    ck_assert(state().next_fetch_s > time(NULL) + 1500);
    ck_assert(has_token("t0ken2") && state().fetches == 2);
}
END_TEST

START_TEST(managed_identities_that_are_not_ready)
{
    ANSWER(FAILS("404"), FAILS("410"), FAILS("429"), FAILS("500"), FAILS("503"), GIVES("t0ken"));
    begin(SKR_TOKEN_MANAGED_IDENTITY, &fast);
    ck_assert(skr_tokens_wait(provider, LONG_MS) && has_token("t0ken"));
    ck_assert_uint_eq(state().fetches, 6);
}
END_TEST

START_TEST(asked_to_wait)
{
    ANSWER("HTTP/1.1 429 Too Many\r\nRetry-After: 600\r\nConnection: close\r\n\r\n", GIVES("t0ken"));
    begin(SKR_TOKEN_MANAGED_IDENTITY, &fast);
    fetched(1);
    provider->refused(provider); /* hurries nobody while fetches fail */
    ck_assert(!has_token("t0ken") && state().next_fetch_s > time(NULL) + 590);
    ck_assert(!skr_tokens_wait(provider, 1) && state().fetches == 1);
}
END_TEST

START_TEST(nobody_waits_for_a_fetch)
{
    ANSWER(NULL);
    begin(SKR_TOKEN_CLIENT_SECRET, &fast);
    wait_for_requests(1);
    ck_assert(!has_token("t0ken") && !skr_tokens_wait(provider, 1));
    provider->refused(provider);
    struct skr_token_state now = state();
    ck_assert(!now.has_token && now.valid_until_s == 0 && now.fetches == 0);
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    skr_tokens_close(provider);
    provider = NULL;
    clock_gettime(CLOCK_MONOTONIC, &after);
    ck_assert_int_lt(after.tv_sec - before.tv_sec, LONG_MS / 2000);
}
END_TEST

START_TEST(an_endpoint_that_never_answers)
{
    struct skr_token_pace pace = fast;
    pace.timeout_ms = 50;
    ANSWER(NULL, GIVES("t0ken"));
    begin(SKR_TOKEN_CLIENT_SECRET, &pace);
    ck_assert(skr_tokens_wait(provider, LONG_MS) && has_token("t0ken"));
    ck_assert(state().failed_s > 0);
}
END_TEST

START_TEST(many_ask_at_once)
{
    char small[4];
    ANSWER(GIVES("t0ken"));
    begin(SKR_TOKEN_CLIENT_SECRET, &fast);
    fetched(1);
    ck_assert(!provider->token(provider, small, sizeof small));
    for (int i = 0; i < 50; i++) { /* each refusal may replace the token while it is read */
        provider->refused(provider);
        ck_assert(has_token("t0ken"));
    }
}
END_TEST

/* ---- answers ---- */

START_TEST(answers_that_are_too_large)
{
    static char body[200000], headers[200000];
    size_t head = (size_t)sprintf(body, "%s", OK_HEAD "{\"access_token\":\"t0ken\",\"expires_in\":3600,\"x\":\"");
    memset(body + head, 'x', 70000);
    strcpy(body + head + 70000, "\"}");
    head = (size_t)sprintf(headers, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 1000; i++)
        head += (size_t)sprintf(headers + head, "X-Long-%d: %080d\r\n", i, i);
    sprintf(headers + head, "\r\n{\"access_token\":\"t0ken\",\"expires_in\":3600}");
    ANSWER(body, headers, GIVES("t0ken2"));
    begin(SKR_TOKEN_CLIENT_SECRET, &fast);
    ck_assert(skr_tokens_wait(provider, LONG_MS) && has_token("t0ken2"));
    ck_assert_uint_eq(state().fetches, 3);
    ck_assert_int_eq(state().last.status, SKR_TOO_LARGE);
}
END_TEST

static const char *const useless[] = {
    "",
    "s3cret\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"access_token\":\"t0ken\",\"expires_in\":3600}",
    "HTTP/1.1 302 Found\r\nLocation: /elsewhere?t0ken\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 204 None\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n\x1f\x8b\x08",
    OK_HEAD,
    OK_HEAD "{\"access_token\":\"t0ken\"}",
    OK_HEAD "{\"access_token\":\"t0ken s3cret\",\"expires_in\":3600}",
    FAILS("400"),
};

START_TEST(answers_that_are_none)
{
    ANSWER(useless[_i], GIVES("t0ken2"));
    begin(SKR_TOKEN_CLIENT_SECRET, &fast);
    ck_assert(skr_tokens_wait(provider, LONG_MS) && has_token("t0ken2"));
    struct skr_token_state now = state();
    ck_assert_msg(now.fetches == 2 && now.last.message[0] != '\0', "%d", _i);
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("tokens");
    TCase *test = tcase_create("tokens");
    tcase_add_checked_fixture(test, open_all, close_all);
    tcase_add_test(test, requests_to_virtual_machines);
    tcase_add_test(test, requests_to_app_services);
    tcase_add_test(test, requests_with_a_secret);
    tcase_add_test(test, federated_tokens_that_are_replaced);
    tcase_add_test(test, a_token_is_refreshed_long_before_it_expires);
    tcase_add_test(test, a_failing_endpoint_leaves_the_old_token);
    tcase_add_test(test, a_token_that_is_refused);
    tcase_add_test(test, managed_identities_that_are_not_ready);
    tcase_add_test(test, asked_to_wait);
    tcase_add_test(test, nobody_waits_for_a_fetch);
    tcase_add_test(test, an_endpoint_that_never_answers);
    tcase_add_test(test, many_ask_at_once);
    tcase_add_test(test, answers_that_are_too_large);
    tcase_add_loop_test(test, answers_that_are_none, 0, (int)COUNT(useless));
    suite_add_tcase(all, test);
    return all;
}

int main(void)
{
    return run_suite(suite());
}
