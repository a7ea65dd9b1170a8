/* The document of List Blobs. A name that XML cannot hold comes percent-encoded, with the attribute Encoded. Unknown elements
 * are ignored; known ones that are malformed make the whole malformed: a listing must not be believed in part.
 */
#include "listing.h"
#include "skerry/encoding.h"
#include "skerry/xml.h"

static bool skr_is(struct skr_bytes name, const char *text)
{
    return skr_bytes_equal(name, skr_text(text));
}

static bool skr_azure_property(struct skr_listing *listing, struct skr_bytes name, struct skr_bytes text)
{
    static const struct {
        const char *name;
        enum skr_property property;
    } texts[] = {
        {"Content-Type", SKR_PROPERTY_CONTENT_TYPE},
        {"Content-Encoding", SKR_PROPERTY_CONTENT_ENCODING},
        {"Content-Language", SKR_PROPERTY_CONTENT_LANGUAGE},
        {"Content-Disposition", SKR_PROPERTY_CONTENT_DISPOSITION},
        {"Cache-Control", SKR_PROPERTY_CACHE_CONTROL},
        {"AccessTier", SKR_PROPERTY_ACCESS_TIER},
        {"CopyId", SKR_PROPERTY_COPY_ID},
        {"CopySource", SKR_PROPERTY_COPY_SOURCE},
    };
    struct skr_upstream_object *entry = listing->entry;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (skr_is(name, texts[i].name))
            return text.size == 0 || skr_listing_text(listing, text, &entry->properties[texts[i].property]);
    if (skr_is(name, "Content-Length"))
        return skr_parse_u64(text, &entry->size_bytes);
    if (skr_is(name, "Last-Modified"))
        return skr_listing_time(text, false, &entry->modified_ns);
    if (skr_is(name, "Creation-Time"))
        return skr_listing_time(text, false, &entry->created_ns);
    if (skr_is(name, "Etag") || skr_is(name, "ETag"))
        return skr_listing_text(listing, skr_etag_without_quotes(text), &entry->etag);
    if (skr_is(name, "Content-MD5"))
        entry->has_md5 = text.size > 0 && skr_md5_parse(text, entry->md5);
    else if (skr_is(name, "BlobType"))
        entry->kind = skr_is(text, "PageBlob")     ? SKR_OBJECT_PAGE
                      : skr_is(text, "AppendBlob") ? SKR_OBJECT_APPEND
                                                   : SKR_OBJECT_BLOCK;
    else if (skr_is(name, "CopyStatus"))
        entry->copy_pending = skr_is(text, "pending");
    else if (skr_is(name, "ResourceType")) /* accounts with a hierarchical namespace list directories among blobs */
        listing->skip |= skr_is(text, "directory");
    return true;
}

static bool skr_azure_blob(struct skr_listing *listing, struct skr_bytes name, struct skr_bytes text, bool ends)
{
    struct skr_upstream_object *entry = listing->entry;
    struct skr_bytes below;
    if (entry == NULL)
        return false;
    if (!ends || text.data == NULL)
        return true; /* the beginning or the end of what has elements below */
    if (skr_is(name, "Name@Encoded")) {
        listing->encoded = skr_is(text, "true");
        return true;
    }
    if (skr_is(name, "Name"))
        return skr_listing_key(listing, text, listing->encoded);
    if (skr_is(name, "VersionId"))
        return skr_listing_text(listing, text, &entry->version);
    below = skr_listing_below(name, "Properties/");
    if (below.data != NULL)
        return skr_azure_property(listing, below, text);
    below = skr_listing_below(name, "Metadata/");
    if (below.data != NULL && memchr(below.data, '/', below.size) == NULL && memchr(below.data, '@', below.size) == NULL)
        return skr_listing_pair(listing, &entry->metadata, &entry->metadata_count, below, text);
    if (skr_is(name, "Tags/TagSet/Tag/Key"))
        return skr_listing_text(listing, text, &listing->tag_key);
    if (skr_is(name, "Tags/TagSet/Tag/Value"))
        return skr_listing_pair(listing, &entry->tags, &entry->tag_count, listing->tag_key, text);
    return true;
}

static bool skr_visit_azure(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_listing *listing = context;
    if (skr_is(path, "EnumerationResults/NextMarker"))
        return skr_listing_text(listing, text, &listing->out->next_marker);
    bool blob = skr_is(path, "EnumerationResults/Blobs/Blob"), prefix = skr_is(path, "EnumerationResults/Blobs/BlobPrefix");
    if (blob || prefix) {
        listing->encoded = false;
        return ends ? skr_listing_end(listing) : skr_listing_begin(listing, prefix);
    }
    struct skr_bytes below = skr_listing_below(path, "EnumerationResults/Blobs/Blob/");
    if (below.data == NULL)
        below = skr_listing_below(path, "EnumerationResults/Blobs/BlobPrefix/");
    if (below.data != NULL)
        return skr_azure_blob(listing, below, text, ends);
    return skr_listing_below(path, "EnumerationResults").data != NULL;
}

bool skr_azure_list_read(struct skr_arena *arena, struct skr_bytes document, struct skr_bytes prefix, struct skr_reading *out)
{
    struct skr_listing listing = {.arena = arena, .prefix = prefix, .out = out};
    if (!skr_xml_parse_attributes(document, skr_visit_azure, &listing))
        return false;
    skr_listing_sort(out);
    return true;
}
