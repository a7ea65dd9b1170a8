#!/usr/bin/env python3
"""Who may do what over S3: every operation of the server's own table, with every kind of bad credential or altered request. Each is refused as
S3 documents it and leaves no trace; and what is allowed works. A new row of the table without a request here fails the test."""
import base64
import dataclasses
import os
import re
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import BINARY, Server  # noqa: E402
from s3client import (BOUNDARY, CHUNKS_TRAILER, CHUNKS_UNSIGNED_TRAILER, S3, SUB_RESOURCES, checksum, md5_base64, multipart,  # noqa: E402
                      signature_v2)

SECRET, READER, STRANGER = "full-secret", "reader-secret", "stranger-secret"
FLAGS = [flag for account in ("main", "other") for flag in ("--account", f"{account}:{base64.b64encode(account.encode() * 16).decode()}")] + [
    "--s3-key", f"full:{SECRET}:main", "--s3-read-only-key", f"reader:{READER}:main", "--s3-key", f"stranger:{STRANGER}:other"]
passed = failed = 0


def check(what, truth, detail=""):
    global passed, failed
    if truth:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what} {detail!r}", flush=True)


def expect(what, answer, status, code=None):
    """HEAD's errors have no body, so no code."""
    check(f"{what}: {status} {code or ''}", answer.status == status and (not answer.body or code is None or answer.code == code), answer)
    return answer


# ---- one request for each row of the table ----

@dataclasses.dataclass
class Case:
    """`key` None: the bucket itself; `bucket` None: the service. `status`: what the full key gets; reads get what is there."""
    status: int
    bucket: str = "box"
    key: str = None
    query: str = ""
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)
    code: str = None
    form: tuple = None  # the fields of a form, whose signature is among them and not about the request; `body` is this form without one

    @property
    def path(self):
        return "/" if self.bucket is None else S3.path(self.bucket, self.key)


VERSIONING = b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
TAGS = b"<Tagging><TagSet><Tag><Key>new</Key><Value>tag</Value></Tag></TagSet></Tagging>"
CORS = b"<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"
ANY = b"<Any/>"
BLOCK = b"<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>"
OWNERSHIP = b"<OwnershipControls><Rule><ObjectOwnership>BucketOwnerPreferred</ObjectOwnership></Rule></OwnershipControls>"
FORM = (("key", "posted"), ("x-amz-meta-a", "b"))


def bucket(status=200, **more):
    return Case(status, **more)


def setting(name, status=200, code=None):
    return Case(status, query=f"{name}=", code=code)


def refused(name, key=None):
    """What is not offered says so to whoever may ask."""
    return Case(501, key=key, query=f"{name}=" if name else "", body=ANY, code="NotImplemented")


