/* The documents of List Containers and ListBuckets: names, and when they were made or changed. As with objects, what is
 * malformed in one place is not believed at all.
 */
#include "listing.h"
#include "skerry/xml.h"

static bool skr_is(struct skr_bytes name, const char *text)
{
    return skr_bytes_equal(name, skr_text(text));
}

static bool skr_visit_containers(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_listing *listing = context;
    if (skr_is(path, "EnumerationResults/Containers/Container"))
        return ends ? skr_listing_end(listing) : skr_listing_begin(listing, false);
    if (!ends || text.data == NULL)
        return skr_listing_below(path, "EnumerationResults").data != NULL;
    if (skr_is(path, "EnumerationResults/NextMarker"))
        return skr_listing_text(listing, text, &listing->out->next_marker);
    struct skr_bytes below = skr_listing_below(path, "EnumerationResults/Containers/Container/");
    if (below.data == NULL)
        return skr_listing_below(path, "EnumerationResults").data != NULL;
    if (listing->entry == NULL)
        return false;
    if (skr_is(below, "Name"))
        return skr_listing_key(listing, text, false);
    if (skr_is(below, "Properties/Last-Modified"))
        return skr_listing_time(text, false, &listing->entry->modified_ns);
    return true;
}

static bool skr_visit_buckets(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_listing *listing = context;
    if (skr_is(path, "ListAllMyBucketsResult/Buckets/Bucket"))
        return ends ? skr_listing_end(listing) : skr_listing_begin(listing, false);
    if (!ends || text.data == NULL)
        return skr_listing_below(path, "ListAllMyBucketsResult").data != NULL;
    if (skr_is(path, "ListAllMyBucketsResult/ContinuationToken"))
        return skr_listing_text(listing, text, &listing->out->next_marker);
    struct skr_bytes below = skr_listing_below(path, "ListAllMyBucketsResult/Buckets/Bucket/");
    if (below.data == NULL)
        return skr_listing_below(path, "ListAllMyBucketsResult").data != NULL;
    if (listing->entry == NULL)
        return false;
    if (skr_is(below, "Name"))
        return skr_listing_key(listing, text, false);
    if (skr_is(below, "CreationDate"))
        return skr_listing_time(text, true, &listing->entry->modified_ns);
    return true;
}

static bool skr_containers_read(struct skr_arena *arena, struct skr_bytes document,
                                bool (*visit)(void *, struct skr_bytes, struct skr_bytes, bool), struct skr_reading *out)
{
    struct skr_listing listing = {.arena = arena, .prefix = SKR_BYTES(""), .out = out};
    if (!skr_xml_parse(document, visit, &listing))
        return false;
    skr_listing_sort(out);
    return true;
}

bool skr_azure_containers_read(struct skr_arena *arena, struct skr_bytes document, struct skr_reading *out)
{
    return skr_containers_read(arena, document, skr_visit_containers, out);
}

bool skr_s3_buckets_read(struct skr_arena *arena, struct skr_bytes document, struct skr_reading *out)
{
    return skr_containers_read(arena, document, skr_visit_buckets, out);
}
