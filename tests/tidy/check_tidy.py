#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The house rules that no compiler and no formatter checks.

`check_tidy.py ROOT` prints each place that breaks one and fails; `--self-test`
plants one violation of every rule in a sound tree and expects exactly it found.
"""
import re
import sys
import tempfile
from pathlib import Path

FOLDERS = ["include", "tests", "examples", "benchmarks", "cmake"]
CODE = {".hpp", ".cpp"}
SCRIPTS = {".py", ".sh", ".cmake"}
LICENCE = "SPDX-License-Identifier: MIT"
LINES_MAX = 400

# Spelled in halves, or this file would break its own rule.
BANNED_WORDS = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "HA" "CK"]) + r")\b")
BANNED_NAMES = {"manager", "managers", "helper", "helpers", "util", "utils", "utility",
                "utilities", "common", "base"}

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]')
BANNED_INCLUDES = {"fmt/chrono.h", "regex", "iostream", "ranges"}
# Which headers, below include/hydrant, may include what is expensive or optional.
INCLUDES_ONLY_IN = {
    "filesystem": re.compile(r"object/directory_store\.hpp|journal/.*"),
    "zstd.h": re.compile(r"object/zstd\.hpp|object/parquet/page_codec\.hpp"),
    "zlib.h": re.compile(r"core/zlib_inflate\.hpp|object/(zlib_deflate|zip)\.hpp|"
                         r"object/parquet/page_(codec|header)\.hpp"),
    "snappy.h": re.compile(r"object/snappy_blocks\.hpp|object/parquet/page_codec\.hpp"),
    "jq.h": re.compile(r"transform/jq_partition_keys\.hpp"),
    "simdjson.h": re.compile(r"core/json_tokens\.hpp"),
    "curl/curl.h": re.compile(r"net/curl_[a-z]+\.hpp"),
    "openssl/hmac.h": re.compile(r"net/sha256\.hpp"),
}

WORLD = re.compile(r"steady_clock::now|system_clock::now|std::j?thread\b(?!::id)|random_device|"
                   r"(?<!\w)::open\(|\bgetenv\(")
WORLD_DOORS = re.compile(r"core/system_[a-z_]+\.hpp|delivery/runtime\.hpp")
# tests/crash kills processes at random moments: there time is the point.
SLEEPERS = "tests/crash/"
SLEEP = re.compile(r"\bsleep_for\b|\bsleep_until\b|\busleep\(|\bnanosleep\(")


def without_comments(text):
    """The text with comments and the insides of strings gone, line for line."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)

    def blank(match):
        if match[0].startswith('"'):
            return '""'
        return "\n" * match[0].count("\n")

    return token.sub(blank, text)


def check_name(name):
    words = re.split(r"[_\-.]", name.rsplit("/", 1)[-1].rsplit(".", 1)[0].lower())
    for word in BANNED_NAMES.intersection(words):
        yield 1, f"a file is named after the one thing it defines, not \"{word}\""


def check_any(name, lines):
    yield from check_name(name)
    first = lines[:2] if lines and lines[0].startswith("#!") else lines[:1]
    if not any(LICENCE in line for line in first):
        yield 1, f"the first line is not the licence ({LICENCE})"
    if len(lines) > LINES_MAX:
        yield len(lines), f"longer than {LINES_MAX} lines"
    for number, line in enumerate(lines, 1):
        found = BANNED_WORDS.search(line)
        if found:
            yield number, f"says {found[0]}: do it, or write down why not"


def check_header(name, lines, code):
    inside = name[len("include/hydrant/"):]
    if len(lines) < 3 or lines[1] != "//" or not lines[2].startswith("// "):
        yield 2, "after the licence line: `//`, then why this file exists"
    if "#pragma once" not in lines:
        yield 1, "no `#pragma once`"
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        if found[1] in BANNED_INCLUDES:
            yield number, f"<{found[1]}> is banned in headers: it is slow to compile"
        owners = INCLUDES_ONLY_IN.get(found[1])
        if owners and not owners.fullmatch(inside):
            yield number, f"<{found[1]}> belongs in {owners.pattern} only"
    if not WORLD_DOORS.fullmatch(inside):
        for number, line in enumerate(code, 1):
            found = WORLD.search(line)
            if found:
                yield number, f"{found[0]} goes past the Env: only core/system_*.hpp and " \
                              "delivery/runtime.hpp touch the world"


