/* A client of an upstream for tests: commands on standard input, a line each, are carried out one after the other, and answered
 * with a line each. Words are "name=value", values percent-encoded. The first line has the settings. tests/lib/upstream.py
 * drives it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "skerry/encoding.h"
#include "skerry/hash.h"
#include "skerry/upstream.h"
#include "tokens.h"

#define MOST_WORDS 64
#define MOST_CALLS 256

static struct skr_arena arena; /* of one command */
static struct skr_name_value words[MOST_WORDS];
static size_t word_count;
static struct skr_io *io;
static struct skr_upstream *upstream;
static struct skr_upstream_client *client;

/* ---- words ---- */

static struct skr_bytes word(const char *name)
{
    for (size_t i = 0; i < word_count; i++)
        if (skr_bytes_equal(words[i].name, skr_text(name)))
            return words[i].value;
    return SKR_NO_BYTES;
}

static const char *word_text(const char *name)
{
    return word(name).data;
}

static uint64_t word_number(const char *name, uint64_t otherwise)
{
    uint64_t value;
    return word(name).data != NULL && skr_parse_u64(word(name), &value) ? value : otherwise;
}

static bool read_command(void)
{
    static char line[1 << 20];
    word_count = 0;
    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    for (char *save, *at = strtok_r(line, " \n", &save); at != NULL && word_count < MOST_WORDS;
         at = strtok_r(NULL, " \n", &save)) {
        char *equals = strchr(at, '=');
        struct skr_bytes name = {at, equals == NULL ? strlen(at) : (size_t)(equals - at)}, value = SKR_BYTES("");
        if (equals != NULL && !skr_percent_decode(&arena, skr_text(equals + 1), false, &value))
            return false;
        words[word_count++] = (struct skr_name_value){skr_arena_copy(&arena, name), value};
    }
    return true;
}

static void say(const char *name, struct skr_bytes value)
{
    struct skr_bytes encoded = skr_percent_encode(&arena, value, "/\"");
    printf(" %s=%.*s", name, SKR_PRINT(encoded));
}

static void say_number(const char *name, uint64_t value)
{
    printf(" %s=%" PRIu64, name, value);
}

/* ---- calls ---- */

struct call {
    struct skr_upstream_call base; /* first */
    struct skr_upstream_retry retry;
    bool done, resume_soon;
    uint64_t taken, pauses, resume_ms, since_pause;
    unsigned heads;
    struct skr_checksummer *hash;
    FILE *out;
    unsigned number;
};
static struct call calls[MOST_CALLS];
static uint64_t pause_every, pause_ms, cancel_after, slice, fail_at;
static struct skr_bytes source;

static uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void say_object(const struct skr_upstream_object *object)
{
    static const char *const names[SKR_PROPERTY_COUNT] = {"type",    "encoding", "language", "disposition", "cache",
                                                          "expires", "tier",     "copy_id",  "copy_source", "class"};
    if (object->key.data != NULL)
        say("key", object->key);
    say_number("prefix", object->is_prefix);
    say_number("size", object->size_bytes);
    say_number("offset", object->offset_bytes);
    say_number("length", object->length_bytes);
    say_number("kind", object->kind);
    say_number("modified", (uint64_t)(object->modified_ns / 1000000000));
    say("etag", object->etag);
    say_number("tag_count", object->tag_count);
    say_number("copy_pending", object->copy_pending);
    if (object->has_md5) {
        char hexadecimal[32];
        skr_hex_encode(hexadecimal, object->md5, 16);
        say("md5", (struct skr_bytes){hexadecimal, 32});
    }
    for (size_t i = 0; i < SKR_PROPERTY_COUNT; i++)
        if (object->properties[i].data != NULL && names[i] != NULL)
            say(names[i], object->properties[i]);
    for (size_t i = 0; i < object->metadata_count; i++) {
        say("meta", object->metadata[i].name);
        say("value", object->metadata[i].value);
    }
    for (size_t i = 0; i < object->tag_count && object->tags != NULL; i++) {
        say("tag", object->tags[i].name);
        say("value", object->tags[i].value);
    }
}

static void on_head(struct skr_upstream_call *base, const struct skr_upstream_object *object)
{
    struct call *call = (struct call *)base;
    (void)object;
    call->heads++;
}

