"""Get and head: ranges, parts, overrides of headers."""
from table import ANONYMOUS, PART, URL, Row, begin, bucket, complete, noise, part, put

BODY = b"0123456789" * 3
BEFORE = (bucket("reading"), put("/reading/thirty", BODY, Content_Type="text/plain"), put("/reading/empty", b""), put("/reading/large", noise(300000)),
          put("/reading/public", BODY, x_amz_acl="public-read"), begin("/reading/parts"), part("/reading/parts", 1, noise(PART)),
          part("/reading/parts", 3, b"the last one"), complete("/reading/parts", 1, 3))

RANGES = ["bytes=0-0", "bytes=0-9", "bytes=10-", "bytes=0-", "bytes=29-29", "bytes=0-29", "bytes=0-30", "bytes=20-100", "bytes=30-", "bytes=30-40",
          "bytes=100-", "bytes=-5", "bytes=-30", "bytes=-100", "bytes=-0", "bytes=9-5", "bytes=", "bytes=-", "bytes=a-b", "bytes=0-9,20-29", "items=0-9",
          "Bytes=0-9", "bytes = 0-9", "bytes=0 - 9", "0-9", "bytes=00-09", "bytes=0-99999999999999999999", "bytes=99999999999999999999-"]
OVERRIDES = {"content-type": "a%2Fb", "content-language": "fr", "expires": "soon", "cache-control": "no-store", "content-disposition": "inline",
             "content-encoding": "zip"}
ALL = "&".join(f"response-{name}={value}" for name, value in OVERRIDES.items())

ROWS = [
    *(Row(f"get {text}", "GET /reading/thirty", {"Range": text}) for text in RANGES),
    *(Row(f"head {text}", "HEAD /reading/thirty", {"Range": text}) for text in ("bytes=0-9", "bytes=-5", "bytes=30-", "nonsense")),
    *(Row(f"get nothing, {text}", "GET /reading/empty", {"Range": text}) for text in ("bytes=0-", "bytes=0-0", "bytes=-5")),
    Row("get no key, range", "GET /reading/none", {"Range": "bytes=0-9"}), Row("get large, range", "GET /reading/large", {"Range": "bytes=65530-131080"}),
    Row("range, if-match", "GET /reading/thirty", {"Range": "bytes=0-9", "If-Match": "<etag>"}),
    Row("range beyond, if-match of another", "GET /reading/thirty", {"Range": "bytes=100-", "If-Match": '"other"'}),
    Row("range, if-none-match", "GET /reading/thirty", {"Range": "bytes=0-9", "If-None-Match": "<etag>"}),
    Row("range, if-range", "GET /reading/thirty", {"Range": "bytes=0-9", "If-Range": "<etag>"}),
    Row("range, if-range of another", "GET /reading/thirty", {"Range": "bytes=0-9", "If-Range": '"other"'}),
    *(Row(f"{verb.lower()} part {number}", f"{verb} /reading/parts?partNumber={number}") for verb in ("GET", "HEAD") for number in (1, 2)),
    *(Row(f"get part {number or 'without a number'}", f"GET /reading/parts?partNumber={number}") for number in ("3", "0", "-1", "10001", "x", "")),
    *(Row(f"part {number} of what was put whole", f"GET /reading/thirty?partNumber={number}") for number in (1, 2)),
    Row("part 1 of nothing", "GET /reading/empty?partNumber=1"), Row("part and range", "GET /reading/parts?partNumber=1", {"Range": "bytes=0-9"}),
    Row("head what was put in parts", "HEAD /reading/parts"), Row("range across parts", "GET /reading/parts", {"Range": f"bytes={PART - 3}-{PART + 3}"}),
    Row("overrides", f"GET /reading/thirty?{ALL}"), Row("overrides, head", f"HEAD /reading/thirty?{ALL}"),
    *(Row(f"override {name}", f"GET /reading/thirty?response-{name}={value}") for name, value in OVERRIDES.items()),
    Row("override with nothing", "GET /reading/thirty?response-content-type="), Row("overrides, anonymous", f"GET /reading/public?{ALL}", sign=ANONYMOUS),
    Row("overrides in a URL", f"GET /reading/thirty?{ALL}", sign=URL), Row("override with line breaks", "GET /reading/thirty?response-content-type=a%0D%0Ab"),
    Row("anonymous", "GET /reading/public", sign=ANONYMOUS), Row("anonymous, private", "GET /reading/thirty", sign=ANONYMOUS),
    Row("anonymous, no key", "GET /reading/none", sign=ANONYMOUS), Row("head, anonymous, private", "HEAD /reading/thirty", sign=ANONYMOUS),
    Row("checksum mode", "GET /reading/thirty", {"x-amz-checksum-mode": "ENABLED"}), Row("get no key", "GET /reading/none"), Row("head no key", "HEAD /reading/none"),
]
