/* A request as libmicrohttpd read it, looked at once more with strict eyes. What makes two readers disagree about where a
 * request ends or which host it is for is refused before anybody acts on it; the connection is closed, since what follows
 * cannot be trusted.
 *
 * libmicrohttpd leaves what it parsed where it received it, with delimiters overwritten, and tells the size of the whole
 * section. So the parts must tile it: method, space, target, space, version, CRLF, then name, colon, blanks, value, CRLF for
 * each header, then CRLF. What it repairs or stops at by itself breaks the tiling: folded lines (it appends the fold to the
 * header's *name*), a line with an empty name (it takes that for the end of the headers), zero bytes, bare line feeds. What
 * looks the same afterwards is a zero byte in place of a CR, and zero bytes or a colon within the four bytes that close the
 * section.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <time.h>

#include "reactor.h"
#include "skerry/encoding.h"

struct skr_header_walk {
    struct skr_exchange *exchange;
    int refuse; /* HTTP status, 0: fine so far */
    unsigned hosts, lengths, encodings;
    const char *at; /* where the next line must begin */
};

static bool skr_is_token(const char *text, size_t size)
{
    if (size == 0)
        return false;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= 0x20 || c >= 0x7F || strchr("\"(),/:;<=>?@[\\]{}", c) != NULL)
            return false;
    }
    return true;
}

static bool skr_is_field_value(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

bool skr_authority_parse(struct skr_arena *arena, struct skr_bytes authority, struct skr_bytes *host, struct skr_bytes *port)
{
    bool bracketed = authority.size > 0 && authority.data[0] == '[';
    const char *end = authority.size == 0 ? NULL : memchr(authority.data, bracketed ? ']' : ':', authority.size);
    size_t size = end == NULL ? authority.size : (size_t)(end - authority.data) + bracketed;
    *host = skr_arena_copy(arena, (struct skr_bytes){authority.data, size});
    *port = SKR_NO_BYTES;
    if (host->data == NULL || (bracketed && end == NULL) || (size < authority.size && authority.data[size] != ':'))
        return false;
    if (size + 1 < authority.size)
        *port = skr_arena_copy(arena, (struct skr_bytes){authority.data + size + 1, authority.size - size - 1});
    for (size_t i = 0; i < port->size; i++)
        if (port->data[i] < '0' || port->data[i] > '9')
            return false;
    for (size_t i = 0; i < size; i++) {
        char *c = (char *)host->data + i;
        if (*c >= 'A' && *c <= 'Z')
            *c |= 0x20;
        bool plain = *c != '\0' && strchr("abcdefghijklmnopqrstuvwxyz0123456789.-_~", *c) != NULL;
        bool of_brackets = bracketed && (*c == ':' || (*c == '[' && i == 0) || (*c == ']' && i == size - 1));
        if (!plain && !of_brackets)
            return false;
    }
    return true;
}

static void skr_walk_framing(struct skr_header_walk *walk, struct skr_bytes name, struct skr_bytes value)
{
    struct skr_request *request = &walk->exchange->request;
    if (skr_bytes_equal_nocase(name, SKR_BYTES("host"))) {
        if (!skr_authority_parse(&walk->exchange->arena, value, &request->host, &request->port) || walk->hosts++ > 0)
            walk->refuse = 400;
    } else if (skr_bytes_equal_nocase(name, SKR_BYTES("content-length"))) {
        request->has_content_length = true;
        if (walk->lengths++ > 0 || !skr_parse_u64(value, &request->content_length) || request->content_length > INT64_MAX)
            walk->refuse = 400;
    } else if (skr_bytes_equal_nocase(name, SKR_BYTES("transfer-encoding"))) {
        request->chunked = true;
        if (walk->encodings++ > 0 || !skr_bytes_equal_nocase(value, SKR_BYTES("chunked")))
            walk->refuse = 400;
    } else if (skr_bytes_equal_nocase(name, SKR_BYTES("expect"))) {
        request->expects_continue = skr_bytes_equal_nocase(value, SKR_BYTES("100-continue"));
    }
}

/* Delimiters were overwritten with zeros; anything else between two parts was not a delimiter. */
static bool skr_is_zero(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != '\0')
            return false;
    return true;
}

/* Does this header begin where the last one ended? */
static bool skr_walk_is_next(struct skr_header_walk *walk, struct skr_bytes name, struct skr_bytes value)
{
    const char *after_colon = name.data + name.size + 1;
    if (name.data != walk->at || !skr_is_zero(walk->at - 2, 2) || value.data == NULL || value.data < after_colon)
        return false;
    for (const char *c = after_colon; c < value.data; c++)
        if (*c != ' ' && *c != '\t')
            return false;
    walk->at = value.data + value.size + 2;
    return true;
}

