/* See service_properties.h. */
#include "service_properties.h"

#include "skerry/encoding.h"

#define SKR_MAX_CORS_RULES 5

static const char *const skr_section_names[] = {
    "Logging", "HourMetrics", "MinuteMetrics", "Cors", "DefaultServiceVersion", "DeleteRetentionPolicy", "StaticWebsite"};
#define SKR_SECTIONS (sizeof skr_section_names / sizeof *skr_section_names)

struct skr_properties {
    struct skr_xml sections[SKR_SECTIONS]; /* with their tags; empty: not given */
    unsigned rules, rule_fields;           /* CORS rules so far; which elements the current one has */
    bool bad_value;
};

/* The section that a path below the root lies in, or SKR_SECTIONS. */
static size_t skr_section_of(struct skr_bytes below_root, bool *is_section)
{
    const char *slash = memchr(below_root.data, '/', below_root.size);
    struct skr_bytes name = {below_root.data, slash == NULL ? below_root.size : (size_t)(slash - below_root.data)};
    size_t i = 0;
    *is_section = slash == NULL;
    while (i < SKR_SECTIONS && !skr_bytes_equal(name, skr_text(skr_section_names[i])))
        i++;
    return i;
}

static bool skr_write_node(struct skr_xml *xml, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    char name[256];
    const char *slash = memrchr(path.data, '/', path.size);
    size_t size = path.size - (size_t)(slash + 1 - path.data);
    if (size >= sizeof name)
        return false;
    memcpy(name, slash + 1, size);
    name[size] = '\0';
    if (text.data != NULL)
        skr_xml_element(xml, name, text);
    else if (ends)
        skr_xml_end(xml, name);
    else
        skr_xml_begin(xml, name);
    return true;
}

/* A rule has each of five elements, once. `field`: empty for the rule itself. */
static bool skr_check_cors_rule(struct skr_properties *properties, struct skr_bytes field, bool begins)
{
    static const char *const fields[] = {"AllowedOrigins", "AllowedMethods", "MaxAgeInSeconds", "ExposedHeaders",
                                         "AllowedHeaders"};
    if (field.size == 0) {
        bool whole = begins || properties->rule_fields == 31;
        properties->rules += begins;
        properties->rule_fields = 0;
        return whole && properties->rules <= SKR_MAX_CORS_RULES;
    }
    for (unsigned i = 0; i < 5; i++)
        if (skr_bytes_equal(field, skr_text(fields[i]))) {
            bool first = (properties->rule_fields & 1u << i) == 0;
            properties->rule_fields |= 1u << i;
            return first;
        }
    return false;
}

static bool skr_check_values(struct skr_properties *properties, struct skr_bytes path, struct skr_bytes text, bool begins)
{
    static const struct skr_bytes rule = {"StorageServiceProperties/Cors/CorsRule", 38};
    uint64_t days;
    if (skr_bytes_starts_with(path, rule) && (path.size == rule.size || path.data[rule.size] == '/')) {
        size_t skip = rule.size + (path.size > rule.size);
        struct skr_bytes field = {path.data + skip, path.size - skip};
        if (field.size == 0 && text.data != NULL) /* a rule without elements */
            return false;
        return skr_check_cors_rule(properties, field, begins);
    }
    if (path.size <= 5 || memcmp(path.data + path.size - 5, "/Days", 5) != 0)
        return true;
    properties->bad_value = !skr_parse_u64(text, &days) || days < 1 || days > 365;
    return !properties->bad_value;
}

static bool skr_visit_property(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_properties *properties = context;
    const struct skr_bytes root = SKR_BYTES("StorageServiceProperties/");
    bool is_section, begins = text.data != NULL || !ends;
    if (skr_bytes_equal(path, SKR_BYTES("StorageServiceProperties")))
        return true;
    if (!skr_bytes_starts_with(path, root))
        return false;
    size_t section = skr_section_of((struct skr_bytes){path.data + root.size, path.size - root.size}, &is_section);
    if (section == SKR_SECTIONS || (is_section && begins && properties->sections[section].size > 0))
        return false; /* unknown, or given twice */
    if (!skr_check_values(properties, path, text, begins))
        return false;
    return skr_write_node(&properties->sections[section], path, text, ends);
}

static void skr_properties_close(struct skr_properties *properties)
{
    for (size_t i = 0; i < SKR_SECTIONS; i++)
        skr_xml_close(&properties->sections[i]);
}

bool skr_properties_merge(struct skr_bytes given, struct skr_bytes stored, struct skr_xml *out, bool *bad_value)
{
    struct skr_properties now = {.rules = 0}, before = {.rules = 0};
    bool fine = skr_xml_parse(given, skr_visit_property, &now);
    if (bad_value != NULL)
        *bad_value = now.bad_value;
    if (fine && !skr_xml_parse(stored, skr_visit_property, &before))
        skr_properties_close(&before);
    if (fine) {
        skr_xml_open(out);
        skr_xml_begin(out, "StorageServiceProperties");
        for (size_t i = 0; i < SKR_SECTIONS; i++) {
            const struct skr_xml *section = now.sections[i].size > 0 ? &now.sections[i] : &before.sections[i];
            skr_xml_raw(out, skr_xml_bytes(section));
            out->failed |= section->failed;
        }
        skr_xml_end(out, "StorageServiceProperties");
    }
    skr_properties_close(&now);
    skr_properties_close(&before);
    return fine;
}
