/* Access control lists of buckets and objects. Kept is the name of a canned one; documents are rendered from it and must equal
 * one. */
#ifndef SKERRY_S3_ACL_H
#define SKERRY_S3_ACL_H

#include "skerry/bytes.h"
#include "skerry/status.h"
#include "skerry/xml.h"

struct skr_s3_call;

bool skr_s3_acl_is_canned(struct skr_bytes name);
/* <NAME><ID/><DisplayName/></NAME>: an account is its own id. */
void skr_s3_owner_render(struct skr_xml *xml, const char *name, struct skr_bytes account);
/* The whole document AccessControlPolicy, opened and ended. `canned` empty: private. */
void skr_s3_acl_render(struct skr_xml *xml, struct skr_bytes owner, struct skr_bytes canned);
/* The canned one that a document equals; SKR_NO_BYTES for private. SKR_INVALID_ARGUMENT: not such a document. SKR_FORBIDDEN:
 * names another owner. SKR_UNSUPPORTED: grants that no canned one has. Pure. */
enum skr_status skr_s3_acl_parse(struct skr_bytes document, struct skr_bytes owner, struct skr_bytes *canned);
/* What a request to put a list says, in x-amz-acl or in its body; then calls `chosen` (`canned` as above) unless it answered an
 * error. */
void skr_s3_acl_receive(struct skr_s3_call *call, void (*chosen)(struct skr_s3_call *call, struct skr_bytes canned));

#endif
