/* skerry serve: puts the rooms together, runs until a signal, takes them apart in the opposite order. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "settings.h"
#include "skerry/admin.h"
#include "skerry/auth.h"
#include "skerry/blob.h"
#include "skerry/core.h"
#include "skerry/encoding.h"
#include "skerry/log.h"

/* Owned by the main thread. */
struct skr_server {
    struct skr_settings settings;
    struct skr_accounts *accounts;
    struct skr_core *core;
    struct skr_http *http;
    struct skr_blob *blob;
    struct skr_admin *admin;
    char blob_bound[48], s3_bound[48], admin_bound[48];
};

/* ---- accounts ---- */

/* The first line of a file, without white space at its end. */
static enum skr_status skr_read_secret(const char *path, char *out, size_t capacity, struct skr_error *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(out, (int)capacity, file) == NULL) {
        int os_errno = errno;
        if (file != NULL)
            fclose(file);
        return skr_fail_os(err, SKR_INVALID_ARGUMENT, os_errno, "cannot read a key from %s: %s", path, strerror(os_errno));
    }
    fclose(file);
    out[strcspn(out, " \t\r\n")] = '\0';
    return SKR_OK;
}

/* NAME:KEY or NAME:@FILE */
static enum skr_status skr_add_account(struct skr_accounts *accounts, const char *text, struct skr_error *err)
{
    char secret[600];
    const char *colon = strchr(text, ':');
    if (colon == NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "an account is given as NAME:BASE64KEY or NAME:@FILE");
    struct skr_bytes name = {text, (size_t)(colon - text)}, key = skr_text(colon + 1);
    enum skr_status status = SKR_OK;
    if (colon[1] == '@') {
        status = skr_read_secret(colon + 2, secret, sizeof secret, err);
        key = skr_text(secret);
    }
    if (status == SKR_OK)
        status = skr_accounts_add(accounts, name, key, err);
    explicit_bzero(secret, sizeof secret);
    return status;
}

/* DIR/account-NAME.key, made with a random key when it is not there. */
static enum skr_status skr_generate_account(struct skr_server *server, struct skr_error *err)
{
    const char *name = server->settings.generate_account;
    char path[4096], text[SKR_BASE64_SIZE(64) + 2], pair[4200];
    uint8_t key[64];
    mkdir(server->settings.data, 0700);
    snprintf(path, sizeof path, "%.3900s/account-%.30s.key", server->settings.data, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return skr_fail_os(err, SKR_IO, errno, "cannot write %s: %s", path, strerror(errno));
    if (fd >= 0) {
        bool made = getrandom(key, sizeof key, 0) == sizeof key;
        skr_base64_encode(text, key, sizeof key);
        text[sizeof text - 2] = '\n';
        made = made && write(fd, text, sizeof text - 1) == (ssize_t)sizeof text - 1 && fsync(fd) == 0;
        close(fd);
        explicit_bzero(key, sizeof key);
        explicit_bzero(text, sizeof text);
        if (!made)
            return skr_fail(err, SKR_IO, "cannot write a key to %s", path);
        skr_log(SKR_LOG_INFO, "serve", "made account '%s'; its key is in %s", name, path);
    }
    snprintf(pair, sizeof pair, "%.30s:@%s", name, path);
    return skr_add_account(server->accounts, pair, err);
}

static enum skr_status skr_open_accounts(struct skr_server *server, struct skr_error *err)
{
    const struct skr_text_list *list = &server->settings.accounts;
    enum skr_status status = skr_accounts_open(&server->accounts, err);
    for (size_t i = 0; i < list->count && status == SKR_OK; i++)
        status = skr_add_account(server->accounts, list->items[i], err);
    if (status == SKR_OK && server->settings.generate_account != NULL)
        status = skr_generate_account(server, err);
    else if (status == SKR_OK && list->count == 0)
        status = skr_accounts_add(server->accounts, SKR_BYTES(SKR_WELL_KNOWN_ACCOUNT), SKR_BYTES(SKR_WELL_KNOWN_KEY), err);
    for (size_t i = 0; i < server->settings.s3_keys.count && status == SKR_OK; i++)
        if (strchr(server->settings.s3_keys.items[i], ':') == NULL)
            status = skr_fail(err, SKR_INVALID_ARGUMENT, "an S3 key is given as ACCESS:SECRET[:ACCOUNT] or ACCESS:@FILE");
    return status;
}

static bool skr_is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]", 5) == 0 || strncmp(address, "localhost:", 10) == 0;
}

/* ---- the rooms ---- */

