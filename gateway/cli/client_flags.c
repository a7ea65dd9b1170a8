/* The table, and reading arguments by it. */
#include "client_flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTACH SKR_FOR_ATTACH

const struct skr_flag_row skr_flag_table[SKR_FLAG_COUNT] = {
    [SKR_FLAG_UPSTREAM] = {"upstream", "URL", "The Azure Blob container or S3 bucket, perhaps with a folder", ATTACH,
                           "upstream"},
    [SKR_FLAG_KIND] = {"kind", "azure|s3", "What is there; azure unless said", ATTACH, "kind"},
    [SKR_FLAG_MODE] = {"mode", "MODE",
                       "read-only, write-through (acknowledged when both have it) or write-back (uploaded later)", ATTACH,
                       "mode"},
    [SKR_FLAG_LISTING] = {"listing", "WHICH", "upstream: list what is there; mirror: what is known here", ATTACH, "listing"},
    [SKR_FLAG_TTL] = {"ttl", "TIME", "How long what upstream said is believed; 60s unless said", ATTACH, "ttl_s"},
    [SKR_FLAG_CAPACITY] = {"capacity", "SIZE", "Bytes of it to keep here; without it there is no limit of its own", ATTACH,
                           "capacity_bytes"},
    [SKR_FLAG_KEY_FILE] = {"key-file", "FILE", "Account key; else SKERRY_UPSTREAM_KEY", ATTACH, NULL},
    [SKR_FLAG_SAS_FILE] = {"sas-file", "FILE", "Shared access signature; else SKERRY_UPSTREAM_SAS", ATTACH, NULL},
    [SKR_FLAG_S3_KEY_FILE] = {"s3-key-file", "FILE",
                              "ACCESS:SECRET[:TOKEN]; else SKERRY_UPSTREAM_ACCESS_KEY, _SECRET_KEY and _SESSION_TOKEN", ATTACH,
                              NULL},
    [SKR_FLAG_REGION] = {"region", "REGION", "That S3 requests are signed for", ATTACH, "region"},
    [SKR_FLAG_MANAGED_IDENTITY] = {"managed-identity", NULL, "Be this machine's identity in Azure; --client-id picks one",
                                   ATTACH, NULL},
    [SKR_FLAG_WORKLOAD_IDENTITY] = {"workload-identity", NULL,
                                    "Be a workload of Kubernetes, with --tenant, --client-id and --token-file", ATTACH, NULL},
    [SKR_FLAG_CLIENT_SECRET_FILE] = {"client-secret-file", "FILE",
                                     "Be an application, with --tenant and --client-id; else SKERRY_UPSTREAM_CLIENT_SECRET",
                                     ATTACH, NULL},
    [SKR_FLAG_TENANT] = {"tenant", "ID", "Of the workload or application", ATTACH, NULL},
    [SKR_FLAG_CLIENT_ID] = {"client-id", "ID", "Of the identity, workload or application", ATTACH, NULL},
    [SKR_FLAG_TOKEN_FILE] = {"token-file", "FILE", "Of the workload, read by the server", ATTACH, NULL},
    [SKR_FLAG_AUTHORITY] = {"authority", "URL",
                            "Who gives tokens, where it is not the public cloud or the machine's usual address", ATTACH, NULL},
    [SKR_FLAG_UPSTREAM_ACCOUNT] = {"upstream-account", "NAME", "Of the account key, where the URL does not tell", ATTACH,
                                   "upstream_account"},
    [SKR_FLAG_CA_FILE] = {"ca-file", "FILE", "Authorities of the upstream's certificate, read by the server", ATTACH, NULL},
    [SKR_FLAG_PROXY] = {"proxy", "URL", "On the way to the upstream; http://HOST:PORT", ATTACH, "proxy"},
    [SKR_FLAG_PROXY_FILE] = {"proxy-file", "FILE", "The same, for a URL with a password", ATTACH, NULL},
    [SKR_FLAG_ALLOW_HTTP] = {"allow-http", NULL, "Take an upstream without TLS, though the network then sees the data", ATTACH,
                             NULL},
    [SKR_FLAG_PREFIX] = {"prefix", "PREFIX", "Only objects whose names begin so",
                         SKR_FOR_JOURNAL | SKR_FOR_FLUSH | SKR_FOR_RESOLVE | SKR_FOR_PIN | SKR_FOR_UNPIN | SKR_FOR_EVICT |
                             SKR_FOR_RESIDENCY | SKR_FOR_PREFETCH,
                         NULL},
    [SKR_FLAG_STATE] = {"state", "pending|failed|conflict",
                        "Only objects that wait, that upstream refuses, or that were changed on both sides",
                        SKR_FOR_JOURNAL | SKR_FOR_RESOLVE, NULL},
    [SKR_FLAG_DEPTH] = {"depth", "N", "A line for each folder up to so many below; 1 unless said, 0: only the sum",
                        SKR_FOR_RESIDENCY, NULL},
    [SKR_FLAG_MANIFEST] = {"manifest", "FILE", "The objects that are named there, a line each; - for standard input",
                           SKR_FOR_PREFETCH, NULL},
    [SKR_FLAG_RATE] = {"rate", "SIZE", "No more than so much a second, such as 100MiB", SKR_FOR_PREFETCH, NULL},
    [SKR_FLAG_CONCURRENCY] = {"concurrency", "N", "Objects at a time; 8 unless said", SKR_FOR_PREFETCH, NULL},
    [SKR_FLAG_WAIT] = {"wait", NULL, "Wait until it is done; an interrupt ends the waiting only", SKR_FOR_PREFETCH, NULL},
    [SKR_FLAG_CANCEL] = {"cancel", "ID", "End a job; one that has ended is forgotten", SKR_FOR_JOBS, NULL},
    [SKR_FLAG_TIMEOUT] = {"timeout", "TIME", "Wait no longer than so: 60 or 60s, 5m, 1h. Without it, as long as it takes",
                          SKR_FOR_FLUSH, NULL},
    [SKR_FLAG_RETRY] = {"retry", NULL, "Try to upload it again, at once", SKR_FOR_RESOLVE, NULL},
    [SKR_FLAG_KEEP_LOCAL] = {"keep-local", NULL, "What is here replaces whatever upstream has", SKR_FOR_RESOLVE, NULL},
    [SKR_FLAG_KEEP_REMOTE] = {"keep-remote", NULL, "What is here is dropped for what upstream has", SKR_FOR_RESOLVE, NULL},
    [SKR_FLAG_ACCOUNT] = {"account", "NAME", "Account of the container; the server's first unless said",
                          SKR_FOR_ALL & ~(unsigned)(SKR_FOR_BINDINGS | SKR_FOR_STATUS | SKR_FOR_PINS | SKR_FOR_JOBS), NULL},
    [SKR_FLAG_DATA] = {"data", "DIR", "Data folder of the running server; else SKERRY_DATA, else ./skerry-data", SKR_FOR_ALL,
                       NULL},
    [SKR_FLAG_ADMIN] = {"admin", "ADDR:PORT",
                        "The server, instead of --data; or https://HOST:PORT. Its token is SKERRY_ADMIN_TOKEN", SKR_FOR_ALL,
                        NULL},
    [SKR_FLAG_ADMIN_CA] = {"admin-ca", "FILE", "With --admin https://: who signed the server's certificate", SKR_FOR_ALL, NULL},
    [SKR_FLAG_JSON] = {"json", NULL, "Print what the server says, as JSON", SKR_FOR_ALL, NULL},
};

