#!/usr/bin/env python3
"""What each protocol sees of what the other wrote: a check for each row of the table in gateway/UNIFIED.md, which is read, so that a row without a
check, or a check without a row, fails."""
import base64
import os
import re
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from blobclient import Client, Server  # noqa: E402
from s3client import S3, checksum, md5_base64, md5_hex  # noqa: E402

TABLE = os.path.join(HERE, "..", "..", "gateway", "UNIFIED.md")
SECRET = "c2VjcmV0LW9mLXRoaXMtdGVzdA=="
NULL_VERSION = "1970-01-01T00:00:00.0000000Z"
PART = 5 << 20
checks, passed, failed = {}, 0, 0
row = ""


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {row}: {what} {detail!r}", flush=True)


def of(identifier):
    def register(function):
        checks[identifier] = function
        return function
    return register


class Both:
    """One server, through both of its doors."""

    def __init__(self, server):
        self.server, self.blob, self.s3 = server, Client(server.blob), S3(server.s3)
        self.anonymous = S3(server.s3, access=None)
        self.fresh = 0

    def box(self, versions=False, **headers):
        self.fresh += 1
        name = f"box{self.fresh}"
        self.blob.create_container(name, **headers)
        if versions:
            self.s3.set_versioning(name, "Enabled")
        return name

    def stranger(self, path, query=""):
        """A reader of Blob who gives no name."""
        return self.blob.send("GET", f"/{self.blob.account}{path}" + ("?" + query if query else ""), {"x-ms-version": "2021-12-02"})

    def multipart(self, box, key, parts, **headers):
        upload = self.s3.create_upload(box, key, **headers)
        tags = [(number, self.s3.upload_part(box, key, upload, number, body)["ETag"]) for number, body in enumerate(parts, 1)]
        return self.s3.complete(box, key, upload, tags)

    def listed(self, box, query=""):
        """Elements Blob of a listing."""
        return ElementTree.fromstring(self.blob.list_blobs(box, query).body).findall("Blobs/Blob")

    def names(self, box, query=""):
        return [blob.findtext("Name") for blob in self.listed(box, query)]

    def keys(self, box):
        return self.s3.request("GET", f"/{box}", "list-type=2").all("Contents/Key")

    def versions(self, box):
        """What S3 lists: (key, version id, is a delete marker)."""
        answer = self.s3.request("GET", f"/{box}", "versions=")
        return [(entry.findtext("Key"), entry.findtext("VersionId"), entry.tag == "DeleteMarker") for entry in answer.xml
                if entry.tag in ("Version", "DeleteMarker")]

    def tags(self, box, key):
        root = ElementTree.fromstring(self.blob.request("GET", self.blob.name(box, key), "comp=tags").body)
        return [(tag.findtext("Key"), tag.findtext("Value")) for tag in root.findall("TagSet/Tag")]

    def s3_tags(self, box, key):
        answer = self.s3.get(box, key, "tagging=")
        return list(zip(answer.all("TagSet/Tag/Key"), answer.all("TagSet/Tag/Value")))


def version(identifier):
    return "versionid=" + urllib.parse.quote(identifier)


# ---- names ----

@of("container")
def container(both):
    box = both.box()
    check("a container is a bucket", box in both.s3.request("GET", "/").all("Buckets/Bucket/Name"))
    check("a bucket is a container", both.s3.create_bucket("made-by-s3").status == 200 and
          both.blob.request("GET", "/made-by-s3", "restype=container").status == 200)
    check("there is one of a name", both.blob.create_container("made-by-s3").status == 409)
    check("gone in one, gone in the other", both.s3.request("DELETE", "/made-by-s3").status == 204 and
          both.blob.request("GET", "/made-by-s3", "restype=container").status == 404)


@of("container-names")
def container_names(both):
    for name in ("with.dots", "two--dashes"):
        check(f"{name} by S3", both.s3.create_bucket(name).status == 200)
        check(f"{name}: Blob works in it", both.blob.put_blob(name, "a", b"x").status == 201 and both.names(name) == ["a"] and
              both.s3.get(name, "a").body == b"x")
        check(f"{name}: Blob lists it", f"<Name>{name}</Name>".encode() in both.blob.request("GET", "/", "comp=list").body)
    for name in ("dots.too", "more--dashes", "UPPER", "under_score"):
        check(f"{name} not by Blob", both.blob.create_container(name).status == 400)
    for name in ("UPPER", "under_score", "$root", "$web"):
        check(f"{name} not by S3", both.s3.create_bucket(name).status == 400)
    for name in ("$root", "$web"):
        check(f"{name} by Blob", both.blob.create_container(name).status == 201)
        check(f"{name}: S3 works in it", both.s3.put(name, "a", b"y").status == 200 and both.keys(urllib.parse.quote(name)) == ["a"])
        check(f"{name}: S3 lists it", name in both.s3.request("GET", "/").all("Buckets/Bucket/Name"))
    check("a blob without a container lies in $root", both.blob.request("GET", "/a").body == b"y")


