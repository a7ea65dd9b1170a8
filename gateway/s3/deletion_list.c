/* A key, and what else it must be, of each object to remove. */
#include "deletion_list.h"

#include "skerry/encoding.h"
#include "skerry/xml.h"

static bool skr_s3_visit_choice(struct skr_s3_deletion_list *list, struct skr_bytes name, struct skr_bytes text)
{
    struct skr_s3_deletion_choice *choice = &list->items[list->count - 1];
    struct skr_bytes copy = skr_arena_copy(list->arena, text);
    if (copy.data == NULL)
        return false;
    if (skr_bytes_equal(name, SKR_BYTES("Key")))
        choice->key = copy;
    else if (skr_bytes_equal(name, SKR_BYTES("VersionId")))
        choice->version = copy;
    else if (skr_bytes_equal(name, SKR_BYTES("ETag")))
        choice->etag = copy;
    else
        return choice->unsupported = skr_bytes_equal(name, SKR_BYTES("LastModifiedTime")) || skr_bytes_equal(name, SKR_BYTES("Size"));
    return true;
}

static bool skr_s3_visit_deletion(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_s3_deletion_list *list = context;
    if (skr_bytes_equal(path, SKR_BYTES("Delete")))
        return text.data == NULL;
    if (skr_bytes_equal(path, SKR_BYTES("Delete/Quiet"))) {
        list->quiet = skr_bytes_equal_nocase(text, SKR_BYTES("true"));
        return true;
    }
    if (skr_bytes_equal(path, SKR_BYTES("Delete/Object"))) {
        if (text.data != NULL) /* without elements: it neither began nor is one */
            return false;
        if (ends)
            return list->items[list->count - 1].key.size > 0; /* an object without a key is not an object */
        if (list->count == SKR_S3_MAX_DELETIONS)
            return false;
        list->items[list->count++] = (struct skr_s3_deletion_choice){.key = SKR_NO_BYTES};
        return true;
    }
    if (list->count == 0 || !skr_bytes_starts_with(path, SKR_BYTES("Delete/Object/")))
        return false;
    return skr_s3_visit_choice(list, (struct skr_bytes){path.data + 14, path.size - 14}, text);
}

bool skr_s3_deletion_list_parse(struct skr_arena *arena, struct skr_bytes document, struct skr_s3_deletion_list *out)
{
    out->arena = arena;
    out->quiet = false;
    out->count = 0;
    return skr_xml_parse(document, skr_s3_visit_deletion, out) && out->count > 0;
}