static const char *const skr_command_names[] = {"attach", "detach", "bindings", "status", "journal",   "flush",    "resolve",
                                                "pins",   "pin",    "unpin",    "evict",  "residency", "prefetch", "jobs"};

void skr_flag_commands(const struct skr_flag_row *row, char out[128])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof skr_command_names / sizeof *skr_command_names && row->commands != SKR_FOR_ALL; i++)
        if ((row->commands & 1U << i) != 0)
            used += (size_t)snprintf(out + used, 128 - used, "%s%s", used > 0 ? ", " : "", skr_command_names[i]);
}

static const struct {
    const char *usage, *text;
} skr_positional_help[] = {
    [SKR_TAKES_NOTHING] = {"", ""},
    [SKR_TAKES_BINDING] = {" NAME", "NAME is a container, or * for each of the account that has no binding of its own, "
                                    "which are listed, made and deleted as upstream has them. Secrets "
                                    "come from files or the environment.\n\n"},
    [SKR_MAY_TAKE_CONTAINER] = {" [NAME]", "NAME is a container; without it, all that the server has.\n\n"},
    [SKR_TAKES_CONTAINER] = {" NAME", "NAME is a container.\n\n"},
    [SKR_MAY_TAKE_KEY] = {" NAME [KEY]", "NAME is a container, KEY an object; or --prefix and --state say which ones.\n\n"},
};

static void skr_arguments_help(const char *command, unsigned bit, enum skr_positionals positionals, FILE *out)
{
    fprintf(out, "Usage: skerry %s%s [FLAGS]\n\n%s", command, skr_positional_help[positionals].usage,
            skr_positional_help[positionals].text);
    for (size_t i = 0; i < SKR_FLAG_COUNT; i++) {
        const struct skr_flag_row *row = &skr_flag_table[i];
        char left[64];
        if ((row->commands & bit) == 0)
            continue;
        snprintf(left, sizeof left, "--%s %s", row->name, row->argument == NULL ? "" : row->argument);
        fprintf(out, "  %-28s %s\n", left, row->text);
    }
}

