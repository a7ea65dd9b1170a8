/* The life of a mount. Order of its end: what was written is published, the directory is unmounted, the threads end. */
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "handlers.h"
#include "handles.h"
#include "mounting.h"
#include "notify.h"

#define SKR_OWN_WORKERS 3 /* of the thread that opens and closes it, the keeper and the notifier */
#define SKR_BACKGROUND 64 /* requests of the kernel's own accord at a time, such as reading ahead */
#define SKR_READ_AHEAD_KIB 1024

unsigned skr_mount_workers(unsigned threads)
{
    return threads + SKR_OWN_WORKERS;
}

/* What the kernel is asked for. */
void skr_handle_init(void *context, struct fuse_conn_info *connection)
{
    const unsigned wanted = FUSE_CAP_ASYNC_READ | FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_ASYNC_DIO |
                            FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_CACHE_SYMLINKS |
                            FUSE_CAP_EXPLICIT_INVAL_DATA; /* what changed elsewhere is told: the kernel need not guess */
    (void)context;
    connection->want = connection->capable & wanted; /* nothing else: passthrough excludes that the kernel writes back */
    connection->max_background = SKR_BACKGROUND;
    connection->congestion_threshold = SKR_BACKGROUND * 3 / 4;
    connection->time_gran = 1;
}

/* ---- opening ---- */

/* The root: a container's directory, one below it, or the directory of containers. */
static enum skr_status skr_mount_set_root(struct skr_mount *mount, struct skr_error *err)
{
    const struct skr_mount_options *options = &mount->options;
    struct skr_place *place = NULL;
    struct skr_facts facts;
    struct skr_errand errand;
    enum skr_status status = SKR_OK;
    skr_errand_prepare(&errand, mount, &mount->opener);
    if (options->container.size > 0)
        status = skr_find_container(&errand, options->container, &facts, &place);
    if (status == SKR_OK && options->path.size > 0) {
        status = skr_find(&errand, place, options->path, &facts, NULL);
        if (status == SKR_OK && facts.kind != SKR_FILE_DIRECTORY)
            status = skr_fail(&errand.error, SKR_NOT_A_DIRECTORY, "%.*s is not a directory", SKR_PRINT(options->path));
        struct skr_container container = {.objects_node = place->objects_node, .created_ns = place->created_ns};
        skr_place_free(place);
        place = status == SKR_OK ? skr_place_new(options->container, options->path, &container) : NULL;
        if (status == SKR_OK && place == NULL)
            status = SKR_NO_MEMORY;
    }
    if (status == SKR_OK && !skr_nodes_set_root(&mount->nodes, place))
        status = SKR_NO_MEMORY;
    if (status != SKR_OK)
        skr_fail_os(err, status, errand.error.os_errno, "cannot mount container %.*s: %s", SKR_PRINT(options->container),
                    errand.error.status == status ? errand.error.message : skr_status_text(status));
    skr_errand_end(&errand, 0);
    skr_caller_settle(&mount->opener);
    return status;
}

/* The kernel's first request is answered on this thread, before there are others. */
static enum skr_status skr_mount_greet(struct skr_mount *mount, struct skr_error *err)
{
    struct fuse_buf request = {.mem = NULL};
    skr_transport_use(-1);
    int size = fuse_session_receive_buf(mount->session, &request);
    if (size > 0)
        fuse_session_process_buf(mount->session, &request);
    free(request.mem);
    return size > 0 ? SKR_OK : skr_fail(err, SKR_UNSUPPORTED, "the kernel does not greet (%d)", size);
}

