/* Finding the row of a protocol's table that a request matches. */
#include "skerry/operation.h"

static bool skr_selector_matches(const struct skr_selector *selector, const struct skr_request *request)
{
    struct skr_bytes value;
    if (selector->kind == SKR_SELECT_QUERY) {
        const struct skr_query_parameter *parameter = skr_request_query(request, selector->name);
        return parameter != NULL && (selector->value == NULL || skr_bytes_equal(parameter->value, skr_text(selector->value)));
    }
    value = skr_request_header(request, selector->name);
    return value.data != NULL && (selector->value == NULL || skr_bytes_equal_nocase(value, skr_text(selector->value)));
}

/* How many selectors match, -1 when not all do. */
static int skr_row_score(const struct skr_operation *row, const struct skr_request *request)
{
    int score = 0;
    for (; score < SKR_MAX_SELECTORS && row->selectors[score].kind != SKR_SELECT_END; score++)
        if (!skr_selector_matches(&row->selectors[score], request))
            return -1;
    return score;
}

static const struct skr_operation *skr_best_row(const struct skr_operation *rows, size_t row_count,
                                                const struct skr_request *request, enum skr_resource resource,
                                                enum skr_method method, int *best_score)
{
    const struct skr_operation *best = NULL;
    for (size_t i = 0; i < row_count; i++) {
        if (rows[i].method != method || rows[i].resource != resource)
            continue;
        int score = skr_row_score(&rows[i], request);
        if (score > *best_score) {
            *best_score = score;
            best = &rows[i];
        }
    }
    return best;
}

const struct skr_operation *skr_operation_find(const struct skr_operation *rows, size_t row_count,
                                               const struct skr_request *request, enum skr_resource resource)
{
    int score = -1;
    const struct skr_operation *best = skr_best_row(rows, row_count, request, resource, request->method, &score);
    if (request->method == SKR_HEAD) { /* a GET row serves HEAD unless a HEAD row is as good */
        const struct skr_operation *get = skr_best_row(rows, row_count, request, resource, SKR_GET, &score);
        best = get != NULL ? get : best;
    }
    return best;
}

bool skr_operation_reads_object(const struct skr_operation *row)
{
    return row->resource == SKR_RESOURCE_OBJECT && (row->method == SKR_GET || row->method == SKR_HEAD);
}

bool skr_operation_reads_bytes(const struct skr_operation *row)
{
    return row->resource == SKR_RESOURCE_OBJECT && row->method == SKR_GET && row->selectors[0].kind == SKR_SELECT_END;
}
