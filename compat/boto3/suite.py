"""The suite of boto3, run by run.py."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
import cases_buckets  # noqa: E402
import cases_copy  # noqa: E402
import cases_forms  # noqa: E402
import cases_integrity  # noqa: E402
import cases_multipart  # noqa: E402
import cases_objects  # noqa: E402
import cases_read_only  # noqa: E402
import cases_transfer  # noqa: E402
import cases_versions  # noqa: E402
import cases_virtual  # noqa: E402
import checks  # noqa: E402
from harness import Harness  # noqa: E402


def main():
    counts = checks.from_environment()
    harness = Harness(counts)
    try:
        for module in (cases_buckets, cases_objects, cases_forms, cases_copy, cases_integrity, cases_multipart, cases_versions, cases_virtual, cases_read_only, cases_transfer):
            for title, body in module.SECTIONS:
                counts.section(title, lambda body=body: body(harness))
    finally:
        harness.clean_up()
        counts.write_result_file(os.environ["COMPAT_RESULT"])


if __name__ == "__main__":
    main()
