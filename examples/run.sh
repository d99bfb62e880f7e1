#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds the examples, optimised, and runs them; installs what is missing, as
# root or with sudo. What they deliver is read back and counted by zstdcat, zcat,
# jq and grep.
#
#   run.sh [FILE...]      access logs; without any, one of 200,000 lines is made
set -euo pipefail
files=()
for file in "$@"; do
  files+=(--input "$(realpath "$file")")
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tests/packages.sh

install_packages g++ cmake ninja-build ccache pkg-config python3 libfmt-dev libzstd-dev zlib1g-dev \
  libcurl4-openssl-dev libssl-dev catch2 libcpp-httplib-dev zstd gzip jq wrk curl

mkdir -p build
cmake --preset release >build/examples.log || {
  cat build/examples.log
  exit 1
}
cmake --build --preset release --parallel "${HYDRANT_JOBS:-$(nproc)}" \
  --target quickstart your_own_sink access_log game_server web_server

programs=build/release/examples
check=examples/check
scratch=build/examples
mkdir -p "$scratch"
if ((${#files[@]} == 0)); then
  "$check/make_log.sh" 200000 >"$scratch/made.log"
  files=(--input "$scratch/made.log")
fi

echo
"$check/quickstart.sh" "$programs/quickstart" "$scratch/quickstart"
echo "your_own_sink: $("$programs/your_own_sink" | tail -n 1)"
for codec in zstd:3 gzip none; do
  "$check/access_log.sh" "$programs/access_log" "$scratch/lake" "${files[@]}" --codec "$codec" --threads 2
done
"$check/access_log.sh" "$programs/access_log" "$scratch/lake" "${files[@]}" --size 256KiB --fail-every 3
WEB_SERVER_SECONDS=3 "$check/web_server.sh" "$programs/web_server" "$scratch/web"
"$programs/game_server" --seconds 3
echo
echo "all examples ran, and delivered what they were given; the objects: $scratch/lake"
