/* Any bytes as the body of Set Blob Service Properties, merged into any that are stored. What comes of it is a document that
 * can be merged into itself without a change. */
#include <assert.h>

#include "service_properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct skr_xml merged, again;
    if (size < 2)
        return 0;
    size_t first = (size_t)(data[0] << 8 | data[1]);
    data += 2;
    size -= 2;
    first = first < size ? first : size;
    struct skr_bytes given = {(const char *)data, first}, stored = {(const char *)data + first, size - first};
    if (skr_properties_merge(given, stored, &merged, NULL)) {
        assert(skr_properties_merge(skr_xml_bytes(&merged), SKR_BYTES(""), &again, NULL));
        assert(skr_bytes_equal(skr_xml_bytes(&merged), skr_xml_bytes(&again)));
        skr_xml_close(&again);
        assert(skr_properties_merge(SKR_BYTES("<StorageServiceProperties/>"), skr_xml_bytes(&merged), &again, NULL));
        assert(skr_bytes_equal(skr_xml_bytes(&merged), skr_xml_bytes(&again)));
        skr_xml_close(&again);
        skr_xml_close(&merged);
    }
    return 0;
}
