/* skerry serve: puts the rooms together, runs until a signal, takes them apart in the opposite order. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "accounts.h"
#include "admin_address.h"
#include "binds.h"
#include "commands.h"
#include "mounts.h"
#include "settings.h"
#include "skerry/admin.h"
#include "skerry/auth.h"
#include "skerry/blob.h"
#include "skerry/core.h"
#include "skerry/log.h"
#include "skerry/s3.h"

/* Owned by the main thread. */
struct skr_server {
    struct skr_settings settings;
    struct skr_accounts *accounts;
    struct skr_core *core;
    struct skr_http *http;
    struct skr_blob *blob;
    struct skr_s3 *s3;
    struct skr_admin *admin;
    struct skr_mounts mounts;
    char blob_bound[48], s3_bound[48], admin_bound[48];
    int admin_address_fd; /* see admin_address.h */
};

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
    if (skr_worker_is_idle(worker))
        return true;
    skr_worker_let_go(worker); /* it is asked when no client is there any more */
    return false;
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
        .workers = skr_reactor_count_of(settings) + (settings->binds.count > 0) + skr_mounts_workers(settings),
        .meta_map_initial_bytes = settings->meta_map_initial,
        .meta_map_max_bytes = settings->meta_map_max,
        .inline_limit_bytes = settings->inline_limit,
        .reserve_bytes = settings->reserve,
        .fetch_memory_bytes = settings->fetch_memory,
        .cache_capacity_bytes = settings->cache_capacity,
        .cache_high_percent = (unsigned)settings->cache_high_watermark,
        .cache_low_percent = (unsigned)settings->cache_low_watermark,
        .upload_lifetime_s = settings->upload_lifetime_ms / 1000,
        .direct_io = settings->direct_io,
        .upload_concurrency = (unsigned)settings->upload_concurrency,
        .dirty_limit_bytes = settings->dirty_limit,
        .upstream_connect_timeout_ms = (unsigned)settings->upstream_connect_timeout_ms,
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
    if (skr_accounts_has_well_known_key(server->accounts) &&
        (!skr_is_loopback(settings->blob) || !skr_is_loopback(settings->s3)))
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "the well-known development key is served on loopback only. Give an account with --account NAME:@FILE "
                        "(SKERRY_ACCOUNTS), have one made in the data folder with --generate-account NAME "
                        "(SKERRY_GENERATE_ACCOUNT), or listen on 127.0.0.1");
    enum skr_status status =
        skr_http_listen(server->http, skr_blob_face(server->blob), settings->blob, server->blob_bound, err);
    if (status == SKR_OK)
        status = skr_http_listen(server->http, skr_s3_face(server->s3), settings->s3, server->s3_bound, err);
    if (status == SKR_OK)
        status = skr_http_listen(server->http, skr_admin_face(server->admin), settings->admin, server->admin_bound, err);
    return status == SKR_OK ? skr_http_start(server->http, err) : status;
}

static bool skr_account_name_for(void *context, size_t index, struct skr_bytes *name)
{
    return skr_accounts_name(context, index, name);
}

/* For commands. Without it the server does its work all the same. */
static void skr_tell_address(struct skr_server *server)
{
    struct skr_error error;
    if (skr_admin_address_write(&server->admin_address_fd, server->settings.data, server->admin_bound,
                                server->settings.tls_cert, &error) != SKR_OK)
        skr_log(SKR_LOG_WARNING, "serve", "skerry attach and the like will not find this server by its data folder: %s",
                error.message);
}

static enum skr_status skr_server_open(struct skr_server *server, struct skr_error *err)
{
    struct skr_io_fault *fault;
    skr_mounts_init(&server->mounts);
    enum skr_status status = skr_fault_parse(server->settings.io_fault, &fault, err);
    if (status == SKR_OK)
        status = skr_open_accounts(&server->settings, &server->accounts, err);
    if (status == SKR_OK)
        status = skr_check_s3_names(&server->settings, err);
    if (status == SKR_OK)
        status = skr_open_core(server, fault, err);
    if (status == SKR_OK)
        status = skr_apply_binds(&server->settings, server->accounts, server->core, err);
    struct skr_admin_options admin = {.core = server->core,
                                      .directory = server->settings.data,
                                      .account = skr_account_name_for,
                                      .account_context = server->accounts,
                                      .mounts = skr_mounts_visit,
                                      .mounts_context = &server->mounts};
    if (status == SKR_OK)
        status = skr_admin_open(&server->admin, &admin, err);
    struct skr_blob_options blob = {.accounts = server->accounts,
                                    .clock_skew_s = (unsigned)(server->settings.clock_skew_ms / 1000)};
    if (status == SKR_OK)
        status = skr_blob_open(&server->blob, &blob, err);
    struct skr_s3_options s3 = {
        .accounts = server->accounts,
        .region = skr_text(server->settings.s3_region),
        .domains = (const char *const *)server->settings.s3_domains.items,
        .domain_count = server->settings.s3_domains.count,
        .clock_skew_s = (unsigned)(server->settings.clock_skew_ms / 1000),
    };
    if (status == SKR_OK)
        status = skr_s3_open(&server->s3, &s3, err);
    if (status == SKR_OK)
        status = skr_open_http(server, fault, err);
    if (status != SKR_OK)
        return status;
    skr_admin_set_http(server->admin, server->http);
    status = skr_mounts_open(&server->mounts, &server->settings, server->accounts, server->core, fault, err);
    if (status == SKR_OK)
        status = skr_listen(server, err);
    if (status == SKR_OK)
        skr_tell_address(server);
    return status;
}

