/* Checks a data folder that no server has open: metadata against itself, then records against the files on disk, and if asked
 * the bytes against their checksums. A file without a record is garbage, not a problem; a record without its file is the
 * problem that the crash order exists to prevent.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "federation/accesses.h"
#include "federation/cached_reader.h"
#include "skerry/log.h"
#include "state.h"

struct skr_known_file {
    uint64_t id, end_bytes;
};

struct skr_checking {
    const struct skr_check_options *options;
    struct skr_check_summary *summary;
    struct skr_meta *meta;
    struct skr_meta_reader *reader;
    struct skr_store *store;
    struct skr_io *io;
    struct skr_known_file *files; /* that records refer to; sorted before the disk is scanned */
    size_t file_count, file_capacity;
    bool out_of_memory;
};

__attribute__((format(printf, 2, 3))) static void skr_report(struct skr_checking *checking, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    checking->options->report(checking->options->context, text);
}

static void skr_report_problem(void *context, const char *text)
{
    struct skr_checking *checking = context;
    checking->options->report(checking->options->context, text);
}

static void skr_know_file(void *context, uint64_t file_id, uint64_t end_bytes)
{
    struct skr_checking *checking = context;
    if (checking->file_count == checking->file_capacity) {
        size_t capacity = checking->file_capacity == 0 ? 1024 : checking->file_capacity * 2;
        struct skr_known_file *grown = realloc(checking->files, capacity * sizeof *grown);
        if (grown == NULL) {
            checking->out_of_memory = true;
            return;
        }
        checking->files = grown;
        checking->file_capacity = capacity;
    }
    checking->files[checking->file_count++] = (struct skr_known_file){file_id, end_bytes};
}

static int skr_file_order(const void *a, const void *b)
{
    uint64_t x = ((const struct skr_known_file *)a)->id, y = ((const struct skr_known_file *)b)->id;
    return (x > y) - (x < y);
}

static bool skr_is_known(const struct skr_checking *checking, uint64_t file_id)
{
    struct skr_known_file wanted = {.id = file_id};
    return checking->file_count > 0 &&
           bsearch(&wanted, checking->files, checking->file_count, sizeof wanted, skr_file_order) != NULL;
}

/* ---- records without their bytes ---- */

struct skr_drop_change {
    struct skr_change change;
    uint64_t file_id, removed;
};

static enum skr_status skr_apply_drop(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_drop_change *op = (struct skr_drop_change *)change;
    return skr_meta_drop_file(view, op->file_id, &op->removed, err);
}

static enum skr_status skr_check_files(struct skr_checking *checking, struct skr_error *err)
{
    for (size_t i = 0; i < checking->file_count; i++) {
        const struct skr_known_file *file = &checking->files[i];
        uint64_t size = 0;
        enum skr_status status = skr_store_file_size(checking->store, file->id, &size, err);
        if (status != SKR_OK && status != SKR_NOT_FOUND)
            return status;
        if (status == SKR_OK && size >= file->end_bytes)
            continue;
        checking->summary->problems++;
        skr_report(checking, "content file %016" PRIx64 " %s: records need %" PRIu64 " bytes of it", file->id,
                   status == SKR_OK ? "is too short" : "is missing", file->end_bytes);
        if (!checking->options->repair)
            continue;
        struct skr_drop_change drop = {.change = {.apply = skr_apply_drop}, .file_id = file->id};
        status = skr_meta_apply(checking->meta, &drop.change, err);
        if (status != SKR_OK)
            return status;
        checking->summary->repaired++;
        skr_report(checking, "removed %" PRIu64 " records of content file %016" PRIx64, drop.removed, file->id);
    }
    return SKR_OK;
}

/* ---- bytes without a record ---- */

static bool skr_check_stray(void *context, uint64_t file_id, uint64_t size_bytes)
{
    struct skr_checking *checking = context;
    struct skr_error error;
    if (skr_is_known(checking, file_id))
        return true;
    checking->summary->garbage_files++;
    checking->summary->garbage_bytes += size_bytes;
    if (checking->options->repair && skr_store_remove(checking->store, checking->io, file_id, &error) != SKR_OK)
        skr_report(checking, "content file %016" PRIx64 " is garbage and cannot be removed: %s", file_id, error.message);
    return true;
}

/* ---- bytes against checksums ---- */

struct skr_byte_check {
    struct skr_checking *checking;
    struct skr_worker *worker;
    struct skr_bytes account, container;
    struct skr_arena names; /* keys of the page that is being verified */
    struct skr_object_name *page;
    size_t page_count;
    char *buffer;
};

#define SKR_VERIFY_PAGE 512
#define SKR_VERIFY_BYTES (1u << 20)

static void skr_byte_ready(void *context)
{
    *(bool *)context = true;
}

