/* See form_data.h.
 *
 * Only the first byte of a delimiter (CR LF, two dashes, the boundary) is a CR. So a delimiter that was begun and then is none
 * was data as a whole, and the next byte is looked at afresh.
 */
#include "form_data.h"

#define SKR_S3_BOUNDARY_MOST 70
#define SKR_S3_DELIMITER_MOST (4 + SKR_S3_BOUNDARY_MOST)

enum skr_s3_form_state {
    SKR_S3_FORM_PREAMBLE, /* before the first boundary */
    SKR_S3_FORM_AFTER,    /* right behind a boundary */
    SKR_S3_FORM_HEADERS,
    SKR_S3_FORM_FIELD,
    SKR_S3_FORM_FILE,
    SKR_S3_FORM_SKIPPED, /* a part after the file */
    SKR_S3_FORM_WHOLE,   /* behind the closing boundary */
};

struct skr_s3_form_data {
    const struct skr_s3_form_sink *sink;
    void *context;
    enum skr_s3_form_state state;
    enum skr_s3_form_problem problem;
    bool stopped, full, file_seen;
    char delimiter[SKR_S3_DELIMITER_MOST];
    size_t delimiter_size;
    size_t matched;       /* so many of the delimiter's bytes came last */
    size_t owed, owed_at; /* of those that turned out to be data: all, and passed on already */
    unsigned dashes;      /* behind a boundary */
    bool padded, returned;
    size_t counted; /* bytes before the file */
    size_t begin;   /* in `kept`: of the headers or the value that is being read */
    struct skr_bytes name;
    size_t kept_size;
    char kept[SKR_S3_FORM_MOST_BYTES];
};

/* ---- headers ---- */

static bool skr_s3_form_is_token(char c)
{
    return c > ' ' && c < 0x7F && strchr("()<>@,;:\\\"/[]?={}", c) == NULL;
}

static struct skr_bytes skr_s3_form_token(struct skr_bytes *rest)
{
    struct skr_bytes token = {rest->data, 0};
    while (token.size < rest->size && skr_s3_form_is_token(rest->data[token.size]))
        token.size++;
    rest->data += token.size;
    rest->size -= token.size;
    return token;
}

/* A quoted text without its quotes; a backslash is one unless it stands before a quote or another one: browsers once sent whole
 * paths. Undone in place, where `undo` is not NULL. */
static bool skr_s3_form_quoted(struct skr_bytes *rest, struct skr_bytes *out, char *undo)
{
    size_t written = 0;
    for (size_t i = 1; i < rest->size; i++) {
        char c = rest->data[i];
        if (c == '"') {
            *out = (struct skr_bytes){undo != NULL ? undo : rest->data + 1, written};
            *rest = (struct skr_bytes){rest->data + i + 1, rest->size - i - 1};
            return true;
        }
        if (undo != NULL && c == '\\' && i + 1 < rest->size && (rest->data[i + 1] == '"' || rest->data[i + 1] == '\\'))
            c = rest->data[++i];
        if (undo != NULL)
            undo[written] = c;
        written++;
    }
    return false;
}

/* The next "; name=value". False: there is none, and what is left is not empty where that is malformed. */
static bool skr_s3_form_parameter(struct skr_bytes *rest, struct skr_bytes *name, struct skr_bytes *value, bool in_place)
{
    *rest = skr_bytes_trim(*rest);
    if (rest->size == 0 || rest->data[0] != ';')
        return false;
    *rest = skr_bytes_trim((struct skr_bytes){rest->data + 1, rest->size - 1});
    *name = skr_s3_form_token(rest);
    if (name->size == 0 || rest->size == 0 || rest->data[0] != '=') {
        *rest = SKR_BYTES("?");
        return false;
    }
    *rest = (struct skr_bytes){rest->data + 1, rest->size - 1};
    if (rest->size > 0 && rest->data[0] == '"') {
        if (skr_s3_form_quoted(rest, value, in_place ? (char *)rest->data + 1 : NULL))
            return true;
        *rest = SKR_BYTES("?");
        return false;
    }
    const char *end = rest->size == 0 ? NULL : memchr(rest->data, ';', rest->size);
    value->data = rest->data;
    value->size = end == NULL ? rest->size : (size_t)(end - rest->data);
    *rest = (struct skr_bytes){rest->data + value->size, rest->size - value->size};
    *value = skr_bytes_trim(*value);
    return true;
}

