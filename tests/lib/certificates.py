"""A certificate authority to throw away, made with the openssl command, and the certificates it signs for 127.0.0.1, and for the names of S3
buckets as hosts: clients take no `*.localhost`, only stars below two names."""
import os
import ssl
import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """`certificate` (with the chain) and `key` are what a server is given; `issue` makes them anew, with another serial number."""

    def __init__(self, folder, intermediate=False):
        self.folder = folder
        self.certificate, self.key = self.path("server.crt"), self.path("server.key")
        self.serial = None
        self.root = self.path("root.crt")
        openssl("req", "-x509", *self._fresh("root.key"), "-days", "2", "-subj", "/CN=Skerry test root", "-out", self.root)
        self.issuer, self.chain = "root", []
        if intermediate:
            self._sign("between", "/CN=Skerry test intermediate", "basicConstraints=critical,CA:TRUE\n")
            self.issuer, self.chain = "between", ["between.crt"]
        self.issue()

    def path(self, name):
        return os.path.join(self.folder, name)

    def _fresh(self, key):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", self.path(key)]

    def _sign(self, name, subject, extensions):
        serial = os.urandom(12).hex().lstrip("0")
        with open(self.path("extensions"), "w") as file:
            file.write(extensions)
        openssl("req", "-new", *self._fresh(f"{name}.key"), "-subj", subject, "-out", self.path(f"{name}.csr"))
        openssl("x509", "-req", "-in", self.path(f"{name}.csr"), "-CA", self.path(f"{self.issuer}.crt"), "-CAkey",
                self.path(f"{self.issuer}.key"), "-set_serial", "0x" + serial, "-days", "2", "-extfile", self.path("extensions"),
                "-out", self.path(f"{name}.crt"))
        return serial

    def issue(self):
        self.serial = self._sign("server", "/CN=localhost", "subjectAltName=DNS:localhost,DNS:s3.localhost,DNS:*.s3.localhost,IP:127.0.0.1\n")
        with open(self.certificate, "a") as out:
            for name in self.chain:
                with open(self.path(name)) as file:
                    out.write(file.read())

    def context(self, least=ssl.TLSVersion.TLSv1_2, most=ssl.TLSVersion.MAXIMUM_SUPPORTED):
        context = ssl.create_default_context(cafile=self.root)
        context.minimum_version, context.maximum_version = least, most
        return context
