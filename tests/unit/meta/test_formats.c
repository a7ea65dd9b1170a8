/* What a folder of format 1 holds is read, and becomes format 2; what format 2 brought: many uploads of one name, versions in
 * the check and its repair. */
#include <check.h>
#include <stdio.h>

#include "environment.h"
#include "records.h"
#include "run.h"
#include "tree.h"

static struct environment environment;
static struct skr_container box;

static void setup(void)
{
    environment_make(&environment, 64 << 20, 0);
    box = (struct skr_container){.etag = SKR_BYTES("e")};
}

static void teardown(void)
{
    ck_assert_uint_eq(environment_problems(&environment), 0);
    environment_remove(&environment);
}

static enum skr_status make_box(struct skr_view *view, void *context, struct skr_error *err)
{
    (void)context;
    return skr_container_create(view, SKR_BYTES("acct"), SKR_BYTES("box"), &box, err);
}

static struct skr_bytes encoded(const struct skr_encoder *encoder)
{
    ck_assert(!encoder->failed);
    return (struct skr_bytes){encoder->data, encoder->size};
}

/* ---- format 1, byte by byte ---- */

#define OLD_OBJECTS 1001
#define OLD_UPLOADS 1002
#define OLD_UPLOAD 1003
#define OLD_CONTENT 1004
#define OLD_FILE 1005

static void encode_old_container(struct skr_encoder *encoder)
{
    skr_encode_number(encoder, 1, 1);
    skr_encode_number(encoder, OLD_OBJECTS, 8);
    skr_encode_number(encoder, OLD_UPLOADS, 8);
    skr_encode_number(encoder, 5, 8);
    skr_encode_number(encoder, 6, 8);
    skr_encode_text(encoder, SKR_BYTES("etag"), 1);
    skr_encode_number(encoder, SKR_PUBLIC_OBJECTS, 1);
    skr_encode_number(encoder, 1, 1);
    for (size_t i = 0; i < 4; i++)
        skr_encode_text(encoder, SKR_BYTES("policy"), 2);
    skr_encode_number(encoder, 1, 2);
    skr_encode_text(encoder, SKR_BYTES("name"), 2);
    skr_encode_text(encoder, SKR_BYTES("value"), 4);
}

static void encode_old_object(struct skr_encoder *encoder, const struct skr_content *content)
{
    skr_encode_number(encoder, 1, 1);
    skr_encode_number(encoder, content->layout, 1);
    skr_encode_number(encoder, content->id, 8);
    skr_encode_number(encoder, content->size_bytes, 8);
    skr_encode_number(encoder, content->crc32c, 4);
    skr_encode_number(encoder, content->extent_count, 4);
    skr_encode_number(encoder, 2, 4); /* blocks */
    skr_encode_extent(encoder, &content->extent);
    skr_encode_number(encoder, SKR_OBJECT_BLOCK, 1);
    skr_encode_number(encoder, 1, 1);
    for (uint64_t number = 7; number < 11; number++) /* id, creation, change, copy */
        skr_encode_number(encoder, number, 8);
    skr_encode_bytes(encoder, "0123456789abcdef", 16);
    skr_encode_text(encoder, SKR_BYTES("0xE"), 1);
    skr_encode_number(encoder, 1, 1);
    skr_encode_number(encoder, SKR_PROPERTY_CONTENT_TYPE, 1);
    skr_encode_text(encoder, SKR_BYTES("text/plain"), 2);
    skr_encode_number(encoder, 1, 2);
    skr_encode_text(encoder, SKR_BYTES("k"), 2);
    skr_encode_text(encoder, SKR_BYTES("v"), 4);
}

static void encode_old_upload(struct skr_encoder *encoder)
{
    skr_encode_number(encoder, 1, 1);
    skr_encode_number(encoder, SKR_UPLOAD_BLOCKS, 1);
    skr_encode_number(encoder, 8, 8);
    skr_encode_number(encoder, 9, 8);
    skr_encode_number(encoder, OLD_OBJECTS, 8);
    skr_encode_number(encoder, OLD_UPLOADS, 8);
    skr_encode_number(encoder, 1, 4);
    skr_encode_number(encoder, 2, 4);
    skr_encode_text(encoder, SKR_BYTES("a/b"), 2);
}

