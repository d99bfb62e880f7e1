#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills a program that logs through a journal, and drains what it has left."""
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

journal, access_log = sys.argv[1:3]
top = Path(tempfile.mkdtemp())
try:
    # Nothing is delivered before it is killed: the interval is long, the size large.
    program = subprocess.Popen(
        [access_log, "--to", top / "lake", "--journal", top / "journal", "--size", "100MiB",
         "--interval", "900s"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    lines = [f'10.0.0.{i % 256} - - [10/Oct/2026:13:55:36 +0000] "GET /{i} HTTP/1.1" 200 {i}\n'
             for i in range(5000)]
    program.stdin.write("".join(lines).encode())
    program.stdin.flush()

    def look(command):
        return subprocess.run([journal, command, top / "journal"], capture_output=True, text=True,
                              check=False)

    # All but what the program has read and not yet put, or not yet read.
    while int(re.search(r"to_deliver=(\d+)", look("inspect").stdout)[1]) < 4000:
        pass
    program.send_signal(signal.SIGKILL)
    program.wait()
    seen = look("inspect")
    assert "left behind" in seen.stdout, seen.stdout
    left = int(re.search(r"to_deliver=(\d+)", seen.stdout)[1])
    verified = look("verify")
    assert verified.returncode == 0, verified.stdout
    drained = subprocess.run([journal, "drain", top / "journal", "access-log", "--to", top / "out"],
                             capture_output=True, text=True, check=False)
    print(seen.stdout, drained.stdout, sep="")
    assert drained.returncode == 0, drained.stdout + drained.stderr
    stored = [line for path in sorted((top / "out" / "data").rglob("*")) if path.is_file()
              for line in path.read_text().splitlines(keepends=True)]
    assert sorted(stored) == sorted(lines[:len(stored)]), "not the lines that were put"
    assert len(stored) == left, (len(stored), left)
    assert "to_deliver=0" in look("inspect").stdout
finally:
    shutil.rmtree(top)