@of("container-settings")
def container_settings(both):
    box = both.box(**{"x-ms-meta-colour": "blue"})
    tags = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
    rule = b"<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"
    check("a bucket is tagged", both.s3.request("PUT", f"/{box}", "tagging=", tags).status in (200, 204))
    check("a bucket has rules for origins", both.s3.request("PUT", f"/{box}", "cors=", rule).status == 200)
    answer = both.blob.request("HEAD", f"/{box}", "restype=container")
    check("metadata of the container stays", answer.headers["x-ms-meta-colour"] == "blue")
    both.blob.request("PUT", f"/{box}", "restype=container&comp=metadata", headers={"x-ms-meta-a": "b"})
    check("tags of the bucket stay", both.s3.request("GET", f"/{box}", "tagging=").find("TagSet/Tag/Key") == "a")
    both.blob.put_blob(box, "a", b"x")
    answer = both.blob.request("GET", f"/{box}/a", headers={"Origin": "http://a.example"})
    check("a bucket's rules do not count for Blob", answer.headers["Access-Control-Allow-Origin"] is None)
    check("they count for S3", both.s3.get(box, "a", origin="http://a.example")["Access-Control-Allow-Origin"] == "*")


@of("container-delete")
def container_delete(both):
    box = both.box()
    both.s3.put(box, "a", b"x")
    check("S3 does not delete what holds objects", both.s3.request("DELETE", f"/{box}").code == "BucketNotEmpty")
    check("Blob deletes it with them", both.blob.request("DELETE", f"/{box}", "restype=container").status == 202 and
          both.s3.head(box, "a").status == 404)
    box = both.box(versions=True)
    both.blob.put_blob(box, "a", b"x")
    both.blob.delete_blob(box, "a")
    check("nor what holds versions", both.s3.request("DELETE", f"/{box}").code == "BucketNotEmpty")
    check("Blob does, with its versions", both.blob.request("DELETE", f"/{box}", "restype=container").status == 202)


@of("keys")
def keys(both):
    box, odd = both.box(), ["a/", "a//b", "x/./y", "sp ace+plus%25", "ünï/☃/🦆", "a?b&c=d", "$", "tab\there"]
    for name in odd:
        both.blob.put_blob(box, name, name.encode())
        check(f"{name!r} of Blob", both.s3.get(box, name).body == name.encode())
        check(f"{name!r} of S3", both.s3.put(box, name, b"!" + name.encode()).status == 200 and
              both.blob.get_blob(box, name).body == b"!" + name.encode())
    long = "ü" * 1000
    check("a name of 2,000 bytes", both.blob.put_blob(box, long, b"x").status == 201)
    check("S3 lists it", long in both.keys(box))
    check("S3 cannot name it", both.s3.get(box, long).code == "KeyTooLongError")


@of("order")
def order(both):
    box = both.box()
    names = ["a", "a b", "a-b", "a/", "a/b", "a0", "B", "z", "é", "\uffee", "🦆"]
    for number, name in enumerate(names):
        both.blob.put_blob(box, name, b"x") if number % 2 else both.s3.put(box, name, b"x")
    wanted = sorted(names, key=lambda name: name.encode())
    check("Blob lists in the order of bytes", both.names(box) == wanted, both.names(box))
    check("so does S3", both.keys(box) == wanted, both.keys(box))
    prefixes = re.findall(r"<BlobPrefix><Name>([^<]*)<", both.blob.list_blobs(box, "delimiter=/").body.decode())
    check("the same groups", prefixes == both.s3.request("GET", f"/{box}", "list-type=2&delimiter=%2F").all("CommonPrefixes/Prefix"), prefixes)


@of("accounts")
def accounts(both):
    with tempfile.TemporaryDirectory(prefix="skerry-unified-") as folder, \
            Server(os.path.join(folder, "two"), "--account", "one:" + SECRET, "--account", "two:" + SECRET) as server:
        blobs = [Client(server.blob, name, SECRET) for name in ("one", "two")]
        buckets = [S3(server.s3, name, SECRET) for name in ("one", "two")]
        for number in (0, 1):
            blobs[number].create_container("box")
            blobs[number].put_blob("box", "a", str(number).encode())
        check("each key sees its account's first", [bucket.get("box", "a").body for bucket in buckets] == [b"0", b"1"])
        blobs[1].create_container("second")
        blobs[1].put_blob("second", "a", b"x")
        check("another account's is forbidden", buckets[0].get("second", "a").code == "AccessDenied")
        check("nor is it listed", "second" not in buckets[0].request("GET", "/").all("Buckets/Bucket/Name"))


