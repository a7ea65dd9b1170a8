#!/usr/bin/env python3
"""One object, two protocols: what boto3 writes azure-storage-blob reads, and the other way round. Runs suite.py with both installed."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import clients  # noqa: E402
import suite  # noqa: E402

if __name__ == "__main__":
    interpreter = clients.python_with(HERE / "requirements.txt")
    suite.run_s3_sdk("unified", [interpreter, str(HERE / "suite.py")], {"PYTHONDONTWRITEBYTECODE": "1"}, real_files=100, large=False, cuts=False)
