"""Certificates for the server, from the authority of the integration tests, and what makes clients trust it."""
import shutil
import sys
from pathlib import Path

import clients

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "lib"))
import certificates  # noqa: E402


def authority(folder):
    if not shutil.which("openssl"):
        raise clients.CannotInstall("openssl", "it makes the certificates (apt-get install openssl)")
    folder.mkdir(parents=True, exist_ok=True)
    return certificates.Authority(str(folder))


def trust(ca):
    """The environment that makes clients trust `ca`: botocore and its kin, requests, Node.js, Go and OpenSSL, curl."""
    return {name: str(ca) for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "CURL_CA_BUNDLE")}
