"""A server to test and a Blob client without a library in between: Shared Key and SAS signing with the standard library, exact
control over what is sent."""
import base64
import hashlib
import hmac
import http.client
import os
import signal
import subprocess
import time
import urllib.parse

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
VERSION = "2021-12-02"
BINARY = os.environ.get("SKERRY_BIN") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "skerry")


class Server:
    """`skerry serve` on free ports, over HTTPS with an authority's certificate. As a context manager it ends the server and insists on
    exit code 0."""

    def __init__(self, data, *flags, log=None, authority=None):
        self.data, self.flags, self.log = data, flags, log
        if authority is not None:
            self.flags = (*flags, "--tls-cert", authority.certificate, "--tls-key", authority.key)
        self.process = None

    def start(self):
        command = [BINARY, "serve", "--data", self.data, "--blob", "127.0.0.1:0", "--s3", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                   *self.flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log or subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("skerry ready "):
            raise RuntimeError(f"the server did not start: exit code {self.process.wait(10)}")
        parts = dict(item.split("=", 1) for item in line.split()[2:])
        self.blob, self.s3, self.admin, self.pid = parts["blob"], parts["s3"], parts["admin"], self.process.pid
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
        self.process.stdout.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.process.stdout.close()
        if code != 0:
            raise RuntimeError(f"the server ended with {code}")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        else:
            raise RuntimeError(f"the server died with {self.process.returncode}")

    def fsck(self, *flags):
        return subprocess.run([BINARY, "fsck", self.data, *flags], stdout=subprocess.DEVNULL).returncode


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.error_code = headers.get("x-ms-error-code")

    def __repr__(self):
        return f"{self.status} {self.error_code or ''}".strip()


def date(offset_s=0):
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + offset_s))


def sign(key, text):
    return base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()


def string_to_sign(method, path, query, headers, account=ACCOUNT, lite=False):
    """`path` and `query` as they are sent. `headers` with their names as given."""
    lower = {name.lower(): value for name, value in headers.items()}
    own = "".join(f"{name}:{lower[name].strip()}\n" for name in sorted(lower) if name.startswith("x-ms-"))
    resource = f"/{account}{path}"
    pairs = {}
    for part in query.split("&") if query else []:
        name, _, value = part.partition("=")
        pairs.setdefault(urllib.parse.unquote_plus(name).lower(), []).append(urllib.parse.unquote_plus(value))
    get = lambda name: lower.get(name, "")
    dated = "" if "x-ms-date" in lower else get("date")
    if lite:
        if "comp" in pairs:
            resource += "?comp=" + pairs["comp"][0]
        return "\n".join([method, get("content-md5"), get("content-type"), dated]) + "\n" + own + resource
    for name in sorted(pairs):
        resource += f"\n{name}:{','.join(sorted(pairs[name]))}"
    length = get("content-length")
    return "\n".join([method, get("content-encoding"), get("content-language"), "" if length == "0" else length, get("content-md5"),
                      get("content-type"), dated, get("if-modified-since"), get("if-match"), get("if-none-match"),
                      get("if-unmodified-since"), get("range")]) + "\n" + own + resource


def account_sas(permissions="rwdlacx", services="b", types="sco", start="", expiry="2099-01-01T00:00:00Z", ip="", protocol="",
                version=VERSION, key=KEY, account=ACCOUNT):
    text = "\n".join([account, permissions, services, types, start, expiry, ip, protocol, version]) + "\n"
    if version >= "2020-12-06":
        text += "\n"
    pairs = {"sv": version, "ss": services, "srt": types, "sp": permissions, "st": start, "se": expiry, "sip": ip, "spr": protocol,
             "sig": sign(key, text)}
    return urllib.parse.urlencode({name: value for name, value in pairs.items() if value})


