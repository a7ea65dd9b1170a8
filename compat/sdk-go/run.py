#!/usr/bin/env python3
"""azblob for Go against Skerry: builds the suite in this folder and runs it."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import clients  # noqa: E402
import suite  # noqa: E402

if __name__ == "__main__":
    # The Go SDK does not know UseDevelopmentStorage=true
    suite.run_sdk("sdk-go", [clients.go_program(HERE)], development_storage=False)
