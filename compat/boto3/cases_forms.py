"""Forms that browsers post: signed by generate_presigned_post, sent by requests."""
import io
import os
import time
import xml.etree.ElementTree as ElementTree

import requests

MIB = 1 << 20


def post(signed, content, filename="file.txt", **fields):
    return requests.post(signed["url"], data={**signed["fields"], **fields}, files={"file": (filename, content)}, allow_redirects=False,
                         verify=os.environ.get("AWS_CA_BUNDLE") or True, timeout=60)


def code(answer):
    return answer.status_code, ElementTree.fromstring(answer.content).findtext("Code") if answer.content else ""


def forms(h):
    c, bucket = h.counts, h.bucket("forms")
    old = h.client_at(os.environ["AWS_ENDPOINT_URL"], config={"signature_version": "s3"})
    for what, s3 in (("version 4", h.client), ("version 2", old)):
        for key in ("plain", "dir/a+b %ü#", "quote'\"&<>"):
            content = h.bytes(70_000)
            answer = post(s3.generate_presigned_post(bucket, key), content)
            c.equal(f"{what}: {key}", (answer.status_code, answer.content, answer.headers["ETag"]), (204, b"", h.client.head_object(Bucket=bucket, Key=key)["ETag"]))
            c.true(f"{what}: {key}: the bytes", h.read(bucket, key) == content)
        signed = s3.generate_presigned_post(bucket, "refused")
        c.equal(f"{what}: a field without a condition", code(post(signed, b"x", acl="public-read")), (403, "AccessDenied"))
        c.equal(f"{what}: another key", code(post(signed, b"x", key="other")), (403, "AccessDenied"))
        c.equal(f"{what}: another policy", code(post(signed, b"x", policy=s3.generate_presigned_post(bucket, "other")["fields"]["policy"])), (403, "SignatureDoesNotMatch"))
        short = s3.generate_presigned_post(bucket, "refused", ExpiresIn=1)
        time.sleep(2.1)
        c.equal(f"{what}: expired", code(post(short, b"x")), (403, "AccessDenied"))
    answer = post(h.client.generate_presigned_post(bucket, "uploads/${filename}"), b"named", filename="ünï cödé.txt")
    c.equal("the file's own name", (answer.status_code, h.read(bucket, "uploads/ünï cödé.txt")), (204, b"named"))
    h.refused("nothing came of what was refused", 404, "404", h.client.head_object, Bucket=bucket, Key="refused")
    h.refused("nor under another name", 404, "404", h.client.head_object, Bucket=bucket, Key="other")


def fields_and_conditions(h):
    c, s3, bucket = h.counts, h.client, h.bucket("fields")
    fields = {"Content-Type": "text/x-form", "Cache-Control": "no-cache", "x-amz-meta-one": "1", "x-amz-storage-class": "STANDARD_IA", "success_action_status": "201",
              "tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"}
    conditions = [{name: value} for name, value in fields.items()] + [["content-length-range", 1, 10 * MIB]]
    signed = s3.generate_presigned_post(bucket, "key", fields, conditions)
    content = h.bytes(7 * MIB + 1)
    answer = post(signed, io.BytesIO(content))
    document = ElementTree.fromstring(answer.content)
    c.equal("201 and its document", (answer.status_code, document.tag, document.findtext("Bucket"), document.findtext("Key"), document.findtext("ETag")),
            (201, "PostResponse", bucket, "key", answer.headers["ETag"]))
    c.equal("Location", document.findtext("Location"), f"{os.environ['AWS_ENDPOINT_URL']}/{bucket}/key")
    head = s3.head_object(Bucket=bucket, Key="key")
    c.equal("what the fields say", [head[name] for name in ("ContentType", "CacheControl", "Metadata", "StorageClass", "ContentLength")], ["text/x-form", "no-cache", {"one": "1"}, "STANDARD_IA", len(content)])
    c.equal("tags", s3.get_object_tagging(Bucket=bucket, Key="key")["TagSet"], [{"Key": "a", "Value": "b"}])
    c.true("the bytes", h.read(bucket, "key") == content)
    c.equal("an empty file", code(post(signed, b"")), (400, "EntityTooSmall"))
    c.equal("a file that is too large", code(post(signed, h.bytes(10 * MIB + 1))), (400, "EntityTooLarge"))
    c.true("what was there stays", h.read(bucket, "key") == content)
    done = {"success_action_redirect": "http://app.test/done"}
    answer = post(s3.generate_presigned_post(bucket, "redirected", done, [done]), b"x")
    c.equal("the page to go on to", (answer.status_code, answer.headers["Location"].split("&etag")[0]), (303, f"http://app.test/done?bucket={bucket}&key=redirected"))
    signed = s3.generate_presigned_post(bucket, "typed", {"Content-Type": "image/png"}, [["starts-with", "$Content-Type", "image/"]])
    c.equal("a type of the kind", post(signed, b"x", **{"Content-Type": "image/gif"}).status_code, 204)
    c.equal("a type of another kind", code(post(signed, b"x", **{"Content-Type": "text/html"})), (403, "AccessDenied"))


SECTIONS = [("forms", forms), ("fields and conditions of forms", fields_and_conditions)]
