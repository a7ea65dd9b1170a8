/* What a mount says of itself. */
#include "mount_state.h"

void skr_mount_read_numbers(const struct skr_mount *mount, struct skr_mount_numbers *out)
{
    struct skr_nodes *nodes = (struct skr_nodes *)&mount->nodes; /* its lock is taken */
    *out = (struct skr_mount_numbers){
        .directory = mount->directory,
        .account = mount->options.account,
        .container = mount->options.container,
        .path = mount->options.path,
        .read_only = mount->options.read_only,
        .is_mounted = atomic_load(&mount->transport.is_connected),
        .open_files = atomic_load(&mount->open_files),
        .passthrough_opens = atomic_load(&mount->passthrough_opens),
        .passthrough_opens_total = atomic_load(&mount->passthrough_opens_total),
    };
    pthread_mutex_lock(&nodes->lock);
    out->drafts = nodes->drafts;
    out->known_names = nodes->count;
    out->hidden_names = nodes->hidden;
    pthread_mutex_unlock(&nodes->lock);
}

void skr_mount_read_operations(const struct skr_mount *mount,
                               void (*visit)(void *context, const char *operation, uint64_t count, uint64_t failed),
                               void *context)
{
    for (size_t i = 0; i < SKR_OPERATION_COUNT; i++)
        visit(context, skr_operation_rows[i].name, atomic_load_explicit(&mount->operations[i].count, memory_order_relaxed),
              atomic_load_explicit(&mount->operations[i].failed, memory_order_relaxed));
}
