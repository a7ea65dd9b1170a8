/* A core by itself, as an operator would have it: reads a command a line from the standard input and answers in lines, the last
 * of which is "end STATUS". Words are separated by blanks; "-" is an empty one.
 *
 *   space_probe FOLDER CACHE_CAPACITY HIGH LOW RESERVE
 */
#include <openssl/evp.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "skerry/core.h"
#include "skerry/inbox.h"

#define ACCOUNT SKR_BYTES("devstoreaccount1")
#define MOST_WORDS 10

struct probe {
    struct skr_inbox inbox;
    struct skr_core *core;
    struct skr_worker *worker;
    bool called;
    enum skr_status status;
    char message[256];
};

static struct probe probe;

static enum skr_status probe_wait(bool begun)
{
    if (!begun)
        return SKR_NO_MEMORY;
    while (!probe.called)
        skr_inbox_turn(&probe.inbox, 2);
    return probe.status;
}

static void probe_note(enum skr_status status, const struct skr_error *error)
{
    probe.called = true;
    probe.status = status;
    snprintf(probe.message, sizeof probe.message, "%s", status == SKR_OK || error == NULL ? "" : error->message);
}

static void probe_done(void *context, const struct skr_result *result)
{
    (void)context;
    probe_note(result->status, result->error);
}

static struct skr_bytes word(const char *text)
{
    return strcmp(text, "-") == 0 ? SKR_BYTES("") : skr_text(text);
}

/* ---- attaching and reading ---- */

/* attach CONTAINER URL KEY CAPACITY */
static enum skr_status probe_attach(char **words)
{
    struct skr_binding binding = {
        .mode = SKR_BINDING_WRITE_BACK,
        .listing = SKR_LISTING_UPSTREAM,
        .credential = SKR_BINDING_BY_ACCOUNT_KEY,
        .allow_http = true,
        .ttl_ms = 60000,
        .capacity_bytes = strtoull(words[4], NULL, 10),
    };
    binding.texts[SKR_BINDING_URL] = skr_text(words[2]);
    binding.texts[SKR_BINDING_ACCOUNT_KEY] = skr_text(words[3]);
    return probe_wait(skr_attach(probe.worker, ACCOUNT, word(words[1]), &binding, probe_done, NULL) != NULL);
}

static enum skr_status probe_detach(char **words)
{
    return probe_wait(skr_detach(probe.worker, ACCOUNT, word(words[1]), probe_done, NULL) != NULL);
}

static void probe_prepared(void *context, enum skr_status status)
{
    (void)context;
    probe_note(status, NULL);
}

static void probe_ready(void *context)
{
    *(bool *)context = true;
}

static enum skr_status probe_read_bytes(struct skr_reader *reader, uint64_t offset, uint64_t end, uint64_t step,
                                        EVP_MD_CTX *md5)
{
    static char buffer[1 << 20];
    while (offset < end) {
        bool ready = false;
        uint64_t left = end - offset, wanted = left < step ? left : step;
        ssize_t taken =
            skr_reader_read(reader, offset, buffer, wanted < sizeof buffer ? wanted : sizeof buffer, probe_ready, &ready);
        while (taken == 0 && !ready)
            skr_inbox_turn(&probe.inbox, 2);
        if (taken < 0)
            return SKR_UPSTREAM_FAILED;
        EVP_DigestUpdate(md5, buffer, (size_t)taken);
        offset += (uint64_t)taken;
    }
    return SKR_OK;
}

/* read CONTAINER KEY OFFSET LENGTH: "read SIZE MD5"; a length of 0 is to the end */
static enum skr_status probe_read(char **words)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_error error = {.message = ""};
    struct skr_object_name name = {.account = ACCOUNT, .container = word(words[1]), .key = word(words[2])};
    struct skr_object object;
    struct skr_reader *reader;
    struct skr_preparation *preparation;
    uint64_t offset = strtoull(words[3], NULL, 10), length = strtoull(words[4], NULL, 10);
    enum skr_status status =
        skr_prepare_object(probe.worker, &name, SKR_INTENT_READ, offset, probe_prepared, NULL, &preparation, &error);
    if (status == SKR_PENDING)
        status = probe_wait(true);
    if (status == SKR_OK)
        status = skr_open_object(probe.worker, &arena, &name, NULL, &object, &reader, &error);
    if (status == SKR_OK) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned digest_size;
        EVP_MD_CTX *md5 = EVP_MD_CTX_new();
        EVP_DigestInit_ex(md5, EVP_md5(), NULL);
        uint64_t end = length == 0 ? object.content.size_bytes : offset + length;
        skr_reader_expect(reader, offset, end - offset);
        status = probe_read_bytes(reader, offset, end, 1 << 20, md5);
        EVP_DigestFinal_ex(md5, digest, &digest_size);
        EVP_MD_CTX_free(md5);
        printf("read %llu ", (unsigned long long)(end - offset));
        for (unsigned i = 0; i < digest_size; i++)
            printf("%02x", digest[i]);
        printf("\n");
        skr_reader_close(reader);
    }
    snprintf(probe.message, sizeof probe.message, "%s", error.message);
    skr_arena_release(&arena);
    return status;
}

