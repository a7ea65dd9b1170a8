"""The account: List Containers, service properties, stats, account information."""
from table import ANONYMOUS, Row, container, need

BEFORE = [container("/lc-alpha", x_ms_meta_colour="blue", x_ms_meta_size="7"), container("/lc-beta", x_ms_blob_public_access="blob"),
          container("/lc-gamma", x_ms_blob_public_access="container"), container("/other")]

PROPERTIES = "PUT /?restype=service&comp=properties"
LOGGING = ("<Logging><Version>1.0</Version><Delete>true</Delete><Read>false</Read><Write>false</Write>"
           "<RetentionPolicy><Enabled>true</Enabled><Days>7</Days></RetentionPolicy></Logging>")
METRICS = ("<{0}><Version>1.0</Version><Enabled>true</Enabled><IncludeAPIs>false</IncludeAPIs>"
           "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></{0}>")
RULE = ("<CorsRule><AllowedOrigins>http://a.example,http://b.example</AllowedOrigins><AllowedMethods>GET,PUT</AllowedMethods>"
        "<AllowedHeaders>x-ms-meta-*,content-type</AllowedHeaders><ExposedHeaders>x-ms-*</ExposedHeaders><MaxAgeInSeconds>60</MaxAgeInSeconds>"
        "</CorsRule>")


def properties(inner):
    return f'<?xml version="1.0" encoding="utf-8"?><StorageServiceProperties>{inner}</StorageServiceProperties>'.encode()


def preflight(name, target, **headers):
    return Row(f"preflight {name}", f"OPTIONS {target}", {key.replace("_", "-"): value for key, value in headers.items()}, sign=ANONYMOUS)


