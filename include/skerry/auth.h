/* Who is asking, and may they? Authentication gives one skr_principal whatever the scheme was; authorization compares it
 * with what the operation's row asks for. Default deny. Knows HTTP requests, not the namespace: stored access policies and
 * public access come from the caller.
 *
 * Sources: Azure Storage "Authorize with Shared Key", "Create an account SAS", "Create a service SAS", "Define a stored access
 * policy".
 */
#ifndef SKERRY_AUTH_H
#define SKERRY_AUTH_H

#include "skerry/http.h"
#include "skerry/operation.h"

enum { /* one bit a right; a service SAS and an account SAS map their letters to them */
    SKR_PERMISSION_READ = 1 << 0,       /* r */
    SKR_PERMISSION_ADD = 1 << 1,        /* a */
    SKR_PERMISSION_CREATE = 1 << 2,     /* c: a new object, never an overwrite */
    SKR_PERMISSION_WRITE = 1 << 3,      /* w */
    SKR_PERMISSION_DELETE = 1 << 4,     /* d */
    SKR_PERMISSION_LIST = 1 << 5,       /* l */
    SKR_PERMISSION_TAGS = 1 << 6,       /* t */
    SKR_PERMISSION_FILTER = 1 << 7,     /* f */
    SKR_PERMISSION_DELETE_VERSION = 1 << 8,   /* x */
    SKR_PERMISSION_DELETE_PERMANENT = 1 << 9, /* y */
    SKR_PERMISSION_MOVE = 1 << 10,      /* m */
    SKR_PERMISSION_EXECUTE = 1 << 11,   /* e */
    SKR_PERMISSION_OWNERSHIP = 1 << 12, /* o */
    SKR_PERMISSION_POLICY = 1 << 13,    /* p */
    SKR_PERMISSION_IMMUTABILITY = 1 << 14, /* i */
    SKR_PERMISSION_OWNER = 1 << 30,     /* the account's key only */
};

enum skr_auth_scheme { SKR_AUTH_ANONYMOUS, SKR_AUTH_SHARED_KEY, SKR_AUTH_ACCOUNT_SAS, SKR_AUTH_SERVICE_SAS };

/* Why a request is refused; the front end has the protocol's code and status for each. */
enum skr_auth_refusal {
    SKR_AUTH_ALLOWED = 0,
    SKR_AUTH_FAILED,                /* signature does not match, expired, skewed: AuthenticationFailed (403) */
    SKR_AUTH_MALFORMED,             /* InvalidAuthenticationInfo (400) */
    SKR_AUTH_MISSING,               /* NoAuthenticationInformation (401) */
    SKR_AUTH_ACCOUNT_UNKNOWN,
    SKR_AUTH_PERMISSION_MISMATCH,   /* AuthorizationPermissionMismatch (403) */
    SKR_AUTH_RESOURCE_TYPE_MISMATCH,/* AuthorizationResourceTypeMismatch (403) */
    SKR_AUTH_SERVICE_MISMATCH,      /* AuthorizationServiceMismatch (403) */
    SKR_AUTH_SOURCE_IP_MISMATCH,    /* AuthorizationSourceIPMismatch (403) */
    SKR_AUTH_PROTOCOL_MISMATCH,     /* AuthorizationProtocolMismatch (403) */
    SKR_AUTH_PUBLIC_ACCESS_DENIED,  /* anonymous, and nothing is public there: ResourceNotFound/NoAuthenticationInformation */
    SKR_AUTH_QUERY_INVALID,         /* InvalidQueryParameterValue (400) */
    SKR_AUTH_REFUSAL_COUNT
};

/* The accounts that the server knows, with their keys. Immutable after opening; shared by all threads. */
struct skr_accounts;
enum skr_status skr_accounts_open(struct skr_accounts **out, struct skr_error *err);
void skr_accounts_close(struct skr_accounts *accounts); /* wipes the keys. NULL-safe */
/* Several keys of one account are allowed (primary and secondary). SKR_INVALID_NAME: not 3 to 24 of a-z0-9.
 * SKR_INVALID_ARGUMENT: the key is not base64 of 1 to 256 bytes. */
