#!/usr/bin/env python3
"""fsspec's s3fs and pyarrow against Skerry: how data sets are written and read. Installs them and runs suite.py in their environment."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import clients  # noqa: E402
import suite  # noqa: E402

if __name__ == "__main__":
    interpreter = clients.python_with(HERE / "requirements.txt")
    suite.run_s3_sdk("fsspec", [interpreter, str(HERE / "suite.py")], {"PYTHONDONTWRITEBYTECODE": "1"}, large=False)
