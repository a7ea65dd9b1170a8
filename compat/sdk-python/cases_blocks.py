"""Blocks: staging, block lists, commits that mix old and new blocks, refusals."""
import base64
import urllib.error
import urllib.request

import sas

KEEPS = "it keeps staged blocks that a Put Blob should have discarded"


def sections(harness):
    return [("blocks", lambda: blocks(harness), ""),
            ("block refusals", lambda: refusals(harness), ""),
            ("many blocks", lambda: many(harness), "")]


def identifier(number):
    return base64.b64encode(f"block {number:05d}".encode()).decode()


def listed(client, kind="all"):
    committed, uncommitted = client.get_block_list(kind)
    return [(each.id, each.size) for each in committed], sorted((each.id, each.size) for each in uncommitted)


def commit(h, blob, *entries):
    """Put Block List by REST with entries (kind, number). Returns (status, error code).

    The SDK cannot say this: it writes every entry as Latest, because it compares BlockState's values with names in lower case.
    """
    # On the wire the SDK encodes the identifiers it is given once more
    wire = [(kind, base64.b64encode(identifier(number).encode()).decode()) for kind, number in entries]
    xml = "".join(f"<{kind}>{name}</{kind}>" for kind, name in wire)
    request = urllib.request.Request(f"{blob.url}?comp=blocklist&{sas.account(h.account, h.key)}", method="PUT",
                                     data=f'<?xml version="1.0" encoding="utf-8"?><BlockList>{xml}</BlockList>'.encode(),
                                     headers={"x-ms-version": sas.VERSION, "Content-Type": "application/xml"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, None
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("x-ms-error-code")


def blocks(h):
    c = h.counts
    from azure.storage.blob import BlobBlock
    container = h.container("blocks")
    blob = container.get_blob_client("blob")
    parts = {n: h.bytes(100_000 + n, seed=n) for n in range(4)}
    for n in (2, 0, 3, 1):
        blob.stage_block(identifier(n), parts[n])
    c.equal("before the commit", listed(blob), ([], [(identifier(n), 100_000 + n) for n in range(4)]))
    c.equal("no blob before the commit", blob.exists(), False)
    answer = blob.commit_block_list([BlobBlock(identifier(n)) for n in (0, 1, 2)], metadata={"made": "of blocks"})
    c.true("the bytes", blob.download_blob().readall() == parts[0] + parts[1] + parts[2])
    c.equal("after the commit", listed(blob), ([(identifier(n), 100_000 + n) for n in range(3)], []))
    properties = blob.get_blob_properties()
    c.equal("etag and metadata of the commit", (properties.etag, properties.metadata), (answer["etag"], {"made": "of blocks"}))
    changed = h.bytes(50_000, seed="changed")
    blob.stage_block(identifier(1), changed)
    blob.stage_block(identifier(9), b"nine")
    c.true("staging changes nothing that is read", blob.download_blob().readall() == parts[0] + parts[1] + parts[2])
    c.equal("both lists", listed(blob), ([(identifier(n), 100_000 + n) for n in range(3)], [(identifier(1), 50_000), (identifier(9), 4)]))
    c.equal("the committed list", listed(blob, "committed")[1], [])
    c.equal("the uncommitted list", listed(blob, "uncommitted")[0], [])
    c.equal("a list of several kinds", commit(h, blob, ("Uncommitted", 9), ("Committed", 2), ("Committed", 1)), (201, None))
    c.true("old and new blocks together", blob.download_blob().readall() == b"nine" + parts[2] + parts[1])
    c.equal("a commit discards what it does not name", listed(blob)[1], [])
    blob.stage_block(identifier(1), changed)
    blob.commit_block_list([BlobBlock(identifier(1)), BlobBlock(identifier(2))])
    c.true("latest: the staged one before the committed one", blob.download_blob().readall() == changed + parts[2])
    blob.commit_block_list([])
    c.equal("an empty list", blob.download_blob().readall(), b"")
    blob.stage_block(identifier(1), b"staged")
    blob.upload_blob(b"whole", overwrite=True)
    c.equal("Put Blob discards staged blocks", listed(blob), ([], []), KEEPS)
    blob = container.get_blob_client("odd")
    odd = base64.b64encode(bytes([251, 255, 190, 62, 63, 0])).decode()
    blob.stage_block(odd, b"odd")
    blob.commit_block_list([BlobBlock(odd)])
    c.equal("an identifier with / and + in its base64", listed(blob)[0], [(odd, 3)])


def refusals(h):
    from azure.storage.blob import BlobBlock
    container = h.container("refusals")
    blob = container.get_blob_client("blob")
    h.refused("block list of a missing blob", 404, "BlobNotFound", blob.get_block_list)
    blob.stage_block(identifier(1), b"one")
    h.refused("commit of an unknown block", 400, "InvalidBlockList", blob.commit_block_list, [BlobBlock(identifier(1)), BlobBlock(identifier(2))])
    h.counts.equal("commit as committed of an uncommitted block", commit(h, blob, ("Committed", 1)), (400, "InvalidBlockList"))
    h.refused("identifiers of different lengths", 400, "InvalidBlobOrBlock", blob.stage_block, base64.b64encode(b"short").decode(), b"x")
    h.counts.equal("the staged block survives refusals", listed(blob)[1], [(identifier(1), 3)])
    blob.commit_block_list([BlobBlock(identifier(1))])
    h.counts.equal("and can be committed", blob.download_blob().readall(), b"one")


def many(h):
    from azure.storage.blob import BlobBlock
    blob = h.container("many-blocks").get_blob_client("blob")
    count = 300
    for n in range(count):
        blob.stage_block(identifier(n), h.bytes(1000, seed=n))
    blob.commit_block_list([BlobBlock(identifier(n)) for n in reversed(range(count))])
    want = b"".join(h.bytes(1000, seed=n) for n in reversed(range(count)))
    h.counts.true("300 small blocks in reverse", blob.download_blob().readall() == want)
    h.counts.true("a range over their edges", blob.download_blob(offset=99_500, length=3_000).readall() == want[99_500:102_500])
