"""The suite of the Python SDK: `suite.py all` or `suite.py development-storage`, run by run.py."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
import cases_access  # noqa: E402
import cases_blocks  # noqa: E402
import cases_containers  # noqa: E402
import cases_copy  # noqa: E402
import cases_objects  # noqa: E402
import checks  # noqa: E402
from harness import Harness  # noqa: E402


def main():
    counts = checks.from_environment()
    modules = {"all": [cases_containers, cases_objects, cases_blocks, cases_copy, cases_access]}
    harness = Harness(counts)
    try:
        if sys.argv[1] == "development-storage":
            counts.section("UseDevelopmentStorage=true", lambda: cases_containers.development_storage(harness))
        else:
            for module in modules[sys.argv[1]]:
                for title, body, azurite_lacks in module.sections(harness):
                    counts.section(title, body, azurite_lacks)
    finally:
        harness.clean_up()
        counts.write_result_file(os.environ["COMPAT_RESULT"])


if __name__ == "__main__":
    main()
