#!/usr/bin/env python3
"""The AWS SDK for Go, version 2, against Skerry: builds the suite in this folder and runs it."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import clients  # noqa: E402
import suite  # noqa: E402

if __name__ == "__main__":
    suite.run_s3_sdk("aws-sdk-go", [clients.go_program(HERE)])
