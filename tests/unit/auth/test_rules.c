/* Rules beside the signature: dates, forms of the header, limits of a signature, stored policies, addresses. Signed here with
 * OpenSSL. */
#include <check.h>

#include "harness.h"
#include "run.h"
#include "skerry/encoding.h"

#define SIGNED_DATE "Mon, 15 Jun 2026 12:00:00 GMT"

static char headers[4096], query[4096];

static enum skr_auth_refusal run(const char *method, const char *path, const char *container, const char *object)
{
    return harness_run(
        &(struct vector){"", method, path, headers, container, object, false, false, false, SKR_AUTH_SHARED_KEY});
}

/* ---- the documentation's own texts to sign, with the account's name put in ---- */

START_TEST(documented_texts_to_sign)
{
    static const struct {
        const char *method, *target, *headers, *scheme, *text;
    } examples[] = {
        {"GET", "/handmade/mycontainer?restype=container&comp=metadata&timeout=20",
         "x-ms-date: " SIGNED_DATE "\nx-ms-version: 2015-02-21\n", "SharedKey",
         "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:" SIGNED_DATE
         "\nx-ms-version:2015-02-21\n/handmade/handmade/mycontainer\ncomp:metadata\n"
         "restype:container\ntimeout:20"},
        {"GET", "/handmade/mycontainer?restype=container&comp=list&include=snapshots&include=metadata&include=uncommittedblobs",
         "x-ms-version: 2015-02-21\nx-ms-date: " SIGNED_DATE "\n", "SharedKey",
         "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:" SIGNED_DATE
         "\nx-ms-version:2015-02-21\n/handmade/handmade/mycontainer\ncomp:list\n"
         "include:metadata,snapshots,uncommittedblobs\nrestype:container"},
        {"HEAD", "/handmade-secondary/mycontainer/myblob", "x-ms-date: " SIGNED_DATE "\nx-ms-version: 2015-02-21\n",
         "SharedKey",
         "HEAD\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:" SIGNED_DATE
         "\nx-ms-version:2015-02-21\n/handmade/handmade-secondary/mycontainer/myblob"},
        {"PUT", "/handmade/mycontainer?restype=container&timeout=30",
         "x-ms-date: " SIGNED_DATE "\nx-ms-meta-Name: StorageSample\nx-ms-version: 2014-02-14\nContent-Length: 0\n",
         "SharedKey",
         "PUT\n\n\n0\n\n\n\n\n\n\n\n\nx-ms-date:" SIGNED_DATE "\nx-ms-meta-name:StorageSample\nx-ms-version:2014-02-14\n"
         "/handmade/handmade/mycontainer\nrestype:container\ntimeout:30"},
        {"PUT", "/handmade/mycontainer/hello.txt",
         "Content-Type: text/plain; charset=UTF-8\nx-ms-date: " SIGNED_DATE "\nx-ms-meta-m2: v2\nx-ms-meta-m1: v1\n",
         "SharedKeyLite",
         "PUT\n\ntext/plain; charset=UTF-8\n\nx-ms-date:" SIGNED_DATE "\nx-ms-meta-m1:v1\nx-ms-meta-m2:v2\n"
         "/handmade/handmade/mycontainer/hello.txt"},
    };
    for (size_t i = 0; i < COUNT(examples); i++) {
        snprintf(headers, sizeof headers, "%sAuthorization: %s handmade:%s\n", examples[i].headers, examples[i].scheme,
                 harness_sign(examples[i].text));
        ck_assert_msg(run(examples[i].method, examples[i].target, "mycontainer", "") == SKR_AUTH_ALLOWED, "example %zu: %s", i,
                      error.message);
    }
}
END_TEST

/* ---- the Authorization header ---- */

static const char *dated(const char *name, const char *date)
{
    static char text[512];
    if (strcmp(name, "x-ms-date") == 0)
        snprintf(text, sizeof text, "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:%s\n/handmade/handmade/c/b", date);
    else
        snprintf(text, sizeof text, "GET\n\n\n\n\n\n%s\n\n\n\n\n\n/handmade/handmade/c/b", date);
    snprintf(headers, sizeof headers, "%s: %s\nAuthorization: SharedKey handmade:%s\n", name, date, harness_sign(text));
    return headers;
}

