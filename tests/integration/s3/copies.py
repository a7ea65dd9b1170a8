"""CopyObject."""
from table import ANONYMOUS, Row, bucket, put, quoted

BEFORE = (bucket("copies"), bucket("elsewhere"),
          put("/copies/source", b"source", Content_Type="text/a", x_amz_meta_a="1", x_amz_tagging="t=1", Cache_Control="no-cache"),
          put("/copies/" + quoted("ünï +&?"), b"odd"), put("/copies/dir/key", b"dir"))


def copy(name, source="copies/source", target="/copies/target", **headers):
    return Row(name, f"PUT {target}", {"x-amz-copy-source": source, **{key.replace("_", "-"): value for key, value in headers.items()}})


def look(name, path="/copies/target"):
    return Row(name, f"HEAD {path}")


ROWS = [
    copy("copy"), look("copied headers"), Row("copied tags", "GET /copies/target?tagging"), copy("with a slash", "/copies/source"),
    copy("into another bucket", target="/elsewhere/target"), Row("read it there", "GET /elsewhere/target"), copy("from deeper", "copies/dir/key"),
    copy("all encoded", quoted("copies/source")), copy("odd key", "copies/" + quoted("ünï +&?")), Row("read the odd one", "GET /copies/target"),
    copy("replace", x_amz_metadata_directive="REPLACE", x_amz_meta_b="2", Content_Type="text/b"), look("replaced headers"),
    copy("replace with nothing", x_amz_metadata_directive="REPLACE"), look("nothing but defaults"),
    copy("copy ignores metadata", x_amz_metadata_directive="COPY", x_amz_meta_c="3"), look("ignored metadata"), copy("unknown directive", x_amz_metadata_directive="MERGE"),
    copy("lower case directive", x_amz_metadata_directive="replace"), copy("replace tags", x_amz_tagging_directive="REPLACE", x_amz_tagging="u=1&v=2"),
    Row("replaced tags", "GET /copies/target?tagging"), copy("unknown tagging directive", x_amz_tagging_directive="MERGE"),
    copy("too many tags", x_amz_tagging_directive="REPLACE", x_amz_tagging="&".join(f"k{i}=1" for i in range(11))),
    copy("onto itself", target="/copies/source"), copy("onto itself, replace", target="/copies/source", x_amz_metadata_directive="REPLACE", x_amz_meta_n="1"),
    look("onto itself, new headers", "/copies/source"), copy("storage class", x_amz_storage_class="STANDARD"), copy("unknown storage class", x_amz_storage_class="PAPER"),
    copy("public", x_amz_acl="public-read"), Row("public, read it", "GET /copies/target", sign=ANONYMOUS), copy("not public any more"),
    Row("not public any more, read it", "GET /copies/target", sign=ANONYMOUS), copy("unknown acl", x_amz_acl="everybody"),
    *(copy(f"source {what}", text) for what, text in (
        ("empty", ""), ("without a key", "copies"), ("with an empty key", "copies/"), ("without a bucket", "//x"), ("with an unknown version", "copies/source?versionId=none"),
        ("with a null version", "copies/source?versionId=null"), ("of no key", "copies/none"), ("in no bucket", "nowhere/none"), ("with an invalid bucket", "UP/none"),
        ("with a query", "copies/source?x=y"), ("with a bad escape", "copies/%zz"))),
    copy("into no bucket", target="/nowhere/target"), copy("metadata too large", x_amz_metadata_directive="REPLACE", x_amz_meta_a="v" * 2048),
    Row("with a body", "PUT /copies/target", {"x-amz-copy-source": "copies/source"}, b"body"),
    Row("anonymous", "PUT /copies/target", {"x-amz-copy-source": "copies/source"}, sign=ANONYMOUS), copy("unknown checksum algorithm", x_amz_checksum_algorithm="CRC16"),
    copy("redirect", x_amz_website_redirect_location="/x"), look("redirect of the copy"), copy("redirect is not copied", "copies/target", "/copies/second"),
    look("no redirect", "/copies/second"),
]
