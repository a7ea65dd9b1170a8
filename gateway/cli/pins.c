/* skerry pin, skerry unpin, skerry evict: what stays here and what goes; skerry pins: what was pinned. */
#include <inttypes.h>

#include "client_flags.h"
#include "commands.h"
#include "display.h"
#include "scope.h"

#define SKR_EVICT_PATIENCE_S 86400 /* it goes through all the names */

static void skr_pin_print(const json_t *pin)
{
    skr_print_name(skr_text_of(pin, "account"));
    printf("/");
    skr_print_name(skr_text_of(pin, "container"));
    printf("/");
    skr_print_name(skr_text_of(pin, "prefix"));
    printf("*\n");
}

static void skr_evicted_print(const json_t *answer)
{
    char evicted[32], spared[32];
    printf("evicted %s; %s stay: pinned, in use, or not upstream as they are here\n",
           skr_size_text(skr_number_of(answer, "evicted_bytes"), evicted),
           skr_size_text(skr_number_of(answer, "spared_bytes"), spared));
}

static enum skr_status skr_pin_ask(const struct skr_arguments *arguments, const char *path, json_t **answer,
                                   struct skr_error *err)
{
    struct skr_admin_place place = skr_arguments_place(arguments);
    struct skr_admin_client *client = NULL;
    json_t *body = skr_scope_body(arguments, err);
    enum skr_status status = body == NULL ? err->status : skr_admin_client_open(&client, &place, err);
    if (status == SKR_OK) {
        skr_admin_client_set_patience(client, SKR_EVICT_PATIENCE_S);
        status = skr_admin_client_call(client, "POST", path, body, answer, err);
    }
    skr_admin_client_close(client);
    json_decref(body);
    return status;
}

static int skr_pin_command(const char *command, unsigned bit, const char *path, const char *said, int argc, char **argv)
{
    struct skr_arguments arguments;
    struct skr_error error = {.message = ""};
    json_t *answer = NULL;
    int code;
    if (!skr_arguments_read(&arguments, command, bit, SKR_TAKES_CONTAINER, argc, argv, &code))
        return code;
    enum skr_status status = skr_pin_ask(&arguments, path, &answer, &error);
    if (status != SKR_OK) {
        fprintf(stderr, "skerry %s: %s\n", command, error.message);
    } else if (arguments.values[SKR_FLAG_JSON] != NULL) {
        skr_print_json(answer);
    } else if (said != NULL) {
        printf("%s ", said);
        skr_pin_print(answer);
    } else {
        skr_evicted_print(answer);
    }
    json_decref(answer);
    return status == SKR_OK ? 0 : 1;
}

int skr_command_pin(int argc, char **argv)
{
    return skr_pin_command("pin", SKR_FOR_PIN, "/api/v1/pin", "pinned", argc, argv);
}

int skr_command_unpin(int argc, char **argv)
{
    return skr_pin_command("unpin", SKR_FOR_UNPIN, "/api/v1/unpin", "unpinned", argc, argv);
}

int skr_command_evict(int argc, char **argv)
{
    return skr_pin_command("evict", SKR_FOR_EVICT, "/api/v1/evict", NULL, argc, argv);
}

int skr_command_pins(int argc, char **argv)
{
    struct skr_arguments arguments;
    json_t *pin;
    size_t i;
    int code;
    if (!skr_arguments_read(&arguments, "pins", SKR_FOR_PINS, SKR_TAKES_NOTHING, argc, argv, &code))
        return code;
    json_t *answer = skr_ask(&arguments, "/api/v1/pins", 0);
    if (answer == NULL)
        return 1;
    const json_t *list = json_object_get(answer, "pins");
    if (arguments.values[SKR_FLAG_JSON] != NULL)
        skr_print_json(answer);
    else if (json_array_size(list) == 0)
        printf("nothing is pinned\n");
    else
        json_array_foreach (list, i, pin)
            skr_pin_print(pin);
    json_decref(answer);
    return 0;
}