static enum skr_status skr_mount_open_session(struct skr_mount *mount, struct skr_error *err)
{
    char *arguments[] = {"skerry", NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
    mount->session = fuse_session_new(&args, &skr_operations, sizeof skr_operations, mount);
    fuse_opt_free_args(&args);
    if (mount->session == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a mount");
    enum skr_status status = skr_mounting_mount(&mount->options, mount->directory, &mount->transport.fd, err);
    if (status != SKR_OK)
        return status;
    atomic_store(&mount->transport.is_connected, true);
    status = skr_transport_attach(&mount->transport, mount->session, err);
    if (status == SKR_OK)
        return skr_mount_greet(mount, err);
    close(mount->transport.fd);
    skr_mounting_unmount(mount->directory);
    mount->transport.fd = -1;
    return status;
}

/* The kernel reads 128 KiB ahead unless root says otherwise. */
static void skr_mount_read_ahead(const struct skr_mount *mount)
{
    struct stat about;
    char path[64];
    if (geteuid() != 0 || stat(mount->directory, &about) != 0)
        return;
    snprintf(path, sizeof path, "/sys/class/bdi/%u:%u/read_ahead_kb", major(about.st_dev), minor(about.st_dev));
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return; /* it is slower then, no more */
    fprintf(file, "%d\n", SKR_READ_AHEAD_KIB);
    fclose(file);
}

static enum skr_status skr_mount_init(struct skr_mount *mount, struct skr_error *err)
{
    pthread_rwlockattr_t attributes;
    mount->transport.fd = -1;
    mount->transport.wants_passthrough = mount->options.passthrough;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&mount->moving, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    if (!skr_nodes_init(&mount->nodes))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a mount");
    return skr_caller_open(&mount->opener, mount->options.core, mount->options.fault, &mount->watcher, err);
}

enum skr_status skr_mount_open(struct skr_mount **out, const struct skr_mount_options *options, struct skr_error *err)
{
    struct skr_mount *mount = calloc(1, sizeof *mount);
    if (mount == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a mount");
    mount->options = *options;
    enum skr_status status = skr_mount_init(mount, err);
    if (status == SKR_OK)
        status = skr_mounting_prepare(options, &mount->directory, err);
    if (status == SKR_OK)
        status = skr_mount_set_root(mount, err);
    if (status == SKR_OK)
        status = skr_mount_open_session(mount, err);
    if (status == SKR_OK)
        status = skr_notifier_start(mount, err);
    if (status == SKR_OK)
        status = skr_threads_start(mount, err);
    if (status == SKR_OK)
        status = skr_keeper_start(mount, err);
    if (status != SKR_OK) {
        skr_mount_close(mount);
        return status;
    }
    skr_mount_read_ahead(mount);
    skr_log(SKR_LOG_INFO, "mount", "%s shows %.*s%s%.*s%s%.*s%s", mount->directory, SKR_PRINT(options->account),
            options->container.size > 0 ? "/" : "", SKR_PRINT(options->container), options->path.size > 0 ? "/" : "",
            SKR_PRINT(options->path), options->read_only ? ", read-only" : "");
    *out = mount;
    return SKR_OK;
}

/* ---- closing ---- */

static void skr_mount_publish(struct skr_mount *mount)
{
    struct skr_errand errand;
    skr_errand_prepare(&errand, mount, &mount->opener);
    skr_keeper_publish_all(&errand, INT64_MAX);
    skr_errand_end(&errand, 0);
    skr_caller_settle(&mount->opener);
}

void skr_mount_close(struct skr_mount *mount)
{
    if (mount == NULL)
        return;
    struct skr_caller *outer = skr_this_caller();
    atomic_store(&mount->is_closing, true);
    skr_caller_use(&mount->opener);
    skr_notifier_stop(mount);
    skr_keeper_stop(mount);
    if (mount->opener.worker != NULL)
        skr_mount_publish(mount);
    if (mount->transport.fd >= 0 && atomic_load(&mount->transport.is_connected) && !skr_mounting_unmount(mount->directory)) {
        skr_log(SKR_LOG_WARNING, "mount", "%s was in use when it was unmounted", mount->directory);
        skr_mount_publish(mount);
    }
    skr_threads_stop(mount);
    if (mount->session != NULL)
        fuse_session_destroy(mount->session); /* closes the descriptor: whoever uses it gets ENOTCONN */
    mount->transport.fd = -1;
    if (mount->opener.worker != NULL)
        skr_mount_publish(mount);
    skr_abandon_all(mount);
    skr_nodes_free(&mount->nodes);
    skr_caller_use(outer);
    skr_caller_close(&mount->opener);
    pthread_rwlock_destroy(&mount->moving);
    free(mount->directory);
    free(mount);
}
