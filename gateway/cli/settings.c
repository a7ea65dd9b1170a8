/* The table, and values from text. */
#include "settings.h"

#include <stdlib.h>

#include "skerry/encoding.h"
#include "skerry/mount.h"

#define FIELD(name) offsetof(struct skr_settings, name)
#define MIB (UINT64_C(1) << 20)
#define NO_LIMIT UINT64_MAX

const struct skr_setting skr_setting_table[] = {
    {"config", SKR_SETTING_TEXT, FIELD(config), NULL, 0, 0, "FILE", "Settings file (YAML, one 'name: value' a line)", false},
    {"data", SKR_SETTING_TEXT, FIELD(data), "./skerry-data", 0, 0, "DIR", "Data folder; made when it is not there", false},
    {"blob", SKR_SETTING_TEXT, FIELD(blob), "127.0.0.1:10000", 0, 0, "ADDR:PORT",
     "Where Azure Blob is served; port 0 picks one", false},
    {"s3", SKR_SETTING_TEXT, FIELD(s3), "127.0.0.1:9000", 0, 0, "ADDR:PORT", "Where S3 is served", false},
    {"admin", SKR_SETTING_TEXT, FIELD(admin), "127.0.0.1:9001", 0, 0, "ADDR:PORT",
     "Health, metrics, console and administration", false},
    {"account", SKR_SETTING_LIST, FIELD(accounts), NULL, 0, 0, "NAME:KEY",
     "Storage account and its base64 key, or NAME:@FILE; may be repeated. Default: the well-known development account, on "
     "loopback only",
     true},
    {"s3-key", SKR_SETTING_LIST, FIELD(s3_keys), NULL, 0, 0, "ACCESS:SECRET[:ACCOUNT]",
     "S3 access key of an account (the first one), or ACCESS:@FILE[:ACCOUNT]; may be repeated. Default: each account's name, "
     "with its first "
     "base64 key as the secret",
     true},
    {"s3-read-only-key", SKR_SETTING_LIST, FIELD(s3_read_only_keys), NULL, 0, 0, "ACCESS:SECRET[:ACCOUNT]",
     "The same, for reading and listing only", true},
    {"s3-region", SKR_SETTING_TEXT, FIELD(s3_region), "us-east-1", 0, 0, "REGION",
     "Region that S3 requests are signed for; *: any", false},
    {"s3-domain", SKR_SETTING_LIST, FIELD(s3_domains), NULL, 0, 0, "DOMAIN",
     "Domain under which S3 buckets are hosts: BUCKET.DOMAIN; may be repeated", false},
    {"generate-account", SKR_SETTING_TEXT, FIELD(generate_account), NULL, 0, 0, "NAME",
     "Make an account with a random key at first start, kept in DIR/account-NAME.key", false},
    {"bind", SKR_SETTING_LIST, FIELD(binds), NULL, 0, 0, "NAME=URL;mode=MODE...",
     "Put container NAME (or ACCOUNT/NAME; *: all) in front of an Azure Blob container or S3 bucket. Further FIELD=VALUE with "
     "';' "
     "between them: key=@FILE, sas=@FILE, kind=s3, ttl=60s, as in the administration API; may be repeated. It stays until it "
     "is "
     "detached",
     true},
    {"mount", SKR_SETTING_LIST, FIELD(mounts), NULL, 0, 0, "DIR[,FIELD=VALUE]...",
     "Show the account's containers as folders of DIR, which is there. Fields: container=NAME[/PATH] (that one alone), "
     "account=NAME (default: the first), ro, uid=N, gid=N, umask=OCTAL, allow_other, passthrough=off; ';' will do for ','. May "
     "be "
     "repeated",
     false},
    {"mount-threads", SKR_SETTING_NUMBER, FIELD(mount_threads), "16", SKR_MOUNT_LEAST_THREADS, SKR_MOUNT_MOST_THREADS, "N",
     "Threads that serve a mount", false},
    {"passthrough-from", SKR_SETTING_SIZE, FIELD(passthrough_from), "1MiB", 1, NO_LIMIT, "SIZE",
     "Files of a mount from this size on are read by the kernel itself, where it can", false},
    {"tls-cert", SKR_SETTING_TEXT, FIELD(tls_cert), NULL, 0, 0, "FILE",
     "PEM certificate, then those that signed it: all addresses speak HTTPS. SIGHUP reads it again", false},
    {"tls-key", SKR_SETTING_TEXT, FIELD(tls_key), NULL, 0, 0, "FILE", "PEM key of the certificate, without a password", false},
    {"log-level", SKR_SETTING_TEXT, FIELD(log_level), "info", 0, 0, "LEVEL", "error, warning, info or debug", false},
    {"hints", SKR_SETTING_BOOL, FIELD(hints), "false", 0, 1, "BOOL",
     "Print lines to copy for azcopy, aws, rclone and SDKs when ready", false},
    {"reactors", SKR_SETTING_NUMBER, FIELD(reactors), "0", 0, 256, "N", "Threads that serve requests; 0: one a core", false},
    {"max-connections", SKR_SETTING_NUMBER, FIELD(max_connections), "20000", 1, 1000000, "N",
     "Above it new connections get 503", false},
    {"connection-memory", SKR_SETTING_SIZE, FIELD(connection_memory), "64KiB", 16384, 4 * MIB, "SIZE",
     "Buffer of a connection; bounds the headers of a request", false},
    {"header-timeout", SKR_SETTING_DURATION, FIELD(header_timeout_ms), "30s", 100, 3600000, "TIME",
     "From connecting to the end of the first headers", false},
    {"body-timeout", SKR_SETTING_DURATION, FIELD(body_timeout_ms), "60s", 100, 3600000, "TIME", "Without progress of a body",
     false},
    {"idle-timeout", SKR_SETTING_DURATION, FIELD(idle_timeout_ms), "120s", 100, 86400000, "TIME",
     "Keep-alive without a request", false},
    {"drain-timeout", SKR_SETTING_DURATION, FIELD(drain_timeout_ms), "30s", 0, 3600000, "TIME",
     "How long requests may take to end after SIGTERM", false},
    {"inline-limit", SKR_SETTING_SIZE, FIELD(inline_limit), "16KiB", 0, 65536, "SIZE",
     "Blobs up to this size are kept inside metadata", false},
    {"fetch-memory", SKR_SETTING_SIZE, FIELD(fetch_memory), "256MiB", 8 * MIB, NO_LIMIT, "SIZE",
     "Most memory for what is on its way from upstreams", false},
    {"upstream-connect-timeout", SKR_SETTING_DURATION, FIELD(upstream_connect_timeout_ms), "2s", 100, 600000, "TIME",
     "How long to wait for a connection to an upstream; then it is away, and nobody waits until it answers again", false},
    {"cache-capacity", SKR_SETTING_SIZE, FIELD(cache_capacity), "0", 0, NO_LIMIT, "SIZE",
     "Most of what is kept here of upstreams; 0: what the disk has above the reserve", false},
    {"cache-high-watermark", SKR_SETTING_NUMBER, FIELD(cache_high_watermark), "95", 1, 100, "PERCENT",
     "Of a capacity: from here eviction begins", false},
    {"cache-low-watermark", SKR_SETTING_NUMBER, FIELD(cache_low_watermark), "90", 1, 100, "PERCENT",
     "Of a capacity: to here eviction goes", false},
    {"reserve", SKR_SETTING_SIZE, FIELD(reserve), "64MiB", 0, NO_LIMIT, "SIZE", "Free space that writes leave alone", false},
    {"direct-io", SKR_SETTING_BOOL, FIELD(direct_io), "true", 0, 1, "BOOL",
     "Write with O_DIRECT where the file system allows it", false},
    {"meta-map-initial", SKR_SETTING_SIZE, FIELD(meta_map_initial), "256MiB", MIB, NO_LIMIT, "SIZE",
     "Metadata map at first; it grows by itself", false},
    {"meta-map-max", SKR_SETTING_SIZE, FIELD(meta_map_max), "0", 0, NO_LIMIT, "SIZE",
     "Limit of the metadata map; 0: the disk's", false},
    {"upload-lifetime", SKR_SETTING_DURATION, FIELD(upload_lifetime_ms), "7d", 1000, NO_LIMIT, "TIME",
     "Uncommitted blocks are removed after so long without a new one", false},
    {"clock-skew", SKR_SETTING_DURATION, FIELD(clock_skew_ms), "15m", 1000, 86400000, "TIME",
     "How far a signed date may be from now", false},
    {"upload-concurrency", SKR_SETTING_NUMBER, FIELD(upload_concurrency), "8", 1, 64, "N",
     "Objects on their way to what is behind bound containers at a time", false},
    {"dirty-limit", SKR_SETTING_SIZE, FIELD(dirty_limit), "0", 0, NO_LIMIT, "SIZE",
     "Bytes that may wait to be uploaded to what is behind write-back containers; above it writes there wait, then get 503. 0: "
     "a "
     "tenth of the disk",
     false},
    {"io-fault", SKR_SETTING_TEXT, FIELD(io_fault), NULL, 0, 0, "CALL:N:ERRNO",
     "For tests: fail the N-th call (N+: all from then on), as in write:3:ENOSPC", false},
};
const size_t skr_setting_count = sizeof skr_setting_table / sizeof *skr_setting_table;