def table(state):
    """{(name, resource): case}. `state`: ids of what was prepared."""
    deletions = b"<Delete><Object><Key>doomed</Key></Object></Delete>"
    parts = (f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{state['etag']}</ETag></Part>"
             "</CompleteMultipartUpload>").encode()
    preflight = {"Origin": "http://x", "Access-Control-Request-Method": "GET"}
    cases = {
        "ListBuckets": Case(200, bucket=None),
        "CreateBucket": bucket(bucket="fresh"), "DeleteBucket": bucket(204, bucket="empty"), "HeadBucket": bucket(),
        "GetBucketLocation": setting("location"), "GetBucketVersioning": setting("versioning"),
        "PutBucketVersioning": bucket(bucket="kept", query="versioning=", body=VERSIONING),
        "GetBucketTagging": setting("tagging"), "PutBucketTagging": bucket(query="tagging=", body=TAGS),
        "DeleteBucketTagging": setting("tagging", 204),
        "GetBucketCors": setting("cors"), "PutBucketCors": bucket(query="cors=", body=CORS), "DeleteBucketCors": setting("cors", 204),
        "GetBucketAcl": setting("acl"), "PutBucketAcl": bucket(query="acl=", headers={"x-amz-acl": "public-read-write"}),
        "ListObjects": bucket(), "ListObjectsV2": bucket(query="list-type=2"), "ListObjectVersions": bucket(query="versions="),
        "ListMultipartUploads": bucket(query="uploads="),
        "DeleteObjects": bucket(query="delete=", body=deletions, headers={"Content-MD5": md5_base64(deletions)}),
        "CORS preflight": bucket(headers=preflight),
        "GetBucketPolicy": setting("policy", 404, "NoSuchBucketPolicy"),
        "GetBucketPolicyStatus": setting("policyStatus", 404, "NoSuchBucketPolicy"), "PutBucketPolicy": refused("policy"),
        "DeleteBucketPolicy": setting("policy", 204),
        "GetBucketLifecycleConfiguration": setting("lifecycle", 404, "NoSuchLifecycleConfiguration"),
        "PutBucketLifecycleConfiguration": refused("lifecycle"), "DeleteBucketLifecycle": setting("lifecycle", 204),
        "GetBucketEncryption": setting("encryption", 404, "ServerSideEncryptionConfigurationNotFoundError"),
        "PutBucketEncryption": refused("encryption"), "DeleteBucketEncryption": setting("encryption", 204),
        "GetObjectLockConfiguration": setting("object-lock", 404, "ObjectLockConfigurationNotFoundError"),
        "PutObjectLockConfiguration": refused("object-lock"), "GetBucketNotificationConfiguration": setting("notification"),
        "PutBucketNotificationConfiguration": refused("notification"),
        "GetBucketReplication": setting("replication", 404, "ReplicationConfigurationNotFoundError"),
        "PutBucketReplication": refused("replication"), "DeleteBucketReplication": setting("replication", 204),
        "GetBucketLogging": setting("logging"), "PutBucketLogging": refused("logging"),
        "GetBucketWebsite": setting("website", 404, "NoSuchWebsiteConfiguration"), "PutBucketWebsite": refused("website"),
        "DeleteBucketWebsite": setting("website", 204),
        "GetPublicAccessBlock": setting("publicAccessBlock", 404, "NoSuchPublicAccessBlockConfiguration"),
        "PutPublicAccessBlock": bucket(query="publicAccessBlock=", body=BLOCK), "DeletePublicAccessBlock": setting("publicAccessBlock", 204),
        "GetBucketOwnershipControls": setting("ownershipControls", 404, "OwnershipControlsNotFoundError"),
        "PutBucketOwnershipControls": bucket(query="ownershipControls=", body=OWNERSHIP), "DeleteBucketOwnershipControls": setting("ownershipControls", 204),
        "GetBucketAccelerateConfiguration": setting("accelerate"), "PutBucketAccelerateConfiguration": refused("accelerate"),
        "GetBucketRequestPayment": setting("requestPayment"), "PutBucketRequestPayment": refused("requestPayment"),
        **{f"{verb}Bucket{name}Configuration": refused(query) for verb in ("Get", "Put") for name, query in (
            ("Analytics", "analytics"), ("Inventory", "inventory"), ("Metrics", "metrics"), ("IntelligentTiering", "intelligent-tiering"))},
        **{f"DeleteBucket{name}Configuration": refused(query) for name, query in (
            ("Analytics", "analytics"), ("Inventory", "inventory"), ("Metrics", "metrics"), ("IntelligentTiering", "intelligent-tiering"))},
        **{f"{verb}Bucket{name}Configuration": refused(query) for verb in ("Create", "Get", "Delete") for name, query in (
            ("Metadata", "metadataConfiguration"), ("MetadataTable", "metadataTable"))},
        **{f"UpdateBucketMetadata{name}TableConfiguration": refused(f"metadata{name}Table") for name in ("Inventory", "Journal", "Annotation")},
        "GetBucketAbac": refused("abac"), "PutBucketAbac": refused("abac"), "CreateSession": refused("session"),

        "PostObject": bucket(204, form=FORM, body=multipart(FORM, b"posted"), headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}),
        "PutObject": Case(200, key="key", body=b"replaced"),
        "CopyObject": Case(200, key="key", headers={"x-amz-copy-source": "box/source"}),
        "RenameObject": Case(200, key="key", query="renameObject=", headers={"x-amz-rename-source": "movable"}),
        "GetObject": Case(200, key="source"), "HeadObject": Case(200, key="source"),
        "GetObjectAttributes": Case(200, key="source", query="attributes=", headers={"x-amz-object-attributes": "ETag,ObjectSize"}),
        "DeleteObject": Case(204, key="victim"), "GetObjectTagging": Case(200, key="source", query="tagging="),
        "PutObjectTagging": Case(200, key="source", query="tagging=", body=TAGS),
        "DeleteObjectTagging": Case(204, key="source", query="tagging="),
        "GetObjectAcl": Case(200, key="source", query="acl="),
        "PutObjectAcl": Case(200, key="source", query="acl=", headers={"x-amz-acl": "public-read"}),
        ("CORS preflight", "object"): Case(200, key="source", headers=preflight),

        "CreateMultipartUpload": Case(200, key="source", query="uploads="),
        "UploadPart": Case(200, key="upload", query=f"partNumber=1&uploadId={state['upload']}", body=b"another part"),
        "UploadPartCopy": Case(200, key="upload", query=f"partNumber=2&uploadId={state['upload']}",
                               headers={"x-amz-copy-source": "box/source"}),
        "ListParts": Case(200, key="whole", query=f"uploadId={state['whole']}"),
        "CompleteMultipartUpload": Case(200, key="whole", query=f"uploadId={state['whole']}", body=parts),
        "AbortMultipartUpload": Case(204, key="upload", query=f"uploadId={state['upload']}"),
        "GetObjectRetention": Case(400, key="source", query="retention=", code="InvalidRequest"),
        "PutObjectRetention": refused("retention", "source"),
        "GetObjectLegalHold": Case(400, key="source", query="legal-hold=", code="InvalidRequest"),
        "PutObjectLegalHold": refused("legal-hold", "source"), "GetObjectTorrent": refused("torrent", "source"),
        **{f"{verb}ObjectAnnotation": refused("annotation=&annotationName", "source") for verb in ("Put", "Get", "Delete")},
        "ListObjectAnnotations": refused("annotation", "source"), "UpdateObjectEncryption": refused("encryption", "source"),
        "RestoreObject": refused("restore", "source"), "SelectObjectContent": refused("select", "source"),
    }
    return {name if isinstance(name, tuple) else (name, "service" if case.bucket is None else "object" if case.key else "container"): case
            for name, case in cases.items()}


