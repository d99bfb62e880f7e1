#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes every system call of journal and directory store fail once, in turn.

    failing_calls.py VICTIM DIR [--every N]

For each call of a life that puts, and of a life that goes on from the journal
of one that was killed: once the call fails with EIO or ENOSPC, once the process
is killed there. Then a life without faults delivers what is left. No life may
crash or leave a wrong ledger; everything accepted is in the lake, once.
Prints a table of calls and counts, and ends with `calls=N faults=N bad=N`.
"""
import argparse
import collections
import re
import shutil
import subprocess
import sys
from pathlib import Path

# What the library asks of the system, but for memory and threads, whose failing is another matter.
CALLS = {
    "openat": "EIO", "open": "EIO", "fallocate": "ENOSPC", "flock": "EIO", "fstat": "EIO",
    "newfstatat": "EIO", "mkdir": "ENOSPC", "write": "ENOSPC", "pwrite64": "ENOSPC", "pwritev": "ENOSPC",
    "fsync": "EIO", "fdatasync": "EIO", "close": "EIO", "rename": "ENOSPC", "unlink": "EIO",
    "rmdir": "EIO", "getdents64": "EIO", "madvise": "EINVAL", "mmap": "ENOMEM", "read": "EIO",
}
KILLED = -9
REFUSED_TO_START = 5
MARK = "getpgid"


def run(command, timeout=60):
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


class Stage:
    """One kind of life: what comes before it, and which calls it makes."""

    def __init__(self, victim, top, mode, prepare):
        self.victim, self.top, self.mode, self.prepare = victim, top, mode, prepare

    def fresh_directory(self):
        directory = self.top / "life"
        shutil.rmtree(directory, ignore_errors=True)
        if self.prepare is not None:
            shutil.copytree(self.prepare, directory, symlinks=True)
        else:
            directory.mkdir(parents=True)
        return directory

    def calls(self):
        """(first, last) of each call's occurrences after the mark."""
        directory = self.fresh_directory()
        trace = self.top / "trace"
        run(["strace", "-f", "-o", str(trace), "-e", "trace=" + ",".join([*CALLS, MARK]),
             str(self.victim), self.mode, str(directory), "1"])
        before, after, begun = collections.Counter(), collections.Counter(), False
        for line in trace.read_text().splitlines():
            found = re.match(r"\d+\s+(\w+)\(", line)
            if not found:
                continue
            if found[1] == MARK:
                begun = True
            elif begun:
                after[found[1]] += 1
            else:
                before[found[1]] += 1
        return {name: (before[name] + 1, before[name] + count) for name, count in after.items()}

    def fault(self, name, number, fault):
        """Returns: what is wrong, or None."""
        directory = self.fresh_directory()
        life = run(["strace", "-f", "-o", "/dev/null", "-e", f"trace={name}", "-e",
                    f"inject={name}:{fault}:when={number}", str(self.victim), self.mode,
                    str(directory), "1"])
        allowed = [0, KILLED, 128 - KILLED, REFUSED_TO_START]
        if self.mode == "drain":
            allowed.append(1)  # not everything was delivered: it may not have been able to
        if life.returncode not in allowed:
            return f"ended with {life.returncode}: {life.stderr[-500:]}"
        for _ in range(2):
            after = run([str(self.victim), "drain", str(directory), "0"])
            if after.returncode != 0:
                return f"the life after it ended with {after.returncode}: {after.stderr[-500:]}"
        verdict = run([str(self.victim), "judge", str(directory), "2"])
        return None if verdict.returncode == 0 else verdict.stdout.strip() + verdict.stderr[-300:]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("victim", type=Path)
    parser.add_argument("dir", type=Path)
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    top = arguments.dir
    shutil.rmtree(top, ignore_errors=True)
    killed = top / "killed"
    killed.mkdir(parents=True)
    if run(["strace", "-o", "/dev/null", "true"]).returncode != 0:
        print("skipped: strace may not trace here")
        return 77
    run([str(arguments.victim), "kill", str(killed), "0"])
    total = faults = bad = 0
    for stage in (Stage(arguments.victim, top, "put", None),
                  Stage(arguments.victim, top, "drain", killed)):
        for name, (first, last) in sorted(stage.calls().items()):
            results = collections.Counter()
            for number in range(first, last + 1):
                total += 1
                if total % arguments.every:
                    continue
                for fault in (f"error={CALLS[name]}", "signal=SIGKILL"):
                    faults += 1
                    wrong = stage.fault(name, number, fault)
                    results[wrong is None] += 1
                    if wrong is not None:
                        bad += 1
                        print(f"{stage.mode}: {name} number {number}, {fault}: {wrong}")
            print(f"{stage.mode:6} {name:12} {last - first + 1:5} calls "
                  f"{results[True]:5} faults survived {results[False]:3} not", flush=True)
    print(f"calls={total} faults={faults} bad={bad}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
