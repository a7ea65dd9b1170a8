/* Every row of the table is reached by the request that the service documents for it, asks for what the service documents, and
 * nothing else is reached by accident. */
#include <check.h>

#include "call.h"
#include "exchange.h"
#include "run.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct skr_exchange exchange;

/* Rights by the letters of a signature; 'O' is the owner, none is whoever is authenticated. */
static const struct {
    const char *request, *name, *rights;
    bool offered;
} documented[] = {
    {"GET /acct?comp=list", "List Containers", "l", true},
    {"GET /acct?comp=properties&restype=service", "Get Blob Service Properties", "r", true},
    {"PUT /acct?comp=properties&restype=service", "Set Blob Service Properties", "w", true},
    {"GET /acct?comp=stats&restype=service", "Get Blob Service Stats", "r", true},
    {"GET /acct?restype=account&comp=properties", "Get Account Information", "", true},
    {"POST /acct?comp=userdelegationkey", "Get User Delegation Key", "O", false},
    {"POST /acct?comp=batch", "Blob Batch", "O", false},
    {"GET /acct?comp=blobs", "Find Blobs by Tags", "f", false},
    {"OPTIONS /acct", "Preflight Blob Request", "", true},
    {"PUT /acct/box?restype=container", "Create Container", "cw", true},
    {"GET /acct/box?restype=container", "Get Container Properties", "r", true},
    {"DELETE /acct/box?restype=container", "Delete Container", "d", true},
    {"GET /acct/box?restype=container&comp=metadata", "Get Container Metadata", "r", true},
    {"PUT /acct/box?restype=container&comp=metadata", "Set Container Metadata", "w", true},
    {"GET /acct/box?restype=container&comp=acl", "Get Container ACL", "O", true},
    {"PUT /acct/box?restype=container&comp=acl", "Set Container ACL", "O", true},
    {"GET /acct/box?restype=container&comp=list", "List Blobs", "l", true},
    {"GET /acct/box?restype=account&comp=properties", "Get Account Information", "", true},
    {"PUT /acct/box?restype=container&comp=lease", "Lease Container", "wd", false},
    {"PUT /acct/box?restype=container&comp=undelete", "Restore Container", "w", false},
    {"PUT /acct/box?restype=container&comp=rename", "Rename Container", "w", false},
    {"POST /acct/box?comp=batch", "Blob Batch", "O", false},
    {"GET /acct/box?restype=container&comp=blobs", "Find Blobs by Tags in Container", "f", false},
    {"OPTIONS /acct/box", "Preflight Blob Request", "", true},
    {"PUT /acct/box/blob", "Put Blob", "wc", true},
    {"PUT /acct/box/blob\nx-ms-blob-type: x\nx-ms-copy-source: x", "Put Blob From URL", "wc", true},
    {"PUT /acct/box/blob\nx-ms-copy-source: x", "Copy Blob", "wc", true},
    {"PUT /acct/box/blob?comp=copy", "Abort Copy Blob", "w", true},
    {"PUT /acct/box/blob?comp=block", "Put Block", "w", true},
    {"PUT /acct/box/blob?comp=block\nx-ms-copy-source: x", "Put Block From URL", "w", true},
    {"PUT /acct/box/blob?comp=blocklist", "Put Block List", "w", true},
    {"GET /acct/box/blob?comp=blocklist", "Get Block List", "r", true},
    {"GET /acct/box/blob", "Get Blob", "r", true},
    {"HEAD /acct/box/blob", "Get Blob Properties", "r", true},
    {"GET /acct/box/blob?comp=metadata", "Get Blob Metadata", "r", true},
    {"PUT /acct/box/blob?comp=properties", "Set Blob Properties", "w", true},
    {"PUT /acct/box/blob?comp=metadata", "Set Blob Metadata", "w", true},
    {"PUT /acct/box/blob?comp=tier", "Set Blob Tier", "w", true},
    {"DELETE /acct/box/blob", "Delete Blob", "d", true},
    {"DELETE /acct/box/blob?versionid=x", "Delete Blob Version", "x", true},
    {"GET /acct/box/blob?restype=account&comp=properties", "Get Account Information", "", true},
    {"PUT /acct/box/blob?comp=appendblock", "Append Block", "wa", false},
    {"PUT /acct/box/blob?comp=page", "Put Page", "w", false},
    {"GET /acct/box/blob?comp=pagelist", "Get Page Ranges", "r", false},
    {"PUT /acct/box/blob?comp=incrementalcopy", "Incremental Copy Blob", "wc", false},
    {"PUT /acct/box/blob?comp=lease", "Lease Blob", "wd", false},
    {"PUT /acct/box/blob?comp=snapshot", "Snapshot Blob", "wc", false},
    {"PUT /acct/box/blob?comp=undelete", "Undelete Blob", "w", false},
    {"GET /acct/box/blob?comp=tags", "Get Blob Tags", "t", true},
    {"PUT /acct/box/blob?comp=tags", "Set Blob Tags", "t", true},
    {"POST /acct/box/blob?comp=query", "Query Blob Contents", "r", false},
    {"PUT /acct/box/blob?comp=expiry", "Set Blob Expiry", "w", false},
    {"PUT /acct/box/blob?comp=immutabilityPolicies", "Set Immutability Policy", "i", false},
    {"DELETE /acct/box/blob?comp=immutabilityPolicies", "Delete Immutability Policy", "i", false},
    {"PUT /acct/box/blob?comp=legalhold", "Set Blob Legal Hold", "i", false},
    {"OPTIONS /acct/box/blob", "Preflight Blob Request", "", true},
};

