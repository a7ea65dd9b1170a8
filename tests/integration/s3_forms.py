#!/usr/bin/env python3
"""Forms that browsers post to a bucket (PostObject), good and bad, against the real program: the documented service is the oracle."""
import json
import os
import socket
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import Server  # noqa: E402
from s3client import BOUNDARY, S3, checksum, md5_base64, md5_hex, multipart, quote  # noqa: E402

MIB = 1 << 20
passed = failed = 0


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail!r}", flush=True)


def expect(what, answer, status, code=None, message=None):
    check(what, answer.status == status and answer.code == code and (message is None or message in answer.find("Message")), answer)
    return answer


def later(seconds=300):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + seconds))


def noise(size):
    """With many beginnings of a boundary in it."""
    piece = b"\r\n--" + BOUNDARY[:-1].encode() + b"\r\n--\r\r\n-" + os.urandom(997)
    return (piece * (size // len(piece) + 1))[:size]


# ---- what is taken ----

def uploads(s3):
    for version in (4, 2):
        answer = expect(f"version {version}", s3.post_form("box", s3.form("box", [("key", "plain")], version=version), b"hello"), 204)
        check("no body", answer.body == b"")
        check("ETag", answer["ETag"] == f'"{md5_hex(b"hello")}"', answer["ETag"])
        check("Location", answer["Location"] == f"http://{s3.endpoint}/box/plain", answer["Location"])
        check("the bytes", s3.get("box", "plain").body == b"hello")
        s3.delete("box", "plain")
    check("default type", s3.post_form("box", s3.form("box", [("key", "plain")]), b"x").status == 204 and
          s3.head("box", "plain")["Content-Type"] == "binary/octet-stream", s3.head("box", "plain")["Content-Type"])
    for size in (0, 1, 20480, 65536, 65537, MIB, 9 * MIB + 1):
        body = noise(size)
        expect(f"{size} bytes", s3.post_form("box", s3.form("box", [("key", "sized")]), body), 204)
        check(f"{size} bytes come back", s3.get("box", "sized").body == body)
    expect("with a slash behind the bucket", s3.post_form("box", s3.form("box", [("key", "slash")]), b"x", path="/box/"), 204)
    expect("virtual-host", s3.post_form("box", s3.form("box", [("key", "hosted")]), b"hosted", path="/",
                                        headers={"Host": "box.s3.example.test"}), 204)
    check("virtual-host: the bytes", s3.get("box", "hosted").body == b"hosted")
    expect("names in any case", s3.post_form("box", s3.form("box", [("KEY", "cases"), ("Content-type", "text/x")],
                                                            [["Starts-With", "$kEy", "c"], {"CONTENT-TYPE": "text/x"}]), b"x"), 204)
    check("names in any case: the type", s3.head("box", "cases")["Content-Type"] == "text/x")


def everything(s3):
    tagging = "<Tagging><TagSet><Tag><Key>a</Key><Value>1 ü</Value></Tag></TagSet></Tagging>"
    fields = [("key", "dir/ä b+c.txt"), ("acl", "public-read"), ("Content-Type", "text/x-test; a=b"), ("Cache-Control", "no-cache"),
              ("Content-Disposition", 'attachment; filename="x"'), ("Content-Encoding", "gzip"), ("Expires", "Thu, 01 Jan 2037 00:00:00 GMT"),
              ("x-amz-meta-One", "1"), ("x-amz-meta-two", "zwei ü"), ("tagging", tagging), ("x-amz-storage-class", "STANDARD_IA"),
              ("success_action_status", "201"), ("x-amz-website-redirect-location", "/other"), ("x-amz-checksum-sha256", checksum("sha256", b"all")),
              ("Content-MD5", md5_base64(b"all"))]
    answer = expect("all fields", s3.post_form("box", s3.form("box", fields) + [("x-ignore-me", "no condition")], b"all"), 201)
    location = f"http://{s3.endpoint}/box/" + quote("dir/ä b+c.txt")
    check("201: document", (answer.xml.tag, answer.find("Bucket"), answer.find("Key"), answer.find("ETag"), answer.find("Location")) ==
          ("PostResponse", "box", "dir/ä b+c.txt", f'"{md5_hex(b"all")}"', location), answer.body)
    check("201: Location", answer["Location"] == location, answer["Location"])
    head = s3.head("box", "dir/ä b+c.txt", x_amz_checksum_mode="ENABLED")
    for name, value in (("Content-Type", "text/x-test; a=b"), ("Cache-Control", "no-cache"), ("Content-Disposition", 'attachment; filename="x"'),
                        ("Content-Encoding", "gzip"), ("Expires", "Thu, 01 Jan 2037 00:00:00 GMT"), ("x-amz-meta-one", "1"),
                        ("x-amz-storage-class", "STANDARD_IA"), ("x-amz-website-redirect-location", "/other"),
                        ("x-amz-checksum-sha256", checksum("sha256", b"all"))):
        check(f"kept: {name}", head[name] == value, head[name])
    check("kept: metadata beyond ASCII", head["x-amz-meta-two"].startswith("=?UTF-8?"), head["x-amz-meta-two"])
    check("kept: tags", s3.get("box", "dir/ä b+c.txt", "tagging=").all("TagSet/Tag/Value") == ["1 ü"])
    check("acl: anybody reads", S3(s3.endpoint, None).get("box", "dir/ä b+c.txt").body == b"all")
    answer = s3.post_form("box", s3.form("box", [("key", "headers")]), b"x", headers={"x-amz-meta-a": "b", "x-amz-acl": "public-read", "x-amz-tagging": "a=b",
                                                                                      "x-amz-storage-class": "nonsense"})
    expect("headers are not part of the form", answer, 204)
    head = s3.head("box", "headers")
    check("and count for nothing", head["x-amz-meta-a"] is None and head["x-amz-tagging-count"] is None and
          S3(s3.endpoint, None).get("box", "headers").status == 403)
    s3.set_versioning("kept", "Enabled")
    answer = s3.post_form("kept", s3.form("kept", [("key", "v")]), b"1")
    check("version id", answer.status == 204 and s3.get("kept", "v", f"versionId={answer['x-amz-version-id']}").body == b"1", answer)
    expect("If-None-Match holds here too", s3.post_form("box", s3.form("box", [("key", "headers")]), b"y", headers={"If-None-Match": "*"}), 412,
           "PreconditionFailed")


def answers(s3):
    def post(**fields):
        return s3.post_form("box", s3.form("box", [("key", "a/b c"), *fields.items()]), b"x")
    for status, want in (("200", 200), ("201", 201), ("204", 204), ("202", 204), ("nonsense", 204), ("", 204)):
        expect(f"success_action_status {status}", post(success_action_status=status), want)
    told = f"bucket=box&key=a%2Fb%20c&etag=%22{md5_hex(b'x')}%22"
    for field in ("success_action_redirect", "redirect"):
        for url, want in (("http://example.test/done", f"http://example.test/done?{told}"), ("https://example.test/?a=b", f"https://example.test/?a=b&{told}"),
                          ("http://example.test/#end", f"http://example.test/?{told}#end")):
            answer = expect(f"{field} {url}", post(**{field: url, "success_action_status": "201"}), 303)
            check(f"{field} {url}: Location", answer["Location"] == want, answer["Location"])
        for url in ("javascript:alert(1)", "nowhere", "//example.test", ""):
            answer = expect(f"{field} that is no address", post(**{field: url}), 204)
            check("Location is the object's", answer["Location"].startswith(f"http://{s3.endpoint}/"), answer["Location"])


def filenames(s3):
    for given, want in (("a b.txt", "a b.txt"), ("C:\\\\Users\\\\me\\\\a.txt", "a.txt"), ("C:\\dir\\b.txt", "b.txt"), ("/home/me/ü.txt", "ü.txt"),
                        ('say \\"hi\\"', 'say "hi"')):
        fields = s3.form("box", [("key", "up/${filename}"), ("x-amz-meta-name", "${filename}/${filename}")],
                         [["starts-with", "$key", "up/"], ["starts-with", "$x-amz-meta-name", ""]])
        answer = expect(f"file name {given}", s3.post_form("box", fields, b"x", filename=given), 204)
        check(f"file name {given}: key", answer["Location"] == f"http://{s3.endpoint}/box/up/{quote(want)}", answer["Location"])
    head = s3.head("box", "up/a b.txt")
    check("in other fields too", head["x-amz-meta-name"] == "a b.txt/a b.txt", head["x-amz-meta-name"])
    fields = s3.form("box", [("key", "up/${filename}")], [{"key": "up/${filename}"}])
    expect("the policy is about the expanded key", s3.post_form("box", fields, b"x"), 403, "AccessDenied", "Policy Condition failed")
    fields = s3.form("box", [("key", "${filename}")], [["starts-with", "$key", ""]])
    expect("no name", s3.post_form("box", fields, b"x", filename=""), 400, "InvalidArgument")
    fields = s3.form("box", [("key", "k"), ("x-amz-meta-a", "${filename}" * 900)], [["starts-with", "$key", ""], ["starts-with", "$x-amz-meta-a", ""]])
    expect("no room for it", s3.post_form("box", fields, b"x", filename="f" * 1000), 400, "MaxPostPreDataLengthExceededError")


def after_the_file(s3):
    fields = s3.form("box", [("key", "after")])
    answer = expect("fields behind the file", s3.post_form("box", fields, b"x", after=[("key", "other"), ("file", "another"), ("x-amz-meta-a", "b")]), 204)
    check("are ignored", answer["Location"].endswith("/box/after") and s3.head("box", "after")["x-amz-meta-a"] is None, answer)
    check("the first file counts", s3.get("box", "after").body == b"x")
    expect("key behind the file", s3.post_form("box", s3.form("box", []), b"x", after=[("key", "late")]), 400, "UserKeyMustBeSpecified")


# ---- what the policy says ----

def policies(s3):
    def post(what, status, code=None, message=None, fields=(("key", "user/me"),), conditions=None, policy=None, file=b"0123456789", **how):
        return expect(what, s3.post_form("box", s3.form("box", list(fields), conditions, policy, **how), file), status, code, message)
    key = {"key": "user/me"}
    denied, broken = (403, "AccessDenied"), (400, "InvalidPolicyDocument")
    post("eq", 204, conditions=[["eq", "$key", "user/me"]])
    post("starts-with", 204, conditions=[["starts-with", "$key", "user/"]])
    post("several about a field", 204, conditions=[["starts-with", "$key", "user/"], key])
    post("eq fails", *denied, 'Invalid according to Policy: Policy Condition failed: ["eq", "$key", "user/you"]', conditions=[["eq", "$key", "user/you"]])
    post("exact fails", *denied, 'Policy Condition failed: ["eq", "$key", "user"]', conditions=[{"key": "user"}])
    post("starts-with fails", *denied, 'Policy Condition failed: ["starts-with", "$key", "users/"]', conditions=[["starts-with", "$key", "users/"]])
    post("one of several fails", *denied, conditions=[key, ["starts-with", "$key", "x"]])
    post("a field that is not there", *denied, "Policy Condition failed", conditions=[key, ["starts-with", "$x-amz-meta-a", ""]])
    post("a field that is not there, exactly empty", *denied, "Policy Condition failed", conditions=[key, {"x-amz-meta-a": ""}])
    post("a field without a condition", *denied, "Extra input fields: x-amz-meta-a", fields=[("key", "user/me"), ("x-amz-meta-a", "b")], conditions=[key])
    post("no condition for the key", *denied, "Extra input fields: key", conditions=[])
    types = lambda value, want: {"fields": [("key", "user/me"), ("Content-Type", value)], "conditions": [key, ["starts-with", "$Content-Type", want]]}  # noqa: E731
    post("types", 204, **types("image/png", "image/"))
    post("types, a list", 204, **types("image/png, image/gif", "image/"))
    post("types, a list with another", *denied, **types("image/png,text/html", "image/"))
    own = lambda conditions, until=None: json.dumps({"expiration": until or later(), "conditions": conditions})  # noqa: E731
    old = {"version": 2}  # needs no conditions about its own fields
    bucket = {"bucket": "box"}
    post("written by hand", 204, policy=own([key, bucket]), **old)
    post("no condition about the bucket", *denied, "Extra input fields: bucket", policy=own([key]), **old)
    post("another bucket", *denied, policy=own([key, {"bucket": "kept"}]), **old)
    post("field bucket", 204, fields=[("key", "user/me"), ("bucket", "box")], policy=own([key, bucket]), **old)
    post("field bucket says another", *denied, fields=[("key", "user/me"), ("bucket", "kept")], policy=own([key, bucket]), **old)
    post("expired", *denied, "Invalid according to Policy: Policy expired.", policy=own([key, bucket], later(-1)), **old)
    post("expired first", *denied, "Policy expired", policy=own([{"key": "x"}], later(-1)), **old)
    post("algorithm without a condition", *denied, "Extra input fields: x-amz-", policy=own([key, bucket]))
    post("comma behind the last, dollar escaped", 204, policy=own([["starts-with", "$key", "user/"], bucket]).replace('"$key"', '"\\$key"').replace("]}", ",]}"), **old)
    post("vertical tab", *denied, policy=own([key, bucket]).replace("user/me", "user/me\\v"), **old)
    for what, text in (("no JSON", "{"), ("a list", "[]"), ("a text", '"x"'), ("empty", ""), ("not UTF-8", b'{"expiration": "\xff"}'), ("no expiration", json.dumps({"conditions": []})),
                       ("no conditions", json.dumps({"expiration": later()})), ("more", json.dumps({"expiration": later(), "conditions": [], "x": 1})),
                       ("conditions no list", json.dumps({"expiration": later(), "conditions": {}})), ("EXPIRATION", own([key, bucket]).replace("expiration", "EXPIRATION")),
                       ("expiration twice", own([key, bucket]).replace("{", '{"expiration": "2100-01-01T00:00:00Z", ', 1)),
                       ("expiration without time", own([key, bucket], "2100-01-01")), ("expiration without zone", own([key, bucket], "2100-01-01T00:00:00")),
                       ("expiration a number", json.dumps({"expiration": 4102444800, "conditions": [key, bucket]})), ("empty condition", own([{}, key, bucket])),
                       ("two in one", own([{**key, **bucket}])), ("a number for a value", own([key, bucket, {"x": 1}])), ("a condition that is a text", own([key, bucket, "x"])),
                       ("two items", own([key, bucket, ["eq", "$key"]])), ("four items", own([key, bucket, ["eq", "$key", "user/me", "x"]])),
                       ("unknown operation", own([key, bucket, ["ne", "$key", "x"]])), ("no dollar", own([key, bucket, ["eq", "key", "user/me"]])),
                       ("range of one", own([key, bucket, ["content-length-range", 1]])), ("range backwards", own([key, bucket, ["content-length-range", 2, 1]])),
                       ("range below nothing", own([key, bucket, ["content-length-range", -1, 1]])), ("range of words", own([key, bucket, ["content-length-range", "a", "b"]])),
                       ("range beyond numbers", own([key, bucket]).replace("]}", ', ["content-length-range", 0, 99999999999999999999]]}')), ("deep", "[" * 5000)):
        post(f"policy: {what}", *broken, policy=text, **old)
    fields = [("key", "user/me"), ("AWSAccessKeyId", s3.access), ("policy", "no base64"), ("signature", "x")]
    expect("signature before policy", s3.post_form("box", fields, b"x"), 403, "SignatureDoesNotMatch")
    sized = lambda *bounds: {"conditions": [key] + [["content-length-range", *pair] for pair in bounds]}  # noqa: E731
    post("range", 204, **sized((10, 10)))
    post("range in texts", 204, **sized(("0", "10")))
    small = post("too small", 400, "EntityTooSmall", **sized((11, 20)))
    check("too small: by how much", (small.find("ProposedSize"), small.find("MinSizeAllowed")) == ("10", "11"), small.body)
    large = post("too large", 400, "EntityTooLarge", **sized((0, 9)))
    check("too large: by how much", large.find("MaxSizeAllowed") == "9", large.body)
    post("both ranges count", 400, "EntityTooLarge", **sized((0, 20), (0, 9)))
    post("large file, too large", 400, "EntityTooLarge", file=noise(3 * MIB), **sized((0, 3 * MIB - 1)))
    post("large file, just right", 204, file=noise(3 * MIB), **sized((0, 3 * MIB)))


# ---- what is refused ----

def refusals(s3):
    def post(what, status, code, fields=None, message=None, file=b"x", **how):
        expect(what, s3.post_form("box", s3.form("box", [("key", "bad")]) if fields is None else fields, file, **how), status, code, message)
    good = s3.form("box", [("key", "bad")])
    other = lambda name, value: [(known, value if known == name else old) for known, old in good]  # noqa: E731
    less = lambda name: [pair for pair in good if pair[0] != name]  # noqa: E731
    for name in ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"):
        post(f"no {name}", 400, "InvalidArgument", less(name), name)
    post("no policy", 400, "InvalidArgument", less("policy"), "'policy'")
    post("policy alone", 400, "InvalidArgument", [("key", "bad"), ("policy", dict(good)["policy"])], "'AWSAccessKeyId'")
    old = s3.form("box", [("key", "bad")], version=2)
    post("version 2 without its key", 400, "InvalidArgument", [pair for pair in old if pair[0] != "AWSAccessKeyId"])
    post("version 2 without its signature", 400, "InvalidArgument", [pair for pair in old if pair[0] != "signature"])
    post("both versions", 400, "InvalidArgument", good + [("AWSAccessKeyId", s3.access), ("signature", "x")])
    post("algorithm", 400, "InvalidArgument", other("x-amz-algorithm", "AWS4-HMAC-SHA1"))
    post("credential", 400, "InvalidArgument", other("x-amz-credential", "x"))
    post("date", 400, "InvalidArgument", other("x-amz-date", "today"))
    post("date of another day", 403, "AuthorizationHeaderMalformed", other("x-amz-date", "20130524T000000Z"))
    post("session token", 400, "InvalidToken", good + [("x-amz-security-token", "t")])
    post("token without anything", 400, "InvalidToken", [("key", "bad"), ("x-amz-security-token", "t")])
    post("signed long ago", 403, "AccessDenied", s3.form("box", [("key", "bad")], at=time.time() - 8 * 86400, expires=9 * 86400))
    post("signed in the future", 403, "AccessDenied", s3.form("box", [("key", "bad")], at=time.time() + 7200))
    expect("signed yesterday", s3.post_form("box", s3.form("box", [("key", "yesterday")], at=time.time() - 86400, expires=2 * 86400), b"x"), 204)
    post("key twice", 400, "InvalidArgument", good + [("Key", "other")])
    post("line break in a value", 400, "InvalidArgument", s3.form("box", [("key", "bad"), ("x-amz-meta-a", "b\r\nc: d")]))
    post("name of no header", 400, "InvalidArgument", s3.form("box", [("key", "bad"), ("x-amz-meta-a b", "c")]))
    post("key too long", 400, "KeyTooLongError", s3.form("box", [("key", "k" * 1025)]))
    post("key not UTF-8", 400, "InvalidArgument", [("key", b"\xff") if pair[0] == "key" else pair for pair in s3.form("box", [("key", "")], [["starts-with", "$key", ""]])])
    post("key empty", 400, "InvalidArgument", s3.form("box", [("key", "")]))
    post("no key", 400, "UserKeyMustBeSpecified", s3.form("box", []))
    post("no file", 400, "IncorrectNumberOfFilesInPostRequest", file=None)
    for name, value, code in (("acl", "nonsense", "InvalidArgument"), ("x-amz-storage-class", "nonsense", "InvalidStorageClass"), ("tagging", "a=b", "MalformedXML"),
                              ("Content-MD5", "x", "InvalidDigest"), ("Content-MD5", md5_base64(b"y"), "BadDigest"), ("x-amz-checksum-crc32", "x", "InvalidRequest"),
                              ("x-amz-checksum-crc32", checksum("crc32", b"y"), "BadDigest"), ("x-amz-meta-a", "b" * 3000, "MetadataTooLarge"),
                              ("x-amz-website-redirect-location", "nowhere", "InvalidArgument")):
        post(f"{name} {value[:20]}", 400, code, s3.form("box", [("key", "bad"), (name, value)]))
    for name in ("x-amz-server-side-encryption", "x-amz-object-lock-mode", "x-amz-checksum-md5"):
        post(name, 501, "NotImplemented", s3.form("box", [("key", "bad"), (name, "AES256")]))
    post("too much before the file", 400, "MaxPostPreDataLengthExceededError", good + [("x-ignore-a", "b" * 20480)])
    post("too much in a name", 400, "MaxPostPreDataLengthExceededError", good + [("x-ignore-" + "a" * 20480, "b")])
    post("too many fields", 400, "InvalidArgument", [(f"x-amz-meta-{n}", "") for n in range(101)])
    for bucket, status, code in (("missing", 404, "NoSuchBucket"),):
        expect("no such bucket", s3.post_form(bucket, s3.form(bucket, [("key", "bad")]), b"x"), status, code)
    post("two ways to sign", 400, "InvalidArgument", path=s3.presign("POST", "/box"), message="Only one auth mechanism")
    answer = s3.request("POST", "/box", "", multipart(good, b"x"), {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
    expect("a signed header beside the form", answer, 400, "InvalidArgument", "Only one auth mechanism")
    answer = s3.request("POST", "/box", "", multipart([("key", "bad")], b"x"), {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
    expect("a signed header instead of a policy", answer, 400, "InvalidArgument", "Only one auth mechanism")
    check("nothing came of all that", s3.get("box", "bad").status == 404 and "bad" not in "".join(s3.request("GET", "/box").all("Contents/Key")))


def malformed(s3):
    good = multipart(s3.form("box", [("key", "bad")]), b"x" * 100)
    line = b"--" + BOUNDARY.encode()
    first = good.index(b"\r\n") + 2
    for what, body in (("empty", b""), ("no boundary at all", b"key=bad"), ("no closing boundary", good[:-len(line) - 6]), ("cut in the closing boundary", good[:-5]),
                       ("cut before its last dash", good[:-3]), ("cut in the file", good[:-len(line) - 50]), ("another boundary", good.replace(line, b"--other")),
                       ("no line behind a boundary", good.replace(line + b"\r\n", line + b"x", 1)), ("a bare line feed", good.replace(b"\r\n", b"\n")),
                       ("a part without headers", good[:first] + b"\r\n" + good[first:]), ("a part without a name", good.replace(b'; name="key"', b"", 1)),
                       ("an empty name", good.replace(b'name="key"', b'name=""', 1)), ("two names", good.replace(b'name="key"', b'name="key"; name="key"', 1)),
                       ("no quote at the end", good.replace(b'name="key"', b'name="key', 1)), ("not form-data", good.replace(b"form-data", b"attachment", 1)),
                       ("folded header", good.replace(b"form-data; name", b"form-data;\r\n name", 1)), ("two dispositions", good.replace(b"Content-Disposition", b"Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition", 1)),
                       ("base64", good.replace(b"Content-Type: text/plain", b"Content-Transfer-Encoding: base64", 1)), ("zero byte in a header", good.replace(b'name="key"', b'name="k\0y"', 1))):
        expect(f"malformed: {what}", s3.post_form("box", None, body=body), 400, "MalformedPOSTRequest")
    for content_type, status, code in (("application/x-www-form-urlencoded", 412, "PreconditionFailed"), ("multipart/form-datax; boundary=a", 412, "PreconditionFailed"),
                                       ("multipart/form-data", 400, "MalformedPOSTRequest"), ("multipart/form-data; boundary=", 400, "MalformedPOSTRequest"),
                                       ("multipart/form-data; boundary=" + "a" * 71, 400, "MalformedPOSTRequest"), ('multipart/form-data; boundary="a', 400, "MalformedPOSTRequest"),
                                       ("multipart/form-data; boundary=a; boundary=b", 400, "MalformedPOSTRequest")):
        expect(f"type {content_type[:60]}", s3.post_form("box", None, body=good, headers={"Content-Type": content_type}), status, code)
    expect("no type", s3.send("POST", "/box", {"Host": s3.endpoint, "Content-Length": "0"}), 412, "PreconditionFailed")
    chunked = {"Host": s3.endpoint, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Transfer-Encoding": "chunked"}
    expect("without a length", s3.send("POST", "/box", chunked, b"%x\r\n%s\r\n0\r\n\r\n" % (len(good), good)), 411, "MissingContentLength")
    check("nothing came of all that", s3.get("box", "bad").status == 404)
    quoted = multipart(s3.form("box", [("key", "quoted")]), b"x", boundary="a b:c")
    expect("a boundary in quotes, text around the form", s3.post_form("box", None, body=b"preamble\r\n" + quoted + b"epilogue", headers={
        "Content-Type": 'Multipart/Form-Data; charset=utf-8; boundary="a b:c"'}), 204)
    expect("the whole body's hash", s3.post_form("box", None, body=good, headers={"x-amz-content-sha256": "0" * 64}), 400, "XAmzContentSHA256Mismatch")
    check("is compared", s3.get("box", "bad").status == 404)


def pieces(s3):
    """The same bytes in every cut, and refusals while the client still sends: the connection lives on."""
    def send(body, cuts, more=b""):
        head = (f"POST /box HTTP/1.1\r\nHost: {s3.endpoint}\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        with socket.create_connection(s3.endpoint.rsplit(":", 1), timeout=30) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.sendall(head)
            for piece in cuts(body):
                link.sendall(piece)
                time.sleep(0.001)
            link.sendall(more)
            link.shutdown(socket.SHUT_WR)
            answer = b""
            while data := link.recv(65536):
                answer += data
        return answer
    content = b"\r\n--" + BOUNDARY[:-1].encode() + b"\r\n"
    body = multipart(s3.form("box", [("key", "pieces")]), content * 3)
    for size in (1, 7, len(BOUNDARY)):
        answer = send(body, lambda body, size=size: (body[at:at + size] for at in range(0, len(body), size)))
        check(f"pieces of {size}", answer.startswith(b"HTTP/1.1 204"), answer[:300])
        check(f"pieces of {size}: the bytes", s3.get("box", "pieces").body == content * 3)
    bad = multipart([(name, "0" * 64 if name == "x-amz-signature" else value) for name, value in s3.form("box", [("key", "refused")])], noise(300000))
    second = f"GET /box/pieces?x=1 HTTP/1.1\r\nHost: {s3.endpoint}\r\n\r\n".encode()
    halves = lambda body: (body[:3000], body[3000:200000], body[200000:])  # noqa: E731
    answer = send(bad, halves)
    check("refused in the middle", answer.startswith(b"HTTP/1.1 403") and b"SignatureDoesNotMatch" in answer, answer[:300])
    small = multipart([(name, "0" * 64 if name == "x-amz-signature" else value) for name, value in s3.form("box", [("key", "refused")])], noise(30000))
    answer = send(small, lambda body: (body[:3000], body[3000:]), second)
    check("refused in the middle, and the next request", answer.count(b"HTTP/1.1 403") == 2 and b"<Code>AccessDenied" in answer, answer[:300])
    check("nothing came of it", s3.get("box", "refused").status == 404)
    at = small.index(b'name="file"') + 80
    answer = send(small, lambda body: (body[:at], body[at:]))
    check("refused where a piece ends", answer.startswith(b"HTTP/1.1 403"), answer[:300])


def cross_origin(s3):
    rules = b"<CORSConfiguration><CORSRule><AllowedOrigin>http://app.test</AllowedOrigin><AllowedMethod>POST</AllowedMethod></CORSRule></CORSConfiguration>"
    expect("rules", s3.request("PUT", "/box", "cors=", rules), 200)
    origin = {"Origin": "http://app.test"}
    for what, fields in (("a form", s3.form("box", [("key", "cors")])), ("a form that is refused", s3.form("box", [("key", "cors")], [])), ("a form that is malformed", [("", "")])):
        answer = s3.post_form("box", fields, b"x", headers=origin)
        check(f"{what} may be read about", answer["Access-Control-Allow-Origin"] == "http://app.test", answer)
    check("by nobody else", s3.post_form("box", s3.form("box", [("key", "cors")]), b"x", headers={"Origin": "http://evil.test"})["Access-Control-Allow-Origin"] is None)


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-s3-forms-") as folder, Server(folder, "--s3-domain", "s3.example.test", log=sys.stderr) as server:
        s3 = S3(server.s3)
        for bucket in ("box", "kept"):
            expect("bucket", s3.create_bucket(bucket), 200)
        for part in (uploads, everything, answers, filenames, after_the_file, policies, refusals, malformed, pieces, cross_origin):
            part(s3)
        s3.close()
        server.stop()
        check("fsck is clean", server.fsck() == 0)
        server.start()
    print(f"s3 forms: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
