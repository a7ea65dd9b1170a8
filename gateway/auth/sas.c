/* Shared access signatures: reading one from the query, and the limits that both kinds share. What a signature says counts only
 * after it was verified; until then its texts are the client's. Sources: "Create an account SAS", "Create a service SAS". */
#include <arpa/inet.h>

#include "schemes.h"
#include "skerry/encoding.h"

/* Parameters of a user delegation signature; one of them makes it one. */
static bool skr_is_delegation(struct skr_bytes name)
{
    static const char *const names[] = {"skoid", "sktid", "skt",  "ske",     "sks",   "skv",
                                        "saoid", "suoid", "scid", "skdutid", "sduoid"};
    if (name.size < 3 || name.data[0] != 's') /* nearly every parameter */
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (skr_bytes_equal(name, skr_text(names[i])))
            return true;
    return false;
}

static bool skr_has_control_bytes(struct skr_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7F)
            return true;
    return false;
}

bool skr_sas_read(const struct skr_request *request, struct skr_sas *sas)
{
    *sas = (struct skr_sas){.is_account = false};
    const struct {
        struct skr_bytes name;
        struct skr_bytes *value;
    } fields[] = {
        {SKR_BYTES("sv"), &sas->version},
        {SKR_BYTES("ss"), &sas->services},
        {SKR_BYTES("srt"), &sas->resource_types},
        {SKR_BYTES("sp"), &sas->permissions},
        {SKR_BYTES("st"), &sas->start},
        {SKR_BYTES("se"), &sas->expiry},
        {SKR_BYTES("sip"), &sas->ip},
        {SKR_BYTES("spr"), &sas->protocol},
        {SKR_BYTES("ses"), &sas->encryption_scope},
        {SKR_BYTES("sig"), &sas->signature},
        {SKR_BYTES("sr"), &sas->resource},
        {SKR_BYTES("si"), &sas->identifier},
        {SKR_BYTES("rscc"), &sas->cache_control},
        {SKR_BYTES("rscd"), &sas->content_disposition},
        {SKR_BYTES("rsce"), &sas->content_encoding},
        {SKR_BYTES("rscl"), &sas->content_language},
        {SKR_BYTES("rsct"), &sas->content_type},
    };
    for (size_t i = 0; i < request->uri.query_count; i++) {
        const struct skr_query_parameter *parameter = &request->uri.query[i];
        sas->is_delegated |= skr_is_delegation(parameter->name);
        for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
            if (!skr_bytes_equal(parameter->name, fields[f].name))
                continue;
            sas->is_repeated |= fields[f].value->data != NULL;
            sas->is_dirty |= skr_has_control_bytes(parameter->value);
            *fields[f].value = parameter->value.data == NULL ? SKR_BYTES("") : parameter->value;
        }
    }
    sas->is_account = sas->services.data != NULL || sas->resource_types.data != NULL;
    return sas->signature.data != NULL;
}

bool skr_sas_since(const struct skr_sas *sas, const char *version)
{
    return skr_bytes_compare(sas->version, skr_text(version)) >= 0;
}

/* A version is a date. One that is newer than this server is taken for the newest form that it knows: if that was wrong, the
 * signature does not match. */
static bool skr_is_version(struct skr_bytes text)
{
    static const char shape[] = "dddd-dd-dd";
    if (text.size != sizeof shape - 1)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (shape[i] == 'd' ? text.data[i] < '0' || text.data[i] > '9' : text.data[i] != '-')
            return false;
    return true;
}

enum skr_auth_refusal skr_sas_check_form(const struct skr_sas *sas, const char *oldest, struct skr_error *err)
{
    if (sas->is_delegated)
        return skr_refuse(err, SKR_AUTH_FAILED, "User delegation signatures are not offered here.");
    if (sas->is_repeated)
        return skr_refuse(err, SKR_AUTH_FAILED, "A parameter of the shared access signature is repeated.");
    if (sas->is_dirty)
        return skr_refuse(err, SKR_AUTH_FAILED, "A parameter of the shared access signature holds control characters.");
    if (!skr_is_version(sas->version) || !skr_sas_since(sas, oldest))
        return skr_refuse(err, SKR_AUTH_FAILED, "sv is mandatory, and must be a version that has this kind of signature.");
    return SKR_AUTH_ALLOWED;
}

