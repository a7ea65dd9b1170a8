/* Who is asking, and may they? Authentication gives one skr_principal whatever the scheme was; authorization compares it
 * with what the operation's row asks for. Default deny. Knows HTTP requests, not the namespace: stored access policies and
 * public access come from the caller.
 *
 * Sources: Azure Storage "Authorize with Shared Key", "Create an account SAS", "Create a service SAS", "Define a stored access
 * policy"; Amazon S3 "Authenticating Requests (AWS Signature Version 4)".
 */
#ifndef SKERRY_AUTH_H
#define SKERRY_AUTH_H

#include "skerry/http.h"
#include "skerry/operation.h"

enum {                                         /* one bit a right; a service SAS and an account SAS map their letters to them */
       SKR_PERMISSION_READ = 1 << 0,           /* r */
       SKR_PERMISSION_ADD = 1 << 1,            /* a */
       SKR_PERMISSION_CREATE = 1 << 2,         /* c: a new object, never an overwrite */
       SKR_PERMISSION_WRITE = 1 << 3,          /* w */
       SKR_PERMISSION_DELETE = 1 << 4,         /* d */
       SKR_PERMISSION_LIST = 1 << 5,           /* l */
       SKR_PERMISSION_TAGS = 1 << 6,           /* t */
       SKR_PERMISSION_FILTER = 1 << 7,         /* f */
       SKR_PERMISSION_DELETE_VERSION = 1 << 8, /* x */
       SKR_PERMISSION_DELETE_PERMANENT = 1 << 9, /* y */
       SKR_PERMISSION_MOVE = 1 << 10,            /* m */
       SKR_PERMISSION_EXECUTE = 1 << 11,         /* e */
       SKR_PERMISSION_OWNERSHIP = 1 << 12,       /* o; in S3 rows: to change settings, to make and remove buckets */
       SKR_PERMISSION_POLICY = 1 << 13,          /* p; in S3 rows: to read the settings of a bucket or object */
       SKR_PERMISSION_IMMUTABILITY = 1 << 14,    /* i */
       SKR_PERMISSION_BY_FORM = 1 << 29, /* no right: in S3 rows, that the credentials are fields of a form in the body */
       SKR_PERMISSION_OWNER = 1 << 30,   /* the account's key only */
};

enum skr_auth_scheme { SKR_AUTH_ANONYMOUS, SKR_AUTH_SHARED_KEY, SKR_AUTH_ACCOUNT_SAS, SKR_AUTH_SERVICE_SAS, SKR_AUTH_SIGV4 };

