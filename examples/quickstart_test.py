#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Gives quickstart some lines and reads them back.

    quickstart_test.py PROGRAM
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

LINES = b"".join(b"line %d \xff\x00\xc3\xa9\n" % number for number in range(10000))


def main(program):
    if not shutil.which("zstd"):
        print("skipped: zstd is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as name:
        lake = pathlib.Path(name) / "lake"
        done = subprocess.run([program, str(lake)], input=LINES, capture_output=True, check=True)
        files = [str(path) for path in lake.rglob("*") if path.is_file()]
        stored = subprocess.run(["zstd", "-dcq", *files], check=True, capture_output=True).stdout
    print(done.stdout.decode(), end="")
    assert done.stderr == b"", done.stderr
    assert done.stdout == (b"ledger: accepted=10000 delivered=10000 dropped=0 dead_lettered=0"
                           b" lost=0 in_memory=0 balanced=yes\n")
    assert stored == LINES


if __name__ == "__main__":
    main(*sys.argv[1:])