# ---- what is kept with an object ----

@of("metadata-names")
def metadata_names(both):
    box = both.box()
    both.blob.put_blob(box, "a", b"x", **{"x-ms-meta-Mixed": "1"})
    check("Blob gives the case back", "x-ms-meta-Mixed" in both.blob.head_blob(box, "a").headers.keys())
    check("S3 has small letters", "x-amz-meta-mixed" in both.s3.head(box, "a").headers.keys())
    both.s3.put(box, "b", b"x", x_amz_meta_with_dash="1", x_amz_meta_Plain="2", **{"x-amz-meta-1st": "3"})
    answer = both.blob.head_blob(box, "b")
    check("headers have what S3 named", [answer.headers["x-ms-meta-" + name] for name in ("with-dash", "plain", "1st")] == ["1", "2", "3"])
    metadata = {child.tag: child.text for child in both.listed(box, "include=metadata&prefix=b")[0].find("Metadata")}
    check("listings have what XML can name", metadata == {"with-dash": "1", "plain": "2"}, metadata)
    check("Blob sets no such names", both.blob.request("PUT", f"/{box}/b", "comp=metadata", headers={"x-ms-meta-a-b": "1"}).status == 400)


@of("metadata-values")
def metadata_values(both):
    box, text = both.box(), "Grüße ☃"
    word = "=?UTF-8?B?" + base64.b64encode(text.encode()).decode() + "?="
    both.s3.request("PUT", f"/{box}/a", headers={"x-amz-meta-u": text.encode()})
    check("S3 shows an encoded word", both.s3.head(box, "a")["x-amz-meta-u"] == word)
    check("Blob shows it too", both.blob.head_blob(box, "a").headers["x-ms-meta-u"] == word)
    check("and in listings", both.listed(box, "include=metadata")[0].findtext("Metadata/u") == word)
    check("Blob takes it back as it is", both.blob.set_metadata(box, "a", u=word).status == 200 and both.s3.head(box, "a")["x-amz-meta-u"] == word)
    check("Blob takes ASCII", both.blob.set_metadata(box, "a", u="plain ~").status == 200)


@of("headers")
def headers(both):
    box = both.box()
    sent = {"content-type": "text/x-test", "content-encoding": "gzip", "content-language": "de", "cache-control": "max-age=7",
            "content-disposition": 'attachment; filename="a"'}
    both.s3.put(box, "a", b"x", **sent)
    both.blob.put_blob(box, "b", b"x", **{"x-ms-blob-" + name: value for name, value in sent.items()})
    for name, value in sent.items():
        check(f"{name} of S3", both.blob.get_blob(box, "a").headers[name] == value)
        check(f"{name} of Blob", both.s3.get(box, "b")[name] == value)
    both.blob.put_blob(box, "c", b"x")
    check("without a type each has its own", both.blob.head_blob(box, "c").headers["Content-Type"] == "application/octet-stream" and
          both.s3.head(box, "c")["Content-Type"] == "binary/octet-stream")
    check("Blob clears what S3 set", both.blob.request("PUT", f"/{box}/a", "comp=properties", headers={"x-ms-blob-content-type": "a/b"}).status == 200
          and both.s3.head(box, "a")["Content-Encoding"] is None and both.s3.head(box, "a")["Content-Type"] == "a/b")


@of("headers-of-s3")
def headers_of_s3(both):
    box, expires = both.box(), "Thu, 01 Dec 2033 16:00:00 GMT"
    both.s3.put(box, "a", b"x", expires=expires, x_amz_website_redirect_location="/b")
    answer = both.blob.get_blob(box, "a")
    check("Blob does not show them", answer.headers["Expires"] is None and "/b" not in answer.headers.values())
    both.blob.request("PUT", f"/{box}/a", "comp=properties", headers={"x-ms-blob-content-type": "a/b"})
    both.blob.set_metadata(box, "a", m="1")
    answer = both.s3.head(box, "a")
    check("Blob's changes leave them", answer["Expires"] == expires and answer["x-amz-website-redirect-location"] == "/b")
    both.blob.put_blob(box, "a", b"y")
    check("Put Blob drops them", both.s3.head(box, "a")["Expires"] is None)


