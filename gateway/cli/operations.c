/* skerry operations: what each protocol offers, as its table of operations has it. A line an operation, fields between tabs. */
#include <string.h>

#include "commands.h"
#include "skerry/admin.h"
#include "skerry/auth.h"
#include "skerry/blob.h"
#include "skerry/s3.h"

static const char *skr_method_text(enum skr_method method)
{
    static const char *const names[] = {
        [SKR_GET] = "GET",       [SKR_HEAD] = "HEAD",   [SKR_PUT] = "PUT",        [SKR_POST] = "POST",
        [SKR_DELETE] = "DELETE", [SKR_PATCH] = "PATCH", [SKR_OPTIONS] = "OPTIONS"};
    return (size_t)method < sizeof names / sizeof *names ? names[method] : "other";
}

static const char *skr_resource_text(enum skr_resource resource)
{
    static const char *const names[] = {"service", "container", "object"};
    return names[resource];
}

static void skr_print_selectors(const struct skr_operation *row)
{
    for (size_t i = 0; i < SKR_MAX_SELECTORS && row->selectors[i].kind != SKR_SELECT_END; i++) {
        const struct skr_selector *selector = &row->selectors[i];
        printf("%s%s%s%s%s", i > 0 ? " " : "", selector->kind == SKR_SELECT_QUERY ? "?" : "", selector->name,
               selector->value != NULL ? "=" : "", selector->value != NULL ? selector->value : "");
    }
}

/* Any one of them suffices. */
static void skr_print_permissions(uint32_t permissions)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {{SKR_PERMISSION_READ, "read"},
                 {SKR_PERMISSION_ADD, "add"},
                 {SKR_PERMISSION_CREATE, "create"},
                 {SKR_PERMISSION_WRITE, "write"},
                 {SKR_PERMISSION_DELETE, "delete"},
                 {SKR_PERMISSION_LIST, "list"},
                 {SKR_PERMISSION_TAGS, "tags"},
                 {SKR_PERMISSION_FILTER, "filter"},
                 {SKR_PERMISSION_DELETE_VERSION, "delete-version"},
                 {SKR_PERMISSION_DELETE_PERMANENT, "delete-permanent"},
                 {SKR_PERMISSION_MOVE, "move"},
                 {SKR_PERMISSION_EXECUTE, "execute"},
                 {SKR_PERMISSION_OWNERSHIP, "ownership"},
                 {SKR_PERMISSION_POLICY, "policy"},
                 {SKR_PERMISSION_IMMUTABILITY, "immutability"},
                 {SKR_PERMISSION_OWNER, "owner"}};
    const char *between = "";
    if (permissions == 0)
        printf("any");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (permissions & names[i].bit) {
            printf("%s%s", between, names[i].name);
            between = " ";
        }
}

static void skr_print_operations(const char *protocol, const struct skr_operation *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("%s\t%s\t%s\t%s\t", protocol, rows[i].name, skr_method_text(rows[i].method),
               skr_resource_text(rows[i].resource));
        skr_print_selectors(&rows[i]);
        printf("\t");
        skr_print_permissions(rows[i].permissions);
        printf("\t%s\n", rows[i].note == NULL ? "" : rows[i].note);
    }
}

/* The admin listener has paths in place of resources, and a token in place of permissions. */
static void skr_print_admin(void)
{
    struct skr_admin_row row;
    for (size_t i = 0; skr_admin_row(i, &row); i++)
        printf("admin\t%s\t%s\t%s\t\t%s\t\n", row.name, row.method, row.path, row.needs_token ? "token" : "anybody");
}

int skr_command_operations(int argc, char **argv)
{
    static const struct {
        const char *protocol;
        const struct skr_operation *(*rows)(size_t *count);
    } tables[] = {{"blob", skr_blob_operations}, {"s3", skr_s3_operations}};
    const char *wanted = argc == 2 && strcmp(argv[0], "--protocol") == 0 ? argv[1] : NULL;
    bool found = false;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if ((argc == 0 || wanted != NULL) && (wanted == NULL || strcmp(wanted, tables[i].protocol) == 0)) {
            size_t count;
            const struct skr_operation *rows = tables[i].rows(&count);
            skr_print_operations(tables[i].protocol, rows, count);
            found = true;
        }
    if (wanted != NULL && strcmp(wanted, "admin") == 0) {
        skr_print_admin();
        found = true;
    }
    if (!found)
        return fprintf(stderr, "Usage: skerry operations [--protocol blob|s3|admin]\n"), 1;
    return 0;
}