static enum skr_status put_row(struct skr_view *view, enum skr_table table, struct skr_bytes key, struct skr_encoder *encoder,
                               struct skr_error *err)
{
    enum skr_status status = skr_row_put(view, table, key, encoded(encoder), err);
    encoder->data = NULL;
    encoder->size = encoder->capacity = 0;
    return status;
}

static enum skr_status make_old_folder(struct skr_view *view, void *context, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_encoder encoder = {.arena = &arena};
    struct skr_row_key key;
    struct skr_content content;
    struct skr_extent extent = {OLD_FILE, 0, 100, 100}, staged = {OLD_FILE, 65536, 40, 65576};
    uint32_t crc[2] = {1, 2};
    char id[8];
    (void)context;
    enum skr_status status = skr_file_record_create(view, OLD_FILE, err);
    if (status == SKR_OK)
        status = skr_checksums_put(view, OLD_FILE, 0, crc, 2, err);
    if (status == SKR_OK)
        status = skr_content_create_extents(view, OLD_CONTENT, &extent, 1, &content, err);
    for (unsigned i = 0; i < 2; i++) { /* two blocks */
        skr_encode_text(&encoder, i == 0 ? SKR_BYTES("01") : SKR_BYTES("02"), 1);
        skr_encode_number(&encoder, 50, 8);
    }
    if (status == SKR_OK)
        status = put_row(view, SKR_TABLE_BLOCKLISTS, skr_key_2(&key, OLD_CONTENT, 0), &encoder, err);
    encode_old_container(&encoder);
    if (status == SKR_OK)
        status = put_row(view, SKR_TABLE_CONTAINERS, (struct skr_bytes){"acct\0old", 8}, &encoder, err);
    encode_old_object(&encoder, &content);
    if (status == SKR_OK)
        status = skr_tree_put(view, OLD_OBJECTS, SKR_BYTES("a/b"), encoded(&encoder), err);
    encoder.size = 0;
    encode_old_upload(&encoder);
    if (status == SKR_OK)
        status = put_row(view, SKR_TABLE_UPLOADS, skr_key_1(&key, OLD_UPLOAD), &encoder, err);
    skr_put_be64(id, OLD_UPLOAD);
    if (status == SKR_OK)
        status = skr_tree_put(view, OLD_UPLOADS, SKR_BYTES("a/b"), (struct skr_bytes){id, 8}, err);
    skr_encode_number(&encoder, 1, 1); /* owned; the reference that the file was made with is the block's */
    skr_encode_number(&encoder, 40, 8);
    skr_encode_extent(&encoder, &staged);
    if (status == SKR_OK)
        status = put_row(view, SKR_TABLE_BLOCKS, skr_key_tail(&key, OLD_UPLOAD, SKR_BYTES("03")), &encoder, err);
    skr_arena_release(&arena);
    return status;
}

static bool count_block(void *context, const struct skr_block *block)
{
    ck_assert(!block->has_md5 && block->checksum.kind == SKR_CHECKSUM_NONE && block->modified_ns == 0);
    ck_assert_uint_eq(block->size_bytes, 40);
    (*(int *)context)++;
    return true;
}

static bool count_committed(void *context, const struct skr_block *block, uint64_t offset_bytes)
{
    ck_assert(!block->has_md5 && block->size_bytes == 50);
    ck_assert_uint_eq(offset_bytes, *(int *)context == 0 ? 0 : 50);
    (*(int *)context)++;
    return true;
}

