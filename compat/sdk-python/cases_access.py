"""Shared access signatures made by the SDK, stored access policies, public access."""
import datetime

from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (AccessPolicy, AccountSasPermissions, BlobClient, BlobSasPermissions, BlobServiceClient, ContainerClient,
                                ContainerSasPermissions, ResourceTypes, Services, generate_account_sas, generate_blob_sas, generate_container_sas)


def sections(harness):
    return [("account SAS", lambda: account_sas(harness), ""),
            ("container SAS", lambda: container_sas(harness), ""),
            ("blob SAS", lambda: blob_sas(harness), ""),
            ("SAS restrictions", lambda: restrictions(harness), ""),
            ("stored access policy", lambda: stored_policy(harness), ""),
            ("public access", lambda: public_access(harness), "")]


def soon(hours=1.0):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)


def account_sas(h):
    c = h.counts
    container = h.container("account-sas")

    def service(permission="rwdlac", types="sco", expiry=1.0, services="b", **options):
        token = generate_account_sas(h.account, h.key, ResourceTypes.from_string(types), AccountSasPermissions.from_string(permission), soon(expiry),
                                     services=Services.from_string(services), **options)
        return BlobServiceClient(h.endpoint, credential=token, retry_total=0)

    full = service()
    blob = full.get_blob_client(container.container_name, "a b/ü")
    blob.upload_blob(b"data", metadata={"by": "sas"})
    c.equal("upload and download", blob.download_blob().readall(), b"data")
    c.true("listing of containers", container.container_name in [each.name for each in full.list_containers(name_starts_with=container.container_name)])
    made = full.create_container(h.container_name("by-sas"))
    made.delete_container()
    name = container.container_name
    mismatch = "AuthorizationPermissionMismatch"
    h.refused("write with read permission", 403, mismatch, service("rl").get_blob_client(name, "x").upload_blob, b"x")
    h.refused("read with list permission", 403, mismatch, service("l").get_blob_client(name, "a b/ü").download_blob)
    h.refused("delete without permission", 403, mismatch, service("rwl").get_blob_client(name, "a b/ü").delete_blob)
    h.refused("list with read permission", 403, mismatch, lambda: list(service("r").get_container_client(name).list_blobs()))
    h.refused("overwrite with create permission", 403, (mismatch, "UnauthorizedBlobOverwrite"),
              service("c").get_blob_client(name, "a b/ü").upload_blob, b"x", overwrite=True)
    service("c").get_blob_client(name, "created").upload_blob(b"new")
    c.equal("create with create permission", container.download_blob("created").readall(), b"new")
    resource = "AuthorizationResourceTypeMismatch"
    h.refused("a blob with service and container types", 403, resource, service(types="sc").get_blob_client(name, "a b/ü").download_blob)
    h.refused("listing containers with object type", 403, resource, lambda: list(service(types="o").list_containers()))
    h.refused("a signature for queues", 403, "AuthorizationServiceMismatch", service(services="q").get_blob_client(name, "a b/ü").download_blob)
    h.refused("expired", 403, "AuthenticationFailed", service(expiry=-1.0).get_blob_client(name, "a b/ü").download_blob)
    h.refused("not yet valid", 403, "AuthenticationFailed", service(start=soon(0.5)).get_blob_client(name, "a b/ü").download_blob)


def container_sas(h):
    c = h.counts
    container, other = h.container("container-sas"), h.container("another")
    other.upload_blob("blob", b"other")

    def client(permission, target=None, expiry=1.0):
        token = generate_container_sas(h.account, container.container_name, account_key=h.key, permission=ContainerSasPermissions.from_string(permission),
                                       expiry=soon(expiry))
        return ContainerClient(h.endpoint, (target or container).container_name, credential=token, retry_total=0)

    full = client("racwdl")
    full.upload_blob("dir/blob", b"data")
    c.equal("upload, list, download", ([each.name for each in full.list_blobs()], full.download_blob("dir/blob").readall()), (["dir/blob"], b"data"))
    h.refused("another container", 403, "AuthenticationFailed", client("racwdl", other).download_blob, "blob")
    h.refused("write with read permission", 403, "AuthorizationPermissionMismatch", client("rl").upload_blob, "x", b"x")
    h.refused("list without permission", 403, "AuthorizationPermissionMismatch", lambda: list(client("r").list_blobs()))
    h.refused("expired", 403, "AuthenticationFailed", client("rl", expiry=-1).download_blob, "dir/blob")
    h.refused("deletion of the container", 403, ("AuthorizationFailure", "AuthorizationPermissionMismatch", "AuthorizationResourceTypeMismatch"),
              client("rwl").delete_container)
    full.delete_blob("dir/blob")
    c.equal("delete", [each.name for each in container.list_blobs()], [])


def blob_sas(h):
    c = h.counts
    container = h.container("blob-sas")
    name = "dir/a b+c%20#?&='(;@:~ü日.txt"
    container.upload_blob(name, b"data")
    container.upload_blob("other", b"other")

    def client(permission, target=name, expiry=1.0, **options):
        token = generate_blob_sas(h.account, container.container_name, name, account_key=h.key, permission=BlobSasPermissions.from_string(permission),
                                  expiry=soon(expiry), **options)
        return BlobClient(h.endpoint, container.container_name, target, credential=token, retry_total=0)

    c.equal("download of an awkward name", client("r").download_blob().readall(), b"data")
    h.refused("another blob", 403, "AuthenticationFailed", client("r", "other").download_blob)
    h.refused("write with read permission", 403, "AuthorizationPermissionMismatch", client("r").upload_blob, b"x", overwrite=True)
    h.refused("expired", 403, "AuthenticationFailed", client("r", expiry=-1).download_blob)
    client("w").upload_blob(b"written", overwrite=True)
    c.equal("write permission", container.download_blob(name).readall(), b"written")
    got = client("r", content_type="text/x-override", content_disposition="attachment; filename=x", cache_control="no-store").get_blob_properties()
    c.equal("response headers of the signature", (got.content_settings.content_type, got.content_settings.content_disposition, got.content_settings.cache_control),
            ("text/x-override", "attachment; filename=x", "no-store"))
    client("d").delete_blob()
    c.equal("delete permission", container.get_blob_client(name).exists(), False)


