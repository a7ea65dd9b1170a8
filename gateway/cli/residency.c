/* skerry residency: how much of a container is here, a line a folder. */
#include <inttypes.h>

#include "client_flags.h"
#include "commands.h"
#include "display.h"
#include "scope.h"

#define SKR_RESIDENCY_PATIENCE_S 86400 /* it goes through all the names */

/* The first row is the sum, the others are without their folders'. */
static void skr_residency_print(const json_t *answer)
{
    json_t *row;
    size_t i;
    json_array_foreach (json_object_get(answer, "rows"), i, row) {
        char local[32], total[32], pinned[32], own[32];
        json_int_t bytes = skr_number_of(row, "bytes"), here = skr_number_of(row, "local_bytes");
        if (i == 0)
            printf("all");
        else
            skr_print_name(skr_text_of(row, "prefix"));
        printf("\t%3.0f%%\t%s of %s\t%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " objects\t%s pinned\t%s only here\n",
               bytes == 0 ? 100.0 : 100.0 * (double)here / (double)bytes, skr_size_text(here, local),
               skr_size_text(bytes, total), skr_number_of(row, "local_objects"), skr_number_of(row, "objects"),
               skr_size_text(skr_number_of(row, "pinned_bytes"), pinned), skr_size_text(skr_number_of(row, "own_bytes"), own));
    }
    if (json_is_true(json_object_get(answer, "is_truncated")))
        printf("there are more folders: ask with --prefix, or a smaller --depth\n");
}

int skr_command_residency(int argc, char **argv)
{
    struct skr_arguments arguments;
    struct skr_error error = {.message = ""};
    char path[SKR_SCOPE_PATH] = "/api/v1/residency";
    int code;
    if (!skr_arguments_read(&arguments, "residency", SKR_FOR_RESIDENCY, SKR_TAKES_CONTAINER, argc, argv, &code))
        return code;
    const char *depth = arguments.values[SKR_FLAG_DEPTH];
    enum skr_status status = skr_scope_query(path, sizeof path, "depth", depth != NULL ? depth : "1", &error);
    if (status == SKR_OK)
        status = skr_scope_query_all(path, sizeof path, &arguments, &error);
    if (status != SKR_OK) {
        fprintf(stderr, "skerry residency: %s\n", error.message);
        return 1;
    }
    json_t *answer = skr_ask(&arguments, path, SKR_RESIDENCY_PATIENCE_S);
    if (answer == NULL)
        return 1;
    if (arguments.values[SKR_FLAG_JSON] != NULL)
        skr_print_json(answer);
    else
        skr_residency_print(answer);
    json_decref(answer);
    return 0;
}
