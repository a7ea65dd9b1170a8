/* The table of operations, as libfuse wants it and as we read it. */
#include "operations.h"

#include "handlers.h"

#define SKR_ROW(name, number, changes, waits) [SKR_OPERATION_##name] = {#name, number, changes, waits},
const struct skr_operation_row skr_operation_rows[SKR_OPERATION_COUNT] = {SKR_FUSE_OPERATIONS(SKR_ROW)};
#undef SKR_ROW

#define SKR_FIELD(name, number, changes, waits) .name = skr_handle_##name,
const struct fuse_lowlevel_ops skr_operations = {.init = skr_handle_init, SKR_FUSE_OPERATIONS(SKR_FIELD)};
