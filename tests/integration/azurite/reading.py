"""Get Blob with ranges."""
from table import Row, blob, container, md5

BODY = bytes(range(48, 78))  # 30 bytes
BEFORE = [container("/reading"), blob("/reading/thirty", BODY), blob("/reading/empty", b""), blob("/reading/large", b"ab" * (5 << 19))]


def get(range_, path="/reading/thirty", **headers):
    extra = " ".join(f"{name}={value}" for name, value in headers.items())
    return Row(f"{path.rpartition('/')[2]}, {range_}" + (f", {extra}" if extra else ""), f"GET {path}",
               {**({"Range": range_} if range_ else {}), **{name.replace("_", "-"): value for name, value in headers.items()}})


MD5, CRC64 = {"x_ms_range_get_content_md5": "true"}, {"x_ms_range_get_content_crc64": "true"}

ROWS = [
    *(get(text) for text in (
        "bytes=0-0", "bytes=0-9", "bytes=5-14", "bytes=10-", "bytes=0-", "bytes=29-29", "bytes=29-", "bytes=0-29", "bytes=0-30", "bytes=20-100",
        "bytes=30-", "bytes=30-40", "bytes=100-", "bytes=-5", "bytes=-30", "bytes=-100", "bytes=-0", "bytes=9-5", "bytes=", "bytes=-", "bytes=a-b",
        "bytes=0-9,20-29", "items=0-9", "Bytes=0-9", "bytes = 0-9", "0-9", "bytes=00-09", "bytes=0-99999999999999999999", "bytes=99999999999999999999-")),
    get("", x_ms_range="bytes=2-4"),
    get("bytes=0-9", x_ms_range="bytes=2-4"),
    get("", x_ms_range="bytes=30-"),
    get("bytes=0-9", x_ms_range="nonsense"),
    get("nonsense", x_ms_range="bytes=2-4"),
    get("bytes=0-9", "/reading/empty"),
    get("bytes=0-", "/reading/empty"),
    get("bytes=-5", "/reading/empty"),
    get("bytes=0-9", "/reading/none"),
    get("bytes=0-9", **MD5),
    get("bytes=0-9", **CRC64),
    get("bytes=0-9", x_ms_range_get_content_md5="false"),
    get("bytes=0-9", x_ms_range_get_content_md5="banana"),
    get("bytes=0-9", **MD5, **CRC64),
    get("", **MD5),
    get("", **CRC64),
    get("bytes=0-4194303", "/reading/large", **MD5),
    get("bytes=0-4194304", "/reading/large", **MD5),
    get("bytes=0-4194304", "/reading/large", **CRC64),
    get("bytes=1048576-", "/reading/large", **MD5),
    get("bytes=0-", "/reading/large", **MD5),
    get("bytes=5242870-", "/reading/large"),
    Row("head with a range", "HEAD /reading/thirty", {"Range": "bytes=0-9"}),
    Row("head with x-ms-range", "HEAD /reading/thirty", {"x-ms-range": "bytes=0-9"}),
    Row("head with a range beyond", "HEAD /reading/thirty", {"Range": "bytes=100-"}),
    Row("range that if-range names", "GET /reading/thirty", {"Range": "bytes=0-9", "If-Range": "<etag>"}),
    Row("range that if-match refuses", "GET /reading/thirty", {"Range": "bytes=0-9", "If-Match": '"other"'}),
    Row("range beyond that if-match refuses", "GET /reading/thirty", {"Range": "bytes=100-", "If-Match": '"other"'}),
    Row("range that if-none-match finds", "GET /reading/thirty", {"Range": "bytes=0-9", "If-None-Match": "<etag>"}),
    Row("range of metadata", "GET /reading/thirty?comp=metadata", {"Range": "bytes=0-9"}),
    Row("range of a blob with another md5", "GET /reading/other", {"Range": "bytes=0-1"},
        before=(blob("/reading/other", b"abc", {"x-ms-blob-content-md5": md5(b"abc"), "Content-Type": "text/plain"}),)),
]