@of("tags")
def tags(both):
    box = both.box()
    both.blob.put_blob(box, "a", b"x", **{"x-ms-tags": "colour=dark%20blue&size=7"})
    check("S3 has Blob's", both.s3_tags(box, "a") == [("colour", "dark blue"), ("size", "7")], both.s3_tags(box, "a"))
    check("S3 counts them", both.s3.head(box, "a")["x-amz-tagging-count"] == "2")
    both.s3.put(box, "b", b"x", x_amz_tagging="a=1")
    check("Blob has those of S3", both.tags(box, "b") == [("a", "1")] and both.blob.head_blob(box, "b").headers["x-ms-tag-count"] == "1")
    both.s3.put(box, "b", b"x", x_amz_tagging="e%40mail=gr%C3%BCn")
    check("with letters that Blob would not take", both.tags(box, "b") == [("e@mail", "grün")], both.tags(box, "b"))
    check("and in listings", both.listed(box, "include=tags&prefix=b")[0].findtext("Tags/TagSet/Tag/Value") == "grün")
    etag = both.s3.head(box, "b")["ETag"]
    check("Blob sets them", both.blob.request("PUT", f"/{box}/b", "comp=tags", b"<Tags><TagSet /></Tags>").status == 204 and both.s3_tags(box, "b") == [])
    check("and no entity tag changes", both.s3.head(box, "b")["ETag"] == etag)


@of("tiers")
def tiers(both):
    box = both.box()
    both.blob.put_blob(box, "a", b"x", **{"x-ms-access-tier": "Archive"})
    check("S3 shows no tier", both.s3.head(box, "a")["x-amz-storage-class"] is None)
    check("and reads whatever it is", both.s3.get(box, "a").body == b"x")
    both.s3.put(box, "b", b"x", x_amz_storage_class="GLACIER")
    check("Blob shows no class", both.blob.head_blob(box, "b").headers["x-ms-access-tier"] == "Hot")
    both.blob.request("PUT", f"/{box}/b", "comp=tier", headers={"x-ms-access-tier": "Cool"})
    check("each keeps its own", both.s3.head(box, "b")["x-amz-storage-class"] == "GLACIER" and
          both.blob.head_blob(box, "b").headers["x-ms-access-tier"] == "Cool")


@of("times")
def times(both):
    box = both.box()
    both.s3.put(box, "a", b"x")
    answer = both.blob.head_blob(box, "a")
    check("the same time of last change", answer.headers["Last-Modified"] == both.s3.head(box, "a")["Last-Modified"])
    both.blob.set_metadata(box, "a", m="1")
    check("also after a change", both.blob.head_blob(box, "a").headers["Last-Modified"] == both.s3.head(box, "a")["Last-Modified"])
    check("the time of creation is that of the first write", answer.headers["x-ms-creation-time"] ==
          both.blob.head_blob(box, "a").headers["x-ms-creation-time"])


# ---- entity tags, digests ----

@of("etag-of-s3")
def etag_of_s3(both):
    box = both.box()
    both.s3.put(box, "a", b"hello")
    answer = both.blob.head_blob(box, "a")
    check("Blob shows the MD5 as the entity tag", answer.headers["ETag"] == f'"{md5_hex(b"hello")}"')
    check("and as what it is", answer.headers["Content-MD5"] == md5_base64(b"hello"))
    check("listings too", both.listed(box)[0].findtext("Properties/Content-MD5") == md5_base64(b"hello") and
          both.listed(box)[0].findtext("Properties/Etag") == md5_hex(b"hello"))


@of("etag-of-blob")
def etag_of_blob(both):
    box = both.box()
    etag = both.blob.put_blob(box, "a", b"hello").headers["ETag"]
    check("S3 shows Blob's", both.s3.head(box, "a")["ETag"] == etag)
    check("and it is no MD5", re.fullmatch(r'"0x[0-9A-F]{15}"', etag), etag)
    both.s3.put(box, "b", b"hello")
    both.blob.set_metadata(box, "b", m="1")
    check("other metadata is another entity tag, of that kind", both.s3.head(box, "b")["ETag"].startswith('"0x'))
    check("the MD5 stays", both.blob.head_blob(box, "b").headers["Content-MD5"] == md5_base64(b"hello"))


@of("etag-of-parts")
def etag_of_parts(both):
    box, parts = both.box(), [b"a" * PART, b"b"]
    both.multipart(box, "a", parts)
    answer = both.blob.head_blob(box, "a")
    wanted = md5_hex(b"".join(bytes.fromhex(md5_hex(part)) for part in parts)) + "-2"
    check("Blob shows that of the parts", answer.headers["ETag"] == f'"{wanted}"')
    check("there is no MD5 of the whole", answer.headers["Content-MD5"] is None)
    check("the bytes are those", both.blob.get_blob(box, "a").body == b"".join(parts))


