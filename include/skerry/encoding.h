/* Text encodings that more than one protocol needs. Pure functions, any thread. Implemented in datapath/text/.
 * Sources: RFC 4648 (base64, hexadecimal), RFC 3986 (percent-encoding), RFC 9110 section 5.6.7 (dates), RFC 3339.
 */
#ifndef SKERRY_ENCODING_H
#define SKERRY_ENCODING_H

#include "skerry/bytes.h"

#define SKR_BASE64_SIZE(size) (((size) + 2) / 3 * 4)

/* Writes SKR_BASE64_SIZE(size) characters, no terminator. */
void skr_base64_encode(char *out, const void *data, size_t size);
/* Strict: padding required, no white space, unused bits zero. Returns false, or the decoded size (<= text.size / 4 * 3). */
bool skr_base64_decode(struct skr_bytes text, uint8_t *out, size_t capacity, size_t *size);
/* Base64 of exactly 16 bytes, as in Content-MD5. False: `md5` is untouched. */
bool skr_md5_parse(struct skr_bytes base64, uint8_t md5[16]);
void skr_hex_encode(char *out, const void *data, size_t size);         /* lower case, 2 * size characters */
bool skr_hex_decode(struct skr_bytes text, uint8_t *out, size_t size); /* exactly 2 * size digits, either case */

/* Percent-decodes into the arena. `plus_is_space` for query strings. False: a bad escape or no memory. */
bool skr_percent_decode(struct skr_arena *arena, struct skr_bytes text, bool plus_is_space, struct skr_bytes *out);
/* Encodes all but RFC 3986 unreserved characters and those in `keep`. */
struct skr_bytes skr_percent_encode(struct skr_arena *arena, struct skr_bytes text, const char *keep);
bool skr_is_utf8(struct skr_bytes text); /* well-formed, no surrogates, no overlong forms */

/* UTF-8 as a header can carry it: printable ASCII as it is, anything else as an encoded word, "=?UTF-8?B?...?=" (RFC 2047). */
struct skr_bytes skr_header_text(struct skr_arena *arena, struct skr_bytes text);

/* Takes the next item off a list with commas, without the white space around it. May be empty. */
struct skr_bytes skr_list_cut(struct skr_bytes *list);

/* `pattern` has at most one '*', which stands for any text. */
bool skr_wildcard_matches(struct skr_bytes pattern, struct skr_bytes text, bool any_case);

/* A whole decimal number, digits only, no overflow. */
bool skr_parse_u64(struct skr_bytes text, uint64_t *value);

#define SKR_HTTP_DATE_SIZE 29
/* "Sun, 06 Nov 1994 08:49:37 GMT", without terminator. */
void skr_http_date_format(char out[SKR_HTTP_DATE_SIZE], int64_t unix_seconds);
/* The three forms of RFC 9110. */
bool skr_http_date_parse(struct skr_bytes text, int64_t *unix_seconds);
/* RFC 3339 / ISO 8601 as Azure accepts it: YYYY-MM-DD, YYYY-MM-DDThh:mmZ, ...:ssZ, with a fraction of up to 7 digits, and a
 * numeric offset. */
bool skr_iso8601_parse(struct skr_bytes text, int64_t *unix_ns);
/* "2026-01-02T03:04:05.1234567Z" with `fraction_digits` (0 to 9); returns the length; `out` holds 36. */
size_t skr_iso8601_format(char *out, int64_t unix_ns, unsigned fraction_digits);

/* The order in which Shared Key signs headers, whose names are in lower case: as words. '-' does not count, then come other
 * signs, digits, letters; of names that are alike so far, the one whose '-' comes first goes last. <0, 0, >0. */
int skr_word_compare(struct skr_bytes a, struct skr_bytes b);

/* Constant-time comparison of secrets of the same length; false at once when lengths differ. */
bool skr_secret_equal(struct skr_bytes a, struct skr_bytes b);

#endif
