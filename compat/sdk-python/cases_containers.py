"""Containers, listings, the service's properties and account, development storage."""
from azure.storage.blob import BlobPrefix, BlobServiceClient, CorsRule, Metrics, RetentionPolicy


def sections(harness):
    return [("containers", lambda: containers(harness), ""),
            ("twelve containers, listed by page", lambda: many_containers(harness), ""),
            ("listing by page", lambda: listing_by_page(harness), ""),
            ("listing by hierarchy", lambda: listing_by_hierarchy(harness), ""),
            ("listing includes", lambda: listing_includes(harness), ""),
            ("service properties", lambda: service_properties(harness), ""),
            ("account information", lambda: account_information(harness), "")]


def containers(h):
    c = h.counts
    client = h.container("properties", metadata={"purpose": "Test", "owner": "a b"})
    h.refused("creating it twice", 409, "ContainerAlreadyExists", client.create_container)
    first = client.get_container_properties()
    c.equal("metadata at creation", first.metadata, {"purpose": "Test", "owner": "a b"})
    c.true("etag is quoted", first.etag.startswith('"') and first.etag.endswith('"'), first.etag)
    client.set_container_metadata({"changed": "1"})
    second = client.get_container_properties()
    c.equal("metadata is replaced", second.metadata, {"changed": "1"})
    c.true("a new etag after Set Metadata", first.etag != second.etag)
    c.true("last modified does not go back", second.last_modified >= first.last_modified)
    c.equal("lease state", second.lease.state, "available")
    c.equal("exists", client.exists(), True)
    missing = h.service.get_container_client(h.container_name("missing"))
    c.equal("exists, of a missing one", missing.exists(), False)
    h.refused("properties of a missing container", 404, "ContainerNotFound", missing.get_container_properties)
    h.refused("deletion of a missing container", 404, "ContainerNotFound", missing.delete_container)
    h.refused("upload to a missing container", 404, "ContainerNotFound", missing.upload_blob, "blob", b"x")
    h.refused("listing of a missing container", 404, "ContainerNotFound", lambda: list(missing.list_blobs()))
    h.refused("a name in upper case", 400, "InvalidResourceName", h.service.create_container, "UPPERCASE")
    client.upload_blob("inside", b"data")
    client.delete_container()
    h.refused("properties after deletion", 404, ("ContainerNotFound", "ContainerBeingDeleted"), client.get_container_properties)
    h.refused("download after deletion", 404, ("ContainerNotFound", "ContainerBeingDeleted"), client.download_blob, "inside")


def many_containers(h):
    c = h.counts
    prefix = h.container_name("many")
    names = [f"{prefix}-{n:02d}" for n in range(12)]
    for name in names:
        h.made.append(h.service.create_container(name, metadata={"name": name}))
    pages = h.service.list_containers(name_starts_with=prefix, include_metadata=True, results_per_page=5).by_page()
    sizes, found, token = [], [], None
    while True:
        page = list(next(pages))
        sizes.append(len(page))
        found += page
        token = pages.continuation_token
        if not token:
            break
        # a token must work in a listing that begins anew
        pages = h.service.list_containers(name_starts_with=prefix, include_metadata=True, results_per_page=5).by_page(token)
    c.equal("pages of five", sizes, [5, 5, 2])
    c.equal("names in order", [each.name for each in found], names)
    c.equal("metadata in the listing", [each.metadata for each in found], [{"name": name} for name in names])
    for name in names:
        h.service.delete_container(name)
    c.equal("none after deletion", [each.name for each in h.service.list_containers(name_starts_with=prefix)], [])


NAMES = ["a", "a-b", "a/1", "a/2", "a/b/c", "a/b/d", "a0", "b //double", "b/%41", "b/+", "b/?#&=", "b/~'(;@:", "c/Ünicode", "c/日本",
         "c/\U0001f9ed", "d", "d/", "d/e/f/g/h", "e e", "f", "g.txt", "h", "i<&>\"'"]


def fill(h, container):
    for name in NAMES:
        container.upload_blob(name, name.encode(), metadata={"bytes": str(len(name.encode()))})


def listing_by_page(h):
    c = h.counts
    container = h.container("pages")
    fill(h, container)
    want = sorted(NAMES, key=lambda name: name.encode())
    pages = container.list_blobs(results_per_page=7).by_page()
    found, sizes = [], []
    while True:
        page = list(next(pages))
        sizes.append(len(page))
        found += page
        if not pages.continuation_token:
            break
        pages = container.list_blobs(results_per_page=7).by_page(pages.continuation_token)
    c.equal("names in byte order", [each.name for each in found], want)
    c.equal("pages of seven", sizes, [7, 7, 7, 2])
    c.equal("sizes", [each.size for each in found], [len(name.encode()) for name in want])
    c.equal("types", {each.blob_type for each in found}, {"BlockBlob"})
    c.equal("etags are those of Get Blob Properties", [found[0].etag.strip('"'), found[8].etag.strip('"')],
            [container.get_blob_client(found[n].name).get_blob_properties().etag.strip('"') for n in (0, 8)])
    c.equal("prefix", [each.name for each in container.list_blobs(name_starts_with="b/")], ["b/%41", "b/+", "b/?#&=", "b/~'(;@:"])
    c.equal("prefix without match", list(container.list_blobs(name_starts_with="zz")), [])
    c.equal("each name can be read back", [container.download_blob(name).readall().decode() for name in NAMES], NAMES)
    c.equal("names only", list(container.list_blob_names()), want)


