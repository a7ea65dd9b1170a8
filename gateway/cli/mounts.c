/* --mount DIR[,FIELD=VALUE]... */
#include "mounts.h"

#include <stdlib.h>
#include <unistd.h>

#define SKR_DEFAULT_UMASK 022

/* What a field is read into. */
struct skr_mount_text {
    struct skr_mount_options *options;
    const struct skr_accounts *accounts;
};

static bool skr_read_container(struct skr_mount_text *text, const char *value)
{
    size_t size = strcspn(value, "/");
    struct skr_bytes path = skr_text(value[size] == '/' ? value + size + 1 : "");
    while (path.size > 0 && path.data[path.size - 1] == '/')
        path.size--;
    text->options->container = (struct skr_bytes){value, size};
    text->options->path = path;
    return size > 0;
}

static bool skr_read_account(struct skr_mount_text *text, const char *value)
{
    text->options->account = skr_text(value);
    return skr_accounts_known(text->accounts, text->options->account);
}

static bool skr_read_number(const char *value, int base, unsigned long most, uint32_t *out)
{
    char *end;
    unsigned long number = strtoul(value, &end, base);
    *out = (uint32_t)number;
    return value[0] >= '0' && value[0] <= '9' && *end == '\0' && number <= most;
}

static bool skr_read_user(struct skr_mount_text *text, const char *value)
{
    return skr_read_number(value, 10, UINT32_MAX - 1, &text->options->user);
}

static bool skr_read_group(struct skr_mount_text *text, const char *value)
{
    return skr_read_number(value, 10, UINT32_MAX - 1, &text->options->group);
}

static bool skr_read_umask(struct skr_mount_text *text, const char *value)
{
    return skr_read_number(value, 8, 0777, &text->options->umask);
}

static bool skr_read_passthrough(struct skr_mount_text *text, const char *value)
{
    text->options->passthrough = strcmp(value, "on") == 0;
    return text->options->passthrough || strcmp(value, "off") == 0;
}

static bool skr_read_read_only(struct skr_mount_text *text, const char *value)
{
    (void)value;
    return text->options->read_only = true;
}

static bool skr_read_allow_other(struct skr_mount_text *text, const char *value)
{
    (void)value;
    return text->options->allow_other = true;
}

static const struct skr_mount_field {
    const char *name;
    bool has_value;
    bool (*read)(struct skr_mount_text *text, const char *value);
    const char *form;
} skr_mount_fields[] = {
    {"container", true, skr_read_container, "NAME or NAME/PATH"},
    {"account", true, skr_read_account, "an account that the server has"},
    {"ro", false, skr_read_read_only, NULL},
    {"uid", true, skr_read_user, "a number"},
    {"gid", true, skr_read_group, "a number"},
    {"umask", true, skr_read_umask, "octal, as 022"},
    {"allow_other", false, skr_read_allow_other, NULL},
    {"passthrough", true, skr_read_passthrough, "on or off"},
};

static enum skr_status skr_read_field(struct skr_mount_text *text, char *field, struct skr_error *err)
{
    char *equals = strchr(field, '=');
    if (equals != NULL)
        *equals = '\0';
    for (size_t i = 0; i < sizeof skr_mount_fields / sizeof *skr_mount_fields; i++) {
        const struct skr_mount_field *known = &skr_mount_fields[i];
        if (strcmp(known->name, field) != 0)
            continue;
        if (known->has_value != (equals != NULL))
            return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' %s", field, known->has_value ? "needs a value" : "takes no value");
        return known->read(text, equals == NULL ? "" : equals + 1)
                   ? SKR_OK
                   : skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' is %s", field, known->form);
    }
    return skr_fail(err, SKR_INVALID_ARGUMENT,
                    "'%.60s' is not known: container=NAME[/PATH], account=NAME, ro, uid=N, gid=N, umask=OCTAL, allow_other, "
                    "passthrough=off",
                    field);
}