static bool skr_s3_form_boundary_is_valid(struct skr_bytes boundary)
{
    if (boundary.size == 0 || boundary.size > SKR_S3_BOUNDARY_MOST || boundary.data[boundary.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < boundary.size; i++) {
        char c = boundary.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || strchr("'()+_,-./:=? ", c) == NULL))
            return false;
    }
    return true;
}

bool skr_s3_form_boundary(struct skr_bytes content_type, bool *is_form, struct skr_bytes *out)
{
    static const struct skr_bytes type = {"multipart/form-data", 19};
    struct skr_bytes rest = content_type, name, value;
    *out = SKR_NO_BYTES;
    *is_form = skr_bytes_starts_with_nocase(rest, type);
    if (!*is_form)
        return false;
    rest = (struct skr_bytes){rest.data + type.size, rest.size - type.size};
    *is_form = rest.size == 0 || rest.data[0] == ';' || rest.data[0] == ' ' || rest.data[0] == '\t';
    while (*is_form && skr_s3_form_parameter(&rest, &name, &value, false))
        if (skr_bytes_equal_nocase(name, SKR_BYTES("boundary"))) {
            if (out->data != NULL)
                return false;
            *out = value;
        }
    return *is_form && rest.size == 0 && out->data != NULL && skr_s3_form_boundary_is_valid(*out);
}

/* form-data; name="..."; filename="..." */
static bool skr_s3_form_disposition(struct skr_bytes rest, struct skr_bytes *field, struct skr_bytes *filename)
{
    struct skr_bytes name, value, type = skr_s3_form_token(&rest);
    if (!skr_bytes_equal_nocase(type, SKR_BYTES("form-data")))
        return false;
    while (skr_s3_form_parameter(&rest, &name, &value, true)) {
        struct skr_bytes *known = skr_bytes_equal_nocase(name, SKR_BYTES("name"))       ? field
                                  : skr_bytes_equal_nocase(name, SKR_BYTES("filename")) ? filename
                                                                                        : NULL;
        if (known != NULL && known->data != NULL)
            return false;
        if (known != NULL)
            *known = value;
    }
    return rest.size == 0 && field->size > 0;
}

/* One header line, without its end. */
static bool skr_s3_form_header(struct skr_bytes line, struct skr_bytes *field, struct skr_bytes *filename)
{
    struct skr_bytes name = skr_s3_form_token(&line);
    if (name.size == 0 || line.size == 0 || line.data[0] != ':')
        return false; /* folded lines too, which forms do not have */
    struct skr_bytes value = skr_bytes_trim((struct skr_bytes){line.data + 1, line.size - 1});
    for (size_t i = 0; i < value.size; i++)
        if (((unsigned char)value.data[i] < ' ' && value.data[i] != '\t') || value.data[i] == 0x7F)
            return false;
    if (skr_bytes_equal_nocase(name, SKR_BYTES("content-transfer-encoding"))) /* bytes are taken as they are */
        return skr_bytes_equal_nocase(value, SKR_BYTES("binary")) || skr_bytes_equal_nocase(value, SKR_BYTES("8bit")) ||
               skr_bytes_equal_nocase(value, SKR_BYTES("7bit"));
    if (!skr_bytes_equal_nocase(name, SKR_BYTES("content-disposition")))
        return true;
    return field->data == NULL && skr_s3_form_disposition(value, field, filename);
}

static void skr_s3_form_part_begins(struct skr_s3_form_data *form, struct skr_bytes filename)
{
    form->begin = form->kept_size;
    form->matched = 0;
    if (!skr_bytes_equal_nocase(form->name, SKR_BYTES("file"))) {
        form->state = SKR_S3_FORM_FIELD;
        return;
    }
    form->state = SKR_S3_FORM_FILE;
    form->file_seen = true;
    form->stopped = !form->sink->file_begins(form->context, filename);
}

