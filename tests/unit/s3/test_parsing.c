/* What S3's requests say in texts and documents: ids, sources of copies, ranges, tags, lists of parts, access control lists;
 * and errors. */
#include <check.h>
#include <stdio.h>

#include "acl.h"
#include "bucket_documents.h"
#include "cors.h"
#include "deletion_list.h"
#include "objects.h"
#include "public_access.h"
#include "run.h"
#include "tags.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

START_TEST(ids)
{
    static const char *const bad[] = {"",
                                      "null ",
                                      "NULL",
                                      "0",
                                      "00000000000000010000000000000001",
                                      "0000000000000000ffffffffffffffff",
                                      "0000000000000001fffffffffffffffe0",
                                      "000000000000000gfffffffffffffffe"};
    struct skr_arena arena = {0};
    struct skr_version version;
    uint64_t upload;
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_msg(!skr_s3_version_parse(skr_text(bad[i]), &version), "version '%s'", bad[i]);
        ck_assert_msg(!skr_s3_upload_id_parse(skr_text(bad[i]), &upload), "upload '%s'", bad[i]);
    }
    ck_assert(skr_s3_version_parse(SKR_BYTES("null"), &version) && version.is_given && version.ns == 0);
    ck_assert(!skr_s3_upload_id_parse(SKR_BYTES("null"), &upload));
    for (int64_t ns = 1; ns > 0 && ns < INT64_MAX / 5; ns *= 5) {
        ck_assert(skr_s3_version_parse(skr_s3_version_text(&arena, ns), &version) && version.ns == ns);
        ck_assert(skr_s3_upload_id_parse(skr_s3_upload_id_text(&arena, (uint64_t)ns), &upload) && upload == (uint64_t)ns);
    }
    skr_arena_release(&arena);
}
END_TEST

START_TEST(checksums)
{
    struct skr_arena arena = {0};
    struct skr_checksum checksum;
    ck_assert_int_eq(skr_s3_checksum_kind(SKR_BYTES("crc64nvme")), SKR_CHECKSUM_CRC64NVME);
    ck_assert_int_eq(skr_s3_checksum_kind(SKR_BYTES("CRC")), SKR_CHECKSUM_NONE);
    ck_assert_int_eq(skr_s3_checksum_kind(SKR_BYTES("")), SKR_CHECKSUM_NONE);
    ck_assert(skr_s3_checksum_parse(SKR_CHECKSUM_CRC32, SKR_BYTES("AAECAw=="), &checksum));
    ck_assert_mem_eq(checksum.bytes, "\0\1\2\3", 4);
    ck_assert(skr_bytes_equal(skr_s3_checksum_text(&arena, &checksum, SKR_CHECKSUM_FULL_OBJECT, 3), SKR_BYTES("AAECAw==")));
    ck_assert(skr_bytes_equal(skr_s3_checksum_text(&arena, &checksum, SKR_CHECKSUM_COMPOSITE, 3), SKR_BYTES("AAECAw==-3")));
    ck_assert(!skr_s3_checksum_parse(SKR_CHECKSUM_CRC32, SKR_BYTES("AAECAw==-3"), &checksum));
    ck_assert(!skr_s3_checksum_parse(SKR_CHECKSUM_CRC32, SKR_BYTES("AAEC"), &checksum));
    ck_assert(!skr_s3_checksum_parse(SKR_CHECKSUM_CRC32, SKR_NO_BYTES, &checksum));
    ck_assert(!skr_s3_checksum_parse(SKR_CHECKSUM_SHA256, SKR_BYTES("AAECAw=="), &checksum));
    skr_arena_release(&arena);
}
END_TEST

