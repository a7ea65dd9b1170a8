/* Accounts and S3 access keys from settings. Secrets are wiped where they were copied; the settings wipe their own.
 *
 * What is there when it is not given: no account: the development account. No S3 key: each account's name is one, with its
 * first key's base64 text as the secret, so that one pair serves both protocols. An S3 key without an account belongs to the
 * first account.
 */
#include "accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secret.h"
#include "skerry/encoding.h"
#include "skerry/log.h"

#define SKR_SECRET_CAPACITY 600

/* What stands between colons: the secret itself, or @FILE. Copied to `out`, to be wiped. */
static enum skr_status skr_take_secret(struct skr_bytes text, char out[SKR_SECRET_CAPACITY], struct skr_error *err)
{
    char path[4096];
    out[0] = '\0';
    if (text.size > 0 && text.data[0] == '@') {
        if (text.size > sizeof path)
            return skr_fail(err, SKR_INVALID_ARGUMENT, "the name of a file with a key is too long");
        snprintf(path, sizeof path, "%.*s", (int)text.size - 1, text.data + 1);
        return skr_secret_read(path, out, SKR_SECRET_CAPACITY, err);
    }
    if (text.size >= SKR_SECRET_CAPACITY)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "a key is longer than %d bytes", SKR_SECRET_CAPACITY - 1);
    snprintf(out, SKR_SECRET_CAPACITY, "%.*s", SKR_PRINT(text));
    return SKR_OK;
}

/* ---- accounts ---- */

/* The account's S3 pair. Of several keys the first one counts. A key may be longer than S3's secrets are: then the account has
 * no pair. */
static enum skr_status skr_pair_account(struct skr_accounts *accounts, struct skr_bytes name, struct skr_bytes key,
                                        struct skr_error *err)
{
    if (key.size <= 256)
        return skr_accounts_add_s3_key(accounts, name, key, name, false, err);
    skr_log(SKR_LOG_WARNING, "serve",
            "the key of account '%.*s' is too long to be an S3 secret: give it an S3 key with --s3-key", SKR_PRINT(name));
    return SKR_OK;
}

/* NAME:KEY or NAME:@FILE */
static enum skr_status skr_add_account(struct skr_accounts *accounts, const char *text, bool paired, struct skr_error *err)
{
    char secret[SKR_SECRET_CAPACITY] = "";
    const char *colon = strchr(text, ':');
    if (colon == NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "an account is given as NAME:BASE64KEY or NAME:@FILE");
    struct skr_bytes name = {text, (size_t)(colon - text)};
    bool first = !skr_accounts_known(accounts, name);
    enum skr_status status = skr_take_secret(skr_text(colon + 1), secret, err);
    if (status == SKR_OK)
        status = skr_accounts_add(accounts, name, skr_text(secret), err);
    if (status == SKR_OK && paired && first)
        status = skr_pair_account(accounts, name, skr_text(secret), err);
    explicit_bzero(secret, sizeof secret);
    return status;
}

/* DIR/account-NAME.key, made with a random key when it is not there. */
static enum skr_status skr_generate_account(struct skr_accounts *accounts, const struct skr_settings *settings, bool paired,
                                            struct skr_error *err)
{
    const char *name = settings->generate_account;
    char path[4096], text[SKR_BASE64_SIZE(64) + 2], pair[4200];
    uint8_t key[64];
    mkdir(settings->data, 0700);
    snprintf(path, sizeof path, "%.3900s/account-%.30s.key", settings->data, name);
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
    return skr_add_account(accounts, pair, paired, err);
}

/* ---- S3 keys ---- */

/* ACCESS:SECRET[:ACCOUNT] or ACCESS:@FILE[:ACCOUNT]. A secret, or a file's name, with a colon in it needs the account after it.
 */
static enum skr_status skr_add_s3_key(struct skr_accounts *accounts, const char *text, bool read_only, struct skr_error *err)
{
    char secret[SKR_SECRET_CAPACITY] = "";
    const char *first = strchr(text, ':'), *last = strrchr(text, ':');
    struct skr_bytes account;
    if (first == NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "an S3 key is given as ACCESS:SECRET[:ACCOUNT] or ACCESS:@FILE[:ACCOUNT]");
    if (last != first)
        account = skr_text(last + 1);
    else if (!skr_accounts_name(accounts, 0, &account))
        return skr_fail(err, SKR_ACCOUNT_NOT_FOUND, "an S3 key needs an account");
    const char *end = last != first ? last : text + strlen(text);
    enum skr_status status = skr_take_secret((struct skr_bytes){first + 1, (size_t)(end - first - 1)}, secret, err);
    if (status == SKR_OK)
        status = skr_accounts_add_s3_key(accounts, (struct skr_bytes){text, (size_t)(first - text)}, skr_text(secret), account,
                                         read_only, err);
    explicit_bzero(secret, sizeof secret);
    return status;
}

enum skr_status skr_open_accounts(const struct skr_settings *settings, struct skr_accounts **accounts, struct skr_error *err)
{
    const struct skr_text_list *list = &settings->accounts, *keys = &settings->s3_keys, *readers = &settings->s3_read_only_keys;
    bool paired = keys->count == 0 && readers->count == 0;
    enum skr_status status = skr_accounts_open(accounts, err);
    for (size_t i = 0; i < list->count && status == SKR_OK; i++)
        status = skr_add_account(*accounts, list->items[i], paired, err);
    if (status == SKR_OK && settings->generate_account != NULL)
        status = skr_generate_account(*accounts, settings, paired, err);
    else if (status == SKR_OK && list->count == 0)
        status = skr_add_account(*accounts, SKR_WELL_KNOWN_ACCOUNT ":" SKR_WELL_KNOWN_KEY, paired, err);
    for (size_t i = 0; i < keys->count && status == SKR_OK; i++)
        status = skr_add_s3_key(*accounts, keys->items[i], false, err);
    for (size_t i = 0; i < readers->count && status == SKR_OK; i++)
        status = skr_add_s3_key(*accounts, readers->items[i], true, err);
    return status;
}

/* ---- names ---- */

static bool skr_holds_only(const char *text, const char *known)
{
    return text[0] != '\0' && text[strspn(text, known)] == '\0';
}

enum skr_status skr_check_s3_names(const struct skr_settings *settings, struct skr_error *err)
{
    const char *region = settings->s3_region;
    if (strcmp(region, "*") != 0 && (strlen(region) > 64 || !skr_holds_only(region, "abcdefghijklmnopqrstuvwxyz0123456789-")))
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "--s3-region: '%.80s' is not a region: up to 64 lower-case letters, digits and dashes, or *", region);
    for (size_t i = 0; i < settings->s3_domains.count; i++) {
        const char *domain = settings->s3_domains.items[i];
        bool good = strlen(domain) <= 253 && skr_holds_only(domain, "abcdefghijklmnopqrstuvwxyz0123456789-.") &&
                    domain[0] != '.' && domain[strlen(domain) - 1] != '.' && strstr(domain, "..") == NULL;
        if (!good)
            return skr_fail(err, SKR_INVALID_ARGUMENT,
                            "--s3-domain: '%.80s' is not a domain: lower-case letters, digits, dashes and dots, without a port",
                            domain);
    }
    return SKR_OK;
}