@of("conditions")
def conditions(both):
    box = both.box()
    blobs = both.blob.put_blob(box, "a", b"1").headers["ETag"]
    check("S3 writes on Blob's entity tag", both.s3.put(box, "a", b"2", if_match=blobs).status == 200)
    check("not on an old one", both.s3.put(box, "a", b"3", if_match=blobs).status == 412)
    s3s = both.s3.head(box, "a")["ETag"]
    check("Blob writes on that of S3", both.blob.put_blob(box, "a", b"4", **{"If-Match": s3s}).status == 201)
    check("not on an old one", both.blob.put_blob(box, "a", b"5", **{"If-Match": s3s}).status == 412)
    check("S3 creates only what is not there", both.s3.put(box, "a", b"6", if_none_match="*").status == 412)
    both.s3.put(box, "b", b"1")
    check("so does Blob", both.blob.put_blob(box, "b", b"2", **{"If-None-Match": "*"}).status == 409)
    check("reads know it unchanged", both.s3.get(box, "a", if_none_match=both.blob.head_blob(box, "a").headers["ETag"]).status == 304)


@of("checksums")
def checksums(both):
    box, body = both.box(), b"some bytes" * 10000
    both.blob.put_blob(box, "a", body)
    check("S3 shows CRC64NVME of Put Blob", both.s3.head(box, "a", x_amz_checksum_mode="ENABLED")["x-amz-checksum-crc64nvme"] ==
          checksum("crc64nvme", body))
    both.blob.put_blob(box, "b", body, **{"Content-MD5": md5_base64(body)})
    answer = both.s3.head(box, "b", x_amz_checksum_mode="ENABLED")
    check("not where the client sent an MD5 instead", answer.status == 200 and answer["x-amz-checksum-crc64nvme"] is None)
    both.blob.put_block(box, "c", b"aaaa", body)
    both.blob.put_block_list(box, "c", [b"aaaa"])
    check("nor of a block list", both.s3.head(box, "c", x_amz_checksum_mode="ENABLED")["x-amz-checksum-crc64nvme"] is None)
    both.s3.put(box, "d", body, **{"x-amz-checksum-sha256": checksum("sha256", body)})
    check("Blob shows none of those of S3", not any("checksum" in name.lower() for name in both.blob.head_blob(box, "d").headers))
    both.blob.set_metadata(box, "d", m="1")
    check("and keeps them", both.s3.head(box, "d", x_amz_checksum_mode="ENABLED")["x-amz-checksum-sha256"] == checksum("sha256", body))


# ---- blocks and parts ----

@of("blocks-of-parts")
def blocks_of_parts(both):
    box = both.box()
    both.multipart(box, "a", [b"a" * PART, b"bb"])
    root = ElementTree.fromstring(both.blob.request("GET", f"/{box}/a", "comp=blocklist&blocklisttype=all").body)
    blocks = [(base64.b64decode(block.findtext("Name")), block.findtext("Size")) for block in root.findall("CommittedBlocks/Block")]
    check("parts are committed blocks, named by their numbers", blocks == [(b"\0\0\0\1", str(PART)), (b"\0\0\0\2", "2")], blocks)
    body = b"<BlockList><Committed>AAAAAg==</Committed><Committed>AAAAAQ==</Committed></BlockList>"
    check("and can be committed again", both.blob.request("PUT", f"/{box}/a", "comp=blocklist", body).status == 201 and
          both.s3.get(box, "a").body == b"bb" + b"a" * PART)
    both.s3.put(box, "b", b"whole")
    root = ElementTree.fromstring(both.blob.request("GET", f"/{box}/b", "comp=blocklist").body)
    check("what was put whole has none", root.findall("CommittedBlocks/Block") == [])


@of("parts-of-blocks")
def parts_of_blocks(both):
    box = both.box()
    for name in (b"first", b"other"):
        both.blob.put_block(box, "a", name, name * 3)
    both.blob.put_block_list(box, "a", [b"first", b"other"])
    answer = both.s3.get(box, "a", "partNumber=2")
    check("a block is the part at its place", answer.status == 206 and answer.body == b"other" * 3)
    check("parts are counted", answer["x-amz-mp-parts-count"] == "2")
    answer = both.s3.get(box, "a", "attributes=", x_amz_object_attributes="ObjectParts,ObjectSize,ETag")
    check("their attributes are their number", answer.find("ObjectParts/PartsCount") == "2" and answer.find("ObjectSize") == "30" and
          answer.all("ObjectParts/Part") == [], answer.body)
    both.blob.put_blob(box, "b", b"whole")
    check("what was put whole is one part", both.s3.get(box, "b", "partNumber=1").body == b"whole" and
          both.s3.get(box, "b", "partNumber=2").code == "InvalidPartNumber")


