/* The directory of containers, where a mount shows all of an account. */
#include "mount_state.h"

static enum skr_status skr_container_prepare(struct skr_errand *errand, struct skr_bytes name)
{
    struct skr_signal signal = {.called = false};
    struct skr_remote_listing *listing = NULL;
    enum skr_status status = skr_prepare_container(errand->caller->worker, errand->mount->options.account, name, skr_signal_set,
                                                   &signal, &listing, &errand->error);
    if (status == SKR_PENDING)
        status = skr_caller_await(errand->caller, &signal, skr_errand_gave_up, errand) ? signal.status : SKR_CANCELLED;
    skr_remote_listing_close(listing);
    return status;
}

enum skr_status skr_find_container(struct skr_errand *errand, struct skr_bytes name, struct skr_facts *facts,
                                   struct skr_place **place)
{
    struct skr_container container;
    enum skr_status status = skr_container_prepare(errand, name);
    if (status == SKR_OK)
        status = skr_get_container(errand->caller->worker, &errand->arena, errand->mount->options.account, name, NULL,
                                   &container, &errand->error);
    if (status != SKR_OK)
        return status;
    *facts = (struct skr_facts){.kind = SKR_FILE_DIRECTORY, .modified_ns = container.modified_ns};
    skr_container_attributes_of(&container, &facts->attributes);
    *place = skr_place_new(name, SKR_NO_BYTES, &container);
    return *place == NULL ? SKR_NO_MEMORY : SKR_OK;
}
