/* Made by sigv4_vectors.py: do not edit. */
#include "s3_harness.h"

#define SIGV4_ACCESS "AKIDSKERRY"
#define SIGV4_SECRET "not/a+real/secret"
#define SIGV4_STAMP "20260615T120000Z"
static const unsigned char sigv4_signing_key[] = {174, 129, 1,  42,  50,  130, 77, 32,  251, 5,   219, 204, 202, 95,  186, 150,
                                                  43,  225, 42, 196, 229, 215, 9,  215, 181, 178, 23,  218, 49,  158, 170, 111};

static const struct sigv4_vector sigv4_vectors[] = {
    {"get", "GET", "/key",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=168e51041b5fbeccbfab22698523d2428e07b53bb1a8d96d46829ba4877725d2\n",
     SKR_PAYLOAD_SIGNED},
    {"get, no spaces", "GET", "/key",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/"
     "aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature="
     "168e51041b5fbeccbfab22698523d2428e07b53bb1a8d96d46829ba4877725d2\n",
     SKR_PAYLOAD_SIGNED},
    {"get, path style", "GET", "/bucket/key",
     "Host: 127.0.0.1:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=c089995eb6decd7d61969a2ad9a1ab990c1669321bcdc97cc07001db319d0360\n",
     SKR_PAYLOAD_SIGNED},
    {"service", "GET", "/",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=bd65645b47379dbfb52ee191ff1dcd6017c637e103508f56d62e8d2128d2b951\n",
     SKR_PAYLOAD_SIGNED},
    {"flag", "POST", "/key?uploads",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=87940dfdcb3cc94f6af6715ef0e67e1a0661b1a4b62ebfa6e8b842aac768bef3\n",
     SKR_PAYLOAD_SIGNED},
    {"flag with an empty value", "POST", "/key?uploads=",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=87940dfdcb3cc94f6af6715ef0e67e1a0661b1a4b62ebfa6e8b842aac768bef3\n",
     SKR_PAYLOAD_SIGNED},
    {"list", "GET", "/?list-type=2&prefix=a%2F%20b%2Bc&delimiter=%2F&encoding-type=url&max-keys=5",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=61085bb0c0b0dc45bb4e4c351862bb9a75349be628468b7809f74bf1f5c1c538\n",
     SKR_PAYLOAD_SIGNED},
    {"query, plus is a space", "GET", "/?prefix=a+b&marker=%c3%a4~*",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=4c139a54e2737f8167eea4c16029fc35eca6dba4c38e29ffea83ef3a4e4c6b52\n",
     SKR_PAYLOAD_SIGNED},
    {"query, order of names", "GET", "/?a-b=1&a=2&a=1&A=3&a%2Fb=4&=5&aa",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=aa7a5a946be02775cb8d511b3082d1b05440a29ba83a1523b4c2e7da345653db\n",
     SKR_PAYLOAD_SIGNED},
    {"path, all that is escaped", "GET", "/a%20b%2Bc%26d%3De%21%24%27%28%29%2A%2C%3B%3A%40%5B%5D~-_.%C3%A4%25",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=04044d6cc57ae562799225b44f4c51eb09b4186c73d5db9584d4f3ea66a54cd4\n",
     SKR_PAYLOAD_SIGNED},
    {"path, not escaped", "GET", "/a+b&c=d!$'()*,;:@~-_.",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=33c8b8fd640434cba577e9434e4e82f7125f88568c907bfd5b65c5692ae430d1\n",
     SKR_PAYLOAD_SIGNED},
    {"path, not escaped and signed so", "GET", "/a+b&c=d!$'()*,;:@~-_.",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=9889f3fb814f41e12d7c70239edd58d6ea66b942d46d9c856ba0f34183664e03\n",
     SKR_PAYLOAD_SIGNED},
    {"path, escaped too much", "GET", "/%6b%65%79%7e",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=c8a1b952dcb926b3643633485891487fb91ff69cb3c9d10c18c8bfe8264899d8\n",
     SKR_PAYLOAD_SIGNED},
    {"path, escaped too much and signed so", "GET", "/%6b%65%79%7e",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=e5c5ed46a81db1e0aec0f4d017c9a4573e79a629ef8a62b1635fc38f2186fef5\n",
     SKR_PAYLOAD_SIGNED},
    {"path, lower case digits and signed so", "GET", "/%c3%a4",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=b096bcd7bc72742081cd47102a056f04af7f319ba7ab76a644735c7534e03e25\n",
     SKR_PAYLOAD_SIGNED},
    {"path, not UTF-8", "GET", "/%ff%FE",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=1fc89eaf9d55c0915d35214964dcd83de4dd09b4ad8fef4859d51523d1de632a\n",
     SKR_PAYLOAD_SIGNED},
    {"path is not tidied", "GET", "/a//./../b/",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=27461e3b8f4abaa3ed31dd50cdc364a8a0d565dbc3d58b0a2c75b6643b5180aa\n",
     SKR_PAYLOAD_SIGNED},
    {"path, escaped slash", "GET", "/a%2Fb",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=75fc77cfc8e07bfad5271e62a90837dfe8bd0aa1706e37e2b1213ffac7a66103\n",
     SKR_PAYLOAD_SIGNED},
    {"white space", "PUT", "/key",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nx-amz-meta-a: two  spaces   here\nContent-Type: "
     "text/plain;  charset=utf-8\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, "
     "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-a, "
     "Signature=8b0706983993c290853159f50b902e113d52c572aae9f066730c0ff716d4d1a6\n",
     SKR_PAYLOAD_SIGNED},
    {"repeated header", "PUT", "/key",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nx-amz-meta-a: 2\nX-AMZ-meta-A: 1\nx-amz-meta-a: "
     "3\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, "
     "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-a, "
     "Signature=378d3e4fb09004c944815894710b4cad922ffad22bdf3675fdbfa1e68a0387fd\n",
     SKR_PAYLOAD_SIGNED},
    {"empty header", "PUT", "/key",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nx-amz-meta-a: \nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, "
     "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-a, "
     "Signature=613c0ee4f7a390db4fb38f04f703c9e84454483085579f8007909053c30f2d34\n",
     SKR_PAYLOAD_SIGNED},
    {"unsigned plain header", "PUT", "/key",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nContent-Type: text/plain\nUser-Agent: "
     "test/1\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, "
     "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=3448f212d29c8026db683ff5636c2b4fa75390492a34318e002f58a05db8e336\n",
     SKR_PAYLOAD_SIGNED},
    {"hash not in the list", "GET", "/key",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, "
     "Signature=b8981767e4fa5432a5da3a57fa3979901efefc12cbda90b1119a1a4102f70f82\n",
     SKR_PAYLOAD_SIGNED},
    {"date, HTTP", "GET", "/key",
     "Host: bucket.s3.example.org:9000\nDate: Mon, 15 Jun 2026 12:00:00 GMT\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=date;host;x-amz-content-sha256, "
     "Signature=bed69b1a0ceee5c69ef0d915a7612d8f361930c47e5b44f6dcb0d5e4ae1ccbc1\n",
     SKR_PAYLOAD_SIGNED},
    {"date, ISO", "GET", "/key",
     "Host: bucket.s3.example.org:9000\nDate: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, SignedHeaders=date;host;x-amz-content-sha256, "
     "Signature=4e58f5a9f57abe2453fd3c4929c6f7015816bb63e1b8f0b5d7ee4555b9035371\n",
     SKR_PAYLOAD_SIGNED},
    {"date, both", "GET", "/key",
     "Host: bucket.s3.example.org:9000\nDate: Sun, 14 Jun 2026 12:00:00 GMT\nx-amz-date: "
     "20260615T120000Z\nx-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: "
     "AWS4-HMAC-SHA256 Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, "
     "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date, "
     "Signature=cef968e1d79c887775e0d6cff8329245c077a3e133906d0a9cb8d057883ebbe4\n",
     SKR_PAYLOAD_SIGNED},
    {"region US", "GET", "/key",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/US/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=232bd9152b393bd2561cab1bdde6ef25e15663bbed55dac46f1679f1e9618ce4\n",
     SKR_PAYLOAD_SIGNED},
    {"region of no name", "GET", "/key",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615//s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=ae43dbed60734de8b214989eea4058d74070794af3915e0c802447a093f73d99\n",
     SKR_PAYLOAD_SIGNED},
    {"unsigned payload", "PUT", "/key",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: UNSIGNED-PAYLOAD\nAuthorization: "
     "AWS4-HMAC-SHA256 Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, "
     "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
     "Signature=e941f7de0f5253ee9df82c3b716bafd5d738f7e538f4ee94f173e106154f9ac9\n",
     SKR_PAYLOAD_UNSIGNED},
    {"streaming SIGNED", "PUT", "/key",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "STREAMING-AWS4-HMAC-SHA256-PAYLOAD\nx-amz-decoded-content-length: 5\nx-amz-trailer: "
     "x-amz-checksum-crc32\nContent-Encoding: aws-chunked\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, "
     "SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-trailer, "
     "Signature=fe2713a1a7327178f57352f55716f83cdbecac3bd875d9df3fb825042c2475a9\n",
     SKR_PAYLOAD_CHUNKS_SIGNED},
    {"streaming SIGNED_TRAILER", "PUT", "/key",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER\nx-amz-decoded-content-length: 5\nx-amz-trailer: "
     "x-amz-checksum-crc32\nContent-Encoding: aws-chunked\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, "
     "SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-trailer, "
     "Signature=fb61ee309ced014ea071ab8bcee185cd79ec373b4cf09b81b83d1384dfb541ad\n",
     SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER},
    {"streaming UNSIGNED_TRAILER", "PUT", "/key",
     "Host: bucket.s3.example.org:9000\nX-Amz-Date: 20260615T120000Z\nx-amz-content-sha256: "
     "STREAMING-UNSIGNED-PAYLOAD-TRAILER\nx-amz-decoded-content-length: 5\nx-amz-trailer: "
     "x-amz-checksum-crc32\nContent-Encoding: aws-chunked\nAuthorization: AWS4-HMAC-SHA256 "
     "Credential=AKIDSKERRY/20260615/us-east-1/s3/aws4_request, "
     "SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-trailer, "
     "Signature=a136c1b8841ea148dec9a0d7cced92a3ea3a6c665eda6ef91d4192c84f768222\n",
     SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER},
    {"presigned get", "GET",
     "/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDSKERRY%2F20260615%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date="
     "20260615T120000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature="
     "487ded231e044efac6c5908f76348a7b5aa55d328f9d8f67520e94770cf661be",
     "Host: bucket.s3.example.org:9000\n", SKR_PAYLOAD_UNSIGNED},
    {"presigned get with more", "GET",
     "/key?response-content-type=text%2Fplain&versionId=null&x-id=GetObject&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
     "AKIDSKERRY%2F20260615%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260615T120000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders="
     "host&X-Amz-Signature=09740754cc22e74fe525a3218a3efa2a9729f7158607d6c61b1ebdb382c9df7b",
     "Host: bucket.s3.example.org:9000\n", SKR_PAYLOAD_UNSIGNED},
    {"presigned put", "PUT",
     "/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDSKERRY%2F20260615%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date="
     "20260615T120000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=content-type%3Bhost%3Bx-amz-acl&X-Amz-Signature="
     "6c26e0ac78d1cc96efaae1ae21f1bb007548e6bffe183e3f15d8820a1f0d905d",
     "Host: bucket.s3.example.org:9000\nContent-Type: text/plain\nx-amz-acl: private\n", SKR_PAYLOAD_UNSIGNED},
    {"presigned put, hash in the query", "PUT",
     "/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDSKERRY%2F20260615%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date="
     "20260615T120000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&X-Amz-Signature="
     "0db408b2a222142294ab0899f11729963182bbc4065c87818106a3bc07ac4768",
     "Host: bucket.s3.example.org:9000\n", SKR_PAYLOAD_UNSIGNED},
    {"presigned put, hash of the body in the query", "PUT",
     "/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDSKERRY%2F20260615%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date="
     "20260615T120000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Content-SHA256="
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855&X-Amz-Signature="
     "4a76f0f562c669159cba1313e2336eac00984798bc5e0565d5160bacdd89f58b",
     "Host: bucket.s3.example.org:9000\n", SKR_PAYLOAD_SIGNED},
    {"presigned put, hash signed", "PUT",
     "/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDSKERRY%2F20260615%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date="
     "20260615T120000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host%3Bx-amz-content-sha256&X-Amz-Signature="
     "c1812b7dd5c5da5b17dfa4b5c036ae2565ffb3ece5c3397430ff07d1c194e9b1",
     "Host: bucket.s3.example.org:9000\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
     SKR_PAYLOAD_SIGNED},
    {"presigned put, hash not signed", "PUT",
     "/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDSKERRY%2F20260615%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date="
     "20260615T120000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature="
     "a10381a8f12a000331e9c65fb2cc405141fa4f2bc7e5bd6728a5eb36438bf256",
     "Host: bucket.s3.example.org:9000\nx-amz-content-sha256: "
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
     SKR_PAYLOAD_SIGNED},
    {"presigned put, streaming", "PUT",
     "/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDSKERRY%2F20260615%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date="
     "20260615T120000Z&X-Amz-Expires=3600&X-Amz-SignedHeaders=host%3Bx-amz-content-sha256%3Bx-amz-decoded-content-length&X-Amz-"
     "Signature=da49933bab7601a023d6c6e6c2158b835ead5abe8ee053bb7d0404a4cf5fb6e3",
     "Host: bucket.s3.example.org:9000\nx-amz-content-sha256: "
     "STREAMING-UNSIGNED-PAYLOAD-TRAILER\nx-amz-decoded-content-length: 5\n",
     SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER},
    {"presigned for a week", "GET",
     "/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDSKERRY%2F20260615%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date="
     "20260615T120000Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host&X-Amz-Signature="
     "1ad0f3cefd5265f2d0335a03ab942ebc88e2e9d45638705f291f3aba9f7c614f",
     "Host: bucket.s3.example.org:9000\n", SKR_PAYLOAD_UNSIGNED},
};

