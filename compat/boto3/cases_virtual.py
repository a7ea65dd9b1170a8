"""Buckets as hosts, BUCKET.s3.localhost: the style that boto3 takes unless told otherwise."""
import contextlib
import os
import socket
import unittest.mock
import uuid
from urllib.parse import urlsplit

from boto3.s3.transfer import TransferConfig

MIB = 1 << 20
ENDPOINT = os.environ.get("COMPAT_VIRTUAL_ENDPOINT")


@contextlib.contextmanager
def names_below_localhost():
    """Not every system's resolver knows that such names are loopback, and botocore has no hook of its own for names."""
    ask = socket.getaddrinfo

    def look_up(host, *arguments, **options):
        return ask("127.0.0.1" if isinstance(host, str) and host.endswith(".localhost") else host, *arguments, **options)

    with unittest.mock.patch("socket.getaddrinfo", look_up):
        yield


def buckets_as_hosts(h):
    c, hosts = h.counts, set()
    client = h.client_at(ENDPOINT, config={"s3": {"addressing_style": "virtual"}})
    client.meta.events.register("before-send.s3", lambda request, **_: hosts.add(urlsplit(request.url).hostname))
    with names_below_localhost():
        bucket = f"boto3-host-{uuid.uuid4().hex[:12]}"
        client.create_bucket(Bucket=bucket)
        h.made.append(bucket)
        domain = urlsplit(ENDPOINT).hostname
        c.equal("the bucket is the host", hosts, {f"{bucket}.{domain}"})
        c.true("list_buckets, of the domain itself", bucket in [each["Name"] for each in client.list_buckets()["Buckets"]])
        objects(h, client, bucket)
        parts(h, client, bucket)
        presigned(h, client, bucket)
        h.refused("a bucket that is not there", 404, "NoSuchBucket", client.list_objects_v2, Bucket=bucket + "-not")
        h.refused("another secret", 403, "SignatureDoesNotMatch", h.client_at(ENDPOINT, config={"s3": {"addressing_style": "virtual"}}, aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
                                                                              aws_secret_access_key="wrong").list_objects_v2, Bucket=bucket)
        if ENDPOINT.startswith("http:"):  # a certificate's star covers no dot, so over https the client asks by path
            dotted = bucket + ".with.dots"
            client.create_bucket(Bucket=dotted)
            h.made.append(dotted)
            client.put_object(Bucket=dotted, Key="key", Body=b"dots")
            c.equal("a bucket with dots in its name", (f"{dotted}.{domain}" in hosts, h.read(dotted, "key")), (True, b"dots"))
        empty = f"boto3-host-{uuid.uuid4().hex[:12]}"
        client.create_bucket(Bucket=empty)
        client.delete_bucket(Bucket=empty)
        h.refused("head_bucket after its deletion", 404, "404", client.head_bucket, Bucket=empty)


def objects(h, client, bucket):
    """What is written to the host is read by path, and the other way round."""
    c, content = h.counts, h.bytes(70_001)
    # The first looks like a bucket's path; the others break naive escaping
    names = [f"{bucket}/key", "a+b %41 #ü?", "/leading slash", "two//slashes", "dir/key"]
    for name in names:
        client.put_object(Bucket=bucket, Key=name, Body=content + name.encode(), Metadata={"one": "1"})
        c.true(f"{name!r}: by path", h.read(bucket, name) == content + name.encode())
        h.client.put_object(Bucket=bucket, Key=name, Body=name.encode() + content)
        c.true(f"{name!r}: by host", client.get_object(Bucket=bucket, Key=name)["Body"].read() == name.encode() + content)
    c.equal("list_objects_v2", [each["Key"] for each in client.list_objects_v2(Bucket=bucket)["Contents"]], sorted(names, key=str.encode))
    levels = client.list_objects_v2(Bucket=bucket, Prefix="", Delimiter="/")
    c.equal("list_objects_v2 by delimiter", [each["Prefix"] for each in levels["CommonPrefixes"]], sorted(["/", bucket + "/", "dir/", "two/"]))
    client.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": names[1]})
    c.true("copy_object: the bytes", h.read(bucket, "copy") == names[1].encode() + content)
    c.equal("a range", client.get_object(Bucket=bucket, Key="copy", Range="bytes=100-199")["Body"].read(), (names[1].encode() + content)[100:200])
    client.put_object_tagging(Bucket=bucket, Key="copy", Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    c.equal("get_object_tagging", h.client.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"], [{"Key": "a", "Value": "1"}])
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    c.equal("get_bucket_versioning", h.client.get_bucket_versioning(Bucket=bucket)["Status"], "Enabled")
    gone = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": name} for name in names]})
    c.equal("delete_objects", (len(gone["Deleted"]), gone.get("Errors")), (len(names), None))
    h.refused("a key that is gone", 404, "NoSuchKey", client.get_object, Bucket=bucket, Key=names[0])
    c.true("its old version", client.get_object(Bucket=bucket, Key=names[0], VersionId="null")["Body"].read() == names[0].encode() + content)


def parts(h, client, bucket):
    c, content, name = h.counts, h.bytes(17 * MIB + 3), "in parts #ü"
    settings = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    with open("virtual.up", "wb") as file:
        file.write(content)
    client.upload_file("virtual.up", bucket, name, Config=settings)
    client.copy({"Bucket": bucket, "Key": name}, bucket, "copy of parts", Config=settings)
    for key in (name, "copy of parts"):
        c.equal(f"{key}: in four parts", client.head_object(Bucket=bucket, Key=key)["ETag"][-3:], '-4"')
        client.download_file(bucket, key, "virtual.down", Config=settings)
        with open("virtual.down", "rb") as file:
            c.true(f"{key}: every byte", file.read() == content)
    upload = client.create_multipart_upload(Bucket=bucket, Key="aborted")["UploadId"]
    c.equal("list_multipart_uploads", [each["UploadId"] for each in client.list_multipart_uploads(Bucket=bucket)["Uploads"]], [upload])
    client.abort_multipart_upload(Bucket=bucket, Key="aborted", UploadId=upload)


def presigned(h, client, bucket):
    c, content, at = h.counts, h.bytes(70_000), {"Bucket": bucket, "Key": "dir/a+b %ü#?"}
    url = client.generate_presigned_url("put_object", at)
    c.equal("a presigned URL: the bucket is the host", urlsplit(url).hostname.split(".")[0], bucket)
    c.equal("presigned PUT", h.fetch(url, "PUT", content)[0], 200)
    status, _, got = h.fetch(client.generate_presigned_url("get_object", at))
    c.equal("presigned GET", (status, got == content), (200, True))
    old = h.client_at(ENDPOINT, config={"s3": {"addressing_style": "virtual"}, "signature_version": "s3"}).generate_presigned_url("get_object", at)
    status, _, got = h.fetch(old)
    c.equal("presigned GET of Version 2", (urlsplit(old).hostname.split(".")[0], status, got == content), (bucket, 200, True))
    status, _, _ = h.fetch(client.generate_presigned_url("get_object", at).replace(bucket, bucket[:-1] + "-", 1))
    c.equal("presigned for another bucket", status, 403)


SECTIONS = [("buckets as hosts", buckets_as_hosts)] if ENDPOINT else []
