/* DeleteObjects: up to 1,000 keys in one request. All removals are submitted at once, so that they become durable together; the answer goes out
 * when the last one is done. */
#include "call.h"
#include "deletion_list.h"
#include "listing.h"

struct skr_s3_deletions;

/* One key of the request, and what came of it. */
struct skr_s3_deletion {
    struct skr_s3_deletions *all;
    const struct skr_s3_deletion_choice *choice;
    struct skr_version parsed;
    bool bad_version;
    struct skr_pending *pending; /* NULL: not submitted, or done */
    enum skr_status status;
    bool is_marker;              /* a delete marker was made or removed */
    int64_t version_ns;          /* of what was made or removed */
};

struct skr_s3_deletions {
    struct skr_s3_call *call;
    struct skr_s3_deletion_list list;
    size_t outstanding;
    struct skr_s3_deletion items[SKR_S3_MAX_DELETIONS];
};

/* ---- the answer ---- */

static void skr_s3_render_deletion(struct skr_s3_deletions *all, struct skr_xml *xml, const struct skr_s3_deletion *item)
{
    struct skr_arena *arena = all->call->arena;
    const char *message;
    bool gone = item->status == SKR_OK || item->status == SKR_OBJECT_NOT_FOUND || item->status == SKR_VERSION_NOT_FOUND;
    if (gone && all->list.quiet)
        return;
    skr_xml_begin(xml, gone ? "Deleted" : "Error");
    skr_xml_element_exact(xml, "Key", item->choice->key);
    if (item->choice->version.size > 0)
        skr_xml_element(xml, "VersionId", item->choice->version);
    if (!gone) {
        skr_xml_element(xml, "Code", item->bad_version ? SKR_BYTES("NoSuchVersion") : skr_text(skr_s3_status_code(item->status, &message)));
        skr_xml_element(xml, "Message", item->bad_version ? SKR_BYTES("The specified version does not exist.") : skr_text(message));
    } else if (item->is_marker) {
        skr_s3_xml_bool(xml, "DeleteMarker", true);
        skr_xml_element(xml, "DeleteMarkerVersionId", skr_s3_version_text(arena, item->version_ns));
    }
    skr_xml_end(xml, gone ? "Deleted" : "Error");
}

static void skr_s3_deletions_answer(struct skr_s3_deletions *all)
{
    struct skr_xml xml;
    skr_s3_xml_open(&xml, "DeleteResult");
    for (size_t i = 0; i < all->list.count; i++)
        skr_s3_render_deletion(all, &xml, &all->items[i]);
    skr_xml_end(&xml, "DeleteResult");
    skr_s3_send_xml(all->call, 200, &xml);
}

/* ---- doing it ---- */

static void skr_s3_deletion_done(void *context, const struct skr_result *result)
{
    struct skr_s3_deletion *item = context;
    item->pending = NULL;
    item->status = result->status;
    if (result->status == SKR_OK && result->object != NULL) {
        item->is_marker = result->object->kind == SKR_OBJECT_DELETE_MARKER;
        item->version_ns = result->object->version_ns;
    }
    if (--item->all->outstanding == 0)
        skr_s3_deletions_answer(item->all);
}

static void skr_s3_deletions_closed(void *state)
{
    struct skr_s3_deletions *all = state;
    for (size_t i = 0; i < all->list.count; i++)
        skr_pending_detach(all->items[i].pending);
}

/* An entity tag, with or without its quotes. */
static struct skr_bytes skr_s3_unquoted(struct skr_bytes etag)
{
    if (etag.size >= 2 && etag.data[0] == '"' && etag.data[etag.size - 1] == '"')
        return (struct skr_bytes){etag.data + 1, etag.size - 2};
    return etag;
}

static void skr_s3_delete_one(struct skr_s3_deletion *item)
{
    struct skr_s3_call *call = item->all->call;
    struct skr_bytes etag = skr_s3_unquoted(item->choice->etag);
    struct skr_conditions conditions = {.if_match_any = false};
    struct skr_object_name name = {
        .account = call->target.account, .container = call->target.container, .key = item->choice->key, .version = item->parsed};
    if (etag.size == 1 && etag.data[0] == '*') {
        conditions.if_match_any = true;
    } else if (etag.size > 0) {
        conditions.if_match = &etag;
        conditions.if_match_count = 1;
    }
    item->pending = skr_delete_object(call->worker, &name, &conditions, true, skr_s3_deletion_done, item);
    if (item->pending == NULL) {
        item->status = SKR_BUSY;
        item->all->outstanding--;
    }
}

static void skr_s3_deletions_received(struct skr_s3_call *call, struct skr_bytes document)
{
    struct skr_s3_deletions *all = call->state;
    if (!skr_s3_deletion_list_parse(call->arena, document, &all->list)) {
        skr_s3_refuse_document(call, document);
        return;
    }
    all->outstanding = all->list.count;
    for (size_t i = 0; i < all->list.count; i++) {
        struct skr_s3_deletion *item = &all->items[i];
        const struct skr_s3_deletion_choice *choice = &all->list.items[i];
        *item = (struct skr_s3_deletion){.all = all, .choice = choice};
        item->bad_version = choice->version.size > 0 && !skr_s3_version_parse(choice->version, &item->parsed);
        bool forbidden = choice->version.size > 0 && !skr_bytes_equal(call->principal.account, call->target.account);
        if (choice->key.size > SKR_S3_MAX_KEY_BYTES || item->bad_version || choice->unsupported || forbidden) { /* an ACL lets nobody remove versions */
            item->status = forbidden             ? SKR_FORBIDDEN
                           : choice->unsupported ? SKR_UNSUPPORTED
                           : item->bad_version   ? SKR_INVALID_ARGUMENT
                                                 : SKR_NAME_TOO_LONG;
            item->bad_version &= !forbidden && !choice->unsupported;
            all->outstanding--;
        } else {
            skr_s3_delete_one(item); /* its outcome comes later, never inside this call */
        }
    }
    if (all->outstanding == 0)
        skr_s3_deletions_answer(all);
}

SKR_S3_HANDLER(delete_objects)
{
    struct skr_s3_call *call = context;
    if (!skr_s3_bucket_exists(call) || !skr_s3_expected_digests(call))
        return;
    if (!call->incoming.expected.has_md5 && call->incoming.expected.checksum.kind == SKR_CHECKSUM_NONE) {
        skr_s3_refuse(call, SKR_S3_MISSING_CONTENT_MD5);
        return;
    }
    struct skr_s3_deletions *all = skr_arena_alloc_zero(call->arena, sizeof *all);
    if (all == NULL) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
        return;
    }
    all->call = call;
    call->state = all;
    call->state_closed = skr_s3_deletions_closed;
    skr_s3_receive_document(call, skr_s3_deletions_received);
}