START_TEST(copy_sources)
{
    static const struct {
        const char *text, *bucket, *key;
        int64_t version; /* -1: none */
    } good[] = {{"b/k", "b", "k", -1},
                {"/b/k", "b", "k", -1},
                {"b/k/l//m", "b", "k/l//m", -1},
                {"b//k", "b", "/k", -1},
                {"/b%2Fa%20b+c%3FversionId%3Dx", "b", "a b+c?versionId=x", -1},
                {"b/k?versionId=null", "b", "k", 0},
                {"%2Fb%2Fk?versionId=0000000000000007fffffffffffffff8", "b", "k", 7},
                {"b/a?b", "b", "a?b", -1}};
    static const char *const bad[] = {"",
                                      "/",
                                      "b",
                                      "b/",
                                      "/b/",
                                      "//k",
                                      "b/%",
                                      "b/%0",
                                      "b/%zz",
                                      "b/%ff",
                                      "b/a%00b",
                                      "b/k?versionId=",
                                      "b/k?versionId=7",
                                      "b/k?versionId=null&x=y"};
    struct skr_arena arena = {0};
    struct skr_object_name name;
    char long_key[SKR_S3_MAX_KEY_BYTES + 4];
    for (size_t i = 0; i < COUNT(good); i++) {
        ck_assert_msg(skr_s3_copy_source_parse(&arena, skr_text(good[i].text), &name) == SKR_OK, "'%s'", good[i].text);
        ck_assert(skr_bytes_equal(name.container, skr_text(good[i].bucket)) &&
                  skr_bytes_equal(name.key, skr_text(good[i].key)));
        ck_assert_int_eq(name.version.is_given, good[i].version >= 0);
        ck_assert(!name.version.is_given || name.version.ns == good[i].version);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(skr_s3_copy_source_parse(&arena, skr_text(bad[i]), &name) == SKR_INVALID_ARGUMENT, "'%s'", bad[i]);
    memset(long_key, 'k', sizeof long_key);
    memcpy(long_key, "b/", 2);
    ck_assert(skr_s3_copy_source_parse(&arena, (struct skr_bytes){long_key, SKR_S3_MAX_KEY_BYTES + 2}, &name) == SKR_OK);
    ck_assert(skr_s3_copy_source_parse(&arena, (struct skr_bytes){long_key, SKR_S3_MAX_KEY_BYTES + 3}, &name) ==
              SKR_INVALID_ARGUMENT);
    skr_arena_release(&arena);
}
END_TEST

START_TEST(copy_ranges)
{
    static const char *const bad[] = {"",
                                      "bytes=",
                                      "bytes=-1",
                                      "bytes=1-",
                                      "bytes=2-1",
                                      "bytes=0-1,2-3",
                                      "0-1",
                                      "Bytes=0-1",
                                      "bytes= 0-1",
                                      "bytes=0-x",
                                      "bytes=0-18446744073709551615",
                                      "bytes=0-18446744073709551616"};
    uint64_t offset, length;
    ck_assert(skr_s3_copy_range_parse(SKR_BYTES("bytes=0-0"), &offset, &length) && offset == 0 && length == 1);
    ck_assert(skr_s3_copy_range_parse(SKR_BYTES("bytes=5-9"), &offset, &length) && offset == 5 && length == 5);
    ck_assert(skr_s3_copy_range_parse(SKR_BYTES("bytes=1-18446744073709551615"), &offset, &length) && length == UINT64_MAX);
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!skr_s3_copy_range_parse(skr_text(bad[i]), &offset, &length), "'%s'", bad[i]);
}
END_TEST

/* ---- tags ---- */

static const struct skr_tag_rules skr_three_tags = {.most = 3, .any_script = true, .signs = " +-=._:/@", .reserved = "aws:"};

static enum skr_tags_problem skr_query_tags(struct skr_arena *arena, const char *text, struct skr_tags *tags)
{
    return skr_tags_parse_query(arena, skr_text(text), &skr_three_tags, tags);
}

