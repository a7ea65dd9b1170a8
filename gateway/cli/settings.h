/* One table of settings. Flags, the settings file, the environment, --help, the man page and the reference derive from it. */
#ifndef SKERRY_CLI_SETTINGS_H
#define SKERRY_CLI_SETTINGS_H

#include "skerry/bytes.h"
#include "skerry/status.h"

enum skr_setting_type {
    SKR_SETTING_TEXT,
    SKR_SETTING_NUMBER,
    SKR_SETTING_SIZE,
    SKR_SETTING_DURATION,
    SKR_SETTING_BOOL,
    SKR_SETTING_LIST
};

#define SKR_MAX_LIST 64

struct skr_text_list {
    char *items[SKR_MAX_LIST]; /* malloc'd; they may be secrets and are wiped */
    size_t count;
};

struct skr_settings {
    char *config, *data, *blob, *s3, *admin, *log_level, *io_fault, *generate_account, *s3_region, *tls_cert, *tls_key;
    struct skr_text_list accounts, s3_keys, s3_read_only_keys, s3_domains, binds, mounts;
    uint64_t reactors, max_connections, connection_memory, inline_limit, reserve, fetch_memory, upload_concurrency, dirty_limit,
        meta_map_initial, meta_map_max;
    uint64_t mount_threads, passthrough_from;
    uint64_t cache_capacity, cache_high_watermark, cache_low_watermark;
    uint64_t header_timeout_ms, body_timeout_ms, idle_timeout_ms, drain_timeout_ms, upload_lifetime_ms,
        upstream_connect_timeout_ms, clock_skew_ms;
    bool direct_io, hints;
};

struct skr_setting {
    const char *name; /* "max-connections": --max-connections, SKERRY_MAX_CONNECTIONS, max-connections: in the file */
    enum skr_setting_type type;
    size_t offset;     /* in struct skr_settings */
    const char *value; /* default, as one would write it; NULL: none */
    uint64_t least, most;
    const char *argument; /* how help names the value */
    const char *text;
    bool secret;
};

extern const struct skr_setting skr_setting_table[];
extern const size_t skr_setting_count;

const struct skr_setting *skr_setting_find(const char *name);
/* The closest known name, or NULL when none is near. */
const char *skr_setting_suggest(const char *name);
/* "--data", "SKERRY_DATA" and so on, as it goes into errors. */
enum skr_status skr_setting_set(struct skr_settings *settings, const struct skr_setting *setting, const char *value,
                                const char *origin, struct skr_error *err);
/* Sizes in bytes, durations in milliseconds, booleans as 0 and 1, from text as it is written in settings. */
bool skr_value_parse(enum skr_setting_type type, const char *text, uint64_t *value);
enum skr_status skr_settings_defaults(struct skr_settings *settings, struct skr_error *err);
void skr_settings_free(struct skr_settings *settings); /* wipes secrets */

/* Flags over environment over file over defaults (settings_sources.c). argv is wiped. */
enum skr_status skr_settings_load(struct skr_settings *settings, int argc, char **argv, struct skr_error *err);
enum skr_status skr_settings_read_file(struct skr_settings *settings, const char *path, struct skr_error *err);

/* help.c */
void skr_help_serve(void);
void skr_help_general(void);
void skr_help_markdown(void);
void skr_help_man(void);

#endif
