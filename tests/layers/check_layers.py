#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds every #include of include/hydrant against the table of floors.

A room may include itself and rooms on lower floors: never one beside it, never
one above. `check_layers.py ROOT` prints each edge that breaks this and fails;
`check_layers.py --self-test` plants such edges in a copy and expects them found.
"""
import re
import sys
import tempfile
from pathlib import Path

FLOORS = [
    ["core"],
    ["ingest", "transform", "journal", "net", "metrics"],
    ["buffer", "object", "sink", "source"],
    ["delivery"],
    ["producer.hpp", "stream_options.hpp", "delivery_stream.hpp"],
    ["hydrant.hpp"],
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# These include what they like, and nothing includes them.
ASIDE = {"testing": FLOOR["hydrant.hpp"], "integration": FLOOR["hydrant.hpp"]}

# The light include: it names less than its floor would allow.
ONLY = {"producer.hpp": {"core", "ingest"}}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


def room_of(path):
    """The room of a path below include/hydrant; for the front, the header itself."""
    return path.split("/")[0]


def fault_of_edge(header, included):
    here, there = room_of(header), room_of(included)
    for room in (here, there):
        if room not in FLOOR and room not in ASIDE:
            return f"{room} is not in the table of rooms and floors"
    if here == there:
        return None
    if there in ASIDE:
        return f"nothing includes {there}/"
    if here in ASIDE:
        return None
    if here in ONLY:
        if there in ONLY[here]:
            return None
        return f"{here} may include only {' and '.join(sorted(ONLY[here]))}"
    front = FLOOR["delivery_stream.hpp"]
    if FLOOR[there] < FLOOR[here] or FLOOR[here] == FLOOR[there] == front:
        return None
    return f"{here} (floor {FLOOR[here]}) includes {there} (floor {FLOOR[there]})"


def circle_through(edges):
    """A circle among the headers, as a list of their names, or None."""
    done, path = set(), []

    def walk(header):
        if header in path:
            return path[path.index(header):] + [header]
        if header in done:
            return None
        path.append(header)
        for included in edges.get(header, []):
            found = walk(included)
            if found:
                return found
        path.pop()
        done.add(header)
        return None

    for header in sorted(edges):
        found = walk(header)
        if found:
            return found
    return None


def check(root):
    include = root / "include" / "hydrant"
    faults, edges = [], {}
    for path in sorted(include.rglob("*.hpp")):
        header = path.relative_to(include).as_posix()
        if room_of(header) not in FLOOR and room_of(header) not in ASIDE:
            faults.append(f"{header}: {room_of(header)} is not in the table of rooms and floors")
        for quote, name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            if quote == '"':
                faults.append(f"{header}: includes \"{name}\" in quotes: write <hydrant/...>")
                continue
            if not name.startswith("hydrant/"):
                continue
            included = name[len("hydrant/"):]
            edges.setdefault(header, []).append(included)
            if not (include / included).is_file():
                faults.append(f"{header}: includes <{name}>, which does not exist")
            fault = fault_of_edge(header, included)
            if fault:
                faults.append(f"{header}: includes <{name}>: {fault}")
    circle = circle_through(edges)
    if circle:
        faults.append("a circle: " + " -> ".join(circle))
    if not edges:
        faults.append(f"no #include found below {include}")
    return faults


def self_test():
    """Each planted edge must be found, and a sound tree must pass."""
    sound = {
        "core/a.hpp": [],
        "core/b.hpp": ["core/a.hpp"],
        "ingest/shard.hpp": ["core/b.hpp"],
        "transform/map.hpp": ["core/b.hpp"],
        "sink/sink.hpp": ["core/a.hpp", "transform/map.hpp"],
        "object/store.hpp": ["core/a.hpp"],
        "delivery/pipeline.hpp": ["sink/sink.hpp", "object/store.hpp"],
        "producer.hpp": ["core/a.hpp", "ingest/shard.hpp"],
        "stream_options.hpp": ["delivery/pipeline.hpp"],
        "delivery_stream.hpp": ["producer.hpp", "stream_options.hpp"],
        "hydrant.hpp": ["delivery_stream.hpp"],
        "testing/memory_sink.hpp": ["sink/sink.hpp", "hydrant.hpp"],
    }
    planted = {
        "upwards": ("core/a.hpp", "ingest/shard.hpp"),
        "beside": ("object/store.hpp", "sink/sink.hpp"),
        "into testing": ("delivery/pipeline.hpp", "testing/memory_sink.hpp"),
        "light include": ("producer.hpp", "sink/sink.hpp"),
        "circle": ("core/a.hpp", "core/b.hpp"),
        "missing": ("core/a.hpp", "core/none.hpp"),
        "unknown room": ("cellar/wine.hpp", "core/a.hpp"),
    }

    def faults_of(tree):
        with tempfile.TemporaryDirectory() as folder:
            for header, included in tree.items():
                path = Path(folder, "include", "hydrant", header)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("".join(f"#include <hydrant/{name}>\n" for name in included),
                                encoding="utf-8")
            return check(Path(folder))

    failures = [f"a sound tree is refused: {fault}" for fault in faults_of(sound)]
    for flaw, (header, included) in planted.items():
        tree = {name: list(edges) for name, edges in sound.items()}
        tree.setdefault(header, []).append(included)
        if not faults_of(tree):
            failures.append(f"planted and not found: {flaw}")
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
