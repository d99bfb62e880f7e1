#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs access_log on lines that are meant to break it, and compares every field
of every object with what log_lines.py makes of the same lines.

    test.py PROGRAM [SEED]
"""

import base64
import collections
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import log_lines

READERS = {"zstd:1": ["zstd", "-dcq"], "gzip": ["gzip", "-dc"], "none": ["cat"]}
NASTY = [b'"', b"\\", b"\\\\", b'\\"', b"\\x", b"\\x4", b"\\xzz", b"\\u0041", b"\x00", b"\x01", b"\x1f",
         b"\x7f", b"\x80", b"\xff", b"\xc0\xaf", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
         b"\xf0\x9f\x92\xa9", b"\r", b"\t", b" ", b"[", b"]", b" [", b"] ", b"-", b"\xef\xbf\xbd",
         b"99999999999999999999", b"18446744073709551615", b"HTTP/", b"\xe2\x80\xa8"]
LEDGER = re.compile(r"ledger: accepted=(\d+) delivered=(\d+) dropped=(\d+) dead_lettered=(\d+)"
                    r" lost=(\d+) in_memory=(\d+) balanced=(yes|no)")


def mutated(line, dice):
    for _ in range(dice.randint(1, 4)):
        at = dice.randint(0, len(line))
        end = min(len(line), at + dice.randint(1, 6))
        line = dice.choice([
            lambda: line[:at] + dice.choice(NASTY) + line[at:],
            lambda: line[:at] + dice.choice(NASTY) + line[end:],
            lambda: line[:at] + line[end:],
            lambda: line[:at] + line[at:end] * 2 + line[end:],
            lambda: line[:at] + bytes([dice.randrange(256)]) + line[at + 1:],
            lambda: line[:at],
        ])()
    return line.replace(b"\n", b"")


def quoted_line(request, agent):
    return b'h - - [17/May/2015:10:05:03 +0000] "%b" 200 7 "-" "%b"' % (request, agent)


def corpus(dice):
    """Thousands of mutants, and the cases that chance would not find."""
    lines = log_lines.make(3000, dice.randrange(2**32))
    lines += [mutated(line, dice) for line in log_lines.make(9000, dice.randrange(2**32))]
    every_byte = bytes(byte for byte in range(256) if byte not in b'\n"\\')
    lines += [quoted_line(b"GET /" + every_byte + b" HTTP/1.1", every_byte)]
    lines += [quoted_line(nasty, b"x") for nasty in NASTY] + [quoted_line(b"x", nasty) for nasty in NASTY]
    for size in (999_000, 1_023_999, 1_024_000, 1_024_001, 2**20):
        lines.append(quoted_line(b"GET /" + b"a" * size + b" HTTP/1.1", b"long"))
        lines.append(b"no log line " + b"b" * size)
    # Bytes of which JSON makes the most: six and three for one.
    lines += [quoted_line(b"GET /", b"\x01" * 1_000_000), quoted_line(b"GET /", b"\xff" * 1_000_000)]
    return lines


def decoded(reader, folder):
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file())
    assert not [path for path in files if path.endswith(".tmp")], "a temporary file was left behind"
    return subprocess.run(reader + files, check=True, capture_output=True).stdout if files else b""


def check_with_jq(text, count):
    """Whatever Python's parser may forgive: jq takes it, and finds one object a line."""
    jq = subprocess.run(["jq", "-c", "type"], input=text, check=True, capture_output=True)
    assert jq.stdout == b'"object"\n' * count, "jq sees something else than one object a line"
    assert text.count(b"\n") == count, "objects and lines differ in number"


def as_bag(objects):
    return collections.Counter(json.dumps(one, sort_keys=True) for one in objects)


def check_bags(name, found, wanted):
    if found != wanted:
        missing, extra = (wanted - found), (found - wanted)
        print(f"{name}: {missing.total()} missing, {extra.total()} too many; the first of each:")
        for bag in (missing, extra):
            print("  ", next(iter(bag), "none")[:600])
        sys.exit(1)


def run(program, directory, files, arguments):
    shutil.rmtree(directory, ignore_errors=True)
    done = subprocess.run([program, *map(str, files), "--to", str(directory), *arguments],
                          capture_output=True, text=True, timeout=300)
    assert done.stderr == "", done.stderr
    ledger = LEDGER.fullmatch(done.stdout.splitlines()[-1])
    assert ledger, f"the last line is no ledger line:\n{done.stdout}"
    return done.returncode, [int(count) for count in ledger.groups()[:6]], ledger[7], done.stdout


def check(program, directory, files, codec, arguments):
    lines = [line for path in files for line in log_lines.lines_of(path.read_bytes())]
    wanted = [log_lines.expected(line) for line in lines]
    good = [one for one in wanted if one is not None]
    other = [line for line, one in zip(lines, wanted) if one is None]

    code, ledger, balanced, output = run(program, directory, files, ["--codec", codec, *arguments])

    assert ledger == [len(lines), len(good), 0, len(other), 0, 0], f"{ledger}\n{output}"
    assert (code, balanced) == (0, "yes"), output
    data = decoded(READERS[codec], directory / "data")
    check_with_jq(data, len(good))
    check_bags("data", as_bag(json.loads(line) for line in data.splitlines()), as_bag(good))
    errors = decoded(READERS[codec], directory / "errors")
    check_with_jq(errors, len(other))
    letters = [json.loads(line) for line in errors.splitlines()]
    assert all(letter["errorCode"] == "AccessLog.NoLogLine" for letter in letters)
    raw = collections.Counter(base64.b64decode(letter["rawData"]) for letter in letters)
    assert raw == collections.Counter(other), "the error output holds other bytes than the log"
    print(f"{codec} {' '.join(arguments)}: {len(good)} log lines, {len(other)} others")


def check_refusals(program, folder):
    too_long = folder / "too_long.log"
    too_long.write_bytes(b"x" * (5 << 20) + b"\n" + log_lines.make(1, 1)[0])
    code, ledger, _, output = run(program, folder / "out", [too_long], [])
    assert code == 1 and ledger[0] == 1 and "refused: 1 lines that are too long" in output, output
    code, ledger, _, output = run(program, folder / "out", [folder / "no_such.log"], [])
    assert code == 1 and ledger[0] == 0 and "stopped reading" in output, output
    for wrong in ([], ["--to"], ["--to", "x", "--size", "5MB"], ["--to", "x", "--what", "1"]):
        assert subprocess.run([program, *wrong], capture_output=True).returncode == 2, wrong


def main(program, seed=20261123):
    for tool in ("zstd", "gzip", "jq"):
        if not shutil.which(tool):
            print(f"skipped: {tool} is not installed")
            sys.exit(77)
    print(f"seed {seed}")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        lines = corpus(random.Random(int(seed)))
        nasty, windows, empty = folder / "nasty.log", folder / "windows.log", folder / "empty.log"
        nasty.write_bytes(b"\n".join(lines))  # without a new line at the end
        windows.write_bytes(b"".join(line + b"\r\n" for line in log_lines.make(500, 2)))
        empty.write_bytes(b"")
        out = folder / "out"
        check(program, out, [nasty, windows], "zstd:1", ["--size", "1MiB"])
        check(program, out, [nasty, empty], "none", ["--threads", "2", "--fail-every", "3"])
        check(program, out, [windows, windows], "gzip", ["--size", "16KiB", "--fail-every", "2"])
        check(program, out, [empty], "zstd:1", [])
        check_refusals(program, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
