/* Dates of HTTP and of ISO 8601. Proleptic Gregorian calendar, no locale, no time zone of the machine. */
#include <stdio.h>

#include "skerry/encoding.h"

/* Days since 1970-01-01 of a date, and back: civil-calendar arithmetic over eras of 400 years. */
static int64_t skr_days_of(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned year_of_era = (unsigned)(year - era * 400);
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + (int64_t)day_of_era - 719468;
}

struct skr_civil {
    int64_t year;
    unsigned month, day, hour, minute, second, weekday; /* weekday 0: Sunday */
};

static struct skr_civil skr_civil_of(int64_t unix_seconds)
{
    int64_t days = unix_seconds / 86400, rest = unix_seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    int64_t shifted = days + 719468, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    unsigned day_of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted_month = (5 * day_of_year + 2) / 153;
    unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    return (struct skr_civil){
        .year = (int64_t)year_of_era + era * 400 + (month <= 2),
        .month = month,
        .day = day_of_year - (153 * shifted_month + 2) / 5 + 1,
        .hour = (unsigned)(rest / 3600),
        .minute = (unsigned)(rest / 60 % 60),
        .second = (unsigned)(rest % 60),
        .weekday = (unsigned)(((days % 7) + 11) % 7),
    };
}

static unsigned skr_days_in_month(int64_t year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool skr_unix_of(const struct skr_civil *civil, int64_t *unix_seconds)
{
    if (civil->month < 1 || civil->month > 12 || civil->day < 1 || civil->day > skr_days_in_month(civil->year, civil->month) ||
        civil->hour > 23 || civil->minute > 59 || civil->second > 60)
        return false;
    *unix_seconds = skr_days_of(civil->year, civil->month, civil->day) * 86400 + civil->hour * 3600 + civil->minute * 60 +
                    (civil->second == 60 ? 59 : civil->second);
    return true;
}

static const char skr_weekdays[] = "SunMonTueWedThuFriSat";
static const char skr_months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static void skr_two_digits(char *out, unsigned value)
{
    out[0] = (char)('0' + value / 10 % 10);
    out[1] = (char)('0' + value % 10);
}

void skr_http_date_format(char out[SKR_HTTP_DATE_SIZE], int64_t unix_seconds)
{
    struct skr_civil civil = skr_civil_of(unix_seconds);
    memcpy(out, "Sun, 00 Jan 0000 00:00:00 GMT", SKR_HTTP_DATE_SIZE);
    memcpy(out, skr_weekdays + 3 * civil.weekday, 3);
    skr_two_digits(out + 5, civil.day);
    memcpy(out + 8, skr_months + 3 * (civil.month - 1), 3);
    skr_two_digits(out + 12, (unsigned)(civil.year / 100));
    skr_two_digits(out + 14, (unsigned)(civil.year % 100));
    skr_two_digits(out + 17, civil.hour);
    skr_two_digits(out + 20, civil.minute);
    skr_two_digits(out + 23, civil.second);
}

static bool skr_month_of(const char *name, unsigned *month)
{
    for (unsigned i = 0; i < 12; i++)
        if (memcmp(name, skr_months + 3 * i, 3) == 0) {
            *month = i + 1;
            return true;
        }
    return false;
}

bool skr_http_date_parse(struct skr_bytes text, int64_t *unix_seconds)
{
    char copy[40], month[4] = "", zone[4] = "", weekday[10] = "";
    struct skr_civil civil = {.year = 0};
    int year = 0, used = -1;
    if (text.size == 0 || text.size >= sizeof copy || memchr(text.data, '\0', text.size) != NULL)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (sscanf(copy, "%3[A-Za-z], %2u %3[A-Za-z] %4d %2u:%2u:%2u %3s%n", weekday, &civil.day, month, &year, &civil.hour,
               &civil.minute, &civil.second, zone, &used) != 8 ||
        strlen(zone) != 3 || memcmp(zone, "GMT", 3) != 0) {
        used = -1;
        if (sscanf(copy, "%9[A-Za-z], %2u-%3[A-Za-z]-%2d %2u:%2u:%2u GMT%n", weekday, &civil.day, month, &year, &civil.hour,
                   &civil.minute, &civil.second, &used) == 7 &&
            used > 0)
            year += year < 70 ? 2000 : 1900;
        else if (sscanf(copy, "%3[A-Za-z] %3[A-Za-z] %2u %2u:%2u:%2u %4d%n", weekday, month, &civil.day, &civil.hour,
                        &civil.minute, &civil.second, &year, &used) != 7)
            return false;
    }
    civil.year = year;
    return used == (int)text.size && strlen(month) == 3 && skr_month_of(month, &civil.month) &&
           skr_unix_of(&civil, unix_seconds);
}

/* A run of exactly `digits` digits. */
static bool skr_take_digits(struct skr_bytes *text, size_t digits, unsigned *value)
{
    *value = 0;
    if (text->size < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (text->data[i] < '0' || text->data[i] > '9')
            return false;
        *value = *value * 10 + (unsigned)(text->data[i] - '0');
    }
    text->data += digits;
    text->size -= digits;
    return true;
}

static bool skr_take_char(struct skr_bytes *text, char c)
{
    if (text->size == 0 || text->data[0] != c)
        return false;
    text->data++;
    text->size--;
    return true;
}

/* ".1234567": up to 9 digits as nanoseconds. */
static bool skr_take_fraction(struct skr_bytes *text, int64_t *ns)
{
    int64_t unit = 100000000;
    size_t digits = 0;
    *ns = 0;
    if (!skr_take_char(text, '.'))
        return true;
    for (; text->size > 0 && text->data[0] >= '0' && text->data[0] <= '9'; text->data++, text->size--, digits++, unit /= 10)
        *ns += (text->data[0] - '0') * unit;
    return digits >= 1 && digits <= 9;
}

static bool skr_take_zone(struct skr_bytes *text, int64_t *offset_seconds)
{
    unsigned hours, minutes;
    *offset_seconds = 0;
    if (skr_take_char(text, 'Z'))
        return true;
    bool negative = skr_take_char(text, '-');
    if (!negative && !skr_take_char(text, '+'))
        return false;
    if (!skr_take_digits(text, 2, &hours) || !skr_take_char(text, ':') || !skr_take_digits(text, 2, &minutes) || hours > 14 ||
        minutes > 59)
        return false;
    *offset_seconds = (int64_t)(hours * 3600 + minutes * 60) * (negative ? -1 : 1);
    return true;
}

bool skr_iso8601_parse(struct skr_bytes text, int64_t *unix_ns)
{
    struct skr_civil civil = {.year = 0};
    unsigned year;
    int64_t seconds, fraction_ns = 0, offset = 0;
    if (!skr_take_digits(&text, 4, &year) || !skr_take_char(&text, '-') || !skr_take_digits(&text, 2, &civil.month) ||
        !skr_take_char(&text, '-') || !skr_take_digits(&text, 2, &civil.day))
        return false;
    civil.year = year;
    if (text.size > 0) {
        if (!skr_take_char(&text, 'T') || !skr_take_digits(&text, 2, &civil.hour) || !skr_take_char(&text, ':') ||
            !skr_take_digits(&text, 2, &civil.minute))
            return false;
        if (skr_take_char(&text, ':') && (!skr_take_digits(&text, 2, &civil.second) || !skr_take_fraction(&text, &fraction_ns)))
            return false;
        if (!skr_take_zone(&text, &offset) || text.size > 0)
            return false;
    }
    if (!skr_unix_of(&civil, &seconds) || year < 1700 || year > 2260)
        return false;
    *unix_ns = (seconds - offset) * 1000000000 + fraction_ns;
    return true;
}

size_t skr_iso8601_format(char *out, int64_t unix_ns, unsigned fraction_digits)
{
    int64_t seconds = unix_ns / 1000000000, ns = unix_ns % 1000000000;
    if (ns < 0) {
        ns += 1000000000;
        seconds--;
    }
    struct skr_civil civil = skr_civil_of(seconds);
    skr_two_digits(out, (unsigned)(civil.year / 100));
    skr_two_digits(out + 2, (unsigned)(civil.year % 100));
    out[4] = '-';
    skr_two_digits(out + 5, civil.month);
    out[7] = '-';
    skr_two_digits(out + 8, civil.day);
    out[10] = 'T';
    skr_two_digits(out + 11, civil.hour);
    out[13] = ':';
    skr_two_digits(out + 14, civil.minute);
    out[16] = ':';
    skr_two_digits(out + 17, civil.second);
    size_t size = 19;
    if (fraction_digits > 0) {
        char digits[12];
        snprintf(digits, sizeof digits, "%09lld", (long long)ns);
        out[size++] = '.';
        memcpy(out + size, digits, fraction_digits > 9 ? 9 : fraction_digits);
        size += fraction_digits > 9 ? 9 : fraction_digits;
    }
    out[size++] = 'Z';
    return size;
}