static void end_quietly(struct call *call, const char *how)
{
    skr_upstream_cancel(&call->base);
    call->done = true;
    printf("result outcome=%s taken=%" PRIu64 "\n", how, call->taken);
}

static size_t on_write(struct skr_upstream_call *base, const void *data, size_t size)
{
    struct call *call = (struct call *)base;
    size_t take = size;
    if (cancel_after > 0 && call->taken + size >= cancel_after) {
        end_quietly(call, "gave_up");
        return 0;
    }
    if (pause_every > 0 && call->since_pause + take > pause_every) {
        take = (size_t)(pause_every - call->since_pause);
        call->since_pause = 0;
        call->pauses++;
        call->resume_soon = true;
        call->resume_ms = clock_ms() + pause_ms;
    } else {
        call->since_pause += take;
    }
    skr_checksummer_update(call->hash, data, take);
    if (call->out != NULL && fwrite(data, 1, take, call->out) != take)
        abort();
    call->taken += take;
    return take;
}

/* Gives `slice` bytes at a time, and nothing every second time. */
static ssize_t on_read(struct skr_upstream_call *base, uint64_t offset, void *buffer, size_t size)
{
    struct call *call = (struct call *)base;
    if (fail_at > 0 && offset >= fail_at)
        return -1;
    if (call->pauses++ % 2 == 0) {
        call->resume_soon = true;
        call->resume_ms = clock_ms() + pause_ms;
        return 0;
    }
    if (size > slice)
        size = (size_t)slice;
    memcpy(buffer, source.data + offset, size);
    return (ssize_t)size;
}

static void say_result(struct call *call, const struct skr_upstream_result *result)
{
    for (size_t i = 0; i < result->entry_count; i++) {
        printf("entry");
        say_object(&result->entries[i]);
        printf("\n");
    }
    printf("result outcome=%s", skr_upstream_outcome_text(result->outcome));
    say_number("status", (uint64_t)result->http_status);
    say_number("may_retry", result->may_retry);
    say_number("may_have_happened", result->may_have_happened);
    say_number("retry_after_ms", result->retry_after_ms);
    say_number("attempts", result->attempts);
    say("code", result->code);
    say("message", skr_text(result->message));
    say("request_id", result->request_id);
    if (result->next_marker.size > 0)
        say("next_marker", result->next_marker);
    if (result->upload.size > 0)
        say("upload", result->upload);
    if (result->part.size > 0)
        say("part", result->part);
    say_number("taken", call->taken);
    say_number("pauses", call->pauses);
    say_number("heads", call->heads);
    if (call->taken > 0) {
        struct skr_checksum sum;
        char hexadecimal[64];
        skr_checksummer_finish(call->hash, &sum);
        skr_hex_encode(hexadecimal, sum.bytes, 32);
        say("sha256", (struct skr_bytes){hexadecimal, sizeof hexadecimal});
    }
    if (result->object != NULL)
        say_object(result->object);
    printf("\n");
}

static void on_done(struct skr_upstream_call *base, const struct skr_upstream_result *result)
{
    struct call *call = (struct call *)base;
    call->done = true;
    say_result(call, result);
}

static struct call *prepare(unsigned number)
{
    struct call *call = &calls[number];
    *call = (struct call){.base = {.done = on_done}, .number = number};
    call->retry = (struct skr_upstream_retry){.attempts = (unsigned)word_number("attempts", 0),
                                              .first_ms = (unsigned)word_number("first_ms", 20),
                                              .most_ms = (unsigned)word_number("most_ms", 200),
                                              .patience_ms = (unsigned)word_number("patience_ms", 20000)};
    if (call->retry.attempts > 0)
        call->base.retry = &call->retry;
    if (skr_checksummer_open(&call->hash, SKR_CHECKSUM_SHA256, NULL) != SKR_OK)
        abort();
    if (word_text("out") != NULL)
        call->out = fopen(word_text("out"), "wb");
    return call;
}

static struct skr_upstream_conditions conditions(void)
{
    return (struct skr_upstream_conditions){.if_match = word("if_match"),
                                            .if_none_match = word("if_none_match"),
                                            .if_none_match_any = word_number("if_none_match_any", 0) != 0};
}

