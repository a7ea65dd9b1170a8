/* PublicAccessBlock and OwnershipControls: kept with the bucket, and heeded wherever a list is put or asked.
 * Source: "Amazon S3 User Guide", Blocking public access; Controlling ownership of objects and disabling ACLs.
 */
#include "public_access.h"

#include "call.h"
#include "listing.h"

/* ---- documents ---- */

/* In the order in which they are kept and shown. */
static const char *const skr_s3_block_names[] = {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy",
                                                 "RestrictPublicBuckets"};
enum { SKR_S3_BLOCK_COUNT = sizeof skr_s3_block_names / sizeof *skr_s3_block_names };

struct skr_s3_block_parser {
    bool seen[SKR_S3_BLOCK_COUNT], value[SKR_S3_BLOCK_COUNT];
};

static bool skr_s3_visit_block(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    static const struct skr_bytes root = {"PublicAccessBlockConfiguration", 30};
    struct skr_s3_block_parser *parser = context;
    (void)ends;
    if (skr_bytes_equal(path, root))
        return true;
    if (path.size <= root.size + 1 || !skr_bytes_starts_with(path, root) || text.data == NULL)
        return false;
    struct skr_bytes name = {path.data + root.size + 1, path.size - root.size - 1};
    for (size_t i = 0; i < SKR_S3_BLOCK_COUNT; i++) {
        if (!skr_bytes_equal(name, skr_text(skr_s3_block_names[i])))
            continue;
        bool again = parser->seen[i], is_true = skr_bytes_equal_nocase(text, SKR_BYTES("true"));
        parser->seen[i] = true;
        parser->value[i] = is_true;
        return !again && (is_true || skr_bytes_equal_nocase(text, SKR_BYTES("false")));
    }
    return false;
}

bool skr_s3_access_block_parse(struct skr_bytes document, struct skr_s3_access_block *out)
{
    struct skr_s3_block_parser parser = {.seen = {false}};
    if (!skr_xml_parse(document, skr_s3_visit_block, &parser))
        return false;
    *out = (struct skr_s3_access_block){parser.value[0], parser.value[1], parser.value[2], parser.value[3]};
    return true;
}

struct skr_s3_ownership_parser {
    struct skr_arena *arena;
    struct skr_bytes value;
    bool again;
};

static bool skr_s3_visit_ownership(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_s3_ownership_parser *parser = context;
    (void)ends;
    if (skr_bytes_equal(path, SKR_BYTES("OwnershipControls")) || skr_bytes_equal(path, SKR_BYTES("OwnershipControls/Rule")))
        return true;
    if (!skr_bytes_equal(path, SKR_BYTES("OwnershipControls/Rule/ObjectOwnership")) || text.data == NULL ||
        parser->value.data != NULL)
        return false;
    parser->value = skr_arena_copy(parser->arena, text);
    return parser->value.data != NULL;
}

bool skr_s3_ownership_parse(struct skr_arena *arena, struct skr_bytes document, struct skr_bytes *out)
{
    struct skr_s3_ownership_parser parser = {.arena = arena};
    bool parsed = skr_xml_parse(document, skr_s3_visit_ownership, &parser);
    *out = parser.value;
    return parsed &&
           (skr_bytes_equal(*out, SKR_BYTES(SKR_S3_OWNER_ENFORCED)) ||
            skr_bytes_equal(*out, SKR_BYTES(SKR_S3_OWNER_PREFERRED)) || skr_bytes_equal(*out, SKR_BYTES("ObjectWriter")));
}

/* ---- what they mean ---- */

struct skr_s3_access_block skr_s3_access_block_of(const struct skr_container *container)
{
    struct skr_bytes kept = container->documents[SKR_DOCUMENT_PUBLIC_ACCESS_BLOCK];
    if (kept.size != SKR_S3_BLOCK_COUNT)
        return (struct skr_s3_access_block){.block_acls = false};
    return (struct skr_s3_access_block){kept.data[0] == '1', kept.data[1] == '1', kept.data[2] == '1', kept.data[3] == '1'};
}

bool skr_s3_is_enforced(const struct skr_container *container)
{
    return skr_bytes_equal(container->documents[SKR_DOCUMENT_OWNERSHIP], SKR_BYTES(SKR_S3_OWNER_ENFORCED));
}

bool skr_s3_is_closed(const struct skr_container *container)
{
    return skr_s3_access_block_of(container).ignore_acls;
}

struct skr_bytes skr_s3_bucket_acl(const struct skr_container *container)
{
    return skr_s3_is_enforced(container) ? SKR_NO_BYTES : container->documents[SKR_DOCUMENT_CANNED_ACL];
}

bool skr_s3_acl_is_public(struct skr_bytes canned)
{
    return skr_bytes_equal(canned, SKR_BYTES("public-read")) || skr_bytes_equal(canned, SKR_BYTES("public-read-write")) ||
           skr_bytes_equal(canned, SKR_BYTES("authenticated-read"));
}