bool skr_sas_permissions(struct skr_bytes letters, bool account, uint32_t *permissions)
{
    static const struct {
        char letter;
        bool account, service;
        uint32_t bit;
    } known[] = {
        {'r', true, true, SKR_PERMISSION_READ},
        {'a', true, true, SKR_PERMISSION_ADD},
        {'c', true, true, SKR_PERMISSION_CREATE},
        {'w', true, true, SKR_PERMISSION_WRITE},
        {'d', true, true, SKR_PERMISSION_DELETE},
        {'l', true, true, SKR_PERMISSION_LIST},
        {'t', true, true, SKR_PERMISSION_TAGS},
        {'f', true, true, SKR_PERMISSION_FILTER},
        {'x', true, true, SKR_PERMISSION_DELETE_VERSION},
        {'y', true, true, SKR_PERMISSION_DELETE_PERMANENT},
        {'i', true, true, SKR_PERMISSION_IMMUTABILITY},
        {'m', false, true, SKR_PERMISSION_MOVE},
        {'e', false, true, SKR_PERMISSION_EXECUTE},
        {'o', false, true, SKR_PERMISSION_OWNERSHIP},
        {'p', false, true, SKR_PERMISSION_POLICY},
        {'p', true, false, 0}, /* "process" messages of queues */
        {'u', true, false, 0}, /* "update" entities and messages */
    };
    const size_t count = sizeof known / sizeof *known;
    *permissions = 0;
    for (size_t i = 0; i < letters.size; i++) {
        size_t k = 0;
        while (k < count && (known[k].letter != letters.data[i] || !(account ? known[k].account : known[k].service)))
            k++;
        if (k == count)
            return false;
        *permissions |= known[k].bit;
    }
    return letters.size > 0;
}

/* One IPv4 address, or two with a dash between. A client on the machine itself is 127.0.0.1 in either family. */
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
    if (strlen(text) + (dash == NULL ? 0 : 1 + strlen(dash + 1)) != range.size || inet_pton(AF_INET, text, &first) != 1 ||
        inet_pton(AF_INET, dash == NULL ? text : dash + 1, &last) != 1 ||
        inet_pton(AF_INET, strcmp(peer, "::1") == 0 ? "127.0.0.1" : peer, &client) != 1)
        return false;
    return ntohl(client.s_addr) >= ntohl(first.s_addr) && ntohl(client.s_addr) <= ntohl(last.s_addr);
}

enum skr_auth_refusal skr_sas_check_limits(const struct skr_sas *sas, const struct skr_request *request, struct skr_error *err)
{
    int64_t when;
    if (sas->start.size > 0 && (!skr_iso8601_parse(sas->start, &when) || request->received_ns < when))
        return skr_refuse(err, SKR_AUTH_FAILED,
                          "Signature not valid in the specified time frame: it does not begin to be valid yet.");
    if (sas->expiry.size == 0)
        return skr_refuse(err, SKR_AUTH_FAILED,
                          "se is mandatory, in the signature or in the stored access policy that it names.");
    if (!skr_iso8601_parse(sas->expiry, &when) || request->received_ns > when)
        return skr_refuse(err, SKR_AUTH_FAILED, "Signature not valid in the specified time frame: it has expired.");
    bool https_only = skr_bytes_equal(sas->protocol, SKR_BYTES("https"));
    if (sas->protocol.size > 0 && !https_only && !skr_bytes_equal(sas->protocol, SKR_BYTES("https,http")))
        return skr_refuse(err, SKR_AUTH_FAILED, "spr is neither 'https' nor 'https,http'.");
    if (https_only && !request->tls)
        return skr_refuse(err, SKR_AUTH_PROTOCOL_MISMATCH, "The signature is good for HTTPS only.");
    if (sas->ip.size > 0 && !skr_sas_address_allowed(sas->ip, request->peer))
        return skr_refuse(err, SKR_AUTH_SOURCE_IP_MISMATCH,
                          "The signature is not good for the address that the request came from.");
    return SKR_AUTH_ALLOWED;
}
