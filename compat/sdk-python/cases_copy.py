"""Copies within the gateway: Copy Blob, Put Blob From URL, Put Block From URL."""
import base64
import hashlib

from azure.core import MatchConditions
from azure.storage.blob import BlobBlock, BlobSasPermissions, ContentSettings, generate_blob_sas

import datetime

MIB = 1 << 20
FROM_URL = "it does not implement Put Blob From URL and Put Block From URL"


def sections(harness):
    return [("Copy Blob", lambda: copy_blob(harness), ""),
            ("Copy Blob, synchronous", lambda: copy_synchronously(harness), ""),
            ("Put Blob From URL", lambda: put_from_url(harness), FROM_URL),
            ("Put Block From URL", lambda: block_from_url(harness), FROM_URL)]


def source_with_sas(h, container, data, name="source #1 50%.bin"):
    """A source blob and its URL with a read SAS, as copies between accounts need it."""
    blob = container.get_blob_client(name)
    blob.upload_blob(data, metadata={"from": "source"}, content_settings=ContentSettings(content_type="text/x-source"))
    expiry = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    query = generate_blob_sas(h.account, container.container_name, name, account_key=h.key, permission=BlobSasPermissions(read=True), expiry=expiry)
    return blob, f"{blob.url}?{query}"


def copy_blob(h):
    c = h.counts
    container, other = h.container("copy"), h.container("copy-target")
    data = h.bytes(5 * MIB + 3)
    source, url = source_with_sas(h, container, data)
    target = other.get_blob_client("target")
    answer = target.start_copy_from_url(url)
    c.equal("status", answer["copy_status"], "success")
    properties = target.get_blob_properties()
    c.true("the bytes", target.download_blob().readall() == data)
    c.equal("metadata comes along", properties.metadata, {"from": "source"})
    c.equal("content type comes along", properties.content_settings.content_type, "text/x-source")
    c.equal("copy id", properties.copy.id, answer["copy_id"])
    c.equal("copy progress", properties.copy.progress, f"{len(data)}/{len(data)}")
    target.start_copy_from_url(source.url, metadata={"new": "metadata"})
    c.equal("new metadata replaces; the account's own source needs no SAS", target.get_blob_properties().metadata, {"new": "metadata"})
    target.start_copy_from_url(target.url, metadata={"onto": "itself"})
    c.equal("onto itself", (target.get_blob_properties().metadata, target.get_blob_properties().size), ({"onto": "itself"}, len(data)))
    source.delete_blob()
    c.true("the copy outlives its source", target.download_blob().readall() == data)
    h.refused("a missing source", 404, None, other.get_blob_client("x").start_copy_from_url, source.url)
    current = target.get_blob_properties().etag
    h.refused("the source's If-Match, stale", 412, "SourceConditionNotMet", other.get_blob_client("x").start_copy_from_url, target.url,
              source_etag='"0x8D0000000000000"', source_match_condition=MatchConditions.IfNotModified)
    h.refused("the target's If-None-Match", 412, ("ConditionNotMet", "TargetConditionNotMet"), target.start_copy_from_url, target.url, etag=current,
              match_condition=MatchConditions.IfModified)


def copy_synchronously(h):
    container = h.container("copy-sync")
    data = h.bytes(3 * MIB)
    _, url = source_with_sas(h, container, data)
    target = container.get_blob_client("target")
    answer = target.start_copy_from_url(url, requires_sync=True)
    h.counts.equal("status", answer["copy_status"], "success")
    h.counts.true("the bytes", target.download_blob().readall() == data)
    h.counts.equal("metadata comes along", target.get_blob_properties().metadata, {"from": "source"})


def put_from_url(h):
    c = h.counts
    container = h.container("from-url")
    data = h.bytes(6 * MIB + 11)
    source, url = source_with_sas(h, container, data)
    target = container.get_blob_client("target")
    answer = target.upload_blob_from_url(url, metadata={"own": "metadata"})
    properties = target.get_blob_properties()
    c.true("the bytes", target.download_blob().readall() == data)
    c.equal("etag", properties.etag, answer["etag"])
    c.equal("metadata", properties.metadata, {"own": "metadata"})
    c.equal("content type comes along", properties.content_settings.content_type, "text/x-source")
    h.refused("without overwrite", 409, "BlobAlreadyExists", target.upload_blob_from_url, url)
    target.upload_blob_from_url(url, overwrite=True, include_source_blob_properties=False, content_settings=ContentSettings(content_type="a/b"))
    c.equal("properties of its own", target.get_blob_properties().content_settings.content_type, "a/b")
    h.refused("a wrong source MD5", 400, "Md5Mismatch", container.get_blob_client("x").upload_blob_from_url, url,
              source_content_md5=bytearray(hashlib.md5(b"other").digest()))
    container.get_blob_client("y").upload_blob_from_url(url, source_content_md5=bytearray(hashlib.md5(data).digest()))
    c.true("the right source MD5", container.get_blob_client("y").download_blob().readall() == data)
    h.refused("the source's If-Match, stale", 412, ("SourceConditionNotMet", "CannotVerifyCopySource"), container.get_blob_client("x").upload_blob_from_url,
              url, source_etag='"0x8D0000000000000"', source_match_condition=MatchConditions.IfNotModified)
    h.refused("a source without permission", 403, "CannotVerifyCopySource", container.get_blob_client("x").upload_blob_from_url,
              url.replace("sig=", "sig=AAAA"))
    h.refused("a missing source", 404, "CannotVerifyCopySource", container.get_blob_client("x").upload_blob_from_url,
              container_url(h, container, "nothing"))
    c.equal("no blob after refusals", container.get_blob_client("x").exists(), False)


def container_url(h, container, name):
    expiry = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    query = generate_blob_sas(h.account, container.container_name, name, account_key=h.key, permission=BlobSasPermissions(read=True), expiry=expiry)
    return f"{container.get_blob_client(name).url}?{query}"


def block_from_url(h):
    c = h.counts
    container = h.container("block-from-url")
    data = h.bytes(6 * MIB + 11)
    _, url = source_with_sas(h, container, data)
    target = container.get_blob_client("target")
    names = [base64.b64encode(f"part{n}".encode()).decode() for n in range(4)]
    target.stage_block_from_url(names[0], url, source_offset=0, source_length=1000)
    target.stage_block_from_url(names[1], url, source_offset=4 * MIB - 5, source_length=2 * MIB)
    target.stage_block_from_url(names[2], url)
    part = data[10:20]
    target.stage_block_from_url(names[3], url, source_offset=10, source_length=10, source_content_md5=bytearray(hashlib.md5(part).digest()))
    c.equal("sizes of the staged blocks", sorted(each.size for each in target.get_block_list("uncommitted")[1]), sorted([1000, 2 * MIB, len(data), 10]))
    target.commit_block_list([BlobBlock(name) for name in names])
    want = data[:1000] + data[4 * MIB - 5:][:2 * MIB] + data + part
    c.true("the bytes", target.download_blob().readall() == want)
    h.refused("a wrong source MD5", 400, "Md5Mismatch", target.stage_block_from_url, names[0], url, source_offset=0, source_length=10,
              source_content_md5=bytearray(hashlib.md5(b"other").digest()))
    h.refused("a range beyond the end", 416, ("InvalidRange", "CannotVerifyCopySource"), target.stage_block_from_url, names[0], url, source_offset=len(data) + 10, source_length=10)
    h.refused("a missing source", 404, "CannotVerifyCopySource", target.stage_block_from_url, names[0], container_url(h, container, "nothing"))