static const struct skr_operation *find(const char *text)
{
    exchange_release(&exchange);
    ck_assert(exchange_parse(&exchange, skr_text(text)));
    struct skr_target target;
    struct skr_accounts *accounts;
    struct skr_error error;
    ck_assert_int_eq(skr_accounts_open(&accounts, &error), SKR_OK);
    ck_assert_int_eq(skr_target_parse(&exchange.arena, accounts, exchange.request.uri.raw_path, SKR_BYTES("h"), &target),
                     SKR_TARGET_OK);
    skr_accounts_close(accounts);
    return skr_operation_find(skr_blob_rows, skr_blob_row_count, &exchange.request, target.resource);
}

static uint32_t rights_of(const char *letters)
{
    static const struct {
        char letter;
        uint32_t right;
    } known[] = {{'r', SKR_PERMISSION_READ},         {'a', SKR_PERMISSION_ADD},           {'c', SKR_PERMISSION_CREATE},
                 {'w', SKR_PERMISSION_WRITE},        {'d', SKR_PERMISSION_DELETE},        {'l', SKR_PERMISSION_LIST},
                 {'t', SKR_PERMISSION_TAGS},         {'f', SKR_PERMISSION_FILTER},        {'O', SKR_PERMISSION_OWNER},
                 {'i', SKR_PERMISSION_IMMUTABILITY}, {'x', SKR_PERMISSION_DELETE_VERSION}};
    uint32_t rights = 0;
    for (; *letters != '\0'; letters++)
        for (size_t i = 0; i < COUNT(known); i++)
            if (known[i].letter == *letters)
                rights |= known[i].right;
    return rights;
}

START_TEST(documented_requests_reach_their_rows)
{
    const struct skr_operation *row = find(documented[_i].request);
    ck_assert_ptr_nonnull(row);
    ck_assert_str_eq(row->name, documented[_i].name);
    ck_assert_uint_eq(row->permissions, rights_of(documented[_i].rights));
    ck_assert_int_eq(row->handle != skr_blob_not_implemented, documented[_i].offered);
    exchange_release(&exchange);
}
END_TEST

START_TEST(every_row_is_reached)
{
    bool reached[256] = {false};
    ck_assert_uint_eq(skr_blob_row_count, COUNT(documented));
    ck_assert_uint_lt(skr_blob_row_count, COUNT(reached));
    for (size_t i = 0; i < COUNT(documented); i++)
        reached[find(documented[i].request) - skr_blob_rows] = true;
    for (size_t i = 0; i < skr_blob_row_count; i++)
        ck_assert_msg(reached[i], "%s is never reached", skr_blob_rows[i].name);
    exchange_release(&exchange);
}
END_TEST

/* Whoever is not the owner needs a right for all but these, which tell nothing of what is stored. */
START_TEST(no_row_is_open_by_mistake)
{
    for (size_t i = 0; i < skr_blob_row_count; i++) {
        const struct skr_operation *row = &skr_blob_rows[i];
        bool may_be_open = strcmp(row->name, "Get Account Information") == 0 || row->method == SKR_OPTIONS;
        ck_assert_msg(row->permissions != 0 || may_be_open, "%s asks for no right", row->name);
        ck_assert_msg(row->handle != NULL, "%s", row->name);
        bool writes =
            row->method == SKR_PUT || row->method == SKR_POST || row->method == SKR_DELETE || row->method == SKR_PATCH;
        uint32_t reading = SKR_PERMISSION_READ | SKR_PERMISSION_LIST;
        ck_assert_msg(!writes || (row->permissions & reading) == 0 || strcmp(row->name, "Query Blob Contents") == 0,
                      "%s writes with a right to read", row->name);
    }
}
END_TEST

START_TEST(nothing_else_is_reached)
{
    static const char *const unknown[] = {
        "GET /acct",
        "PUT /acct",
        "DELETE /acct?comp=list",
        "PATCH /acct/box/blob",
        "TRACE /acct/box/blob",
        "POST /acct/box/blob",
        "GET /acct?comp=List",
        "PUT /acct/box",
        "DELETE /acct/box",
        "GET /acct/box?comp=acl",
        "GET /acct/box?restype=Container",
    };
    for (size_t i = 0; i < COUNT(unknown); i++)
        ck_assert_msg(find(unknown[i]) == NULL, "%s", unknown[i]);
    exchange_release(&exchange);
}
END_TEST

START_TEST(head_is_served_by_get_rows)
{
    ck_assert_str_eq(find("HEAD /acct/box?restype=container")->name, "Get Container Properties");
    ck_assert_str_eq(find("HEAD /acct/box/blob")->name, "Get Blob Properties");
    ck_assert_str_eq(find("HEAD /acct/box/blob?comp=metadata")->name, "Get Blob Metadata");
    ck_assert_str_eq(find("HEAD /acct?restype=account&comp=properties")->name, "Get Account Information");
    exchange_release(&exchange);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("operations");
    TCase *cases = tcase_create("operations");
    tcase_add_loop_test(cases, documented_requests_reach_their_rows, 0, COUNT(documented));
    tcase_add_test(cases, every_row_is_reached);
    tcase_add_test(cases, no_row_is_open_by_mistake);
    tcase_add_test(cases, nothing_else_is_reached);
    tcase_add_test(cases, head_is_served_by_get_rows);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
