#!/usr/bin/env python3
"""@azure/storage-blob for JavaScript against Skerry: installs the SDK and runs suite.mjs with node."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import clients  # noqa: E402
import suite  # noqa: E402

if __name__ == "__main__":
    modules = clients.node_modules(HERE)
    # Modules resolve upwards from the importing file, so the suite is given the folder of the SDK by name
    suite.run_sdk("sdk-js", ["node", str(HERE / "suite.mjs")], environment={"COMPAT_NODE_FOLDER": str(modules)})
