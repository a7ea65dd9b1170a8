/* Who owns the bucket, and may the caller do what the row says? Default deny.
 *
 * An access key belongs to an account; buckets of that account come first. A bucket that only another account has can be used
 * as far as its canned ACL, or the public access that Blob set on it, allows anybody to. */
#include "call.h"
#include "public_access.h"

static bool skr_s3_load_bucket(struct skr_s3_call *call, struct skr_bytes account)
{
    struct skr_error error;
    call->has_container =
        skr_get_container(call->worker, call->arena, account, call->target.container, NULL, &call->container, &error) == SKR_OK;
    return call->has_container;
}

void skr_s3_find_owner(struct skr_s3_call *call)
{
    struct skr_bytes account;
    call->target.account = call->principal.account;
    if (call->target.container.size == 0 ||
        (call->principal.account.size > 0 && skr_s3_load_bucket(call, call->principal.account)))
        return;
    for (size_t i = 0; skr_accounts_name(call->s3->options.accounts, i, &account); i++)
        if (!skr_bytes_equal(account, call->principal.account) && skr_s3_load_bucket(call, account)) {
            call->target.account = account;
            return;
        }
}

/* ---- what anybody may ---- */

static bool skr_s3_acl_is(struct skr_bytes acl, const char *name)
{
    return skr_bytes_equal(acl, skr_text(name));
}

/* `authenticated`: the caller has some account here. */
static bool skr_s3_acl_allows(struct skr_bytes acl, bool authenticated, bool writing)
{
    if (skr_s3_acl_is(acl, "public-read-write"))
        return true;
    return !writing && (skr_s3_acl_is(acl, "public-read") || (authenticated && skr_s3_acl_is(acl, "authenticated-read")));
}

/* Reading an object that is public by itself or by its container. That there is none is told to whom may list the bucket. */
static bool skr_s3_object_is_public(struct skr_s3_call *call, const struct skr_object_name *name,
                                    const struct skr_container *container, bool authenticated)
{
    struct skr_object object;
    struct skr_error error;
    if (skr_s3_is_closed(container))
        return false;
    if (container->public_access >= SKR_PUBLIC_OBJECTS)
        return true;
    if (skr_s3_is_enforced(container))
        return false;
    enum skr_status status = skr_open_object(call->worker, call->arena, name, NULL, &object, NULL, &error);
    if (status == SKR_OK)
        return skr_s3_acl_allows(object.properties[SKR_PROPERTY_CANNED_ACL], authenticated, false);
    bool absent = status == SKR_OBJECT_NOT_FOUND || status == SKR_VERSION_NOT_FOUND || status == SKR_IS_DELETE_MARKER;
    return absent && skr_s3_acl_allows(container->documents[SKR_DOCUMENT_CANNED_ACL], authenticated, false);
}

static bool skr_s3_anybody_may(struct skr_s3_call *call)
{
    bool authenticated = call->principal.account.size > 0;
    uint32_t asked = call->operation->permissions;
    if (!call->has_container || call->target.container.size == 0 || skr_s3_is_closed(&call->container))
        return false;
    struct skr_bytes acl = skr_s3_bucket_acl(&call->container);
    if (call->target.resource == SKR_RESOURCE_OBJECT) {
        if (asked & (SKR_PERMISSION_WRITE | SKR_PERMISSION_DELETE)) /* an ACL lets nobody remove versions */
            return !call->name.version.is_given && skr_s3_acl_allows(acl, authenticated, true);
        return (asked & SKR_PERMISSION_READ) != 0 &&
               skr_s3_object_is_public(call, &call->name, &call->container, authenticated);
    }
    if (asked & SKR_PERMISSION_LIST)
        return call->container.public_access == SKR_PUBLIC_CONTAINER || skr_s3_acl_allows(acl, authenticated, false);
    return (asked & SKR_PERMISSION_DELETE) != 0 && skr_s3_acl_allows(acl, authenticated, true); /* multi-delete */
}

/* ---- the caller ---- */

bool skr_s3_owner_is(struct skr_s3_call *call, const char *header, struct skr_bytes account)
{
    struct skr_bytes expected = skr_s3_header(call, header);
    if (expected.size == 0 || skr_bytes_equal(expected, account))
        return true;
    skr_s3_refuse(call, SKR_S3_ACCESS_DENIED);
    return false;
}

bool skr_s3_authorized(struct skr_s3_call *call)
{
    struct skr_error error = {.message = ""};
    struct skr_target target = call->target;
    bool known = call->principal.scheme != SKR_AUTH_ANONYMOUS, creating = call->operation->handle == skr_s3_create_bucket;
    if (call->has_container && !skr_s3_owner_is(call, "x-amz-expected-bucket-owner", target.account))
        return false;
    if (!call->has_container ||
        creating) /* to make a bucket is to make one's own; who may is told that there is none, or that it is taken */
        target.account = call->principal.account;
    if (known && skr_bytes_equal(call->principal.account, target.account) &&
        skr_auth_authorize(&call->principal, call->operation, &target, 0) == SKR_AUTH_ALLOWED)
        return true;
    bool foreign = !known || !skr_bytes_equal(call->principal.account, target.account);
    if (!known && call->target.container.size > 0 && !call->has_container && !creating &&
        call->operation->permissions != SKR_PERMISSION_OWNER) {
        skr_s3_fail_status(call, SKR_CONTAINER_NOT_FOUND);
        return false;
    }
    if (foreign && skr_s3_anybody_may(call))
        return true;
    skr_s3_fail_auth(call, SKR_AUTH_PERMISSION_MISMATCH, &error);
    return false;
}

bool skr_s3_may_read(struct skr_s3_call *call, struct skr_object_name *source)
{
    struct skr_container container;
    struct skr_error error;
    struct skr_bytes account;
    bool reads = call->principal.scheme != SKR_AUTH_ANONYMOUS && (call->principal.permissions & SKR_PERMISSION_READ) != 0;
    if (call->principal.account.size > 0 && skr_get_container(call->worker, call->arena, call->principal.account,
                                                              source->container, NULL, &container, &error) == SKR_OK) {
        source->account = call->principal.account;
        return reads;
    }
    for (size_t i = 0; skr_accounts_name(call->s3->options.accounts, i, &account); i++)
        if (skr_get_container(call->worker, call->arena, account, source->container, NULL, &container, &error) == SKR_OK) {
            source->account = account;
            return skr_s3_object_is_public(call, source, &container, call->principal.account.size > 0);
        }
    source->account = call->principal.account; /* in no account: core says that it is not there */
    return true;
}