def restrictions(h):
    container = h.container("restrictions")
    container.upload_blob("blob", b"data")

    def client(**options):
        token = generate_blob_sas(h.account, container.container_name, "blob", account_key=h.key, permission=BlobSasPermissions(read=True), expiry=soon(), **options)
        return BlobClient(h.endpoint, container.container_name, "blob", credential=token, retry_total=0), token

    h.counts.equal("an address range that holds", client(ip="127.0.0.0-127.0.0.255")[0].download_blob().readall(), b"data")
    h.refused("another address", 403, "AuthorizationSourceIPMismatch", client(ip="203.0.113.7")[0].download_blob,
              azurite_lacks="it does not check addresses")
    h.counts.equal("https and http", client(protocol="https,http")[0].download_blob().readall(), b"data")
    h.refused("https only", 403, "AuthorizationProtocolMismatch", client(protocol="https")[0].download_blob)
    token = client()[1]
    for what, changed in (("a changed signature", token.replace("sig=", "sig=A")), ("added permissions", token.replace("sp=r", "sp=rwd")),
                          ("a later expiry", token.replace("se=2", "se=3"))):
        forged = BlobClient(h.endpoint, container.container_name, "blob", credential=changed, retry_total=0)
        h.refused(what, 403, "AuthenticationFailed", forged.download_blob)


def stored_policy(h):
    c = h.counts
    container = h.container("policy")
    container.upload_blob("blob", b"data")
    start, end = soon(-1).replace(microsecond=0), soon().replace(microsecond=0)
    container.set_container_access_policy({"readers <&>": AccessPolicy(ContainerSasPermissions(read=True, list=True), expiry=end, start=start),
                                           "writers": AccessPolicy(ContainerSasPermissions(write=True), expiry=end)})
    got = {each.id: each.access_policy for each in container.get_container_access_policy()["signed_identifiers"]}
    c.equal("identifiers", sorted(got), ["readers <&>", "writers"])
    c.equal("permissions", (got["readers <&>"].permission, got["writers"].permission), ("rl", "w"))
    token = generate_container_sas(h.account, container.container_name, account_key=h.key, policy_id="readers <&>")
    reader = ContainerClient(h.endpoint, container.container_name, credential=token, retry_total=0)
    c.equal("read by policy", reader.download_blob("blob").readall(), b"data")
    h.refused("write by a read policy", 403, "AuthorizationPermissionMismatch", reader.upload_blob, "x", b"x")
    unknown = generate_container_sas(h.account, container.container_name, account_key=h.key, policy_id="unknown")
    h.refused("an unknown policy", 403, "AuthenticationFailed", ContainerClient(h.endpoint, container.container_name, credential=unknown, retry_total=0)
              .download_blob, "blob")
    container.set_container_access_policy({"readers <&>": AccessPolicy(ContainerSasPermissions(read=True), expiry=soon(-0.5), start=start)})
    h.refused("the policy expired", 403, "AuthenticationFailed", reader.download_blob, "blob")
    container.set_container_access_policy({})
    c.equal("no identifiers", container.get_container_access_policy()["signed_identifiers"], [])
    h.refused("the policy is gone", 403, "AuthenticationFailed", reader.download_blob, "blob")
    h.refused("six policies", 400, ("InvalidXmlDocument", "InvalidInput"), set_six_policies, container, azurite_lacks="it does not check the number")


def set_six_policies(container):
    """The SDK refuses more than five itself, so this goes through the generated client below it."""
    from azure.storage.blob._generated.models import AccessPolicy as Policy, SignedIdentifier
    policies = [SignedIdentifier(id=f"p{n}", access_policy=Policy(permission="r", expiry="2099-01-01T00:00:00Z")) for n in range(6)]
    try:
        container._client.container.set_access_policy(container_acl=policies)  # noqa: SLF001
    except HttpResponseError as error:
        error.error_code = error.response.headers.get("x-ms-error-code")
        raise


def public_access(h):
    c = h.counts
    container = h.container("public")
    container.upload_blob("blob", b"data")
    anonymous = ContainerClient(h.endpoint, container.container_name, retry_total=0)

    def status(call):
        try:
            call()
        except HttpResponseError as error:
            return error.status_code
        return 200

    c.true("private: no anonymous read", status(lambda: anonymous.download_blob("blob")) in (401, 403, 404, 409))
    container.set_container_access_policy({}, public_access="blob")
    c.equal("blob: reported", container.get_container_properties().public_access, "blob")
    c.equal("blob: anonymous read", anonymous.download_blob("blob").readall(), b"data")
    c.true("blob: no anonymous listing", status(lambda: list(anonymous.list_blobs())) in (401, 403, 404))
    c.true("blob: no anonymous write", status(lambda: anonymous.upload_blob("x", b"x")) in (401, 403, 404))
    container.set_container_access_policy({}, public_access="container")
    c.equal("container: anonymous listing", [each.name for each in anonymous.list_blobs()], ["blob"])
    container.set_container_access_policy({})
    c.true("private again", status(lambda: anonymous.download_blob("blob")) in (401, 403, 404, 409))