START_TEST(tags_in_a_header)
{
    struct skr_arena arena = {0};
    struct skr_tags tags;
    char text[600];
    ck_assert_int_eq(skr_query_tags(&arena, "", &tags), SKR_TAGS_FINE);
    ck_assert_uint_eq(tags.count, 0);
    ck_assert_int_eq(skr_query_tags(&arena, "a=1&b+c=%C3%BC%2B&d", &tags), SKR_TAGS_FINE);
    ck_assert_uint_eq(tags.count, 3);
    ck_assert(skr_bytes_equal(tags.pairs[1].name, SKR_BYTES("b c")) &&
              skr_bytes_equal(tags.pairs[1].value, SKR_BYTES("\xc3\xbc+")));
    ck_assert(skr_bytes_equal(tags.pairs[2].name, SKR_BYTES("d")) && tags.pairs[2].value.size == 0);
    ck_assert_int_eq(skr_query_tags(&arena, "a&b&c&d", &tags), SKR_TAGS_TOO_MANY);
    ck_assert_int_eq(skr_query_tags(&arena, "a=1&a=2", &tags), SKR_TAGS_KEY_TWICE);
    ck_assert_int_eq(skr_query_tags(&arena, "a=%zz", &tags), SKR_TAGS_MALFORMED);
    ck_assert_int_eq(skr_query_tags(&arena, "=1", &tags), SKR_TAGS_KEY_EMPTY);
    ck_assert_int_eq(skr_query_tags(&arena, "a%00b=1", &tags), SKR_TAGS_KEY_LETTERS);
    ck_assert_int_eq(skr_query_tags(&arena, "a=%ff", &tags), SKR_TAGS_VALUE_LETTERS);
    ck_assert_int_eq(skr_query_tags(&arena, "a=%EF%BF%BF", &tags), SKR_TAGS_VALUE_LETTERS); /* no document could show it */
    ck_assert_int_eq(skr_query_tags(&arena, "a%EF%BF%BE=1", &tags), SKR_TAGS_KEY_LETTERS);
    ck_assert_int_eq(skr_query_tags(&arena, "a=b=c", &tags), SKR_TAGS_FINE);
    ck_assert_int_eq(skr_query_tags(&arena, "aWs:a=1", &tags), SKR_TAGS_KEY_RESERVED);
    for (int extra = 0; extra <= 1; extra++) { /* characters count, not bytes */
        size_t size = 0;
        for (int i = 0; i < 128 + extra; i++)
            size += (size_t)snprintf(text + size, sizeof text - size, "\xc3\xbc");
        ck_assert_int_eq(skr_query_tags(&arena, text, &tags), extra ? SKR_TAGS_KEY_LONG : SKR_TAGS_FINE);
    }
    skr_arena_release(&arena);
}
END_TEST

START_TEST(tags_in_a_document)
{
    static const struct {
        const char *document;
        enum skr_tags_problem problem;
        size_t count;
    } cases[] = {
        {"<Tagging><TagSet/></Tagging>", SKR_TAGS_FINE, 0},
        {"<Tagging xmlns='x'><TagSet><Tag><Value>v</Value><Key>k</Key></Tag></TagSet></Tagging>", SKR_TAGS_FINE, 1},
        {"<Tagging><TagSet><Tag><Key>k</Key><Value/></Tag><Tag><Key>l</Key><Value/></Tag></TagSet></Tagging>", SKR_TAGS_FINE,
         2},
        {"<Tagging/>", SKR_TAGS_MALFORMED, 0},
        {"", SKR_TAGS_MALFORMED, 0},
        {"<TagSet/>", SKR_TAGS_MALFORMED, 0},
        {"<Tagging><TagSet><Tag/></TagSet></Tagging>", SKR_TAGS_MALFORMED, 0},
        {"<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>", SKR_TAGS_MALFORMED, 0},
        {"<Tagging><TagSet><Tag><Key>k</Key><Key>k</Key><Value/></Tag></TagSet></Tagging>", SKR_TAGS_MALFORMED, 0},
        {"<Tagging><TagSet><Tag><Key>k</Key><Value/><Other/></Tag></TagSet></Tagging>", SKR_TAGS_MALFORMED, 0},
        {"<Tagging><TagSet><Tag><Key><b/></Key><Value/></Tag></TagSet></Tagging>", SKR_TAGS_MALFORMED, 0},
        {"<Tagging><TagSet><Tag><Key></Key><Value/></Tag></TagSet></Tagging>", SKR_TAGS_KEY_EMPTY, 0},
        {"<Tagging><TagSet><Tag><Key>k</Key><Value>&lt;</Value></Tag></TagSet></Tagging>", SKR_TAGS_VALUE_LETTERS, 0},
        {"<Tagging><TagSet><Tag><Key>k</Key><Value/></Tag><Tag><Key>k</Key><Value/></Tag></TagSet></Tagging>",
         SKR_TAGS_KEY_TWICE, 0},
    };
    struct skr_arena arena = {0};
    struct skr_tags tags;
    for (size_t i = 0; i < COUNT(cases); i++) {
        ck_assert_msg(skr_tags_parse_xml(&arena, skr_text(cases[i].document), "Tagging", &skr_three_tags, &tags) ==
                          cases[i].problem,
                      "%s", cases[i].document);
        ck_assert(cases[i].problem != SKR_TAGS_FINE || tags.count == cases[i].count);
    }
    skr_arena_release(&arena);
}
END_TEST