/* SKR_FLAG_COUNT: none. */
static size_t skr_flag_find(const char *text, size_t size, unsigned bit)
{
    size_t i = 0;
    while (i < SKR_FLAG_COUNT && ((skr_flag_table[i].commands & bit) == 0 || strlen(skr_flag_table[i].name) != size ||
                                  memcmp(skr_flag_table[i].name, text, size) != 0))
        i++;
    return i;
}

/* One argument, or two. NULL, or what is wrong with it. */
static const char *skr_argument_read(struct skr_arguments *out, unsigned bit, enum skr_positionals positionals, int argc,
                                     char **argv, int *used)
{
    const char *text = argv[0], *equals = strchr(text, '=');
    *used = 1;
    if (strncmp(text, "--", 2) != 0) {
        const char **place = out->name == NULL ? &out->name : &out->key;
        if (*place != NULL || positionals == SKR_TAKES_NOTHING || (place == &out->key && positionals != SKR_MAY_TAKE_KEY))
            return "is too much";
        *place = text;
        return NULL;
    }
    size_t found = skr_flag_find(text + 2, equals == NULL ? strlen(text + 2) : (size_t)(equals - text) - 2, bit);
    if (found == SKR_FLAG_COUNT)
        return "is not known";
    if (out->values[found] != NULL)
        return "is there twice";
    bool is_switch = skr_flag_table[found].argument == NULL;
    if (is_switch && equals != NULL)
        return "takes no value";
    if (!is_switch && equals == NULL && argc < 2)
        return "needs a value";
    *used = 1 + (!is_switch && equals == NULL);
    out->values[found] = is_switch ? "" : equals != NULL ? equals + 1 : argv[1];
    return NULL;
}

bool skr_arguments_read(struct skr_arguments *out, const char *command, unsigned bit, enum skr_positionals positionals,
                        int argc, char **argv, int *code)
{
    const char *wrong = NULL;
    *out = (struct skr_arguments){.command = command};
    *code = 1;
    if (argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)) {
        skr_arguments_help(command, bit, positionals, stdout);
        *code = 0;
        return false;
    }
    for (int i = 0, used = 1; i < argc; i += used)
        if ((wrong = skr_argument_read(out, bit, positionals, argc - i, argv + i, &used)) != NULL) {
            int shown = (int)strcspn(argv[i], "=");
            fprintf(stderr, "skerry %s: '%.*s' %s. See skerry %s --help\n", command, shown < 60 ? shown : 60, argv[i], wrong,
                    command);
            return false;
        }
    if (positionals == SKR_TAKES_BINDING && out->name == NULL)
        wrong = "name a container, or '*' for all of the account";
    else if ((positionals == SKR_TAKES_CONTAINER || positionals == SKR_MAY_TAKE_KEY) && out->name == NULL)
        wrong = "name a container";
    else if (out->values[SKR_FLAG_DATA] != NULL && out->values[SKR_FLAG_ADMIN] != NULL)
        wrong = "give --data or --admin, not both";
    else if (out->values[SKR_FLAG_ADMIN_CA] != NULL && out->values[SKR_FLAG_ADMIN] == NULL)
        wrong = "--admin-ca goes with --admin https://HOST:PORT";
    if (wrong != NULL)
        fprintf(stderr, "skerry %s: %s. See skerry %s --help\n", command, wrong, command);
    return wrong == NULL;
}

struct skr_admin_place skr_arguments_place(const struct skr_arguments *arguments)
{
    const char *data = arguments->values[SKR_FLAG_DATA], *known = getenv("SKERRY_DATA");
    return (struct skr_admin_place){
        .data = data != NULL    ? data
                : known != NULL ? known
                                : "./skerry-data",
        .admin = arguments->values[SKR_FLAG_ADMIN],
        .ca_file = arguments->values[SKR_FLAG_ADMIN_CA],
    };
}

json_t *skr_ask(const struct skr_arguments *arguments, const char *path, unsigned patience_s)
{
    struct skr_admin_place place = skr_arguments_place(arguments);
    struct skr_admin_client *client = NULL;
    struct skr_error error = {.message = ""};
    json_t *answer = NULL;
    enum skr_status status = skr_admin_client_open(&client, &place, &error);
    if (status == SKR_OK && patience_s > 0)
        skr_admin_client_set_patience(client, patience_s);
    if (status == SKR_OK)
        status = skr_admin_client_call(client, "GET", path, NULL, &answer, &error);
    skr_admin_client_close(client);
    if (status != SKR_OK)
        fprintf(stderr, "skerry %s: %s\n", arguments->command, error.message);
    return status == SKR_OK ? answer : NULL;
}