/* ---- what an operator does ---- */

static enum skr_status probe_pin(char **words)
{
    return probe_wait(skr_pin_prefix(probe.worker, ACCOUNT, word(words[1]), word(words[2]), probe_done, NULL) != NULL);
}

static enum skr_status probe_unpin(char **words)
{
    return probe_wait(skr_unpin_prefix(probe.worker, ACCOUNT, word(words[1]), word(words[2]), probe_done, NULL) != NULL);
}

static bool probe_print_pin(void *context, struct skr_bytes account, struct skr_bytes container, struct skr_bytes prefix)
{
    (void)context, (void)account;
    printf("pin %.*s %.*s\n", SKR_PRINT(container), SKR_PRINT(prefix));
    return true;
}

static enum skr_status probe_pins(char **words)
{
    (void)words;
    skr_visit_pins(probe.core, probe_print_pin, NULL);
    return SKR_OK;
}

static void probe_surveyed(void *context, const struct skr_survey_result *result)
{
    (void)context;
    if (result->status == SKR_OK)
        for (size_t i = 0; i < result->count; i++) {
            const struct skr_residency *row = &result->rows[i];
            printf("row %.*s| %llu %llu %llu %llu %llu %llu\n", SKR_PRINT(row->prefix), (unsigned long long)row->objects,
                   (unsigned long long)row->bytes, (unsigned long long)row->local_objects, (unsigned long long)row->local_bytes,
                   (unsigned long long)row->pinned_bytes, (unsigned long long)row->own_bytes);
        }
    printf("evicted %llu %llu %llu\n", (unsigned long long)result->evicted_bytes, (unsigned long long)result->evicted_items,
           (unsigned long long)result->spared_bytes);
    probe_note(result->status, result->error);
}

/* residency CONTAINER PREFIX DEPTH */
static enum skr_status probe_residency(char **words)
{
    struct skr_survey_options options = {.account = ACCOUNT,
                                         .container = word(words[1]),
                                         .prefix = word(words[2]),
                                         .delimiter = SKR_BYTES("/"),
                                         .depth = (unsigned)strtoul(words[3], NULL, 10)};
    return probe_wait(skr_survey_residency(probe.worker, &options, probe_surveyed, NULL) != NULL);
}

static enum skr_status probe_evict(char **words)
{
    struct skr_survey_options options = {.account = ACCOUNT, .container = word(words[1]), .prefix = word(words[2])};
    return probe_wait(skr_evict_prefix(probe.worker, &options, probe_surveyed, NULL) != NULL);
}

static bool probe_print_space(void *context, const struct skr_container_space *space)
{
    (void)context;
    printf("container %.*s %llu %llu %llu %llu\n", SKR_PRINT(space->container), (unsigned long long)space->cached_bytes,
           (unsigned long long)space->cached_items, (unsigned long long)space->capacity_bytes,
           (unsigned long long)space->evicted_bytes);
    return true;
}

static enum skr_status probe_numbers(char **words)
{
    struct skr_space_numbers numbers;
    (void)words;
    skr_space_read_numbers(probe.core, &numbers);
    printf("numbers %llu %llu %llu %llu %llu %llu %llu %llu %d\n", (unsigned long long)numbers.cached_bytes,
           (unsigned long long)numbers.cached_items, (unsigned long long)numbers.held_bytes,
           (unsigned long long)numbers.capacity_bytes, (unsigned long long)numbers.evicted_bytes,
           (unsigned long long)numbers.evicted_items, (unsigned long long)numbers.hit_bytes,
           (unsigned long long)numbers.miss_bytes, numbers.is_counted);
    skr_visit_container_space(probe.core, probe_print_space, NULL);
    return SKR_OK;
}

/* ---- fetching ahead ---- */

static void probe_begun(void *context, const struct skr_result *result)
{
    (void)context;
    printf("job %llu\n", (unsigned long long)result->job_id);
    probe_note(result->status, result->error);
}

/* prefetch CONTAINER PREFIX BYTES_A_SECOND CONCURRENCY */
static enum skr_status probe_prefetch(char **words)
{
    struct skr_prefetch_options options = {.account = ACCOUNT,
                                           .container = word(words[1]),
                                           .prefix = word(words[2]),
                                           .bytes_per_s = strtoull(words[3], NULL, 10),
                                           .concurrency = (unsigned)strtoul(words[4], NULL, 10)};
    return probe_wait(skr_prefetch_begin(probe.worker, &options, probe_begun, NULL) != NULL);
}