static void skr_server_close(struct skr_server *server)
{
    skr_admin_address_remove(&server->admin_address_fd, server->settings.data);
    skr_mounts_close(&server->mounts); /* first: what was written there is not durable before */
    skr_http_close(server->http);
    skr_s3_close(server->s3);
    skr_blob_close(server->blob);
    skr_admin_close(server->admin);
    skr_core_close(server->core);
    skr_mounts_free(&server->mounts);
    skr_accounts_close(server->accounts);
    skr_settings_free(&server->settings);
}

/* ---- running ---- */

static void skr_print_s3_hints(const struct skr_server *server, const char *scheme)
{
    const char *region = server->settings.s3_region, *s3 = server->s3_bound;
    fprintf(stderr,
            "\nS3, the same data (SDKs read these variables too):\n"
            "  export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_DEFAULT_REGION=%s AWS_ENDPOINT_URL=%s://%s\n"
            "  aws s3 mb s3://data && aws s3 sync FOLDER s3://data\n"
            "  rclone lsd ':s3,provider=Other,env_auth=true,force_path_style=true,endpoint=\"%s://%s\":'\n",
            SKR_WELL_KNOWN_ACCOUNT, SKR_WELL_KNOWN_KEY, strcmp(region, "*") == 0 ? "us-east-1" : region, scheme, s3, scheme,
            s3);
    fprintf(stderr,
            "  s3cmd --access_key=$AWS_ACCESS_KEY_ID --secret_key=$AWS_SECRET_ACCESS_KEY --host=%s --host-bucket=%s --%s ls\n",
            s3, s3, server->settings.tls_cert == NULL ? "no-ssl" : "ssl");
}

/* Lines to copy. Only for the well-known account: no other key is ever printed. */
static void skr_print_hints(const struct skr_server *server)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_bytes sas = SKR_BYTES("");
    struct skr_error error;
    const int64_t week_s = 7 * 86400;
    skr_accounts_make_sas(server->accounts, SKR_BYTES(SKR_WELL_KNOWN_ACCOUNT), (int64_t)time(NULL) + week_s, &arena, &sas,
                          &error);
    const char *scheme = server->settings.tls_cert == NULL ? "http" : "https", *blob = server->blob_bound;
    fprintf(stderr,
            "\nazcopy (the signature is good for a week):\n"
            "  B='%s://%s/%s'; S='%.*s'\n"
            "  curl -X PUT \"$B/data?restype=container&$S\" -H 'x-ms-version: 2021-12-02' -d ''\n"
            "  # or, where that name leads to this machine: azcopy make \"%s://%s.blob.localhost:%s/data?$S\"\n"
            "  azcopy copy FOLDER \"$B/data/?$S\" --from-to LocalBlob --recursive\n",
            scheme, blob, SKR_WELL_KNOWN_ACCOUNT, SKR_PRINT(sas), scheme, SKR_WELL_KNOWN_ACCOUNT, strrchr(blob, ':') + 1);
    fprintf(stderr,
            "\nAzure SDKs, connection string%s:\n"
            "  DefaultEndpointsProtocol=%s;AccountName=%s;AccountKey=%s;BlobEndpoint=%s://%s/%s;\n",
            server->settings.tls_cert == NULL ? " (UseDevelopmentStorage=true does too, on 127.0.0.1:10000)" : "", scheme,
            SKR_WELL_KNOWN_ACCOUNT, SKR_WELL_KNOWN_KEY, scheme, blob, SKR_WELL_KNOWN_ACCOUNT);
    fprintf(stderr,
            "\nrclone:\n"
            "  rclone lsd ':azureblob,account=%s,key=\"%s\",endpoint=\"%s://%s/%s\":'\n",
            SKR_WELL_KNOWN_ACCOUNT, SKR_WELL_KNOWN_KEY, scheme, blob, SKR_WELL_KNOWN_ACCOUNT);
    if (server->settings.s3_keys.count == 0 && server->settings.s3_read_only_keys.count == 0) /* else others are in its place */
        skr_print_s3_hints(server, scheme);
    fprintf(stderr, "\nConsole: %s://%s/\n\n", scheme, server->admin_bound);
    skr_arena_release(&arena);
}

/* Until a signal that ends the server. */
static void skr_await_end(struct skr_server *server, const sigset_t *signals)
{
    struct skr_error error;
    int received = 0;
    while (sigwait(signals, &received) == 0 && received == SIGHUP)
        if (skr_http_reload_tls(server->http, &error) == SKR_OK)
            skr_tell_address(server); /* the key may be another */
        else
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

static void skr_print_mount(void *context, const struct skr_mount *mount)
{
    struct skr_mount_numbers numbers;
    (void)context;
    skr_mount_read_numbers(mount, &numbers);
    printf(" mount=%s", numbers.directory);
}

int skr_command_serve(int argc, char **argv)
{
    struct skr_server server = {.admin_address_fd = -1};
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
    printf("skerry ready blob=%s s3=%s admin=%s", server.blob_bound, server.s3_bound, server.admin_bound);
    skr_mounts_visit(&server.mounts, skr_print_mount, NULL);
    printf("\n");
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
