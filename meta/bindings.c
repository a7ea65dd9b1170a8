/* Which containers stand in front of an upstream, and with what credential. Secrets are kept here and nowhere else: the data
 * folder is its owner's alone.
 */
#include "codec.h"
#include "names.h"

#define SKR_BINDING_VERSION 1

/* What a container shows depends on its binding. */
static void skr_binding_note(struct skr_view *view, struct skr_bytes account, struct skr_bytes container)
{
    if (skr_bytes_equal(container, SKR_BYTES(SKR_ALL_CONTAINERS)))
        skr_names_lose(view);
    else
        skr_names_note_container(view, account, container);
}

static bool skr_binding_encode(struct skr_encoder *encoder, const struct skr_binding *binding)
{
    unsigned count = 0;
    skr_encode_number(encoder, SKR_BINDING_VERSION, 1);
    skr_encode_number(encoder, binding->id, 8);
    skr_encode_number(encoder, binding->revision, 8);
    skr_encode_number(encoder, binding->mode, 1);
    skr_encode_number(encoder, binding->listing, 1);
    skr_encode_number(encoder, binding->is_s3, 1);
    skr_encode_number(encoder, binding->credential, 1);
    skr_encode_number(encoder, binding->allow_http, 1);
    skr_encode_number(encoder, binding->ttl_ms, 8);
    skr_encode_number(encoder, binding->capacity_bytes, 8);
    for (unsigned i = 0; i < SKR_BINDING_TEXT_COUNT; i++)
        count += binding->texts[i].size > 0;
    skr_encode_number(encoder, count, 1);
    for (unsigned i = 0; i < SKR_BINDING_TEXT_COUNT; i++) {
        if (binding->texts[i].size == 0)
            continue;
        skr_encode_number(encoder, i, 1);
        skr_encode_text(encoder, binding->texts[i], 4);
    }
    return !encoder->failed;
}

static enum skr_status skr_binding_decode(struct skr_bytes record, struct skr_binding *out, struct skr_error *err)
{
    struct skr_decoder decoder = skr_decoder_of(record);
    bool known = skr_decode_number(&decoder, 1) == SKR_BINDING_VERSION;
    *out = (struct skr_binding){.id = skr_decode_number(&decoder, 8)};
    out->revision = skr_decode_number(&decoder, 8);
    out->mode = (unsigned)skr_decode_number(&decoder, 1);
    out->listing = (unsigned)skr_decode_number(&decoder, 1);
    out->is_s3 = skr_decode_number(&decoder, 1) != 0;
    out->credential = (unsigned)skr_decode_number(&decoder, 1);
    out->allow_http = skr_decode_number(&decoder, 1) != 0;
    out->ttl_ms = skr_decode_number(&decoder, 8);
    out->capacity_bytes = skr_decode_number(&decoder, 8);
    for (size_t count = skr_decode_number(&decoder, 1); count > 0 && !decoder.failed; count--) {
        size_t text = skr_decode_number(&decoder, 1);
        struct skr_bytes value = skr_decode_text(&decoder, 4);
        if (text < SKR_BINDING_TEXT_COUNT)
            out->texts[text] = value;
    }
    if (decoder.failed || !known || out->mode < SKR_BINDING_READ_ONLY || out->mode > SKR_BINDING_WRITE_BACK ||
        out->listing > SKR_LISTING_MIRROR || out->credential > SKR_BINDING_BY_CLIENT_SECRET)
        return skr_fail(err, SKR_CORRUPT, "the record of a binding is damaged");
    return SKR_OK;
}

enum skr_status skr_binding_get(struct skr_view *view, struct skr_bytes account, struct skr_bytes container,
                                struct skr_binding *out, struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes key, record;
    if (view->meta->tables[SKR_TABLE_BINDINGS] == 0) /* a folder of an earlier format, opened for reading */
        return SKR_NOT_FOUND;
    enum skr_status status = skr_pair_key(&row, account, container, &key, err);
    if (status == SKR_OK)
        status = skr_row_get(view, SKR_TABLE_BINDINGS, key, &record, err);
    return status != SKR_OK ? status : skr_binding_decode(record, out, err);
}

enum skr_status skr_binding_of(struct skr_view *view, struct skr_bytes account, struct skr_bytes container,
                               struct skr_binding *out, struct skr_error *err)
{
    enum skr_status status = skr_binding_get(view, account, container, out, err);
    return status == SKR_NOT_FOUND ? skr_binding_get(view, account, SKR_BYTES(SKR_ALL_CONTAINERS), out, err) : status;
}

enum skr_status skr_binding_put(struct skr_view *view, struct skr_bytes account, struct skr_bytes container,
                                const struct skr_binding *binding, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_encoder encoder = {.arena = &arena};
    struct skr_row_key row;
    struct skr_bytes key;
    enum skr_status status = skr_pair_key(&row, account, container, &key, err);
    if (status == SKR_OK && !skr_binding_encode(&encoder, binding))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for a binding");
    if (status == SKR_OK)
        status = skr_view_grow(view, encoder.size, err);
    if (status == SKR_OK)
        status = skr_row_put(view, SKR_TABLE_BINDINGS, key, (struct skr_bytes){encoder.data, encoder.size}, err);
    if (status == SKR_OK)
        skr_binding_note(view, account, container);
    if (encoder.data != NULL)
        explicit_bzero(encoder.data, encoder.size);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_binding_remove(struct skr_view *view, struct skr_bytes account, struct skr_bytes container,
                                   struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes key;
    enum skr_status status = skr_pair_key(&row, account, container, &key, err);
    if (status == SKR_OK)
        status = skr_row_remove(view, SKR_TABLE_BINDINGS, key, err);
    if (status == SKR_OK)
        skr_binding_note(view, account, container);
    return status;
}

enum skr_status skr_binding_list(struct skr_view *view,
                                 bool (*visit)(void *context, struct skr_bytes account, struct skr_bytes container,
                                               const struct skr_binding *binding),
                                 void *context, struct skr_error *err)
{
    struct skr_bytes found, record;
    MDB_cursor *cursor;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_BINDINGS, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_cursor_seek(cursor, SKR_NO_BYTES, &found, &record, err);
    while (status == SKR_OK) {
        struct skr_binding binding;
        const char *zero = memchr(found.data, '\0', found.size);
        if (zero == NULL) {
            status = skr_fail(err, SKR_CORRUPT, "the key of a binding is damaged");
            break;
        }
        size_t account_size = (size_t)(zero - found.data);
        status = skr_binding_decode(record, &binding, err);
        if (status != SKR_OK || !visit(context, (struct skr_bytes){found.data, account_size},
                                       (struct skr_bytes){zero + 1, found.size - account_size - 1}, &binding))
            break;
        status = skr_cursor_next(cursor, &found, &record, err);
    }
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}
