#!/usr/bin/env python3
"""azure-storage-blob for Python against Skerry: installs the SDK and runs suite.py in its virtual environment."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import clients  # noqa: E402
import suite  # noqa: E402

if __name__ == "__main__":
    interpreter = clients.python_with(HERE / "requirements.txt")
    suite.run_sdk("sdk-python", [interpreter, str(HERE / "suite.py")], environment={"PYTHONDONTWRITEBYTECODE": "1"})