/* Cuts `text` up; the options point into it. */
static enum skr_status skr_read_mount(char *text, const struct skr_accounts *accounts, struct skr_mount_options *options,
                                      struct skr_error *err)
{
    struct skr_mount_text into = {options, accounts};
    enum skr_status status = SKR_OK;
    char *rest = text;
    options->directory = strsep(&rest, ",;");
    options->user = geteuid();
    options->group = getegid();
    options->umask = SKR_DEFAULT_UMASK;
    options->passthrough = true;
    if (!skr_accounts_name(accounts, 0, &options->account))
        options->account = SKR_NO_BYTES;
    if (options->directory[0] == '\0')
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "a mount is given as DIR[,FIELD=VALUE]...");
    while (rest != NULL && status == SKR_OK)
        status = skr_read_field(&into, strsep(&rest, ",;"), err);
    return status;
}

void skr_mounts_init(struct skr_mounts *mounts)
{
    *mounts = (struct skr_mounts){.count = 0};
    pthread_mutex_init(&mounts->lock, NULL);
}

unsigned skr_mounts_workers(const struct skr_settings *settings)
{
    return (unsigned)settings->mounts.count * skr_mount_workers((unsigned)settings->mount_threads);
}

static enum skr_status skr_open_one(struct skr_mounts *mounts, size_t index, struct skr_mount_options *options,
                                    const struct skr_settings *settings, const struct skr_accounts *accounts,
                                    struct skr_error *err)
{
    struct skr_error error = {.message = ""};
    struct skr_mount *mount = NULL;
    const char *setting = settings->mounts.items[index];
    enum skr_status status = SKR_OK;
    mounts->texts[index] = strdup(setting);
    if (mounts->texts[index] == NULL)
        status = skr_fail(&error, SKR_NO_MEMORY, "no memory for a mount");
    if (status == SKR_OK)
        status = skr_read_mount(mounts->texts[index], accounts, options, &error);
    if (status == SKR_OK)
        status = skr_mount_open(&mount, options, &error);
    if (status != SKR_OK)
        return skr_fail_os(err, status, error.os_errno, "mount %.*s: %.170s", (int)strcspn(setting, ",;"), setting,
                           error.message);
    pthread_mutex_lock(&mounts->lock);
    mounts->mounts[mounts->count++] = mount;
    pthread_mutex_unlock(&mounts->lock);
    return SKR_OK;
}

enum skr_status skr_mounts_open(struct skr_mounts *mounts, const struct skr_settings *settings,
                                const struct skr_accounts *accounts, struct skr_core *core, struct skr_io_fault *fault,
                                struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    for (size_t i = 0; i < settings->mounts.count && status == SKR_OK; i++) {
        struct skr_mount_options options = {.core = core,
                                            .data = settings->data,
                                            .threads = (unsigned)settings->mount_threads,
                                            .passthrough_from_bytes = settings->passthrough_from,
                                            .fault = fault};
        status = skr_open_one(mounts, i, &options, settings, accounts, err);
    }
    return status;
}

void skr_mounts_close(struct skr_mounts *mounts)
{
    while (mounts->count > 0) {
        pthread_mutex_lock(&mounts->lock);
        struct skr_mount *mount = mounts->mounts[--mounts->count];
        pthread_mutex_unlock(&mounts->lock);
        skr_mount_close(mount);
    }
    for (size_t i = 0; i < SKR_MAX_LIST; i++)
        free(mounts->texts[i]);
}

void skr_mounts_free(struct skr_mounts *mounts)
{
    pthread_mutex_destroy(&mounts->lock);
}

void skr_mounts_visit(void *context, void (*visit)(void *context, const struct skr_mount *mount), void *visitor)
{
    struct skr_mounts *mounts = context;
    pthread_mutex_lock(&mounts->lock);
    for (size_t i = 0; i < mounts->count; i++)
        visit(visitor, mounts->mounts[i]);
    pthread_mutex_unlock(&mounts->lock);
}
