"""Clients, containers of their own for each section, and checks on errors, for the Python suite."""
import os
import random
import uuid

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob import BlobServiceClient, ExponentialRetry


# Where Azurite answers another code than the documented one.
AZURITE_SAYS = {"AuthenticationFailed": "AuthorizationFailure", "Md5Mismatch": "InvalidOperation", "SourceConditionNotMet": "ConditionNotMet"}


class Harness:
    def __init__(self, counts):
        self.counts = counts
        self.endpoint = os.environ["COMPAT_ENDPOINT"]
        self.account, self.key = os.environ["COMPAT_ACCOUNT"], os.environ["COMPAT_KEY"]
        self.service = self.service_at(self.endpoint)
        self.made = []

    def service_at(self, endpoint, credential=None, **options):
        """A client; retries come fast so that a broken server fails fast."""
        return BlobServiceClient(endpoint, credential=credential or {"account_name": self.account, "account_key": self.key},
                                 retry_policy=ExponentialRetry(initial_backoff=0, increment_base=0, retry_total=3), **options)

    def container_name(self, name):
        return f"python-{name}-{uuid.uuid4().hex[:12]}"

    def container(self, name, **options):
        """A new container, deleted at the end."""
        client = self.service.get_container_client(self.container_name(name))
        client.create_container(**options)
        self.made.append(client)
        return client

    def clean_up(self):
        for client in self.made:
            try:
                client.delete_container()
            except AzureError:
                pass

    def bytes(self, size, seed=1):
        return random.Random(f"{size}:{seed}").randbytes(size)

    def refused(self, what, status, code, call, *arguments, azurite_lacks="", **options):
        """Check that a call fails with exactly this status and error code. code may be None for an answer without body."""
        try:
            result = call(*arguments, **options)
        except HttpResponseError as error:
            got_code = getattr(error, "error_code", None)
            got_code = getattr(got_code, "value", got_code)
            codes = code if isinstance(code, tuple) else (code,)
            if self.counts.server_kind == "azurite":
                codes += tuple(AZURITE_SAYS.get(each) for each in codes)
            self.counts.true(what, error.status_code == status and (code is None or got_code in codes),
                             f"got {error.status_code} {got_code}, want {status} {code}", azurite_lacks)
            return
        self.counts.true(what, False, f"succeeded with {result!r:.200}, want {status} {code}", azurite_lacks)