const struct skr_setting *skr_setting_find(const char *name)
{
    for (size_t i = 0; i < skr_setting_count; i++)
        if (strcmp(skr_setting_table[i].name, name) == 0)
            return &skr_setting_table[i];
    return NULL;
}

/* How many letters to change, add or drop to get from one word to the other. */
static size_t skr_word_distance(const char *a, const char *b)
{
    size_t row[64], size = strlen(b);
    if (size >= 63)
        return SIZE_MAX;
    for (size_t j = 0; j <= size; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= size; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = change < best ? change : best;
        }
    }
    return row[size];
}

const char *skr_setting_suggest(const char *name)
{
    const char *best = NULL;
    size_t distance = 4;
    for (size_t i = 0; i < skr_setting_count; i++) {
        size_t this_one = skr_word_distance(name, skr_setting_table[i].name);
        if (this_one < distance) {
            distance = this_one;
            best = skr_setting_table[i].name;
        }
    }
    return best;
}

/* ---- values ---- */

struct skr_unit {
    const char *name;
    uint64_t factor;
};

static bool skr_parse_with_unit(const char *text, const struct skr_unit *units, uint64_t *value)
{
    size_t digits = strspn(text, "0123456789");
    if (!skr_parse_u64((struct skr_bytes){text, digits}, value))
        return false;
    for (; units->name != NULL; units++)
        if (strcmp(text + digits, units->name) == 0)
            return !__builtin_mul_overflow(*value, units->factor, value);
    return false;
}

