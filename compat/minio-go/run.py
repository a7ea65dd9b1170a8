#!/usr/bin/env python3
"""minio-go, the client library that many programs use for any S3, against Skerry: builds the suite in this folder and runs it."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import clients  # noqa: E402
import suite  # noqa: E402

if __name__ == "__main__":
    suite.run_s3_sdk("minio-go", [clients.go_program(HERE)])