START_TEST(dates_are_near)
{
    static const char *const names[] = {"x-ms-date", "Date"};
    static const struct {
        int away_s;
        enum skr_auth_refusal refusal;
    } cases[] = {{0, SKR_AUTH_ALLOWED},   {900, SKR_AUTH_ALLOWED},  {-900, SKR_AUTH_ALLOWED},  {901, SKR_AUTH_FAILED},
                 {-901, SKR_AUTH_FAILED}, {86400, SKR_AUTH_FAILED}, {-86400, SKR_AUTH_FAILED}, {-1781524800, SKR_AUTH_FAILED}};
    for (size_t n = 0; n < COUNT(names); n++)
        for (size_t i = 0; i < COUNT(cases); i++) {
            char date[SKR_HTTP_DATE_SIZE + 1] = "";
            skr_http_date_format(date, TEST_NOW_S + cases[i].away_s);
            dated(names[n], date);
            ck_assert_int_eq(run("GET", "/handmade/c/b", "c", "b"), cases[i].refusal);
        }
    dated("x-ms-date", "yesterday");
    ck_assert_int_eq(run("GET", "/handmade/c/b", "c", "b"), SKR_AUTH_FAILED);
    dated("x-ms-date", "");
    ck_assert_int_eq(run("GET", "/handmade/c/b", "c", "b"), SKR_AUTH_FAILED);
    snprintf(headers, sizeof headers, "Authorization: SharedKey handmade:%s\n",
             harness_sign("GET\n\n\n\n\n\n\n\n\n\n\n\n/handmade/handmade/c/b"));
    ck_assert_int_eq(run("GET", "/handmade/c/b", "c", "b"), SKR_AUTH_FAILED);
    /* a good Date does not make up for a bad x-ms-date */
    dated("x-ms-date", "Mon, 15 Jun 2025 12:00:00 GMT");
    strcat(headers, "Date: " SIGNED_DATE "\n");
    ck_assert_int_eq(run("GET", "/handmade/c/b", "c", "b"), SKR_AUTH_FAILED);
}
END_TEST

