#!/usr/bin/env python3
"""boto3 against Skerry, with the integrity protections that it has on by default: installs it and runs suite.py in its environment."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import clients  # noqa: E402
import suite  # noqa: E402

if __name__ == "__main__":
    interpreter = clients.python_with(HERE / "requirements.txt")
    suite.run_s3_sdk("boto3", [interpreter, str(HERE / "suite.py")], {"PYTHONDONTWRITEBYTECODE": "1"})
