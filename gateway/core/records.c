/* Deep copies of records out of a view, whose texts end with it, into an arena. */
#include <stdio.h>

#include "state.h"

static bool skr_copy_text(struct skr_arena *arena, struct skr_bytes *text)
{
    if (text->data == NULL)
        return true;
    *text = skr_arena_copy(arena, *text);
    return text->data != NULL;
}

bool skr_metadata_copy(struct skr_arena *arena, const struct skr_name_value **metadata, size_t count)
{
    if (count == 0)
        return true;
    struct skr_name_value *copy = skr_arena_alloc(arena, count * sizeof *copy);
    if (copy == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        copy[i] = (*metadata)[i];
        if (!skr_copy_text(arena, &copy[i].name) || !skr_copy_text(arena, &copy[i].value))
            return false;
    }
    *metadata = copy;
    return true;
}

bool skr_origin_copy(struct skr_arena *arena, struct skr_origin *origin)
{
    return skr_copy_text(arena, &origin->container) && skr_copy_text(arena, &origin->key) &&
           skr_copy_text(arena, &origin->etag);
}

bool skr_properties_copy(struct skr_arena *arena, struct skr_bytes properties[SKR_PROPERTY_COUNT])
{
    for (size_t i = 0; i < SKR_PROPERTY_COUNT; i++)
        if (!skr_copy_text(arena, &properties[i]))
            return false;
    return true;
}

bool skr_tier_changed(struct skr_arena *arena, struct skr_bytes properties[SKR_PROPERTY_COUNT], int64_t tick_ns)
{
    char text[24];
    struct skr_bytes *changed = &properties[SKR_PROPERTY_TIER_CHANGED];
    *changed = SKR_NO_BYTES;
    if (properties[SKR_PROPERTY_ACCESS_TIER].size == 0)
        return true;
    int size = snprintf(text, sizeof text, "%lld", (long long)tick_ns);
    *changed = skr_arena_copy(arena, (struct skr_bytes){text, (size_t)size});
    return changed->data != NULL;
}

bool skr_object_copy(struct skr_arena *arena, struct skr_object *object)
{
    return skr_copy_text(arena, &object->etag) && skr_copy_text(arena, &object->upstream_etag) &&
           skr_properties_copy(arena, object->properties) &&
           skr_metadata_copy(arena, &object->metadata, object->metadata_count) &&
           skr_metadata_copy(arena, &object->tags, object->tag_count);
}

bool skr_container_copy(struct skr_arena *arena, struct skr_container *container)
{
    if (!skr_copy_text(arena, &container->etag))
        return false;
    for (size_t i = 0; i < SKR_DOCUMENT_COUNT; i++)
        if (!skr_copy_text(arena, &container->documents[i]))
            return false;
    for (size_t i = 0; i < container->policy_count; i++) {
        struct skr_access_policy *policy = &container->policies[i];
        if (!skr_copy_text(arena, &policy->id) || !skr_copy_text(arena, &policy->start) ||
            !skr_copy_text(arena, &policy->expiry) || !skr_copy_text(arena, &policy->permission))
            return false;
    }
    return skr_metadata_copy(arena, &container->metadata, container->metadata_count);
}

bool skr_name_copy(struct skr_arena *arena, struct skr_object_name *name)
{
    return skr_copy_text(arena, &name->account) && skr_copy_text(arena, &name->container) && skr_copy_text(arena, &name->key);
}

static bool skr_texts_copy(struct skr_arena *arena, const struct skr_bytes **texts, size_t count)
{
    if (count == 0)
        return true;
    struct skr_bytes *copy = skr_arena_alloc(arena, count * sizeof *copy);
    if (copy == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        copy[i] = (*texts)[i];
        if (!skr_copy_text(arena, &copy[i]))
            return false;
    }
    *texts = copy;
    return true;
}

bool skr_conditions_copy(struct skr_arena *arena, struct skr_conditions *conditions)
{
    return skr_texts_copy(arena, &conditions->if_match, conditions->if_match_count) &&
           skr_texts_copy(arena, &conditions->if_none_match, conditions->if_none_match_count);
}

/* Steps of 100 ns since the year 1, in hexadecimal: the form that Azure's own ETags have, increasing like the ticks. */
struct skr_bytes skr_etag_of_tick(struct skr_arena *arena, int64_t tick_ns)
{
    const int64_t unix_epoch_ticks = INT64_C(621355968000000000);
    char text[24];
    int size = snprintf(text, sizeof text, "0x%llX", (unsigned long long)(tick_ns / 100 + unix_epoch_ticks));
    return skr_arena_copy(arena, (struct skr_bytes){text, (size_t)size});
}

struct skr_bytes skr_etag_of_md5(struct skr_arena *arena, const uint8_t md5[16])
{
    char text[32];
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 16; i++) {
        text[2 * i] = digits[md5[i] >> 4];
        text[2 * i + 1] = digits[md5[i] & 15];
    }
    return skr_arena_copy(arena, (struct skr_bytes){text, sizeof text});
}
