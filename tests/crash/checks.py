"""What the store holds after a restart, by every way to ask for it: the ways must agree with each other. What is found is then compared
with the model (model.settle)."""
import re

from blobclient import Client
from model import BOX, MARKER, Object, Upload, Version, bucket_of, digest
from s3client import S3, quote

PAGE = 100


class Finder:
    def __init__(self, server, problems):
        self.blob, self.s3, self.problems, self.found = Client(server.blob), S3(server.s3), problems, {}

    def find(self, s3_writers):
        """Everything that is there: slots and what they hold."""
        self.objects()
        self.uploads()
        for name in s3_writers:
            self.versions(name)
        self.blob.close()
        self.s3.close()
        return self.found

    def check(self, what, truth, detail=""):
        if not truth:
            self.problems.append(f"{what} {detail}")

    # ---- listings ----

    def pages(self, bucket, query, markers):
        """All pages of a listing. `markers`: pairs of the element that continues it and the parameter that takes it."""
        more = ""
        while True:
            answer = self.s3.request("GET", S3.path(bucket), query + more)
            self.check("a listing", answer.status == 200, answer)
            yield answer.xml
            if answer.find("IsTruncated") != "true":
                return
            more = "".join(f"&{parameter}={quote(answer.find(element), '')}" for element, parameter in markers)

    def list_blob(self, container):
        listed, marker = {}, ""
        while True:
            text = self.blob.list_blobs(container, f"maxresults={PAGE}" + ("&marker=" + quote(marker, "") if marker else "")).body.decode()
            for name, etag, size in re.findall(r"<Name>([^<]*)</Name>.*?<Etag>([^<]*)</Etag><Content-Length>(\d+)<", text):
                listed[name] = (etag.strip('"'), int(size))
            marker = (re.findall(r"<NextMarker>([^<]*)</NextMarker>", text) or [""])[0]
            if not marker:
                return listed

    def list_objects(self, bucket):
        pages = self.pages(bucket, f"list-type=2&max-keys={PAGE}", [("NextContinuationToken", "continuation-token")])
        return {one.findtext("Key"): (one.findtext("ETag").strip('"'), int(one.findtext("Size")))
                for page in pages for one in page.findall("Contents")}

    def list_versions(self, bucket):
        """{key: [(id, is it a marker, ETag, size)]}, in the order of the listing."""
        listed = {}
        markers = [("NextKeyMarker", "key-marker"), ("NextVersionIdMarker", "version-id-marker")]
        for page in self.pages(bucket, f"versions=&max-keys={PAGE}", markers):
            for one in page:
                if one.tag in ("Version", "DeleteMarker"):
                    versions = listed.setdefault(one.findtext("Key"), [])
                    self.check(f"{one.findtext('Key')}: the latest version", (one.findtext("IsLatest") == "true") == (not versions))
                    versions.append((one.findtext("VersionId"), one.tag == "DeleteMarker", (one.findtext("ETag") or "").strip('"'),
                                     int(one.findtext("Size") or 0)))
        return listed

    # ---- objects ----

    def read(self, bucket, key, etag, size, version=None):
        """The digest and the tags of an object or a version, read in full."""
        query = "" if version is None else f"versionId={version}"
        answer = self.s3.get(bucket, key, query)
        named = f"{bucket}/{key} version {version}"
        self.check(f"{named}: what is listed can be read", answer.status == 200, answer)
        self.check(f"{named}: listing and reading agree", ((answer["ETag"] or "").strip('"'), len(answer.body)) == (etag, size), answer)
        tags = {}
        if answer["x-amz-tagging-count"]:
            tagging = self.s3.get(bucket, key, "tagging=" + ("&" + query if query else ""))
            tags = dict(zip(tagging.all("TagSet/Tag/Key"), tagging.all("TagSet/Tag/Value")))
            self.check(f"{named}: the number of tags", len(tags) == int(answer["x-amz-tagging-count"]))
        return digest(answer.body), tags

    def same_over_blob(self, bucket, key, etag, what):
        answer = self.blob.get_blob(bucket, key)
        self.check(f"{bucket}/{key}: Blob and S3 see the same", answer.status == 200 and digest(answer.body) == what, answer)
        self.check(f"{bucket}/{key}: one ETag", (answer.headers["ETag"] or "").strip('"') == etag, answer)

    def objects(self):
        listed, versions = self.list_objects(BOX), self.list_versions(BOX)
        self.check("Blob and S3 list the same", self.list_blob(BOX) == listed)
        self.check("versions are the objects", versions == {key: [("null", False, *one)] for key, one in listed.items()})
        for key, (etag, size) in listed.items():
            body, tags = self.read(BOX, key, etag, size)
            self.same_over_blob(BOX, key, etag, body)
            self.found[("object", key)] = Object(body, tags)

    def versions(self, name):
        bucket = bucket_of(name)
        self.found[("status", name + "/")] = self.s3.request("GET", S3.path(bucket), "versioning=").find("Status")
        listed, current = self.list_versions(bucket), {}
        for key, versions in listed.items():
            self.found[("versions", key)] = tuple(self.version(bucket, key, *one) for one in versions)
            if not versions[0][1]:
                current[key] = versions[0][2:]
                self.same_over_blob(bucket, key, versions[0][2], self.found[("versions", key)][0].body)
            else:
                self.check(f"{bucket}/{key}: is deleted", self.s3.get(bucket, key)["x-amz-delete-marker"] == "true")
                self.check(f"{bucket}/{key}: is deleted over Blob", self.blob.get_blob(bucket, key).status == 404)
        self.check(f"{bucket}: current versions are the objects", self.list_objects(bucket) == current)
        self.check(f"{bucket}: over Blob, too", self.list_blob(bucket) == current)

    def version(self, bucket, key, version, is_marker, etag, size):
        if not is_marker:
            return Version(version, *self.read(bucket, key, etag, size, version))
        self.check(f"{bucket}/{key}: a marker is not read", self.s3.get(bucket, key, f"versionId={version}").status == 405)
        return Version(version, MARKER, {})

    # ---- uploads ----

    def uploads(self):
        markers = [("NextKeyMarker", "key-marker"), ("NextUploadIdMarker", "upload-id-marker")]
        for page in self.pages(BOX, f"uploads=&max-uploads={PAGE}", markers):
            for one in page.findall("Upload"):
                key, upload = one.findtext("Key"), one.findtext("UploadId")
                answer = self.s3.get(BOX, key, f"uploadId={upload}")
                self.check(f"{key}: parts are listed", answer.status == 200, answer)
                self.found[("upload", key, upload)] = Upload({
                    int(part.findtext("PartNumber")): (part.findtext("ETag").strip('"'), int(part.findtext("Size")))
                    for part in answer.xml.findall("Part")})


def check_removed(server, name, removed, problems):
    """Versions whose removal was acknowledged, or found."""
    s3 = S3(server.s3)
    for key, version in removed:
        answer = s3.get(bucket_of(name), key, f"versionId={version}")
        if answer.status != 404 or answer.code != "NoSuchVersion":
            problems.append(f"{key} version {version} was removed: {answer}")
    s3.close()
