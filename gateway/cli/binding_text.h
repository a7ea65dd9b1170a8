/* A binding in words that people write, into JSON as the administration API takes it. */
#ifndef SKERRY_CLI_BINDING_TEXT_H
#define SKERRY_CLI_BINDING_TEXT_H

#include <jansson.h>

#include "skerry/bytes.h"
#include "skerry/status.h"

/* Sets one field: "ttl" or "ttl_s" to "60s", "workload_identity.tenant" to a text. A secret may be @FILE where
 * `may_be_file`. No message shows the value. */
enum skr_status skr_binding_text_set(json_t *document, struct skr_bytes name, struct skr_bytes value, bool may_be_file,
                                     struct skr_error *err);

#endif