/* The headers of a part are there, with the empty line behind them. */
static void skr_s3_form_headers_end(struct skr_s3_form_data *form)
{
    struct skr_bytes rest = {form->kept + form->begin, form->kept_size - form->begin - 2}, filename = SKR_NO_BYTES;
    form->name = SKR_NO_BYTES;
    while (rest.size > 0) {
        const char *end = memmem(rest.data, rest.size, "\r\n", 2);
        struct skr_bytes line = {rest.data, (size_t)(end - rest.data)};
        rest = (struct skr_bytes){end + 2, rest.size - line.size - 2};
        if (!skr_s3_form_header(line, &form->name, &filename)) {
            form->problem = SKR_S3_FORM_MALFORMED;
            return;
        }
    }
    if (form->name.data == NULL)
        form->problem = SKR_S3_FORM_MALFORMED;
    else
        skr_s3_form_part_begins(form, filename);
}

static bool skr_s3_form_keep(struct skr_s3_form_data *form, const char *data, size_t size)
{
    if (size > sizeof form->kept - form->kept_size) {
        form->problem = SKR_S3_FORM_TOO_LONG;
        return false;
    }
    memcpy(form->kept + form->kept_size, data, size);
    form->kept_size += size;
    return true;
}

static void skr_s3_form_header_byte(struct skr_s3_form_data *form, char c)
{
    if (!skr_s3_form_keep(form, &c, 1))
        return;
    size_t size = form->kept_size - form->begin;
    const char *end = form->kept + form->kept_size;
    if (size == 2 && memcmp(end - 2, "\r\n", 2) == 0)
        form->problem = SKR_S3_FORM_MALFORMED; /* a part without a name */
    else if (size >= 4 && memcmp(end - 4, "\r\n\r\n", 4) == 0)
        skr_s3_form_headers_end(form);
}

/* ---- boundaries ---- */

/* Two dashes end the form; else blanks and the line's end begin the next part. */
static void skr_s3_form_after_byte(struct skr_s3_form_data *form, char c)
{
    if (c == '-' && !form->padded && !form->returned) {
        if (++form->dashes == 2)
            form->state = SKR_S3_FORM_WHOLE;
    } else if (form->dashes == 0 && !form->returned && (c == ' ' || c == '\t' || c == '\r')) {
        form->padded = true;
        form->returned = c == '\r';
    } else if (form->returned && c == '\n') {
        form->state = form->file_seen ? SKR_S3_FORM_SKIPPED : SKR_S3_FORM_HEADERS;
        form->begin = form->kept_size;
        form->matched = 0;
    } else {
        form->problem = SKR_S3_FORM_MALFORMED;
    }
}

static void skr_s3_form_delimited(struct skr_s3_form_data *form)
{
    struct skr_bytes value = {form->kept + form->begin, form->kept_size - form->begin};
    bool is_field = form->state == SKR_S3_FORM_FIELD;
    form->matched = 0;
    form->dashes = 0;
    form->padded = form->returned = false;
    form->state = SKR_S3_FORM_AFTER;
    if (is_field && !form->sink->field(form->context, form->name, value))
        form->stopped = true;
}

/* Data of whatever is being read. Returns how much of it was taken. */
static size_t skr_s3_form_pass(struct skr_s3_form_data *form, const char *data, size_t size)
{
    if (form->state == SKR_S3_FORM_FILE)
        return form->sink->file(form->context, data, size);
    if (form->state == SKR_S3_FORM_FIELD)
        skr_s3_form_keep(form, data, size);
    return size;
}

/* A delimiter was begun by what came before. */
static size_t skr_s3_form_go_on(struct skr_s3_form_data *form, const char *data, size_t size)
{
    size_t used = 0;
    while (used < size && form->matched < form->delimiter_size && data[used] == form->delimiter[form->matched]) {
        used++;
        form->matched++;
    }
    if (form->matched == form->delimiter_size) {
        skr_s3_form_delimited(form);
    } else if (used < size) {
        form->owed = form->matched;
        form->matched = 0;
    }
    return used;
}

