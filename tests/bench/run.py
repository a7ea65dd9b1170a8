#!/usr/bin/env python3
"""Side by side, in one run on this machine: Skerry and what somebody would otherwise use, or the hardware. Ratios, not absolute
numbers, are the result; rounds alternate between the sides and the median counts."""
import argparse
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from blob import encrypted, reads, writes  # noqa: E402
from elsewhere import federation  # noqa: E402
from mount import mount  # noqa: E402
from peers import S3_PEERS  # noqa: E402
from s3 import s3  # noqa: E402
from scale import constants, scale  # noqa: E402
from table import Table  # noqa: E402

PARTS = {part.__name__: part for part in (reads, encrypted, writes, constants, scale, s3, federation, mount)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="small amounts and short times: shows that every row works")
    arguments.add_argument("--strict", action="store_true", help="a missed goal is a failure")
    arguments.add_argument("--only", choices=PARTS)
    arguments.add_argument("--peers", default=",".join(S3_PEERS), help="beside which S3 servers, with commas between: %(default)s")
    arguments.add_argument("--rows", default="", help="of the S3 part only those with one of these words, with commas between")
    arguments.add_argument("--round-trip", type=float, default=20, help="of the link to upstreams, in milliseconds: %(default)s")
    arguments.add_argument("--connection-rate", type=float, default=50, help="what one connection over it carries, in MB/s: %(default)s")
    arguments.add_argument("--link-rate", type=float, default=250, help="what all of them carry, in MB/s: %(default)s")
    arguments.add_argument("--folder", default=None, help="where to write; the disk that is measured")
    arguments.add_argument("--markdown", metavar="FILE", help="write the table there too, as Markdown")
    options = arguments.parse_args()
    options.peers = [name for name in options.peers.split(",") if name]
    options.rows = [word for word in options.rows.split(",") if word]
    unknown = [name for name in options.peers if name not in S3_PEERS]
    if unknown:
        arguments.error(f"no such peer: {', '.join(unknown)}; there are {', '.join(S3_PEERS)}")
    for program in ("wrk", "fio", "nginx"):
        if not (shutil.which(program) or os.path.exists(f"/usr/sbin/{program}")):
            sys.exit(f"{program} is missing: .ci/install-dependencies bench")
    table = Table()
    for name, part in PARTS.items():
        if options.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="skerry-bench-", dir=options.folder) as folder:
                part(folder, options, table)
    print(table.summary())
    if options.markdown:
        table.markdown(options.markdown)
    return 1 if options.strict and not all(table.met) else 0


if __name__ == "__main__":
    sys.exit(main())