/* ---- parts ---- */

#define PART(number, rest) "<Part><PartNumber>" number "</PartNumber>" rest "</Part>"
#define LIST(parts)                                                                                                            \
    "<CompleteMultipartUpload xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>" parts "</CompleteMultipartUpload>"
#define ETAG "<ETag>&quot;000102030405060708090a0b0c0d0e0f&quot;</ETag>"

START_TEST(part_lists)
{
    static const struct {
        const char *document;
        int problem;
    } bad[] = {
        {LIST(""), SKR_S3_PARTS_MALFORMED},
        {"", SKR_S3_PARTS_MALFORMED},
        {LIST("<Part/>"), SKR_S3_PARTS_MALFORMED},
        {LIST(PART("1", "")), SKR_S3_PARTS_MALFORMED},
        {LIST("<Part>" ETAG "</Part>"), SKR_S3_PARTS_MALFORMED},
        {LIST(PART("1", ETAG ETAG)), SKR_S3_PARTS_MALFORMED},
        {LIST(PART("1", ETAG "<Size>1</Size>")), SKR_S3_PARTS_MALFORMED},
        {LIST(PART("1", ETAG "<ChecksumCRC32>nonsense</ChecksumCRC32>")), SKR_S3_PARTS_MALFORMED},
        {LIST(PART("1", ETAG "<ChecksumCRC16>AAA=</ChecksumCRC16>")), SKR_S3_PARTS_MALFORMED},
        {LIST(PART("x", ETAG)), SKR_S3_PARTS_MALFORMED},
        {LIST("<Other/>"), SKR_S3_PARTS_MALFORMED},
        {"<Other>" PART("1", ETAG) "</Other>", SKR_S3_PARTS_MALFORMED},
        {LIST(PART("0", ETAG)), SKR_S3_PARTS_NUMBER},
        {LIST(PART("10001", ETAG)), SKR_S3_PARTS_NUMBER},
        {LIST(PART("2", ETAG) PART("1", ETAG)), SKR_S3_PARTS_ORDER},
        {LIST(PART("2", ETAG) PART("2", ETAG)), SKR_S3_PARTS_ORDER},
    };
    struct skr_s3_part_list list;
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_msg(!skr_s3_part_list_parse(skr_text(bad[i].document), &list), "%s", bad[i].document);
        ck_assert_msg((int)list.problem == bad[i].problem, "%s: %d", bad[i].document, (int)list.problem);
        free(list.parts);
    }
    ck_assert(skr_s3_part_list_parse(
        SKR_BYTES(LIST(PART("1", ETAG) "\n" PART("10000", "<ETag> nonsense </ETag><ChecksumCRC32>AAECAw==</ChecksumCRC32>"))),
        &list));
    ck_assert_uint_eq(list.count, 2);
    ck_assert(list.parts[0].number == 1 && list.parts[0].has_md5 && list.parts[0].md5[15] == 15 &&
              list.parts[0].checksum.kind == SKR_CHECKSUM_NONE);
    ck_assert(list.parts[1].number == 10000 && !list.parts[1].has_md5 && list.parts[1].checksum.kind == SKR_CHECKSUM_CRC32);
    free(list.parts);
}
END_TEST

