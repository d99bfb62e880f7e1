#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Starts web_server, sends it requests (with wrk where that is installed), reads
its metrics, stops it, and counts the lines of its log against its requests.

    test.py PROGRAM [SECONDS]
"""

import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (\S+)')
TYPES = {"counter", "gauge", "summary"}


def fetch(url, agent="test"):
    request = urllib.request.Request(url, headers={"User-Agent": agent})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def drive(url, seconds):
    """Returns: how many requests were answered, and how fast, in words."""
    if shutil.which("wrk"):
        wrk = subprocess.run(["wrk", "-t1", "-c4", f"-d{seconds}s", url], check=True,
                             capture_output=True, text=True)
        rate = re.search(r"Requests/sec:\s+(\S+)", wrk.stdout)[1]
        return int(re.search(r"(\d+) requests in", wrk.stdout)[1]), f"wrk: {rate} requests a second"
    threads = [threading.Thread(target=lambda: [fetch(url) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 800, "urllib: as fast as it goes"


def check_metrics(text):
    """Every line is a comment or a sample, every sample of a family that was announced."""
    families = {}
    values = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert kind in TYPES and name not in families, line
            families[name] = kind
        elif not line.startswith("# HELP "):
            sample = SAMPLE.fullmatch(line)
            assert sample, f"no sample: {line}"
            assert sample[1] in families or re.sub("_(sum|count)$", "", sample[1]) in families, line
            values[sample[1], sample[2]] = float(sample[3])
    assert values["hydrant_records_accepted_total", 'stream="web-server"'] > 0
    return len(values)


def log_of(folder):
    files = [str(path) for path in sorted(folder.rglob("*")) if path.is_file()]
    text = subprocess.run(["zstd", "-dcq", *files], check=True, capture_output=True).stdout
    jq = subprocess.run(["jq", "-c", "type"], input=text, check=True, capture_output=True)
    assert set(jq.stdout.split()) == {b'"object"'}
    return [json.loads(line) for line in text.splitlines()]


def check(program, seconds, lake):
    server = subprocess.Popen([program, "--to", str(lake), "--port", "0"], stdout=subprocess.PIPE,
                              text=True)
    try:
        url = re.fullmatch(r"listening on (http://\S+)\n", server.stdout.readline())[1] + "/"
        assert fetch(url) == (200, "hello\n")
        assert fetch(url + "no/such/page?x=1")[0] == 404
        assert fetch(url, agent='"quotes" \\ and \xff')[0] == 200
        answered, rate = drive(url, seconds)
        samples = check_metrics(fetch(url + "metrics")[1])
    finally:
        server.send_signal(signal.SIGTERM)
        rest, _ = server.communicate(timeout=60)
    assert server.returncode == 0, rest
    requests = int(re.search(r"^requests: (\d+)$", rest, re.MULTILINE)[1])
    ledger = rest.splitlines()[-1]
    assert ledger == (f"ledger: accepted={requests} delivered={requests} dropped=0 dead_lettered=0"
                      " lost=0 in_memory=0 balanced=yes"), f"{requests} requests, {ledger}"
    log = log_of(lake / "data")
    assert len(log) == requests, f"{requests} requests, {len(log)} lines of log"
    assert sum(line["status"] == 404 for line in log) == 1
    assert sum('"quotes" \\ and' in line["user_agent"] for line in log) == 1
    assert not (lake / "errors").exists()
    assert requests >= answered, f"{requests} requests, but {answered} were answered"
    print(rate)
    print(f"{requests} requests, {len(log)} lines of log, {samples} samples of metrics")


def main(program, seconds="1"):
    for tool in ("zstd", "jq"):
        if not shutil.which(tool):
            print(f"skipped: {tool} is not installed")
            sys.exit(77)
    with tempfile.TemporaryDirectory() as name:
        check(program, seconds, pathlib.Path(name) / "lake")


if __name__ == "__main__":
    main(*sys.argv[1:])