START_TEST(records_of_format_1_are_read)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container;
    struct skr_object object;
    struct skr_upload upload;
    struct skr_error error;
    struct skr_view *view;
    int blocks = 0, committed = 0;
    ck_assert_int_eq(environment_change(&environment, make_old_folder, NULL), SKR_OK);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    ck_assert_int_eq(skr_container_get(view, &arena, SKR_BYTES("acct"), SKR_BYTES("old"), &container, &error), SKR_OK);
    ck_assert(container.versions_node == 0 && container.multiparts_node == 0 && container.versioning == SKR_VERSIONING_OFF);
    ck_assert(container.metadata_count == 1 && container.policy_count == 1 && container.documents[0].data == NULL);
    ck_assert_int_eq(skr_object_get(view, &arena, container.objects_node, SKR_BYTES("a/b"), &object, &error), SKR_OK);
    ck_assert(object.version_ns == 0 && object.tag_count == 0 && object.checksum.kind == SKR_CHECKSUM_NONE &&
              object.upload_id == 0);
    ck_assert(object.modified_ns == 9 && object.has_md5 && object.metadata_count == 1 && object.content.block_count == 2);
    ck_assert(skr_bytes_equal(object.properties[SKR_PROPERTY_CONTENT_TYPE], SKR_BYTES("text/plain")));
    ck_assert_int_eq(skr_block_list_visit(view, &object.content, count_committed, &committed, &error), SKR_OK);
    ck_assert_int_eq(committed, 2);
    ck_assert_int_eq(skr_upload_get(view, &container, SKR_BYTES("a/b"), &upload, &error), SKR_OK);
    ck_assert(upload.draft.size == 0 && upload.block_count == 1);
    ck_assert_int_eq(skr_block_visit(view, &upload, SKR_NO_BYTES, count_block, &blocks, &error), SKR_OK);
    ck_assert_int_eq(blocks, 1);
    skr_view_end(view);
    skr_arena_release(&arena);
}
END_TEST

/* The container of format 1 keeps versions now: its object is archived as it is. */
static enum skr_status replace_old_object(struct skr_view *view, void *context, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_object object = {.kind = SKR_OBJECT_BLOCK, .etag = SKR_BYTES("e")};
    struct skr_version_place place;
    struct skr_container container;
    (void)context;
    enum skr_status status = skr_container_get(view, &arena, SKR_BYTES("acct"), SKR_BYTES("old"), &container, err);
    container.versioning = SKR_VERSIONING_ENABLED;
    if (status == SKR_OK)
        status = skr_container_update(view, SKR_BYTES("acct"), SKR_BYTES("old"), &container, err);
    ck_assert(container.versions_node != 0 && container.multiparts_node != 0);
    object.modified_ns = skr_view_tick(view);
    if (status == SKR_OK)
        status = skr_version_put(view, &container, SKR_BYTES("a/b"), &object, err);
    if (status == SKR_OK)
        status = skr_version_find(view, &arena, &container, SKR_BYTES("a/b"), 0, &object, &place, err);
    ck_assert(!place.is_current && object.modified_ns == 9 && place.number == skr_version_number(9));
    skr_arena_release(&arena);
    return status;
}

START_TEST(a_container_of_format_1_learns_to_keep_versions)
{
    ck_assert_int_eq(environment_change(&environment, make_old_folder, NULL), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, replace_old_object, NULL), SKR_OK);
}
END_TEST

/* ---- format 4: two documents of a container had one number ---- */

static enum skr_status keep_documents(struct skr_view *view, void *context, struct skr_error *err)
{
    const struct skr_container *container = context;
    return skr_container_update(
        view, SKR_BYTES("acct"), SKR_BYTES("box"),
        &(struct skr_container){
            .objects_node = box.objects_node,
            .uploads_node = box.uploads_node,
            .journal_node = box.journal_node,
            .etag = box.etag,
            .documents = {[SKR_DOCUMENT_UPSTREAM] = container->documents[SKR_DOCUMENT_UPSTREAM],
                          [SKR_DOCUMENT_FILE_ATTRIBUTES] = container->documents[SKR_DOCUMENT_FILE_ATTRIBUTES]}},
        err);
}

START_TEST(a_container_keeps_its_upstream_and_the_attributes_of_its_directory)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container = {
        .documents = {[SKR_DOCUMENT_UPSTREAM] = SKR_BYTES("17"), [SKR_DOCUMENT_FILE_ATTRIBUTES] = SKR_BYTES("m755")}};
    struct skr_encoder encoder = {.arena = &arena};
    struct skr_error error;
    struct skr_view *view;
    ck_assert_int_eq(environment_change(&environment, make_box, NULL), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, keep_documents, &container), SKR_OK);
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    ck_assert_int_eq(skr_container_get(view, &arena, SKR_BYTES("acct"), SKR_BYTES("box"), &container, &error), SKR_OK);
    ck_assert(skr_bytes_equal(container.documents[SKR_DOCUMENT_UPSTREAM], SKR_BYTES("17")));
    ck_assert(skr_bytes_equal(container.documents[SKR_DOCUMENT_FILE_ATTRIBUTES], SKR_BYTES("m755")));
    /* as format 4 wrote attributes */
    container.documents[SKR_DOCUMENT_UPSTREAM] = SKR_BYTES("m755");
    container.documents[SKR_DOCUMENT_FILE_ATTRIBUTES] = SKR_NO_BYTES;
    ck_assert(skr_container_encode(&encoder, &container));
    encoder.data[0] = 3;
    struct skr_container decoded;
    ck_assert_int_eq(skr_container_decode(&arena, encoded(&encoder), &decoded, &error), SKR_OK);
    ck_assert_ptr_null(decoded.documents[SKR_DOCUMENT_UPSTREAM].data);
    ck_assert(skr_bytes_equal(decoded.documents[SKR_DOCUMENT_FILE_ATTRIBUTES], SKR_BYTES("m755")));
    skr_view_end(view);
    skr_arena_release(&arena);
}
END_TEST