static const struct body_vector body_vectors[] = {
    {"signed, trailer, aws", SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER,
     "6;chunk-signature=ea18091ffc98ff874beefe7f47663a1e697dbf912128c9a2e0d117331466c44e\015\012abc\015\0120\015\0125;chunk-"
     "signature=7b670afc17028c74f4faa9592cb3ed18e77338bcba65fe4e4a914dbb9d9e2e89\015\012defgh\015\0120;chunk-signature="
     "c5d7a640290cdcd93e88e1bca910131201e29d63f323aedb07801bda90b57379\015\012x-amz-checksum-crc32:NSRBwg==\015\012x-amz-"
     "trailer-signature:6fb1cf095187da982b2a66c7410971d51edeaf56e3185602220822232489cdb4\015\012\015\012",
     390, "abc\015\0120defgh", 11, "x-amz-checksum-crc32", "NSRBwg=="},
    {"unsigned, trailer, aws", SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER,
     "6\015\012abc\015\0120\015\0125\015\012defgh\015\0120\015\012x-amz-checksum-crc32:NSRBwg==\015\012\015\012", 57,
     "abc\015\0120defgh", 11, "x-amz-checksum-crc32", "NSRBwg=="},
    {"signed, trailer, line feeds", SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER,
     "6;chunk-signature=ea18091ffc98ff874beefe7f47663a1e697dbf912128c9a2e0d117331466c44e\015\012abc\015\0120\015\0125;chunk-"
     "signature=7b670afc17028c74f4faa9592cb3ed18e77338bcba65fe4e4a914dbb9d9e2e89\015\012defgh\015\0120;chunk-signature="
     "c5d7a640290cdcd93e88e1bca910131201e29d63f323aedb07801bda90b57379\015\012x-amz-checksum-crc32:NSRBwg==\012\015\012x-amz-"
     "trailer-signature:6fb1cf095187da982b2a66c7410971d51edeaf56e3185602220822232489cdb4\015\012\015\012",
     391, "abc\015\0120defgh", 11, "x-amz-checksum-crc32", "NSRBwg=="},
    {"unsigned, trailer, line feeds", SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER,
     "6\015\012abc\015\0120\015\0125\015\012defgh\015\0120\015\012x-amz-checksum-crc32:NSRBwg==\012\015\012\015\012", 58,
     "abc\015\0120defgh", 11, "x-amz-checksum-crc32", "NSRBwg=="},
    {"signed, trailer, short", SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER,
     "6;chunk-signature=ea18091ffc98ff874beefe7f47663a1e697dbf912128c9a2e0d117331466c44e\015\012abc\015\0120\015\0125;chunk-"
     "signature=7b670afc17028c74f4faa9592cb3ed18e77338bcba65fe4e4a914dbb9d9e2e89\015\012defgh\015\0120;chunk-signature="
     "c5d7a640290cdcd93e88e1bca910131201e29d63f323aedb07801bda90b57379\015\012x-amz-checksum-crc32:NSRBwg==\015\012x-amz-"
     "trailer-signature:6fb1cf095187da982b2a66c7410971d51edeaf56e3185602220822232489cdb4\015\012",
     388, "abc\015\0120defgh", 11, "x-amz-checksum-crc32", "NSRBwg=="},
    {"unsigned, trailer, short", SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER,
     "6\015\012abc\015\0120\015\0125\015\012defgh\015\0120\015\012x-amz-checksum-crc32:NSRBwg==\015\012", 55,
     "abc\015\0120defgh", 11, "x-amz-checksum-crc32", "NSRBwg=="},
    {"signed, trailer, spaces", SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER,
     "6;chunk-signature=ea18091ffc98ff874beefe7f47663a1e697dbf912128c9a2e0d117331466c44e\015\012abc\015\0120\015\0125;chunk-"
     "signature=7b670afc17028c74f4faa9592cb3ed18e77338bcba65fe4e4a914dbb9d9e2e89\015\012defgh\015\0120;chunk-signature="
     "c5d7a640290cdcd93e88e1bca910131201e29d63f323aedb07801bda90b57379\015\012x-amz-checksum-crc32: \011NSRBwg== "
     "\015\012x-amz-trailer-signature: \0116fb1cf095187da982b2a66c7410971d51edeaf56e3185602220822232489cdb4 \015\012\015\012",
     396, "abc\015\0120defgh", 11, "x-amz-checksum-crc32", "NSRBwg=="},
    {"unsigned, trailer, spaces", SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER,
     "6\015\012abc\015\0120\015\0125\015\012defgh\015\0120\015\012x-amz-checksum-crc32: \011NSRBwg== \015\012\015\012", 60,
     "abc\015\0120defgh", 11, "x-amz-checksum-crc32", "NSRBwg=="},
    {"signed", SKR_PAYLOAD_CHUNKS_SIGNED,
     "6;chunk-signature=ea18091ffc98ff874beefe7f47663a1e697dbf912128c9a2e0d117331466c44e\015\012abc\015\0120\015\01217;chunk-"
     "signature=23f418e649afd0b4ebbb2896b8b530b730c7c0fa862ab54cf4335912c02469dd\015\012defghijklmnopqrstuvwxyz\015\0121;chunk-"
     "signature=7978f1a348fabe3d0d113af6e14cc128349854567eb8219290ab0b7d3e34f325\015\012!\015\0120;chunk-signature="
     "9907d4cadcf43bd87195fe6ef651b09a65773b8be0da7db2d03a065ef289d5d5\015\012\015\012",
     375, "abc\015\0120defghijklmnopqrstuvwxyz!", 30, "", ""},
    {"signed, short", SKR_PAYLOAD_CHUNKS_SIGNED,
     "3;chunk-signature=b5a3a746ef47f142634e146335734d0560c63174b3f2ca1f3b19dbd7cf5b1c59\015\012abc\015\0121;chunk-signature="
     "a10084379e0588aae459032dde1b5b8a173897e9665f00fcfae7380722a2e082\015\012d\015\0120;chunk-signature="
     "f5f50373b8179e5709f0fdd0d0ad359ab890b1e4c7cb31de8c01da33f26f7e53\015\012",
     260, "abcd", 4, "", ""},
    {"signed, empty", SKR_PAYLOAD_CHUNKS_SIGNED,
     "0;chunk-signature=14c4cd558faccb047d78b55717e3e7f6e56cd4c0e3414efa71a6fea40a802599\015\012\015\012", 86, "", 0, "", ""},
    {"signed, two trailers", SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER,
     "3;chunk-signature=b5a3a746ef47f142634e146335734d0560c63174b3f2ca1f3b19dbd7cf5b1c59\015\012abc\015\0120;chunk-signature="
     "8e0f6e92d4d630d2795c56a8b5cd64ddb3d9cd8a171942b21e9eefa5d2b1036d\015\012x-amz-checksum-sha256:AAAA\015\012x-amz-checksum-"
     "crc32:BBBB==\015\012x-amz-trailer-signature:"
     "409ca98fd23e548bbd9c6800f457960edaa7c6c95f59fc6720c7d6baa7ac8924\015\012\015\012",
     322, "abc", 3, "x-amz-checksum-sha256,X-Amz-Checksum-CRC32", "AAAA"},
    {"unsigned, one chunk", SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER,
     "11\015\0120123456789abcdef0\015\0120\015\012x-amz-checksum-crc32:NSRBwg==\015\012\015\012", 59, "0123456789abcdef0", 17,
     "x-amz-checksum-crc32", "NSRBwg=="},
    {"unsigned, no trailer", SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER, "a\015\0120123456789\015\0120\015\012\015\012", 20,
     "0123456789", 10, "", ""},
    {"unsigned, empty", SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER, "0\015\012x-amz-checksum-crc32:NSRBwg==\015\012\015\012", 36, "",
     0, "x-amz-checksum-crc32", "NSRBwg=="},
};
