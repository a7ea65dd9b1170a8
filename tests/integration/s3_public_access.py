#!/usr/bin/env python3
"""PublicAccessBlock and OwnershipControls over S3: kept, shown, and really heeded, against the real program: the documented service is the oracle."""
import base64
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import Client, Server  # noqa: E402
from s3client import S3  # noqa: E402

BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
PUBLIC = ("public-read", "public-read-write", "authenticated-read")
OWNERS = "bucket-owner-full-control"
passed = failed = 0


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail!r}", flush=True)


def expect(what, answer, status, code=None):
    check(what, answer.status == status and (not answer.body or answer.code == code), answer)
    return answer


def block(*names):
    return ("<PublicAccessBlockConfiguration>" + "".join(f"<{name}>true</{name}>" for name in names) + "</PublicAccessBlockConfiguration>").encode()


def ownership(value):
    return f"<OwnershipControls><Rule><ObjectOwnership>{value}</ObjectOwnership></Rule></OwnershipControls>".encode()


def set_block(s3, *names):
    expect(f"block {names}", s3.request("PUT", "/box", "publicAccessBlock=", block(*names)), 200)


def acl_document(everybody):
    grants = f"<Grant><Grantee xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='CanonicalUser'><ID>main</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>"
    if everybody:
        grants += ("<Grant><Grantee xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='Group'><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee>"
                   "<Permission>READ</Permission></Grant>")
    return f"<AccessControlPolicy><Owner><ID>main</ID></Owner><AccessControlList>{grants}</AccessControlList></AccessControlPolicy>".encode()


def ways_to_put(s3, canned):
    """(what, answer) for every way in which a list may be put."""
    yield "PutObject", s3.put("box", "new", b"x", x_amz_acl=canned)
    yield "CopyObject", s3.copy("box", "new", "box/there", x_amz_acl=canned)
    created = s3.post("box", "new", "uploads=", x_amz_acl=canned)
    yield "CreateMultipartUpload", created
    if created.status == 200:
        s3.delete("box", "new", f"uploadId={created.find('UploadId')}")
    yield "PostObject", s3.post_form("box", s3.form("box", [("key", "new"), ("acl", canned)]), b"x")
    yield "PutObjectAcl", s3.request("PUT", "/box/there", "acl=", headers={"x-amz-acl": canned})
    yield "PutBucketAcl", s3.request("PUT", "/box", "acl=", headers={"x-amz-acl": canned})


def documents(s3):
    for query, good, code in (("publicAccessBlock=", block(*BLOCKS), "NoSuchPublicAccessBlockConfiguration"),
                              ("ownershipControls=", ownership("BucketOwnerPreferred"), "OwnershipControlsNotFoundError")):
        expect(f"{query} none", s3.request("GET", "/box", query), 404, code)
        expect(f"{query} put", s3.request("PUT", "/box", query, good), 200)
        root = good.decode().partition(">")[0][1:]
        for what, body in (("other root", b"<Any/>"), ("not XML", b"<"), ("something else in it", good.replace(f"</{root}>".encode(), f"<X>1</X></{root}>".encode())),
                           ("another value", good.replace(b"true", b"maybe").replace(b"BucketOwnerPreferred", b"Everybody"))):
            expect(f"{query} {what}", s3.request("PUT", "/box", query, body), 400, "MalformedXML")
        expect(f"{query} nothing", s3.request("PUT", "/box", query), 400, "MissingRequestBodyError")
        expect(f"{query} of no bucket", s3.request("PUT", "/none", query, good), 404, "NoSuchBucket")
        check(f"{query} stays", s3.request("GET", "/box", query).status == 200)
        expect(f"{query} removed", s3.request("DELETE", "/box", query), 204)
        expect(f"{query} removed again", s3.request("DELETE", "/box", query), 204)
        expect(f"{query} gone", s3.request("GET", "/box", query), 404, code)
    for names in ((), BLOCKS[:1], BLOCKS[1:3], BLOCKS):
        set_block(s3, *names)
        answer = s3.request("GET", "/box", "publicAccessBlock=")
        check(f"block {names}: shown", [answer.find(name) for name in BLOCKS] == ["true" if name in names else "false" for name in BLOCKS], answer.body)
    twice = block(*BLOCKS).replace(b"<Block", b"<BlockPublicAcls>false</BlockPublicAcls><Block", 1)
    expect("block: one twice", s3.request("PUT", "/box", "publicAccessBlock=", twice), 400, "MalformedXML")
    expect("block removed", s3.request("DELETE", "/box", "publicAccessBlock="), 204)
    two = ownership("BucketOwnerPreferred").replace(b"</Rule>", b"</Rule><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>")
    for what, body in (("two rules", two), ("no rule", b"<OwnershipControls></OwnershipControls>"), ("an empty rule", b"<OwnershipControls><Rule></Rule></OwnershipControls>")):
        expect(f"ownership: {what}", s3.request("PUT", "/box", "ownershipControls=", body), 400, "MalformedXML")
    expect("ownership: objects are never the writer's", s3.request("PUT", "/box", "ownershipControls=", ownership("ObjectWriter")), 501, "NotImplemented")


