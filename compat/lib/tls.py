"""A throw-away certificate authority and a certificate of 127.0.0.1, made by the openssl command."""
import subprocess

import clients

VALID_DAYS = "2"


def _openssl(*arguments):
    try:
        result = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise clients.CannotInstall("openssl", "it makes the certificates (apt-get install openssl)") from None
    if result.returncode:
        raise SystemExit(f"compat: FAILED: openssl {' '.join(map(str, arguments))}: {result.stderr[-1500:]}")


class Authority:
    """`ca` is what clients must trust, `certificate` and `key` what the server is given."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.ca, self.certificate, self.key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
        authority_key, request, extensions = folder / "ca.key", folder / "server.csr", folder / "extensions"
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        _openssl("req", "-x509", *curve, "-keyout", authority_key, "-out", self.ca, "-days", VALID_DAYS, "-subj", "/CN=Skerry compat authority",
                 "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        _openssl("req", "-new", *curve, "-keyout", self.key, "-out", request, "-subj", "/CN=127.0.0.1")
        extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
        _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", authority_key, "-CAcreateserial", "-days", VALID_DAYS,
                 "-extfile", extensions, "-out", self.certificate)


def trust(ca):
    """The environment that makes clients trust `ca`: botocore and its kin, requests, Node.js, Go and OpenSSL, curl."""
    return {name: str(ca) for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "CURL_CA_BUNDLE")}
