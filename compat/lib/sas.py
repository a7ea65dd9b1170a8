"""Shared access signatures by the documented string-to-sign, with the standard library only.

Made here rather than by an SDK, so that the server's verification is checked against a second reading of the documentation.
Sources: "Create an account SAS" and "Create a service SAS", the layouts of version 2020-12-06 and later.
"""
import base64
import datetime
import hashlib
import hmac
import urllib.parse
import urllib.request

VERSION = "2022-11-02"


def time_text(offset_seconds):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset_seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _signature(key, lines):
    digest = hmac.new(base64.b64decode(key), "\n".join(lines).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def account(name, key, permissions="rwdlac", services="b", resource_types="sco", valid_seconds=3600):
    start, end = time_text(min(-300, valid_seconds - 300)), time_text(valid_seconds)
    # account, permissions, services, resource types, start, expiry, address, protocol, version, encryption scope
    lines = [name, permissions, services, resource_types, start, end, "", "https,http", VERSION, "", ""]
    return urllib.parse.urlencode({"sv": VERSION, "ss": services, "srt": resource_types, "sp": permissions, "st": start,
                                   "se": end, "spr": "https,http", "sig": _signature(key, lines)})


def container(name, key, container_name, permissions="racwdl", valid_seconds=3600):
    start, end = time_text(min(-300, valid_seconds - 300)), time_text(valid_seconds)
    # permissions, start, expiry, resource, identifier, address, protocol, version, resource kind, snapshot,
    # encryption scope, then the five response headers
    lines = [permissions, start, end, f"/blob/{name}/{container_name}", "", "", "https,http", VERSION, "c", "", "",
             "", "", "", "", ""]
    return urllib.parse.urlencode({"sv": VERSION, "sr": "c", "sp": permissions, "st": start, "se": end,
                                   "spr": "https,http", "sig": _signature(key, lines)})


def create_container(endpoint, container_name, account_sas):
    """Create a container by REST: azcopy cannot on a path-style URL."""
    request = urllib.request.Request(f"{endpoint}/{container_name}?restype=container&{account_sas}", method="PUT", data=b"",
                                     headers={"x-ms-version": VERSION})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status
