"""The suite of both protocols, run by run.py."""
import datetime
import hashlib
import os
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parent / "boto3")]
import checks  # noqa: E402
import tree  # noqa: E402
from azure.core import MatchConditions  # noqa: E402
from azure.core.exceptions import HttpResponseError  # noqa: E402
from azure.storage.blob import BlobBlock, BlobSasPermissions, BlobServiceClient, ContentSettings, generate_blob_sas  # noqa: E402
from harness import Harness  # noqa: E402

MIB = 1 << 20
CONTENT = random.Random(9).randbytes(300_001)

# What each protocol sees of one object: the name, how S3 says it, how Blob says it.
ROWS = [
    ("size", lambda s3: s3["ContentLength"], lambda blob: blob.size),
    ("entity tag", lambda s3: s3["ETag"], lambda blob: blob.etag),
    ("time of last change", lambda s3: s3["LastModified"], lambda blob: blob.last_modified),
    ("content type", lambda s3: s3["ContentType"], lambda blob: blob.content_settings.content_type),
    ("content encoding", lambda s3: s3.get("ContentEncoding"), lambda blob: blob.content_settings.content_encoding),
    ("content language", lambda s3: s3.get("ContentLanguage"), lambda blob: blob.content_settings.content_language),
    ("content disposition", lambda s3: s3.get("ContentDisposition"), lambda blob: blob.content_settings.content_disposition),
    ("cache control", lambda s3: s3.get("CacheControl"), lambda blob: blob.content_settings.cache_control),
    ("metadata", lambda s3: s3["Metadata"], lambda blob: blob.metadata),
]


