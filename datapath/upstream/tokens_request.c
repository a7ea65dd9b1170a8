/* The request for a token, one for each kind of identity. It holds secrets, so it lies in memory that is wiped. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "skerry/encoding.h"
#include "tokens.h"

#define SKR_ASSERTION_BYTES 32768

static enum skr_status skr_request_no_memory(struct skr_error *err)
{
    return skr_fail(err, SKR_NO_MEMORY, "no memory to ask for a token");
}

static struct skr_bytes skr_form_value(struct skr_token_request *request, struct skr_bytes value)
{
    return skr_percent_encode(&request->arena, value, "");
}

/* ---- managed identity ---- */

static enum skr_status skr_build_managed(struct skr_token_request *request, const struct skr_token_source *source,
                                         struct skr_error *err)
{
    struct skr_bytes client = skr_form_value(request, source->client_id);
    if (client.data == NULL)
        return skr_request_no_memory(err);
    request->url = skr_arena_print(&request->arena, "%.*s?api-version=%s&resource=https%%3A%%2F%%2Fstorage.azure.com%%2F%s%.*s",
                                   SKR_PRINT(source->url), source->app_service ? "2019-08-01" : "2018-02-01",
                                   client.size > 0 ? "&client_id=" : "", SKR_PRINT(client));
    request->header = source->app_service
                          ? skr_arena_print(&request->arena, "X-IDENTITY-HEADER: %.*s", SKR_PRINT(source->identity_header))
                          : SKR_BYTES("Metadata: true");
    return request->url.data != NULL && request->header.data != NULL ? SKR_OK : skr_request_no_memory(err);
}

/* ---- workload identity ---- */

/* Reads the whole of a regular file; -1 with errno. What is no file does not make us wait. */
static ssize_t skr_read_assertion(const char *path, char *out, size_t capacity)
{
    struct stat status;
    size_t size = 0;
    ssize_t got = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode))
        errno = EINVAL;
    else
        while ((got = read(fd, out + size, capacity - size)) > 0)
            size += (size_t)got;
    int failure = errno;
    close(fd);
    errno = failure;
    return got < 0 ? -1 : (ssize_t)size;
}

/* The file is replaced while we run, by a link to another one: it is opened anew each time. */
static enum skr_status skr_take_assertion(struct skr_token_request *request, const struct skr_token_source *source,
                                          struct skr_bytes *out, struct skr_error *err)
{
    char *text = skr_arena_alloc(&request->arena, SKR_ASSERTION_BYTES);
    if (text == NULL)
        return skr_request_no_memory(err);
    ssize_t size = skr_read_assertion(source->token_file.data, text, SKR_ASSERTION_BYTES);
    if (size < 0)
        return skr_fail_os(err, SKR_IO, errno, "cannot read the federated token in %s: %s", source->token_file.data,
                           strerror(errno));
    while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL)
        size--;
    *out = (struct skr_bytes){text, (size_t)size};
    if (size == SKR_ASSERTION_BYTES || !skr_is_bearer_token(*out))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "there is no token in %s", source->token_file.data);
    return SKR_OK;
}

/* ---- what the authority is sent ---- */

static enum skr_status skr_build_exchange(struct skr_token_request *request, const struct skr_token_source *source,
                                          struct skr_error *err)
{
    static const char assertion_type[] =
        "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=";
    bool federated = source->kind == SKR_TOKEN_WORKLOAD_IDENTITY;
    struct skr_bytes proof = source->client_secret;
    enum skr_status status = federated ? skr_take_assertion(request, source, &proof, err) : SKR_OK;
    if (status != SKR_OK)
        return status;
    struct skr_bytes client = skr_form_value(request, source->client_id);
    proof = skr_form_value(request, proof);
    if (client.data == NULL || proof.data == NULL)
        return skr_request_no_memory(err);
    request->url = source->url;
    request->body = skr_arena_print(&request->arena,
                                    "grant_type=client_credentials&scope=https%%3A%%2F%%2Fstorage.azure.com%%2F.default"
                                    "&client_id=%.*s%s%.*s",
                                    SKR_PRINT(client), federated ? assertion_type : "&client_secret=", SKR_PRINT(proof));
    return request->body.data != NULL ? SKR_OK : skr_request_no_memory(err);
}

enum skr_status skr_token_request_build(struct skr_token_request *request, const struct skr_token_source *source,
                                        struct skr_error *err)
{
    *request = (struct skr_token_request){.arena = {.blocks = NULL}};
    return source->kind == SKR_TOKEN_MANAGED_IDENTITY ? skr_build_managed(request, source, err)
                                                      : skr_build_exchange(request, source, err);
}

void skr_token_request_wipe(struct skr_token_request *request)
{
    for (struct skr_arena_block *block = request->arena.blocks; block != NULL; block = block->next)
        explicit_bzero(block->data, block->used);
    skr_arena_release(&request->arena);
    request->url = request->body = request->header = SKR_NO_BYTES;
}