/* manifest CONTAINER KEY,KEY... */
static enum skr_status probe_manifest(char **words)
{
    static struct skr_bytes keys[2000];
    struct skr_prefetch_options options = {.account = ACCOUNT, .container = word(words[1]), .keys = keys};
    for (char *next, *rest = words[2]; options.key_count < 2000 && (next = strsep(&rest, ",")) != NULL;)
        keys[options.key_count++] = skr_text(next);
    return probe_wait(skr_prefetch_begin(probe.worker, &options, probe_begun, NULL) != NULL);
}

static enum skr_status probe_cancel(char **words)
{
    return probe_wait(skr_prefetch_cancel(probe.worker, strtoull(words[1], NULL, 10), probe_done, NULL) != NULL);
}

static bool probe_print_job(void *context, const struct skr_prefetch_state *state)
{
    (void)context;
    printf("job %llu %d %d %llu %llu %llu %llu %llu %llu %llu %lld\n", (unsigned long long)state->job_id, (int)state->phase,
           state->is_counted, (unsigned long long)state->objects_done, (unsigned long long)state->objects_total,
           (unsigned long long)state->objects_failed, (unsigned long long)state->bytes_done,
           (unsigned long long)state->bytes_total, (unsigned long long)state->fetched_bytes,
           (unsigned long long)state->bytes_per_s, (long long)state->left_s);
    printf("failure %.*s\n", SKR_PRINT(state->last_failure));
    return true;
}

static enum skr_status probe_jobs(char **words)
{
    (void)words;
    skr_visit_prefetches(probe.core, probe_print_job, NULL);
    return SKR_OK;
}

/* ---- the loop ---- */

static const struct command {
    const char *name;
    int words;
    enum skr_status (*run)(char **words);
} commands[] = {
    {"attach", 5, probe_attach},     {"detach", 2, probe_detach},       {"read", 5, probe_read},
    {"pin", 3, probe_pin},           {"unpin", 3, probe_unpin},         {"pins", 1, probe_pins},
    {"evict", 3, probe_evict},       {"residency", 4, probe_residency}, {"numbers", 1, probe_numbers},
    {"jobs", 1, probe_jobs},         {"cancel", 2, probe_cancel},       {"prefetch", 5, probe_prefetch},
    {"manifest", 3, probe_manifest},
};

static void probe_command(char *line)
{
    char *words[MOST_WORDS + 1] = {NULL}, *rest = line;
    int count = 0;
    enum skr_status status = SKR_UNSUPPORTED;
    probe.called = false;
    probe.message[0] = '\0';
    for (char *next; count < MOST_WORDS && (next = strsep(&rest, " \n")) != NULL;)
        if (*next != '\0')
            words[count++] = next;
    for (size_t i = 0; i < sizeof commands / sizeof *commands && count > 0; i++)
        if (strcmp(words[0], commands[i].name) == 0 && count == commands[i].words)
            status = commands[i].run(words);
    printf("end %s %s\n", skr_status_text(status), probe.message);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static char line[65536];
    struct skr_error error = {.message = ""};
    if (argc != 6)
        return 2;
    struct skr_core_options options = {
        .directory = argv[1],
        .workers = 1,
        .inline_limit_bytes = 16384,
        .upload_lifetime_s = 604800,
        .direct_io = true,
        .fetch_memory_bytes = 64 << 20,
        .meta_map_initial_bytes = 16 << 20,
        .cache_capacity_bytes = strtoull(argv[2], NULL, 10),
        .cache_high_percent = (unsigned)strtoul(argv[3], NULL, 10),
        .cache_low_percent = (unsigned)strtoul(argv[4], NULL, 10),
        .reserve_bytes = strtoull(argv[5], NULL, 10),
    };
    struct skr_io_options io_options = {.entries = 64};
    enum skr_status status = skr_inbox_open(&probe.inbox, &io_options, &error);
    if (status == SKR_OK)
        status = skr_core_open(&probe.core, &options, &error);
    if (status == SKR_OK)
        status = skr_worker_open(probe.core, probe.inbox.io, &probe.inbox.executor, &probe.worker, &error);
    printf("ready %s %s\n", skr_status_text(status), error.message);
    fflush(stdout);
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    setvbuf(stdin, NULL, _IONBF, 0); /* what poll does not see would wait for the next line */
    while (status == SKR_OK) {
        skr_inbox_turn(&probe.inbox, 2); /* what is under way goes on while nobody asks */
        if (poll(&input, 1, 0) == 0)
            continue;
        if (fgets(line, sizeof line, stdin) == NULL)
            break;
        probe_command(line);
    }
    while (probe.worker != NULL && !skr_worker_is_idle(probe.worker))
        skr_inbox_turn(&probe.inbox, 2);
    skr_worker_close(probe.worker);
    skr_core_close(probe.core);
    skr_inbox_close(&probe.inbox);
    return status == SKR_OK ? 0 : 1;
}