/* "meta" or "tag" and then "value", in this order. */
static const struct skr_name_value *pairs(const char *name, size_t *count)
{
    struct skr_name_value *list = skr_arena_alloc(&arena, MOST_WORDS * sizeof *list);
    *count = 0;
    for (size_t i = 0; i + 1 < word_count; i++)
        if (skr_bytes_equal(words[i].name, skr_text(name)))
            list[(*count)++] = (struct skr_name_value){words[i].value, words[i + 1].value};
    return list;
}

static struct skr_upstream_attributes attributes(void)
{
    struct skr_upstream_attributes out = {.has_md5 = false};
    out.properties[SKR_PROPERTY_CONTENT_TYPE] = word("type");
    out.properties[SKR_PROPERTY_CONTENT_ENCODING] = word("encoding");
    out.properties[SKR_PROPERTY_CONTENT_LANGUAGE] = word("language");
    out.properties[SKR_PROPERTY_CONTENT_DISPOSITION] = word("disposition");
    out.properties[SKR_PROPERTY_CACHE_CONTROL] = word("cache");
    out.metadata = pairs("meta", &out.metadata_count);
    out.tags = pairs("tag", &out.tag_count);
    if (word_number("keep_md5", 0) != 0) {
        out.has_md5 = true;
        skr_md5_of(source.data, source.size, out.md5);
    }
    return out;
}

static struct skr_bytes whole_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        abort();
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *data = skr_arena_alloc(&arena, size + 1);
    if (data == NULL || fread(data, 1, size, file) != size)
        abort();
    fclose(file);
    return (struct skr_bytes){data, size};
}

static struct skr_upstream_body body(void)
{
    static uint8_t md5[16];
    source = word("file").data != NULL   ? whole_file(word_text("file"))
             : word("data").data != NULL ? word("data")
                                         : SKR_BYTES("");
    struct skr_upstream_body out = {.size_bytes = source.size, .data = source.data, .once = word_number("once", 0) != 0};
    if (slice > 0) {
        out.data = NULL;
        out.read = on_read;
    }
    if (word_number("md5", 0) != 0) {
        skr_md5_of(source.data, source.size, md5);
        md5[0] ^= (uint8_t)word_number("wrong_md5", 0);
        out.md5 = md5;
    }
    return out;
}

static void start_get(struct call *call)
{
    struct skr_upstream_get get = {.key = word("key"),
                                   .ranged = word("offset").data != NULL,
                                   .offset_bytes = word_number("offset", 0),
                                   .length_bytes = word_number("length", UINT64_MAX),
                                   .conditions = conditions(),
                                   .head = word_number("no_head", 0) != 0 ? NULL : on_head,
                                   .write = on_write};
    skr_upstream_get(client, upstream, &call->base, &get);
}

static void start_complete(struct call *call)
{
    struct skr_upstream_complete complete = {
        .key = word("key"), .upload = word("upload"), .attributes = attributes(), .conditions = conditions()};
    struct skr_upstream_part *parts = skr_arena_alloc(&arena, MOST_WORDS * sizeof *parts);
    for (size_t i = 0; i < word_count; i++)
        if (skr_bytes_equal(words[i].name, SKR_BYTES("part"))) {
            parts[complete.part_count].number = (unsigned)complete.part_count + 1;
            parts[complete.part_count++].part = words[i].value;
        }
    complete.parts = parts;
    skr_upstream_upload_complete(client, upstream, &call->base, &complete);
}

