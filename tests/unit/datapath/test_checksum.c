/* Checksums against published values, against each other over pieces, and combined out of parts. */
#include <check.h>
#include <stdio.h>

#include "run.h"
#include "skerry/hash.h"

static struct skr_checksum checksum_of(enum skr_checksum_kind kind, const void *data, size_t size)
{
    struct skr_checksummer *checksummer;
    struct skr_checksum out;
    struct skr_error error;
    ck_assert_int_eq(skr_checksummer_open(&checksummer, kind, &error), SKR_OK);
    skr_checksummer_update(checksummer, data, size);
    skr_checksummer_finish(checksummer, &out);
    skr_checksummer_close(checksummer);
    return out;
}

static void expect_hex(const struct skr_checksum *checksum, const char *expected)
{
    char text[2 * SKR_CHECKSUM_MAX_BYTES + 1] = "";
    for (size_t i = 0; i < skr_checksum_size(checksum->kind); i++)
        snprintf(text + 2 * i, 3, "%02x", checksum->bytes[i]);
    ck_assert_str_eq(text, expected);
}

static bool same(const struct skr_checksum *a, const struct skr_checksum *b)
{
    return a->kind == b->kind && memcmp(a->bytes, b->bytes, skr_checksum_size(a->kind)) == 0;
}

static const struct {
    enum skr_checksum_kind kind;
    const char *text, *expected;
} vectors[] = {
    {SKR_CHECKSUM_CRC32, "", "00000000"},
    {SKR_CHECKSUM_CRC32, "123456789", "cbf43926"},
    {SKR_CHECKSUM_CRC32C, "", "00000000"},
    {SKR_CHECKSUM_CRC32C, "123456789", "e3069283"},
    {SKR_CHECKSUM_CRC64NVME, "", "0000000000000000"},
    {SKR_CHECKSUM_CRC64NVME, "123456789", "ae8b14860a799888"},
    {SKR_CHECKSUM_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {SKR_CHECKSUM_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {SKR_CHECKSUM_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {SKR_CHECKSUM_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
};

START_TEST(published_values)
{
    struct skr_checksum found = checksum_of(vectors[_i].kind, vectors[_i].text, strlen(vectors[_i].text));
    expect_hex(&found, vectors[_i].expected);
}
END_TEST

static unsigned char bytes[300000];

static void fill(void)
{
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (unsigned char)(state >> 24);
    }
}

START_TEST(pieces_give_the_same_and_a_checksummer_begins_anew)
{
    struct skr_checksummer *checksummer;
    struct skr_error error;
    enum skr_checksum_kind kind = (enum skr_checksum_kind)_i;
    struct skr_checksum whole = checksum_of(kind, bytes, sizeof bytes), found;
    ck_assert_int_eq(skr_checksummer_open(&checksummer, kind, &error), SKR_OK);
    for (int round = 0; round < 2; round++) {
        for (size_t at = 0, size = 0; at < sizeof bytes; at += size, size = (size * 7 + 1) % 5001) {
            if (size > sizeof bytes - at)
                size = sizeof bytes - at;
            skr_checksummer_update(checksummer, bytes + at, size);
        }
        skr_checksummer_finish(checksummer, &found);
        ck_assert(same(&found, &whole));
    }
    skr_checksummer_close(checksummer);
}
END_TEST

START_TEST(parts_combine_to_the_whole)
{
    static const size_t sizes[] = {0, 1, 7, 65536, 0, 100001, 3, 134452};
    enum skr_checksum_kind kind = (enum skr_checksum_kind)_i;
    struct skr_checksum combined = {.kind = SKR_CHECKSUM_NONE};
    size_t at = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct skr_checksum part = checksum_of(kind, bytes + at, sizes[i]);
        ck_assert(skr_checksum_combine(&combined, &part, sizes[i]));
        at += sizes[i];
        struct skr_checksum whole = checksum_of(kind, bytes, at);
        ck_assert(same(&combined, &whole));
    }
    ck_assert_uint_eq(at, sizeof bytes);
}
END_TEST

START_TEST(what_cannot_be_combined)
{
    struct skr_checksum crc32 = checksum_of(SKR_CHECKSUM_CRC32, "a", 1), crc32c = checksum_of(SKR_CHECKSUM_CRC32C, "b", 1);
    struct skr_checksum sha = checksum_of(SKR_CHECKSUM_SHA256, "c", 1), none = {.kind = SKR_CHECKSUM_NONE};
    struct skr_checksum before = crc32;
    ck_assert(!skr_checksum_combine(&crc32, &crc32c, 1));
    ck_assert(!skr_checksum_combine(&crc32, &sha, 1));
    ck_assert(!skr_checksum_combine(&crc32, &none, 0));
    ck_assert(!skr_checksum_combine(&none, &sha, 1));
    ck_assert(same(&crc32, &before));
    struct skr_checksummer *checksummer;
    struct skr_error error;
    ck_assert_int_eq(skr_checksummer_open(&checksummer, SKR_CHECKSUM_NONE, &error), SKR_INVALID_ARGUMENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("datapath checksums");
    TCase *cases = tcase_create("checksums");
    fill();
    tcase_add_loop_test(cases, published_values, 0, sizeof vectors / sizeof *vectors);
    tcase_add_loop_test(cases, pieces_give_the_same_and_a_checksummer_begins_anew, SKR_CHECKSUM_CRC32, SKR_CHECKSUM_KIND_COUNT);
    tcase_add_loop_test(cases, parts_combine_to_the_whole, SKR_CHECKSUM_CRC32, SKR_CHECKSUM_CRC64NVME + 1);
    tcase_add_test(cases, what_cannot_be_combined);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