/* Of upstream's contents only what is here can be verified. */
static bool skr_verify_is_here(struct skr_byte_check *check, const struct skr_content *content, uint64_t offset)
{
    struct skr_error error;
    struct skr_view *view;
    if (content->layout != SKR_CONTENT_CACHED || skr_view_begin(check->checking->reader, &view, &error) != SKR_OK)
        return true;
    bool is_here = skr_cached_has(view, content, offset);
    skr_view_end(view);
    return is_here;
}

/* How many bytes from there on are a hole: nothing lies behind them that could be damaged. */
static uint64_t skr_verify_hole(struct skr_byte_check *check, const struct skr_content *content, uint64_t offset)
{
    struct skr_extent extent;
    struct skr_error error;
    struct skr_view *view;
    size_t count = 0;
    if (content->layout != SKR_CONTENT_EXTENTS && content->layout != SKR_CONTENT_EXTENT)
        return 0;
    if (skr_view_begin(check->checking->reader, &view, &error) != SKR_OK)
        return 0;
    enum skr_status status =
        skr_content_extents(view, content, offset, content->size_bytes - offset, &extent, 1, &count, &error);
    skr_view_end(view);
    return status == SKR_OK && count == 1 && extent.file_id == 0 ? extent.length_bytes : 0;
}

static bool skr_verify_content(struct skr_byte_check *check, struct skr_reader *reader, const struct skr_content *content)
{
    for (uint64_t offset = 0; offset < content->size_bytes;) {
        bool ready = false;
        if (!skr_verify_is_here(check, content, offset)) {
            offset += SKR_CHUNK_BYTES - offset % SKR_CHUNK_BYTES;
            continue;
        }
        uint64_t hole = skr_verify_hole(check, content, offset);
        if (hole > 0) {
            offset += hole;
            continue;
        }
        ssize_t taken = skr_reader_read(reader, offset, check->buffer, SKR_VERIFY_BYTES, skr_byte_ready, &ready);
        while (taken == 0) {
            while (!ready)
                skr_io_run(check->checking->io, -1);
            taken = skr_reader_read(reader, offset, check->buffer, SKR_VERIFY_BYTES, skr_byte_ready, &ready);
        }
        if (taken < 0)
            return false;
        offset += (uint64_t)taken;
    }
    return true;
}

static void skr_verify_object(struct skr_byte_check *check, const struct skr_object_name *name)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_object object;
    struct skr_reader *reader = NULL;
    struct skr_error error;
    enum skr_status status = skr_open_object(check->worker, &arena, name, NULL, &object, &reader, &error);
    bool whole = status == SKR_IS_DELETE_MARKER; /* it has no bytes */
    if (status == SKR_OK)
        whole = object.content.layout == SKR_CONTENT_INLINE || skr_verify_content(check, reader, &object.content);
    if (!whole) {
        check->checking->summary->problems++;
        skr_report(check->checking, "object %.*s/%.*s/%.*s: its bytes do not verify", SKR_PRINT(check->account),
                   SKR_PRINT(check->container), SKR_PRINT(name->key));
    }
    skr_reader_close(reader);
    skr_arena_release(&arena);
}

static bool skr_collect_version(void *context, const struct skr_version_entry *entry)
{
    struct skr_byte_check *check = context;
    struct skr_object_name *name = &check->page[check->page_count];
    *name = (struct skr_object_name){.account = check->account,
                                     .container = check->container,
                                     .key = skr_arena_copy(&check->names, entry->key),
                                     .version = {.is_given = true, .ns = entry->object->version_ns}};
    if (name->key.data == NULL)
        return false;
    check->page_count++;
    return check->page_count < SKR_VERIFY_PAGE;
}

/* One container, a page of versions at a time. */
static enum skr_status skr_verify_container(struct skr_byte_check *check, struct skr_error *err)
{
    char last_key[SKR_MAX_KEY_BYTES];
    struct skr_list_versions_options options = {.account = check->account, .container = check->container};
    do {
        check->page_count = 0;
        enum skr_status status = skr_list_versions(check->worker, &options, skr_collect_version, check, err);
        if (status != SKR_OK)
            return status;
        for (size_t i = 0; i < check->page_count; i++)
            skr_verify_object(check, &check->page[i]);
        if (check->page_count > 0) {
            const struct skr_object_name *last = &check->page[check->page_count - 1];
            memcpy(last_key, last->key.data, last->key.size);
            options.from = (struct skr_bytes){last_key, last->key.size};
            options.after_version = last->version;
        }
        skr_arena_release(&check->names);
    } while (check->page_count == SKR_VERIFY_PAGE);
    return SKR_OK;
}

struct skr_container_names {
    struct skr_arena arena;
    struct skr_name_value *names; /* account, container */
    size_t count, capacity;
};

