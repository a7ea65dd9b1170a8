"""Uploads, downloads, ranges, hashes, conditions, metadata, properties, deletion, a network that fails."""
import datetime
import hashlib
import io
import os

from azure.core import MatchConditions
from azure.storage.blob import BlobClient, BlobServiceClient, ContentSettings

MIB = 1 << 20


def sections(harness):
    return [("uploads", lambda: uploads(harness), ""),
            ("ranges", lambda: ranges(harness), ""),
            ("range CRC64", lambda: range_crc64(harness), "it answers no x-ms-content-crc64 for a range"),
            ("content validation", lambda: content_validation(harness), ""),
            ("conditions", lambda: conditions(harness), ""),
            ("metadata and properties", lambda: metadata_and_properties(harness), ""),
            ("tags", lambda: tags(harness), ""),
            ("deletion", lambda: deletion(harness), ""),
            ("wrong credentials", lambda: wrong_credentials(harness), ""),
            ("connection cut in mid-upload", lambda: cut_upload(harness), ""),
            ("connection cut in mid-download", lambda: cut_download(harness), "")]


class Unseekable(io.RawIOBase):
    """A stream of unknown length, as from a pipe."""

    def __init__(self, data):
        self.inner = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self.inner.readinto(buffer)


def uploads(h):
    c = h.counts
    container = h.container("uploads")
    for size in (0, 1, 4095, 4096, 4097, 100_000, 4 * MIB, 9 * MIB + 17):
        data = h.bytes(size)
        blob = container.get_blob_client(f"sizes/{size}")
        answer = blob.upload_blob(data)
        c.true(f"{size} bytes", blob.download_blob().readall() == data)
        c.equal(f"{size} bytes: etag of the answer", blob.get_blob_properties().etag, answer["etag"])
        h.refused(f"{size} bytes: upload without overwrite", 409, "BlobAlreadyExists", blob.upload_blob, data)
    data = h.bytes(40 * MIB + 12345)
    parallel = BlobClient.from_blob_url(container.get_blob_client("parallel").url, credential={"account_name": h.account, "account_key": h.key},
                                        max_block_size=2 * MIB, max_single_put_size=4 * MIB, max_single_get_size=2 * MIB, max_chunk_get_size=2 * MIB)
    parallel.upload_blob(data, max_concurrency=8)
    c.true("parallel block upload and parallel download", parallel.download_blob(max_concurrency=8).readall() == data)
    c.equal("its committed blocks", sum(block.size for block in parallel.get_block_list("committed")[0]), len(data))
    parallel.upload_blob(Unseekable(data), overwrite=True, max_concurrency=4)
    c.true("a stream of unknown length", parallel.download_blob(max_concurrency=4).readall() == data)
    parallel.upload_blob(data[:100], overwrite=True)
    c.true("overwritten by a shorter one", parallel.download_blob().readall() == data[:100])


