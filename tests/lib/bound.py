"""A gateway with a container bound to an upstream, over the API of its administration, and what its metrics say of what upstream lacks."""
import http.client
import json
import os
import time

from blobclient import ACCOUNT, KEY, Server


class Gateway(Server):
    """A server whose containers can be attached."""

    def api(self, method, path, body=None):
        with open(os.path.join(self.data, "admin-token")) as file:
            token = file.read().strip()
        connection = http.client.HTTPConnection(self.admin, timeout=60)
        connection.request(method, path, body=None if body is None else json.dumps(body), headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def attach(self, container, url, mode, account=ACCOUNT, **fields):
        """To Azure Blob with the development account's key, unless `fields` say otherwise."""
        if not fields:
            fields = {"account_key": KEY}
        status, text = self.api("PUT", f"/api/v1/bindings/{account}/{container}", {"upstream": url, "mode": mode, "ttl_s": 0, **fields})
        if status != 200:
            raise RuntimeError(f"not attached: {status} {text}")

    def numbers(self):
        _, text = self.api("GET", "/metrics")
        return {name[len("skerry_dirty_"):]: float(value) for name, value in
                (line.split() for line in text.splitlines() if line.startswith("skerry_dirty_"))}

    def drained(self, seconds=30):
        """Waits until no name is dirty but those in conflict."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            numbers = self.numbers()
            if numbers["objects"] == numbers["conflicts"]:
                return True
            time.sleep(0.05)
        return False

    def waits_for(self, name, value, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.numbers()[name] == value:
                return True
            time.sleep(0.05)
        return False