@of("uncommitted")
def uncommitted(both):
    box = both.box()
    both.blob.put_block(box, "a", b"aaaa", b"x")
    upload = both.s3.create_upload(box, "b")
    etag = both.s3.upload_part(box, "b", upload, 1, b"part")["ETag"]
    listed = both.s3.request("GET", f"/{box}", "uploads=").all("Upload/Key")
    check("S3 lists uploads only", listed == ["b"], listed)
    check("Blob lists uncommitted blocks only", both.names(box, "include=uncommittedblobs") == ["a"])
    check("an upload has no blocks", both.blob.request("GET", f"/{box}/b", "comp=blocklist&blocklisttype=all").status == 404)
    check("neither makes an object", both.s3.head(box, "a").status == 404 and both.blob.head_blob(box, "b").status == 404)
    both.blob.put_blob(box, "b", b"of Blob")
    both.blob.put_block(box, "b", b"aaaa", b"block")
    both.blob.put_block_list(box, "b", [b"aaaa"])
    both.blob.delete_blob(box, "b")
    check("Blob leaves uploads alone", both.s3.complete(box, "b", upload, [(1, etag)]).status == 200 and both.s3.get(box, "b").body == b"part")
    both.s3.put(box, "a", b"of S3")
    root = ElementTree.fromstring(both.blob.request("GET", f"/{box}/a", "comp=blocklist&blocklisttype=all").body)
    check("PutObject drops uncommitted blocks, as Put Blob does", root.findall("UncommittedBlocks/Block") == [])
    both.blob.put_block(box, "c", b"aaaa", b"x")
    both.multipart(box, "c", [b"part"])
    root = ElementTree.fromstring(both.blob.request("GET", f"/{box}/c", "comp=blocklist&blocklisttype=all").body)
    check("so does CompleteMultipartUpload", root.findall("UncommittedBlocks/Block") == [])


# ---- copies ----

@of("copies")
def copies(both):
    box = both.box()
    both.blob.put_blob(box, "blob", b"hello", **{"x-ms-meta-m": "1", "x-ms-tags": "a=1", "x-ms-blob-content-type": "a/b"})
    check("S3 copies a blob", both.s3.copy(box, "copy", f"/{box}/blob").status == 200 and both.blob.get_blob(box, "copy").body == b"hello")
    answer = both.s3.head(box, "copy")
    check("with metadata and type", answer["x-amz-meta-m"] == "1" and answer["Content-Type"] == "a/b")
    check("and tags", both.tags(box, "copy") == [("a", "1")])
    check("its entity tag is the MD5", answer["ETag"] == f'"{md5_hex(b"hello")}"', answer["ETag"])
    both.s3.put(box, "object", b"hello", x_amz_meta_m="2", x_amz_tagging="a=2", x_amz_storage_class="STANDARD_IA", x_amz_acl="public-read")
    check("Blob copies an object", both.blob.copy_blob(box, "copy2", "object").status == 202)
    answer = both.blob.head_blob(box, "copy2")
    check("with metadata and MD5", answer.headers["x-ms-meta-m"] == "2" and answer.headers["Content-MD5"] == md5_base64(b"hello"))
    check("without tags, as that operation has it", both.tags(box, "copy2") == [])
    check("without class and access", both.s3.head(box, "copy2")["x-amz-storage-class"] is None and
          both.anonymous.get(box, "copy2").status == 403)
    check("S3 does not show that it is a copy", not any("copy" in name.lower() for name in both.s3.head(box, "copy2").headers))
    both.multipart(box, "parts", [b"a" * PART, b"b"])
    both.blob.copy_blob(box, "copy3", "parts")
    check("parts go with it", both.s3.get(box, "copy3", "partNumber=2").body == b"b")


# ---- access ----

@of("public")
def public(both):
    for access, reads, lists in (("blob", True, False), ("container", True, True)):
        box = both.box(**{"x-ms-blob-public-access": access})
        both.s3.put(box, "a", b"x")
        check(f"{access}: S3 lets anybody read", (both.anonymous.get(box, "a").status == 200) == reads)
        check(f"{access}: and list", (both.anonymous.request("GET", f"/{box}", "list-type=2").status == 200) == lists)
        check(f"{access}: nobody writes", both.anonymous.put(box, "b", b"x").status == 403)
    box = both.box()
    both.s3.request("PUT", f"/{box}", "acl=", headers={"x-amz-acl": "public-read-write"})
    both.s3.put(box, "a", b"x", x_amz_acl="public-read")
    check("S3: a canned ACL opens", both.anonymous.get(box, "a").status == 200 and both.anonymous.put(box, "b", b"x").status == 200)
    check("Blob: it does not", both.stranger(f"/{box}/a").status == 404 and
          both.stranger(f"/{box}", "restype=container&comp=list").status == 404)
    both.blob.set_metadata(box, "a", m="1")
    check("Blob's changes leave it", both.anonymous.get(box, "a").status == 200)
    both.blob.put_blob(box, "a", b"y")
    check("Put Blob drops an object's", both.anonymous.get(box, "a").status == 403)


