#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What access_log has to make of a line, worked out a second time, in another
language and another way, so that the two can be compared. Also makes logs.

    log_lines.py count FILE...     how many lines are log lines, and how many are not
    log_lines.py make LINES SEED   writes a log, the same for the same arguments
"""

import random
import re
import sys

TIME = re.compile(rb"(\d\d)/(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/(\d{4}):"
                  rb"(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
MONTHS = b"JanFebMarAprMayJunJulAugSepOctNovDec"
QUOTED = rb'"((?:[^"\\]|\\.)*)"'
AFTER_TIME = re.compile(QUOTED + rb" (\d+) (\d+|-)(?: " + QUOTED + rb" " + QUOTED + rb")?", re.DOTALL)
ESCAPE = re.compile(rb'\\(?:x([0-9a-fA-F]{2})|(["\\nrtbvf]))')
MEANINGS = {b'"': b'"', b"\\": b"\\", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b",
            b"v": b"\v", b"f": b"\f"}
STATUS_MAX = 999
BYTES_MAX = 2**64 - 1


def iso_time(text):
    found = TIME.fullmatch(text)
    if not found:
        return None
    day, month, year, hour, minute, second, sign, zone_hour, zone_minute = found.groups()
    if not 1 <= int(day) <= 31 or int(hour) > 23 or int(minute) > 59 or int(second) > 60:
        return None
    if int(zone_hour) > 23 or int(zone_minute) > 59:
        return None
    number = MONTHS.index(month) // 3 + 1
    return (b"%b-%02d-%bT%b:%b:%b%b%b:%b" % (year, number, day, hour, minute, second, sign,
                                            zone_hour, zone_minute)).decode()


def unescaped(text):
    return ESCAPE.sub(lambda found: bytes([int(found[1], 16)]) if found[1] else MEANINGS[found[2]],
                      text)


def as_text(text):
    return None if text in (None, b"", b"-") else text.decode("utf-8", "replace")


def expected(line):
    """The object that the line becomes, or None where it is no log line."""
    line = line.removesuffix(b"\r")
    parts = line.split(b" ", 2)
    if len(parts) != 3 or not parts[0] or not parts[1]:
        return None
    user, bracket, rest = parts[2].partition(b" [")
    time, end, rest = rest.partition(b"] ")
    found = AFTER_TIME.fullmatch(rest)
    if not (user and bracket and end and iso_time(time) and found):
        return None
    if int(found[2]) > STATUS_MAX or (found[3] != b"-" and int(found[3]) > BYTES_MAX):
        return None
    request = unescaped(found[1])
    words = request.split(b" ")
    is_http = len(words) > 2 and words[-1].startswith(b"HTTP/")
    return {
        "host": as_text(parts[0]), "ident": as_text(parts[1]), "user": as_text(user),
        "time": iso_time(time),
        "request": None if is_http else as_text(request),
        "method": as_text(words[0]) if is_http else None,
        "path": as_text(b" ".join(words[1:-1])) if is_http else None,
        "protocol": as_text(words[-1]) if is_http else None,
        "status": int(found[2]), "bytes": None if found[3] == b"-" else int(found[3]),
        "referer": as_text(unescaped(found[4] or b"")),
        "user_agent": as_text(unescaped(found[5] or b"")),
    }


def lines_of(data):
    """The lines of a file; the last one may lack its end."""
    lines = data.split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


PATHS = [b"/", b"/index.html", b"/images/logo.png", b"/api/v1/orders?id=%d", b"/caf\xc3\xa9",
         b"/search?q=\\x22quoted\\x22", b"/very/deep/down/in/the/tree/%d.html", b"/a b/c"]
AGENTS = [b"curl/7.88.1", b"-", b"Mozilla/5.0 (X11; Linux x86_64; rv:102.0) Gecko/20100101 Firefox/102.0",
          b'say \\"hello\\"', b"back\\\\slash", b"\\xff\\xfe no text", b"tab\there \xf0\x9f\x9a\x80",
          b"raw \xc3( and \x01\x7f"]
REFERERS = [b"-", b"https://example.com/", b"https://example.com/?a=1&b=2"]
REQUESTS = [b"-", b"", b"\\x16\\x03\\x01", b"OPTIONS *", b"hello"]
OTHER = [b"", b" ", b"-", b"Nov 23 05:17:01 host CRON[21337]: session opened", b"{\"json\": true}",
         b"\x00\xff\xfe", b"10.0.0.1 - - [32/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1",
         b"10.0.0.1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1 200 1",
         b"10.0.0.1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 2000 1"]


def log_line(dice):
    pick = dice.choice
    request = pick(REQUESTS)
    if dice.random() < 0.98:
        path = pick(PATHS)
        path = path % dice.randrange(10**6) if b"%d" in path else path
        request = pick([b"GET ", b"GET ", b"POST ", b"HEAD "]) + path + b" HTTP/1.1"
    line = b'10.%d.%d.%d - %b [%02d/%b/2026:%02d:%02d:%02d +0200] "%b" %d %b' % (
        dice.randrange(256), dice.randrange(256), dice.randrange(256),
        pick([b"-", b"-", b"-", b"alice", b"bob smith"]), dice.randrange(1, 29),
        pick([b"Jan", b"Feb", b"Oct", b"Nov"]), dice.randrange(24), dice.randrange(60),
        dice.randrange(60), request, pick([200, 200, 200, 304, 404, 500]),
        b"-" if dice.random() < 0.1 else b"%d" % dice.randrange(10**7))
    if dice.random() < 0.9:
        line += b' "%b" "%b"' % (pick(REFERERS), pick(AGENTS))
    return line + (b"\r" if dice.random() < 0.01 else b"")


def make(count, seed):
    dice = random.Random(seed)
    return [dice.choice(OTHER) if dice.random() < 0.01 else log_line(dice) for _ in range(count)]


def main(arguments):
    if arguments[:1] == ["count"]:
        good = other = 0
        for path in arguments[1:]:
            with open(path, "rb") as file:
                lines = lines_of(file.read())
            good_here = sum(expected(line) is not None for line in lines)
            good += good_here
            other += len(lines) - good_here
        print(good, other)
    elif arguments[:1] == ["make"]:
        lines = make(int(arguments[1]), int(arguments[2]))
        sys.stdout.buffer.write(b"".join(line + b"\n" for line in lines))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
