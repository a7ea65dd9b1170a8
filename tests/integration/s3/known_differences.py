"""Where Skerry may answer otherwise than radosgw, and why. A line is a pattern (* and ?) over "topic: row: difference", Skerry's side first; one
that matches nothing any more fails the test. In a pattern `[` begins a set."""
from difference import CHOICE, DOCUMENTED, NOT_YET

LACKS = "radosgw 16.2 lacks it, does not check it, or breaks"

KNOWN = [
    # ---- on every answer ----
    (LACKS, "Accept-Ranges says something of what can be read; radosgw sends it with every answer", ["*: header -accept-ranges"]),
    (CHOICE, "an empty answer has no type", ["*: header -content-type"]),
    (CHOICE, "the type of an error is there for HEAD too", ["*: header +content-type"]),
    (DOCUMENTED, "checksums: every object has one, CRC64NVME unless it is asked for another", [
        "*: header +x-amz-checksum-*", "*: body +*/Checksum*"]),
    (LACKS, "Type is radosgw's own", ["*: body -/List*Result/*/Type"]),
    (DOCUMENTED, "versions have their ids in answers about tags, lists and copies too", ["*: header +x-amz-version-id", "*: header +x-amz-copy-source-version-id"]),
    (DOCUMENTED, "an ETag in a document has its quotes", ["*: body /Copy*Result/ETag: '\"*\"' != *", "*: body /CompleteMultipartUploadResult/ETag: *"]),
    (CHOICE, "a 204 has no length", ["*: header -content-length"]),
    (DOCUMENTED, "a 304 has the ETag and the time of what was not modified, and its length", [
        "*: header +etag", "*: header +last-modified", "conditions: *: header +content-length", "reading: range, if-none-match: header +content-length",
        "buckets: head the service: header +content-length"]),
    (DOCUMENTED, "tags are counted", ["*: header +x-amz-tagging-count", "*: header x-amz-tagging-count: *"]),
    (DOCUMENTED, "Content-Range of a 416 says how much there is", ["reading: *: header +content-range"]),

    # ---- buckets ----
    (DOCUMENTED, "the answer to a new bucket has its Location", ["*: header +location"]),
    (DOCUMENTED, "names: no xn--, sthree- and amzn-s3-demo- in front, no -s3alias and its like behind; a dash may stand beside a dot", [
        "buckets: make xn--abc: 400 InvalidBucketName != 200", "buckets: make abc-s3alias: *", "buckets: make sthree-abc: *", "buckets: make a.-b: 200 != *",
        "buckets: list: body /ListAllMyBucketsResult/Buckets/Bucket*: 12 of them != *"]),
    (DOCUMENTED, "a document that is none is MalformedXML, one that is not there MissingRequestBodyError or MissingSecurityHeader", [
        "buckets: make, *: 400 MalformedXML != 400 InvalidArgument", "settings: put ownershipControls: 400 MalformedXML != 400 InvalidArgument",
        "settings: versioning*: 400 MalformedXML != 400 InvalidArgument",
        "settings: versioning, nothing: 400 MissingRequestBodyError != *", "settings: tags, another root: 400 MalformedXML != 200",
        "settings: tags, nothing: 400 MissingRequestBodyError != *", "settings: cors, nothing: 400 MissingRequestBodyError != *",
        "settings: acl, *: 400 MalformedACLError != 400 InvalidArgument", "settings: acl, n*: 400 MissingSecurityHeader != 400 InvalidArgument",
        "objects: set tags, another root: 400 MalformedXML != 200", "objects: set tags: two sets: 400 MalformedXML != 200", "objects: set tags, nothing: 400 MissingRequestBodyError != *",
        "deleting: *: 400 MalformedXML != [24]00", "deleting: document: nothing: 400 MissingRequestBodyError != 400",
        "multipart: complete: document, nothing: 400 MissingRequestBodyError != *", "multipart: complete: number *: 400 MalformedXML != 400 InvalidPart"]),
    (CHOICE, "a configuration without a location is one of the server's own region", ["buckets: make, empty root: 200 != 400 InvalidArgument"]),
    (DOCUMENTED, "another region is IllegalLocationConstraintException; the first region is the empty text", [
        "buckets: make in a region that is none: 400 Illegal* != 400 InvalidLocationConstraint", "buckets: location: body /LocationConstraint: '' != 'default'"]),
    (LACKS, "Content-MD5 of a bucket's document", ["buckets: make, wrong md5: 400 BadDigest != 200"]),
    (DOCUMENTED, "a list of buckets is somebody's, with their regions; a bucket tells its region", [
        "buckets: list, anonymous: 403 AccessDenied != 200", "buckets: list: body +/ListAllMyBucketsResult/Buckets/Bucket/BucketRegion",
        "buckets: head: header +x-amz-*"]),
    (CHOICE, "a path that is no URL is refused before it is a request", [
        "*: put a zero byte: 400 BadRequest != 400", "buckets: make a zero byte: 400 BadRequest != 400", "*: make a bad escape: 400 BadRequest != 405 MethodNotAllowed",
        "names: put a bad escape: 400 BadRequest != *", "names: put half an escape: 400 BadRequest != *", "protocol: a length and chunks: 400 BadRequest != 400",
        "protocol: *length*: body: * != b''"]),
    (NOT_YET, "tags of a bucket when it is made", ["buckets: make with tags: 501 NotImplemented != *"]),

    # ---- settings ----
    (NOT_YET, "settings that are not offered are refused; radosgw has some, and takes the others for operations on the bucket or object itself", [
        "settings: put *: 501 NotImplemented != *", "settings: get *: 501 NotImplemented != 200", "settings: delete *: 501 NotImplemented != 204",
        "settings: post *: 501 NotImplemented != *", "settings: after *: 200 != 404*", "settings: after put *: header content-length: *",
        "settings: after put *: header etag: *", "settings: after put *: body: *"]),
    (DOCUMENTED, "what is not configured is not found, and removing it succeeds", [
        "settings: get *: 404 * != 200", "settings: get website*: 404 * != 405 MethodNotAllowed", "settings: delete *: 204 != *",
        "settings: get accelerate: body *", "settings: get notification: body +/NotificationConfiguration@xmlns"]),
    (CHOICE, "a parameter that no operation knows changes nothing: PUT makes a bucket", ["protocol: put, unknown subresource: 400 MalformedXML != 400 InvalidArgument"]),
    (DOCUMENTED, "a sub-resource has its own methods; with another one the request is not taken for one about the bucket", [
        "settings: put policyStatus: 405 MethodNotAllowed != *", "settings: versioning, delete: 405 MethodNotAllowed != *", "deleting: get delete: 405 MethodNotAllowed != 200"]),
    (DOCUMENTED, "a bucket without MFA delete does not mention it", ["settings: versioning, *: body -/VersioningConfiguration/MfaDelete"]),
    (CHOICE, "a configuration that says nothing is IllegalVersioningConfigurationException", ["settings: versioning, empty root: 400 Illegal* != *"]),
    (DOCUMENTED, "tags: each once, none of the system's, no odd signs; too many are BadRequest, keys and values too long InvalidTag", [
        "settings: set *: 400 BadRequest != 400 InvalidTag", "settings: set a *tag*: 400 InvalidTag != 200", "objects: set tags: *: 400 InvalidTag != 200",
        "objects: set tags: eleven: 400 BadRequest != *", "objects: tags: *: 400 * != *", "objects: tags with a plus: body *", "copies: too many tags: 400 BadRequest != 200",
        "multipart: begin, too many tags: 400 BadRequest != 200"]),
    (DOCUMENTED, "cors: methods are those of the list, in capitals, and there is one", ["settings: cors: *: 400 MalformedXML != 200"]),
    (CHOICE, "more than 100 rules are a document of the wrong form", ["settings: cors: 101 rules: 400 MalformedXML != 400 InvalidRequest"]),
    (DOCUMENTED, "a preflight that no rule allows is AccessForbidden; * may stand anywhere in an origin", [
        "settings: preflight: *: 403 AccessForbidden != 403 AccessDenied", "settings: preflight: star in the middle: 200 != 403 AccessDenied"]),
    (CHOICE, "a preflight that is none is BadRequest", ["settings: preflight: *: 400 BadRequest != *", "objects: options without an origin: 400 BadRequest != *"]),
    (DOCUMENTED, "answers have the rule's methods in full, * where the rule has it, and say what they vary by", [
        "settings: *: header access-control-allow-methods: *", "settings: *: header access-control-allow-origin: '[*]' != *", "settings: *: header vary: *",
        "settings: *: header +access-control-allow-credentials", "settings: *: header access-control-*-headers: *"]),
    (CHOICE, "allowed headers keep their order", ["settings: cors: all that there is: body /CORSConfiguration/CORSRule/AllowedHeader: *"]),
    (CHOICE, "the owner's grant comes first", ["settings: acl of a *: body /AccessControlPolicy/AccessControlList/Grant/*"]),

    # ---- objects ----
    (DOCUMENTED, "digests and their forms are checked", [
        "objects: *: 400 BadDigest != 200", "objects: *: 400 InvalidRequest != 200", "multipart: *: 400 BadDigest != 200", "copies: unknown checksum algorithm: 400 * != 200"]),
    (DOCUMENTED, "metadata has 2 KiB at most", ["*metadata*: 400 MetadataTooLarge != 200"]),
    (DOCUMENTED, "storage classes are those of the list, else InvalidStorageClass", ["*: *unknown storage class: 400 InvalidStorageClass != 400 InvalidArgument"]),
    (DOCUMENTED, "a redirect is a path or a URL, and comes back", ["objects: redirect that is none: 400 * != 200", "copies: redirect of the copy: header +x-amz-website-*"]),
    (DOCUMENTED, "metadata that is not ASCII comes back encoded by RFC 2047", ["objects: raw utf-8 metadata comes back: header x-amz-meta-u: *"]),
    (CHOICE, "a name of metadata comes back as it was", ["objects: name with odd signs comes back: header ?x-amz-meta-*"]),
    (CHOICE, "a part needs number and upload", ["objects: half of a part: 400 InvalidArgument != 200"]),
    (DOCUMENTED, "x-amz-content-sha256 is one of its values, else InvalidArgument", ["objects: payload hash that is none: 400 InvalidArgument != *"]),
    (LACKS, "trailers", ["objects: chunks and a*trailer: * != 400 XAmzContentSHA256Mismatch"]),
    (DOCUMENTED, "a chunk that does not match its signature is SignatureDoesNotMatch, a wrong length IncompleteBody; aws-chunked is not kept", [
        "objects: altered chunk: 403 SignatureDoesNotMatch != 400 *", "objects: chunks of another length: 400 IncompleteBody != 400 *",
        "objects: chunks come back: header -content-encoding", "objects: the other encoding is kept: header content-encoding: 'gzip' != *"]),
    (LACKS, "attributes", ["objects: attributes: *"]),
    (CHOICE, "a POST that names nothing is no method of an object", ["objects: post to a key: 405 MethodNotAllowed != *"]),

    # ---- names ----
    (CHOICE, "a path is signed as it was sent, or as it means: either is good", [
        "names: get *: 200 != 403 SignatureDoesNotMatch", "names: put a plus, not encoded: 200 != 403 *", "names: get a plus, encoded: 200 != 404 NoSuchKey",
        "names: list all names, *: body /ListBucketResult/Contents*: * of them != *"]),
    (DOCUMENTED, "a key of 1,025 bytes is KeyTooLongError", ["*: 400 KeyTooLongError != 400 InvalidObjectName"]),
    (DOCUMENTED, "a key is UTF-8", ["names: put bad utf-8: 400 InvalidURI != 400 InvalidObjectName"]),

    # ---- reading ----
    (CHOICE, "what is not one range of bytes is ignored (RFC 9110), and a range of no bytes cannot be satisfied", [
        "reading: get bytes*: 200 != *", "reading: *: header -content-range", "reading: get *: header content-length: '30' != *", "reading: get *: body: * != *",
        "reading: get bytes=-0: 416 InvalidRange != 206"]),
    (LACKS, "If-Range", ["reading: range, if-range of another: *"]),
    (LACKS, "partNumber", ["reading: * part *: * != 200", "reading: * part *: header *", "reading: get part *: body: *", "reading: part *: *"]),
    (DOCUMENTED, "anonymous requests may not override headers; line breaks do not get into one", [
        "reading: overrides, anonymous: 400 InvalidRequest != a document that is not XML", "reading: override with line breaks: 200 != a document that is not XML"]),

    # ---- conditions ----
    (DOCUMENTED, "* and lists of tags (RFC 9110)", ["conditions: *, if-match, any: 200 != 412*", "conditions: *, if-match, one of two: 200 != 412*", "conditions: *, if-none-match, any: 304 != 200*",
                                                    "conditions: get, if-none-match, any: header *", "conditions: get, if-none-match, any: body: *",
                                                    "conditions: head, if-none-match, any: header *", "conditions: put, if-match: 200 != 412 PreconditionFailed"]),
    (DOCUMENTED, "conditional writes: If-Match on what is not there is NoSuchKey", [
        "conditions: put anew, if-match*: 404 NoSuchKey != 412 *", "conditions: complete, if-match*: 404 NoSuchKey != 200", "conditions: delete nothing, if-match*: 404 NoSuchKey != 204"]),
    (DOCUMENTED, "conditional writes: copies, deletions and completions have conditions too", [
        "conditions: copy*: 412 PreconditionFailed != 200", "conditions: delete, if-match, another: 412 PreconditionFailed != 204",
        "conditions: complete*: 412 PreconditionFailed != 200"]),
    (CHOICE, "If-None-Match with a tag means what it means in HTTP", [
        "conditions: put, if-none-match: 412 PreconditionFailed != 200", "conditions: put anew, if-none-match*: 200 != 412 PreconditionFailed",
        "conditions: delete, if-none-match*: 412 PreconditionFailed != 204"]),
    (DOCUMENTED, "a date that is none is ignored, as RFC 9110 asks", ["conditions: get, if-*modified-since that is no date: 200 != 400 InvalidArgument",
                                                                       "conditions: head, if-*modified-since that is no date: 200 != 400"]),

    # ---- deletions ----
    (DOCUMENTED, "DeleteObjects needs a digest, and it is checked", ["deleting: *: 400 BadDigest != 200", "deleting: *: 400 InvalidDigest != 200", "deleting: without a digest: 400 * != 200"]),
    (DOCUMENTED, "an id that no version has is refused, one by one", [
        "deleting: delete, unknown version: 400 InvalidArgument != 204", "deleting: with an unknown version: body *", "deleting: long key: body *"]),
    (CHOICE, "the answer has the order of the request", ["deleting: many: body /DeleteResult/Deleted/Key: *", "deleting: 1000: body /DeleteResult/Deleted/Key: *",
                                                         "versions: delete many: body /DeleteResult/Deleted/Key: *"]),

    (NOT_YET, "conditions on size and time, which directory buckets have", ["deleting: if it has a size: 501 NotImplemented != 204", "deleting: if they have a size: body *",
                                                                              "deleting: they stayed: 200 != 404 NoSuchKey", "deleting: it stayed: 200 != 404 NoSuchKey"]),

    # ---- copies ----
    (DOCUMENTED, "directives are COPY or REPLACE, of tags too", ["copies: *directive: 400 InvalidArgument != 200", "copies: replaced tags: body *"]),
    (CHOICE, "a source with an id that no version has; with a question mark that begins no version; a copy's body is nothing to it", [
        "copies: source with an unknown version: 400 InvalidArgument != 404 NoSuchKey", "copies: source with a query: 404 NoSuchKey != 200", "copies: with a body: 200 != 501 *"]),

    # ---- uploads ----
    (DOCUMENTED, "part numbers are 1 to 10,000", ["multipart: put part *: 400 InvalidArgument != 200", "multipart: copy part: number *: 400 InvalidArgument != 200",
                                                  "multipart: complete: number *: 400 InvalidArgument != 400 InvalidPart"]),
    (DOCUMENTED, "an upload is completed with the parts that are listed, some of them too, and in order", [
        "multipart: complete: not all of them: 200 != 400 InvalidPart", "multipart: the one that was chosen: *", "multipart: complete: *: 400 InvalidPartOrder != *",
        "multipart: complete: one that is not there: 400 InvalidPart != 400 EntityTooSmall", "multipart: complete: still possible: 200 != 400 InvalidPart",
        "multipart: complete: copied parts: 200 != 400 InvalidPart", "multipart: copied parts, head: 200 != 404"]),
    (DOCUMENTED, "an upload that is not there is NoSuchUpload", ["multipart: *: 404 NoSuchUpload != *"]),
    (LACKS, "tags of uploads", ["multipart: its tags: body: *"]),
    (DOCUMENTED, "a range to copy is bytes=first-last within the source, else InvalidArgument", [
        "multipart: copy part: range *: 400 InvalidArgument != *"]),
    (DOCUMENTED, "numbers are not negative, and fit", ["multipart: list parts: *=-1: 400 InvalidArgument != 200", "listing: *=-1: 400 InvalidArgument != 200", "versions: *=-1: 400 InvalidArgument != 200",
                                                       "listing: *=2147483648: 400 InvalidArgument != 200", "listing: *=99999999999999999999: 400 InvalidArgument != 200"]),
    (CHOICE, "a page of nothing is not cut", ["multipart: list parts: max-parts=0: body /ListPartsResult/IsTruncated: 'false' != 'true'"]),
    (DOCUMENTED, "who began an upload is told", ["multipart: list parts: *: body +/ListPartsResult/Initiator*"]),

    # ---- listings ----
    (DOCUMENTED, "encoding-type is url; keys, prefixes and markers are encoded by it, but for slashes", [
        "listing: *: encoding-type=*: 400 InvalidArgument != 200", "versions: list versions: encoding-type=x: 400 * != 200", "listing: v?: *encoding-type=url*: body /ListBucketResult/*: *",
        "versions: list versions: encoding-type=url: body *", "listing: uploads: encoding-type=url: body +*"]),
    (DOCUMENTED, "NextMarker is there with a delimiter", ["listing: v1: *: body -/ListBucketResult/NextMarker"]),
    (DOCUMENTED, "a token is one that a listing gave", ["listing: v2: continuation-token=*: 400 InvalidArgument != 200"]),
    (DOCUMENTED, "uploads: what was asked comes back; next markers are there when there is more; common prefixes; a marker alone is before its key's uploads", [
        "*uploads*: body +/ListMultipartUploadsResult/*", "*uploads*: body -/ListMultipartUploadsResult/Next*", "listing: uploads: key-marker=a*: body *",
        "listing: uploads: max-uploads=0: body /ListMultipartUploadsResult/IsTruncated: 'false' != 'true'", "multipart: list uploads: body */Upload*: * of them != *",
        "listing: uploads: key-marker=a&upload-id-marker=x: 400 InvalidArgument != 200"]),
    (CHOICE, "HEAD of a listing has the headers that GET would have", ["listing: head with a query: header *"]),

    # ---- versions ----
    (DOCUMENTED, "a version that is not there is NoSuchVersion, an id that none has InvalidArgument, a marker MethodNotAllowed", [
        "versions: *: 404 NoSuchVersion != *", "versions: *: 400 InvalidArgument != *", "versions: head a version that is none: 400 != 404", "versions: *: 405* != 404*",
        "versions: copy a marker: 400 InvalidRequest != 404 NoSuchKey"]),
    (DOCUMENTED, "a delete marker says that it is one", ["versions: *: header +x-amz-delete-marker"]),
    (DOCUMENTED, "a key marker alone is before all versions of the next key", ["versions: list versions: key-marker=gone: body *"]),

    # ---- the form of requests ----
    (DOCUMENTED, "a URL's time is 1 to 604,800 seconds; its parameters are all there", ["protocol: *URL*: 400 AuthorizationQueryParametersError != 403 AccessDenied"]),
    (DOCUMENTED, "version 2 of the signature is refused as such", ["protocol: *ersion 2: 400 InvalidRequest != 403 InvalidAccessKeyId"]),
    (DOCUMENTED, "an Authorization header that is none is AuthorizationHeaderMalformed, a scope of another day too", [
        "protocol: *: 40[03] AuthorizationHeaderMalformed != *"]),
    (DOCUMENTED, "the payload's hash must be there, and x-amz- headers be signed", ["protocol: no payload hash: 400 InvalidRequest != *", "protocol: a header that is not signed: 403 AccessDenied != 200"]),
    (DOCUMENTED, "a bucket of another owner than expected is AccessDenied", [
        "protocol: expected *: 403 AccessDenied != 200", "protocol: nothing was put: 404 NoSuchKey != 200"]),
    (NOT_YET, "session tokens", ["protocol: session token: 400 InvalidToken != 200"]),
    (NOT_YET, "encryption, locks", ["protocol: *: 501 NotImplemented != *"]),
]