def operations():
    """[(name, method, resource)] as the program prints its own table."""
    printed = subprocess.run([BINARY, "operations", "--protocol", "s3"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [tuple(line.split("\t")[1:4]) for line in printed.splitlines()]


# ---- what is there ----

def prepare(s3):
    """Some of everything that a request could change. Returns the ids."""
    for name in ("box", "kept", "empty"):
        expect(f"bucket {name}", s3.create_bucket(name), 200)
    expect("versioning", s3.set_versioning("kept", "Enabled"), 200)
    for body in (b"one", b"two"):
        expect("version", s3.put("kept", "key", body), 200)
    expect("marker", s3.delete("kept", "gone"), 204)
    for key in ("key", "source", "movable", "victim", "doomed"):
        expect(f"object {key}", s3.put("box", key, key.encode(), x_amz_tagging="a=1", x_amz_meta_a="b"), 200)
    expect("tags", s3.request("PUT", "/box", "tagging=", TAGS.replace(b"new", b"old")), 200)
    expect("cors", s3.request("PUT", "/box", "cors=", CORS.replace(b"*", b"http://x")), 200)
    state = {name: s3.create_upload("box", name) for name in ("upload", "whole")}
    state["etag"] = s3.upload_part("box", "whole", state["whole"], 1, b"the only part")["ETag"].strip('"')
    expect("part", s3.upload_part("box", "upload", state["upload"], 1, b"a part"), 200)
    return state


def snapshot(s3):
    """Everything that the account can see, as text."""
    def get(path, query):
        answer = s3.request("GET", path, query)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in ("date", "x-amz-request-id", "x-amz-id-2")}
        return path, query, answer.status, kept, answer.body if answer.status < 400 else answer.code
    buckets = get("/", "")
    seen = [buckets]
    for name in s3.request("GET", "/").all("Buckets/Bucket/Name"):
        path = S3.path(name)
        seen += [get(path, query) for query in ("versions=", "uploads=", "acl=", "tagging=", "cors=", "versioning=", "location=", "publicAccessBlock=",
                                         "ownershipControls=")]
        listing = s3.request("GET", path, "versions=")
        for version in listing.xml.findall("Version"):
            query = f"versionId={version.findtext('VersionId')}"
            seen += [get(S3.path(name, version.findtext("Key")), f"{setting_}{query}") for setting_ in ("", "tagging=&", "acl=&")]
        for upload in s3.request("GET", path, "uploads=").xml.findall("Upload"):
            seen.append(get(S3.path(name, upload.findtext("Key")), f"uploadId={upload.findtext('UploadId')}"))
    return seen


# ---- everything that must be refused ----

def plain(s3, method, case, **how):
    return s3.request(method, case.path, case.query, case.body, case.headers, **how)


def asked(s3, method, case):
    """As its operation is asked for: signed in the header, or by the form that it is."""
    if case.form is None:
        return plain(s3, method, case)
    return s3.post_form(case.bucket, case.form if s3.access is None else s3.form(case.bucket, case.form), b"posted")


def presigned(s3, method, case, sign_method=None, sign_path=None, send_query="", **how):
    """A signed URL, used as `method` on the case's path."""
    signed = s3.presign(sign_method or method, sign_path or case.path, case.query, headers=case.headers, **how)
    headers = {**case.headers, "Content-Length": str(len(case.body))} if case.body or method in ("PUT", "POST") else case.headers
    return s3.send(method, case.path + "?" + signed.partition("?")[2] + send_query, headers, case.body or None)


def used(s3, method, case, target):
    """A signed URL as the case's request."""
    headers = {**case.headers, "Content-Length": str(len(case.body))} if case.body or method in ("PUT", "POST") else case.headers
    return s3.send(method, target, headers, case.body or None)


def presigned_v2(s3, method, case, sign_method=None, sign_path=None, change=lambda target: target, **how):
    """A URL signed by Version 2, used as `method` on the case's path."""
    signed = s3.presign_v2(sign_method or method, sign_path or case.path, case.query, headers=case.headers, **how)
    return used(s3, method, case, change(case.path + "?" + signed.partition("?")[2]))


def signed_v2(s3, method, case):
    """Version 2 in the Authorization header: not taken, good or bad."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
    signature = signature_v2(s3.secret, method, date, case.headers, case.path)
    return used(s3, method, dataclasses.replace(case, headers={**case.headers, "Date": date, "Authorization": f"AWS {s3.access}:{signature}"}),
                case.path + ("?" + case.query if case.query else ""))


def v2_takes(case):
    """Version 2 signs some parameters, and its URLs are refused with others, but for what shapes a listing."""
    return all(part.partition("=")[0] in SUB_RESOURCES | {"list-type"} for part in case.query.split("&") if part)


def with_header(name, value):
    return lambda method, target, headers, body: (method, target, {**headers, name: value}, body)


def with_query(text):
    return lambda method, target, headers, body: (method, target + ("&" if "?" in target else "?") + text, headers, body)


def instead(old, new):
    return lambda method, target, headers, body: (method, target.replace(old, new), headers, body)


def credentials(endpoint, tls):
    """(what, status, code, how to send it): for every operation."""
    full, day = S3(endpoint, "full", SECRET, tls=tls), 86400
    client = lambda access, secret: S3(endpoint, access, secret, tls=tls)  # noqa: E731
    anonymous, unknown, wrong = client(None, None), client("nobody", SECRET), client("full", "wrong")
    other = {"GET": "PUT"}
    yesterday = time.strftime("%Y%m%d", time.gmtime(time.time() - day))
    mismatch, malformed = (403, "SignatureDoesNotMatch"), (403, "AuthorizationHeaderMalformed")
    probe = {"x-amz-meta-probe": "a"}
    return [
        ("no credentials", 403, "AccessDenied", lambda m, c: plain(anonymous, m, c)),
        ("unknown access key", 403, "InvalidAccessKeyId", lambda m, c: plain(unknown, m, c)),
        ("unknown access key in a URL", 403, "InvalidAccessKeyId", lambda m, c: presigned(unknown, m, c)),
        ("wrong secret", *mismatch, lambda m, c: plain(wrong, m, c)),
        ("wrong secret in a URL", *mismatch, lambda m, c: presigned(wrong, m, c)),
        ("expired URL", 403, "AccessDenied", lambda m, c: presigned(full, m, c, at=time.time() - 600, expires=300)),
        ("URL of another day", 403, "AccessDenied", lambda m, c: presigned(full, m, c, at=time.time() - 8 * day, expires=604800)),
        ("URL from the future", 403, "AccessDenied", lambda m, c: presigned(full, m, c, at=time.time() + day)),
        ("URL with more time than was signed", *mismatch,
         lambda m, c: presigned_altered(full, m, c, "X-Amz-Expires=300", "X-Amz-Expires=3000")),
        ("URL for another method", *mismatch, lambda m, c: presigned(full, m, c, sign_method=other.get(m, "GET"))),
        ("URL for another key", *mismatch, lambda m, c: presigned(full, m, c, sign_path=c.path.rstrip("/") + "/other")),
        ("URL and one parameter more", *mismatch, lambda m, c: presigned(full, m, c, send_query="&response-expires=x")),
        ("altered signed header", *mismatch,
         lambda m, c: full.request(m, c.path, c.query, c.body, {**c.headers, **probe}, alter=with_header("x-amz-meta-probe", "b"))),
        ("header that is not signed", 403, "AccessDenied", lambda m, c: plain(full, m, c, alter=with_header("x-amz-meta-probe", "b"))),
        ("host of another", *mismatch, lambda m, c: plain(full, m, c, alter=with_header("Host", "elsewhere.example"))),
        ("altered query", *mismatch, lambda m, c: full.request(m, c.path, "&".join(filter(None, [c.query, "probe=a"])), c.body, c.headers,
                                                               alter=instead("probe=a", "probe=b"))),
        ("one parameter more", *mismatch, lambda m, c: plain(full, m, c, alter=with_query("versionId=null"))),
        ("altered path", *mismatch, lambda m, c: full.request(m, c.path.rstrip("/") + "/other", c.query, c.body, c.headers,
                                                              alter=instead(c.path.rstrip("/") + "/other", c.path))),
        ("signed for another method", *mismatch,
         lambda m, c: full.request(other.get(m, "GET"), c.path, c.query, c.body, c.headers, alter=lambda _, *rest: (m, *rest))),
        ("wrong region", *malformed, lambda m, c: plain(full, m, c, scope={"region": "eu-west-9"})),
        ("wrong region in a URL", 403, "AuthorizationQueryParametersError", lambda m, c: presigned(full, m, c, scope={"region": "eu-west-9"})),
        ("wrong service", *malformed, lambda m, c: plain(full, m, c, scope={"service": "ec2"})),
        ("wrong date in the scope", *malformed, lambda m, c: plain(full, m, c, scope={"date": yesterday})),
        ("clock behind", 403, "RequestTimeTooSkewed", lambda m, c: plain(full, m, c, at=time.time() - 1200)),
        ("clock ahead", 403, "RequestTimeTooSkewed", lambda m, c: plain(full, m, c, at=time.time() + 1200)),
        ("signature cut", 403, "SignatureDoesNotMatch", lambda m, c: plain(full, m, c, alter=spoil_authorization(lambda text: text[:-1]))),
        ("Authorization of another scheme", 400, "AuthorizationHeaderMalformed",
         lambda m, c: plain(full, m, c, alter=with_header("Authorization", "SharedKey full:abc"))),
        ("version 2, unknown access key", 403, "InvalidAccessKeyId", lambda m, c: presigned_v2(unknown, m, c)),
        ("version 2, wrong secret", *mismatch, lambda m, c: presigned_v2(wrong, m, c)),
        ("version 2, another secret of the account", *mismatch, lambda m, c: presigned_v2(client("full", READER), m, c)),
        ("version 2, expired", 403, "AccessDenied", lambda m, c: presigned_v2(full, m, c, at=time.time() - 600)),
        ("version 2, altered signature", *mismatch, lambda m, c: presigned_v2(
            full, m, c, change=lambda target: re.sub(r"Signature=(%..|.)", lambda found: "Signature=" + ("B" if found[1] == "A" else "A"), target))),
        ("version 2, more time than was signed", *mismatch, lambda m, c: presigned_v2(
            full, m, c, change=lambda target: re.sub(r"Expires=(\d+)", lambda found: f"Expires={int(found[1]) + 1}", target))),
        ("version 2, another access key than signed", *mismatch, lambda m, c: presigned_v2(
            full, m, c, change=lambda target: target.replace("AWSAccessKeyId=full", "AWSAccessKeyId=stranger"))),
        ("version 2, for another method", *mismatch, lambda m, c: presigned_v2(full, m, c, sign_method=other.get(m, "GET"))),
        ("version 2, for another key", *mismatch, lambda m, c: presigned_v2(full, m, c, sign_path=c.path.rstrip("/") + "/other")),
        ("version 2, one signed parameter more", *mismatch, lambda m, c: presigned_v2(full, m, c, change=lambda target: target + "&versionId=null")),
        ("version 2, a header more", *mismatch, lambda m, c: used(
            full, m, dataclasses.replace(c, headers={**c.headers, **probe}), full.presign_v2(m, c.path, c.query, headers=c.headers))),
        ("version 2, one unsigned parameter more", 400, "AuthorizationQueryParametersError",
         lambda m, c: presigned_v2(full, m, c, change=lambda target: target + "&encryption")),
        ("version 2, no expiry", 400, "AuthorizationQueryParametersError",
         lambda m, c: presigned_v2(full, m, c, change=lambda target: re.sub(r"&Expires=\d+", "", target))),
        ("version 2 in a header", 400, "InvalidRequest", lambda m, c: signed_v2(full, m, c)),
        ("session token", 400, "InvalidToken", lambda m, c: full.request(m, c.path, c.query, c.body, {**c.headers, "x-amz-security-token": "t"})),
    ]


def presigned_altered(s3, method, case, old, new):
    target = s3.presign(method, case.path, case.query, headers=case.headers).replace(old, new)
    headers = {**case.headers, "Content-Length": str(len(case.body))} if case.body or method in ("PUT", "POST") else case.headers
    return s3.send(method, target, headers, case.body or None)


def spoil_authorization(change):
    return lambda method, target, headers, body: (method, target, {**headers, "Authorization": change(headers["Authorization"])}, body)


def spoil_data(case):
    """One byte of the case's body."""
    return lambda body: body.replace(case.body[:8], b"#" + case.body[1:8])


def bodies(s3):
    """Likewise, for operations that take a body."""
    crc = lambda body: ("x-amz-checksum-crc64nvme", checksum("crc64nvme", body))  # noqa: E731

    def chunked(method, case, **how):
        return s3.chunked(case.path, [case.body], case.query, case.headers, method=method, **how)
    cut = lambda body: body[:len(body) // 2]  # noqa: E731
    mismatch = (403, "SignatureDoesNotMatch")
    return [
        ("altered payload", 400, "XAmzContentSHA256Mismatch",
         lambda m, c: plain(s3, m, c, alter=lambda method, target, headers, body: (method, target, headers, b"#" + body[1:]))),
        ("altered chunk", *mismatch, lambda m, c: chunked(m, c, spoil=spoil_data(c))),
        ("altered chunk before a trailer", *mismatch,
         lambda m, c: chunked(m, c, payload=CHUNKS_TRAILER, trailer=crc(c.body), spoil=spoil_data(c))),
        ("altered signed trailer", *mismatch, lambda m, c: chunked(m, c, payload=CHUNKS_TRAILER, trailer=crc(c.body), spoil=lambda body: body.replace(
            crc(c.body)[1].encode(), crc(b"x")[1].encode()))),
        ("altered chunk, unsigned trailer", 400, "BadDigest",
         lambda m, c: chunked(m, c, payload=CHUNKS_UNSIGNED_TRAILER, trailer=crc(c.body), spoil=spoil_data(c))),
        ("wrong checksum in an unsigned trailer", 400, "BadDigest",
         lambda m, c: chunked(m, c, payload=CHUNKS_UNSIGNED_TRAILER, trailer=crc(b"x"))),
        ("chunks that break off", 400, "IncompleteBody", lambda m, c: chunked(m, c, spoil=cut)),
        ("no last chunk", 400, "IncompleteBody", lambda m, c: chunked(m, c, spoil=lambda body: body[:body.rindex(b"0;chunk-signature")])),
        ("unsigned chunks that break off", 400, "IncompleteBody",
         lambda m, c: chunked(m, c, payload=CHUNKS_UNSIGNED_TRAILER, trailer=crc(c.body), spoil=cut)),
        ("fewer bytes than announced", 400, "IncompleteBody", lambda m, c: chunked(m, c, length=len(c.body) + 1)),
        ("more bytes than announced", 400, "IncompleteBody", lambda m, c: chunked(m, c, length=len(c.body) - 1)),
        ("chunks without their length", 411, "MissingContentLength", lambda m, c: chunked(m, c, length="")),
        ("altered chunk signature", *mismatch, lambda m, c: chunked(m, c, spoil=lambda body: re.sub(
            rb"(chunk-signature=)(\w)(\w+)", rb"\1\3\2", body, count=1))),
        ("altered last chunk signature", *mismatch, lambda m, c: chunked(m, c, spoil=lambda body: re.sub(
            rb"(0;chunk-signature=)(\w)(\w+)\r\n\r\n$", rb"\1\3\2\r\n\r\n", body))),
    ]


def forms(endpoint, tls):
    """Likewise, for what is signed by a form."""
    client = lambda access, secret: S3(endpoint, access, secret, tls=tls)  # noqa: E731
    full, unknown, wrong, day = client("full", SECRET), client("nobody", SECRET), client("full", "wrong"), 86400
    mismatch, denied = (403, "SignatureDoesNotMatch"), (403, "AccessDenied")

    def post(case, s3=full, change=lambda pairs: pairs, file=b"posted", fields=None, **how):
        return full.post_form(case.bucket, change(s3.form(case.bucket, case.form if fields is None else fields, **how)), file)

    def to(name, value):
        return lambda pairs: [(key, value(old) if key == name and callable(value) else value if key == name else old) for key, old in pairs]

    def without(*names):
        return lambda pairs: [pair for pair in pairs if pair[0] not in names]
    flip = lambda text: ("B" if text[0] == "A" else "A") + text[1:]  # noqa: E731
    both = []
    for version, signature in ((4, "x-amz-signature"), (2, "signature")):
        both += [(f"form of version {version}, {what}", *rest) for what, *rest in (
            ("unknown access key", 403, "InvalidAccessKeyId", lambda m, c, v=version: post(c, unknown, version=v)),
            ("wrong secret", *mismatch, lambda m, c, v=version: post(c, wrong, version=v)),
            ("expired", *denied, lambda m, c, v=version: post(c, at=time.time() - 600, version=v)),
            ("altered policy", *mismatch, lambda m, c, v=version: post(c, change=to("policy", flip), version=v)),
            ("policy with a byte more", *mismatch, lambda m, c, v=version: post(c, change=to("policy", lambda text: text + "A"), version=v)),
            ("altered signature", *mismatch, lambda m, c, v=version, s=signature: post(c, change=to(s, flip), version=v)),
            ("empty signature", *mismatch, lambda m, c, v=version, s=signature: post(c, change=to(s, ""), version=v)),
            ("no signature", 400, "InvalidArgument", lambda m, c, v=version, s=signature: post(c, change=without(s), version=v)),
            ("no policy", 400, "InvalidArgument", lambda m, c, v=version: post(c, change=without("policy"), version=v)),
            ("for another bucket", *denied, lambda m, c, v=version: post(c, change=lambda _: full.form("kept", c.form, version=v))),
            ("another key than signed", *denied, lambda m, c, v=version: post(c, change=to("key", "other"), version=v)),
            ("another value than signed", *denied, lambda m, c, v=version: post(c, change=to("x-amz-meta-a", "c"), version=v)),
            ("a field more", *denied, lambda m, c, v=version: post(c, change=lambda pairs: [("acl", "public-read"), *pairs], version=v)),
            ("a field less", *denied, lambda m, c, v=version: post(c, change=without("x-amz-meta-a"), version=v)),
            ("a field again", 400, "InvalidArgument", lambda m, c, v=version: post(c, change=lambda pairs: [*pairs, ("key", "other")], version=v)),
            ("session token", 400, "InvalidToken", lambda m, c, v=version: post(c, change=lambda pairs: [*pairs, ("x-amz-security-token", "t")], version=v)),
            ("smaller than signed", 400, "EntityTooSmall", lambda m, c, v=version: post(
                c, conditions=[{name: value} for name, value in c.form] + [["content-length-range", 7, 9]], version=v)),
            ("larger than signed", 400, "EntityTooLarge", lambda m, c, v=version: post(
                c, conditions=[{name: value} for name, value in c.form] + [["content-length-range", 1, 5]], version=v)),
            ("no conditions", *denied, lambda m, c, v=version: post(c, conditions=[], version=v)),
            ("a policy that is none", 400, "InvalidPolicyDocument", lambda m, c, v=version: post(c, policy="{}", version=v)),
        )]
    return both + [
        ("form without credentials", *denied, lambda m, c: full.post_form(c.bucket, c.form, b"posted")),
        ("form signed for another region", 403, "AuthorizationHeaderMalformed", lambda m, c: post(c, scope={"region": "eu-west-9"})),
        ("form signed for another service", 403, "AuthorizationHeaderMalformed", lambda m, c: post(c, scope={"service": "ec2"})),
        ("form of another day than its key", 403, "AuthorizationHeaderMalformed", lambda m, c: post(c, scope={"date": "20130524"})),
        ("form from the future", *denied, lambda m, c: post(c, at=time.time() + day)),
        ("form with a key of last week", *denied, lambda m, c: post(c, at=time.time() - 8 * day, expires=9 * day)),
        ("form, and a signed header", 400, "InvalidArgument", lambda m, c: plain(full, m, c)),
        ("form, and a signed URL", 400, "InvalidArgument", lambda m, c: presigned(full, m, c)),
        ("form, and a URL signed by version 2", 400, "InvalidArgument", lambda m, c: presigned_v2(full, m, c)),
        ("signed form, and a signed header", 400, "InvalidArgument", lambda m, c: plain(full, m, dataclasses.replace(
            c, body=multipart(full.form(c.bucket, c.form), b"posted")))),
    ]


# What a case is asked with where another account's key could rightly do the same to its own.
STRANGERS = {"ListBuckets": None, "CreateBucket": Case(409, bucket="box", code="BucketAlreadyExists")}


def foreign(name, method, case, stranger):
    if name == "ListBuckets":
        check("another account's buckets are its own", plain(stranger, method, case).all("Buckets/Bucket/Name") == [])
    elif name in STRANGERS:
        expect(f"{name}: another account's key", plain(stranger, method, STRANGERS[name]), STRANGERS[name].status, STRANGERS[name].code)
    else:
        expect(f"{name}: another account's key", asked(stranger, method, case), 403, "AccessDenied")


def only_reads(name, method):
    return method in ("GET", "HEAD") or name == "SelectObjectContent"


def refusals(full, endpoint, tls, rows, cases):
    reader, stranger = S3(endpoint, "reader", READER, tls=tls), S3(endpoint, "stranger", STRANGER, tls=tls)
    sent, before = 0, snapshot(full)
    with_bodies = bodies(full)
    always = credentials(endpoint, tls)
    for name, method, resource in rows:
        case = cases[name, resource]
        if name == "CORS preflight":  # a browser asks without credentials; it learns the rules, and that is all
            expect("preflight without credentials", plain(S3(endpoint, None, tls=tls), method, case), 200)
            continue
        for what, status, code, send in always + (forms(endpoint, tls) if case.form else []):
            if what.startswith("version 2, ") and not v2_takes(case):
                status, code = 400, "AuthorizationQueryParametersError"
            expect(f"{name}: {what}", send(method, case), status, code)
        foreign(name, method, case, stranger)
        if not only_reads(name, method):
            expect(f"{name}: read-only key", asked(reader, method, case), 403, "AccessDenied")
            if v2_takes(case) and case.form is None:
                expect(f"{name}: read-only key in a URL of version 2", presigned_v2(reader, method, case), 403, "AccessDenied")
        sent += len(always) + 2
        if case.body and case.status < 300 and case.form is None:
            for what, status, code, send in with_bodies:
                if name == "CompleteMultipartUpload" and "trailer" in what and "altered chunk before" not in what:
                    status, code = 400, "MalformedTrailerError"  # its checksums are about the object, so a trailer is one too many
                expect(f"{name}: {what}", send(method, case), status, code)
            sent += len(with_bodies)
        after = snapshot(full)
        check(f"{name}: no trace", before == after, [pair for pair in zip(before, after) if pair[0] != pair[1]][:2])
        before = after
    return sent


# ---- everything that must work ----

def reading(endpoint, tls, rows, cases):
    reader = S3(endpoint, "reader", READER, tls=tls)
    for name, method, resource in rows:
        if only_reads(name, method):
            case = cases[name, resource]
            expect(f"{name}: read-only key works", plain(reader, method, case), case.status, case.code)
            expect(f"{name}: read-only key works in a URL", presigned(reader, method, case), case.status, case.code)
            if v2_takes(case):
                expect(f"{name}: read-only key works in a URL of version 2", presigned_v2(reader, method, case), case.status, case.code)
    reader.close()


# Its own request in a table where the ones before have changed things.
LAST = ("DeleteBucketTagging", "DeleteBucketCors", "RenameObject", "CompleteMultipartUpload", "AbortMultipartUpload", "DeleteObjectTagging")


def owning(full, rows, cases):
    for name, method, resource in sorted(rows, key=lambda row: row[0] in LAST):
        case = cases[name, resource]
        if case.status == 200 and method == "PUT" and v2_takes(case) and name not in LAST:  # what can be done twice
            expect(f"{name}: full key works in a URL of version 2", presigned_v2(full, method, case), case.status, case.code)
        expect(f"{name}: full key works", asked(full, method, case), case.status, case.code)


def grants(full, endpoint, tls, rows, cases):
    """Canned ACLs, to nobody and to somebody from another account: exactly what is documented for READ and WRITE of a bucket and READ of an
    object ("Access control list (ACL) overview", mapping of permissions), and nothing of it without them."""
    anonymous, stranger = S3(endpoint, None, tls=tls), S3(endpoint, "stranger", STRANGER, tls=tls)
    bucket_read = {"HeadBucket", "ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"}
    object_read = {"GetObject", "HeadObject", "GetObjectTorrent", "SelectObjectContent"}
    bucket_write = {"PutObject", "PostObject", "DeleteObject", "DeleteObjects", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"}
    copies = {"CopyObject", "UploadPartCopy"}  # a write, and a read of the source

    def allowed(name, bucket_acl, object_acl, authenticated):
        reads = {"public-read", "public-read-write"} | ({"authenticated-read"} if authenticated else set())
        if name in bucket_read:
            return bucket_acl in reads
        if name in bucket_write or name in copies:
            return bucket_acl == "public-read-write" and (name in bucket_write or object_acl in reads)
        return name == "CORS preflight" or (name in object_read and object_acl in reads)
    for bucket_acl in ("private", "public-read", "authenticated-read", "public-read-write"):
        for object_acl in ("private", "public-read", "authenticated-read"):
            restore(full, bucket_acl, object_acl)
            state = {"upload": full.create_upload("box", "upload"), "whole": full.create_upload("box", "whole")}
            state["etag"] = full.upload_part("box", "whole", state["whole"], 1, b"the only part")["ETag"].strip('"')
            current = table(state)
            for who, client in (("nobody", anonymous), ("another account", stranger)):
                for name, method, resource in rows:
                    case = current[name, resource]
                    if name in ("ListBuckets", "CreateBucket", "DeleteBucket", "PutBucketVersioning"):
                        continue
                    may = allowed(name, bucket_acl, object_acl, client is stranger)
                    answer = asked(client, method, case)
                    what = f"{name}, {bucket_acl} bucket, {object_acl} object, {who}"
                    if may and name == "CompleteMultipartUpload" and client is stranger:
                        expect(what, answer, 404 if answer.code == "NoSuchUpload" else 200)  # completed by nobody before
                    elif may:
                        expect(what, answer, case.status, case.code)
                    else:
                        expect(what, answer, 403, "AccessDenied")
                    if may and case.key in ("source", "victim") and method in ("PUT", "DELETE"):
                        restore(full, bucket_acl, object_acl)
            full.delete("box", "upload", f"uploadId={state['upload']}")
            full.delete("box", "whole", f"uploadId={state['whole']}")
    versions_stay(full, anonymous)


def restore(full, bucket_acl, object_acl):
    expect("bucket's ACL", full.request("PUT", "/box", "acl=", headers={"x-amz-acl": bucket_acl}), 200)
    expect("bucket's CORS", full.request("PUT", "/box", "cors=", CORS), 200)
    for key in ("source", "movable", "victim", "doomed"):
        expect("object's ACL", full.put("box", key, key.encode(), x_amz_acl=object_acl, x_amz_tagging="a=1"), 200)


def versions_stay(full, anonymous):
    """WRITE of a bucket makes and covers objects; versions are removed by the bucket's owner only."""
    full.set_versioning("kept", "Enabled")
    version = full.put("kept", "old", b"old")["x-amz-version-id"]
    expect("bucket's ACL", full.request("PUT", "/kept", "acl=", headers={"x-amz-acl": "public-read-write"}), 200)
    expect("nobody removes a version", anonymous.delete("kept", "old", f"versionId={version}"), 403, "AccessDenied")
    body = f"<Delete><Object><Key>old</Key><VersionId>{version}</VersionId></Object></Delete>".encode()
    answer = anonymous.request("POST", "/kept", "delete=", body, {"Content-MD5": md5_base64(body)})
    check("nor among many", answer.status == 200 and answer.find("Error/Code") == "AccessDenied", answer.body)
    expect("it is there", full.get("kept", "old", f"versionId={version}"), 200)
    expect("a marker may be put over it", anonymous.delete("kept", "old"), 204)


# ---- all of it ----

def certificate(folder):
    """Flags and context for HTTPS; None where the program has no settings for it."""
    if "--tls-cert" not in subprocess.run([BINARY, "serve", "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout:
        return None
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return ["--tls-cert", cert, "--tls-key", key], ssl.create_default_context(cafile=cert)


def run(folder, flags, tls):
    rows = operations()
    with Server(folder, *FLAGS, *flags, log=sys.stderr) as server:
        full = S3(server.s3, "full", SECRET, tls=tls)
        state = prepare(full)
        cases = table(state)
        have, need = set(cases), {(name, resource) for name, _, resource in rows}
        check("every row of the table has a request here, and no other", have == need, have ^ need)
        if have != need:
            return 0
        sent = refusals(full, server.s3, tls, rows, cases)
        reading(server.s3, tls, rows, cases)
        owning(full, rows, cases)
        grants(full, server.s3, tls, rows, cases)
        full.close()
        server.stop()
        check("fsck is clean", server.fsck() == 0)
        server.start()
    return sent


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-s3-access-") as folder:
        sent = run(os.path.join(folder, "plain"), [], None)
        secured = certificate(folder)
        if secured is not None:
            sent += run(os.path.join(folder, "tls"), *secured)
    print(f"s3 access: {sent} refused requests; {passed} passed, {failed} failed" + ("" if secured else "; no settings for HTTPS, so without it"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