START_TEST(part_lists_have_an_end)
{
    struct skr_s3_part_list list;
    size_t capacity = 10001 * 120, size = 0;
    char *document = malloc(capacity);
    size += (size_t)snprintf(document, capacity, "<CompleteMultipartUpload>");
    for (unsigned i = 1; i <= 10000; i++)
        size += (size_t)snprintf(document + size, capacity - size, "<Part><PartNumber>%u</PartNumber><ETag>x</ETag></Part>", i);
    size_t end = size;
    size += (size_t)snprintf(document + size, capacity - size, "</CompleteMultipartUpload>");
    ck_assert(skr_s3_part_list_parse((struct skr_bytes){document, size}, &list) && list.count == 10000);
    free(list.parts);
    size = end + (size_t)snprintf(document + end, capacity - end, "<Part></Part></CompleteMultipartUpload>");
    ck_assert(!skr_s3_part_list_parse((struct skr_bytes){document, size}, &list));
    free(list.parts);
    free(document);
}
END_TEST

/* ---- access control lists ---- */

START_TEST(canned_lists_come_back)
{
    static const char *const names[] = {"public-read", "public-read-write", "authenticated-read"};
    struct skr_bytes canned = SKR_BYTES("?");
    struct skr_xml xml;
    skr_s3_acl_render(&xml, SKR_BYTES("me"), SKR_NO_BYTES);
    ck_assert_int_eq(skr_s3_acl_parse(skr_xml_bytes(&xml), SKR_BYTES("me"), &canned), SKR_OK);
    ck_assert(canned.data == NULL);
    ck_assert_int_eq(skr_s3_acl_parse(skr_xml_bytes(&xml), SKR_BYTES("you"), &canned), SKR_FORBIDDEN);
    skr_xml_close(&xml);
    for (size_t i = 0; i < COUNT(names); i++) {
        ck_assert(skr_s3_acl_is_canned(skr_text(names[i])));
        skr_s3_acl_render(&xml, SKR_BYTES("me"), skr_text(names[i]));
        ck_assert_int_eq(skr_s3_acl_parse(skr_xml_bytes(&xml), SKR_BYTES("me"), &canned), SKR_OK);
        ck_assert(skr_bytes_equal(canned, skr_text(names[i])));
        skr_xml_close(&xml);
    }
    ck_assert(!skr_s3_acl_is_canned(SKR_BYTES("")) && !skr_s3_acl_is_canned(SKR_BYTES("log-delivery-write")));
}
END_TEST

#define ACL(grants)                                                                                                            \
    "<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList>" grants "</AccessControlList></AccessControlPolicy>"
#define GRANT(grantee, permission) "<Grant><Grantee>" grantee "</Grantee><Permission>" permission "</Permission></Grant>"
#define ALL "<URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>"

START_TEST(other_lists_do_not)
{
    static const struct {
        const char *document;
        enum skr_status status;
    } cases[] = {
        {ACL(""), SKR_UNSUPPORTED},
        {ACL(GRANT(ALL, "READ")), SKR_UNSUPPORTED},
        {ACL(GRANT("<ID>me</ID>", "FULL_CONTROL") GRANT(ALL, "WRITE")), SKR_UNSUPPORTED},
        {ACL(GRANT("<ID>me</ID>", "FULL_CONTROL") GRANT(ALL, "READ_ACP")), SKR_UNSUPPORTED},
        {ACL(GRANT("<ID>me</ID>", "FULL_CONTROL") GRANT(ALL, "FULL_CONTROL")), SKR_UNSUPPORTED},
        {ACL(GRANT("<ID>me</ID>", "READ")), SKR_UNSUPPORTED},
        {ACL(GRANT("<ID>me</ID>" ALL, "READ")), SKR_INVALID_ARGUMENT},
        {ACL(GRANT("<ID>me</ID>", "")), SKR_INVALID_ARGUMENT},
        {ACL(GRANT("<Name>me</Name>", "READ")), SKR_INVALID_ARGUMENT},
        {ACL("<Grant/>"), SKR_INVALID_ARGUMENT},
        {ACL("<Grant><Grantee><ID>me</ID></Grantee></Grant>"), SKR_INVALID_ARGUMENT},
        {"<AccessControlPolicy><AccessControlList/></AccessControlPolicy>", SKR_INVALID_ARGUMENT},
        {"<AccessControlPolicy><Owner><ID>me</ID></Owner></AccessControlPolicy>", SKR_INVALID_ARGUMENT},
        {"<Policy/>", SKR_INVALID_ARGUMENT},
        {"", SKR_INVALID_ARGUMENT},
    };
    struct skr_bytes canned;
    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_msg(skr_s3_acl_parse(skr_text(cases[i].document), SKR_BYTES("me"), &canned) == cases[i].status, "%s",
                      cases[i].document);
}
END_TEST