/* Why a request is refused; the front end has the protocol's code and status for each. */
enum skr_auth_refusal {
    SKR_AUTH_ALLOWED = 0,
    SKR_AUTH_FAILED,    /* signature does not match, expired, skewed: AuthenticationFailed (403) */
    SKR_AUTH_MALFORMED, /* InvalidAuthenticationInfo (400) */
    SKR_AUTH_MISSING,   /* NoAuthenticationInformation (401) */
    SKR_AUTH_ACCOUNT_UNKNOWN,
    SKR_AUTH_PERMISSION_MISMATCH,    /* AuthorizationPermissionMismatch (403) */
    SKR_AUTH_RESOURCE_TYPE_MISMATCH, /* AuthorizationResourceTypeMismatch (403) */
    SKR_AUTH_SERVICE_MISMATCH,       /* AuthorizationServiceMismatch (403) */
    SKR_AUTH_SOURCE_IP_MISMATCH,     /* AuthorizationSourceIPMismatch (403) */
    SKR_AUTH_PROTOCOL_MISMATCH,      /* AuthorizationProtocolMismatch (403) */
    SKR_AUTH_PUBLIC_ACCESS_DENIED,   /* anonymous, and nothing is public there: ResourceNotFound/NoAuthenticationInformation */
    SKR_AUTH_QUERY_INVALID,          /* InvalidQueryParameterValue (400) */
    /* S3 only */
    SKR_AUTH_ACCESS_KEY_UNKNOWN, /* InvalidAccessKeyId (403) */
    SKR_AUTH_SIGNATURE_MISMATCH, /* SignatureDoesNotMatch (403): altered, or another secret */
    SKR_AUTH_TIME_SKEWED,        /* RequestTimeTooSkewed (403) */
    SKR_AUTH_EXPIRED,            /* AccessDenied (403), "Request has expired": a presigned URL */
    SKR_AUTH_NOT_YET_VALID,      /* AccessDenied (403), "Request is not valid yet": a presigned URL */
    SKR_AUTH_DATE_MISSING,       /* AccessDenied (403): no date in a signed request's headers, or one that is none */
    SKR_AUTH_SCOPE_WRONG, /* AuthorizationHeaderMalformed (403), with the region expected: another region, service or date */
    SKR_AUTH_QUERY_SCOPE_WRONG,      /* AuthorizationQueryParametersError (403): the same in a presigned URL */
    SKR_AUTH_HEADER_MALFORMED,       /* AuthorizationHeaderMalformed (400) */
    SKR_AUTH_QUERY_MALFORMED,        /* AuthorizationQueryParametersError (400) */
    SKR_AUTH_SIGNATURE_VERSION,      /* InvalidRequest (400): Signature Version 2 in a header; in a URL it is taken */
    SKR_AUTH_PAYLOAD_HASH_MISSING,   /* MissingSecurityHeader (400) or InvalidRequest: x-amz-content-sha256 is not there */
    SKR_AUTH_PAYLOAD_HASH_MALFORMED, /* InvalidArgument (400): x-amz-content-sha256 has no known form */
    SKR_AUTH_UNSIGNED_HEADER,        /* AccessDenied (403): a header that must be signed is not */
    SKR_AUTH_DECODED_LENGTH_MISSING, /* MissingContentLength (411): aws-chunked without x-amz-decoded-content-length */
    SKR_AUTH_TOKEN_INVALID,          /* InvalidToken (400): a session's token, and there are no sessions */
    SKR_AUTH_FORM_FIELD,             /* InvalidArgument (400): a form's field is missing or not what it must be */
    SKR_AUTH_POLICY_MALFORMED,       /* InvalidPolicyDocument (400) */
    SKR_AUTH_POLICY_FAILED,          /* AccessDenied (403): the form is not one that its policy allows, or it expired */
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
/* An account SAS for all of Blob until `expiry_s` (Unix), as a query string in the arena: for hints to whoever tries the server
 * out. */
enum skr_status skr_accounts_make_sas(const struct skr_accounts *accounts, struct skr_bytes account, int64_t expiry_s,
                                      struct skr_arena *arena, struct skr_bytes *out, struct skr_error *err);
/* The accounts' names in the order in which they were first added; false after the last. */
bool skr_accounts_name(const struct skr_accounts *accounts, size_t index, struct skr_bytes *out);

/* An S3 access key of an account, with its secret. Several of one account are allowed. A read-only key gets reading and listing
 * alone. SKR_INVALID_ARGUMENT: an access key that is empty, has more than 128 bytes or one of "/ ,:" or control bytes, or is
 * there already with another secret; a secret that is empty or has more than 256 bytes. SKR_ACCOUNT_NOT_FOUND. */
enum skr_status skr_accounts_add_s3_key(struct skr_accounts *accounts, struct skr_bytes access_key, struct skr_bytes secret,
                                        struct skr_bytes account, bool read_only, struct skr_error *err);
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
    struct skr_bytes account; /* empty when anonymous */
    uint32_t permissions;
    uint32_t resource_types; /* bits 1 << enum skr_resource: what an account SAS's srt= allows; all for others */
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
 * of them. On refusal fills `err->message` with a text for the response that names what did not match, never the secret or the
 * expected signature (the string to sign that the server used may be told, as Azure does). */
enum skr_auth_refusal skr_auth_blob(const struct skr_auth_options *options, const struct skr_request *request,
                                    const struct skr_target *target, struct skr_arena *arena, struct skr_principal *out,
                                    struct skr_error *err);

/* ---- S3 ---- */

/* What the signature says of the body. */
enum skr_s3_payload_kind {
    SKR_PAYLOAD_UNSIGNED,                /* UNSIGNED-PAYLOAD, presigned URLs, anonymous */
    SKR_PAYLOAD_SIGNED,                  /* the SHA-256 of the body, compared at its end */
    SKR_PAYLOAD_CHUNKS_SIGNED,           /* STREAMING-AWS4-HMAC-SHA256-PAYLOAD */
    SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER,   /* STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER */
    SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER, /* STREAMING-UNSIGNED-PAYLOAD-TRAILER */
};

struct skr_s3_payload {
    enum skr_s3_payload_kind kind;
    bool has_decoded_length;
    uint64_t decoded_length; /* x-amz-decoded-content-length */
    uint8_t sha256[32];      /* SIGNED */
    uint8_t signing_key[32]; /* CHUNKS_SIGNED...: wiped when the body's decoder closes */
    char seed_signature[64]; /* hexadecimal */
    struct skr_bytes timestamp,
        scope; /* "20130524T000000Z", "20130524/us-east-1/s3/aws4_request"; live as long as the request */
};

struct skr_s3_auth_options {
    const struct skr_accounts *accounts;
    struct skr_bytes region;      /* "us-east-1"; "*": any */
    struct skr_bytes host_bucket; /* the bucket that the host names (virtual-host style), or empty */
    unsigned clock_skew_s;        /* 900 */
};

/* Authenticates an S3 request: Signature Version 4 in the Authorization header or in the query, Version 2 in the query, or
 * anonymous when it carries neither. A signature of another version is refused. `payload` says how the body must be decoded;
 * nothing of it may become visible before the decoder said that it is whole. */
enum skr_auth_refusal skr_auth_s3(const struct skr_s3_auth_options *options, const struct skr_request *request,
                                  struct skr_arena *arena, struct skr_principal *out, struct skr_s3_payload *payload,
                                  struct skr_error *err);

/* A form that a browser posts: its credentials are fields, and what they sign is the policy, which says what the other fields
 * may be. Names in any case of letters, each at most once; the file is not among them. */
struct skr_s3_form_fields {
    const struct skr_name_value *fields;
    size_t count;
    struct skr_bytes bucket; /* that the request addresses */
    int64_t received_ns;
};
struct skr_s3_form_range {
    uint64_t least_bytes, most_bytes; /* of the file, both included */
};
/* Authenticates the form: its policy's signature of Version 4 or 2, then the policy against every field; or anonymous when it
 * carries neither policy nor credentials. The only way to a principal for rows with SKR_PERMISSION_BY_FORM. */
enum skr_auth_refusal skr_auth_s3_form(const struct skr_s3_auth_options *options, const struct skr_s3_form_fields *form,
                                       struct skr_arena *arena, struct skr_principal *out, struct skr_s3_form_range *range,
                                       struct skr_error *err);

/* A body between the wire and its sink: undoes aws-chunked, verifies each chunk's signature, the trailer's, or the whole body's
 * SHA-256. Incremental: chunk headers may come in any pieces. Owned by the request's thread. */
struct skr_s3_body;
enum skr_s3_body_problem {
    SKR_S3_BODY_FINE = 0,
    SKR_S3_BODY_MALFORMED,          /* not aws-chunked as it should be: IncompleteBody or InvalidRequest (400) */
    SKR_S3_BODY_INCOMPLETE,         /* ended early, or another length than announced: IncompleteBody (400) */
    SKR_S3_BODY_SIGNATURE_MISMATCH, /* of a chunk or of the trailer: SignatureDoesNotMatch (403) */
    SKR_S3_BODY_HASH_MISMATCH,      /* XAmzContentSHA256Mismatch (400) */
    SKR_S3_BODY_TRAILER_MALFORMED,  /* MalformedTrailerError (400): not announced, unknown, twice, or missing */
    SKR_S3_BODY_NO_MEMORY,
};
/* `trailer`: the value of x-amz-trailer, or empty. The decoder lives in malloc'd memory of its own. */
enum skr_status skr_s3_body_open(struct skr_s3_body **out, const struct skr_s3_payload *payload, struct skr_bytes trailer,
                                 struct skr_error *err);
/* Decodes up to `size` bytes and passes what they hold to `write`, which takes all or part of it. Returns how many were used
 * up; less than `size` when `write` took less (come again with the rest when there is room). After a problem it uses everything
 * up and passes nothing on. */
size_t skr_s3_body_decode(struct skr_s3_body *body, const void *data, size_t size,
                          size_t (*write)(void *context, const void *data, size_t size), void *context);
/* The body is at its end: is it whole and what was signed? */
enum skr_s3_body_problem skr_s3_body_finish(struct skr_s3_body *body);
/* After a successful finish: the value of a trailer ("x-amz-checksum-crc32"), or SKR_NO_BYTES. Lives as long as the body. */
struct skr_bytes skr_s3_body_trailer(const struct skr_s3_body *body, const char *name);
void skr_s3_body_close(struct skr_s3_body *body); /* wipes keys. NULL-safe */

/* ---- authorization ---- */

/* May `principal` do `operation` on `target`? For anonymous callers `public_access` is what the container allows:
 * 0 nothing, 1 reading objects, 2 also reading and listing the container. A principal with CREATE but not WRITE is allowed
 * where the row names CREATE; the handler then refuses to overwrite (skr_principal_create_only). */
enum skr_auth_refusal skr_auth_authorize(const struct skr_principal *principal, const struct skr_operation *operation,
                                         const struct skr_target *target, int public_access);
/* The principal may create but not overwrite. */
bool skr_principal_create_only(const struct skr_principal *principal);

#endif
