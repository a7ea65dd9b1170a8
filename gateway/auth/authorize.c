/* May it? Default deny: whatever is not allowed by a line here is refused. */
#include "skerry/auth.h"

static bool skr_only_fetches(const struct skr_operation *operation)
{
    return operation->method == SKR_GET || operation->method == SKR_HEAD;
}

/* A secondary is read-only: what fetches, and what asks for no more than reading or listing whatever its method (a query is a
 * POST). */
static bool skr_is_read_only(const struct skr_operation *operation)
{
    const uint32_t reading = SKR_PERMISSION_READ | SKR_PERMISSION_LIST;
    return skr_only_fetches(operation) || operation->method == SKR_OPTIONS ||
           (operation->permissions != 0 && (operation->permissions & ~reading) == 0);
}

static enum skr_auth_refusal skr_authorize_anonymous(const struct skr_operation *operation, const struct skr_target *target,
                                                     int public_access)
{
    bool reads = skr_only_fetches(operation) && (operation->permissions & SKR_PERMISSION_READ) != 0;
    bool lists = skr_only_fetches(operation) && (operation->permissions & SKR_PERMISSION_LIST) != 0;
    if (public_access >= 1 && target->resource == SKR_RESOURCE_OBJECT && reads)
        return SKR_AUTH_ALLOWED;
    if (public_access >= 2 && target->resource == SKR_RESOURCE_CONTAINER && (reads || lists))
        return SKR_AUTH_ALLOWED;
    return SKR_AUTH_PUBLIC_ACCESS_DENIED;
}

/* What a service SAS may do with the container itself: list it, and find blobs in it. */
static enum skr_auth_refusal skr_authorize_service_sas(const struct skr_principal *principal,
                                                       const struct skr_operation *operation, const struct skr_target *target)
{
    if (target->resource == SKR_RESOURCE_SERVICE || !skr_bytes_equal(principal->scope_container, target->container))
        return SKR_AUTH_PERMISSION_MISMATCH;
    if (principal->scope_object.size > 0 &&
        (target->resource != SKR_RESOURCE_OBJECT || !skr_bytes_equal(principal->scope_object, target->object)))
        return SKR_AUTH_PERMISSION_MISMATCH;
    if (target->resource == SKR_RESOURCE_CONTAINER &&
        !(operation->permissions & principal->permissions & (SKR_PERMISSION_LIST | SKR_PERMISSION_FILTER)))
        return SKR_AUTH_PERMISSION_MISMATCH;
    return SKR_AUTH_ALLOWED;
}

/* An S3 access key is its account's key, or it reads: then the row's method counts as well, so that a row for which reading is
 * one right among others does not become a way to write. */
static enum skr_auth_refusal skr_authorize_sigv4(const struct skr_principal *principal, const struct skr_operation *operation)
{
    if ((principal->permissions & SKR_PERMISSION_OWNER) != 0)
        return SKR_AUTH_ALLOWED;
    bool may =
        skr_is_read_only(operation) && (operation->permissions == 0 || (operation->permissions & principal->permissions) != 0);
    return may ? SKR_AUTH_ALLOWED : SKR_AUTH_PERMISSION_MISMATCH;
}

enum skr_auth_refusal skr_auth_authorize(const struct skr_principal *principal, const struct skr_operation *operation,
                                         const struct skr_target *target, int public_access)
{
    uint32_t asked = operation->permissions;
    if (target->secondary && !skr_is_read_only(operation))
        return SKR_AUTH_PERMISSION_MISMATCH;
    if (principal->scheme == SKR_AUTH_ANONYMOUS)
        return skr_authorize_anonymous(operation, target, public_access);
    if (!skr_bytes_equal(principal->account, target->account))
        return SKR_AUTH_FAILED;
    if (principal->scheme == SKR_AUTH_SIGV4)
        return skr_authorize_sigv4(principal, operation);
    if (principal->scheme == SKR_AUTH_SHARED_KEY || asked == 0)
        return SKR_AUTH_ALLOWED;
    if (principal->scheme == SKR_AUTH_ACCOUNT_SAS && (principal->resource_types & 1u << target->resource) == 0)
        return SKR_AUTH_RESOURCE_TYPE_MISMATCH;
    if ((asked & principal->permissions) == 0)
        return SKR_AUTH_PERMISSION_MISMATCH;
    return principal->scheme == SKR_AUTH_SERVICE_SAS ? skr_authorize_service_sas(principal, operation, target)
                                                     : SKR_AUTH_ALLOWED;
}

bool skr_principal_create_only(const struct skr_principal *principal)
{
    return (principal->permissions & SKR_PERMISSION_WRITE) == 0;
}
