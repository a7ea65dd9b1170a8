/* Listings of both kinds, and documents that are none. */
#include <check.h>

#include "harness.h"
#include "run.h"

static struct skr_reading reading;

static bool read_azure(const char *inner, const char *prefix)
{
    reading = (struct skr_reading){.arena = &arena};
    struct skr_bytes document = skr_arena_print(&arena,
                                                "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults "
                                                "ServiceEndpoint=\"x\">%s</EnumerationResults>",
                                                inner);
    return skr_azure_list_read(&arena, document, skr_text(prefix), &reading);
}

static bool read_s3(const char *inner)
{
    reading = (struct skr_reading){.arena = &arena};
    struct skr_bytes document = skr_arena_print(
        &arena, "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">%s</ListBucketResult>", inner);
    return skr_s3_list_read(&arena, document, SKR_BYTES("p/"), &reading);
}

static void release(void)
{
    skr_arena_release(&arena);
}

START_TEST(azure_entries)
{
    ck_assert(read_azure(
        "<Prefix>p/</Prefix><Blobs>"
        "<Blob><Name>p/a</Name><Properties><Creation-Time>Mon, 15 Jun 2026 11:00:00 GMT</Creation-Time>"
        "<Last-Modified>Mon, 15 Jun 2026 12:00:00 GMT</Last-Modified><Etag>0x1</Etag><Content-Length>12</Content-Length>"
        "<Content-Type>text/plain</Content-Type><Content-Encoding/><Content-MD5>XrY7u+Ae7tCTyyK7j1rNww==</Content-MD5>"
        "<BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier><Whatever><New>1</New></Whatever></Properties>"
        "<Metadata><one>1</one><Two>2</Two><three/><four>4</four><five>5</five></Metadata>"
        "<Tags><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tags></Blob>"
        "<Blob><Name>p/</Name><Properties/></Blob>"
        "<Blob><Name>p/dir</Name><Properties><ResourceType>directory</ResourceType></Properties></Blob>"
        "<Blob><Name "
        "Encoded=\"true\">p/%01%EF%BF%BE%2541</Name><Properties><Content-Length>0</Content-Length></Properties></Blob>"
        "<Blob><Name Encoded=\"false\">p/%41</Name></Blob>"
        "<BlobPrefix><Name>p/z/</Name></BlobPrefix></Blobs><NextMarker>more</NextMarker>",
        "p/"));
    ck_assert_uint_eq(reading.entry_count, 4);
    ck_assert(skr_bytes_equal(reading.next_marker, SKR_BYTES("more")));
    /* in byte order, whatever the service's */
    ck_assert(skr_bytes_equal(reading.entries[0].key, SKR_BYTES("\x01\xEF\xBF\xBE%41")));
    ck_assert(skr_bytes_equal(reading.entries[1].key, SKR_BYTES("%41")));
    ck_assert(reading.entries[3].is_prefix && skr_bytes_equal(reading.entries[3].key, SKR_BYTES("z/")));
    const struct skr_upstream_object *a = &reading.entries[2];
    ck_assert(skr_bytes_equal(a->key, SKR_BYTES("a")) && a->size_bytes == 12 && skr_bytes_equal(a->etag, SKR_BYTES("0x1")));
    ck_assert(a->modified_ns == INT64_C(1781524800000000000) && a->created_ns == INT64_C(1781521200000000000));
    ck_assert(a->has_md5 && a->properties[SKR_PROPERTY_CONTENT_ENCODING].data == NULL);
    ck_assert(skr_bytes_equal(a->properties[SKR_PROPERTY_CONTENT_TYPE], SKR_BYTES("text/plain")));
    ck_assert_uint_eq(a->metadata_count, 5);
    ck_assert(skr_bytes_equal(a->metadata[1].name, SKR_BYTES("Two")) && skr_bytes_equal(a->metadata[4].value, SKR_BYTES("5")));
    ck_assert(a->tag_count == 1 && skr_bytes_equal(a->tags[0].value, SKR_BYTES("v")));
}
END_TEST

START_TEST(azure_hostile)
{
    static const char *const bad[] = {
        "<Blobs><Blob/></Blobs>",
        "<Blobs><Blob><Properties><Content-Length>1</Content-Length></Properties></Blob></Blobs>",
        "<Blobs><Blob><Name>elsewhere</Name></Blob></Blobs>",
        "<Blobs><Blob><Name Encoded=\"true\">p/%</Name></Blob></Blobs>",
        "<Blobs><Blob><Name>p/a</Name><Properties><Content-Length>-1</Content-Length></Properties></Blob></Blobs>",
        ("<Blobs><Blob><Name>p/a</Name><Properties><Content-Length>18446744073709551616</Content-Length></Properties></Blob>"
         "</Blobs>"),
        "<Blobs><Blob><Name>p/a</Name><Properties><Last-Modified>now</Last-Modified></Properties></Blob></Blobs>",
        "<Blobs><Blob><Name>p/a</Name></Blob>",
        "<Blobs><Name>p/a</Name></Blobs><Blobs><Blob><Name><x>p/a</x></Name></Blob></Blobs>",
        "<a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a>",
        "<Blobs>&unknown;</Blobs>",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!read_azure(bad[i], "p/"), "%s", bad[i]);
    ck_assert(read_azure("<Blobs/><NextMarker/>", "") && reading.entry_count == 0 && reading.next_marker.size == 0);
    reading = (struct skr_reading){.arena = &arena};
    ck_assert(!skr_azure_list_read(&arena, SKR_BYTES(""), SKR_BYTES(""), &reading));
    ck_assert(!skr_azure_list_read(&arena, SKR_BYTES("<Other/>"), SKR_BYTES(""), &reading));
    ck_assert(!skr_azure_list_read(&arena,
                                   SKR_BYTES("<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b "
                                             "\"&a;&a;\">]><EnumerationResults><Blobs>&b;</Blobs></EnumerationResults>"),
                                   SKR_BYTES(""), &reading));
}
END_TEST

START_TEST(containers_and_buckets)
{
    static const char *const bad[] = {
        "<EnumerationResults><Containers><Container/></Containers></EnumerationResults>",
        ("<EnumerationResults><Containers><Container><Name>a</Name><Properties><Last-Modified>now</Last-Modified></Properties>"
         "</Container></Containers></EnumerationResults>"),
        "<EnumerationResults><Containers><Container><Name>a</Name></Containers></EnumerationResults>",
        "<ListAllMyBucketsResult><Buckets><Bucket><Name>a</Name></Bucket></Buckets></ListAllMyBucketsResult>",
    };
    ck_assert(skr_azure_containers_read(
        &arena,
        SKR_BYTES("<EnumerationResults><Containers><Container><Name>b</Name></Container><Container><Name>a</Name><Properties>"
                  "<Last-Modified>Sun, 06 Nov 1994 08:49:37 GMT</Last-Modified><Etag>\"1\"</Etag></Properties></Container>"
                  "</Containers><NextMarker>m</NextMarker></EnumerationResults>"),
        &reading));
    ck_assert(reading.entry_count == 2 && skr_bytes_equal(reading.next_marker, SKR_BYTES("m")));
    ck_assert(skr_bytes_equal(reading.entries[0].key, SKR_BYTES("a")) && reading.entries[0].modified_ns == 784111777000000000);
    reading = (struct skr_reading){.arena = &arena};
    ck_assert(skr_s3_buckets_read(
        &arena,
        SKR_BYTES("<ListAllMyBucketsResult><Owner><ID>o</ID></Owner><Buckets><Bucket><Name>b.c</Name><CreationDate>"
                  "2009-02-03T16:45:09.000Z</CreationDate></Bucket></Buckets><ContinuationToken>t</ContinuationToken>"
                  "</ListAllMyBucketsResult>"),
        &reading));
    ck_assert(reading.entry_count == 1 && skr_bytes_equal(reading.next_marker, SKR_BYTES("t")));
    ck_assert(skr_bytes_equal(reading.entries[0].key, SKR_BYTES("b.c")) && reading.entries[0].modified_ns > 0);
    for (size_t i = 0; i < COUNT(bad); i++) {
        reading = (struct skr_reading){.arena = &arena};
        ck_assert_msg(!skr_azure_containers_read(&arena, skr_text(bad[i]), &reading), "%s", bad[i]);
    }
}
END_TEST

START_TEST(pages_are_bounded)
{
    size_t count = 10001, used = 0;
    static const char entry[] = "<Blob><Name>p/a</Name></Blob>";
    char *many = malloc(count * sizeof entry + 64);
    ck_assert_ptr_nonnull(many);
    used += (size_t)sprintf(many, "<Blobs>");
    for (size_t i = 0; i < count; i++)
        used += (size_t)sprintf(many + used, "%s", entry);
    sprintf(many + used, "</Blobs>");
    ck_assert(!read_azure(many, "p/"));
    memcpy(many + used - strlen(entry), "</Blobs>", 9);
    ck_assert(read_azure(many, "p/") && reading.entry_count == 10000);
    free(many);
}
END_TEST

START_TEST(long_names_of_metadata)
{
    static char text[20000];
    memset(text, 'm', 8000);
    struct skr_bytes inner = skr_arena_print(
        &arena, "<Blobs><Blob><Name>p/a</Name><Metadata><%.8000s>v</%.8000s></Metadata></Blob></Blobs>", text, text);
    ck_assert(read_azure(inner.data, "p/") && reading.entries[0].metadata[0].name.size == 8000);
}
END_TEST

START_TEST(s3_entries)
{
    ck_assert(read_s3("<IsTruncated>true</IsTruncated><NextContinuationToken>1/a+b=</NextContinuationToken>"
                      "<EncodingType>url</EncodingType><Prefix>p%2F</Prefix>"
                      "<Contents><Key>p/a+b%2Bc%01</Key><LastModified>2026-06-15T12:00:00.000Z</LastModified>"
                      "<ETag>&quot;5eb6-2&quot;</ETag><Size>7</Size><StorageClass>STANDARD</StorageClass></Contents>"
                      "<Contents><Key>p/z</Key><Size>0</Size></Contents>"
                      "<CommonPrefixes><Prefix>p/m/</Prefix></CommonPrefixes>"));
    ck_assert_uint_eq(reading.entry_count, 3);
    ck_assert(skr_bytes_equal(reading.entries[0].key, SKR_BYTES("a b+c\x01")) && reading.entries[0].size_bytes == 7);
    ck_assert(skr_bytes_equal(reading.entries[0].etag, SKR_BYTES("5eb6-2")));
    ck_assert(reading.entries[0].modified_ns == INT64_C(1781524800000000000));
    ck_assert(reading.entries[1].is_prefix && skr_bytes_equal(reading.entries[1].key, SKR_BYTES("m/")));
    ck_assert(skr_bytes_equal(reading.next_marker, SKR_BYTES("1/a+b=")));
    ck_assert(read_s3("<IsTruncated>false</IsTruncated><NextContinuationToken>x</NextContinuationToken>"));
    ck_assert(reading.next_marker.size == 0);
    ck_assert(!read_s3("<IsTruncated>true</IsTruncated>"));
    ck_assert(!read_s3("<Contents><Key>q/a</Key></Contents>"));
    ck_assert(!read_s3("<Contents><Size>1</Size></Contents>"));
    ck_assert(!read_s3("<Contents><Key>p/%4</Key></Contents>"));
    ck_assert(!read_s3("<Contents><Key>p/a</Key><LastModified>yesterday</LastModified></Contents>"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upstream_lists");
    TCase *tests = tcase_create("lists");
    tcase_add_checked_fixture(tests, NULL, release);
    tcase_add_test(tests, azure_entries);
    tcase_add_test(tests, azure_hostile);
    tcase_add_test(tests, containers_and_buckets);
    tcase_add_test(tests, pages_are_bounded);
    tcase_add_test(tests, long_names_of_metadata);
    tcase_add_test(tests, s3_entries);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
