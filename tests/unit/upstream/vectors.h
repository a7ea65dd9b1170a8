/* Written by vectors.py. Do not edit. */
#define VECTOR_NOW_S INT64_C(1781524800)
#define SHARED_KEY_GET "SharedKey skerrytest:DMxwMIVQSG7EweregHe6Hp3TVtufT+V1yOGfZbhrVZg="
#define SHARED_KEY_LIST "SharedKey skerrytest:GbtwFVsBRDhTvBmrrnw9N3HCLAoeyzunBDXvqoRfxrY="
#define SHARED_KEY_PUT "SharedKey skerrytest:/itJYfaavgbB9EXSiSxPFEm3oKYB7hy7Y4z03KsJ7VQ="
#define SHARED_KEY_EMPTY "SharedKey skerrytest:/I86rTquxNQxGlua8fomglzSziZcCQDYwyLla/I/J74="
#define SIGV4_GET                                                                                                              \
    "AWS4-HMAC-SHA256 Credential=AKIDSKERRY/20260615/eu-north-1/s3/aws4_request,SignedHeaders=host;if-mat"                     \
    "ch;range;x-amz-content-sha256;x-amz-date,Signature=011bc3ca89825f2fcbbd60e2ad0ef6abe3de972b3a5a19cd2"                     \
    "902718d49e1be2e"
#define SIGV4_LIST                                                                                                             \
    "AWS4-HMAC-SHA256 Credential=AKIDSKERRY/20260615/eu-north-1/s3/aws4_request,SignedHeaders=host;x-amz-"                     \
    "content-sha256;x-amz-date,Signature=0449d5bf6d8d490d863813544398fed6012c18769e9487412439eb6b2804bc8b"
#define SIGV4_PUT                                                                                                              \
    "AWS4-HMAC-SHA256 Credential=AKIDSKERRY/20260615/eu-north-1/s3/aws4_request,SignedHeaders=content-md5"                     \
    ";content-type;host;if-none-match;x-amz-content-sha256;x-amz-date;x-amz-meta-a,Signature=277b0122db01"                     \
    "ad2c8dfc07f89014b1ce36eec56b355e4df3bfbcf0a7bc420706"
#define SIGV4_BEGIN                                                                                                            \
    "AWS4-HMAC-SHA256 Credential=AKIDSKERRY/20260615/eu-north-1/s3/aws4_request,SignedHeaders=host;x-amz-"                     \
    "content-sha256;x-amz-date,Signature=73f801bb33bfc47c7881f62ea6abab7a4ccf050580ee83476604c9f5c6748216"