static void write_format(const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/format", environment.directory);
    FILE *file = fopen(path, "w");
    ck_assert(fputs(text, file) >= 0);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(a_folder_is_marked_when_it_is_opened_for_writing)
{
    char path[128], text[8] = "";
    struct skr_meta *meta;
    struct skr_error error;
    struct skr_meta_options options = {.directory = environment.directory, .max_readers = 2};
    snprintf(path, sizeof path, "%s/format", environment.directory);
    write_format("1\n");
    environment_reopen(&environment);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
    fclose(file);
    ck_assert_str_eq(text, "5\n");
    skr_meta_reader_close(environment.reader);
    skr_meta_close(environment.meta);
    write_format("6\n");
    ck_assert_int_eq(skr_meta_open(&meta, &options, &error), SKR_FORMAT_TOO_NEW);
    write_format("5\n");
    ck_assert_int_eq(skr_meta_open(&environment.meta, &options, &error), SKR_OK);
    ck_assert_int_eq(skr_meta_reader_open(environment.meta, &environment.reader, &error), SKR_OK);
}
END_TEST

/* ---- many uploads of one name ---- */

#define MANY 12000

static enum skr_status make_many_uploads(struct skr_view *view, void *context, struct skr_error *err)
{
    uint64_t *ids = context;
    struct skr_object draft = {.kind = SKR_OBJECT_BLOCK, .checksum = {.kind = SKR_CHECKSUM_SHA256}};
    enum skr_status status = SKR_OK;
    for (size_t i = 0; i < MANY && status == SKR_OK; i++) {
        struct skr_upload upload = {.kind = SKR_UPLOAD_MULTIPART};
        status = skr_upload_create(view, &box, SKR_BYTES("dir/one"), &upload, &draft, err);
        ids[i] = upload.id;
    }
    return status;
}

static enum skr_status remove_even_uploads(struct skr_view *view, void *context, struct skr_error *err)
{
    const uint64_t *ids = context;
    enum skr_status status = SKR_OK;
    for (size_t i = 0; i < MANY && status == SKR_OK; i += 2) {
        struct skr_upload upload;
        status = skr_upload_find(view, &box, SKR_BYTES("dir/one"), ids[i], &upload, err);
        if (status == SKR_OK)
            status = skr_upload_remove(view, &upload, 0, err);
    }
    return status;
}

START_TEST(a_name_has_as_many_uploads_as_it_takes)
{
    static uint64_t ids[MANY];
    struct skr_walk_options options = {.prefix = SKR_BYTES("dir/"), .numbered = true};
    struct skr_walk_entry entry;
    struct skr_upload upload;
    struct skr_walk *walk;
    struct skr_view *view;
    struct skr_error error;
    ck_assert_int_eq(environment_change(&environment, make_box, NULL), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, make_many_uploads, ids), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, remove_even_uploads, ids), SKR_OK);
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    ck_assert_int_eq(skr_walk_open(view, box.multiparts_node, &options, &walk, &error), SKR_OK);
    for (size_t i = 1; i < MANY; i += 2) {
        ck_assert_int_eq(skr_walk_next(walk, &entry, &error), SKR_OK);
        ck_assert(skr_bytes_equal(entry.key, SKR_BYTES("dir/one")) && entry.number == ids[i]);
        ck_assert_int_eq(skr_upload_decode(view, entry.record, &upload, &error), SKR_OK);
        ck_assert(upload.id == ids[i] && upload.draft.size > 0);
    }
    ck_assert_int_eq(skr_walk_next(walk, &entry, &error), SKR_NOT_FOUND);
    ck_assert_int_eq(skr_upload_get(view, &box, SKR_BYTES("dir/one"), &upload, &error), SKR_UPLOAD_NOT_FOUND);
    skr_walk_close(walk);
    skr_view_end(view);
}
END_TEST

