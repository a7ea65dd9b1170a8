/* Where settings come from: defaults, then the file, then the environment, then flags; each overrides the one before. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

#include "settings.h"

/* A list that is set in a nearer place replaces the one from a farther place as a whole. */
static void skr_list_clear(struct skr_settings *settings, const struct skr_setting *setting)
{
    struct skr_text_list *list = (struct skr_text_list *)((char *)settings + setting->offset);
    while (list->count > 0) {
        char *item = list->items[--list->count];
        explicit_bzero(item, strlen(item));
        free(item);
    }
}

/* ---- the file ---- */

static enum skr_status skr_file_value(struct skr_settings *settings, const struct skr_setting *setting,
                                      yaml_document_t *document, yaml_node_t *node, const char *origin, struct skr_error *err)
{
    if (node->type == YAML_SCALAR_NODE)
        return skr_setting_set(settings, setting, (const char *)node->data.scalar.value, origin, err);
    if (node->type != YAML_SEQUENCE_NODE || setting->type != SKR_SETTING_LIST)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "%s takes one value", origin);
    enum skr_status status = SKR_OK;
    for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top && status == SKR_OK;
         item++) {
        yaml_node_t *value = yaml_document_get_node(document, *item);
        status = value != NULL && value->type == YAML_SCALAR_NODE
                     ? skr_setting_set(settings, setting, (const char *)value->data.scalar.value, origin, err)
                     : skr_fail(err, SKR_INVALID_ARGUMENT, "%s takes a list of texts", origin);
    }
    return status;
}

static enum skr_status skr_unknown(const char *kind, const char *name, struct skr_error *err)
{
    const char *near = skr_setting_suggest(name);
    return skr_fail(err, SKR_INVALID_ARGUMENT, "%s '%s' is not known. %s%s", kind, name,
                    near != NULL ? "Did you mean " : "See ", near != NULL ? near : "skerry serve --help");
}

static enum skr_status skr_file_document(struct skr_settings *settings, const char *path, yaml_document_t *document,
                                         struct skr_error *err)
{
    yaml_node_t *root = yaml_document_get_root_node(document);
    enum skr_status status = SKR_OK;
    if (root == NULL)
        return SKR_OK;
    if (root->type != YAML_MAPPING_NODE)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "%s does not hold 'name: value' lines", path);
    for (yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top && status == SKR_OK;
         pair++) {
        yaml_node_t *key = yaml_document_get_node(document, pair->key), *value = yaml_document_get_node(document, pair->value);
        char origin[256];
        if (key == NULL || value == NULL || key->type != YAML_SCALAR_NODE)
            return skr_fail(err, SKR_INVALID_ARGUMENT, "%s does not hold 'name: value' lines", path);
        const char *name = (const char *)key->data.scalar.value;
        const struct skr_setting *setting = skr_setting_find(name);
        snprintf(origin, sizeof origin, "%.120s line %zu, '%.60s'", path, key->start_mark.line + 1, name);
        if (setting == NULL)
            return skr_unknown("setting", name, err);
        if (setting->type == SKR_SETTING_LIST)
            skr_list_clear(settings, setting);
        status = skr_file_value(settings, setting, document, value, origin, err);
    }
    return status;
}

enum skr_status skr_settings_read_file(struct skr_settings *settings, const char *path, struct skr_error *err)
{
    yaml_parser_t parser;
    yaml_document_t document;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return skr_fail_os(err, SKR_INVALID_ARGUMENT, errno, "cannot read the settings file %s: %s", path, strerror(errno));
    enum skr_status status;
    if (!yaml_parser_initialize(&parser)) {
        fclose(file);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the settings file");
    }
    yaml_parser_set_input_file(&parser, file);
    if (!yaml_parser_load(&parser, &document)) {
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "%s line %zu is not YAML: %s", path, parser.problem_mark.line + 1,
                          parser.problem == NULL ? "unreadable" : parser.problem);
    } else {
        status = skr_file_document(settings, path, &document, err);
        yaml_document_delete(&document);
    }
    yaml_parser_delete(&parser);
    fclose(file);
    return status;
}

/* ---- the environment ---- */

/* "max-connections" is SKERRY_MAX_CONNECTIONS; lists have an 's' and are separated by spaces or commas. */
static void skr_environment_name(const struct skr_setting *setting, char name[64])
{
    int size = snprintf(name, 64, "SKERRY_%s%s", setting->name, setting->type == SKR_SETTING_LIST ? "S" : "");
    for (int i = 0; i < size; i++)
        name[i] = name[i] == '-' ? '_' : (char)toupper((unsigned char)name[i]);
}