static bool skr_collect_container(void *context, struct skr_bytes account, struct skr_bytes name)
{
    struct skr_container_names *names = context;
    if (names->count == names->capacity) {
        size_t capacity = names->capacity == 0 ? 64 : names->capacity * 2;
        struct skr_name_value *grown = skr_arena_alloc(&names->arena, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        if (names->count > 0)
            memcpy(grown, names->names, names->count * sizeof *grown);
        names->names = grown;
        names->capacity = capacity;
    }
    struct skr_name_value *entry = &names->names[names->count];
    entry->name = skr_arena_copy(&names->arena, account);
    entry->value = skr_arena_copy(&names->arena, name);
    names->count++;
    return entry->name.data != NULL && entry->value.data != NULL;
}

static enum skr_status skr_verify_bytes(struct skr_checking *checking, struct skr_error *err)
{
    struct skr_core core = {.meta = checking->meta, .store = checking->store};
    static struct skr_accesses accesses; /* nobody looks at them */
    struct skr_worker worker = {.core = &core, .io = checking->io, .reader = checking->reader, .accesses = &accesses};
    struct skr_byte_check check = {.checking = checking, .worker = &worker};
    struct skr_container_names names = {.count = 0};
    struct skr_view *view;
    skr_pins_open(&core.pins);
    check.buffer = malloc(SKR_VERIFY_BYTES);
    check.page = malloc(SKR_VERIFY_PAGE * sizeof *check.page);
    enum skr_status status = check.buffer == NULL || check.page == NULL
                                 ? skr_fail(err, SKR_NO_MEMORY, "no memory to verify bytes")
                                 : skr_view_begin(checking->reader, &view, err);
    if (status == SKR_OK) {
        status = skr_container_list_all(view, skr_collect_container, &names, err);
        skr_view_end(view);
    }
    for (size_t i = 0; i < names.count && status == SKR_OK; i++) {
        check.account = names.names[i].name;
        check.container = names.names[i].value;
        status = skr_verify_container(&check, err);
        if (checking->options->progress != NULL)
            checking->options->progress(checking->options->context, i + 1, names.count);
    }
    skr_arena_release(&names.arena);
    free(check.page);
    free(check.buffer);
    skr_pins_close(&core.pins);
    return status;
}

/* ---- all of it ---- */

static enum skr_status skr_check_open(struct skr_checking *checking, const char *directory, struct skr_error *err)
{
    bool repair = checking->options->repair;
    struct skr_meta_options meta_options = {.directory = directory, .max_readers = 2, .read_only = !repair};
    enum skr_status status = skr_meta_open(&checking->meta, &meta_options, err);
    if (status != SKR_OK)
        return status;
    struct skr_io_options io_options = {.entries = 32};
    status = skr_io_open(&checking->io, &io_options, err);
    if (status != SKR_OK)
        return status;
    uint64_t boot = skr_meta_boot(checking->meta);
    struct skr_store_options store_options = {
        .directory = directory, .boot = boot == 0 ? 1 : boot, .read_only = !repair, .max_open_files = 64};
    status = skr_store_open(&checking->store, &store_options, checking->io, err);
    return status == SKR_OK ? skr_meta_reader_open(checking->meta, &checking->reader, err) : status;
}

static enum skr_status skr_check_run(struct skr_checking *checking, struct skr_error *err)
{
    struct skr_meta_check meta_check = {.problems = 0};
    struct skr_meta_check_options options = {
        .repair = checking->options->repair, .problem = skr_report_problem, .file = skr_know_file, .context = checking};
    enum skr_status status = skr_meta_check_all(checking->meta, &options, &meta_check, err);
    if (status == SKR_OK && checking->out_of_memory)
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for the list of content files");
    if (status != SKR_OK)
        return status;
    *checking->summary = (struct skr_check_summary){
        .containers = meta_check.containers,
        .objects = meta_check.objects,
        .directories = meta_check.directories,
        .contents = meta_check.contents,
        .files = meta_check.files,
        .uploads = meta_check.uploads,
        .versions = meta_check.versions,
        .blocks = meta_check.blocks,
        .object_bytes = meta_check.object_bytes,
        .problems = meta_check.problems,
        .repaired = checking->options->repair ? meta_check.problems : 0,
    };
    if (checking->file_count > 1)
        qsort(checking->files, checking->file_count, sizeof *checking->files, skr_file_order);
    status = skr_check_files(checking, err);
    if (status == SKR_OK)
        status = skr_store_scan(checking->store, 1, UINT64_C(0xFFFFFF), skr_check_stray, checking, err);
    if (status == SKR_OK && checking->options->verify_bytes)
        status = skr_verify_bytes(checking, err);
    return status;
}

enum skr_status skr_core_check(const char *directory, const struct skr_check_options *options, struct skr_check_summary *out,
                               struct skr_error *err)
{
    struct skr_checking checking = {.options = options, .summary = out};
    enum skr_status status = skr_check_open(&checking, directory, err);
    if (status == SKR_OK)
        status = skr_check_run(&checking, err);
    skr_meta_reader_close(checking.reader);
    skr_store_close(checking.store);
    skr_io_close(checking.io);
    skr_meta_close(checking.meta);
    free(checking.files);
    return status;
}