def service_sas(resource, permissions="r", start="", expiry="2099-01-01T00:00:00Z", identifier="", ip="", protocol="", version=VERSION,
                overrides=None, key=KEY, account=ACCOUNT):
    """For "container", or for "container/blob" with the blob's name as it is before encoding. The form of 2020-12-06 and later.
    `overrides`: rscc, rscd, rsce, rscl, rsct."""
    overrides = overrides or {}
    kind = "b" if "/" in resource else "c"
    text = "\n".join([permissions, start, expiry, f"/blob/{account}/{resource}", identifier, ip, protocol, version, kind, "", "",
                      *(overrides.get(name, "") for name in ("rscc", "rscd", "rsce", "rscl", "rsct"))])
    pairs = {"sv": version, "sr": kind, "sp": permissions, "st": start, "se": expiry, "si": identifier, "sip": ip, "spr": protocol,
             **overrides, "sig": sign(key, text)}
    return urllib.parse.urlencode({name: value for name, value in pairs.items() if value})


class Client:
    """One keep-alive connection, over HTTPS when there is an SSL context. Not shared by threads."""

    def __init__(self, endpoint, account=ACCOUNT, key=KEY, timeout=60, context=None):
        self.endpoint, self.account, self.key, self.timeout, self.context = endpoint, account, key, timeout, context
        self.connection = None

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _connect(self):
        if self.context is None:
            return http.client.HTTPConnection(self.endpoint, timeout=self.timeout)
        return http.client.HTTPSConnection(self.endpoint, timeout=self.timeout, context=self.context)

    def send(self, method, target, headers, body=None):
        """Exactly this, without signing. Raises OSError or HTTPException when the connection breaks."""
        if self.connection is None:
            self.connection = self._connect()
        try:
            self.connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers.items():
                self.connection.putheader(name, value)
            self.connection.endheaders(body)
            response = self.connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except BaseException:
            self.close()
            raise
        if response.will_close:
            self.close()
        return answer

    def request(self, method, path, query="", body=b"", headers=None, lite=False):
        """`path` below the account, encoded; signed with Shared Key. A header that is None is not sent."""
        headers = {"x-ms-date": date(), "x-ms-version": VERSION, **(headers or {})}
        headers = {name: value for name, value in headers.items() if value is not None}
        if body or method in ("PUT", "POST"):
            headers.setdefault("Content-Length", str(len(body)))
        full = f"/{self.account}{path}"
        scheme = "SharedKeyLite" if lite else "SharedKey"
        if "Authorization" not in headers:
            text = string_to_sign(method, full, query, headers, self.account, lite)
            headers["Authorization"] = f"{scheme} {self.account}:{sign(self.key, text)}"
        return self.send(method, full + ("?" + query if query else ""), headers, body or None)

    @staticmethod
    def name(container, blob):
        return f"/{container}/" + urllib.parse.quote(blob, safe="/~")

    def create_container(self, container, **headers):
        return self.request("PUT", f"/{container}", "restype=container", headers=headers)

    def put_blob(self, container, blob, body, **headers):
        return self.request("PUT", self.name(container, blob), "", body, {"x-ms-blob-type": "BlockBlob", **headers})

    def get_blob(self, container, blob, **headers):
        return self.request("GET", self.name(container, blob), headers=headers)

    def head_blob(self, container, blob):
        return self.request("HEAD", self.name(container, blob))

    def delete_blob(self, container, blob):
        return self.request("DELETE", self.name(container, blob))

    def list_blobs(self, container, query=""):
        return self.request("GET", f"/{container}", "restype=container&comp=list" + ("&" + query if query else ""))

    def put_block(self, container, blob, block, body):
        block_id = urllib.parse.quote(base64.b64encode(block).decode(), safe="")
        return self.request("PUT", self.name(container, blob), f"comp=block&blockid={block_id}", body)

    def put_block_list(self, container, blob, blocks):
        body = b"<BlockList>" + b"".join(b"<Latest>" + base64.b64encode(block) + b"</Latest>" for block in blocks) + b"</BlockList>"
        return self.request("PUT", self.name(container, blob), "comp=blocklist", body)

    def copy_blob(self, container, blob, source, **headers):
        url = f"{'https' if self.context else 'http'}://{self.endpoint}/{self.account}{self.name(container, source)}"
        return self.request("PUT", self.name(container, blob), headers={"x-ms-copy-source": url, **headers})

    def set_metadata(self, container, blob, **metadata):
        return self.request("PUT", self.name(container, blob), "comp=metadata",
                            headers={f"x-ms-meta-{name}": value for name, value in metadata.items()})