static enum skr_status skr_environment_list(struct skr_settings *settings, const struct skr_setting *setting, const char *value,
                                            const char *origin, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    skr_list_clear(settings, setting);
    while (*value != '\0' && status == SKR_OK) {
        size_t size = strcspn(value, " ,");
        char *item = strndup(value, size);
        if (item == NULL)
            return skr_fail(err, SKR_NO_MEMORY, "no memory for settings");
        if (size > 0)
            status = skr_setting_set(settings, setting, item, origin, err);
        explicit_bzero(item, size);
        free(item);
        value += size + (value[size] != '\0');
    }
    return status;
}

static enum skr_status skr_read_environment(struct skr_settings *settings, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    for (size_t i = 0; i < skr_setting_count && status == SKR_OK; i++) {
        const struct skr_setting *setting = &skr_setting_table[i];
        char name[64];
        skr_environment_name(setting, name);
        const char *value = getenv(name);
        if (value == NULL)
            continue;
        status = setting->type == SKR_SETTING_LIST ? skr_environment_list(settings, setting, value, name, err)
                                                   : skr_setting_set(settings, setting, value, name, err);
        if (setting->secret)
            unsetenv(name);
    }
    return status;
}

/* ---- flags ---- */

/* One flag: "--name value" or "--name=value". `*used` arguments are its own. */
static enum skr_status skr_read_flag(struct skr_settings *settings, int argc, char **argv, bool cleared[], int *used,
                                     struct skr_error *err)
{
    char name[64], origin[80];
    if (strncmp(argv[0], "--", 2) != 0)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' is not a flag. See skerry serve --help", argv[0]);
    const char *equals = strchr(argv[0], '=');
    size_t size = equals == NULL ? strlen(argv[0] + 2) : (size_t)(equals - argv[0]) - 2;
    snprintf(name, sizeof name, "%.*s", (int)(size < 60 ? size : 60), argv[0] + 2);
    snprintf(origin, sizeof origin, "--%s", name);
    const struct skr_setting *setting = skr_setting_find(name);
    if (setting == NULL)
        return skr_unknown("flag", name, err);
    const char *value = equals != NULL ? equals + 1 : NULL;
    *used = 1;
    if (value == NULL && setting->type == SKR_SETTING_BOOL && (argc < 2 || strncmp(argv[1], "--", 2) == 0)) {
        value = "true";
    } else if (value == NULL) {
        if (argc < 2)
            return skr_fail(err, SKR_INVALID_ARGUMENT, "%s needs a value: %s", origin, setting->argument);
        value = argv[1];
        *used = 2;
    }
    if (setting->type == SKR_SETTING_LIST && !cleared[setting - skr_setting_table]) {
        cleared[setting - skr_setting_table] = true;
        skr_list_clear(settings, setting);
    }
    return skr_setting_set(settings, setting, value, origin, err);
}

static enum skr_status skr_read_flags(struct skr_settings *settings, int argc, char **argv, struct skr_error *err)
{
    bool cleared[64] = {false};
    enum skr_status status = SKR_OK;
    for (int i = 0, used = 1; i < argc && status == SKR_OK; i += used)
        status = skr_read_flag(settings, argc - i, argv + i, cleared, &used, err);
    return status;
}

enum skr_status skr_settings_load(struct skr_settings *settings, int argc, char **argv, struct skr_error *err)
{
    struct skr_settings first = {.config = NULL};
    enum skr_status status = skr_settings_defaults(settings, err);
    if (status == SKR_OK)
        status = skr_read_flags(&first, argc, argv, err); /* only for --config, which the rest depends on */
    const char *config = first.config != NULL ? first.config : getenv("SKERRY_CONFIG");
    if (status == SKR_OK && config != NULL)
        status = skr_settings_read_file(settings, config, err);
    if (status == SKR_OK)
        status = skr_read_environment(settings, err);
    if (status == SKR_OK)
        status = skr_read_flags(settings, argc, argv, err);
    skr_settings_free(&first);
    for (int i = 0; i < argc; i++) /* secrets do not stay in the list of processes */
        memset(argv[i], '\0', strlen(argv[i]));
    return status;
}
