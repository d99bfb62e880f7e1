#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Whether the simulation finds bugs: each of planted/*.patch puts one into a copy
# of the tree, and the simulation must turn red within so many seeds.
#
#   tests/simulation/planted.sh                    all of them
#   tests/simulation/planted.sh --seeds 500 spill_out_of_order seal_not_awaited
#
# --seeds n: within how many (10,000). HYDRANT_SIMULATION_FIRST=n: the first one (1).
# CXX: the compiler (g++). Prints a line for each bug, with the seed that found it,
# and what the oracle said; fails where one was not found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/packages.sh

seeds=10000
names=()
while (($# != 0)); do
  case $1 in
    --seeds)
      seeds=${2:?--seeds needs a number}
      shift
      ;;
    -*)
      echo "unknown option $1: see the head of this file" >&2
      exit 2
      ;;
    *) names+=("$1") ;;
  esac
  shift
done
if ((${#names[@]} == 0)); then
  for file in tests/simulation/planted/*.patch; do
    names+=("$(basename "$file" .patch)")
  done
fi

install_packages g++ patch catch2

export HYDRANT_SIMULATION_SEEDS=$seeds HYDRANT_SIMULATION_FIRST=${HYDRANT_SIMULATION_FIRST:-1}
unset HYDRANT_SIMULATION_SEED
# Worlds take and give back memory by the megabyte: not to the system each time.
export MALLOC_MMAP_THRESHOLD_=$((1 << 32)) MALLOC_TRIM_THRESHOLD_=$((1 << 32))
room=build/planted
cxx=(${CXX:-g++})
if command -v ccache >/dev/null; then
  cxx=(ccache "${cxx[@]}")
fi
flags=(-std=c++20 -O1 -pthread -DCATCH_CONFIG_FAST_COMPILE)

# build TREE: TREE/simulation, of the sources there.
build() {
  "${cxx[@]}" "${flags[@]}" -I"$1/include" -I"$1/tests" \
    -c "$1/tests/simulation/simulation_test.cpp" -o "$1/simulation.o" &&
    "${cxx[@]}" "${flags[@]}" "$1/simulation.o" "$room/main.o" -o "$1/simulation"
}

# what_was_said LOG: the first fault that the oracle found, as far as it stands in two lines.
what_was_said() {
  sed -n '/with expansion:/{n;N;s/\n */ /;s/^ *"//;s/" *==.*//;p;q}' "$1"
}

# hunt NAME: prints at which seed the bug was found; fails where it was not.
hunt() {
  local name=$1 tree=$room/$1 begin=$SECONDS seed
  rm -rf "$tree"
  mkdir -p "$tree"
  cp -r include tests "$tree"
  if ! patch --strip=1 --fuzz=2 --force --directory="$tree" --no-backup-if-mismatch \
    <"tests/simulation/planted/$name.patch" >"$tree/patch.log" 2>&1; then
    echo "$name: the patch does not apply, see $tree/patch.log"
    return 1
  fi
  if ! build "$tree" >"$tree/build.log" 2>&1; then
    echo "$name: does not compile, see $tree/build.log"
    return 1
  fi
  if "$tree/simulation" "simulated streams*" >"$tree/run.log" 2>&1; then
    echo "$name: NOT FOUND within $seeds seeds, $((SECONDS - begin)) s"
    return 1
  fi
  seed=$(sed -n 's/.*HYDRANT_SIMULATION_SEED=\([0-9]*\).*/\1/p;T;q' "$tree/run.log")
  if [[ -z $seed ]]; then
    echo "$name: ends without a seed, see $tree/run.log"
    return 1
  fi
  slowest=$((seed > slowest ? seed : slowest))
  echo "$name: found at seed $seed, $((SECONDS - begin)) s: $(what_was_said "$tree/run.log")"
}

planted=0
found=0
slowest=0
mkdir -p "$room"
"${cxx[@]}" "${flags[@]}" -Iinclude -Itests -c tests/main.cpp -o "$room/main.o"
for name in "${names[@]}"; do
  planted=$((planted + 1))
  if hunt "$name"; then
    found=$((found + 1))
  fi
done
echo "planted=$planted found=$found last_seed=$slowest"
((found == planted))
