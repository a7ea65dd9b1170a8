/* Conditions of a request, evaluated in the order of RFC 9110 section 13.2.2: entity tags before dates, and a date is not
 * looked at when a tag of the same direction was given; unless the protocol has it otherwise for reads (dates_beside_tags). */
#include "state.h"

bool skr_conditions_are_empty(const struct skr_conditions *conditions)
{
    return conditions == NULL ||
           (!conditions->if_match_any && !conditions->if_none_match_any && conditions->if_match_count == 0 &&
            conditions->if_none_match_count == 0 && !conditions->has_modified_since && !conditions->has_unmodified_since);
}

static bool skr_etag_is_among(struct skr_bytes etag, const struct skr_bytes *tags, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (skr_bytes_equal(etag, tags[i]))
            return true;
    return false;
}

static int64_t skr_whole_seconds(int64_t time_ns)
{
    return time_ns >= 0 ? time_ns / 1000000000 : -((-time_ns + 999999999) / 1000000000);
}

static enum skr_status skr_check_positive(const struct skr_conditions *conditions, bool exists, struct skr_bytes etag,
                                          int64_t modified_s, struct skr_error *err)
{
    bool tagged = conditions->if_match_any || conditions->if_match_count > 0;
    if (tagged &&
        (!exists || (!conditions->if_match_any && !skr_etag_is_among(etag, conditions->if_match, conditions->if_match_count))))
        return skr_fail(err, SKR_CONDITION_FAILED, "the entity tag is not the one that was asked for");
    if ((!tagged || conditions->dates_beside_tags) && conditions->has_unmodified_since && exists &&
        modified_s > conditions->unmodified_since_s)
        return skr_fail(err, SKR_CONDITION_FAILED, "it was modified since then");
    return SKR_OK;
}

enum skr_status skr_conditions_check(const struct skr_conditions *conditions, bool exists, struct skr_bytes etag,
                                     int64_t modified_ns, bool reading, struct skr_error *err)
{
    if (skr_conditions_are_empty(conditions))
        return SKR_OK;
    int64_t modified_s = skr_whole_seconds(modified_ns);
    enum skr_status status = skr_check_positive(conditions, exists, etag, modified_s, err);
    if (status != SKR_OK || !exists)
        return status;
    enum skr_status negative = reading ? SKR_NOT_MODIFIED : SKR_CONDITION_FAILED;
    if (conditions->dates_beside_tags && conditions->has_modified_since && modified_s > conditions->modified_since_s)
        return SKR_OK;
    if (conditions->if_none_match_any)
        return skr_fail(err, reading ? SKR_NOT_MODIFIED : SKR_OBJECT_EXISTS, "it exists already");
    if (conditions->if_none_match_count > 0) {
        if (skr_etag_is_among(etag, conditions->if_none_match, conditions->if_none_match_count))
            return skr_fail(err, negative, "the entity tag is one that was excluded");
    } else if (conditions->has_modified_since && modified_s <= conditions->modified_since_s) {
        return skr_fail(err, negative, "it was not modified since then");
    }
    return SKR_OK;
}
