/* See acl.h. Source: "Amazon S3 User Guide", Access control list (ACL) overview, Canned ACL. */
#include "acl.h"

#include "call.h"
#include "public_access.h"

#define SKR_S3_GROUPS "http://acs.amazonaws.com/groups/global/"

bool skr_s3_acl_is_canned(struct skr_bytes name)
{
    static const char *const names[] = {"private",           "public-read",   "public-read-write",        "authenticated-read",
                                        "bucket-owner-read", "aws-exec-read", "bucket-owner-full-control"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (skr_bytes_equal(name, skr_text(names[i])))
            return true;
    return false;
}

/* ---- out ---- */

static void skr_s3_identity(struct skr_xml *xml, struct skr_bytes account)
{
    skr_xml_element(xml, "ID", account);
    skr_xml_element(xml, "DisplayName", account);
}

void skr_s3_owner_render(struct skr_xml *xml, const char *name, struct skr_bytes account)
{
    skr_xml_begin(xml, name);
    skr_s3_identity(xml, account);
    skr_xml_end(xml, name);
}

/* To the owner, or to a group when `group` is not NULL. */
static void skr_s3_grant(struct skr_xml *xml, struct skr_bytes owner, const char *group, const char *permission)
{
    skr_xml_begin(xml, "Grant");
    skr_xml_raw(xml, SKR_BYTES("<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\""));
    skr_xml_raw(xml, group == NULL ? SKR_BYTES("CanonicalUser\">") : SKR_BYTES("Group\">"));
    if (group == NULL)
        skr_s3_identity(xml, owner);
    else
        skr_xml_element(xml, "URI", skr_text(group));
    skr_xml_end(xml, "Grantee");
    skr_xml_element(xml, "Permission", skr_text(permission));
    skr_xml_end(xml, "Grant");
}

void skr_s3_acl_render(struct skr_xml *xml, struct skr_bytes owner, struct skr_bytes canned)
{
    bool all_write = skr_bytes_equal(canned, SKR_BYTES("public-read-write"));
    skr_s3_xml_open(xml, "AccessControlPolicy");
    skr_s3_owner_render(xml, "Owner", owner);
    skr_xml_begin(xml, "AccessControlList");
    skr_s3_grant(xml, owner, NULL,
                 "FULL_CONTROL"); /* of a bucket and of its objects the owner is the same: bucket-owner-* add nothing */
    if (all_write || skr_bytes_equal(canned, SKR_BYTES("public-read")))
        skr_s3_grant(xml, owner, SKR_S3_GROUPS "AllUsers", "READ");
    if (all_write)
        skr_s3_grant(xml, owner, SKR_S3_GROUPS "AllUsers", "WRITE");
    if (skr_bytes_equal(canned, SKR_BYTES("authenticated-read")))
        skr_s3_grant(xml, owner, SKR_S3_GROUPS "AuthenticatedUsers", "READ");
    skr_xml_end(xml, "AccessControlList");
    skr_xml_end(xml, "AccessControlPolicy");
}

/* ---- in ---- */

enum { /* one bit a grant that some canned list has */
       SKR_S3_GRANT_OWNER = 1 << 0,
       SKR_S3_GRANT_ALL_READ = 1 << 1,
       SKR_S3_GRANT_ALL_WRITE = 1 << 2,
       SKR_S3_GRANT_AUTHENTICATED_READ = 1 << 3,
};

enum skr_s3_grantee {
    SKR_S3_GRANTEE_NONE,
    SKR_S3_GRANTEE_OWNER,
    SKR_S3_GRANTEE_ALL,
    SKR_S3_GRANTEE_AUTHENTICATED,
    SKR_S3_GRANTEE_OTHER
};
enum skr_s3_grant_permission {
    SKR_S3_GRANT_NOTHING,
    SKR_S3_GRANT_READ,
    SKR_S3_GRANT_WRITE,
    SKR_S3_GRANT_FULL,
    SKR_S3_GRANT_ACP
};

struct skr_s3_acl_parser {
    struct skr_bytes owner;
    bool has_owner, has_list, foreign, unsupported;
    unsigned grants;
    enum skr_s3_grantee grantee;
    enum skr_s3_grant_permission permission;
};

static enum skr_s3_grantee skr_s3_group(struct skr_bytes uri)
{
    if (skr_bytes_equal(uri, SKR_BYTES(SKR_S3_GROUPS "AllUsers")))
        return SKR_S3_GRANTEE_ALL;
    return skr_bytes_equal(uri, SKR_BYTES(SKR_S3_GROUPS "AuthenticatedUsers")) ? SKR_S3_GRANTEE_AUTHENTICATED
                                                                               : SKR_S3_GRANTEE_OTHER;
}

static enum skr_s3_grant_permission skr_s3_grant_permission(struct skr_bytes text)
{
    static const struct {
        const char *name;
        enum skr_s3_grant_permission permission;
    } names[] = {{"READ", SKR_S3_GRANT_READ},
                 {"WRITE", SKR_S3_GRANT_WRITE},
                 {"FULL_CONTROL", SKR_S3_GRANT_FULL},
                 {"READ_ACP", SKR_S3_GRANT_ACP},
                 {"WRITE_ACP", SKR_S3_GRANT_ACP}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (skr_bytes_equal(text, skr_text(names[i].name)))
            return names[i].permission;
    return SKR_S3_GRANT_NOTHING;
}

/* False: a grant without a grantee or a permission. */
static bool skr_s3_grant_ends(struct skr_s3_acl_parser *parser)
{
    enum skr_s3_grantee grantee = parser->grantee;
    enum skr_s3_grant_permission permission = parser->permission;
    if (grantee == SKR_S3_GRANTEE_NONE || permission == SKR_S3_GRANT_NOTHING)
        return false;
    if (grantee == SKR_S3_GRANTEE_OWNER && permission == SKR_S3_GRANT_FULL)
        parser->grants |= SKR_S3_GRANT_OWNER;
    else if (grantee == SKR_S3_GRANTEE_ALL && permission == SKR_S3_GRANT_READ)
        parser->grants |= SKR_S3_GRANT_ALL_READ;
    else if (grantee == SKR_S3_GRANTEE_ALL && permission == SKR_S3_GRANT_WRITE)
        parser->grants |= SKR_S3_GRANT_ALL_WRITE;
    else if (grantee == SKR_S3_GRANTEE_AUTHENTICATED && permission == SKR_S3_GRANT_READ)
        parser->grants |= SKR_S3_GRANT_AUTHENTICATED_READ;
    else
        parser->unsupported = true;
    return true;
}

static bool skr_s3_acl_grant(struct skr_s3_acl_parser *parser, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    if (path.size == 0 || skr_bytes_equal(path, SKR_BYTES("/Grantee"))) { /* an element that holds others begins or ends */
        if (text.data != NULL)
            return false;
        if (path.size > 0)
            return true;
        if (ends)
            return skr_s3_grant_ends(parser);
        parser->grantee = SKR_S3_GRANTEE_NONE;
        parser->permission = SKR_S3_GRANT_NOTHING;
        return true;
    }
    if (text.data == NULL)
        return false;
    if (skr_bytes_equal(path, SKR_BYTES("/Permission")))
        return (parser->permission = skr_s3_grant_permission(text)) != SKR_S3_GRANT_NOTHING;
    if (skr_bytes_equal(path, SKR_BYTES("/Grantee/DisplayName")) || skr_bytes_equal(path, SKR_BYTES("/Grantee/Type")))
        return true;
    if (parser->grantee != SKR_S3_GRANTEE_NONE)
        return false;
    if (skr_bytes_equal(path, SKR_BYTES("/Grantee/ID")))
        parser->grantee = skr_bytes_equal(text, parser->owner) ? SKR_S3_GRANTEE_OWNER : SKR_S3_GRANTEE_OTHER;
    else if (skr_bytes_equal(path, SKR_BYTES("/Grantee/URI")))
        parser->grantee = skr_s3_group(text);
    else if (skr_bytes_equal(path, SKR_BYTES("/Grantee/EmailAddress")))
        parser->grantee = SKR_S3_GRANTEE_OTHER;
    return parser->grantee != SKR_S3_GRANTEE_NONE;
}

static bool skr_s3_acl_visit(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    static const struct skr_bytes grant = {"AccessControlPolicy/AccessControlList/Grant", 43};
    struct skr_s3_acl_parser *parser = context;
    if (skr_bytes_starts_with(path, grant))
        return skr_s3_acl_grant(parser, (struct skr_bytes){path.data + grant.size, path.size - grant.size}, text, ends);
    if (skr_bytes_equal(path, SKR_BYTES("AccessControlPolicy/AccessControlList")))
        return parser->has_list = true;
    if (skr_bytes_equal(path, SKR_BYTES("AccessControlPolicy/Owner/ID"))) {
        parser->has_owner = true;
        parser->foreign = !skr_bytes_equal(text, parser->owner);
        return text.data != NULL;
    }
    return skr_bytes_equal(path, SKR_BYTES("AccessControlPolicy")) ||
           skr_bytes_equal(path, SKR_BYTES("AccessControlPolicy/Owner")) ||
           skr_bytes_equal(path, SKR_BYTES("AccessControlPolicy/Owner/DisplayName"));
}

enum skr_status skr_s3_acl_parse(struct skr_bytes document, struct skr_bytes owner, struct skr_bytes *canned)
{
    struct skr_s3_acl_parser parser = {.owner = owner};
    if (!skr_xml_parse(document, skr_s3_acl_visit, &parser) || !parser.has_owner || !parser.has_list)
        return SKR_INVALID_ARGUMENT;
    if (parser.foreign)
        return SKR_FORBIDDEN;
    if (parser.unsupported)
        return SKR_UNSUPPORTED;
    switch (parser.grants) {
    case SKR_S3_GRANT_OWNER:
        *canned = SKR_NO_BYTES;
        return SKR_OK;
    case SKR_S3_GRANT_OWNER | SKR_S3_GRANT_ALL_READ:
        *canned = SKR_BYTES("public-read");
        return SKR_OK;
    case SKR_S3_GRANT_OWNER | SKR_S3_GRANT_ALL_READ | SKR_S3_GRANT_ALL_WRITE:
        *canned = SKR_BYTES("public-read-write");
        return SKR_OK;
    case SKR_S3_GRANT_OWNER | SKR_S3_GRANT_AUTHENTICATED_READ:
        *canned = SKR_BYTES("authenticated-read");
        return SKR_OK;
    default:
        return SKR_UNSUPPORTED;
    }
}

/* ---- a request's choice ---- */

struct skr_s3_acl_choice {
    void (*chosen)(struct skr_s3_call *call, struct skr_bytes canned);
};

static void skr_s3_acl_received(struct skr_s3_call *call, struct skr_bytes document)
{
    struct skr_s3_acl_choice *choice = call->state;
    struct skr_bytes canned = skr_s3_header(call, "x-amz-acl");
    if (canned.size > 0 && document.size > 0) {
        skr_s3_fail(call, SKR_S3_INVALID_REQUEST, "A canned ACL in a header and an ACL in the body exclude each other",
                    SKR_S3_NO_DETAIL, SKR_S3_NO_DETAIL);
        return;
    }
    if (canned.size > 0) {
        if (skr_s3_acl_may_be_put(call, canned))
            choice->chosen(call, skr_bytes_equal(canned, SKR_BYTES("private")) ? SKR_NO_BYTES : canned);
        return;
    }
    enum skr_status status = skr_s3_acl_parse(document, call->target.account, &canned);
    if (status == SKR_OK && skr_s3_acl_may_be_put(call, canned.size > 0 ? canned : SKR_BYTES(SKR_S3_OWNERS_ACL)))
        choice->chosen(call, canned);
    else if (status == SKR_OK)
        return;
    else if (status == SKR_INVALID_ARGUMENT)
        skr_s3_refuse(call, document.size == 0 ? SKR_S3_MISSING_SECURITY_HEADER : SKR_S3_MALFORMED_ACL);
    else
        skr_s3_fail_status(call, status);
}

void skr_s3_acl_receive(struct skr_s3_call *call, void (*chosen)(struct skr_s3_call *call, struct skr_bytes canned))
{
    struct skr_s3_acl_choice *choice = skr_arena_alloc(call->arena, sizeof *choice);
    struct skr_bytes canned = skr_s3_header(call, "x-amz-acl");
    if (choice == NULL) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
        return;
    }
    if (canned.size > 0 && !skr_s3_acl_is_canned(canned)) {
        skr_s3_fail_argument(call, "The canned ACL is not valid.", "x-amz-acl", canned);
        return;
    }
    choice->chosen = chosen;
    call->state = choice;
    skr_s3_receive_document(call, skr_s3_acl_received);
}