static enum skr_status skr_worker_open_for(void *context, struct skr_io *io, struct skr_executor *executor, void **worker,
                                           struct skr_error *err)
{
    struct skr_worker *opened = NULL;
    enum skr_status status = skr_worker_open(context, io, executor, &opened, err);
    *worker = opened;
    return status;
}

static bool skr_worker_idle_for(void *context, void *worker)
{
    (void)context;
    return skr_worker_is_idle(worker);
}

static void skr_worker_close_for(void *context, void *worker)
{
    (void)context;
    skr_worker_close(worker);
}

static unsigned skr_reactor_count_of(const struct skr_settings *settings)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return settings->reactors > 0 ? (unsigned)settings->reactors : cores > 0 ? (unsigned)cores : 1;
}

static enum skr_status skr_open_core(struct skr_server *server, struct skr_io_fault *fault, struct skr_error *err)
{
    const struct skr_settings *settings = &server->settings;
    struct skr_core_options options = {
        .directory = settings->data,
        .workers = skr_reactor_count_of(settings),
        .meta_map_initial_bytes = settings->meta_map_initial,
        .meta_map_max_bytes = settings->meta_map_max,
        .inline_limit_bytes = settings->inline_limit,
        .reserve_bytes = settings->reserve,
        .upload_lifetime_s = settings->upload_lifetime_ms / 1000,
        .direct_io = settings->direct_io,
        .fault = fault,
    };
    return skr_core_open(&server->core, &options, err);
}

static enum skr_status skr_open_http(struct skr_server *server, struct skr_io_fault *fault, struct skr_error *err)
{
    const struct skr_settings *settings = &server->settings;
    struct skr_http_options options = {
        .reactors = skr_reactor_count_of(settings),
        .max_connections = (unsigned)settings->max_connections,
        .header_timeout_ms = (unsigned)settings->header_timeout_ms,
        .body_timeout_ms = (unsigned)settings->body_timeout_ms,
        .idle_timeout_ms = (unsigned)settings->idle_timeout_ms,
        .drain_timeout_ms = (unsigned)settings->drain_timeout_ms,
        .connection_memory_bytes = settings->connection_memory,
        .tls_certificate_file = settings->tls_cert,
        .tls_key_file = settings->tls_key,
        .fault = fault,
        .worker_open = skr_worker_open_for,
        .worker_idle = skr_worker_idle_for,
        .worker_close = skr_worker_close_for,
        .worker_context = server->core,
    };
    return skr_http_open(&server->http, &options, err);
}

static enum skr_status skr_listen(struct skr_server *server, struct skr_error *err)
{
    const struct skr_settings *settings = &server->settings;
    if (skr_accounts_has_well_known_key(server->accounts) && (!skr_is_loopback(settings->blob) || !skr_is_loopback(settings->s3)))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the well-known development key is known to everybody and is served on loopback only. "
                                                   "Give an account with --account NAME:@FILE or --generate-account NAME, or listen on 127.0.0.1");
    enum skr_status status = skr_http_listen(server->http, skr_blob_face(server->blob), settings->blob, server->blob_bound, err);
    if (status == SKR_OK)
        status = skr_http_listen(server->http, &skr_unavailable_s3_face, settings->s3, server->s3_bound, err);
    if (status == SKR_OK)
        status = skr_http_listen(server->http, skr_admin_face(server->admin), settings->admin, server->admin_bound, err);
    return status == SKR_OK ? skr_http_start(server->http, err) : status;
}

static enum skr_status skr_server_open(struct skr_server *server, struct skr_error *err)
{
    struct skr_io_fault *fault;
    enum skr_status status = skr_fault_parse(server->settings.io_fault, &fault, err);
    if (status == SKR_OK)
        status = skr_open_accounts(server, err);
    if (status == SKR_OK)
        status = skr_open_core(server, fault, err);
    if (status == SKR_OK)
        status = skr_admin_open(&server->admin, server->core, err);
    struct skr_blob_options blob = {.accounts = server->accounts, .clock_skew_s = (unsigned)(server->settings.clock_skew_ms / 1000)};
    if (status == SKR_OK)
        status = skr_blob_open(&server->blob, &blob, err);
    if (status == SKR_OK)
        status = skr_open_http(server, fault, err);
    if (status != SKR_OK)
        return status;
    skr_admin_set_http(server->admin, server->http);
    return skr_listen(server, err);
}

static void skr_server_close(struct skr_server *server)
{
    skr_http_close(server->http);
    skr_blob_close(server->blob);
    skr_admin_close(server->admin);
    skr_core_close(server->core);
    skr_accounts_close(server->accounts);
    skr_settings_free(&server->settings);
}

