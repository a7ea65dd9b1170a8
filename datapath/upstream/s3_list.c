/* The document of ListObjectsV2, asked for with encoding-type=url: every key is percent-encoded, so that XML can hold it.
 * Objects and common prefixes come one after the other and are put into one order.
 */
#include "listing.h"
#include "skerry/encoding.h"
#include "skerry/xml.h"

static bool skr_is(struct skr_bytes name, const char *text)
{
    return skr_bytes_equal(name, skr_text(text));
}

/* encoding-type=url is the form's: a space is '+'. */
static bool skr_s3_key(struct skr_listing *listing, struct skr_bytes text)
{
    struct skr_bytes key;
    return skr_percent_decode(listing->arena, text, true, &key) && skr_listing_key(listing, key, false);
}

static bool skr_s3_object(struct skr_listing *listing, struct skr_bytes name, struct skr_bytes text)
{
    struct skr_upstream_object *entry = listing->entry;
    if (entry == NULL)
        return false;
    if (skr_is(name, "Key") || skr_is(name, "Prefix"))
        return skr_s3_key(listing, text);
    if (skr_is(name, "Size"))
        return skr_parse_u64(text, &entry->size_bytes);
    if (skr_is(name, "LastModified"))
        return skr_listing_time(text, true, &entry->modified_ns);
    if (skr_is(name, "ETag"))
        return skr_listing_text(listing, skr_etag_without_quotes(text), &entry->etag);
    if (skr_is(name, "StorageClass"))
        return skr_listing_text(listing, text, &entry->properties[SKR_PROPERTY_STORAGE_CLASS]);
    return true;
}

static bool skr_visit_s3(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_listing *listing = context;
    bool object = skr_is(path, "ListBucketResult/Contents"), prefix = skr_is(path, "ListBucketResult/CommonPrefixes");
    if (object || prefix)
        return ends ? skr_listing_end(listing) : skr_listing_begin(listing, prefix);
    if (!ends || text.data == NULL)
        return skr_listing_below(path, "ListBucketResult").data != NULL;
    if (skr_is(path, "ListBucketResult/NextContinuationToken"))
        return skr_listing_text(listing, text, &listing->out->next_marker);
    if (skr_is(path, "ListBucketResult/IsTruncated")) {
        listing->truncated = skr_is(text, "true");
        return true;
    }
    struct skr_bytes below = skr_listing_below(path, "ListBucketResult/Contents/");
    if (below.data == NULL)
        below = skr_listing_below(path, "ListBucketResult/CommonPrefixes/");
    if (below.data != NULL)
        return skr_s3_object(listing, below, text);
    return skr_listing_below(path, "ListBucketResult").data != NULL;
}

bool skr_s3_list_read(struct skr_arena *arena, struct skr_bytes document, struct skr_bytes prefix, struct skr_reading *out)
{
    struct skr_listing listing = {.arena = arena, .prefix = prefix, .out = out};
    if (!skr_xml_parse(document, skr_visit_s3, &listing))
        return false;
    if (!listing.truncated)
        out->next_marker = SKR_BYTES("");
    else if (out->next_marker.size == 0)
        return false; /* there is more, but no way to it */
    skr_listing_sort(out);
    return true;
}
