#!/usr/bin/env python3
"""The AWS SDK for JavaScript, version 3, against Skerry: installs it and runs suite.mjs with node."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import clients  # noqa: E402
import suite  # noqa: E402

if __name__ == "__main__":
    modules, node = clients.node_modules(HERE), clients.node(20)
    # Modules resolve upwards from the importing file, so the suite is given the folder of the SDK by name
    suite.run_s3_sdk("aws-sdk-js", [node, str(HERE / "suite.mjs")], {"COMPAT_NODE_FOLDER": str(modules), "NODE_NO_WARNINGS": "1"})