def check_test(code):
    for number, line in enumerate(code, 1):
        found = SLEEP.search(line)
        if found:
            yield number, f"{found[0]}: tests do not sleep, they advance the manual Env"


def check(root):
    faults, count = [], 0
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in CODE | SCRIPTS and path.name != "CMakeLists.txt":
                continue
            count += 1
            name = path.relative_to(root).as_posix()
            text = path.read_text(encoding="utf-8")
            lines, code = text.splitlines(), without_comments(text).splitlines()
            found = list(check_any(name, lines))
            if name.startswith("include/"):
                found += check_header(name, lines, code)
            if name.startswith("tests/") and not name.startswith(SLEEPERS) and path.suffix in CODE:
                found += check_test(code)
            faults += [f"{name}:{number}: {fault}" for number, fault in found]
    if count == 0:
        faults.append(f"nothing to check below {root}")
    return faults


HEAD = f"// {LICENCE}\n"
HEADER = HEAD + "//\n// Why this file exists.\n#pragma once\n"
SOUND = {
    "include/hydrant/core/bytes.hpp": HEADER + "// a std::thread in a comment\n",
    "include/hydrant/core/system_clock.hpp": HEADER + "auto t = std::chrono::steady_clock::now();\n",
    "include/hydrant/object/zstd.hpp": HEADER + "#include <zstd.h>\n",
    "include/hydrant/object/base64.hpp": HEADER + "const char* text = \"random_device\";\n",
    "include/hydrant/delivery/retry.hpp": HEADER + "std::thread::id owner;\n",
    "tests/core/bytes_test.cpp": HEAD + "// no sleep_for here\n",
    "tests/run.sh": f"#!/usr/bin/env bash\n# {LICENCE}\n",
}
CORE = "include/hydrant/core/bytes.hpp"
PLANTED = [
    (CORE, "int a;\n" * LINES_MAX, "longer than"),
    (CORE, "// TO" "DO: later\n", "do it"),
    (CORE, "#include <regex>\n", "is banned in headers"),
    (CORE, "#include <fmt/chrono.h>\n", "is banned in headers"),
    (CORE, "#include <iostream>\n", "is banned in headers"),
    (CORE, "#include <ranges>\n", "is banned in headers"),
    (CORE, "#include <filesystem>\n", "belongs in"),
    (CORE, "#include <zstd.h>\n", "belongs in"),
    (CORE, "#include <zlib.h>\n", "belongs in"),
    (CORE, "#include <snappy.h>\n", "belongs in"),
    (CORE, "#include <curl/curl.h>\n", "belongs in"),
    (CORE, "auto t = std::chrono::steady_clock::now();\n", "goes past the Env"),
    (CORE, "auto t = std::chrono::system_clock::now();\n", "goes past the Env"),
    (CORE, "std::thread t;\n", "goes past the Env"),
    (CORE, "std::jthread t;\n", "goes past the Env"),
    (CORE, "std::random_device seed;\n", "goes past the Env"),
    (CORE, "int fd = ::open(path, 0);\n", "goes past the Env"),
    ("tests/core/bytes_test.cpp", "std::this_thread::sleep_for(1s);\n", "tests do not sleep"),
    ("tests/core/bytes_test.cpp", "usleep(1);\n", "tests do not sleep"),
    ("include/hydrant/core/string_utils.hpp", HEADER, "a file is named after"),
    ("include/hydrant/core/no_licence.hpp", "//\n// Why.\n#pragma once\n", "is not the licence"),
    ("include/hydrant/core/no_reason.hpp", HEAD + "#pragma once\n", "why this file exists"),
    ("include/hydrant/core/no_guard.hpp", HEAD + "//\n// Why.\n", "pragma once"),
    ("tests/no_licence.sh", "#!/usr/bin/env bash\n", "is not the licence"),
]


def faults_of(tree):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in tree.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return check(Path(folder))


def self_test():
    failures = [f"a sound tree is refused: {fault}" for fault in faults_of(SOUND)]
    for name, text, expected in PLANTED:
        faults = faults_of({**SOUND, name: SOUND.get(name, "") + text})
        if not any(fault.startswith(name) and expected in fault for fault in faults):
            failures.append(f"planted in {name} and not found: {expected}: {text[:60]!r}")
    return failures


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    faults = self_test() if sys.argv[1] == "--self-test" else check(Path(sys.argv[1]))
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