static enum MHD_Result skr_walk_header(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value,
                                       size_t value_size)
{
    struct skr_header_walk *walk = cls;
    struct skr_request *request = &walk->exchange->request;
    (void)kind;
    if (!skr_walk_is_next(walk, (struct skr_bytes){key, key_size}, (struct skr_bytes){value, value_size}) ||
        !skr_is_token(key, key_size) || !skr_is_field_value(value, value_size)) {
        walk->refuse = 400;
        return MHD_NO;
    }
    if (request->header_count == SKR_MAX_HEADERS) {
        walk->refuse = 431;
        return MHD_NO;
    }
    struct skr_header *header = &request->headers[request->header_count++];
    header->name = (struct skr_bytes){key, key_size};
    header->value = skr_bytes_trim((struct skr_bytes){value, value_size});
    skr_walk_framing(walk, header->name, header->value);
    return walk->refuse == 0 ? MHD_YES : MHD_NO;
}

static enum skr_method skr_method_of(struct skr_bytes name)
{
    static const struct {
        const char *name;
        enum skr_method method;
    } methods[] = {{"GET", SKR_GET},       {"HEAD", SKR_HEAD},   {"PUT", SKR_PUT},        {"POST", SKR_POST},
                   {"DELETE", SKR_DELETE}, {"PATCH", SKR_PATCH}, {"OPTIONS", SKR_OPTIONS}};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (skr_bytes_equal(name, skr_text(methods[i].name)))
            return methods[i].method;
    return SKR_METHOD_OTHER;
}

static void skr_request_peer(struct skr_request *request, struct MHD_Connection *handle)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info == NULL ? NULL : info->client_addr;
    request->peer[0] = '\0';
    if (address == NULL)
        return;
    if (address->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, request->peer, sizeof request->peer);
    } else if (address->sa_family == AF_INET6) {
        const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(six))
            inet_ntop(AF_INET, six->s6_addr + 12, request->peer, sizeof request->peer);
        else
            inet_ntop(AF_INET6, six, request->peer, sizeof request->peer);
    }
}

/* "GET http://host/path": the authority of the target counts, not the Host header. */
static bool skr_request_absolute(struct skr_exchange *exchange)
{
    const char *separator = memmem(exchange->raw_target.data, exchange->raw_target.size, "://", 3);
    if (separator == NULL || exchange->raw_target.data[0] == '/')
        return true;
    struct skr_bytes rest = {separator + 3, exchange->raw_target.size - (size_t)(separator + 3 - exchange->raw_target.data)};
    const char *slash = memchr(rest.data, '/', rest.size);
    rest.size = slash == NULL ? rest.size : (size_t)(slash - rest.data);
    struct skr_request *request = &exchange->request;
    return skr_authority_parse(&exchange->arena, rest, &request->host, &request->port) && request->host.size > 0;
}

int skr_request_build(struct skr_exchange *exchange, struct MHD_Connection *handle, const char *method, const char *version)
{
    struct skr_request *request = &exchange->request;
    struct skr_header_walk walk = {.exchange = exchange};
    struct skr_error error;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    request->received_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    request->header_count = 0;
    request->host = request->port = SKR_NO_BYTES;
    request->listener = skr_text(exchange->connection->face->listener->bound);
    request->has_content_length = request->chunked = request->expects_continue = request->has_body = false;
    request->tls = exchange->connection->tls != NULL;
    request->content_length = 0;
    request->method_name = skr_text(method);
    request->method = skr_method_of(request->method_name);
    skr_request_peer(request, handle);
    request->uri.query_count = 0;
    request->uri.raw_target = request->uri.raw_path = SKR_BYTES("/");
    request->uri.raw_query = SKR_BYTES("");
    if (!skr_is_token(method, request->method_name.size))
        return 400;
    bool is_11 = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;
    if (!is_11 && strcmp(version, MHD_HTTP_VERSION_1_0) != 0)
        return 505;
    if (exchange->target_truncated)
        return 414;
    enum skr_status status = skr_uri_parse(&exchange->arena, exchange->raw_target, &request->uri, &error);
    if (status != SKR_OK)
        return status == SKR_TOO_LARGE ? 414 : 400;
    walk.at = version + strlen(version) + 2;
    MHD_get_connection_values_n(handle, MHD_HEADER_KIND, skr_walk_header, &walk);
    if (walk.refuse != 0)
        return walk.refuse;
    const union MHD_ConnectionInfo *section = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (section == NULL || walk.at + 2 != method + section->header_size || !skr_is_zero(walk.at - 2, 4) ||
        version != method + request->method_name.size + 1 + exchange->raw_target.size + 1)
        return 400;
    if ((is_11 && walk.hosts == 0) || (request->chunked && (request->has_content_length || !is_11)) ||
        !skr_request_absolute(exchange))
        return 400;
    request->has_body = request->chunked || request->content_length > 0;
    return 0;
}

struct skr_bytes skr_request_header(const struct skr_request *request, const char *name)
{
    struct skr_bytes wanted = skr_text(name);
    for (size_t i = 0; i < request->header_count; i++)
        if (skr_bytes_equal_nocase(request->headers[i].name, wanted))
            return request->headers[i].value;
    return SKR_NO_BYTES;
}