static void start(struct call *call, const char *what)
{
    struct skr_upstream_conditions wanted = conditions();
    struct skr_upstream_body sent = body();
    struct skr_upstream_attributes attributes_given = attributes();
    struct skr_upstream_call *base = &call->base;
    struct skr_bytes key = word("key");
    if (strcmp(what, "get") == 0)
        start_get(call);
    else if (strcmp(what, "head") == 0)
        skr_upstream_head(client, upstream, base, key, &wanted);
    else if (strcmp(what, "list") == 0)
        skr_upstream_list(client, upstream, base,
                          &(struct skr_upstream_list){.prefix = word("start"),
                                                      .delimiter = word("delimiter"),
                                                      .marker = word("marker"),
                                                      .max = (unsigned)word_number("max", 0),
                                                      .metadata = word_number("metadata", 0) != 0,
                                                      .tags = word_number("with_tags", 0) != 0});
    else if (strcmp(what, "put") == 0)
        skr_upstream_put(
            client, upstream, base,
            &(struct skr_upstream_put){.key = key, .body = sent, .attributes = attributes_given, .conditions = wanted});
    else if (strcmp(what, "begin") == 0)
        skr_upstream_upload_begin(client, upstream, base, key, &attributes_given);
    else if (strcmp(what, "part") == 0)
        skr_upstream_upload_part(client, upstream, base, key, word("upload"), (unsigned)word_number("number", 1), &sent);
    else if (strcmp(what, "complete") == 0)
        start_complete(call);
    else if (strcmp(what, "abort") == 0)
        skr_upstream_upload_abort(client, upstream, base, key, word("upload"));
    else if (strcmp(what, "delete") == 0)
        skr_upstream_delete(client, upstream, base, key, &wanted);
    else if (strcmp(what, "set_metadata") == 0)
        skr_upstream_set_metadata(client, upstream, base, key, &attributes_given, &wanted);
    else if (strcmp(what, "set_properties") == 0)
        skr_upstream_set_properties(client, upstream, base, key, &attributes_given, &wanted);
    else if (strcmp(what, "set_tags") == 0)
        skr_upstream_set_tags(client, upstream, base, key, attributes_given.tags, attributes_given.tag_count);
    else if (strcmp(what, "get_tags") == 0)
        skr_upstream_get_tags(client, upstream, base, key);
    else if (strcmp(what, "copy") == 0)
        skr_upstream_copy(
            client, upstream, base,
            &(struct skr_upstream_copy){
                .source = word("source"), .key = key, .source_if_match = word("source_if_match"), .conditions = wanted});
    else
        abort();
}

/* Runs the ring until all are done. Counts its turns, by which a test sees that nobody is busy waiting. */
static uint64_t run(unsigned count)
{
    uint64_t turns = 0, cancel_at_ms = word_number("cancel_ms", 0) == 0 ? 0 : clock_ms() + word_number("cancel_ms", 0);
    for (;;) {
        bool all = true;
        int timeout_ms = -1;
        uint64_t now_ms = clock_ms();
        for (unsigned i = 0; i < count; i++) {
            struct call *call = &calls[i];
            if (!call->done && cancel_at_ms != 0 && now_ms >= cancel_at_ms)
                end_quietly(call, "gave_up");
            if (call->resume_soon && now_ms >= call->resume_ms) {
                call->resume_soon = false;
                skr_upstream_resume(&call->base);
            }
            all &= call->done;
            if (call->resume_soon && !call->done)
                timeout_ms = (int)(call->resume_ms - now_ms);
            else if (cancel_at_ms != 0 && timeout_ms < 0)
                timeout_ms = 10;
        }
        if (all)
            return turns;
        skr_io_run(io, timeout_ms);
        turns++;
    }
}

static void command(const char *what)
{
    unsigned count = (unsigned)word_number("count", 1);
    if (count > MOST_CALLS)
        abort();
    pause_every = word_number("pause_every", 0);
    pause_ms = word_number("pause_ms", 0);
    cancel_after = word_number("cancel_after", 0);
    slice = word_number("slice", 0);
    fail_at = word_number("fail_at", 0);
    for (unsigned i = 0; i < count; i++)
        start(prepare(i), what);
    uint64_t turns = run(count);
    struct skr_upstream_client_counters counters;
    for (unsigned i = 0; i < count; i++) {
        skr_checksummer_close(calls[i].hash);
        if (calls[i].out != NULL)
            fclose(calls[i].out);
    }
    skr_upstream_client_read_counters(client, &counters);
    printf("end");
    say_number("turns", turns);
    say_number("attempts", counters.attempts);
    say_number("connections", counters.connections_opened);
    say_number("under_way", counters.calls_under_way);
    printf("\n");
    fflush(stdout);
}

/* The one token of the settings; "refused" is told on standard output. */
static bool one_token(struct skr_upstream_token_provider *provider, char *out, size_t capacity)
{
    (void)provider;
    return snprintf(out, capacity, "probe-token") > 0;
}

