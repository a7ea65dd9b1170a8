"""Load for small requests and many connections: wrk, and the scripts that it runs. Nothing is signed while measuring: a SAS stands in the
URL, and S3's signatures are made ahead, a line a request, and read from a file."""
import hashlib
import hmac
import os
import re
import signal
import subprocess
import time

from s3client import Signer, quote

THREADS = 2


def _command(url, connections, seconds, script):
    return ["wrk", f"-t{THREADS}", f"-c{connections}", f"-d{int(seconds)}", "--timeout", "30s", url] + (["-s", script] if script else [])


def _rate(text, transfer=False):
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if not found:
        raise RuntimeError(f"wrk did not run: {text[-300:]}")
    bad = re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: (?!connect 0, read 0, write 0).*", text)
    if bad:
        refusal = re.search(r"first refusal: .*", text)
        raise RuntimeError(bad.group(0) + (f" ({refusal.group(0)})" if refusal else ""))
    if transfer:
        amount, unit = re.search(r"Transfer/sec:\s+([\d.]+)([KMG]?)B", text).groups()
        return float(amount) * 1024 ** " KMG".index(unit or " ") / 1e9
    return float(found.group(1))


def wrk(url, connections, seconds, script="", transfer=False):
    """Requests a second; or GB a second, which also counts what was under way at the end."""
    done = subprocess.run(_command(url, connections, seconds, script), capture_output=True, text=True, timeout=seconds + 90)
    return _rate(done.stdout + done.stderr, transfer)


# ---- Blob ----

BLOB_SCRIPT = """local threads = 0
function setup(thread) thread:set('id', tostring(threads) .. '%(run)s'); threads = threads + 1 end
function init(args)
  n, before = 0, 'PUT /devstoreaccount1/%(container)s/t' .. id .. '-'
  after = '%(query)s HTTP/1.1\\r\\nHost: ' .. wrk.host .. ':' .. wrk.port .. '\\r\\nx-ms-version: 2021-12-02\\r\\nx-ms-blob-type: BlockBlob\\r\\n' ..
    'Content-Length: %(size)d\\r\\n\\r\\n' .. string.rep('x', %(size)d)
end
function request() n = n + 1; return before .. n .. after end
"""


def blob_script(folder, query, size, container):
    """Put Blob under names that are unique for a thread and a request. Little more than putting strings together: the client shares the cores."""
    path = os.path.join(folder, "put.lua")
    with open(path, "w") as file:
        file.write(BLOB_SCRIPT % {"run": os.urandom(3).hex(), "container": container, "query": f"?{query}", "size": size})
    return path


# ---- S3 ----

SIGNED_SCRIPT = """-- Each thread has a file of its own: a key and its signature a line. At its end it begins anew (%(again)s) or says so and stops.
local threads = 0
function setup(thread) thread:set('part', tostring(threads)); threads = threads + 1 end
function init(args)
  tail = %(size)d < 64 and 0 or 64  -- a body ends with its signature where it fits: there are servers that keep equal bodies once
  lines = io.open('%(file)s.' .. part, 'r')
  before = '%(method)s /%(bucket)s/'
  after = ' HTTP/1.1\\r\\nHost: %(endpoint)s\\r\\n' .. (%(size)d > 0 and 'Content-Length: %(size)d\\r\\n' or '') .. '\\r\\n' .. string.rep('x', %(size)d - tail)
end
function request()
  local line = lines:read('*l')
  if not line then
    io.open('%(file)s.' .. part .. '.end', 'w'):close()
    lines:seek('set', 0)
    line = lines:read('*l')
    if not %(again)s then wrk.thread:stop() end
  end
  local at = line:find(' ', 1, true)
  return before .. line:sub(1, at - 1) .. '?%(query)s&X-Amz-Signature=' .. line:sub(at + 1) .. after .. (tail > 0 and line:sub(at + 1) or '')
end
"""
# Looking at answers costs; only where speed does not count.
LOOKING_SCRIPT = """function response(status, headers, body)
  if status >= 300 and not told then told = true; io.stderr:write('first refusal: ' .. status .. ' ' .. body:sub(1, 200):gsub('%s+', ' ') .. '\\n') end
end
"""


class SignedRequests:
    """`keys`, of unreserved letters and '/', each signed for `method` with an unsigned payload of `size` bytes."""

    def __init__(self, folder, side, method, bucket, keys, size=0):
        self.side, self.method, self.bucket, self.size = side, method, bucket, size
        self.file = os.path.join(folder, f"signed-{os.urandom(4).hex()}")
        signer = Signer(side.access, side.secret)
        pairs = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{side.access}/{signer.scope}", "X-Amz-Date": signer.time,
                 "X-Amz-Expires": "86400", "X-Amz-SignedHeaders": "host"}
        self.query = "&".join(f"{name}={quote(value, '')}" for name, value in pairs.items())
        before, after = f"{method}\n/{bucket}/", f"\n{self.query}\nhost:{side.endpoint}\n\nhost\nUNSIGNED-PAYLOAD"
        words = f"AWS4-HMAC-SHA256\n{signer.time}\n{signer.scope}\n"
        parts = [open(f"{self.file}.{i}", "w") for i in range(THREADS)]
        for i, key in enumerate(keys):
            text = words + hashlib.sha256((before + key + after).encode()).hexdigest()
            parts[i % THREADS].write(f"{key} {hmac.digest(signer.key, text.encode(), 'sha256').hex()}\n")
        for part in parts:
            part.close()

    def _script(self, again, looking):
        path = self.file + ".lua"
        with open(path, "w") as file:
            file.write(SIGNED_SCRIPT % {"file": self.file, "method": self.method, "bucket": self.bucket, "endpoint": self.side.endpoint,
                                        "size": self.size, "query": self.query, "again": "true" if again else "false"})
            if looking:
                file.write(LOOKING_SCRIPT)
        return path

    def rate(self, connections, seconds):
        """Requests a second; keys that are used up come again."""
        return wrk(f"http://{self.side.endpoint}/", connections, seconds, self._script(True, False))

    def used_up(self):
        return os.path.exists(f"{self.file}.0.end")

    def send_all(self, connections, limit_seconds):
        """Each once, as fast as it goes, or until there is no more time; what is under way at the end may be lost."""
        process = subprocess.Popen(_command(f"http://{self.side.endpoint}/", connections, limit_seconds, self._script(False, True)),
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        end = time.monotonic() + limit_seconds + 60
        while process.poll() is None and time.monotonic() < end and not all(os.path.exists(f"{self.file}.{i}.end") for i in range(THREADS)):
            time.sleep(0.1)
        if process.poll() is None:
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
        text = process.communicate(timeout=60)[0]
        if "Socket errors" not in text:
            _rate(text)

    def remove(self):
        for name in [f"{self.file}.lua"] + [f"{self.file}.{i}{end}" for i in range(THREADS) for end in ("", ".end")]:
            if os.path.exists(name):
                os.unlink(name)