START_TEST(lists_of_deletions)
{
    static const struct {
        const char *document;
        size_t count; /* 0: refused */
    } cases[] = {
        {"<Delete><Object><Key>a</Key></Object></Delete>", 1},
        {"<Delete><Quiet>true</Quiet><Object><Key> "
         "</Key><VersionId>null</VersionId></Object><Object><Key>b</Key></Object></Delete>",
         2},
        {"<Delete><Object>x</Object></Delete>", 0}, /* it never began */
        {"<Delete><Object/></Delete>", 0},
        {"<Delete><Object><Key>a</Key></Object><Object>x</Object></Delete>", 0},
        {"<Delete><Object><Key>a</Key></Object><Object/></Delete>", 0},
        {"<Delete><Object><VersionId>null</VersionId></Object></Delete>", 0},
        {"<Delete><Object><Key/></Object></Delete>", 0},
        {"<Delete><Key>a</Key></Delete>", 0},
        {"<Delete><Object><Key>a</Key><Other>b</Other></Object></Delete>", 0},
        {"<Delete/>", 0},
        {"<Remove><Object><Key>a</Key></Object></Remove>", 0},
        {"", 0},
    };
    struct skr_arena arena = {0};
    struct skr_s3_deletion_list *list = skr_arena_alloc(&arena, sizeof *list);
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool taken = skr_s3_deletion_list_parse(&arena, skr_text(cases[i].document), list);
        ck_assert_msg(taken == (cases[i].count > 0) && (!taken || list->count == cases[i].count), "%s", cases[i].document);
    }
    skr_arena_release(&arena);
}
END_TEST

START_TEST(documents_of_buckets)
{
    struct skr_arena arena = {0};
    struct skr_s3_versioning_request versioning;
    struct skr_s3_cors *cors;
    struct skr_bytes location;
    bool unsupported;
    ck_assert(
        skr_s3_creation_parse(
            &arena,
            SKR_BYTES("<CreateBucketConfiguration><LocationConstraint>eu</LocationConstraint></CreateBucketConfiguration>"),
            &location, &unsupported) &&
        !unsupported);
    ck_assert(skr_bytes_equal(location, SKR_BYTES("eu")));
    ck_assert(skr_s3_creation_parse(&arena, SKR_BYTES("<CreateBucketConfiguration/>"), &location, &unsupported) &&
              location.size == 0);
    ck_assert(!skr_s3_creation_parse(&arena, SKR_BYTES("<CreateBucketConfigurations/>"), &location, &unsupported));
    ck_assert(skr_s3_creation_parse(&arena, SKR_BYTES("<CreateBucketConfiguration><Tags/></CreateBucketConfiguration>"),
                                    &location, &unsupported) &&
              unsupported);
    ck_assert(skr_s3_versioning_parse(
        SKR_BYTES("<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"), &versioning));
    ck_assert_int_eq(versioning.versioning, SKR_VERSIONING_SUSPENDED);
    ck_assert(!skr_s3_versioning_parse(SKR_BYTES("<VersioningConfiguration><Status>On</Status></VersioningConfiguration>"),
                                       &versioning));
    ck_assert(!skr_s3_versioning_parse(SKR_BYTES("<VersioningConfigurations/>"), &versioning));
    ck_assert(!skr_s3_cors_parse(&arena, SKR_BYTES("<CORSConfiguration><CORSRule>x</CORSRule></CORSConfiguration>"), &cors));
    skr_arena_release(&arena);
}
END_TEST

#define BLOCK(inner) "<PublicAccessBlockConfiguration>" inner "</PublicAccessBlockConfiguration>"
#define RULE(value) "<Rule><ObjectOwnership>" value "</ObjectOwnership></Rule>"
#define CONTROLS(inner) "<OwnershipControls>" inner "</OwnershipControls>"

