#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Lets every fuzzer, or those named, run for so long:
#
#     tests/fuzz/run.sh [--seconds N] [FUZZER...]
#
# An input that breaks something is left in build/asan/tests/fuzz/corpus;
# copy it to tests/fuzz/corpus/FUZZER/ when it is mended.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/packages.sh
install_packages clang cmake ninja-build pkg-config libfmt-dev libzstd-dev zlib1g-dev libsnappy-dev libsimdjson-dev \
  libcurl4-openssl-dev libssl-dev libclang-rt-14-dev catch2

seconds=60
if [[ ${1:-} == --seconds ]]; then
  seconds=$2
  shift 2
fi
names=("$@")
if ((${#names[@]} == 0)); then
  for source in tests/fuzz/*_fuzz.cpp; do
    names+=("$(basename "$source" .cpp)")
  done
fi

mkdir -p build
cmake --preset asan >build/fuzz.log
cmake --build --preset asan --target "${names[@]}"
for name in "${names[@]}"; do
  own=build/asan/tests/fuzz/corpus/$name
  echo "== $name: $seconds s"
  build/asan/tests/fuzz/"$name" -max_total_time="$seconds" -max_len=4096 -timeout=10 \
    -print_final_stats=1 -artifact_prefix="$own-" "$own" tests/fuzz/corpus/"$name"
done
