"""Buckets: names, making, finding, listing, removing."""
from table import ANONYMOUS, Row, broken, bucket, put

BEFORE = (bucket("made"), bucket("full"), put("/full/key"))


def creation(text):
    return f"<CreateBucketConfiguration><LocationConstraint>{text}</LocationConstraint></CreateBucketConfiguration>".encode()


def name(text, what=None):
    return Row(f"make {what or text}", f"PUT /{text}")


ROWS = [
    Row("make", "PUT /fresh"), Row("make again", "PUT /made"), Row("make with a slash", "PUT /slashed/"), Row("head", "HEAD /made"),
    name("abc"), name("a.b-c.9"), name("9.a"), name("a" * 63, "63 characters"), name("a" * 64, "64 characters"), name("ab"), name("Upper"),
    name("under_score"), name("-dash"), name("dash-"), name(".dot"), name("dot."), name("two..dots"), name("a.-b"), name("192.168.0.1"),
    name("xn--abc"), name("%C3%BC%C3%BC%C3%BC", "umlauts"), name("a%20b", "a space"), name("abc-s3alias"), name("sthree-abc"), name("abc%00d", "a zero byte"),
    name("%zz", "a bad escape"),
    *broken("make", "PUT /made2", "CreateBucketConfiguration"),
    Row("make in a region that is none", "PUT /made3", body=creation("elsewhere")),
    Row("make in an empty region", "PUT /made4", body=creation("")),
    Row("make with tags", "PUT /made9", body=b"<CreateBucketConfiguration><Tags><Tag><Key>a</Key><Value>b</Value></Tag></Tags></CreateBucketConfiguration>"),
    Row("make with a canned acl", "PUT /made5", {"x-amz-acl": "public-read"}),
    Row("make with an unknown acl", "PUT /made6", {"x-amz-acl": "everybody"}),
    Row("make, anonymous", "PUT /made7", sign=ANONYMOUS),
    Row("make, wrong md5", "PUT /made8", {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, creation("")),
    Row("head one that is not there", "HEAD /nowhere"), Row("head, invalid name", "HEAD /UPPER_case"),
    Row("head, anonymous", "HEAD /made", sign=ANONYMOUS), Row("head one that is not there, anonymous", "HEAD /nowhere", sign=ANONYMOUS),
    Row("location", "GET /made?location"), Row("location of none", "GET /nowhere?location"), Row("location, anonymous", "GET /made?location", sign=ANONYMOUS),
    Row("list", "GET /"), Row("list, anonymous", "GET /", sign=ANONYMOUS), Row("head the service", "HEAD /"),
    Row("put the service", "PUT /"), Row("post the service", "POST /"), Row("delete the service", "DELETE /"),
    Row("delete", "DELETE /fresh"), Row("delete again", "DELETE /fresh"), Row("delete one with objects", "DELETE /full"),
    Row("delete, anonymous", "DELETE /made", sign=ANONYMOUS), Row("delete one that is not there, anonymous", "DELETE /nowhere", sign=ANONYMOUS),
    Row("delete, invalid name", "DELETE /UPPER_case"),
    Row("list objects of none", "GET /nowhere"), Row("list objects, anonymous", "GET /made", sign=ANONYMOUS),
    Row("list objects of a public one, anonymous", "GET /made5", sign=ANONYMOUS),
    Row("put into none", "PUT /nowhere/key", body=b"x"), Row("get from none", "GET /nowhere/key"), Row("delete from none", "DELETE /nowhere/key"),
    Row("get from none, anonymous", "GET /nowhere/key", sign=ANONYMOUS), Row("patch", "PATCH /made"), Row("unknown method", "BANANA /made"),
    Row("post without a selector", "POST /made"), Row("unknown subresource", "GET /made?banana"),
]