bool skr_value_parse(enum skr_setting_type type, const char *text, uint64_t *value)
{
    static const struct skr_unit none[] = {{"", 1}, {NULL, 0}};
    static const struct skr_unit sizes[] = {
        {"", 1}, {"KiB", 1024}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", UINT64_C(1) << 40}, {NULL, 0}};
    static const struct skr_unit times[] = {{"ms", 1},      {"s", 1000},     {"", 1000}, {"m", 60000},
                                            {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
    if (type == SKR_SETTING_BOOL) {
        *value = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "1") == 0;
        return *value == 1 || strcmp(text, "false") == 0 || strcmp(text, "no") == 0 || strcmp(text, "0") == 0;
    }
    return skr_parse_with_unit(text, type == SKR_SETTING_SIZE ? sizes : type == SKR_SETTING_DURATION ? times : none, value);
}

static const char *skr_value_form(enum skr_setting_type type)
{
    return type == SKR_SETTING_SIZE       ? "a size such as 64MiB"
           : type == SKR_SETTING_DURATION ? "a time such as 30s"
           : type == SKR_SETTING_BOOL     ? "true or false"
                                          : "a whole number";
}

static enum skr_status skr_set_text(struct skr_settings *settings, const struct skr_setting *setting, const char *value,
                                    struct skr_error *err)
{
    char *copy = strdup(value);
    if (copy == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for settings");
    if (setting->type == SKR_SETTING_LIST) {
        struct skr_text_list *list = (struct skr_text_list *)((char *)settings + setting->offset);
        if (list->count == SKR_MAX_LIST) {
            free(copy);
            return skr_fail(err, SKR_INVALID_ARGUMENT, "more than %d values for '%s'", SKR_MAX_LIST, setting->name);
        }
        list->items[list->count++] = copy;
        return SKR_OK;
    }
    char **field = (char **)((char *)settings + setting->offset);
    free(*field);
    *field = copy;
    return SKR_OK;
}

enum skr_status skr_setting_set(struct skr_settings *settings, const struct skr_setting *setting, const char *value,
                                const char *origin, struct skr_error *err)
{
    uint64_t number;
    if (setting->type == SKR_SETTING_TEXT || setting->type == SKR_SETTING_LIST)
        return skr_set_text(settings, setting, value, err);
    if (!skr_value_parse(setting->type, value, &number))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "%s: '%s' is not %s", origin, value, skr_value_form(setting->type));
    if (number < setting->least || number > setting->most)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "%s: '%s' is outside of what it may be", origin, value);
    if (setting->type == SKR_SETTING_BOOL)
        *(bool *)((char *)settings + setting->offset) = number != 0;
    else
        *(uint64_t *)((char *)settings + setting->offset) = number;
    return SKR_OK;
}

enum skr_status skr_settings_defaults(struct skr_settings *settings, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    *settings = (struct skr_settings){.config = NULL};
    for (size_t i = 0; i < skr_setting_count && status == SKR_OK; i++)
        if (skr_setting_table[i].value != NULL)
            status = skr_setting_set(settings, &skr_setting_table[i], skr_setting_table[i].value, "default", err);
    return status;
}

void skr_settings_free(struct skr_settings *settings)
{
    for (size_t i = 0; i < skr_setting_count; i++) {
        char *field = (char *)settings + skr_setting_table[i].offset;
        if (skr_setting_table[i].type == SKR_SETTING_TEXT)
            free(*(char **)field);
        if (skr_setting_table[i].type != SKR_SETTING_LIST)
            continue;
        struct skr_text_list *list = (struct skr_text_list *)field;
        for (size_t item = 0; item < list->count; item++) {
            explicit_bzero(list->items[item], strlen(list->items[item]));
            free(list->items[item]);
        }
    }
    *settings = (struct skr_settings){.config = NULL};
}