static void token_refused(struct skr_upstream_token_provider *provider)
{
    (void)provider;
    printf("refused\n");
}
static struct skr_upstream_token_provider one_provider = {.token = one_token, .refused = token_refused};
static struct skr_upstream_token_provider *provider = &one_provider;

/* The kind of tokens that the settings name, if any. */
static bool open_tokens(struct skr_error *error)
{
    static const char *const kinds[] = {"managed_identity", "workload_identity", "client_secret"};
    struct skr_token_settings settings = {
        .tenant = word_text("tenant"),
        .client_id = word_text("client_id"),
        .client_secret = word_text("client_secret"),
        .token_file = word_text("token_file"),
        .authority = word_text("authority"),
        .endpoint = word_text("endpoint"),
        .ca_file = word_text("authority_ca_file"),
        .proxy = word_text("authority_proxy"),
    };
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (skr_bytes_equal(word("token"), skr_text(kinds[i]))) {
            settings.kind = (enum skr_token_kind)i;
            return skr_tokens_open(&provider, &settings, error) == SKR_OK;
        }
    return true;
}

/* Waits until so many fetches have ended, and tells how the provider is. */
static void tell_tokens(void)
{
    struct skr_token_state state;
    bool waited = skr_tokens_wait_fetches(provider, word_number("fetches", 0), 30000);
    skr_tokens_read_state(provider, &state);
    printf("result");
    say_number("waited", waited);
    say_number("has_token", state.has_token);
    say_number("valid_until", (uint64_t)state.valid_until_s);
    say_number("next_fetch", (uint64_t)state.next_fetch_s);
    say_number("fetches", state.fetches);
    say_number("failures", state.failures);
    say("message", skr_text(state.last.message));
    printf("\nend\n");
    fflush(stdout);
}

static bool open_all(void)
{
    struct skr_error error;
    if (!open_tokens(&error)) {
        fprintf(stderr, "%s\n", error.message);
        return false;
    }
    struct skr_upstream_settings settings = {
        .kind = word_number("s3", 0) != 0 ? SKR_UPSTREAM_S3 : SKR_UPSTREAM_AZURE,
        .url = word_text("url"),
        .account = word_text("account"),
        .account_key = word_text("account_key"),
        .sas = word_text("sas"),
        .token_provider = provider,
        .access_key = word_text("access_key"),
        .secret_key = word_text("secret_key"),
        .ca_file = word_text("ca_file"),
        .proxy = word_text("proxy"),
        .connect_timeout_ms = (unsigned)word_number("connect_timeout_ms", 0),
        .stall_timeout_ms = (unsigned)word_number("stall_timeout_ms", 0),
        .max_connections = (unsigned)word_number("max_connections", 0),
    };
    settings.credential = settings.account_key != NULL  ? SKR_UPSTREAM_ACCOUNT_KEY
                          : settings.sas != NULL        ? SKR_UPSTREAM_SAS
                          : settings.access_key != NULL ? SKR_UPSTREAM_S3_KEYS
                          : word("token").data != NULL  ? SKR_UPSTREAM_TOKEN
                                                        : SKR_UPSTREAM_ANONYMOUS;
    if (skr_upstream_open(&upstream, &settings, &error) != SKR_OK ||
        skr_io_open(&io, &(struct skr_io_options){.entries = 64}, &error) != SKR_OK ||
        skr_upstream_client_open(&client, io, &error) != SKR_OK) {
        fprintf(stderr, "%s\n", error.message);
        return false;
    }
    printf("ready");
    say("name", skr_text(skr_upstream_name(upstream)));
    printf("\n");
    fflush(stdout);
    return true;
}

int main(void)
{
    if (!read_command() || !open_all())
        return 1;
    skr_arena_release(&arena);
    while (read_command() && word_count > 0) {
        if (skr_bytes_equal(words[0].name, SKR_BYTES("tokens")))
            tell_tokens();
        else
            command(words[0].name.data);
        skr_arena_release(&arena);
    }
    skr_arena_release(&arena);
    skr_upstream_client_close(client);
    skr_upstream_close(upstream);
    if (provider != &one_provider)
        skr_tokens_close(provider);
    skr_io_close(io);
    return 0;
}