bool skr_s3_acl_may_be_put(struct skr_s3_call *call, struct skr_bytes canned)
{
    struct skr_s3_detail none = SKR_S3_NO_DETAIL;
    if (canned.size == 0)
        return true;
    if (skr_s3_is_enforced(&call->container) && !skr_bytes_equal(canned, SKR_BYTES(SKR_S3_OWNERS_ACL))) {
        skr_s3_refuse(call, SKR_S3_ACL_NOT_SUPPORTED);
        return false;
    }
    if (skr_s3_acl_is_public(canned) && skr_s3_access_block_of(&call->container).block_acls) {
        skr_s3_fail(call, SKR_S3_ACCESS_DENIED,
                    "Access Denied: public ACLs are prevented by the BlockPublicAcls setting of the bucket.", none, none);
        return false;
    }
    return true;
}

/* ---- PublicAccessBlock ---- */

SKR_S3_HANDLER(get_public_access_block)
{
    struct skr_s3_call *call = context;
    struct skr_bytes kept = call->container.documents[SKR_DOCUMENT_PUBLIC_ACCESS_BLOCK];
    struct skr_xml xml;
    if (!skr_s3_bucket_exists(call))
        return;
    if (kept.size != SKR_S3_BLOCK_COUNT) {
        skr_s3_fail(call, SKR_S3_NO_SUCH_PUBLIC_ACCESS_BLOCK, NULL,
                    (struct skr_s3_detail){"BucketName", call->target.container}, SKR_S3_NO_DETAIL);
        return;
    }
    skr_s3_xml_open(&xml, "PublicAccessBlockConfiguration");
    for (size_t i = 0; i < SKR_S3_BLOCK_COUNT; i++)
        skr_xml_element(&xml, skr_s3_block_names[i], kept.data[i] == '1' ? SKR_BYTES("true") : SKR_BYTES("false"));
    skr_xml_end(&xml, "PublicAccessBlockConfiguration");
    skr_s3_send_xml(call, 200, &xml);
}

static void skr_s3_block_received(struct skr_s3_call *call, struct skr_bytes document)
{
    struct skr_s3_access_block block;
    if (!skr_s3_access_block_parse(document, &block)) {
        skr_s3_refuse_document(call, document);
        return;
    }
    const char kept[SKR_S3_BLOCK_COUNT] = {block.block_acls ? '1' : '0', block.ignore_acls ? '1' : '0',
                                           block.block_policy ? '1' : '0', block.restrict_buckets ? '1' : '0'};
    skr_s3_set_bucket_document(call, SKR_DOCUMENT_PUBLIC_ACCESS_BLOCK, (struct skr_bytes){kept, sizeof kept});
}

SKR_S3_HANDLER(put_public_access_block)
{
    struct skr_s3_call *call = context;
    if (skr_s3_bucket_exists(call))
        skr_s3_receive_document(call, skr_s3_block_received);
}

SKR_S3_HANDLER(delete_public_access_block)
{
    struct skr_s3_call *call = context;
    if (skr_s3_bucket_exists(call))
        skr_s3_set_bucket_document(call, SKR_DOCUMENT_PUBLIC_ACCESS_BLOCK, SKR_NO_BYTES);
}

/* ---- OwnershipControls ---- */

SKR_S3_HANDLER(get_ownership_controls)
{
    struct skr_s3_call *call = context;
    struct skr_bytes kept = call->container.documents[SKR_DOCUMENT_OWNERSHIP];
    struct skr_xml xml;
    if (!skr_s3_bucket_exists(call))
        return;
    if (kept.size == 0) {
        skr_s3_fail(call, SKR_S3_NO_SUCH_OWNERSHIP, NULL, (struct skr_s3_detail){"BucketName", call->target.container},
                    SKR_S3_NO_DETAIL);
        return;
    }
    skr_s3_xml_open(&xml, "OwnershipControls");
    skr_xml_begin(&xml, "Rule");
    skr_xml_element(&xml, "ObjectOwnership", kept);
    skr_xml_end(&xml, "Rule");
    skr_xml_end(&xml, "OwnershipControls");
    skr_s3_send_xml(call, 200, &xml);
}

static void skr_s3_ownership_received(struct skr_s3_call *call, struct skr_bytes document)
{
    struct skr_bytes value, acl = call->container.documents[SKR_DOCUMENT_CANNED_ACL];
    if (!skr_s3_ownership_parse(call->arena, document, &value))
        skr_s3_refuse_document(call, document);
    else if (skr_bytes_equal(value, SKR_BYTES("ObjectWriter"))) /* objects are never the writer's here */
        skr_s3_refuse(call, SKR_S3_NOT_IMPLEMENTED);
    else if (skr_bytes_equal(value, SKR_BYTES(SKR_S3_OWNER_ENFORCED)) && skr_s3_acl_is_public(acl))
        skr_s3_refuse(call, SKR_S3_INVALID_ACL_WITH_OWNERSHIP);
    else
        skr_s3_set_bucket_document(call, SKR_DOCUMENT_OWNERSHIP, value);
}

SKR_S3_HANDLER(put_ownership_controls)
{
    struct skr_s3_call *call = context;
    if (skr_s3_bucket_exists(call))
        skr_s3_receive_document(call, skr_s3_ownership_received);
}

SKR_S3_HANDLER(delete_ownership_controls)
{
    struct skr_s3_call *call = context;
    if (skr_s3_bucket_exists(call))
        skr_s3_set_bucket_document(call, SKR_DOCUMENT_OWNERSHIP, SKR_NO_BYTES);
}