ROWS = [
    Row("list containers", "GET /?comp=list"),
    Row("list containers by prefix", "GET /?comp=list&prefix=lc-"),
    Row("list containers by prefix of one", "GET /?comp=list&prefix=lc-b"),
    Row("list containers by prefix of none", "GET /?comp=list&prefix=zzz"),
    Row("list containers by prefix with capitals", "GET /?comp=list&prefix=LC-"),
    Row("list containers with metadata", "GET /?comp=list&prefix=lc-&include=metadata"),
    Row("list containers with metadata, deleted", "GET /?comp=list&prefix=lc-&include=metadata,deleted"),
    Row("list containers with system", "GET /?comp=list&prefix=lc-&include=system"),
    Row("list containers with unknown include", "GET /?comp=list&prefix=lc-&include=banana"),
    Row("list containers with empty include", "GET /?comp=list&prefix=lc-&include="),
    Row("list containers, page of 1", "GET /?comp=list&prefix=lc-&maxresults=1"),
    Row("list containers, next page", "GET /?comp=list&prefix=lc-&maxresults=1&marker=<marker>"),
    Row("list containers, last page", "GET /?comp=list&prefix=lc-&marker=<marker>"),
    Row("list containers, page that ends exactly", "GET /?comp=list&prefix=lc-&maxresults=3"),
    Row("list containers, maxresults 5000", "GET /?comp=list&prefix=lc-&maxresults=5000"),
    Row("list containers, maxresults 5001", "GET /?comp=list&prefix=lc-&maxresults=5001"),
    Row("list containers, maxresults 0", "GET /?comp=list&maxresults=0"),
    Row("list containers, maxresults -1", "GET /?comp=list&maxresults=-1"),
    Row("list containers, maxresults abc", "GET /?comp=list&maxresults=abc"),
    Row("list containers, maxresults empty", "GET /?comp=list&prefix=lc-&maxresults="),
    Row("list containers, maxresults 1.5", "GET /?comp=list&maxresults=1.5"),
    Row("list containers, empty marker", "GET /?comp=list&prefix=lc-&marker="),
    Row("list containers, empty prefix", "GET /?comp=list&prefix=&maxresults=1"),
    Row("list containers without a slash", "GET ?comp=list&prefix=lc-"),
    Row("list containers, anonymous", "GET /?comp=list", sign=ANONYMOUS),
    Row("list containers, HEAD", "HEAD /?comp=list"),
    Row("list containers, POST", "POST /?comp=list"),
    Row("list containers, PUT", "PUT /?comp=list"),
    Row("list containers, timeout", "GET /?comp=list&prefix=lc-&timeout=30"),
    Row("list containers, timeout abc", "GET /?comp=list&prefix=lc-&timeout=abc"),
    Row("account information", "GET /?restype=account&comp=properties"),
    Row("account information, HEAD", "HEAD /?restype=account&comp=properties"),
    Row("account information of a container", "GET /lc-alpha?restype=account&comp=properties"),
    Row("account information of a missing container", "GET /lc-none?restype=account&comp=properties"),
    Row("account information of a blob", "GET /lc-alpha/b?restype=account&comp=properties"),
    Row("account information, anonymous", "GET /?restype=account&comp=properties", sign=ANONYMOUS),
    Row("account information without comp", "GET /?restype=account"),
    Row("service properties, as they are at first", "GET /?restype=service&comp=properties"),
    Row("set service properties, all", PROPERTIES, body=properties(
        LOGGING + METRICS.format("HourMetrics") + METRICS.format("MinuteMetrics") + f"<Cors>{RULE}</Cors>"
        "<DefaultServiceVersion>2020-10-02</DefaultServiceVersion>"
        "<DeleteRetentionPolicy><Enabled>true</Enabled><Days>5</Days></DeleteRetentionPolicy>"
        "<StaticWebsite><Enabled>true</Enabled><IndexDocument>index.html</IndexDocument></StaticWebsite>")),
    Row("get service properties, all set", "GET /?restype=service&comp=properties"),
    preflight("that a rule allows", "/lc-alpha/b", Origin="http://a.example", Access_Control_Request_Method="PUT",
              Access_Control_Request_Headers="x-ms-meta-a,content-type"),
    preflight("without headers", "/lc-alpha/b", Origin="http://b.example", Access_Control_Request_Method="GET"),
    preflight("of a header that no rule allows", "/lc-alpha/b", Origin="http://a.example", Access_Control_Request_Method="PUT",
              Access_Control_Request_Headers="x-other"),
    preflight("of a method that no rule allows", "/lc-alpha/b", Origin="http://a.example", Access_Control_Request_Method="DELETE"),
    preflight("of an origin that no rule allows", "/lc-alpha/b", Origin="http://c.example", Access_Control_Request_Method="GET"),
    preflight("without origin", "/lc-alpha/b", Access_Control_Request_Method="GET"),
    preflight("without method", "/lc-alpha/b", Origin="http://a.example"),
    preflight("of a container", "/lc-alpha", Origin="http://a.example", Access_Control_Request_Method="GET"),
    preflight("of the account", "/", Origin="http://a.example", Access_Control_Request_Method="GET"),
    Row("a request from an origin that a rule allows", "GET /?comp=list&prefix=lc-b", {"Origin": "http://a.example"}),
    Row("a request from another origin", "GET /?comp=list&prefix=lc-b", {"Origin": "http://c.example"}),
    Row("a request from an origin in capitals", "GET /?comp=list&prefix=lc-b", {"Origin": "HTTP://A.EXAMPLE"}),
    Row("a request with a method that no rule allows", "DELETE /lc-none?restype=container", {"Origin": "http://a.example"}),
    Row("a request that fails from an origin that a rule allows", "GET /lc-none/b", {"Origin": "http://a.example"}),
    Row("a request without authorization from an origin that a rule allows", "GET /lc-alpha/b", {"Origin": "http://a.example"}, sign=ANONYMOUS),
    Row("a request without an origin, where rules are", "GET /?comp=list&prefix=lc-b"),
    Row("a write from an origin that a rule allows", "PUT /lc-beta?restype=container&comp=metadata", {"Origin": "http://a.example", "x-ms-meta-a": "1"}),
    Row("a write from another origin", "PUT /lc-beta?restype=container&comp=metadata", {"Origin": "http://c.example"}),
    Row("set rules for any origin", PROPERTIES, body=properties(
        "<Cors><CorsRule><AllowedOrigins>https://*.example</AllowedOrigins><AllowedMethods>GET</AllowedMethods><AllowedHeaders />"
        "<ExposedHeaders /><MaxAgeInSeconds>60</MaxAgeInSeconds></CorsRule><CorsRule><AllowedOrigins>*</AllowedOrigins>"
        "<AllowedMethods>GET,HEAD</AllowedMethods><AllowedHeaders>*</AllowedHeaders><ExposedHeaders>*</ExposedHeaders>"
        "<MaxAgeInSeconds>60</MaxAgeInSeconds></CorsRule></Cors>")),
    Row("a request from any origin", "GET /?comp=list&prefix=lc-b", {"Origin": "http://c.example"}),
    Row("a request from any origin, HEAD", "HEAD /lc-beta?restype=container", {"Origin": "http://c.example"}),
    Row("a request from an origin that matches a star", "GET /?comp=list&prefix=lc-b", {"Origin": "https://c.example"}),
    Row("a request without an origin, where any is allowed", "GET /?comp=list&prefix=lc-b"),
    Row("set service properties, one section", PROPERTIES, body=properties("<Cors />")),
    Row("get service properties, others kept", "GET /?restype=service&comp=properties"),
    Row("set service properties, version only", PROPERTIES, body=properties("<DefaultServiceVersion>2019-12-12</DefaultServiceVersion>")),
    Row("get service properties, after the version", "GET /?restype=service&comp=properties"),
    Row("set service properties, empty root", PROPERTIES, body=properties("")),
    Row("set service properties, empty body", PROPERTIES),
    Row("set service properties, no XML", PROPERTIES, body=b"hello"),
    Row("set service properties, cut XML", PROPERTIES, body=b"<StorageServiceProperties><Cors>"),
    Row("set service properties, other root", PROPERTIES, body=b"<Other><Cors /></Other>"),
    Row("set service properties, unknown section", PROPERTIES, body=properties("<Banana>1</Banana>")),
    Row("set service properties, five rules", PROPERTIES, body=properties(f"<Cors>{RULE * 5}</Cors>")),
    Row("set service properties, six rules", PROPERTIES, body=properties(f"<Cors>{RULE * 6}</Cors>")),
    Row("set service properties, rule without methods", PROPERTIES, body=properties(
        "<Cors><CorsRule><AllowedOrigins>*</AllowedOrigins><MaxAgeInSeconds>1</MaxAgeInSeconds></CorsRule></Cors>")),
    Row("set service properties, retention without days", PROPERTIES, body=properties(
        "<DeleteRetentionPolicy><Enabled>true</Enabled></DeleteRetentionPolicy>")),
    Row("set service properties, retention of 400 days", PROPERTIES, body=properties(
        "<DeleteRetentionPolicy><Enabled>true</Enabled><Days>400</Days></DeleteRetentionPolicy>")),
    Row("set service properties, retention of 0 days", PROPERTIES, body=properties(
        "<DeleteRetentionPolicy><Enabled>true</Enabled><Days>0</Days></DeleteRetentionPolicy>")),
    Row("set service properties, metrics without IncludeAPIs", PROPERTIES, body=properties(
        "<HourMetrics><Version>1.0</Version><Enabled>true</Enabled><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></HourMetrics>")),
    Row("set service properties, version that never was", PROPERTIES, body=properties(
        "<DefaultServiceVersion>banana</DefaultServiceVersion>")),
    Row("set service properties back", PROPERTIES, body=properties(
        "<Cors /><DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy><StaticWebsite><Enabled>false</Enabled></StaticWebsite>")),
    Row("service properties, HEAD", "HEAD /?restype=service&comp=properties"),
    Row("service properties, DELETE", "DELETE /?restype=service&comp=properties"),
    Row("service properties without restype", "GET /?comp=properties"),
    Row("service properties, anonymous", "GET /?restype=service&comp=properties", sign=ANONYMOUS),
    Row("stats of the primary", "GET /?restype=service&comp=stats"),
    Row("unknown comp", "GET /?comp=banana"),
    Row("unknown restype", "GET /?restype=banana&comp=properties"),
    Row("the account with nothing asked", "GET /"),
    Row("the account, HEAD with nothing asked", "HEAD /"),
    Row("the account, DELETE", "DELETE /"),
    Row("the account, PUT", "PUT /"),
    Row("user delegation key under a shared key", "POST /?restype=service&comp=userdelegationkey",
        body=b"<KeyInfo><Start>2021-01-01T00:00:00Z</Start><Expiry>2021-01-02T00:00:00Z</Expiry></KeyInfo>"),
    Row("find blobs by tags", "GET /?comp=blobs&where=a%3D%27b%27"),
]