/* ---- running ---- */

/* Lines to copy. Only for the well-known account: no other key is ever printed. */
static void skr_print_hints(const struct skr_server *server)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_bytes sas = SKR_BYTES("");
    struct skr_error error;
    const int64_t week_s = 7 * 86400;
    skr_accounts_make_sas(server->accounts, SKR_BYTES(SKR_WELL_KNOWN_ACCOUNT), (int64_t)time(NULL) + week_s, &arena, &sas, &error);
    const char *scheme = server->settings.tls_cert == NULL ? "http" : "https", *blob = server->blob_bound;
    fprintf(stderr,
            "\nazcopy (the signature is good for a week):\n"
            "  B='%s://%s/%s'; S='%.*s'\n"
            "  curl -X PUT \"$B/data?restype=container&$S\" -H 'x-ms-version: 2021-12-02' -d ''\n"
            "  azcopy copy FOLDER \"$B/data/?$S\" --from-to LocalBlob --recursive\n",
            scheme, blob, SKR_WELL_KNOWN_ACCOUNT, SKR_PRINT(sas));
    fprintf(stderr,
            "\nAzure SDKs, connection string%s:\n"
            "  DefaultEndpointsProtocol=%s;AccountName=%s;AccountKey=%s;BlobEndpoint=%s://%s/%s;\n",
            server->settings.tls_cert == NULL ? " (UseDevelopmentStorage=true does too, on 127.0.0.1:10000)" : "", scheme,
            SKR_WELL_KNOWN_ACCOUNT, SKR_WELL_KNOWN_KEY, scheme, blob, SKR_WELL_KNOWN_ACCOUNT);
    fprintf(stderr,
            "\nrclone:\n"
            "  rclone lsd ':azureblob,account=%s,key=\"%s\",endpoint=\"%s://%s/%s\":'\n"
            "\nConsole: %s://%s/\n\n",
            SKR_WELL_KNOWN_ACCOUNT, SKR_WELL_KNOWN_KEY, scheme, blob, SKR_WELL_KNOWN_ACCOUNT, scheme, server->admin_bound);
    skr_arena_release(&arena);
}

/* Until a signal that ends the server. */
static void skr_await_end(struct skr_server *server, const sigset_t *signals)
{
    struct skr_error error;
    int received = 0;
    while (sigwait(signals, &received) == 0 && received == SIGHUP)
        if (skr_http_reload_tls(server->http, &error) != SKR_OK)
            skr_log(SKR_LOG_ERROR, "serve", "the certificate stays as it was: %s", error.message);
}

static bool skr_set_log_level(const char *name)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    for (int i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0) {
            skr_log_set_level((enum skr_log_level)i);
            return true;
        }
    return false;
}

int skr_command_serve(int argc, char **argv)
{
    struct skr_server server = {.http = NULL};
    struct skr_error error = {.status = SKR_OK};
    sigset_t signals;
    if (argc > 0 && strcmp(argv[0], "--help") == 0) {
        skr_help_serve();
        return 0;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before there are threads: only this one takes them */
    signal(SIGPIPE, SIG_IGN);
    umask(077);
    enum skr_status status = skr_settings_load(&server.settings, argc, argv, &error);
    if (status == SKR_OK && !skr_set_log_level(server.settings.log_level))
        status = skr_fail(&error, SKR_INVALID_ARGUMENT, "log-level is one of error, warning, info and debug");
    if (server.settings.tls_cert != NULL) { /* without, a terminal that is closed ends the server as it does other programs */
        sigaddset(&signals, SIGHUP);
        pthread_sigmask(SIG_BLOCK, &signals, NULL);
    }
    if (status == SKR_OK)
        status = skr_server_open(&server, &error);
    if (status != SKR_OK) {
        fprintf(stderr, "skerry: %s\n", error.message);
        skr_server_close(&server);
        return 1;
    }
    printf("skerry ready blob=%s s3=%s admin=%s\n", server.blob_bound, server.s3_bound, server.admin_bound);
    fflush(stdout);
    if (server.settings.hints && skr_accounts_has_well_known_key(server.accounts))
        skr_print_hints(&server);
    skr_await_end(&server, &signals);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    signal(SIGTERM, SIG_DFL); /* a second signal ends it at once */
    signal(SIGINT, SIG_DFL);
    skr_log(SKR_LOG_INFO, "serve", "ending: requests under way may finish");
    skr_server_close(&server);
    return 0;
}