/* ---- versions in the check ---- */

static enum skr_status put_version(struct skr_view *view, void *context, struct skr_error *err)
{
    uint64_t file_id = *(uint64_t *)context;
    struct skr_object object = {.kind = SKR_OBJECT_BLOCK, .etag = SKR_BYTES("e")};
    struct skr_extent extent = {file_id, 0, 100, 100};
    uint32_t crc = 1;
    box.versioning = SKR_VERSIONING_ENABLED;
    enum skr_status status = skr_file_record_create(view, file_id, err);
    if (status == SKR_OK)
        status = skr_checksums_put(view, file_id, 0, &crc, 1, err);
    if (status == SKR_OK)
        status = skr_content_create_extents(view, skr_meta_next_id(environment.meta), &extent, 1, &object.content, err);
    if (status == SKR_OK)
        status = skr_file_record_release(view, file_id, err);
    object.modified_ns = skr_view_tick(view);
    return status != SKR_OK ? status : skr_version_put(view, &box, SKR_BYTES("d/v"), &object, err);
}

static enum skr_status lose_file(struct skr_view *view, void *context, struct skr_error *err)
{
    uint64_t removed;
    enum skr_status status = skr_meta_drop_file(view, *(uint64_t *)context, &removed, err);
    ck_assert_uint_eq(removed, 1);
    return status;
}

static enum skr_status lose_current(struct skr_view *view, void *context, struct skr_error *err)
{
    (void)context;
    return skr_object_remove(view, box.objects_node, SKR_BYTES("d/v"), err);
}

static uint64_t current_file(void)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_object object;
    struct skr_error error;
    struct skr_view *view;
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    enum skr_status status = skr_object_get(view, &arena, box.objects_node, SKR_BYTES("d/v"), &object, &error);
    skr_view_end(view);
    skr_arena_release(&arena);
    return status == SKR_OK ? object.content.extent.file_id : 0;
}

START_TEST(the_newest_version_left_becomes_current)
{
    uint64_t files[] = {51, 52, 53, 54};
    struct skr_meta_check check;
    struct skr_meta_check_options options = {.repair = true};
    struct skr_error error;
    ck_assert_int_eq(environment_change(&environment, make_box, NULL), SKR_OK);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(environment_change(&environment, put_version, &files[i]), SKR_OK);
    ck_assert_int_eq(skr_meta_check_all(environment.meta, &(struct skr_meta_check_options){.repair = false}, &check, &error),
                     SKR_OK);
    ck_assert(check.objects == 1 && check.versions == 3 && check.problems == 0);
    ck_assert_int_eq(environment_change(&environment, lose_file, &files[1]), SKR_OK); /* not the newest */
    ck_assert_uint_eq(current_file(), 54);
    ck_assert_int_eq(environment_change(&environment, lose_file, &files[3]), SKR_OK);
    ck_assert_uint_eq(current_file(), 53);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    ck_assert_int_eq(environment_change(&environment, lose_current, NULL), SKR_OK);
    ck_assert_uint_eq(environment_problems(&environment), 1);
    ck_assert_int_eq(skr_meta_check_all(environment.meta, &options, &check, &error), SKR_OK);
    ck_assert_uint_eq(check.problems, 1);
    ck_assert_uint_eq(current_file(), 51);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("meta formats");
    TCase *cases = tcase_create("formats");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, records_of_format_1_are_read);
    tcase_add_test(cases, a_container_of_format_1_learns_to_keep_versions);
    tcase_add_test(cases, a_container_keeps_its_upstream_and_the_attributes_of_its_directory);
    tcase_add_test(cases, a_folder_is_marked_when_it_is_opened_for_writing);
    tcase_add_test(cases, a_name_has_as_many_uploads_as_it_takes);
    tcase_add_test(cases, the_newest_version_left_becomes_current);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
