/* Conditional request headers, for every protocol: RFC 9110 section 13.1. */
#include "skerry/encoding.h"
#include "skerry/http.h"

#define SKR_MAX_ETAGS 64

/* A list of entity tags: quoted, weak, bare, or "*". */
static bool skr_parse_etags(struct skr_arena *arena, struct skr_bytes text, bool *any, const struct skr_bytes **out,
                            size_t *count)
{
    struct skr_bytes *tags = skr_arena_alloc(arena, SKR_MAX_ETAGS * sizeof *tags);
    *count = 0;
    *any = false;
    if (tags == NULL)
        return false;
    while (text.size > 0) {
        struct skr_bytes tag = skr_list_cut(&text);
        if (skr_bytes_starts_with(tag, SKR_BYTES("W/")))
            tag = (struct skr_bytes){tag.data + 2, tag.size - 2};
        if (tag.size >= 2 && tag.data[0] == '"' && tag.data[tag.size - 1] == '"')
            tag = (struct skr_bytes){tag.data + 1, tag.size - 2};
        if (tag.size == 0 || *count == SKR_MAX_ETAGS)
            return false;
        if (skr_bytes_equal(tag, SKR_BYTES("*")))
            *any = true;
        else
            tags[(*count)++] = tag;
    }
    *out = tags;
    return true;
}

static bool skr_parse_since(struct skr_bytes text, bool *has, int64_t *seconds)
{
    *has = text.size > 0;
    return !*has || skr_http_date_parse(text, seconds);
}

bool skr_request_conditions(struct skr_arena *arena, const struct skr_request *request, const char *const names[4],
                            struct skr_conditions *out, const char **bad_header)
{
    *out = (struct skr_conditions){.if_match_any = false};
    struct skr_bytes match = skr_request_header(request, names[0]), none = skr_request_header(request, names[1]);
    *bad_header = names[0];
    if (match.size > 0 && !skr_parse_etags(arena, match, &out->if_match_any, &out->if_match, &out->if_match_count))
        return false;
    *bad_header = names[1];
    if (none.size > 0 && !skr_parse_etags(arena, none, &out->if_none_match_any, &out->if_none_match, &out->if_none_match_count))
        return false;
    *bad_header = names[2];
    if (!skr_parse_since(skr_request_header(request, names[2]), &out->has_modified_since, &out->modified_since_s))
        return false;
    *bad_header = names[3];
    return skr_parse_since(skr_request_header(request, names[3]), &out->has_unmodified_since, &out->unmodified_since_s);
}
