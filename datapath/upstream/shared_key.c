/* Shared Key, as a client. Source: "Authorize with Shared Key". Headers are signed in the order of words, which is what the
 * service does where it differs from the order of bytes.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "skerry/encoding.h"
#include "upstream_private.h"

static int skr_header_order(const void *a, const void *b)
{
    const struct skr_name_value *x = a, *y = b;
    return skr_word_compare(x->name, y->name);
}

static int skr_query_order(const void *a, const void *b)
{
    const struct skr_name_value *x = a, *y = b;
    return skr_bytes_compare(x->name, y->name);
}

static struct skr_bytes skr_own_headers(const struct skr_message *message)
{
    struct skr_name_value sorted[SKR_MESSAGE_HEADERS];
    size_t count = 0;
    for (size_t i = 0; i < message->header_count; i++)
        if (skr_bytes_starts_with(message->headers[i].name, SKR_BYTES("x-ms-")))
            sorted[count++] = message->headers[i];
    qsort(sorted, count, sizeof *sorted, skr_header_order);
    size_t size = 0, used = 0;
    for (size_t i = 0; i < count; i++)
        size += sorted[i].name.size + sorted[i].value.size + 2;
    char *text = skr_arena_alloc(message->arena, size + 1);
    for (size_t i = 0; i < count && text != NULL; i++) {
        memcpy(text + used, sorted[i].name.data, sorted[i].name.size);
        used += sorted[i].name.size;
        text[used++] = ':';
        if (sorted[i].value.size > 0)
            memcpy(text + used, sorted[i].value.data, sorted[i].value.size);
        used += sorted[i].value.size;
        text[used++] = '\n';
    }
    return (struct skr_bytes){text, used};
}

static struct skr_bytes skr_resource(const struct skr_message *message, struct skr_bytes account)
{
    struct skr_name_value sorted[SKR_MESSAGE_QUERY];
    memcpy(sorted, message->query, message->query_count * sizeof *sorted);
    qsort(sorted, message->query_count, sizeof *sorted, skr_query_order);
    struct skr_bytes text = skr_arena_print(message->arena, "/%.*s%.*s", SKR_PRINT(account), SKR_PRINT(message->path));
    for (size_t i = 0; i < message->query_count && text.data != NULL; i++)
        text = skr_arena_print(message->arena, "%.*s\n%.*s:%.*s", SKR_PRINT(text), SKR_PRINT(sorted[i].name),
                               SKR_PRINT(sorted[i].value));
    return text;
}

struct skr_bytes skr_shared_key_text(const struct skr_message *message, struct skr_bytes account, uint64_t body_bytes)
{
    static const char *const names[] = {"content-md5",   "content-type",        "date", "if-modified-since", "if-match",
                                        "if-none-match", "if-unmodified-since", "range"};
    struct skr_bytes own = skr_own_headers(message), resource = skr_resource(message, account);
    if (own.data == NULL || resource.data == NULL)
        return SKR_NO_BYTES;
    char length[24] = "";
    if (body_bytes > 0)
        snprintf(length, sizeof length, "%llu", (unsigned long long)body_bytes);
    struct skr_bytes text = skr_arena_print(message->arena, "%s\n%.*s\n%.*s\n%s\n", message->method,
                                            SKR_PRINT(skr_message_header_of(message, "content-encoding")),
                                            SKR_PRINT(skr_message_header_of(message, "content-language")), length);
    for (size_t i = 0; i < sizeof names / sizeof *names && text.data != NULL; i++)
        text =
            skr_arena_print(message->arena, "%.*s%.*s\n", SKR_PRINT(text), SKR_PRINT(skr_message_header_of(message, names[i])));
    if (text.data == NULL)
        return SKR_NO_BYTES;
    return skr_arena_print(message->arena, "%.*s%.*s%.*s", SKR_PRINT(text), SKR_PRINT(own), SKR_PRINT(resource));
}

struct skr_bytes skr_shared_key_authorization(const struct skr_message *message, struct skr_bytes account, struct skr_bytes key,
                                              uint64_t body_bytes)
{
    struct skr_bytes text = skr_shared_key_text(message, account, body_bytes);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char signature[SKR_BASE64_SIZE(32)];
    if (text.data == NULL ||
        HMAC(EVP_sha256(), key.data, (int)key.size, (const unsigned char *)text.data, text.size, digest, &size) == NULL)
        return SKR_NO_BYTES;
    skr_base64_encode(signature, digest, 32);
    return skr_arena_print(message->arena, "SharedKey %.*s:%.*s", SKR_PRINT(account), (int)sizeof signature, signature);
}
