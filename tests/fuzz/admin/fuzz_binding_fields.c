/* Bindings in JSON: hostile documents. What is taken has a URL, a mode and at most one credential, whole; what is refused says
 * why. */
#include <assert.h>

#include "skerry/admin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skr_binding_request request;
    struct skr_error error = {.message = ""};
    enum skr_status status = skr_binding_request_read(&request, (struct skr_bytes){(const char *)data, size}, &error);
    const struct skr_binding *binding = &request.binding;
    if (status == SKR_OK) {
        assert(binding->texts[SKR_BINDING_URL].size > 0);
        assert(binding->mode >= SKR_BINDING_READ_ONLY && binding->mode <= SKR_BINDING_WRITE_BACK);
        assert(binding->credential <= SKR_BINDING_BY_CLIENT_SECRET);
        assert((binding->credential == SKR_BINDING_BY_SAS) == (binding->texts[SKR_BINDING_SAS].size > 0));
        assert((binding->credential == SKR_BINDING_BY_S3_KEYS) == (binding->texts[SKR_BINDING_SECRET_KEY].size > 0));
    } else {
        assert(error.message[0] != '\0');
    }
    skr_binding_request_free(&request);
    skr_binding_name_check((struct skr_bytes){(const char *)data, size}, &error);
    return 0;
}