enum skr_status skr_accounts_add(struct skr_accounts *accounts, struct skr_bytes name, struct skr_bytes base64_key,
                                 struct skr_error *err);
bool skr_accounts_known(const struct skr_accounts *accounts, struct skr_bytes name);
/* True when an account has the well-known development key, which is refused on addresses that are not loopback. */
bool skr_accounts_has_well_known_key(const struct skr_accounts *accounts);
/* An account SAS for all of Blob until `expiry_s` (Unix), as a query string in the arena: for hints to whoever tries the server out. */
enum skr_status skr_accounts_make_sas(const struct skr_accounts *accounts, struct skr_bytes account, int64_t expiry_s,
                                      struct skr_arena *arena, struct skr_bytes *out, struct skr_error *err);
#define SKR_WELL_KNOWN_ACCOUNT "devstoreaccount1"
#define SKR_WELL_KNOWN_KEY "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

/* What a request addresses, after its path was taken apart. Names decoded. */
struct skr_target {
    struct skr_bytes account;   /* without "-secondary" */
    bool secondary;             /* "-secondary" was there: a read-only view of the account */
    bool host_style;            /* the account came from the host name, not from the path */
    struct skr_bytes container; /* empty: the service. "$root" is spelled out */
    struct skr_bytes object;    /* empty: the container */
    enum skr_resource resource;
};

struct skr_principal {
    enum skr_auth_scheme scheme;
    struct skr_bytes account;   /* empty when anonymous */
    uint32_t permissions;
    uint32_t resource_types;    /* bits 1 << enum skr_resource: what an account SAS's srt= allows; all for others */
    struct skr_bytes scope_container, scope_object; /* a service SAS is good for this container or object only; else empty */
    /* rscc, rscd, rsce, rscl, rsct of a service SAS: overrides of response headers; empty when not set */
    struct skr_bytes cache_control, content_disposition, content_encoding, content_language, content_type;
};

/* Looks up a stored access policy. SKR_NOT_FOUND: no such policy or container. Texts live as long as the request. */
struct skr_stored_policy {
    struct skr_bytes start, expiry, permission; /* empty where not set */
};
typedef enum skr_status (*skr_policy_lookup)(void *context, const struct skr_target *target, struct skr_bytes id,
                                             struct skr_stored_policy *out);

struct skr_auth_options {
    const struct skr_accounts *accounts;
    skr_policy_lookup policy;
    void *policy_context;
    unsigned clock_skew_s; /* Shared Key: how far x-ms-date may be from now. 900 */
};

/* Authenticates a Blob or dfs request: Shared Key, Shared Key Lite, account SAS, service SAS, or anonymous when it carries none
 * of them. On refusal fills `err->message` with a text for the response that names what did not match, never the secret or the expected
 * signature (the string to sign that the server used may be told, as Azure does). */
enum skr_auth_refusal skr_auth_blob(const struct skr_auth_options *options, const struct skr_request *request,
                                    const struct skr_target *target, struct skr_arena *arena, struct skr_principal *out,
                                    struct skr_error *err);

/* May `principal` do `operation` on `target`? For anonymous callers `public_access` is what the container allows:
 * 0 nothing, 1 reading objects, 2 also reading and listing the container. A principal with CREATE but not WRITE is allowed where the row
 * names CREATE; the handler then refuses to overwrite (skr_principal_create_only). */
enum skr_auth_refusal skr_auth_authorize(const struct skr_principal *principal, const struct skr_operation *operation,
                                         const struct skr_target *target, int public_access);
/* The principal may create but not overwrite. */
bool skr_principal_create_only(const struct skr_principal *principal);

#endif
