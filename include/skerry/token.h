/* Bearer tokens of Microsoft Entra ID for upstreams of Azure Blob: providers for `struct skr_upstream_settings.token_provider`.
 *
 * A provider has a thread of its own, which fetches a token when the provider is opened and a new one well before the old one
 * expires: when the answer's refresh_in says so or half of the life is over, and no later than five minutes before the end. A
 * fetch that fails is tried again with growing delays drawn at random; meanwhile the old token is handed out until it expires.
 * A token that upstream refuses is replaced at once, but not more than once every few seconds.
 *
 * Implemented in datapath/upstream/tokens*.c. Sources: "How to use managed identities on a virtual machine to acquire an access
 * token", "How to use managed identities for App Service", "OAuth 2.0 client credentials flow on the Microsoft identity
 * platform", RFC 6749, RFC 6750, RFC 7523.
 */
#ifndef SKERRY_TOKEN_H
#define SKERRY_TOKEN_H

#include "skerry/status.h"
#include "skerry/upstream.h"

enum skr_token_kind {
    /* The identity that the platform gave to this machine: of a virtual machine, at 169.254.169.254, or of an App Service or
     * a Container App, where the environment has IDENTITY_ENDPOINT and IDENTITY_HEADER. */
    SKR_TOKEN_MANAGED_IDENTITY,
    /* A token of another issuer, such as Kubernetes, which is in a file and exchanged for one of ours. */
    SKR_TOKEN_WORKLOAD_IDENTITY,
    SKR_TOKEN_CLIENT_SECRET,
};

/* Texts may be NULL or empty where nothing is said; those that the kind has no use for are ignored. All are copied. */
struct skr_token_settings {
    enum skr_token_kind kind;
    /* A workload identity's NULL: what AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE and AZURE_AUTHORITY_HOST
     * say. */
    const char *tenant;        /* an id or a domain */
    const char *client_id;     /* MANAGED_IDENTITY: a user-assigned one's; NULL: the machine's own */
    const char *client_secret; /* CLIENT_SECRET */
    const char *token_file;    /* WORKLOAD_IDENTITY: read anew for each fetch */
    const char *authority;     /* https://, or http:// to loopback; NULL: https://login.microsoftonline.com */
    const char *endpoint;      /* MANAGED_IDENTITY: URL instead of the machine's own; http:// to loopback and 169.254.0.0/16 */
    const char *ca_file;       /* PEM, instead of the system's authorities */
    const char *proxy;         /* as an upstream's; for https:// only: nothing goes in the clear through a proxy */
};

/* Does not wait for the first token. SKR_INVALID_ARGUMENT with a message that names what is wrong and shows no secret, SKR_IO
 * for a `ca_file` that cannot be read, SKR_UNSUPPORTED for a platform whose managed identities work differently (Azure Arc,
 * Service Fabric), SKR_NO_MEMORY. */
enum skr_status skr_tokens_open(struct skr_upstream_token_provider **out, const struct skr_token_settings *settings,
                                struct skr_error *err);
/* Upstreams that use it are closed before. Ends a fetch under way, wipes token and secrets. NULL-safe. */
void skr_tokens_close(struct skr_upstream_token_provider *provider);

/* Waits until there is a token to hand out, at most so long. Any thread. */
bool skr_tokens_wait(struct skr_upstream_token_provider *provider, unsigned timeout_ms);

/* For status pages; no secret. */
struct skr_token_state {
    bool has_token;        /* one that is handed out */
    int64_t valid_until_s; /* Unix; 0: there never was one */
    int64_t next_fetch_s;  /* Unix */
    uint64_t fetches;      /* that ended, well or not */
    unsigned failures;     /* since the last that went well */
    int64_t failed_s;      /* Unix, the last failure; 0: none */
    struct skr_error last; /* that failure; stays when a later fetch goes well */
};
void skr_tokens_read_state(struct skr_upstream_token_provider *provider, struct skr_token_state *out);

#endif
