/* Sizes, times and names, as people read them. */
#include "display.h"

#include <stdio.h>

const char *skr_text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

json_int_t skr_number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

const char *skr_size_text(json_int_t bytes, char out[32])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double size = (double)bytes;
    size_t unit = 0;
    for (; size >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        size /= 1024;
    snprintf(out, 32, unit == 0 ? "%.0f %s" : "%.1f %s", size, units[unit]);
    return out;
}

const char *skr_duration_text(int64_t seconds, char out[32])
{
    long long s = (long long)seconds;
    if (s < 60)
        snprintf(out, 32, "%llds", s);
    else if (s < 3600)
        snprintf(out, 32, "%lldm%02llds", s / 60, s % 60);
    else
        snprintf(out, 32, "%lldh%02lldm", s / 3600, s / 60 % 60);
    return out;
}

void skr_print_name(const char *name)
{
    for (; *name != '\0'; name++)
        if ((unsigned char)*name < 0x20 || *name == 0x7f)
            printf("\\x%02x", (unsigned char)*name);
        else
            putchar(*name);
}

void skr_print_json(const json_t *answer)
{
    json_dumpf(answer, stdout, JSON_INDENT(2));
    printf("\n");
}