def blocking(s3):
    set_block(s3, "BlockPublicAcls")
    for canned in PUBLIC:
        for what, answer in ways_to_put(s3, canned):
            expect(f"BlockPublicAcls: {what} {canned}", answer, 403, "AccessDenied")
    expect("BlockPublicAcls: a document", s3.request("PUT", "/box", "acl=", acl_document(True)), 403, "AccessDenied")
    for canned in ("private", OWNERS, "bucket-owner-read"):
        for what, answer in ways_to_put(s3, canned):
            check(f"BlockPublicAcls: {what} {canned}", answer.status in (200, 204), answer)
    expect("BlockPublicAcls: a document of the owner's", s3.request("PUT", "/box", "acl=", acl_document(False)), 200)
    for names in ((), BLOCKS[1:]):
        set_block(s3, *names)
        for canned in PUBLIC:
            for what, answer in ways_to_put(s3, canned):
                check(f"without it: {what} {canned}", answer.status in (200, 204), answer)


def ignoring(s3, nobody, stranger, blob):
    def what_is_open(client):
        return {"read": client.get("box", "open").status == 200, "list": client.request("GET", "/box", "list-type=2").status == 200,
                "write": client.put("box", "written", b"x").status == 200, "copy": stranger.copy("own", "copy", "box/open").status == 200,
                "form": client.post_form("box", [("key", "written")] if client is nobody else client.form("box", [("key", "written")]), b"x").status == 204}
    everything, nothing = dict.fromkeys(("read", "list", "write", "copy", "form"), True), dict.fromkeys(("read", "list", "write", "copy", "form"), False)
    expect("removed", s3.request("DELETE", "/box", "publicAccessBlock="), 204)
    expect("public bucket", s3.request("PUT", "/box", "acl=", headers={"x-amz-acl": "public-read-write"}), 200)
    expect("public object", s3.put("box", "open", b"open", x_amz_acl="public-read"), 200)
    for who, client in (("nobody", nobody), ("another account", stranger)):
        check(f"{who}: all is open", what_is_open(client) == everything, what_is_open(client))
        set_block(s3, "IgnorePublicAcls")
        check(f"{who}: nothing is open", what_is_open(client) == nothing, what_is_open(client))
        set_block(s3, "BlockPublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        check(f"{who}: what was public stays so", what_is_open(client) == everything, what_is_open(client))
    set_block(s3, "IgnorePublicAcls")
    check("the owner reads and writes", s3.get("box", "open").body == b"open" and s3.put("box", "open", b"open", x_amz_acl="public-read").status == 200)
    check("the lists are still there", len(s3.request("GET", "/box", "acl=").all("AccessControlList/Grant")) == 3)
    expect("what Blob made public", s3.request("DELETE", "/box", "publicAccessBlock="), 204)
    expect("no list", s3.request("PUT", "/box", "acl=", headers={"x-amz-acl": "private"}), 200)
    answer = blob.request("PUT", "/box", "restype=container&comp=acl", headers={"x-ms-blob-public-access": "container"})
    check("Blob makes it public", answer.status == 200, answer)
    check("and so it is over S3", nobody.get("box", "written").status == 200 and nobody.request("GET", "/box").status == 200)
    set_block(s3, "IgnorePublicAcls")
    check("but not with the block", nobody.get("box", "written").status == 403 and nobody.request("GET", "/box").status == 403)
    blob.request("PUT", "/box", "restype=container&comp=acl")
    expect("removed", s3.request("DELETE", "/box", "publicAccessBlock="), 204)


def enforcing(s3, nobody):
    expect("public bucket", s3.request("PUT", "/box", "acl=", headers={"x-amz-acl": "public-read"}), 200)
    expect("not while the list gives to others", s3.request("PUT", "/box", "ownershipControls=", ownership("BucketOwnerEnforced")), 400,
           "InvalidBucketAclWithObjectOwnership")
    expect("private bucket", s3.request("PUT", "/box", "acl=", headers={"x-amz-acl": "private"}), 200)
    expect("public object", s3.put("box", "open", b"open", x_amz_acl="public-read"), 200)
    check("is public", nobody.get("box", "open").status == 200)
    expect("enforced", s3.request("PUT", "/box", "ownershipControls=", ownership("BucketOwnerEnforced")), 200)
    check("shown", s3.request("GET", "/box", "ownershipControls=").find("Rule/ObjectOwnership") == "BucketOwnerEnforced")
    check("the object's list means nothing", nobody.get("box", "open").status == 403)
    check("and shows the owner alone", len(s3.get("box", "open", "acl=").all("AccessControlList/Grant")) == 1)
    for canned in (*PUBLIC, "private", "bucket-owner-read"):
        for what, answer in ways_to_put(s3, canned):
            expect(f"enforced: {what} {canned}", answer, 400, "AccessControlListNotSupported")
    expect("enforced: a document", s3.request("PUT", "/box", "acl=", acl_document(True)), 400, "AccessControlListNotSupported")
    for what, answer in ways_to_put(s3, OWNERS):
        check(f"enforced: {what} {OWNERS}", answer.status in (200, 204), answer)
    expect("enforced: a document of the owner's", s3.request("PUT", "/box/there", "acl=", acl_document(False)), 200)
    expect("enforced: without a list", s3.put("box", "new", b"x"), 200)
    expect("preferred", s3.request("PUT", "/box", "ownershipControls=", ownership("BucketOwnerPreferred")), 200)
    check("the list means something again", nobody.get("box", "open").status == 200)
    for value, want in (("BucketOwnerEnforced", 400), ("BucketOwnerPreferred", 200)):
        expect(f"a bucket with {value}", s3.request("PUT", "/made", headers={"x-amz-object-ownership": value}), 200)
        check(f"{value} is shown", s3.request("GET", "/made", "ownershipControls=").find("Rule/ObjectOwnership") == value)
        check(f"{value} holds", s3.put("made", "key", b"x", x_amz_acl="public-read").status == want)
        s3.delete("made", "key")
        s3.request("DELETE", "/made")
    expect("a bucket with both", s3.request("PUT", "/made", headers={"x-amz-object-ownership": "BucketOwnerEnforced", "x-amz-acl": "public-read"}), 400,
           "InvalidBucketAclWithObjectOwnership")
    expect("was not made", s3.request("HEAD", "/made"), 404)


def main():
    keys = {name: base64.b64encode(name.encode() * 16).decode() for name in ("main", "other")}
    flags = [flag for name, key in keys.items() for flag in ("--account", f"{name}:{key}")] + ["--s3-key", "own:secret:main", "--s3-key", "stranger:secret:other"]
    with tempfile.TemporaryDirectory(prefix="skerry-s3-public-") as folder, Server(folder, *flags, log=sys.stderr) as server:
        s3, nobody, stranger = S3(server.s3, "own", "secret"), S3(server.s3, None), S3(server.s3, "stranger", "secret")
        expect("bucket", s3.create_bucket("box"), 200)
        expect("the stranger's", stranger.create_bucket("own"), 200)
        expect("object", s3.put("box", "there", b"there"), 200)
        documents(s3)
        blocking(s3)
        ignoring(s3, nobody, stranger, Client(server.blob, "main", keys["main"]))
        enforcing(s3, nobody)
        server.stop()
        check("fsck is clean", server.fsck() == 0)
        server.start()
        check("kept over a restart", S3(server.s3, "own", "secret").request("GET", "/box", "ownershipControls=").status == 200)
    print(f"s3 public access: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