def ranges(h):
    c = h.counts
    size = 5 * MIB + 321
    data = h.bytes(size)
    blob = h.container("ranges").get_blob_client("blob")
    blob.upload_blob(data)
    for offset, length in ((0, 1), (0, size), (1, 4096), (4095, 2), (4096, 4096), (MIB - 1, MIB + 2), (size - 1, 1), (size - 10, 1000), (size // 2, None)):
        got = blob.download_blob(offset=offset, length=length).readall()
        c.true(f"offset {offset}, length {length}", got == data[offset:None if length is None else offset + length], f"{len(got)} bytes")
    h.refused("beyond the end", 416, "InvalidRange", blob.download_blob, offset=size, length=1,
              azurite_lacks="it answers 206 and no bytes at the very end")
    part = blob.download_blob(offset=10, length=20)
    c.equal("Content-Range", part.properties.content_range, f"bytes 10-29/{size}")
    c.equal("the blob's own MD5 on a part", part.properties.content_settings.content_md5, bytearray(hashlib.md5(data).digest()))
    empty = blob.container_name and h.container("empty").get_blob_client("empty")
    empty.upload_blob(b"")
    c.equal("an empty blob", empty.download_blob().readall(), b"")
    chunks = list(blob.download_blob().chunks())
    c.true("by chunks", b"".join(chunks) == data)


def crc64(data):
    """CRC-64 of the storage service: polynomial 0x9A6C9329AC4BC9B5, reflected, inverted at both ends."""
    value = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x9A6C9329AC4BC9B5 if value & 1 else 0)
    return (value ^ 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")


def range_crc64(h):
    data = h.bytes(10_000)
    blob = h.container("crc64").get_blob_client("blob")
    blob.upload_blob(data)
    seen = {}

    def keep(response):
        seen.update({name.lower(): value for name, value in response.http_response.headers.items()})

    got = blob.download_blob(offset=100, length=900, headers={"x-ms-range-get-content-crc64": "true"}, raw_response_hook=keep).readall()
    import base64
    h.counts.true("the bytes", got == data[100:1000])
    h.counts.equal("x-ms-content-crc64", seen.get("x-ms-content-crc64"), base64.b64encode(crc64(got)).decode())


def content_validation(h):
    c = h.counts
    container = h.container("validation")
    data = h.bytes(10 * MIB + 5)
    small = container.get_blob_client("small")
    small.upload_blob(data[:100_000], validate_content=True)
    c.true("one request, up and down", small.download_blob(validate_content=True).readall() == data[:100_000])
    c.equal("the stored MD5", small.get_blob_properties().content_settings.content_md5, bytearray(hashlib.md5(data[:100_000]).digest()))
    c.true("a validated range", small.download_blob(offset=7, length=70_000, validate_content=True).readall() == data[7:70_007])
    large = BlobClient.from_blob_url(container.get_blob_client("large").url, credential={"account_name": h.account, "account_key": h.key},
                                     max_block_size=MIB, max_single_put_size=MIB, max_single_get_size=MIB, max_chunk_get_size=MIB)
    large.upload_blob(data, validate_content=True, max_concurrency=4)
    c.true("blocks, up and down", large.download_blob(validate_content=True, max_concurrency=4).readall() == data)
    wrong = {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}
    h.refused("Put Blob with a wrong MD5", 400, "Md5Mismatch", container.get_blob_client("wrong").upload_blob, b"data", headers=wrong)
    c.equal("nothing was stored", container.get_blob_client("wrong").exists(), False)
    h.refused("Put Block with a wrong MD5", 400, "Md5Mismatch", container.get_blob_client("wrong").stage_block, "AAAA", b"data", headers=wrong)


def conditions(h):
    c = h.counts
    blob = h.container("conditions").get_blob_client("blob")
    blob.upload_blob(b"one")
    old = blob.get_blob_properties()
    c.equal("If-Match, right", blob.download_blob(etag=old.etag, match_condition=MatchConditions.IfNotModified).readall(), b"one")
    h.refused("If-None-Match, same etag, on read", 304, None, blob.download_blob, etag=old.etag, match_condition=MatchConditions.IfModified)
    blob.upload_blob(b"two", overwrite=True, etag=old.etag, match_condition=MatchConditions.IfNotModified)
    new = blob.get_blob_properties()
    c.true("the etag changed", new.etag != old.etag)
    stale = {"etag": old.etag, "match_condition": MatchConditions.IfNotModified}
    h.refused("If-Match, stale, on read", 412, "ConditionNotMet", blob.download_blob, **stale)
    h.refused("If-Match, stale, on properties", 412, "ConditionNotMet", blob.get_blob_properties, **stale)
    h.refused("If-Match, stale, on upload", 412, "ConditionNotMet", blob.upload_blob, b"three", overwrite=True, **stale)
    h.refused("If-Match, stale, on metadata", 412, "ConditionNotMet", blob.set_blob_metadata, {"a": "b"}, **stale)
    h.refused("If-Match, stale, on headers", 412, "ConditionNotMet", blob.set_http_headers, ContentSettings(content_type="a/b"), **stale)
    h.refused("If-Match, stale, on delete", 412, "ConditionNotMet", blob.delete_blob, **stale)
    h.refused("If-Match, stale, on block list", 412, "ConditionNotMet", blob.commit_block_list, [], **stale)
    h.refused("If-None-Match, same etag, on upload", 412, "ConditionNotMet", blob.upload_blob, b"three", overwrite=True, etag=new.etag,
              match_condition=MatchConditions.IfModified)
    h.refused("If-None-Match *, on upload", 409, "BlobAlreadyExists", blob.upload_blob, b"three", overwrite=False)
    hour = datetime.timedelta(hours=1)
    past, future = new.last_modified - hour, new.last_modified + hour
    c.equal("If-Modified-Since, past", blob.download_blob(if_modified_since=past).readall(), b"two")
    h.refused("If-Modified-Since, same second, on read", 304, None, blob.download_blob, if_modified_since=new.last_modified)
    c.equal("If-Unmodified-Since, same second", blob.download_blob(if_unmodified_since=new.last_modified).readall(), b"two")
    c.equal("If-Unmodified-Since, future", blob.download_blob(if_unmodified_since=future).readall(), b"two")
    h.refused("If-Unmodified-Since, past, on read", 412, "ConditionNotMet", blob.download_blob, if_unmodified_since=past)
    h.refused("If-Unmodified-Since, past, on upload", 412, "ConditionNotMet", blob.upload_blob, b"x", overwrite=True, if_unmodified_since=past)
    h.refused("If-Modified-Since, same second, on upload", 412, "ConditionNotMet", blob.upload_blob, b"x", overwrite=True,
              if_modified_since=new.last_modified)
    h.refused("If-Unmodified-Since, past, on delete", 412, "ConditionNotMet", blob.delete_blob, if_unmodified_since=past)
    c.equal("nothing of that changed the blob", (blob.download_blob().readall(), blob.get_blob_properties().etag), (b"two", new.etag))
    blob.delete_blob(etag=new.etag, match_condition=MatchConditions.IfNotModified)
    h.refused("If-Match on a missing blob", 412, "ConditionNotMet", blob.upload_blob, b"x", overwrite=True, **stale)


def metadata_and_properties(h):
    c = h.counts
    blob = h.container("metadata").get_blob_client("blob")
    settings = ContentSettings(content_type="text/x-test; charset=utf-8", content_encoding="identity", content_language="en",
                               content_disposition='attachment; filename="a b.txt"', cache_control="max-age=60")
    blob.upload_blob(b"data", metadata={"First": "1", "second_key": "value with spaces, and = signs"}, content_settings=settings)
    got = blob.get_blob_properties()
    c.equal("metadata", got.metadata, {"First": "1", "second_key": "value with spaces, and = signs"})
    fields = ("content_type", "content_encoding", "content_language", "content_disposition", "cache_control")
    c.equal("content settings", [got.content_settings[name] for name in fields], [settings[name] for name in fields])
    c.equal("size and type", (got.size, got.blob_type), (4, "BlockBlob"))
    c.true("creation time", got.creation_time is not None and got.creation_time <= got.last_modified, got.creation_time)
    c.equal("download has the same metadata", blob.download_blob().properties.metadata, got.metadata)
    blob.set_blob_metadata({"only": "this"})
    changed = blob.get_blob_properties()
    c.equal("metadata is replaced", changed.metadata, {"only": "this"})
    c.true("a new etag after Set Metadata", changed.etag != got.etag)
    c.equal("content type stays", changed.content_settings.content_type, settings.content_type)
    blob.set_http_headers(ContentSettings(content_type="application/json"))
    headers = blob.get_blob_properties()
    c.equal("Set Properties clears what is not given", [headers.content_settings[name] for name in fields], ["application/json", None, None, None, None])
    c.equal("and keeps metadata", headers.metadata, {"only": "this"})
    blob.upload_blob(b"new", overwrite=True)
    fresh = blob.get_blob_properties()
    c.equal("a new upload has none of the old", (fresh.metadata, fresh.content_settings.content_type), ({}, "application/octet-stream"))
    h.refused("metadata with an invalid name", 400, "InvalidMetadata", blob.set_blob_metadata, {"not-an-identifier": "x"})


def tags(h):
    c = h.counts
    container = h.container("tags")
    blob, large = container.get_blob_client("blob"), container.get_blob_client("large")
    blob.upload_blob(b"data", tags={"colour": "dark blue", "a/b:c": "1=2+3"})
    c.equal("tags of an upload", blob.get_blob_tags(), {"colour": "dark blue", "a/b:c": "1=2+3"})
    c.equal("their number", (blob.get_blob_properties().tag_count, blob.download_blob().properties.tag_count), (2, 2))
    large.upload_blob(h.bytes(9 * MIB), tags={"size": "9"}, max_concurrency=2)
    c.equal("listed", {each.name: each.tags for each in container.list_blobs(include=["tags"])},
            {"blob": {"colour": "dark blue", "a/b:c": "1=2+3"}, "large": {"size": "9"}})
    before = blob.get_blob_properties().etag
    blob.set_blob_tags({"one": "1"})
    c.equal("set", (blob.get_blob_tags(), blob.get_blob_properties().etag), ({"one": "1"}, before))
    h.refused("eleven", 400, "TagsTooLarge", blob.set_blob_tags, {f"k{i}": "v" for i in range(11)})
    copy = container.get_blob_client("copy")
    copy.start_copy_from_url(blob.url, requires_sync=True, tags="COPY")
    c.equal("copied", copy.get_blob_tags(), {"one": "1"})
    copy.start_copy_from_url(blob.url, tags={"two": "2"})
    c.equal("set by a copy", copy.get_blob_tags(), {"two": "2"})
    blob.set_blob_tags()
    c.equal("set to none", blob.get_blob_tags(), {})


def deletion(h):
    c = h.counts
    container = h.container("deletion")
    for name in ("a", "a/b", "a/b/c"):
        container.upload_blob(name, name.encode())
    blob = container.get_blob_client("a")
    blob.delete_blob()
    c.equal("exists", blob.exists(), False)
    h.refused("download of a deleted blob", 404, "BlobNotFound", blob.download_blob)
    h.refused("properties of a deleted blob", 404, "BlobNotFound", blob.get_blob_properties)
    h.refused("deletion of a deleted blob", 404, "BlobNotFound", blob.delete_blob)
    h.refused("metadata of a deleted blob", 404, "BlobNotFound", blob.set_blob_metadata, {"a": "b"})
    c.equal("those below its name stay", [each.name for each in container.list_blobs()], ["a/b", "a/b/c"])
    container.get_blob_client("a/b").delete_blob()
    h.refused("a bare prefix is no blob", 404, "BlobNotFound", container.get_blob_client("a/b").get_blob_properties)
    c.equal("the last one stays", [each.name for each in container.list_blobs()], ["a/b/c"])


def wrong_credentials(h):
    wrong = "A" * 86 + "=="
    service = BlobServiceClient(h.endpoint, credential={"account_name": h.account, "account_key": wrong}, retry_total=0)
    h.refused("a wrong key", 403, "AuthenticationFailed", service.get_service_properties)
    anonymous = BlobServiceClient(h.endpoint, retry_total=0)
    try:
        anonymous.get_service_properties()
        h.counts.true("no credential", False, "succeeded")
    except Exception as error:  # noqa: BLE001  the documented status depends on the version
        h.counts.true("no credential", getattr(error, "status_code", 0) in (401, 403, 404, 409), error)


def cut_upload(h):
    container = h.container("cut-up")
    service = h.service_at(os.environ["COMPAT_UPLOAD_CUT_ENDPOINT"])
    data = h.bytes(8 * MIB)
    blob = service.get_blob_client(container.container_name, "blob")
    blob.upload_blob(data)
    h.counts.true("the bytes after a retried upload", container.download_blob("blob").readall() == data)
    h.counts.equal("one blob", [each.name for each in container.list_blobs()], ["blob"])


def cut_download(h):
    container = h.container("cut-down")
    data = h.bytes(8 * MIB, seed="down")
    container.upload_blob("blob", data)
    service = h.service_at(os.environ["COMPAT_DOWNLOAD_CUT_ENDPOINT"])
    got = service.get_blob_client(container.container_name, "blob").download_blob().readall()
    h.counts.true("the bytes after a retried download", got == data)
