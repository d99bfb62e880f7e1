#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds the benchmarks optimised and runs all of them; installs what is
# missing. Every figure also goes, one JSON object a line, to
# build/benchmarks/summary.json. Run it on a machine that does nothing else.
#
#   run.sh [--quick]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tests/packages.sh

install_packages g++ cmake ninja-build pkg-config libzstd-dev zlib1g-dev libsnappy-dev libsimdjson-dev libcurl4-openssl-dev libssl-dev catch2 \
  liblmdb-dev libsqlite3-dev librocksdb-dev
install_npm @duckdb/node-api

quick=()
rounds=5
mib=256
if [[ ${1-} == --quick ]]; then
  quick=(--quick)
  rounds=1
  mib=64
fi

mkdir -p build/benchmarks
summary=$PWD/build/benchmarks/summary.json
rm -f "$summary"
cmake --preset release >build/benchmarks/configure.log
cmake --build --preset release --target benchmarks

echo "== machine"
grep -m 1 'model name' /proc/cpuinfo || true
echo "processors: $(nproc); load: $(cut -d ' ' -f 1-3 /proc/loadavg)"
"${CXX:-g++}" --version | head -n 1
echo
echo "== put"
build/release/benchmarks/put ${quick[@]+"${quick[@]}"} --json "$summary"
echo
echo "== pipeline"
build/release/benchmarks/pipeline --rounds "$rounds" --mib "$mib" --json "$summary"
echo
echo "== partitions"
build/release/benchmarks/partitions --rounds "$rounds" --mib "$mib" --json "$summary"
echo
echo "== durable"
build/release/benchmarks/durable --directory build/benchmarks/durable --json "$summary"
echo
echo "== s3"
build/release/benchmarks/s3 --rounds "$rounds" --json "$summary"
echo "== parquet"
build/release/benchmarks/parquet --rounds "$rounds" --json "$summary"
echo
echo "== compile time"
benchmarks/compile_time.sh --json "$summary"
echo
echo "figures: build/benchmarks/summary.json"