START_TEST(header_forms)
{
    static const struct {
        const char *value;
        enum skr_auth_refusal refusal;
    } cases[] = {
        {"", SKR_AUTH_MALFORMED},
        {"SharedKey", SKR_AUTH_MALFORMED},
        {"SharedKey ", SKR_AUTH_MALFORMED},
        {"SharedKey handmade", SKR_AUTH_MALFORMED},
        {"SharedKey handmade:", SKR_AUTH_MALFORMED},
        {"SharedKey :c2ln", SKR_AUTH_MALFORMED},
        {"SharedKeyLite handmade", SKR_AUTH_MALFORMED},
        {"SharedKeyHeavy handmade:c2ln", SKR_AUTH_MALFORMED},
        {"Basic aGFuZG1hZGU6cA==", SKR_AUTH_MALFORMED},
        {"Bearer eyJhbGciOiJub25lIn0.e30.", SKR_AUTH_MALFORMED},
        {"bearer x", SKR_AUTH_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=a", SKR_AUTH_MALFORMED},
        {"SharedKey handmade:c2ln", SKR_AUTH_FAILED},
        {"SharedKey handmade:not base64 at all!", SKR_AUTH_FAILED},
        {"SharedKey handmade:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SKR_AUTH_FAILED},
        {"SharedKey other:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SKR_AUTH_FAILED},
        {"SharedKey handmade-secondary:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", SKR_AUTH_FAILED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(headers, sizeof headers, "x-ms-date: " SIGNED_DATE "\nAuthorization: %s\n", cases[i].value);
        ck_assert_msg(run("GET", "/handmade/c/b", "c", "b") == cases[i].refusal, "'%s'", cases[i].value);
    }
}
END_TEST

START_TEST(reasons_hold_no_signature)
{
    dated("x-ms-date", SIGNED_DATE);
    const char *good = strstr(headers, "handmade:") + 9;
    char signature[45] = "";
    memcpy(signature, good, 44);
    headers[good - headers] ^= 1;
    ck_assert_int_eq(run("GET", "/handmade/c/b", "c", "b"), SKR_AUTH_FAILED);
    ck_assert_ptr_null(strstr(error.message, signature));
    ck_assert_ptr_null(strstr(error.message, signature + 4));
    ck_assert_ptr_null(strstr(error.message, TEST_KEY));
}
END_TEST

/* ---- shared access signatures ---- */

#define SAS_HEAD "/handmade/c/b?sv=2021-12-02&"

static struct vector sas_vector(void)
{
    return (struct vector){"", "GET", query, "", "c", "b", false, false, false, SKR_AUTH_SERVICE_SAS};
}

/* A service SAS of container "c" with these fields; each is also sent when it is not empty. */
struct fields {
    const char *sp, *st, *se, *si, *sip, *spr;
};

static enum skr_auth_refusal run_fields(struct fields f, bool tls, const char *peer)
{
    char text[1024];
    const char *const names[] = {"sp", "st", "se", "si", "sip", "spr"}, *values[] = {f.sp, f.st, f.se, f.si, f.sip, f.spr};
    snprintf(text, sizeof text, "%s\n%s\n%s\n/blob/handmade/c\n%s\n%s\n%s\n2021-12-02\nc\n\n\n\n\n\n\n", f.sp, f.st, f.se, f.si,
             f.sip, f.spr);
    int size = snprintf(query, sizeof query, SAS_HEAD "sr=c&sig=%s", harness_sign_query(text));
    for (size_t i = 0; i < COUNT(names); i++)
        if (*values[i])
            size += snprintf(query + size, sizeof query - (size_t)size, "&%s=%s", names[i], values[i]);
    struct vector vector = sas_vector();
    vector.tls = tls;
    harness_request(&vector);
    strcpy(request.peer, peer);
    return harness_check();
}

START_TEST(times_bound_a_signature)
{
    static const struct {
        const char *st, *se;
        enum skr_auth_refusal refusal;
    } cases[] = {
        {"", "2026-06-15T12:00:01Z", SKR_AUTH_ALLOWED},
        {"", "2026-06-15T12:00:00.0000001Z", SKR_AUTH_ALLOWED},
        {"", "2026-06-15T12:00:00Z", SKR_AUTH_ALLOWED},
        {"", "2026-06-15T11:59:59.9999999Z", SKR_AUTH_FAILED},
        {"", "2026-06-15T12:01Z", SKR_AUTH_ALLOWED},
        {"", "2026-06-15T11:59Z", SKR_AUTH_FAILED},
        {"", "2026-06-15T12:00Z", SKR_AUTH_ALLOWED},
        {"", "2026-06-16", SKR_AUTH_ALLOWED},
        {"", "2026-06-15", SKR_AUTH_FAILED},
        {"", "", SKR_AUTH_FAILED},
        {"", "soon", SKR_AUTH_FAILED},
        {"2026-06-15T12:00:00Z", "2026-06-16", SKR_AUTH_ALLOWED},
        {"2026-06-15T12:00:01Z", "2026-06-16", SKR_AUTH_FAILED},
        {"2026-06-15T12:00:00.0000001Z", "2026-06-16", SKR_AUTH_FAILED},
        {"2026-06-15", "2026-06-16", SKR_AUTH_ALLOWED},
        {"2026-06-16", "2026-06-17", SKR_AUTH_FAILED},
        {"never", "2026-06-16", SKR_AUTH_FAILED},
        {"2026-06-16", "2026-06-14", SKR_AUTH_FAILED},
        {"", "2026-06-15T06:59:59-05:00", SKR_AUTH_FAILED},
        {"", "2026-06-15T07:00:00-05:00", SKR_AUTH_ALLOWED},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_msg(run_fields((struct fields){"r", cases[i].st, cases[i].se, "", "", ""}, false, "10.0.0.5") ==
                          cases[i].refusal,
                      "from '%s' to '%s'", cases[i].st, cases[i].se);
}
END_TEST

START_TEST(addresses_bound_a_signature)
{
    static const struct {
        const char *sip, *peer;
        bool allowed;
    } cases[] = {
        {"10.0.0.5", "10.0.0.5", true},
        {"10.0.0.5", "10.0.0.6", false},
        {"10.0.0.5", "10.0.0.50", false},
        {"10.0.0.5-10.0.0.9", "10.0.0.5", true},
        {"10.0.0.5-10.0.0.9", "10.0.0.9", true},
        {"10.0.0.5-10.0.0.9", "10.0.0.4", false},
        {"10.0.0.5-10.0.0.9", "10.0.0.10", false},
        {"9.255.255.255-10.0.0.1", "10.0.0.0", true},
        {"0.0.0.0-255.255.255.255", "200.1.2.3", true},
        {"10.0.0.9-10.0.0.5", "10.0.0.7", false},
        {"127.0.0.1", "::1", true},
        {"0.0.0.0-255.255.255.255", "2001:db8::1", false},
        {"10.0.0.0/8", "10.0.0.5", false},
        {"10.0.0.5-", "10.0.0.5", false},
        {"-10.0.0.5", "10.0.0.5", false},
        {"10.0.0.5-10.0.0.9-10.0.0.12", "10.0.0.7", false},
        {"10.0.0.005", "10.0.0.5", false},
        {"localhost", "127.0.0.1", false},
        {"10.0.0.5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "10.0.0.5", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_msg(run_fields((struct fields){"r", "", "2026-06-16", "", cases[i].sip, ""}, false, cases[i].peer) ==
                          (cases[i].allowed ? SKR_AUTH_ALLOWED : SKR_AUTH_SOURCE_IP_MISMATCH),
                      "'%s' from %s", cases[i].sip, cases[i].peer);
}
END_TEST

START_TEST(protocols_bound_a_signature)
{
    static const struct {
        const char *spr;
        bool tls;
        enum skr_auth_refusal refusal;
    } cases[] = {{"", false, SKR_AUTH_ALLOWED},
                 {"https", true, SKR_AUTH_ALLOWED},
                 {"https", false, SKR_AUTH_PROTOCOL_MISMATCH},
                 {"https,http", false, SKR_AUTH_ALLOWED},
                 {"https,http", true, SKR_AUTH_ALLOWED},
                 {"http", false, SKR_AUTH_FAILED},
                 {"http,https", true, SKR_AUTH_FAILED},
                 {"HTTPS", true, SKR_AUTH_FAILED}};
    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_int_eq(run_fields((struct fields){"r", "", "2026-06-16", "", "", cases[i].spr}, cases[i].tls, "10.0.0.5"),
                         cases[i].refusal);
}
END_TEST

START_TEST(policies_and_fields_complete_each_other)
{
    static const struct {
        struct fields fields;
        uint32_t permissions; /* 0: refused */
    } cases[] = {
        {{"", "", "", "all", "", ""}, SKR_PERMISSION_READ | SKR_PERMISSION_LIST},
        {{"w", "", "", "times", "", ""}, SKR_PERMISSION_WRITE},
        {{"", "", "2026-06-16", "letters", "", ""}, SKR_PERMISSION_READ},
        {{"", "2026-06-15", "2026-06-16", "letters", "", ""}, SKR_PERMISSION_READ},
        {{"d", "", "2026-06-16", "bare", "", ""}, SKR_PERMISSION_DELETE},
        {{"r", "", "", "all", "", ""}, 0}, /* each field in both places */
        {{"", "2026-06-15", "", "all", "", ""}, 0},
        {{"", "", "2026-06-16", "all", "", ""}, 0},
        {{"r", "", "2026-06-16", "letters", "", ""}, 0},
        {{"r", "2026-06-15", "", "times", "", ""}, 0},
        {{"", "", "", "times", "", ""}, 0}, /* a field in neither */
        {{"", "", "", "letters", "", ""}, 0},
        {{"", "", "2026-06-16", "bare", "", ""}, 0},
        {{"", "", "2026-06-16", "", "", ""}, 0},
        {{"", "", "", "spent", "", ""}, 0},
        {{"r", "", "2026-06-16", "unknown", "", ""}, 0},
        {{"r", "", "2026-06-16", "ALL", "", ""}, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum skr_auth_refusal refusal = run_fields(cases[i].fields, false, "10.0.0.5");
        ck_assert_msg((refusal == SKR_AUTH_ALLOWED) == (cases[i].permissions != 0), "case %zu: %d %s", i, refusal,
                      error.message);
        if (refusal == SKR_AUTH_ALLOWED)
            ck_assert_uint_eq(principal.permissions, cases[i].permissions);
    }
    options.policy = NULL;
    ck_assert_int_eq(run_fields((struct fields){"", "", "", "all", "", ""}, false, "10.0.0.5"), SKR_AUTH_FAILED);
}
END_TEST

START_TEST(letters_come_in_any_order_and_are_known)
{
    static const char *const good[] = {"r", "rl", "lr", "racwdxyltmeopif", "ywdr"}, *const bad[] = {"",    "R", "rz",
                                                                                                    "r l", "u", "r,w"};
    for (size_t i = 0; i < COUNT(good); i++)
        ck_assert_int_eq(run_fields((struct fields){good[i], "", "2026-06-16", "", "", ""}, false, "10.0.0.5"),
                         SKR_AUTH_ALLOWED);
    for (size_t i = 0; i < COUNT(bad); i++) {
        char sent[16] = "";
        snprintf(sent, sizeof sent, "%s", bad[i]);
        if (strchr(sent, ' ') != NULL)
            *strchr(sent, ' ') = '+'; /* as a query has it; the text to sign differs then, so it is refused either way */
        ck_assert_int_ne(run_fields((struct fields){sent, "", "2026-06-16", "", "", ""}, false, "10.0.0.5"), SKR_AUTH_ALLOWED);
    }
}
END_TEST

/* ---- kinds and forms ---- */

START_TEST(unsigned_overrides_do_not_count)
{
    struct vector vector = sas_vector();
    snprintf(query, sizeof query, "/handmade/c/b?sv=2012-02-12&sr=b&sp=r&se=2026-06-16&sig=%s&rsct=text/html&rscd=inline",
             harness_sign_query("r\n\n2026-06-16\n/handmade/c/b\n\n2012-02-12"));
    ck_assert_int_eq(harness_run(&vector), SKR_AUTH_ALLOWED);
    ck_assert(principal.content_type.size == 0 && principal.content_disposition.size == 0);
    snprintf(query, sizeof query, "/handmade/c/b?sv=2021-12-02&ss=b&srt=o&sp=r&se=2026-06-16&sig=%s&rsct=text/html&si=all",
             harness_sign_query("handmade\nr\nb\no\n\n2026-06-16\n\n\n2021-12-02\n\n"));
    ck_assert_int_eq(harness_run(&vector), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(principal.scheme, SKR_AUTH_ACCOUNT_SAS);
    ck_assert_uint_eq(principal.content_type.size, 0);
    ck_assert_uint_eq(principal.permissions, SKR_PERMISSION_READ);
}
END_TEST

START_TEST(signed_overrides_count)
{
    struct vector vector = sas_vector();
    snprintf(query, sizeof query, SAS_HEAD "sr=b&sp=r&se=2026-06-16&rscc=a&rscd=b%%20b&rsce=c&rscl=d&rsct=e&sig=%s",
             harness_sign_query("r\n\n2026-06-16\n/blob/handmade/c/b\n\n\n\n2021-12-02\nb\n\n\na\nb b\nc\nd\ne"));
    ck_assert_int_eq(harness_run(&vector), SKR_AUTH_ALLOWED);
    ck_assert(skr_bytes_equal(principal.cache_control, SKR_BYTES("a")) &&
              skr_bytes_equal(principal.content_disposition, SKR_BYTES("b b")));
    ck_assert(skr_bytes_equal(principal.content_encoding, SKR_BYTES("c")) &&
              skr_bytes_equal(principal.content_language, SKR_BYTES("d")));
    ck_assert(skr_bytes_equal(principal.content_type, SKR_BYTES("e")) &&
              skr_bytes_equal(principal.scope_object, SKR_BYTES("b")));
}
END_TEST

/* Well signed, and refused all the same. */
START_TEST(forms_that_are_not_offered)
{
    static const struct {
        const char *fields, *text;
    } cases[] = {
        {"sv=2021-12-02&sr=bs&sp=r&se=2026-06-16", "r\n\n2026-06-16\n/blob/handmade/c/b\n\n\n\n2021-12-02\nbs\n\n\n\n\n\n\n"},
        {"sv=2021-12-02&sr=bv&sp=r&se=2026-06-16", "r\n\n2026-06-16\n/blob/handmade/c/b\n\n\n\n2021-12-02\nbv\n\n\n\n\n\n\n"},
        {"sv=2021-12-02&sr=d&sdd=1&sp=r&se=2026-06-16",
         "r\n\n2026-06-16\n/blob/handmade/c/b\n\n\n\n2021-12-02\nd\n\n\n\n\n\n\n"},
        {"sv=2021-12-02&sp=r&se=2026-06-16", "r\n\n2026-06-16\n/blob/handmade/c\n\n\n\n2021-12-02\n\n\n\n\n\n\n\n"},
        {"sr=c&sp=r&se=2026-06-16", "r\n\n2026-06-16\n/handmade/c\n\n"},
        {"sv=2011-08-18&sr=c&sp=r&se=2026-06-16", "r\n\n2026-06-16\n/handmade/c\n\n2011-08-18"},
        {"sv=zzzz-zz-zz&sr=c&sp=r&se=2026-06-16", "r\n\n2026-06-16\n/blob/handmade/c\n\n\n\nzzzz-zz-zz\nc\n\n\n\n\n\n\n"},
        {"sv=2021-12-02&sr=c&sp=r&se=2026-06-16&rscd=a%0Ab",
         "r\n\n2026-06-16\n/blob/handmade/c\n\n\n\n2021-12-02\nc\n\n\n\na\nb\n\n\n"},
        {"sv=2021-12-02&sr=c&sp=r&se=2026-06-16&skoid=x",
         "r\n\n2026-06-16\n/blob/handmade/c\n\n\n\n2021-12-02\nc\n\n\n\n\n\n\n"},
        {"sv=2021-12-02&sr=c&sp=r&se=2026-06-16&ske=2026-06-16",
         "r\n\n2026-06-16\n/blob/handmade/c\n\n\n\n2021-12-02\nc\n\n\n\n\n\n\n"},
        /* account SAS: older than its kind; without se, sp, srt; letters that it does not have */
        {"sv=2014-02-14&ss=b&srt=o&sp=r&se=2026-06-16", "handmade\nr\nb\no\n\n2026-06-16\n\n\n2014-02-14\n"},
        {"sv=2021-12-02&ss=b&srt=o&sp=r", "handmade\nr\nb\no\n\n\n\n\n2021-12-02\n\n"},
        {"sv=2021-12-02&ss=b&srt=o&se=2026-06-16", "handmade\n\nb\no\n\n2026-06-16\n\n\n2021-12-02\n\n"},
        {"sv=2021-12-02&ss=b&sp=r&se=2026-06-16", "handmade\nr\nb\n\n\n2026-06-16\n\n\n2021-12-02\n\n"},
        {"sv=2021-12-02&ss=bz&srt=o&sp=r&se=2026-06-16", "handmade\nr\nbz\no\n\n2026-06-16\n\n\n2021-12-02\n\n"},
        {"sv=2021-12-02&ss=b&srt=oz&sp=r&se=2026-06-16", "handmade\nr\nb\noz\n\n2026-06-16\n\n\n2021-12-02\n\n"},
        {"sv=2021-12-02&ss=b&srt=o&sp=rm&se=2026-06-16", "handmade\nrm\nb\no\n\n2026-06-16\n\n\n2021-12-02\n\n"},
        {"sv=2021-12-02&ss=qtf&srt=o&sp=r&se=2026-06-16", "handmade\nr\nqtf\no\n\n2026-06-16\n\n\n2021-12-02\n\n"},
    };
    struct vector vector = sas_vector();
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(query, sizeof query, "/handmade/c/b?%s&sig=%s", cases[i].fields, harness_sign_query(cases[i].text));
        enum skr_auth_refusal refusal = harness_run(&vector);
        ck_assert_msg(refusal == (i + 1 == COUNT(cases) ? SKR_AUTH_SERVICE_MISMATCH : SKR_AUTH_FAILED), "'%s': %d",
                      cases[i].fields, refusal);
        ck_assert_msg(strcmp(error.message, "Signature did not match.") != 0, "'%s' is refused for its signature",
                      cases[i].fields);
    }
}
END_TEST

START_TEST(an_account_sas_has_no_policy_right)
{
    struct vector vector = sas_vector();
    snprintf(query, sizeof query, SAS_HEAD "ss=b&srt=sc&sp=rup&se=2026-06-16&sig=%s",
             harness_sign_query("handmade\nrup\nb\nsc\n\n2026-06-16\n\n\n2021-12-02\n\n"));
    ck_assert_int_eq(harness_run(&vector), SKR_AUTH_ALLOWED);
    ck_assert_uint_eq(principal.permissions, SKR_PERMISSION_READ);
    ck_assert_uint_eq(principal.resource_types, 1u << SKR_RESOURCE_SERVICE | 1u << SKR_RESOURCE_CONTAINER);
}
END_TEST

START_TEST(which_scheme)
{
    struct vector vector = sas_vector();
    snprintf(query, sizeof query, "/handmade/c/b?sv=2021-12-02&sr=c&sp=r&se=2026-06-16"); /* no sig: nobody */
    ck_assert_int_eq(harness_run(&vector), SKR_AUTH_ALLOWED);
    ck_assert(principal.scheme == SKR_AUTH_ANONYMOUS && principal.permissions == 0 && principal.account.size == 0);
    snprintf(query, sizeof query, SAS_HEAD "sr=c&sp=r&se=2026-06-16&sig=");
    ck_assert_int_eq(harness_run(&vector), SKR_AUTH_FAILED);
    /* a header goes before the query: a good signature does not mend a bad header */
    ck_assert_int_eq(run_fields((struct fields){"r", "", "2026-06-16", "", "", ""}, false, "10.0.0.5"), SKR_AUTH_ALLOWED);
    request.headers[request.header_count++] =
        (struct skr_header){SKR_BYTES("Authorization"), SKR_BYTES("SharedKey handmade:AAAA")};
    ck_assert_int_eq(harness_check(), SKR_AUTH_FAILED);
    request.headers[0].value = SKR_BYTES("");
    ck_assert_int_eq(harness_check(), SKR_AUTH_MALFORMED);
    snprintf(query, sizeof query, "/stranger/c/b");
    ck_assert_int_eq(harness_run(&vector), SKR_AUTH_ACCOUNT_UNKNOWN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("auth_rules");
    TCase *tests = tcase_create("rules");
    tcase_add_checked_fixture(tests, harness_open, harness_close);
    tcase_add_test(tests, documented_texts_to_sign);
    tcase_add_test(tests, dates_are_near);
    tcase_add_test(tests, header_forms);
    tcase_add_test(tests, reasons_hold_no_signature);
    tcase_add_test(tests, times_bound_a_signature);
    tcase_add_test(tests, addresses_bound_a_signature);
    tcase_add_test(tests, protocols_bound_a_signature);
    tcase_add_test(tests, policies_and_fields_complete_each_other);
    tcase_add_test(tests, letters_come_in_any_order_and_are_known);
    tcase_add_test(tests, unsigned_overrides_do_not_count);
    tcase_add_test(tests, signed_overrides_count);
    tcase_add_test(tests, forms_that_are_not_offered);
    tcase_add_test(tests, an_account_sas_has_no_policy_right);
    tcase_add_test(tests, which_scheme);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
