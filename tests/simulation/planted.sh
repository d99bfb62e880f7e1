#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Whether the simulation finds bugs: each of planted/*.patch puts one into a copy
# of the headers, and the simulation must turn red within so many seeds.
#
#   tests/simulation/planted.sh                    all of them
#   tests/simulation/planted.sh spill_out_of_order seal_not_awaited
#
# HYDRANT_PLANTED_SEEDS=n: within how many (10,000). HYDRANT_PLANTED_FIRST=n: the
# first one (1). CXX: the compiler (g++).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/packages.sh

install_packages g++ patch pkg-config libfmt-dev catch2

seeds=${HYDRANT_PLANTED_SEEDS:-10000}
first=${HYDRANT_PLANTED_FIRST:-1}
room=build/planted
cxx=(${CXX:-g++})
if command -v ccache >/dev/null; then
  cxx=(ccache "${cxx[@]}")
fi
flags=(-std=c++20 -O1 -DCATCH_CONFIG_FAST_COMPILE $(pkg-config --cflags fmt))
mkdir -p "$room"

# build INCLUDE PROGRAM: the simulation with these headers.
build() {
  "${cxx[@]}" "${flags[@]}" -I"$1" -Itests -c tests/simulation/simulation_test.cpp -o "$2.o" &&
    "${cxx[@]}" "$2.o" "$room/main.o" $(pkg-config --libs fmt) -pthread -o "$2"
}

# hunt NAME: prints at which seed the bug was found; fails where it was not.
hunt() {
  local name=$1 headers=$room/$1 seed
  rm -rf "$headers"
  mkdir -p "$headers"
  cp -r include "$headers/include"
  if ! patch --strip=1 --fuzz=2 --force --directory="$headers" --no-backup-if-mismatch \
    <"tests/simulation/planted/$name.patch" >"$headers/patch.log" 2>&1; then
    echo "$name: the patch does not apply any more, see $headers/patch.log"
    return 1
  fi
  if ! build "$headers/include" "$headers/simulation" >"$headers/build.log" 2>&1; then
    echo "$name: does not compile, see $headers/build.log"
    return 1
  fi
  # Worlds take and give back memory by the megabyte: not to the system each time.
  if MALLOC_MMAP_THRESHOLD_=$((1 << 32)) MALLOC_TRIM_THRESHOLD_=$((1 << 32)) HYDRANT_SIMULATION_SEEDS=$seeds HYDRANT_SIMULATION_FIRST=$first \
    timeout "${HYDRANT_PLANTED_TIMEOUT:-3600}" "$headers/simulation" "simulated streams*" \
    >"$headers/run.log" 2>&1; then
    echo "$name: NOT FOUND within $seeds seeds"
    return 1
  fi
  seed=$(grep -m 1 -oE 'HYDRANT_SIMULATION_SEED=[0-9]+' "$headers/run.log" | grep -oE '[0-9]+$' || true)
  if [[ -z $seed ]]; then
    echo "$name: ends without a seed, see $headers/run.log"
    return 1
  fi
  slowest=$((seed - first + 1 > slowest ? seed - first + 1 : slowest))
  echo "$name: found at seed $seed"
}

planted=0
found=0
slowest=0
names=("$@")
if ((${#names[@]} == 0)); then
  for file in tests/simulation/planted/*.patch; do
    names+=("$(basename "$file" .patch)")
  done
fi
"${cxx[@]}" "${flags[@]}" -Iinclude -Itests -c tests/main.cpp -o "$room/main.o"
for name in "${names[@]}"; do
  planted=$((planted + 1))
  if hunt "$name"; then
    found=$((found + 1))
  fi
done
echo "planted=$planted found=$found slowest_seed=$slowest"
((found == planted))
