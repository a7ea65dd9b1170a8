/* The table of operations. Routing, authorization, metrics labels and the feature list derive from it. What the service
 * documents and this server does not have yet is in the table too, so that it is refused by name and never taken for something
 * else.
 */
#include "call.h"

/* clang-format off */ /* a row a line */
#define QUERY(n, v) {SKR_SELECT_QUERY, n, v}
#define HEADER(n) {SKR_SELECT_HEADER, n, NULL}

#define READ SKR_PERMISSION_READ
#define WRITE SKR_PERMISSION_WRITE
#define CREATE SKR_PERMISSION_CREATE
#define DELETE SKR_PERMISSION_DELETE
#define LIST SKR_PERMISSION_LIST
#define ADD SKR_PERMISSION_ADD
#define OWNER SKR_PERMISSION_OWNER
#define SERVICE SKR_RESOURCE_SERVICE
#define CONTAINER SKR_RESOURCE_CONTAINER
#define BLOB SKR_RESOURCE_OBJECT

#define MIB (UINT64_C(1) << 20)

const struct skr_operation skr_blob_rows[] = {
    /* the service */
    {"List Containers", SKR_GET, SERVICE, {QUERY("comp", "list")}, LIST, 0, skr_blob_list_containers, NULL},
    {"Get Blob Service Properties", SKR_GET, SERVICE, {QUERY("comp", "properties"), QUERY("restype", "service")}, READ, 0,
     skr_blob_get_service_properties, NULL},
    {"Set Blob Service Properties", SKR_PUT, SERVICE, {QUERY("comp", "properties"), QUERY("restype", "service")}, WRITE, MIB,
     skr_blob_set_service_properties, "logging, metrics and retention are kept and returned, not acted on"},
    {"Get Blob Service Stats", SKR_GET, SERVICE, {QUERY("comp", "stats"), QUERY("restype", "service")}, READ, 0,
     skr_blob_get_service_stats, "on the secondary endpoint"},
    {"Get Account Information", SKR_GET, SERVICE, {QUERY("restype", "account"), QUERY("comp", "properties")}, 0, 0, skr_blob_get_account_information, NULL},
    {"Get User Delegation Key", SKR_POST, SERVICE, {QUERY("comp", "userdelegationkey")}, OWNER, MIB, skr_blob_not_implemented,
     "not offered yet"},
    {"Blob Batch", SKR_POST, SERVICE, {QUERY("comp", "batch")}, OWNER, 4 * MIB, skr_blob_not_implemented, "not offered yet"},
    {"Find Blobs by Tags", SKR_GET, SERVICE, {QUERY("comp", "blobs")}, SKR_PERMISSION_FILTER, 0, skr_blob_not_implemented,
     "not offered yet"},
    {"Preflight Blob Request", SKR_OPTIONS, SERVICE, {{0}}, 0, 0, skr_blob_preflight, NULL},

    /* containers */
    {"Create Container", SKR_PUT, CONTAINER, {QUERY("restype", "container")}, CREATE | WRITE, 0, skr_blob_create_container, NULL},
    {"Get Container Properties", SKR_GET, CONTAINER, {QUERY("restype", "container")}, READ, 0, skr_blob_get_container, NULL},
    {"Delete Container", SKR_DELETE, CONTAINER, {QUERY("restype", "container")}, DELETE, 0, skr_blob_delete_container, NULL},
    {"Get Container Metadata", SKR_GET, CONTAINER, {QUERY("restype", "container"), QUERY("comp", "metadata")}, READ, 0,
     skr_blob_get_container, NULL},
    {"Set Container Metadata", SKR_PUT, CONTAINER, {QUERY("restype", "container"), QUERY("comp", "metadata")}, WRITE, 0,
     skr_blob_set_container_metadata, NULL},
    {"Get Container ACL", SKR_GET, CONTAINER, {QUERY("restype", "container"), QUERY("comp", "acl")}, OWNER, 0,
     skr_blob_get_container_acl, NULL},
    {"Set Container ACL", SKR_PUT, CONTAINER, {QUERY("restype", "container"), QUERY("comp", "acl")}, OWNER, MIB,
     skr_blob_set_container_acl, NULL},
    {"List Blobs", SKR_GET, CONTAINER, {QUERY("restype", "container"), QUERY("comp", "list")}, LIST, 0, skr_blob_list_blobs,
     "flat and by hierarchy"},
    {"Get Account Information", SKR_GET, CONTAINER, {QUERY("restype", "account"), QUERY("comp", "properties")}, 0, 0, skr_blob_get_account_information, NULL},
    {"Lease Container", SKR_PUT, CONTAINER, {QUERY("restype", "container"), QUERY("comp", "lease")}, WRITE | DELETE, 0,
     skr_blob_not_implemented, "not offered yet"},
    {"Restore Container", SKR_PUT, CONTAINER, {QUERY("restype", "container"), QUERY("comp", "undelete")}, WRITE, 0,
     skr_blob_not_implemented, "not offered yet"},
    {"Rename Container", SKR_PUT, CONTAINER, {QUERY("restype", "container"), QUERY("comp", "rename")}, WRITE, 0,
     skr_blob_not_implemented, "not offered yet"},
    {"Blob Batch", SKR_POST, CONTAINER, {QUERY("comp", "batch")}, OWNER, 4 * MIB, skr_blob_not_implemented, "not offered yet"},
    {"Find Blobs by Tags in Container", SKR_GET, CONTAINER, {QUERY("restype", "container"), QUERY("comp", "blobs")},
     SKR_PERMISSION_FILTER, 0, skr_blob_not_implemented, "not offered yet"},
    {"Preflight Blob Request", SKR_OPTIONS, CONTAINER, {{0}}, 0, 0, skr_blob_preflight, NULL},

    /* blobs */
    {"Put Blob", SKR_PUT, BLOB, {{0}}, WRITE | CREATE, 5000 * MIB, skr_blob_put_blob, "block blobs"},
    {"Put Blob From URL", SKR_PUT, BLOB, {HEADER("x-ms-blob-type"), HEADER("x-ms-copy-source")}, WRITE | CREATE, 0,
     skr_blob_put_blob_from_url, "sources on this server, by reference"},
    {"Copy Blob", SKR_PUT, BLOB, {HEADER("x-ms-copy-source")}, WRITE | CREATE, 0, skr_blob_copy_blob,
     "sources on this server, by reference, done when answered"},
    {"Abort Copy Blob", SKR_PUT, BLOB, {QUERY("comp", "copy")}, WRITE, 0, skr_blob_abort_copy, "no copy is ever pending"},
    {"Put Block", SKR_PUT, BLOB, {QUERY("comp", "block")}, WRITE, 4000 * MIB, skr_blob_put_block, NULL},
    {"Put Block From URL", SKR_PUT, BLOB, {QUERY("comp", "block"), HEADER("x-ms-copy-source")}, WRITE, 0,
     skr_blob_put_block_from_url, "sources on this server, by reference"},
    {"Put Block List", SKR_PUT, BLOB, {QUERY("comp", "blocklist")}, WRITE, 8 * MIB, skr_blob_put_block_list, NULL},
    {"Get Block List", SKR_GET, BLOB, {QUERY("comp", "blocklist")}, READ, 0, skr_blob_get_block_list, NULL},
    {"Get Blob", SKR_GET, BLOB, {{0}}, READ, 0, skr_blob_get_blob, NULL},
    {"Get Blob Properties", SKR_HEAD, BLOB, {{0}}, READ, 0, skr_blob_get_blob_properties, NULL},
    {"Get Blob Metadata", SKR_GET, BLOB, {QUERY("comp", "metadata")}, READ, 0, skr_blob_get_blob_metadata, NULL},
    {"Set Blob Properties", SKR_PUT, BLOB, {QUERY("comp", "properties")}, WRITE, 0, skr_blob_set_blob_properties, NULL},
    {"Set Blob Metadata", SKR_PUT, BLOB, {QUERY("comp", "metadata")}, WRITE, 0, skr_blob_set_blob_metadata, NULL},
    {"Set Blob Tier", SKR_PUT, BLOB, {QUERY("comp", "tier")}, WRITE, 0, skr_blob_set_blob_tier,
     "kept and shown; every tier is served from flash"},
    {"Delete Blob", SKR_DELETE, BLOB, {{0}}, DELETE, 0, skr_blob_delete_blob, NULL},
    {"Delete Blob Version", SKR_DELETE, BLOB, {QUERY("versionid", NULL)}, SKR_PERMISSION_DELETE_VERSION, 0, skr_blob_delete_version, NULL},
    {"Get Account Information", SKR_GET, BLOB, {QUERY("restype", "account"), QUERY("comp", "properties")}, 0, 0, skr_blob_get_account_information, NULL},
    {"Append Block", SKR_PUT, BLOB, {QUERY("comp", "appendblock")}, WRITE | ADD, 100 * MIB, skr_blob_not_implemented,
     "not offered yet"},
    {"Put Page", SKR_PUT, BLOB, {QUERY("comp", "page")}, WRITE, 4 * MIB, skr_blob_not_implemented, "not offered yet"},
    {"Get Page Ranges", SKR_GET, BLOB, {QUERY("comp", "pagelist")}, READ, 0, skr_blob_not_implemented, "not offered yet"},
    {"Incremental Copy Blob", SKR_PUT, BLOB, {QUERY("comp", "incrementalcopy")}, WRITE | CREATE, 0, skr_blob_not_implemented,
     "not offered yet"},
    {"Lease Blob", SKR_PUT, BLOB, {QUERY("comp", "lease")}, WRITE | DELETE, 0, skr_blob_not_implemented, "not offered yet"},
    {"Snapshot Blob", SKR_PUT, BLOB, {QUERY("comp", "snapshot")}, WRITE | CREATE, 0, skr_blob_not_implemented, "not offered yet"},
    {"Undelete Blob", SKR_PUT, BLOB, {QUERY("comp", "undelete")}, WRITE, 0, skr_blob_not_implemented, "not offered yet"},
    {"Get Blob Tags", SKR_GET, BLOB, {QUERY("comp", "tags")}, SKR_PERMISSION_TAGS, 0, skr_blob_get_blob_tags, NULL},
    {"Set Blob Tags", SKR_PUT, BLOB, {QUERY("comp", "tags")}, SKR_PERMISSION_TAGS, MIB, skr_blob_set_blob_tags, NULL},
    {"Query Blob Contents", SKR_POST, BLOB, {QUERY("comp", "query")}, READ, MIB, skr_blob_not_implemented, "not offered yet"},
    {"Set Blob Expiry", SKR_PUT, BLOB, {QUERY("comp", "expiry")}, WRITE, 0, skr_blob_not_implemented, "not offered yet"},
    {"Set Immutability Policy", SKR_PUT, BLOB, {QUERY("comp", "immutabilityPolicies")}, SKR_PERMISSION_IMMUTABILITY, 0,
     skr_blob_not_implemented, "not offered yet"},
    {"Delete Immutability Policy", SKR_DELETE, BLOB, {QUERY("comp", "immutabilityPolicies")}, SKR_PERMISSION_IMMUTABILITY, 0,
     skr_blob_not_implemented, "not offered yet"},
    {"Set Blob Legal Hold", SKR_PUT, BLOB, {QUERY("comp", "legalhold")}, SKR_PERMISSION_IMMUTABILITY, 0, skr_blob_not_implemented,
     "not offered yet"},
    {"Preflight Blob Request", SKR_OPTIONS, BLOB, {{0}}, 0, 0, skr_blob_preflight, NULL},
};
/* clang-format on */

const size_t skr_blob_row_count = sizeof skr_blob_rows / sizeof *skr_blob_rows;

const struct skr_operation *skr_blob_operations(size_t *count)
{
    *count = skr_blob_row_count;
    return skr_blob_rows;
}
