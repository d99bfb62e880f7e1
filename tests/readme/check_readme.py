#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every block of C++ in the README stands, word for word, in a file that is
compiled and run: an example, or tests/usage. The first one is examples/quickstart.cpp
from its first include to its end.

    check_readme.py ROOT      names the blocks that do not; exit status 1 when there are any
    check_readme.py --self-test
"""

import pathlib
import re
import sys


def blocks(markdown):
    return re.findall(r"^```cpp\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)


def squeezed(text):
    """Indentation and line breaks do not count: a block may stand inside a function."""
    return " ".join(text.split())


def faults(markdown, quickstart, sources):
    found = []
    all_blocks = blocks(markdown)
    if not all_blocks:
        return ["README.md has no block of C++"]
    start = quickstart.index("#include")
    if squeezed(all_blocks[0]) != squeezed(quickstart[start:]):
        found.append("the first block is not examples/quickstart.cpp")
    whole = [squeezed(source) for source in sources]
    for number, block in enumerate(all_blocks[1:], start=2):
        if not any(squeezed(block) in source for source in whole):
            first_line = block.strip().splitlines()[0]
            found.append(f"block {number} stands in no file that is compiled: {first_line}")
    return found


def self_test():
    quick = "// SPDX\n#include <a>\nint main() {}\n"
    readme = "# x\n```cpp\n#include <a>\nint main() {}\n```\n```cpp\nf(1);\n```\n"
    assert faults(readme, quick, ["{\n  f(1);\n}"]) == []
    assert len(faults(readme, quick, ["{\n  f(2);\n}"])) == 1
    assert len(faults(readme, quick.replace("a", "b"), ["{\n  f(1);\n}"])) == 1
    assert len(faults("nothing", quick, [])) == 1


def main(arguments):
    if arguments == ["--self-test"]:
        self_test()
        return 0
    root = pathlib.Path(arguments[0])
    sources = [path.read_text() for folder in ("examples", "tests/usage")
               for path in sorted((root / folder).rglob("*.cpp"))]
    found = faults((root / "README.md").read_text(),
                   (root / "examples/quickstart.cpp").read_text(), sources)
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
