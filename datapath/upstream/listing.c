/* See listing.h. */
#include "listing.h"

#include "skerry/encoding.h"

bool skr_listing_begin(struct skr_listing *listing, bool is_prefix)
{
    struct skr_reading *out = listing->out;
    if (out->entry_count == SKR_LISTING_MOST_ENTRIES)
        return false;
    if (out->entry_count == listing->capacity) {
        size_t capacity = listing->capacity == 0 ? 64 : listing->capacity * 2;
        struct skr_upstream_object *grown = skr_arena_alloc(listing->arena, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        if (out->entry_count > 0)
            memcpy(grown, out->entries, out->entry_count * sizeof *grown);
        out->entries = grown;
        listing->capacity = capacity;
    }
    listing->entry = &out->entries[out->entry_count];
    *listing->entry = (struct skr_upstream_object){.is_prefix = is_prefix, .kind = SKR_OBJECT_BLOCK};
    listing->skip = false;
    return true;
}

bool skr_listing_end(struct skr_listing *listing)
{
    bool fine = listing->entry != NULL && (listing->skip || listing->entry->key.size > 0);
    if (fine && !listing->skip)
        listing->out->entry_count++;
    listing->entry = NULL;
    return fine;
}

bool skr_listing_key(struct skr_listing *listing, struct skr_bytes text, bool encoded)
{
    struct skr_bytes key;
    if (listing->entry == NULL)
        return false;
    if (!encoded)
        key = skr_arena_copy(listing->arena, text);
    else if (!skr_percent_decode(listing->arena, text, false, &key))
        return false;
    if (key.data == NULL || !skr_bytes_starts_with(key, listing->prefix) || key.size > SKR_MAX_KEY_BYTES)
        return false;
    key.data += listing->prefix.size;
    key.size -= listing->prefix.size;
    listing->skip |= key.size == 0; /* the marker object of the upstream's prefix itself */
    listing->entry->key = key;
    return true;
}

bool skr_listing_text(struct skr_listing *listing, struct skr_bytes text, struct skr_bytes *out)
{
    *out = skr_arena_copy(listing->arena, text);
    return out->data != NULL;
}

bool skr_listing_time(struct skr_bytes text, bool iso, int64_t *out_ns)
{
    int64_t seconds;
    if (iso)
        return skr_iso8601_parse(text, out_ns);
    if (!skr_http_date_parse(text, &seconds) || seconds < 0 || seconds > 9000000000)
        return false;
    *out_ns = seconds * 1000000000;
    return true;
}

bool skr_listing_pair(struct skr_listing *listing, const struct skr_name_value **list, size_t *count, struct skr_bytes name,
                      struct skr_bytes value)
{
    struct skr_name_value *pairs = (struct skr_name_value *)*list;
    if ((*count & (*count - 1)) == 0) { /* a power of two, or none: full */
        size_t capacity = *count == 0 ? 4 : *count * 2;
        pairs = *count > 0 && *count < 4 ? pairs : skr_arena_alloc(listing->arena, capacity * sizeof *pairs);
        if (pairs == NULL)
            return false;
        if (*count >= 4)
            memcpy(pairs, *list, *count * sizeof *pairs);
        *list = pairs;
    }
    name = skr_arena_copy(listing->arena, name);
    value = skr_arena_copy(listing->arena, value);
    pairs[(*count)++] = (struct skr_name_value){name, value};
    return name.data != NULL && value.data != NULL;
}

static int skr_key_order(const void *a, const void *b)
{
    const struct skr_upstream_object *x = a, *y = b;
    return skr_bytes_compare(x->key, y->key);
}

void skr_listing_sort(struct skr_reading *out)
{
    bool sorted = true;
    for (size_t i = 1; i < out->entry_count && sorted; i++)
        sorted = skr_key_order(&out->entries[i - 1], &out->entries[i]) <= 0;
    if (!sorted)
        qsort(out->entries, out->entry_count, sizeof *out->entries, skr_key_order);
}

struct skr_bytes skr_listing_below(struct skr_bytes path, const char *above)
{
    size_t size = strlen(above);
    if (path.size < size || memcmp(path.data, above, size) != 0)
        return SKR_NO_BYTES;
    return (struct skr_bytes){path.data + size, path.size - size};
}