class Suite:
    def __init__(self, counts):
        self.counts, self.harness = counts, Harness(counts)
        self.s3 = self.harness.client
        self.blob = BlobServiceClient(os.environ["COMPAT_ENDPOINT"], credential={"account_name": os.environ["COMPAT_ACCOUNT"], "account_key": os.environ["COMPAT_KEY"]},
                                      connection_verify=os.environ.get("AWS_CA_BUNDLE", True), retry_total=1)

    def same(self, what, bucket, key, wanted):
        """Both protocols give the same of an object, and what was written. Returns S3's entity tag."""
        head, blob = self.s3.head_object(Bucket=bucket, Key=key), self.blob.get_blob_client(bucket, key).get_blob_properties()
        for row, of_s3, of_blob in ROWS:
            if row == "content type" and wanted.get(row, "") is None:  # none was given: each protocol has another word for that
                self.counts.equal(f"{what}: {row} that was not given", (of_s3(head), of_blob(blob)), ("binary/octet-stream", "application/octet-stream"))
                continue
            self.counts.equal(f"{what}: {row}", of_blob(blob), of_s3(head))
            if row in wanted:
                self.counts.equal(f"{what}: {row} that was written", of_s3(head), wanted[row])
        self.counts.true(f"{what}: the bytes by S3", self.harness.read(bucket, key) == wanted["bytes"])
        self.counts.true(f"{what}: the bytes by Blob", self.blob.get_blob_client(bucket, key).download_blob(max_concurrency=4).readall() == wanted["bytes"])
        if blob.content_settings.content_md5:
            self.counts.equal(f"{what}: MD5 by Blob", bytes(blob.content_settings.content_md5), hashlib.md5(wanted["bytes"]).digest())
        return head["ETag"]

    def blob_refused(self, what, status, call, *arguments, **options):
        try:
            call(*arguments, **options)
            self.counts.true(what, False, f"succeeded, want {status}")
        except HttpResponseError as error:
            self.counts.equal(what, error.status_code, status)

    # ---- sections ----
    def written_by_s3(self):
        bucket, key = self.harness.bucket("by-s3"), "dir/a+b %41 #ü"
        wanted = {"bytes": CONTENT, "size": len(CONTENT), "content type": "application/x-test", "content encoding": "x-test", "content language": "fi", "content disposition": "attachment",
                  "cache control": "max-age=60", "metadata": {"one": "1", "two": "a value; with = in it"}, "entity tag": f'"{hashlib.md5(CONTENT).hexdigest()}"'}
        self.s3.put_object(Bucket=bucket, Key=key, Body=CONTENT, ContentType="application/x-test", ContentEncoding="x-test", ContentLanguage="fi", ContentDisposition="attachment", CacheControl="max-age=60",
                           Metadata=wanted["metadata"])
        self.same("put by S3", bucket, key, wanted)
        self.s3.put_object(Bucket=bucket, Key="empty", Body=b"")
        self.same("put by S3, empty", bucket, "empty", {"bytes": b"", "size": 0, "content type": None, "metadata": {}})
        upload = self.s3.create_multipart_upload(Bucket=bucket, Key="parts", ContentType="text/x-parts", Metadata={"three": "3"})["UploadId"]
        contents = [self.harness.bytes(5 * MIB, 1), self.harness.bytes(MIB + 3, 2)]
        parts = [{"PartNumber": number, "ETag": self.s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=number, Body=content)["ETag"]} for number, content in enumerate(contents, 1)]
        self.blob_refused("an upload that is not complete is nothing to Blob", 404, self.blob.get_blob_client(bucket, "parts").get_blob_properties)
        self.s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
        tag = self.same("multipart upload by S3", bucket, "parts", {"bytes": b"".join(contents), "content type": "text/x-parts", "metadata": {"three": "3"}})
        self.counts.true("its entity tag is of two parts", tag.endswith('-2"'), tag)
        self.counts.true("a range of it by Blob", self.blob.get_blob_client(bucket, "parts").download_blob(5 * MIB - 5, 10).readall() == b"".join(contents)[5 * MIB - 5:][:10])

    def written_by_blob(self):
        bucket, key = self.harness.bucket("by-blob"), "dir/a+b %41 #ü"
        client = self.blob.get_blob_client(bucket, key)
        settings = ContentSettings(content_type="application/x-test", content_encoding="x-test", content_language="fi", content_disposition="attachment", cache_control="max-age=60",
                                   content_md5=bytearray(hashlib.md5(CONTENT).digest()))
        wanted = {"bytes": CONTENT, "size": len(CONTENT), "content type": "application/x-test", "content encoding": "x-test", "content language": "fi", "content disposition": "attachment",
                  "cache control": "max-age=60", "metadata": {"one": "1", "two": "a value; with = in it"}}
        client.upload_blob(CONTENT, content_settings=settings, metadata=wanted["metadata"])
        self.same("put by Blob", bucket, key, wanted)
        client.set_blob_metadata({"changed": "later"})
        self.same("metadata set by Blob", bucket, key, {"bytes": CONTENT, "metadata": {"changed": "later"}})
        client.set_http_headers(ContentSettings(content_type="text/x-changed"))
        self.same("properties set by Blob", bucket, key, {"bytes": CONTENT, "content type": "text/x-changed", "cache control": None})
        blocks, contents = self.blob.get_blob_client(bucket, "blocks"), [self.harness.bytes(MIB, n) for n in range(3)]
        for number, content in enumerate(contents):
            blocks.stage_block(f"{number:04}", content)
        self.counts.equal("blocks that are not committed are nothing to S3", (self.s3.list_objects_v2(Bucket=bucket, Prefix="blocks")["KeyCount"], self.s3.list_multipart_uploads(Bucket=bucket).get("Uploads")), (0, None))
        blocks.commit_block_list([BlobBlock(f"{number:04}") for number in range(3)], metadata={"blocks": "3"})
        self.same("block list by Blob", bucket, "blocks", {"bytes": b"".join(contents), "content type": None, "metadata": {"blocks": "3"}})

    def conditions(self):
        c, bucket = self.counts, self.harness.bucket("conditions")
        client = self.blob.get_blob_client(bucket, "key")
        first = self.s3.put_object(Bucket=bucket, Key="key", Body=b"first")["ETag"]
        second = client.upload_blob(b"second", overwrite=True, etag=first, match_condition=MatchConditions.IfNotModified)["etag"]
        self.blob_refused("Blob's write onto an entity tag that S3 gave and is old", 412, client.upload_blob, b"x", overwrite=True, etag=first, match_condition=MatchConditions.IfNotModified)
        self.harness.refused("S3's write onto an entity tag that is old", 412, "PreconditionFailed", self.s3.put_object, Bucket=bucket, Key="key", Body=b"x", IfMatch=first)
        self.s3.put_object(Bucket=bucket, Key="key", Body=b"third", IfMatch=second)
        c.equal("S3's write onto an entity tag that Blob gave", client.download_blob().readall(), b"third")
        self.harness.refused("S3's write where Blob has written", 412, "PreconditionFailed", self.s3.put_object, Bucket=bucket, Key="key", Body=b"x", IfNoneMatch="*")
        self.blob_refused("Blob's write where S3 has written", 409, client.upload_blob, b"x", overwrite=False)

    def copies(self):
        bucket, other = self.harness.bucket("copies"), self.harness.bucket("copies-target")
        self.s3.put_object(Bucket=bucket, Key="by s3 ü", Body=CONTENT, ContentType="text/x-test", Metadata={"one": "1"})
        wanted = {"bytes": CONTENT, "content type": "text/x-test", "metadata": {"one": "1"}}
        expiry = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        signature = generate_blob_sas(os.environ["COMPAT_ACCOUNT"], bucket, "by s3 ü", account_key=os.environ["COMPAT_KEY"], permission=BlobSasPermissions(read=True), expiry=expiry)
        self.blob.get_blob_client(other, "by blob").start_copy_from_url(f"{self.blob.get_blob_client(bucket, 'by s3 ü').url}?{signature}")
        self.same("copied by Blob", other, "by blob", wanted)
        self.s3.copy_object(Bucket=other, Key="back", CopySource={"Bucket": other, "Key": "by blob"})
        self.same("copied by S3 from what Blob made", other, "back", wanted)

    def containers(self):
        c, name = self.counts, "unified-" + self.harness.bucket("x")[-12:]
        container = self.blob.create_container(name)
        self.harness.made.append(name)
        c.true("a container is a bucket", name in [each["Name"] for each in self.s3.list_buckets()["Buckets"]])
        bucket = self.harness.made[-2]
        c.true("a bucket is a container", bucket in [each.name for each in self.blob.list_containers(name_starts_with="boto3-")])
        source = Path(os.environ["COMPAT_TREE"]) / "awkward"
        names = sorted(tree.manifest(source), key=lambda each: each.encode())
        for number, key in enumerate(names):
            content = (source / key).read_bytes()
            if number % 2:
                self.s3.put_object(Bucket=name, Key=key, Body=content)
            else:
                container.upload_blob(key, content)
        of_s3 = [(each["Key"], each["Size"], each["ETag"].strip('"')) for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=name, PaginationConfig={"PageSize": 20}) for each in page["Contents"]]
        of_blob = [(each.name, each.size, each.etag.strip('"')) for each in container.list_blobs(results_per_page=17)]
        c.equal("names in order", [key for key, _, _ in of_s3], names)
        c.equal("the same listing: names, sizes, entity tags", of_blob, of_s3)
        prefixes = [each["Prefix"] for each in self.s3.list_objects_v2(Bucket=name, Delimiter="/")["CommonPrefixes"]]
        c.equal("the same prefixes", [each.name for each in container.walk_blobs() if each.name.endswith("/")], prefixes)
        c.true("what one wrote the other reads: every byte", all(self.harness.read(name, key) == container.download_blob(key).readall() == (source / key).read_bytes() for key in names))
        self.s3.delete_object(Bucket=name, Key=names[0])
        self.blob_refused("deleted by S3", 404, container.get_blob_client(names[0]).get_blob_properties)
        container.delete_blob(names[1])
        self.harness.refused("deleted by Blob", 404, "404", self.s3.head_object, Bucket=name, Key=names[1])
        container.delete_container()
        self.harness.refused("a container that Blob deleted is no bucket", 404, "404", self.s3.head_bucket, Bucket=name)

    def versions(self):
        c, bucket = self.counts, self.harness.versioned_bucket("versions")
        client = self.blob.get_blob_client(bucket, "key")
        first = self.s3.put_object(Bucket=bucket, Key="key", Body=b"by S3")["VersionId"]
        client.upload_blob(b"by Blob", overwrite=True)
        c.equal("Blob overwrites: the version of S3 is kept", self.harness.read(bucket, "key", VersionId=first), b"by S3")
        client.delete_blob()
        self.harness.refused("Blob deletes: gone for S3", 404, "NoSuchKey", self.s3.get_object, Bucket=bucket, Key="key")
        listed = self.s3.list_object_versions(Bucket=bucket)
        c.equal("Blob deletes: a marker, and both versions", (len(listed.get("DeleteMarkers", [])), len(listed.get("Versions", []))), (1, 2))
        self.s3.delete_object(Bucket=bucket, Key="key", VersionId=listed["DeleteMarkers"][0]["VersionId"])
        c.equal("without the marker it is back for Blob", client.download_blob().readall(), b"by Blob")
        self.s3.delete_object(Bucket=bucket, Key="key")
        self.blob_refused("a marker of S3: gone for Blob", 404, client.get_blob_properties)
        c.equal("a marker of S3: not listed by Blob", [each.name for each in self.blob.get_container_client(bucket).list_blobs()], [])


def main():
    counts = checks.from_environment()
    suite = Suite(counts)
    try:
        for title, body in (("written by S3", suite.written_by_s3), ("written by Blob", suite.written_by_blob), ("conditions", suite.conditions), ("copies", suite.copies),
                            ("containers and listings", suite.containers), ("versions", suite.versions)):
            counts.section(title, body)
    finally:
        suite.harness.clean_up()
        counts.write_result_file(os.environ["COMPAT_RESULT"])


if __name__ == "__main__":
    main()