/* How many bytes at the end may begin a delimiter. */
static size_t skr_s3_form_tail(const struct skr_s3_form_data *form, const char *data, size_t size)
{
    size_t most = size < form->delimiter_size ? size : form->delimiter_size - 1;
    const char *begin = memrchr(data + size - most, '\r', most);
    size_t tail = begin == NULL ? 0 : (size_t)(data + size - begin);
    return tail > 0 && memcmp(begin, form->delimiter, tail) == 0 ? tail : 0;
}

/* Data up to the next delimiter. Returns how many bytes were used up. */
static size_t skr_s3_form_scan(struct skr_s3_form_data *form, const char *data, size_t size)
{
    if (form->owed > 0) {
        form->owed_at += skr_s3_form_pass(form, form->delimiter + form->owed_at, form->owed - form->owed_at);
        form->full = form->owed_at < form->owed;
        if (!form->full)
            form->owed = form->owed_at = 0;
        return 0;
    }
    if (form->matched > 0)
        return skr_s3_form_go_on(form, data, size);
    const char *found = memmem(data, size, form->delimiter, form->delimiter_size);
    size_t tail = found != NULL ? 0 : skr_s3_form_tail(form, data, size);
    size_t before = found != NULL ? (size_t)(found - data) : size - tail;
    if (before > 0) {
        size_t taken = skr_s3_form_pass(form, data, before);
        form->full = taken < before;
        return taken;
    }
    if (found != NULL) {
        skr_s3_form_delimited(form);
        return form->delimiter_size;
    }
    form->matched = tail;
    return tail;
}

static size_t skr_s3_form_step(struct skr_s3_form_data *form, const char *data, size_t size)
{
    switch (form->state) {
    case SKR_S3_FORM_AFTER:
        skr_s3_form_after_byte(form, *data);
        return 1;
    case SKR_S3_FORM_HEADERS:
        skr_s3_form_header_byte(form, *data);
        return 1;
    case SKR_S3_FORM_WHOLE:
        return size;
    default:
        return skr_s3_form_scan(form, data, size);
    }
}

size_t skr_s3_form_data_feed(struct skr_s3_form_data *form, const void *data, size_t size)
{
    const char *bytes = data;
    size_t at = 0;
    form->full = false;
    while (at < size && !form->full && !form->stopped && form->problem == SKR_S3_FORM_FINE) {
        bool counts = !form->file_seen;
        size_t left = SKR_S3_FORM_MOST_BYTES - form->counted, offered = size - at;
        if (counts && left == 0) {
            form->problem = SKR_S3_FORM_TOO_LONG;
            break;
        }
        size_t used = skr_s3_form_step(form, bytes + at, counts && offered > left ? left : offered);
        form->counted += counts ? used : 0;
        at += used;
    }
    return at;
}

/* ---- life ---- */

struct skr_s3_form_data *skr_s3_form_data_open(struct skr_bytes boundary, const struct skr_s3_form_sink *sink, void *context)
{
    struct skr_s3_form_data *form = malloc(sizeof *form);
    if (form == NULL)
        return NULL;
    memset(form, 0, offsetof(struct skr_s3_form_data, kept));
    form->sink = sink;
    form->context = context;
    memcpy(form->delimiter, "\r\n--", 4);
    memcpy(form->delimiter + 4, boundary.data, boundary.size);
    form->delimiter_size = 4 + boundary.size;
    form->matched = 2; /* the first boundary needs no line before it */
    return form;
}

enum skr_s3_form_problem skr_s3_form_data_problem(const struct skr_s3_form_data *form)
{
    return form->problem;
}

bool skr_s3_form_data_is_whole(const struct skr_s3_form_data *form)
{
    return form->state == SKR_S3_FORM_WHOLE;
}

void skr_s3_form_data_close(struct skr_s3_form_data *form)
{
    free(form);
}
