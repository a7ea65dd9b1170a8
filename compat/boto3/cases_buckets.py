"""Buckets: life, listings, tags, CORS with preflight, public access and ownership."""
import os


def life(h):
    c, s3 = h.counts, h.client
    bucket = h.bucket("life")
    c.true("list_buckets names it", bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]])
    c.equal("list_buckets by prefix", [each["Name"] for each in s3.list_buckets(Prefix=bucket)["Buckets"]], [bucket])
    c.equal("head_bucket", s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"], 200)
    c.equal("get_bucket_location", s3.get_bucket_location(Bucket=bucket)["LocationConstraint"], None)
    c.equal("get_bucket_versioning of a new bucket", s3.get_bucket_versioning(Bucket=bucket).get("Status"), None)
    h.refused("head_bucket of a missing bucket", 404, "404", s3.head_bucket, Bucket=bucket + "-not")
    h.refused("list_objects_v2 of a missing bucket", 404, "NoSuchBucket", s3.list_objects_v2, Bucket=bucket + "-not")
    h.refused("put_object into a missing bucket", 404, "NoSuchBucket", s3.put_object, Bucket=bucket + "-not", Key="key", Body=b"1")
    h.refused("delete_bucket of a missing bucket", 404, "NoSuchBucket", s3.delete_bucket, Bucket=bucket + "-not")
    s3.put_object(Bucket=bucket, Key="key", Body=b"1")
    h.refused("delete_bucket that is not empty", 409, "BucketNotEmpty", s3.delete_bucket, Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="key")
    c.equal("delete_bucket", s3.delete_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"], 204)
    h.refused("head_bucket after its deletion", 404, "404", s3.head_bucket, Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    s3.get_waiter("bucket_exists").wait(Bucket=bucket, WaiterConfig={"MaxAttempts": 2, "Delay": 1})


def wrong_credentials(h):
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    bucket = h.bucket("credentials")
    h.refused("another secret", 403, "SignatureDoesNotMatch", h.client_at(endpoint, aws_secret_access_key="wrong", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"]).list_buckets)
    h.refused("an unknown access key", 403, "InvalidAccessKeyId", h.client_at(endpoint, aws_secret_access_key="wrong", aws_access_key_id="UNKNOWN").list_buckets)
    h.counts.equal("another region: the client learns the right one of the refusal", h.client_at(endpoint, region_name="eu-north-1").list_objects_v2(Bucket=bucket)["KeyCount"], 0)
    h.counts.equal("without credentials", h.fetch(f"{endpoint}/{bucket}?list-type=2")[0], 403)


def listings(h):
    c, s3, bucket = h.counts, h.client, h.bucket("listings")
    names = sorted([f"{folder}/{n:03}" for folder in ("a", "a b", "a+b", "ü%", "#?&") for n in range(25)] + ["a.top", "top", "z/y/x/w"], key=lambda name: name.encode())
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=name.encode())
    for operation in ("list_objects_v2", "list_objects"):
        pages = list(s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 10}))
        c.equal(f"{operation} in pages of 10: keys in byte order", [each["Key"] for page in pages for each in page["Contents"]], names)
        c.equal(f"{operation}: pages", len(pages), -(-len(names) // 10))
        levels = list(s3.get_paginator(operation).paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2}))
        c.equal(f"{operation} by delimiter: prefixes", [each["Prefix"] for page in levels for each in page.get("CommonPrefixes", [])], ["#?&/", "a b/", "a+b/", "a/", "z/", "ü%/"])
        c.equal(f"{operation} by delimiter: keys", [each["Key"] for page in levels for each in page.get("Contents", [])], ["a.top", "top"])
        below = getattr(s3, operation)(Bucket=bucket, Prefix="ü%/", Delimiter="/")
        c.equal(f"{operation} below a prefix", ([each["Key"] for each in below["Contents"]], below["Delimiter"]), ([name for name in names if name.startswith("ü%/")], "/"))
        c.equal(f"{operation} of a longer delimiter", [each["Prefix"] for each in getattr(s3, operation)(Bucket=bucket, Delimiter="/00")["CommonPrefixes"]],
                ["#?&/00", "a b/00", "a+b/00", "a/00", "ü%/00"])
        none = getattr(s3, operation)(Bucket=bucket, MaxKeys=0)
        c.equal(f"{operation} of no keys", (none["IsTruncated"], none.get("Contents"), none["MaxKeys"]), (False, None, 0))
    c.equal("list_objects_v2: the prefix is given back", s3.list_objects_v2(Bucket=bucket, Prefix="ü%/")["Prefix"], "ü%/")
    first = s3.list_objects_v2(Bucket=bucket, MaxKeys=3)
    c.equal("list_objects_v2: count and truncation", (first["KeyCount"], first["IsTruncated"]), (3, True))
    c.equal("an entry", (first["Contents"][0]["Size"], first["Contents"][0]["StorageClass"], first["Contents"][0]["ETag"]),
            (len(names[0]), "STANDARD", s3.head_object(Bucket=bucket, Key=names[0])["ETag"]))
    after = s3.list_objects_v2(Bucket=bucket, StartAfter="top", FetchOwner=True)
    c.equal("StartAfter", [each["Key"] for each in after["Contents"]], [name for name in names if name.encode() > b"top"])
    c.true("FetchOwner", after["Contents"][0].get("Owner", {}).get("ID"))
    c.equal("Marker", s3.list_objects(Bucket=bucket, Marker="top")["Contents"][0]["Key"], "z/y/x/w")
    h.refused("a continuation token that is none of ours", 400, "InvalidArgument", s3.list_objects_v2, Bucket=bucket, ContinuationToken="wrong token")
    c.equal("nothing below a prefix", s3.list_objects_v2(Bucket=bucket, Prefix="nothing")["KeyCount"], 0)


def tags(h):
    c, s3, bucket = h.counts, h.client, h.bucket("tags")
    h.refused("get_bucket_tagging without tags", 404, "NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)
    wanted = [{"Key": "one", "Value": "1"}, {"Key": "two words", "Value": "a value, with: signs"[:7]}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": wanted})
    c.equal("get_bucket_tagging", sorted(s3.get_bucket_tagging(Bucket=bucket)["TagSet"], key=lambda tag: tag["Key"]), wanted)
    s3.delete_bucket_tagging(Bucket=bucket)
    h.refused("get_bucket_tagging after delete_bucket_tagging", 404, "NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)


def cors(h):
    c, s3, bucket = h.counts, h.client, h.bucket("cors")
    h.refused("get_bucket_cors without rules", 404, "NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket=bucket)
    rules = [{"AllowedOrigins": ["https://*.example.org"], "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"], "MaxAgeSeconds": 300},
             {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    c.equal("get_bucket_cors", s3.get_bucket_cors(Bucket=bucket)["CORSRules"], rules)
    s3.put_object(Bucket=bucket, Key="key", Body=b"1")
    url = f"{os.environ['AWS_ENDPOINT_URL']}/{bucket}/key"
    asked = {"Origin": "https://app.example.org", "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type, x-amz-date"}
    status, headers, _ = h.fetch(url, "OPTIONS", headers=asked)
    c.equal("preflight", (status, headers["Access-Control-Allow-Origin"], headers["Access-Control-Max-Age"]), (200, "https://app.example.org", "300"))
    c.true("preflight: methods", "PUT" in (headers["Access-Control-Allow-Methods"] or ""), headers["Access-Control-Allow-Methods"])
    c.true("preflight: headers", "content-type" in (headers["Access-Control-Allow-Headers"] or "").lower(), headers["Access-Control-Allow-Headers"])
    c.equal("preflight of a method that is not allowed", h.fetch(url, "OPTIONS", headers={**asked, "Access-Control-Request-Method": "DELETE"})[0], 403)
    c.equal("preflight of an origin that is not allowed", h.fetch(url, "OPTIONS", headers={**asked, "Origin": "https://example.com"})[0], 403)
    status, headers, _ = h.fetch(s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "key"}), headers={"Origin": "https://app.example.org"})
    c.equal("a request with an origin", (status, headers["Access-Control-Allow-Origin"], headers["Access-Control-Expose-Headers"]), (200, "https://app.example.org", "ETag"))
    s3.delete_bucket_cors(Bucket=bucket)
    h.refused("get_bucket_cors after delete_bucket_cors", 404, "NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket=bucket)
    c.equal("preflight without rules", h.fetch(url, "OPTIONS", headers=asked)[0], 403)



def public_access(h):
    c, s3, bucket = h.counts, h.client, h.bucket("public")
    block = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)
    at = {"Bucket": bucket, "Key": "open"}
    url = f"{os.environ['AWS_ENDPOINT_URL']}/{bucket}/open"
    h.refused("get_public_access_block of none", 404, "NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, Bucket=bucket)
    s3.put_object(Body=b"open", ACL="public-read", **at)
    c.equal("a public object", h.fetch(url)[0], 200)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={**block, "IgnorePublicAcls": True})
    c.equal("get_public_access_block", s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"], {**block, "IgnorePublicAcls": True})
    c.equal("a public object whose list is ignored", h.fetch(url)[0], 403)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={**block, "BlockPublicAcls": True})
    c.equal("a public object, where new ones are blocked", h.fetch(url)[0], 200)
    h.refused("put_object with a blocked list", 403, "AccessDenied", s3.put_object, Body=b"x", ACL="public-read", **at)
    h.refused("put_bucket_acl with a blocked list", 403, "AccessDenied", s3.put_bucket_acl, Bucket=bucket, ACL="public-read")
    s3.delete_public_access_block(Bucket=bucket)
    h.refused("get_bucket_ownership_controls of none", 404, "OwnershipControlsNotFoundError", s3.get_bucket_ownership_controls, Bucket=bucket)
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    c.equal("get_bucket_ownership_controls", s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"], {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    c.equal("a public object where lists mean nothing", h.fetch(url)[0], 403)
    h.refused("put_object_acl where lists mean nothing", 400, "AccessControlListNotSupported", s3.put_object_acl, ACL="private", **at)
    s3.put_object(Body=b"open", ACL="bucket-owner-full-control", **at)
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    h.refused("get_bucket_policy_status", 404, "NoSuchBucketPolicy", s3.get_bucket_policy_status, Bucket=bucket)


SECTIONS = [("life of a bucket", life), ("wrong credentials", wrong_credentials), ("listings", listings), ("tags of a bucket", tags), ("CORS", cors), ("public access", public_access)]
