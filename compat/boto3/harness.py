"""Clients, buckets of their own for each section, and checks on errors, for the suite of boto3."""
import os
import random
import ssl
import urllib.error
import urllib.request
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


class Harness:
    def __init__(self, counts):
        self.counts = counts
        self.client = self.client_at(os.environ["AWS_ENDPOINT_URL"])
        self.made = []

    def client_at(self, endpoint, **options):
        """Retries are few, so that a broken server fails fast."""
        settings = {"s3": {"addressing_style": "path"}, "retries": {"max_attempts": 3, "mode": "standard"}, "signature_version": "s3v4", **options.pop("config", {})}
        return boto3.client("s3", endpoint_url=endpoint, config=Config(**settings), **options)

    def bucket(self, name):
        """The name of a new bucket, emptied and deleted at the end."""
        name = f"boto3-{name}-{uuid.uuid4().hex[:12]}"
        self.client.create_bucket(Bucket=name)
        self.made.append(name)
        return name

    def versioned_bucket(self, name, status="Enabled"):
        name = self.bucket(name)
        self.client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})
        return name

    def clean_up(self):
        for bucket in self.made:
            try:
                for page in self.client.get_paginator("list_object_versions").paginate(Bucket=bucket):
                    doomed = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in page.get("Versions", []) + page.get("DeleteMarkers", [])]
                    if doomed:
                        self.client.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
                self.client.delete_bucket(Bucket=bucket)
            except (ClientError, BotoCoreError):
                pass

    def bytes(self, size, seed=1):
        return random.Random(f"{size}:{seed}").randbytes(size)

    def read(self, bucket, key, **options):
        return self.client.get_object(Bucket=bucket, Key=key, **options)["Body"].read()

    def refused(self, what, status, code, call, **options):
        """Check that a call fails with exactly this status and one of these error codes; for an answer without body botocore's code is the
        status."""
        codes = code if isinstance(code, tuple) else (code,)
        try:
            result = call(**options)
        except ClientError as error:
            got = (error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"])
            self.counts.true(what, got[0] == status and got[1] in codes, f"got {got[0]} {got[1]} ({error.response['Error'].get('Message')}), want {status} {code}")
            return error.response
        self.counts.true(what, False, f"succeeded with {result!r:.200}, want {status} {code}")
        return {}

    def fetch(self, url, method="GET", data=None, headers=None):
        """A plain HTTP request: (status, headers, body)."""
        ca = os.environ.get("AWS_CA_BUNDLE")
        request = urllib.request.Request(url, method=method, data=data, headers=headers or {})
        try:
            with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=ca) if ca else None, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()


def refusal(answer):
    """The code in an error's body."""
    text = answer[2].decode(errors="replace")
    return (answer[0], text.split("<Code>")[1].split("</Code>")[0] if "<Code>" in text else "")
