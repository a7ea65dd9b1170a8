/* Shared access signatures: reading one from the query, the limits that both kinds share, and the account SAS.
 * Source: "Create an account SAS". */
#include <arpa/inet.h>

#include "accounts.h"
#include "schemes.h"
#include "skerry/encoding.h"
#include "text.h"

bool skr_sas_read(const struct skr_request *request, struct skr_sas *sas)
{
    *sas = (struct skr_sas){.is_account = false};
    const struct {
        const char *name;
        struct skr_bytes *value;
    } fields[] = {
        {"sv", &sas->version},          {"ss", &sas->services},       {"srt", &sas->resource_types},
        {"sp", &sas->permissions},      {"st", &sas->start},          {"se", &sas->expiry},
        {"sip", &sas->ip},              {"spr", &sas->protocol},      {"ses", &sas->encryption_scope},
        {"sig", &sas->signature},       {"sr", &sas->resource},       {"si", &sas->identifier},
        {"rscc", &sas->cache_control},  {"rscd", &sas->content_disposition}, {"rsce", &sas->content_encoding},
        {"rscl", &sas->content_language}, {"rsct", &sas->content_type}, {"skoid", &sas->delegation},
    };
    for (size_t i = 0; i < request->uri.query_count; i++) {
        const struct skr_query_parameter *parameter = &request->uri.query[i];
        for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
            if (!skr_bytes_equal(parameter->name, skr_text(fields[f].name)))
                continue;
            sas->duplicate |= fields[f].value->data != NULL;
            *fields[f].value = parameter->value;
        }
    }
    sas->is_account = sas->services.data != NULL || sas->resource_types.data != NULL;
    return sas->signature.data != NULL;
}

bool skr_sas_permissions(struct skr_bytes letters, uint32_t *permissions)
{
    static const char known[] = "racwdltfxymeopi";
    static const uint32_t bits[] = {SKR_PERMISSION_READ,           SKR_PERMISSION_ADD,    SKR_PERMISSION_CREATE,
                                    SKR_PERMISSION_WRITE,          SKR_PERMISSION_DELETE, SKR_PERMISSION_LIST,
                                    SKR_PERMISSION_TAGS,           SKR_PERMISSION_FILTER, SKR_PERMISSION_DELETE_VERSION,
                                    SKR_PERMISSION_DELETE_PERMANENT, SKR_PERMISSION_MOVE, SKR_PERMISSION_EXECUTE,
                                    SKR_PERMISSION_OWNERSHIP,      SKR_PERMISSION_POLICY, SKR_PERMISSION_IMMUTABILITY};
    *permissions = 0;
    for (size_t i = 0; i < letters.size; i++) {
        const char *at = letters.data[i] == '\0' ? NULL : strchr(known, letters.data[i]);
        if (letters.data[i] == 'u') /* "update" of queues and tables: an account SAS may carry it for them */
            continue;
        if (at == NULL)
            return false;
        *permissions |= bits[at - known];
    }
    return true;
}

static bool skr_sas_address_allowed(struct skr_bytes range, const char *peer)
{
    char text[64];
    struct in_addr first, last, client;
    if (range.size >= sizeof text)
        return false;
    memcpy(text, range.data, range.size);
    text[range.size] = '\0';
    char *dash = strchr(text, '-');
    if (dash != NULL)
        *dash = '\0';
    if (inet_pton(AF_INET, text, &first) != 1 || inet_pton(AF_INET, dash == NULL ? text : dash + 1, &last) != 1 ||
        inet_pton(AF_INET, strcmp(peer, "::1") == 0 ? "127.0.0.1" : peer, &client) != 1)
        return false;
    return ntohl(client.s_addr) >= ntohl(first.s_addr) && ntohl(client.s_addr) <= ntohl(last.s_addr);
}

enum skr_auth_refusal skr_sas_check_limits(const struct skr_sas *sas, const struct skr_request *request, struct skr_error *err)
{
    int64_t when;
    if (sas->start.size > 0 && (!skr_iso8601_parse(sas->start, &when) || request->received_ns < when)) {
        skr_fail(err, SKR_UNAUTHENTICATED, "Signature not valid in the specified time frame: it does not begin to be valid yet.");
        return SKR_AUTH_FAILED;
    }
    if (sas->expiry.size == 0 || !skr_iso8601_parse(sas->expiry, &when) || request->received_ns > when) {
        skr_fail(err, SKR_UNAUTHENTICATED, "Signature not valid in the specified time frame: it has expired, or has no valid expiry.");
        return SKR_AUTH_FAILED;
    }
    if (sas->protocol.size > 0 && !skr_bytes_equal(sas->protocol, SKR_BYTES("https")) &&
        !skr_bytes_equal(sas->protocol, SKR_BYTES("https,http")))
        return SKR_AUTH_FAILED;
    if (skr_bytes_equal(sas->protocol, SKR_BYTES("https")) && !request->tls)
        return SKR_AUTH_PROTOCOL_MISMATCH;
    if (sas->ip.size > 0 && !skr_sas_address_allowed(sas->ip, request->peer))
        return SKR_AUTH_SOURCE_IP_MISMATCH;
    return SKR_AUTH_ALLOWED;
}

/* ---- account SAS ---- */

enum skr_auth_refusal skr_account_sas_check(const struct skr_auth_options *options, const struct skr_request *request,
                                            const struct skr_target *target, const struct skr_sas *sas, struct skr_arena *arena,
                                            struct skr_principal *out, struct skr_error *err)
{
    struct skr_signing_text text = {.arena = arena};
    skr_signing_line(&text, target->account);
    skr_signing_line(&text, sas->permissions);
    skr_signing_line(&text, sas->services);
    skr_signing_line(&text, sas->resource_types);
    skr_signing_line(&text, sas->start);
    skr_signing_line(&text, sas->expiry);
    skr_signing_line(&text, sas->ip);
    skr_signing_line(&text, sas->protocol);
    skr_signing_line(&text, sas->version);
    if (skr_bytes_compare(sas->version, SKR_BYTES("2020-12-06")) >= 0)
        skr_signing_line(&text, sas->encryption_scope);
    if (text.failed || !skr_accounts_verify(options->accounts, target->account, skr_signing_bytes(&text), sas->signature)) {
        skr_fail(err, SKR_UNAUTHENTICATED, "Signature did not match.");
        return SKR_AUTH_FAILED;
    }
    enum skr_auth_refusal refusal = skr_sas_check_limits(sas, request, err);
    if (refusal != SKR_AUTH_ALLOWED)
        return refusal;
    *out = (struct skr_principal){.scheme = SKR_AUTH_ACCOUNT_SAS, .account = target->account};
    if (!skr_sas_permissions(sas->permissions, &out->permissions))
        return SKR_AUTH_FAILED;
    if (memchr(sas->services.data, 'b', sas->services.size) == NULL)
        return SKR_AUTH_SERVICE_MISMATCH;
    for (size_t i = 0; i < sas->resource_types.size; i++)
        out->resource_types |= sas->resource_types.data[i] == 's'   ? 1u << SKR_RESOURCE_SERVICE
                               : sas->resource_types.data[i] == 'c' ? 1u << SKR_RESOURCE_CONTAINER
                               : sas->resource_types.data[i] == 'o' ? 1u << SKR_RESOURCE_OBJECT
                                                                    : 0;
    return SKR_AUTH_ALLOWED;
}
