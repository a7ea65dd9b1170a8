"""Where Skerry may answer otherwise than Azurite, and why. A line is a pattern (* and ?) over "topic: row: difference", Skerry's side
first; one that matches nothing any more fails the test."""
from difference import CHOICE, DOCUMENTED, NOT_YET

LACKS = "Azurite lacks it, does not check it, or breaks"

KNOWN = [
    # ---- on every answer ----
    (DOCUMENTED, "x-ms-version is the version that the request was served by, on errors too; Azurite names its own", [
        "*: header x-ms-version: '20??-??-??' != '2025-11-05'", "*: header +x-ms-version"]),
    (DOCUMENTED, "x-ms-client-request-id comes back on errors too", ["protocol: request id*: header +x-ms-client-request-id"]),
    (DOCUMENTED, "a preflight's answer has a request id", ["service: preflight *: header +x-ms-request-id"]),
    (CHOICE, "nothing is encrypted at rest here, and the answer says so", [
        "*: header x-ms-server-encrypted: 'false' != 'true'", "*: header x-ms-request-server-encrypted: 'false' != 'true'",
        "*: body /EnumerationResults/Blobs/Blob/Properties/ServerEncrypted: 'false' != 'true'"]),
    (CHOICE, "HEAD has the headers that GET would have, type and length too; so has a 304 its tag and time, and no type of an empty body", [
        "*, HEAD: header +content-length", "*HEAD /access-public?restype=container: header +content-length",
        "containers: properties of one with public blobs: header +content-length", "listing: HEAD: header +content-*",
        "containers: get acl, HEAD: header +content-type", "containers: properties of a missing one, HEAD: header +content-type",
        "blobs: head a missing blob: header +content-type", "blobs: head in a missing container: header +content-type",
        "blobs: head with a lease id: header +content-type", "blocks: head a blob that has uncommitted blocks only: header +content-type",
        "conditions: head blob, if-*: header +content-type", "protocol: *HEAD*: header +content-type",
        "conditions: *: header +content-length", "conditions: *: header +etag", "conditions: *: header +last-modified",
        "conditions: get blob, *: header -content-type", "reading: range that if-none-match finds: header ?content-*",
        "reading: range that if-none-match finds: header +etag", "reading: range that if-none-match finds: header +last-modified"]),
    (CHOICE, "HEAD is served wherever GET is; Azurite takes some for HEAD of the blob or the container", [
        "service: *HEAD: 200 != 400", "blocks: block list, HEAD: header *", "containers: get acl, HEAD: header -x-ms-*", "listing: HEAD: header -*"]),

    # ---- listings ----
    (DOCUMENTED, "the endpoint ends with a slash", ["*: body /EnumerationResults@ServiceEndpoint: 'http://HOST/devstoreaccount1/' != *"]),
    (DOCUMENTED, "Prefix, Marker and MaxResults are repeated when the request has them, and only then", [
        "*: body -/EnumerationResults/Prefix", "*: body -/EnumerationResults/Marker", "*: body -/EnumerationResults/MaxResults",
        "service: list containers, *: body +/EnumerationResults/Marker"]),
    (CHOICE, "a page holds 5,000 at most, and MaxResults says so", ["service: list containers, maxresults 5001: body */MaxResults: '5000' != '5001'"]),
    (DOCUMENTED, "a blob's properties stand there empty when they are not set", [
        f"*: body +/EnumerationResults/Blobs/Blob/Properties/{name}"
        for name in ("Content-Encoding", "Content-Language", "Content-CRC64", "Content-Disposition", "Cache-Control")]),
    (DOCUMENTED, "copy properties are listed with include=copy only; IncrementalCopy is of page blobs", [
        "copies: list the copy without include: body -/EnumerationResults/Blobs/Blob/Properties/Copy*",
        "copies: list the copy*: body -/EnumerationResults/Blobs/Blob/Properties/IncrementalCopy",
        "copies: head the copy*: header -x-ms-incremental-copy"]),
    (CHOICE, "a name that has uncommitted blocks only has no times, tag or type yet", [
        f"listing: *include=*uncommittedblobs: body /EnumerationResults/Blobs/Blob/Properties/{name}: *"
        for name in ("Creation-Time", "Last-Modified", "Etag", "AccessTier", "AccessTierInferred", "ServerEncrypted")]),
    (DOCUMENTED, "a delimiter may be longer than a character", ["listing: delimiter=/1: body */BlobPrefix/Name: 'a/1' != 'a/'"]),
    (DOCUMENTED, "maxresults is at least 1 and a number; include and marker are checked", [
        "service: list containers, maxresults 0: 400 OutOfRangeQueryParameterValue != 400", "listing: maxresults=0: 400 OutOfRange* != 400",
        "service: list containers, maxresults -1: 400 InvalidQueryParameterValue != 400", "listing: maxresults=-1: 400 InvalidQuery* != 400",
        "service: list containers, maxresults abc: 400 InvalidQueryParameterValue != 400", "listing: maxresults=abc: 400 InvalidQuery* != 400",
        "service: list containers, maxresults empty: 400 InvalidQueryParameterValue != 400",
        "service: list containers, maxresults 1.5: 400 InvalidQueryParameterValue != 200",
        "service: list containers with unknown include: 400 InvalidQueryParameterValue != 400",
        "listing: include=banana: 400 InvalidQueryParameterValue != 400", "listing: include=metadata,banana: 400 InvalidQuery* != 400"]),
    (CHOICE, "a marker is opaque, and one that no listing gave is refused", ["listing: marker=banana: 400 InvalidQueryParameterValue != 200"]),
    (CHOICE, "permissions are of accounts with a hierarchical namespace: clients ask in order to find out", [
        "listing: include=permissions: 400 InvalidQueryParameterValue != 200"]),
    (CHOICE, "a backslash in a name is a character of it; Azurite makes it a slash", [
        "names: list a backslash: body */Blob/Name: *"]),

    # ---- the form of requests ----
    (DOCUMENTED, "an error has a code; Azurite refuses these with a bare 400", [
        "service: list containers, timeout abc: 400 InvalidQueryParameterValue != 400",
        "service: list containers, P*: 400 InvalidQueryParameterValue != 400", "service: account information without comp: 400 * != 400",
        "service: service properties without restype: 400 * != 400", "service: unknown *: 400 InvalidQueryParameterValue != 400",
        "service: the account*nothing asked: 400 InvalidQueryParameterValue != 400", "service: the account, PUT: 400 * != 400",
        "containers: create without restype: 400 MissingRequiredHeader != 400", "containers: create with unknown restype: 400 * != 400",
        "containers: set metadata without restype: 400 InvalidQueryParameterValue != 400",
        "containers: unknown restype: 400 InvalidQueryParameterValue != 400", "containers: POST: 400 InvalidQueryParameterValue != 400",
        "blobs: put, without type: 400 MissingRequiredHeader != 400", "blobs: put, with unknown type: 400 InvalidHeaderValue != 400",
        "blobs: set tier, none given: 400 MissingRequiredHeader != 400", "blobs: POST to a blob: 400 InvalidQueryParameterValue != 400",
        "blobs: delete with bad x-ms-delete-snapshots: 400 InvalidHeaderValue != 400",
        "blocks: put block, no id: 400 MissingRequiredQueryParameter != 400", "blocks: put block, POST: 400 * != 400",
        "blocks: block list of an unknown type: 400 InvalidQueryParameterValue != 400", "blocks: block list of an empty type: 400 * != 400",
        "blocks: commit, POST: 400 InvalidQueryParameterValue != 400", "listing: without restype: 400 InvalidQueryParameterValue != 400",
        "reading: *x_ms_range_get_content_md5=banana: 400 InvalidHeaderValue != 400", "copies: abort without *: 400 MissingRequired* != 400",
        "names: two slashes before the container: 400 OutOfRangeInput != 400", "protocol: POST of *: 400 InvalidQueryParameterValue != 400"]),
    (DOCUMENTED, "a body has a length, else 411", [
        "protocol: a blob without a length: 411 MissingContentLengthHeader != 400", "protocol: a block without a length: 411 * != 400",
        "protocol: a block list without a length: 411 MissingContentLengthHeader != 500", "protocol: a block in chunks: 411 * != 400"]),
    (CHOICE, "a blob may come in chunks", ["protocol: a blob in chunks: 201 != 400", "protocol: get what came in chunks: 200 != 404 BlobNotFound"]),
    (DOCUMENTED, "a verb that a resource does not have is UnsupportedHttpVerb (405)", [
        *(f"protocol: {verb} of {what}: 405 UnsupportedHttpVerb != 400" for verb in ("PATCH", "TRACE", "BANANA", "MERGE")
          for what in ("a blob", "a container")),
        "service: service properties, DELETE: 405 UnsupportedHttpVerb != 400", "service: the account, DELETE: 405 UnsupportedHttpVerb != 400"]),
    (DOCUMENTED, "a comp that the resource does not have is refused, not ignored", [
        "containers: unknown comp: 400 InvalidQueryParameterValue != 200", "containers: unknown comp, PUT: 400 * != 409 ContainerAlreadyExists",
        "blobs: put, with unknown comp: 400 InvalidQueryParameterValue != 201", "blobs: put, with empty comp: 400 * != 201",
        "blobs: get with unknown comp: 400 InvalidQueryParameterValue != 200", "blobs: delete with unknown comp: 400 * != 202",
        "blocks: put block, GET: 400 InvalidQueryParameterValue != 200", "listing: PUT: 400 * != 409 ContainerAlreadyExists"]),
    (DOCUMENTED, "a parameter given twice is signed with both values", ["protocol: parameter twice: 200 != 403 AuthorizationFailure"]),
    (DOCUMENTED, "x-ms-client-request-id has 1,024 characters at most", ["protocol: request id of 1025: 400 InvalidHeaderValue != 200"]),
    (CHOICE, "a client newer than the server is served as far as the server knows; versions before 2011-08-18 are not", [
        "protocol: version 2009-09-19: 400 InvalidHeaderValue != 200", "protocol: version 2099-01-01: 200 != 400 InvalidHeaderValue",
        "protocol: version 2021-12-03: 200 != 400 InvalidHeaderValue"]),
    (DOCUMENTED, "a path without a container names a blob in $root", ["containers: delete without restype: 404 BlobNotFound != 400"]),
    (DOCUMENTED, "a blob's name has 1,024 characters at most", [
        "names: put, 1025 characters: 400 OutOfRangeInput != 201", "names: get, 1025 characters: 400 OutOfRangeInput != 200"]),
    (LACKS, "a path that is no URL or no UTF-8 is refused; Azurite breaks, or takes a zero byte", [
        "names: ???, bad percent: 400 InvalidInput != 500", "names: ???, bad UTF-8: 400 InvalidUri != 500",
        "names: put, zero byte: 400 InvalidInput != 201", "names: get, zero byte: 400 InvalidInput != 200"]),
    (DOCUMENTED, "a name that XML cannot hold is listed encoded; Azurite breaks", ["names: list a control character: 200 != 500"]),

    # ---- the account ----
    (DOCUMENTED, "account information tells whether there is a hierarchical namespace, of containers and blobs too", [
        "service: account information of *: header +x-ms-is-hns-enabled"]),
    (CHOICE, "the account is not replicated", ["*: header x-ms-sku-name: 'Standard_LRS' != 'Standard_RAGRS'"]),
    (CHOICE, "properties that were never set: logging off, soft delete off, the version that unversioned requests are served by", [
        "service: service properties, as they are at first: body *"]),
    (DOCUMENTED, "the body is checked: sections that there are, five rules at most, whole rules, 1 to 365 days", [
        "service: set service properties, empty root: 202 != 500", "service: set service properties, empty body: 400 * != 500",
        "service: set service properties, no XML: 400 InvalidXmlDocument != 400", "service: set service properties, cut XML: 400 * != 400",
        "service: set service properties, other root: 400 InvalidXmlDocument != 202", "service: set service properties, unknown section: 400 * != 202",
        "service: set service properties, six rules: 400 InvalidXmlDocument != 202",
        "service: set service properties, rule without methods: 400 InvalidXmlDocument != 400",
        "service: set service properties, retention of 400 days: 400 InvalidXmlNodeValue != 202",
        "service: set service properties, retention of 0 days: 400 InvalidXmlNodeValue != 400"]),
    (DOCUMENTED, "caches are told that answers to readers vary by origin, whether the request has one or not; answers to writers are not cached", [
        "service: get service properties, all set: header +vary", "service: a request without an origin, where rules are: header +vary",
        "service: a request with a method that no rule allows: header -vary", "service: a write from *: header -vary"]),
    (DOCUMENTED, "an answer that is the same for every origin says so without being asked", [
        "service: a request without an origin, where any is allowed: header +access-control-*"]),
    (DOCUMENTED, "an origin is compared in its own case, and its rule is the first that matches", [
        "service: a request from an origin in capitals: header -access-control-*"]),
    (CHOICE, "what is exposed are names of headers that the answer has, and no header when there are none", [
        "service: a *: header access-control-expose-headers: *",
        "service: a request from an origin that matches a star: header -access-control-expose-headers"]),
    (DOCUMENTED, "an anonymous reader learns nothing, from whatever origin", [
        "service: a request without authorization from an origin that a rule allows: 404 ResourceNotFound != 403 AuthorizationFailure"]),
    (NOT_YET, "user delegation, finding blobs by tags", ["service: user delegation key*: 501 NotImplemented != 403 AuthenticationFailed",
                                        "service: find blobs by tags: 501 NotImplemented != 200"]),

    # ---- containers ----
    (DOCUMENTED, "public access is container or blob", [
        "containers: create with unknown access: 400 InvalidHeaderValue != 201", "containers: create with access in capitals: 400 * != 201",
        "containers: set acl, unknown access: 400 InvalidHeaderValue != 200"]),
    (DOCUMENTED, "of names with a dollar there are $root, $web and $logs", ["containers: create $other: 400 InvalidResourceName != 201"]),
    (DOCUMENTED, "metadata has a name, and 8 KiB at most", [
        "containers: create with empty metadata name: 400 EmptyMetadataKey != 201", "containers: create with metadata of 9 KiB: 400 * != 201",
        "blobs: put, with an empty metadata name: 400 EmptyMetadataKey != 201", "blobs: put, with metadata of 9 KiB: 400 MetadataTooLarge != 201"]),
    (DOCUMENTED, "metadata is asked for: neither properties nor, of a blob, its bytes", [
        "containers: metadata*: header -x-ms-*", "access: anonymous, GET /access-public?restype=container&comp=metadata: header -x-ms-*",
        "blobs: get metadata: header *", "blobs: get metadata: body: *", "blobs: get metadata, HEAD: header *",
        "conditions: get metadata, *: header *", "conditions: get metadata, *: body: *", "reading: range of metadata: *",
        "access: anonymous, GET /access-blobs/blob?comp=metadata: header *",
        "access: anonymous, GET /access-blobs/blob?comp=metadata: body: *"]),
    (DOCUMENTED, "a policy has a unique id of 64 characters at most, known letters and dates; there are five; the body is SignedIdentifiers", [
        "containers: set acl, six policies: 400 InvalidXmlDocument != 200", "containers: set acl, policy with an id of 65: 400 * != 200",
        "containers: set acl, two policies of one id: 400 InvalidXmlDocument != 200",
        "containers: set acl, policy with unknown permission: 400 InvalidXmlDocument != 200",
        "containers: set acl, policy with a bad date: 400 InvalidXmlDocument != 200", "containers: set acl, other root: 400 * != 200",
        "containers: set acl, policy without id: 400 InvalidXmlDocument != 400", "containers: set acl, policy with empty id: 400 * != 400",
        "containers: set acl, no XML: 400 InvalidXmlDocument != 400", "containers: set acl, cut XML: 400 InvalidXmlDocument != 400"]),
    (CHOICE, "a body with a DTD is refused", ["containers: set acl, a DTD: 400 InvalidXmlDocument != 200"]),
    (DOCUMENTED, "a policy may leave every field to the signature", [
        "containers: set acl, policy of nothing: 200 != 400", "containers: set acl, policy without AccessPolicy: 200 != 400",
        "containers: get acl, policy of nothing: body -*/Permission"]),
    (NOT_YET, "leases", ["containers: lease *: 501 NotImplemented != 409 *", "protocol: lease: 501 NotImplemented != 201"]),
    (CHOICE, "a condition that an operation does not list is not ignored: what it guards does not happen", [
        "conditions: delete container, if-*: 412 ConditionNotMet != 202", "conditions: set container *, if-*: 412 ConditionNotMet != 200",
        "conditions: block list, if-match fails: 412 ConditionNotMet != 200", "conditions: set tier, if-match fails: 412 ConditionNotMet != 200"]),

    # ---- blobs and blocks ----
    (DOCUMENTED, "digests have error codes of their own, and crc64 is checked", [
        "blobs: put, with Content-MD5 of another body: 400 Md5Mismatch != 400 InvalidOperation",
        "blobs: put, with x-ms-blob-content-md5 of another body: 400 Md5Mismatch != 400 InvalidOperation",
        "blobs: put, with Content-MD5 that is no *: 400 InvalidMd5 != 400 InvalidOperation",
        "blobs: put, with x-ms-blob-content-md5 that is no base64: 400 InvalidMd5 != 400 InvalidOperation",
        "blobs: set properties, md5 that is none: 400 InvalidMd5 != 200",
        *(f"{row}: {ours} != 500 FeatureNotSupported" for row, ours in {
            "blobs: put, with crc64": "201", "blobs: put, with crc64 of another body": "400 Crc64Mismatch",
            "blobs: put, with crc64 that is none": "400 InvalidCrc64", "blobs: put, with md5 and crc64": "400 BothCrc64AndMd5HeaderPresent",
            "blocks: put block, crc64": "201", "blocks: put block, crc64 of another body": "400 Crc64Mismatch",
            "blocks: put block, crc64 and md5": "400 BothCrc64AndMd5HeaderPresent",
            "blocks: commit, crc64 of another list": "400 Crc64Mismatch",
            "reading: thirty, bytes=0-9, x_ms_range_get_content_crc64=true": "206",
            "reading: thirty, bytes=0-9, x_ms_range_get_content_md5=true x_ms_range_get_content_crc64=true": "400 InvalidHeaderValue",
            "reading: thirty, , x_ms_range_get_content_crc64=true": "400 InvalidHeaderValue",
            "reading: large, bytes=0-4194304, x_ms_range_get_content_crc64=true": "400 OutOfRangeInput"}.items()),
        "blocks: put block, md5 of another body: 400 Md5Mismatch != 400 InvalidOperation",
        "blocks: put block, md5 that is none: 400 InvalidMd5 != 400 InvalidOperation",
        "blocks: commit, md5 of another list: 400 Md5Mismatch != 201", "blocks: commit, md5 that is none: 400 InvalidMd5 != 201"]),
    (DOCUMENTED, "the answer to a block or a list has the digest that was sent, else crc64; the MD5 of a blob made of blocks is the client's to give", [
        "*: header +x-ms-content-crc64", "blocks: put block, md5: header +content-md5", "blocks: commit*: header -content-md5", "tags: commit: header -content-md5",
        "conditions: put block list, *: header -content-md5", "blocks: get the *: header -content-md5"]),
    (DOCUMENTED, "x-ms-blob-content-md5 is sent with a range; else it is Content-MD5", ["*: header -x-ms-blob-content-md5"]),
    (DOCUMENTED, "a tier has a time once it was set; until then it is inferred", [
        "*: header -x-ms-access-tier-change-time", "*: body -/EnumerationResults/Blobs/Blob/Properties/AccessTierChangeTime",
        "*: body /EnumerationResults/Blobs/Blob/Properties/AccessTierChangeTime: 1 of them != *",
        "blocks: head the one with all headers: header +x-ms-access-tier-change-time"]),
    (DOCUMENTED, "a tier that was set is not inferred", [
        "blobs: head the cool one: header -x-ms-access-tier-inferred", "blobs: head after tier: header -x-ms-access-tier-inferred",
        "access: blob sas, *head: header -x-ms-access-tier-inferred"]),
    (DOCUMENTED, "a tier is Hot, Cool, Cold or Archive, and a bad header value is InvalidHeaderValue", [
        "blobs: set tier, *: 400 InvalidHeaderValue != 400 AccessTierNotSupportedForBlobType"]),
    (DOCUMENTED, "the type of a blob is written BlockBlob", ["blobs: put, with a type in small letters: 400 InvalidHeaderValue != 201"]),
    (DOCUMENTED, "Put Blob keeps the plain Content-Encoding, Content-Language and Cache-Control", [
        "blobs: head the one with plain headers: header +*"]),
    (DOCUMENTED, "a blob without a content type is application/octet-stream", [
        "blobs: head after *: header +content-type", "blobs: the blob stays: header +content-type"]),
    (NOT_YET, "page and append blobs", [
        "blobs: put, page blob of an odd size: 501 UnsupportedHeader != 400 InvalidOperation", "protocol: put a page blob: 501 * != 201",
        "protocol: put an append blob: 501 UnsupportedHeader != 201", "blocks: append a block to a block blob: 501 * != 409 InvalidBlobType",
        "blocks: write a page of a block blob: 501 * != 409 InvalidBlobType", "blocks: page ranges of a block blob: 501 * != 409 InvalidBlobType"]),
    (NOT_YET, "snapshots, soft delete, holds, policies of immutability, expiry, encryption by the client's key, batches, queries", [
        "blobs: undelete without soft delete: 501 NotImplemented != 501 APINotImplemented", "protocol: snapshot: 501 NotImplemented != 201",
        "protocol: put with a customer's key: 501 * != 500 FeatureNotSupported",
        "protocol: put with an encryption scope: 501 UnsupportedHeader != 201", "protocol: legal hold: 501 * != 501 APINotImplemented",
        "protocol: immutability policy: 501 * != 501 APINotImplemented", "protocol: expiry: 501 NotImplemented != 501 APINotImplemented",
        "protocol: query with a body: 501 NotImplemented != 400", "protocol: batch without parts: 501 NotImplemented != 202"]),
    (CHOICE, "an empty block is refused, as by the service", ["blocks: put block, empty body: 400 InvalidHeaderValue != 201"]),
    (DOCUMENTED, "Get Block List shows the list that was asked for, and tag and time of what was committed", [
        "*: body -/BlockList/UncommittedBlocks", "blocks: block list uncommitted*: body -/BlockList/CommittedBlocks",
        "*: block*uncommitted only: header -etag", "*: block*uncommitted only: header -last-modified",
        "copies: block from url, list: header -*"]),
    (DOCUMENTED, "Put Blob drops uncommitted blocks", ["blocks: block list after put blob: body -/BlockList/UncommittedBlocks/*"]),
    (CHOICE, "Delete Blob is not named among what drops uncommitted blocks, and they do not make a blob that can be deleted", [
        "blocks: block list after delete: 200 != 404 BlobNotFound",
        "blocks: delete a blob that has uncommitted blocks only: 404 BlobNotFound != 202"]),
    (DOCUMENTED, "a block list that is no XML or no list is InvalidXmlDocument, one with a bad id InvalidBlockList", [
        "blocks: commit, no body: 400 InvalidXmlDocument != 500", "blocks: commit, no XML: 400 InvalidXmlDocument != 400",
        "blocks: commit, cut XML: 400 InvalidXmlDocument != 400", "blocks: commit, another root: 400 InvalidXmlDocument != 400 InvalidBlockList",
        "blocks: commit, an unknown kind: 400 InvalidXmlDocument != 400 InvalidBlockList",
        "blocks: commit, an empty id: 400 InvalidBlockList != 400 InvalidOperation"]),

    # ---- ranges ----
    (DOCUMENTED, "a range that begins at the end or after it is InvalidRange", [
        "reading: thirty, bytes=30-*: 416 InvalidRange != 206", "reading: thirty, , x_ms_range=bytes=30-: 416 InvalidRange != 206",
        "reading: empty, bytes=0-: 416 InvalidRange != 206"]),
    (CHOICE, "the last bytes are served as HTTP has it; what is no byte range is ignored as HTTP has it", [
        "reading: thirty, bytes=-5: 206 != 500", "reading: thirty, bytes=-30: 206 != 500", "reading: thirty, bytes=-100: 206 != 500",
        "reading: thirty, bytes=-0: 416 InvalidRange != 500", "reading: thirty, bytes=: 200 != 500", "reading: thirty, bytes=-: 200 != 500",
        "reading: thirty, bytes=a-b: 200 != 500", "reading: thirty, items=0-9: *", "reading: thirty, bytes = 0-9: *"]),
    (DOCUMENTED, "a digest is of a range of 4 MiB at most, when it was asked for", [
        "reading: thirty, , x_ms_range_get_content_md5=true: 400 InvalidHeaderValue != 200",
        "reading: large, bytes=0-*, x_ms_range_get_content_md5=true: 400 OutOfRangeInput != 206",
        "reading: thirty, bytes=0-9, x_ms_range_get_content_md5=false: header -content-md5"]),

    # ---- conditions ----
    (DOCUMENTED, "conditions are those of HTTP: a star, a list, a weak tag; a blob that is not there meets no tag and is 404 to a reader", [
        "conditions: get blob, if-none-match any: 304 * != 400 UnsatisfiableCondition",
        "conditions: head blob, if-none-match any: 304 * != 400 UnsatisfiableCondition",
        "conditions: get metadata, if-none-match any: 304 * != 400 UnsatisfiableCondition",
        "conditions: set properties, if-none-match any: 412 ConditionNotMet != 200",
        "conditions: set metadata, if-none-match any: 412 ConditionNotMet != 200", "conditions: delete blob, if-none-match any: 412 * != 202",
        "conditions: put a missing blob, if-match any: 412 ConditionNotMet != 201",
        "conditions: GET a missing blob, if-*: 404 BlobNotFound != 4?? *", "conditions: DELETE a missing blob, if-match fails: 404 * != 412 *",
        "conditions: get blob, weak etag: *", "conditions: get blob, list of etags that holds one: 200 != 412 ConditionNotMet"]),
    (CHOICE, "a date that is none is refused, for a write that it should guard must not happen", [
        "conditions: *date that is none: 400 InvalidHeaderValue != *", "conditions: get blob, date of ISO 8601: 400 InvalidHeaderValue != 200",
        "copies: copy, source if-modified-since is no date: 400 InvalidHeaderValue != 304 ConditionNotMet"]),
    (DOCUMENTED, "a condition on the source is SourceConditionNotMet (412)", ["copies: copy, source if-*: 412 SourceConditionNotMet != *"]),

    # ---- copies ----
    (CHOICE, "a source that is not here is CannotVerifyCopySource, as the service answers", [
        "copies: copy, of a missing blob: 404 CannotVerifyCopySource != 404 BlobNotFound",
        "copies: copy, of a missing container: 404 CannotVerifyCopySource != 404 ContainerNotFound",
        "copies: copy, of a container: 404 CannotVerifyCopySource != 404 BlobNotFound",
        "copies: copy, of a snapshot that is not there: 404 CannotVerifyCopySource != 404 BlobNotFound"]),
    (CHOICE, "a source is an http or https URL", ["copies: copy, of another scheme: 400 InvalidHeaderValue != 404 CannotVerifyCopySource"]),
    (DOCUMENTED, "who may write may not read thereby", ["copies: copy, under a signature, private source: 403 CannotVerifyCopySource != 202"]),
    (DOCUMENTED, "no copy is ever pending", ["copies: abort an unknown copy: 409 NoPendingCopyOperation != 409 CopyIdMismatch"]),
    (LACKS, "Put Blob From URL and Put Block From URL", [
        *(f"copies: put from url{row}: {ours} != 501 APINotImplemented" for row, ours in {
            ", plain": "201", ", of a public source": "201", ", of a private source": "201", ", of a missing blob": "404 CannotVerifyCopySource",
            ", into a missing container": "404 ContainerNotFound", ", with md5": "201", ", with another md5": "400 Md5Mismatch",
            ", with headers and metadata": "201", ", without properties": "201",
            ", with source if-match that fails": "412 SourceConditionNotMet", " with a body": "400 InvalidHeaderValue"}.items()),
        *(f"copies: block from url, {row}: {ours} != 501 APINotImplemented" for row, ours in {
            "whole": "201", "range": "201", "open range": "201", "range beyond": "416 InvalidRange",
            "range of all and more": "416 InvalidRange", "range that is none": "400 InvalidHeaderValue",
            "md5": "201", "another md5": "400 Md5Mismatch", "missing source": "404 CannotVerifyCopySource", "private source": "201",
            "bad url": "400 InvalidHeaderValue", "bad id": "400 InvalidQueryParameterValue"}.items()),
        "copies: head what was put *: 200 != 404 BlobNotFound", "copies: put from url, of an unknown type: 400 InvalidHeaderValue != 202"]),

    # ---- tags ----
    (CHOICE, "HEAD of tags is HEAD of what GET would answer; Azurite takes it for HEAD of the blob", ["tags: get, HEAD: header *"]),
    (LACKS, "a tag's value may be empty", ["tags: set: 204 != 400", "tags: get what was set: body +*", "tags: head what was set: header +x-ms-tag-count"]),
    (LACKS, "a tag's key is there once, has a letter, and its letters are those documented", [
        "tags: set, empty key: 400 EmptyTagName != 400", "tags: *a sign that tags do not have: 400 InvalidTag != 400 DuplicateTagNames",
        "tags: set, value beyond ASCII: 400 InvalidTag != 400 DuplicateTagNames", "tags: *, the same key twice: 400 DuplicateTagNames != 20?",
        "tags: get after what was refused: body +*"]),
    (LACKS, "the document of tags is checked, and so is its digest", [
        "tags: set, another md5: 400 Md5Mismatch != 204", "tags: set, no XML: 400 InvalidXmlDocument != 400",
        "tags: set, no body: 400 InvalidXmlDocument != 204", "tags: set, another root: 400 InvalidXmlDocument != 204"]),
    (CHOICE, "a condition that an operation does not list still guards it", ["tags: get, if-match that fails: 412 ConditionNotMet != 200"]),
    (CHOICE, "tags beside an operation that sets none are refused, not ignored", ["tags: set metadata with tags: 501 UnsupportedHeader != 200"]),
    (DOCUMENTED, "tags are copied or set, not both: 409; and the option has two values", [
        "tags: copy from url, tags too and others: 409 Both* != 400 Both*", "tags: copy from url, bad option: 400 InvalidHeaderValue != 202"]),
    (DOCUMENTED, "tags need the letter t", [
        "tags: put with tags, signature without t: 403 AuthorizationPermissionMismatch != 201",
        "tags: list with tags, signature without t: 403 AuthorizationPermissionMismatch != 200",
        "tags: get, of a public one: 404 ResourceNotFound != 403 AuthorizationFailure"]),
    (DOCUMENTED, "metadata is ASCII, and a name is there once", [
        "tags: set metadata beyond ASCII: 400 InvalidMetadata != 200", "tags: set metadata twice the same: 400 InvalidMetadata != 200"]),

    # ---- access ----
    (DOCUMENTED, "who is not known is AuthenticationFailed, NoAuthenticationInformation or, to a reader without a name, ResourceNotFound", [
        "access: *: 403 AuthenticationFailed != 403 AuthorizationFailure", "*anonymous*: 404 ResourceNotFound != 403 AuthorizationFailure",
        "*anonymous*: 401 NoAuthenticationInformation != 403 AuthorizationFailure",
        "access: anonymous, PUT /access-public/new: 401 NoAuthenticationInformation != 400",
        "access: account sas, without sig: 404 ResourceNotFound != 403 AuthorizationFailure"]),
    (DOCUMENTED, "only the owner reads the policies of a public container", [
        "containers: get acl, anonymous, of a public one: 404 ResourceNotFound != 200",
        "access: anonymous, GET /access-public?restype=container&comp=acl: 404 ResourceNotFound != 200"]),
    (CHOICE, "an Authorization header of the wrong form is InvalidAuthenticationInfo, as the service answers", [
        "access: authorization *: 400 InvalidAuthenticationInfo != 403 AuthorizationFailure"]),
    (LACKS, "Shared Key Lite", ["access: shared key lite*: 20? != 403 AuthorizationFailure"]),
    (DOCUMENTED, "a date is within 15 minutes, and there is one", [
        "access: shared key, date of *: 403 AuthenticationFailed != 200", "access: shared key, date that is none: 403 * != 200",
        "access: shared key with an old Date only: 403 AuthenticationFailed != 200",
        "access: shared key without a date: 403 AuthenticationFailed != 200"]),
    (DOCUMENTED, "a signature's address, protocol, letters and expiry count", [
        "access: account sas, bad expiry: 403 AuthenticationFailed != 200", "access: *another address: 403 AuthorizationSourceIPMismatch != 200",
        "access: account sas, unknown protocol: 403 AuthenticationFailed != 200", "access: *unknown letter: 403 AuthenticationFailed != 200"]),
    (DOCUMENTED, "a bad signature is not mended by public access, nor a bad header by a good signature", [
        "access: container sas, another container: 403 AuthenticationFailed != 200",
        "access: wrong authorization and a good signature: 403 AuthenticationFailed != 200"]),
    (DOCUMENTED, "a field stands in the signature or in its policy, and the expiry in one of them", [
        "access: stored policy with dates only: 200 != 500", "access: stored policy with dates only, expiry too: 403 * != 500",
        "access: stored policy with letters only, letters too: 403 AuthenticationFailed != 200",
        "access: stored policy without dates at all: 403 AuthenticationFailed != 200"]),
    (DOCUMENTED, "who may create and finds a blob is told so", [
        "access: account sas, create, put over: 403 UnauthorizedBlobOverwrite != 403 AuthorizationPermissionMismatch",
        "access: blob sas, create, put over: 403 UnauthorizedBlobOverwrite != 403 AuthorizationPermissionMismatch"]),
    (DOCUMENTED, "what is not offered is refused, not passed over", [
        "containers: create with encryption scope: 501 UnsupportedHeader != 201", "listing: showonly=deleted&prefix=b: 400 InvalidQueryParameterValue != 200",
        "blobs: get a snapshot that is no time: 400 InvalidQueryParameterValue != 404 BlobNotFound",
        "copies: copy, with a source lease id: 412 LeaseNotPresentWithBlobOperation != 202"]),
    (DOCUMENTED, "a copy that is asked for at once has a digest in its answer", [
        "copies: copy, with x-ms-requires-sync: header +content-md5", "tags: copy from url, tags too: header +content-md5"]),
]
