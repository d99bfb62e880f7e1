#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts lines that are no access log through access_log, and its error output
through redrive: whole, in parts, killed at one system call after the other, and
started again. Every line must be in the lake, once.

    test.py REDRIVE ACCESS_LOG [EVERY]

EVERY: of how many system calls it is killed at one; 1 is all of them, and takes minutes.
"""
import base64
import collections
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile

CALLS = ("openat,mkdir,rename,unlink,unlinkat,rmdir,fsync,fdatasync,write,pwrite64,pwritev,ftruncate,"
         "fallocate,mmap,munmap,flock,close,getdents64")


def lines_of_lake(folder):
    files = sorted(str(path) for path in folder.rglob("*.zst"))
    text = subprocess.run(["zstd", "-dcq", *files], check=True, capture_output=True).stdout if files else b""
    return collections.Counter(text.split(b"\n")[:-1])


def redrive(program, errors, lake, state, *arguments, prefix=()):
    return subprocess.run([*prefix, program, str(errors), "--to", str(lake), "--state", str(state), *arguments],
                          capture_output=True, text=True, timeout=300)


def counts(done):
    """objects, records, unreadable"""
    return [int(part.split("=")[1]) for part in done.stdout.splitlines()[-1].split()]


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def check_lake(folder, wanted, what):
    found = lines_of_lake(folder)
    missing, extra = wanted - found, found - wanted
    check(found == wanted, f"{what}: {missing.total()} records are missing, {extra.total()} too many")


def make_errors(access_log, folder, dice):
    lines = [b"no log line " + dice.randbytes(dice.randrange(60)).replace(b"\n", b"") for _ in range(2000)]
    (folder / "lines").write_bytes(b"".join(line + b"\n" for line in lines))
    subprocess.run([access_log, folder / "lines", "--to", folder / "made", "--size", "16KiB"], check=True,
                   capture_output=True)
    return folder / "made/errors", collections.Counter(lines)


def letter(record, code, arrival):
    """As Firehose writes one."""
    return json.dumps({"attemptsMade": 4, "arrivalTimestamp": arrival, "errorCode": code,
                       "errorMessage": "The transformation failed.", "attemptEndingTimestamp": arrival + 60000,
                       "rawData": base64.b64encode(record).decode(), "lambdaArn": "arn:aws:lambda:x"})


def check_filters(program, folder):
    errors, lake, state = folder / "errors", folder / "lake", folder / "state"
    errors.mkdir()
    day = 1_763_900_000_000  # 2025-11-23T12:13:20Z
    object_ = errors / "2025" / "deliver-1"
    object_.parent.mkdir()
    object_.write_text("\n".join([letter(b"one", "Lambda.FunctionError", day),
                                  letter(b"two", "Lambda.InvokeLimitExceeded", day),
                                  letter(b"three", "S3.AccessDenied", day),
                                  letter(b"four", "S3.AccessDenied", day + 86_400_000)]) + "\n")
    all_codes = redrive(program, errors, lake, state, "--dry-run")
    check(counts(all_codes) == [1, 0, 0] and "S3.AccessDenied: 2 records" in all_codes.stdout, all_codes.stdout)
    for arguments, put in [(("--code", "S3.AccessDenied", "--until", "2025-11-24"), 1),
                           (("--code", "S3.AccessDenied", "--until", "2025-11-24T00:00:00Z"), 0),
                           (("--code", "Lambda.*"), 2), (("--code", "Lambda.*"), 0)]:
        done = redrive(program, errors, lake, state, *arguments)
        check(done.returncode == 0 and counts(done)[1] == put, f"{arguments}: {done.stdout}{done.stderr}")
        check(object_.exists(), f"{arguments}: an object was moved of which something is left")
    check_lake(lake, collections.Counter([b"one", b"two", b"three"]), "filters")
    check(counts(redrive(program, errors, lake, state, "--since", "2025-11-24T12:13:20"))[1] == 1, "--since")
    check_lake(lake, collections.Counter([b"one", b"two", b"three", b"four"]), "filters")
    check(not object_.exists() and (errors / "redriven/2025/deliver-1").exists(), "the object was not moved")


def check_broken(program, folder):
    errors, lake, state = folder / "errors", folder / "lake", folder / "state"
    errors.mkdir()
    (errors / "a").write_text(letter(b"one", "X", 0) + "\nno letter\n" + letter(b"two", "X", 0) + "\n")
    for put in (2, 0):
        done = redrive(program, errors, lake, state)
        check(done.returncode == 1 and counts(done) == [1, put, 1], done.stdout + done.stderr)
        check("a, line 2: read an error record: not a JSON object" in done.stderr, done.stderr)
    check_lake(lake, collections.Counter([b"one", b"two"]), "broken")
    check((errors / "a").exists(), "an object was moved that could not be read whole")
    (state / "done").write_text("garbage\n")
    check("the state is damaged" in redrive(program, errors, lake, state).stderr, "a damaged state")
    for wrong in ([], ["x"], ["x", "--to", "y"], ["x", "--to", "y", "--state", "z", "--since", "yesterday"],
                  ["x", "--to", "y", "--state", "z", "--since", "2025-02-30"], ["s3://", "--to", "y"]):
        check(subprocess.run([program, *wrong], capture_output=True).returncode == 2, wrong)


def calls_of(log):
    """How often a thread makes each call at most, which is how strace counts them."""
    made = collections.Counter()
    for line in log.read_text().splitlines():
        thread, call = line.split(maxsplit=1)
        made[call.split("(")[0], thread] += 1
    most = collections.Counter()
    for (name, _), count in made.items():
        most[name] = max(most[name], count)
    return [(name, n) for name, count in sorted(most.items()) if name in CALLS.split(",")
            for n in range(1, count + 1)]


def check_killed(program, made, wanted, folder, every, dice):
    """At calls of a run, each in a state of its own; then once more, to the end."""
    log = folder / "calls"

    def run_twice(*inject):
        case = folder / "case"
        shutil.rmtree(case, ignore_errors=True)
        shutil.copytree(made, case / "errors")
        places = (case / "errors", case / "lake", case / "state")
        first = redrive(program, *places, prefix=["strace", "-f", "-qq", "-o", log, "-e", f"trace={CALLS}", *inject])
        check(first.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL), f"{inject}: {first.stdout}{first.stderr}")
        done = redrive(program, *places)
        check(done.returncode == 0, f"{inject}: {done.stdout}{done.stderr}")
        check_lake(case / "lake", wanted, f"killed by {inject}")
        left = [str(path) for path in places[0].rglob("*") if path.is_file() and "redriven" not in path.parts]
        check(not left, f"{inject}: not marked as done: {left}")
        return first.returncode != 0

    run_twice()
    calls = calls_of(log)
    killed = sum(run_twice("-e", f"inject={name}:signal=KILL:when={n}")
                 for name, n in calls[dice.randrange(every)::every])
    check(killed > 0, "nothing was killed")
    print(f"killed {killed} times, at {len(calls)} calls: {wanted.total()} records each time, lost=0 doubled=0")


def main(program, access_log, every=17):
    if not shutil.which("zstd"):
        print("skipped: zstd is not installed")
        sys.exit(77)
    dice = random.Random(20261123)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        made, wanted = make_errors(access_log, folder, dice)
        for check_one in (check_filters, check_broken):
            (folder / check_one.__name__).mkdir()
            check_one(program, folder / check_one.__name__)
        for times in range(3):
            done = redrive(program, made, folder / "lake", folder / "state")
            check(done.returncode == 0 and counts(done)[1] == (0 if times else wanted.total()), done.stdout)
            check_lake(folder / "lake", wanted, f"run {times + 1}")
        shutil.rmtree(made / "redriven", ignore_errors=True)
        shutil.rmtree(made)
        made, wanted = make_errors(access_log, folder, dice)
        can_trace = shutil.which("strace") and subprocess.run(
            ["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True).returncode == 0
        if can_trace:
            check_killed(program, made, wanted, folder, int(every), dice)
        else:
            print("not killed: strace is not installed, or nobody may trace here")
    print(f"{wanted.total()} records failed, were put again, and arrived once")


if __name__ == "__main__":
    main(*sys.argv[1:])