START_TEST(public_access)
{
    static const char *const no_blocks[] = {
        "",
        "<Any/>",
        BLOCK("<BlockPublicAcls>yes</BlockPublicAcls>"),
        BLOCK("<BlockPublicAcls></BlockPublicAcls>"),
        BLOCK("<BlockPublicAcls>true</BlockPublicAcls><BlockPublicAcls>true</BlockPublicAcls>"),
        BLOCK("<Other>true</Other>"),
        BLOCK("<BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls></BlockPublicAcls>"),
        CONTROLS(RULE("BucketOwnerEnforced")),
    };
    static const char *const no_controls[] = {
        "",
        "<Any/>",
        CONTROLS(""),
        CONTROLS("<Rule></Rule>"),
        CONTROLS(RULE("")),
        CONTROLS(RULE("bucketownerenforced")),
        CONTROLS(RULE("ObjectWriter") RULE("ObjectWriter")),
        CONTROLS("<ObjectOwnership>ObjectWriter</ObjectOwnership>"),
        BLOCK(""),
    };
    struct skr_arena arena = {0};
    struct skr_s3_access_block block;
    struct skr_container container = {.objects_node = 0};
    struct skr_bytes value;
    for (size_t i = 0; i < COUNT(no_blocks); i++)
        ck_assert_msg(!skr_s3_access_block_parse(skr_text(no_blocks[i]), &block), "%s", no_blocks[i]);
    for (size_t i = 0; i < COUNT(no_controls); i++)
        ck_assert_msg(!skr_s3_ownership_parse(&arena, skr_text(no_controls[i]), &value), "%s", no_controls[i]);
    ck_assert(skr_s3_access_block_parse(SKR_BYTES(BLOCK("")), &block));
    ck_assert(!block.block_acls && !block.ignore_acls && !block.block_policy && !block.restrict_buckets);
    ck_assert(skr_s3_access_block_parse(
        SKR_BYTES(BLOCK("<RestrictPublicBuckets>TRUE</RestrictPublicBuckets><IgnorePublicAcls>true</IgnorePublicAcls>")),
        &block));
    ck_assert(!block.block_acls && block.ignore_acls && !block.block_policy && block.restrict_buckets);
    ck_assert(skr_s3_ownership_parse(&arena, SKR_BYTES(CONTROLS(RULE("ObjectWriter"))), &value));
    ck_assert(skr_bytes_equal(value, SKR_BYTES("ObjectWriter")));
    ck_assert(!skr_s3_is_closed(&container) && !skr_s3_is_enforced(&container));
    container.documents[SKR_DOCUMENT_PUBLIC_ACCESS_BLOCK] = SKR_BYTES("0100");
    ck_assert(skr_s3_is_closed(&container));
    container.documents[SKR_DOCUMENT_CANNED_ACL] = SKR_BYTES("public-read");
    container.documents[SKR_DOCUMENT_OWNERSHIP] = SKR_BYTES("BucketOwnerPreferred");
    ck_assert(skr_bytes_equal(skr_s3_bucket_acl(&container), SKR_BYTES("public-read")));
    container.documents[SKR_DOCUMENT_OWNERSHIP] = SKR_BYTES("BucketOwnerEnforced");
    ck_assert(skr_s3_is_enforced(&container) && skr_s3_bucket_acl(&container).size == 0);
    skr_arena_release(&arena);
}
END_TEST

START_TEST(every_status_has_an_error)
{
    for (int status = SKR_OK; status < SKR_STATUS_COUNT; status++)
        ck_assert_msg(skr_s3_error_known((enum skr_status)status), "%s", skr_status_text((enum skr_status)status));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("s3_parsing");
    TCase *cases = tcase_create("parsing");
    tcase_add_test(cases, ids);
    tcase_add_test(cases, checksums);
    tcase_add_test(cases, copy_sources);
    tcase_add_test(cases, copy_ranges);
    tcase_add_test(cases, tags_in_a_header);
    tcase_add_test(cases, tags_in_a_document);
    tcase_add_test(cases, part_lists);
    tcase_add_test(cases, part_lists_have_an_end);
    tcase_add_test(cases, canned_lists_come_back);
    tcase_add_test(cases, other_lists_do_not);
    tcase_add_test(cases, lists_of_deletions);
    tcase_add_test(cases, documents_of_buckets);
    tcase_add_test(cases, public_access);
    tcase_add_test(cases, every_status_has_an_error);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