def listing_by_hierarchy(h):
    c = h.counts
    container = h.container("hierarchy")
    fill(h, container)

    def level(prefix, **options):
        items = container.walk_blobs(name_starts_with=prefix, delimiter="/", **options)
        return [("P " if isinstance(each, BlobPrefix) else "B ") + each.name for each in items]

    c.equal("the root", sorted(level("")), sorted(["B a", "B a-b", "P a/", "B a0", "P b /", "P b/", "P c/", "B d", "P d/", "B e e", "B f",
                                                  "B g.txt", "B h", "B i<&>\"'"]))
    c.equal("a/", sorted(level("a/")), ["B a/1", "B a/2", "P a/b/"])
    c.equal("a/b/", sorted(level("a/b/")), ["B a/b/c", "B a/b/d"])
    c.equal("b /: an empty segment", level("b /"), ["P b //"])
    c.equal("d/: the marker and what is below", sorted(level("d/")), ["B d/", "P d/e/"])
    c.equal("pages of two give the same", sorted(level("", results_per_page=2)), sorted(level("")))
    c.equal("another delimiter", sorted(each.name for each in container.walk_blobs(name_starts_with="a", delimiter="-")),
            ["a", "a-", "a/1", "a/2", "a/b/c", "a/b/d", "a0"])


def listing_includes(h):
    c = h.counts
    container = h.container("includes")
    container.upload_blob("with", b"x", metadata={"Key": "Value"})
    container.get_blob_client("staged").stage_block("AAAA", b"uncommitted")
    c.equal("metadata", [each.metadata for each in container.list_blobs(include=["metadata"])], [{"Key": "Value"}])
    c.equal("without uncommitted blobs", [each.name for each in container.list_blobs()], ["with"])
    found = {each.name: each.size for each in container.list_blobs(include=["uncommittedblobs"])}
    c.equal("with uncommitted blobs", found, {"staged": 0, "with": 1})
    container.get_blob_client("copied").start_copy_from_url(container.get_blob_client("with").url)
    copied = [each for each in container.list_blobs(include=["copy"]) if each.name == "copied"]
    c.equal("copy state", [each.copy.status for each in copied], ["success"])


def service_properties(h):
    c = h.counts
    before = h.service.get_service_properties()
    retention = RetentionPolicy(enabled=True, days=5)
    rule = CorsRule(["https://example.org"], ["GET", "PUT"], allowed_headers=["x-ms-meta-*"], exposed_headers=["x-ms-*"], max_age_in_seconds=300)
    try:
        h.service.set_service_properties(hour_metrics=Metrics(enabled=True, include_apis=True, retention_policy=retention), cors=[rule])
        after = h.service.get_service_properties()
        c.equal("CORS rules", [(each.allowed_origins, each.allowed_methods, each.max_age_in_seconds) for each in after["cors"]],
                [(rule.allowed_origins, rule.allowed_methods, 300)])
        c.equal("metrics", (after["hour_metrics"].enabled, after["hour_metrics"].retention_policy.days), (True, 5))
    finally:
        h.service.set_service_properties(hour_metrics=Metrics(enabled=False), cors=before["cors"])
    c.equal("back to what it was", len(h.service.get_service_properties()["cors"]), len(before["cors"]))


def account_information(h):
    information = h.service.get_account_information()
    h.counts.true("account kind", information["account_kind"] in ("StorageV2", "BlockBlobStorage", "BlobStorage", "Storage"), information)
    h.counts.true("SKU", "_" in information["sku_name"], information)
    container = h.container("account")
    h.counts.equal("asked on a container", container.get_account_information()["sku_name"], information["sku_name"])


def development_storage(h):
    service = BlobServiceClient.from_connection_string("UseDevelopmentStorage=true")
    h.counts.equal("the URL", service.url.rstrip("/"), "http://127.0.0.1:10000/devstoreaccount1")
    container = service.create_container(h.container_name("development"))
    try:
        data = h.bytes(3 << 20)
        container.upload_blob("blob", data)
        h.counts.true("the bytes", container.download_blob("blob").readall() == data)
    finally:
        container.delete_container()