@of("locks")
def locks(both):
    box = both.box()
    both.s3.put(box, "a", b"x")
    answer = both.blob.request("PUT", f"/{box}/a", "comp=lease", headers={"x-ms-lease-action": "acquire", "x-ms-lease-duration": "15"})
    check("no leases", answer.status == 501)
    check("a blob says that it has none", both.blob.head_blob(box, "a").headers["x-ms-lease-state"] == "available")
    check("no locks", both.s3.put(box, "a", b"x", x_amz_object_lock_mode="GOVERNANCE").status == 501)


# ---- versions ----

@of("versions")
def versions(both):
    box = both.box()
    both.blob.put_blob(box, "a", b"0")
    check("without versions no ids", both.blob.head_blob(box, "a").headers["x-ms-version-id"] is None and both.listed(box, "include=versions")[0].find("VersionId") is None)
    both.s3.set_versioning(box, "Enabled")
    first = both.blob.put_blob(box, "a", b"1").headers["x-ms-version-id"]
    s3s = both.s3.put(box, "a", b"2")["x-amz-version-id"]
    answer = both.blob.head_blob(box, "a")
    second = answer.headers["x-ms-version-id"]
    check("ids are times", re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", second), second)
    check("the current one says so", answer.headers["x-ms-is-current-version"] == "true")
    read = lambda identifier: both.blob.request("GET", f"/{box}/a", version(identifier))
    check("each is read", [read(identifier).body for identifier in (NULL_VERSION, first, second)] == [b"0", b"1", b"2"])
    check("an old one is not current", read(first).headers["x-ms-is-current-version"] is None and read(first).headers["x-ms-version-id"] == first)
    check("S3 names the same by its own ids", [both.s3.get(box, "a", f"versionId={identifier}").body for _, identifier, _ in both.versions(box)] ==
          [b"2", b"1", b"0"] and both.versions(box)[0][1] == s3s and both.versions(box)[2][1] == "null")
    listed = [(blob.findtext("VersionId"), blob.findtext("IsCurrentVersion")) for blob in both.listed(box, "include=versions")]
    check("a listing has them, the newest first", listed == [(second, "true"), (first, None), (NULL_VERSION, None)], listed)
    check("an ordinary listing has the current ones", both.names(box) == ["a"])
    check("one that is not there", read("2020-01-01T00:00:00.0000000Z").error_code == "BlobNotFound")
    for identifier in ("", "now", "2020-01-01", s3s):
        check(f"{identifier!r} is no id", read(identifier).error_code == "InvalidQueryParameterValue", read(identifier))
    url = f"http://{both.blob.endpoint}/{both.blob.account}/{box}/a?{version(first)}"
    check("a version is copied", both.blob.request("PUT", f"/{box}/b", headers={"x-ms-copy-source": url}).status == 202 and
          both.s3.get(box, "b").body == b"1")
    check("its source tells the version", both.blob.head_blob(box, "b").headers["x-ms-copy-source"].endswith(f"?versionid={first}"))
    check("blocks of a version", both.blob.request("GET", f"/{box}/a", "comp=blocklist&" + version(first)).status == 200)
    check("tags of a version", both.blob.request("PUT", f"/{box}/a", "comp=tags&" + version(first),
                                                 b"<Tags><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tags>").status == 204
          and both.tags(box, "a") == [] and read(first).headers["x-ms-tag-count"] == "1")
    check("the current one is not deleted by its id", both.blob.request("DELETE", f"/{box}/a", version(second)).error_code ==
          "OperationNotAllowedOnRootBlob")
    check("another is", both.blob.request("DELETE", f"/{box}/a", version(first)).status == 202 and read(first).status == 404 and
          [identifier for _, identifier, _ in both.versions(box)][1:2] == ["null"])


@of("version-writes")
def version_writes(both):
    box = both.box(versions=True)
    made = []
    for what, write in (("Put Blob", lambda: both.blob.put_blob(box, "a", b"1")),
                        ("Set Blob Metadata", lambda: both.blob.set_metadata(box, "a", m="1")),
                        ("Put Blob over it", lambda: both.blob.put_blob(box, "a", b"2", **{"x-ms-tags": "a=1"}))):
        made.append(write().headers["x-ms-version-id"])
        check(f"{what} makes a version", made[-1] is not None and len(set(made)) == len(made) and
              made[-1] == both.blob.head_blob(box, "a").headers["x-ms-version-id"], made)
    both.blob.put_block(box, "a", b"aaaa", b"3")
    made.append(both.blob.put_block_list(box, "a", [b"aaaa"]).headers["x-ms-version-id"])
    made.append(both.blob.copy_blob(box, "a", "a").headers["x-ms-version-id"])
    check("Put Block List and Copy Blob too", len(set(made)) == 5 and None not in made, made)
    check("S3 lists them all", len(both.versions(box)) == 5)
    body = lambda identifier: both.blob.request("GET", f"/{box}/a", version(identifier))
    check("metadata is its version's", body(made[0]).headers["x-ms-meta-m"] is None and body(made[1]).headers["x-ms-meta-m"] == "1" and
          body(made[1]).body == b"1")
    for what, query, sent, content in (("properties", "comp=properties", {"x-ms-blob-content-type": "a/b"}, b""), ("tier", "comp=tier", {"x-ms-access-tier": "Cool"}, b""),
                                       ("tags", "comp=tags", {}, b"<Tags><TagSet /></Tags>")):
        check(f"{what} change in place", both.blob.request("PUT", f"/{box}/a", query, content, sent).status in (200, 204) and
              len(both.versions(box)) == 5)
    check("an old version's metadata does not change", both.blob.request("PUT", f"/{box}/a", "comp=metadata&" + version(made[0])).status == 400)
    both.s3.set_versioning(box, "Suspended")
    answer = both.blob.put_blob(box, "a", b"4")
    check("suspended: writes make the null version", answer.headers["x-ms-version-id"] == NULL_VERSION and both.versions(box)[0][1] == "null")
    pages, marker = [], ""
    for _ in range(10):
        answer = both.blob.list_blobs(box, f"include=versions&maxresults=1&marker={urllib.parse.quote(marker)}")
        root = ElementTree.fromstring(answer.body)
        pages += [blob.findtext("VersionId") for blob in root.findall("Blobs/Blob")]
        marker = root.findtext("NextMarker") or ""
        if not marker:
            break
    check("pages go on inside a blob", pages == [NULL_VERSION, *reversed(made)], pages)
    check("a listing of versions has no uncommitted blobs", both.blob.list_blobs(box, "include=versions,uncommittedblobs").status == 501)


@of("delete-markers")
def delete_markers(both):
    box = both.box(versions=True)
    old = both.blob.put_blob(box, "a", b"1").headers["x-ms-version-id"]
    answer = both.blob.delete_blob(box, "a")
    check("Delete Blob keeps it as a version", answer.headers["x-ms-delete-type-permanent"] == "false" and
          both.blob.request("GET", f"/{box}/a", version(old)).body == b"1")
    key, marker, is_marker = both.versions(box)[0]
    check("S3 shows a delete marker", is_marker and both.s3.get(box, "a")["x-amz-delete-marker"] == "true")
    check("Blob shows nothing", both.blob.get_blob(box, "a").error_code == "BlobNotFound" and both.names(box) == [])
    listed = [(blob.findtext("VersionId"), blob.findtext("IsCurrentVersion")) for blob in both.listed(box, "include=versions")]
    check("but the version, which is not current", listed == [(old, None)], listed)
    check("there is nothing to delete again", both.blob.delete_blob(box, "a").status == 404)
    check("S3 takes the marker away and the blob is back", both.s3.delete(box, "a", f"versionId={marker}").status == 204 and
          both.blob.get_blob(box, "a").body == b"1")
    both.s3.delete(box, "a")
    url = f"http://{both.blob.endpoint}/{both.blob.account}/{box}/a?{version(old)}"
    check("or Blob copies the version", both.blob.request("PUT", f"/{box}/a", headers={"x-ms-copy-source": url}).status == 202 and
          both.s3.get(box, "a").body == b"1")


def main():
    global row, failed
    with open(TABLE, encoding="utf-8") as file:
        rows = re.findall(r"^\| `([a-z0-9-]+)` \|", file.read(), re.MULTILINE)
    for identifier in sorted(set(rows) ^ set(checks)):
        failed += 1
        print(f"FAILED: {identifier} has " + ("no check" if identifier in rows else "no row in the table"))
    if len(rows) != len(set(rows)):
        failed += 1
        print("FAILED: two rows have one name")
    with tempfile.TemporaryDirectory(prefix="skerry-unified-") as folder:
        data = os.path.join(folder, "data")
        with Server(data) as server:
            for row in [identifier for identifier in rows if identifier in checks]:
                both = Both(server)
                both.fresh = list(checks).index(row) * 100
                checks[row](both)
        row = "afterwards"
        check("the folder is whole", server.fsck("--verify") == 0)
    print(f"{len(rows)} rows, {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
