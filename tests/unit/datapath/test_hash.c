/* Digests against published values, in pieces, and every way to compute one against the slowest. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crc64.h"
#include "run.h"
#include "skerry/hash.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

START_TEST(crc32c_vectors)
{
    /* RFC 3720, appendix B.4 */
    unsigned char bytes[32];
    memset(bytes, 0, sizeof bytes);
    ck_assert_uint_eq(skr_crc32c(0, bytes, 32), 0x8A9136AAu);
    memset(bytes, 0xFF, sizeof bytes);
    ck_assert_uint_eq(skr_crc32c(0, bytes, 32), 0x62A8AB43u);
    for (unsigned i = 0; i < 32; i++)
        bytes[i] = (unsigned char)i;
    ck_assert_uint_eq(skr_crc32c(0, bytes, 32), 0x46DD794Eu);
    for (unsigned i = 0; i < 32; i++)
        bytes[i] = (unsigned char)(31 - i);
    ck_assert_uint_eq(skr_crc32c(0, bytes, 32), 0x113FDB5Cu);
    ck_assert_uint_eq(skr_crc32c(0, "123456789", 9), 0xE3069283u);
    ck_assert_uint_eq(skr_crc32c(0, NULL, 0), 0);
}
END_TEST

START_TEST(crc64_vectors)
{
    char zeros[4096] = {0}, text[] = "123456789";
    ck_assert_uint_eq(skr_crc64(0, text, 9), UINT64_C(0xAE8B14860A799888));
    ck_assert_uint_eq(skr_crc64(0, NULL, 0), 0);
    /* the NVM command set specification's examples for 4 KiB of data */
    ck_assert_uint_eq(skr_crc64(0, zeros, sizeof zeros), UINT64_C(0x6482D367EB22B64E));
    memset(zeros, 0xFF, sizeof zeros);
    ck_assert_uint_eq(skr_crc64(0, zeros, sizeof zeros), UINT64_C(0xC0DDBA7302ECA3AC));
}
END_TEST

static const struct {
    const char *text, *hex;
} md5_vectors[] = {
    /* RFC 1321, appendix A.5 */
    {"", "d41d8cd98f00b204e9800998ecf8427e"},
    {"a", "0cc175b9c0f1b6a831c399e269772661"},
    {"abc", "900150983cd24fb0d6963f7d28e17f72"},
    {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
    {"12345678901234567890123456789012345678901234567890123456789012345678901234567890", "57edf4a22be3c955ac49da2e2107b67a"},
};

START_TEST(md5_vectors_and_reuse)
{
    struct skr_error error;
    struct skr_md5 *md5;
    ck_assert_int_eq(skr_md5_open(&md5, &error), SKR_OK);
    for (size_t i = 0; i < COUNT(md5_vectors); i++) {
        uint8_t digest[SKR_MD5_SIZE];
        char hex[2 * SKR_MD5_SIZE + 1];
        size_t size = strlen(md5_vectors[i].text);
        skr_md5_update(md5, md5_vectors[i].text, size / 2);
        skr_md5_update(md5, md5_vectors[i].text + size / 2, size - size / 2);
        skr_md5_finish(md5, digest);
        for (size_t b = 0; b < sizeof digest; b++)
            sprintf(hex + 2 * b, "%02x", digest[b]);
        ck_assert_str_eq(hex, md5_vectors[i].hex);
    }
    skr_md5_close(md5);
}
END_TEST

static unsigned char noise[70000 + 64];

static void make_noise(void)
{
    srand(4711);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (unsigned char)(rand() >> 7);
}

/* Bit by bit, as the polynomial is defined. */
static uint64_t crc64_by_definition(const unsigned char *bytes, size_t size)
{
    uint64_t state = ~UINT64_C(0);
    for (size_t i = 0; i < size; i++) {
        state ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            state = state >> 1 ^ (state & 1 ? UINT64_C(0x9A6C9329AC4BC9B5) : 0);
    }
    return ~state;
}

START_TEST(all_ways_to_a_crc64_agree)
{
    struct skr_crc64_way ways[SKR_CRC64_WAYS];
    size_t count = skr_crc64_ways(ways);
    ck_assert_uint_ge(count, 1);
    make_noise();
    for (int i = 0; i < 3000; i++) {
        size_t size = i < 1200 ? (size_t)i : (size_t)rand() % 70000, offset = (size_t)rand() % 64;
        uint64_t state = (uint64_t)rand() << 40 ^ (uint64_t)rand() << 11 ^ (uint64_t)rand();
        uint64_t expected = ways[0].update(state, noise + offset, size);
        for (size_t w = 1; w < count; w++)
            ck_assert_msg(ways[w].update(state, noise + offset, size) == expected, "%s differs: %zu bytes at %zu", ways[w].name,
                          size, offset);
        if (i % 100 == 0)
            ck_assert_uint_eq(skr_crc64(0, noise + offset, size), crc64_by_definition(noise + offset, size));
    }
    printf("ways to a CRC64 on this CPU: %zu, in use: %s\n", count, ways[count - 1].name);
}
END_TEST

START_TEST(pieces_give_the_same_as_the_whole)
{
    make_noise();
    for (int i = 0; i < 500; i++) {
        size_t size = (size_t)rand() % 70000, at = 0;
        uint64_t crc64 = 0;
        uint32_t crc32c = 0;
        while (at < size) {
            size_t piece = (size_t)rand() % 3000 + 1;
            piece = piece < size - at ? piece : size - at;
            crc64 = skr_crc64(crc64, noise + at, piece);
            crc32c = skr_crc32c(crc32c, noise + at, piece);
            at += piece;
        }
        ck_assert_uint_eq(crc64, skr_crc64(0, noise, size));
        ck_assert_uint_eq(crc32c, skr_crc32c(0, noise, size));
    }
}
END_TEST

START_TEST(many_md5s_are_those_of_each)
{
    make_noise();
    for (int i = 0; i < 400; i++) {
        struct skr_md5_piece pieces[30];
        uint8_t digests[30][SKR_MD5_SIZE], expected[SKR_MD5_SIZE];
        size_t count = (size_t)rand() % 31;
        for (size_t j = 0; j < count; j++) {
            size_t most = rand() % 3 == 0 ? 200 : 9000;
            pieces[j] = (struct skr_md5_piece){noise + rand() % 64, i % 4 == 0 ? 4096 : (size_t)rand() % most, digests[j]};
        }
        skr_md5_of_many(pieces, count);
        for (size_t j = 0; j < count; j++) {
            skr_md5_of(pieces[j].data, pieces[j].size, expected);
            ck_assert_msg(memcmp(expected, digests[j], sizeof expected) == 0, "piece %zu of %zu, %zu bytes", j, count,
                          pieces[j].size);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hash");
    TCase *cases = tcase_create("hash");
    tcase_add_test(cases, crc32c_vectors);
    tcase_add_test(cases, crc64_vectors);
    tcase_add_test(cases, md5_vectors_and_reuse);
    tcase_add_test(cases, many_md5s_are_those_of_each);
    tcase_add_test(cases, all_ways_to_a_crc64_agree);
    tcase_add_test(cases, pieces_give_the_same_as_the_whole);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
