#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds the examples optimised, runs all of them, and counts with other tools
# (zstd, gzip, jq, a second parser) what they have stored. Installs what is
# missing. Fails when a single line is missing, doubled or broken.
#
#   run.sh [FILE...]   access logs to use; without them a log is made up
set -euo pipefail
files=()
for file in "$@"; do
  files+=("$(realpath -e -- "$file")")
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tests/packages.sh

install_packages g++ cmake ninja-build ccache pkg-config python3 libfmt-dev libzstd-dev zlib1g-dev libsnappy-dev libsimdjson-dev \
  libcurl4-openssl-dev libssl-dev catch2 libcpp-httplib-dev zstd gzip jq wrk strace curl \
  swift-proxy swift-account swift-container swift-object memcached python3-boto3
install_npm @duckdb/node-api

programs=build/release/examples
work=build/examples
log_lines=(python3 -B examples/access_log/log_lines.py)
table=()
failed=0

# row NAME FIGURE: a line of the table; good unless something has failed since the last one.
failed_before=0
row() {
  local verdict=ok
  if ((failed > failed_before)); then
    verdict=FAILED
  fi
  failed_before=$failed
  table+=("$(printf '%-42s %-6s %s' "$1" "$verdict" "$2")")
}

# expect WHAT WANTED FOUND
expect() {
  if [[ $2 != "$3" ]]; then
    echo "FAILED: $1: expected $2, found $3"
    failed=$((failed + 1))
  fi
}

# stored READER FOLDER: all its objects, decoded by READER.
stored() {
  if [[ -d $2 ]]; then
    find "$2" -type f -print0 | xargs -0 --no-run-if-empty $1
  fi
}

# count_objects FILE: JSON objects, when there is exactly one a line and nothing else.
count_objects() {
  local objects lines
  objects=$(jq -n 'reduce inputs as $o (0; if $o | type == "object" then . + 1 else error("no object") end)' "$1")
  lines=$(wc -l <"$1")
  if [[ $objects == "$lines" ]]; then
    echo "$objects"
  else
    echo "$objects objects in $lines lines"
  fi
}

build() {
  echo "== build"
  mkdir -p "$work"
  if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache
  fi
  if ! cmake --preset release >"$work/configure.log" 2>&1; then
    cat "$work/configure.log"
    return 1
  fi
  cmake --build --preset release --target examples --parallel "${HYDRANT_JOBS:-$(nproc)}"
}

# Exactly the lines that went in, in any order: objects have no order among themselves.
run_quickstart() {
  echo "== quickstart"
  rm -rf "$work/lake"
  sed -s '$a\' "${files[@]}" >"$work/lines"
  local said
  said=$("$programs/quickstart" "$work/lake" <"$work/lines") || expect "exit status" 0 $?
  echo "$said"
  expect "the ledger" "ledger: accepted=$total delivered=$total dropped=0 dead_lettered=0 lost=0 in_memory=0 balanced=yes" "$said"
  expect "the lines" "$(LC_ALL=C sort "$work/lines" | sha256sum)" \
    "$(stored "zstd -dcq" "$work/lake" | LC_ALL=C sort | sha256sum)"
  row quickstart "$total lines"
}

# run_access_log CODEC READER FAIL_EVERY
run_access_log() {
  local name="access_log --codec $1 --fail-every $3" lake=$work/access_log
  echo "== $name"
  rm -rf "$lake"
  "$programs/access_log" "${files[@]}" --to "$lake" --codec "$1" --fail-every "$3" \
    --size 2MiB --threads 2 >"$work/said" || expect "exit status" 0 $?
  grep -v 'as asked for' "$work/said" || true
  expect "the ledger" \
    "ledger: accepted=$total delivered=$good dropped=0 dead_lettered=$other lost=0 in_memory=0 balanced=yes" \
    "$(tail -n 1 "$work/said")"
  stored "$2" "$lake/data" >"$work/data.ndjson"
  stored "$2" "$lake/errors" >"$work/errors.ndjson"
  expect "objects in the data" "$good" "$(count_objects "$work/data.ndjson")"
  expect "objects among the errors" "$other" "$(count_objects "$work/errors.ndjson")"
  row "$name" "$good + $other lines, $(grep -oE '[0-9]+ lines a second' "$work/said" || echo stopped)"
}

# Parquet, counted by DuckDB: rows, and a sum over one of the columns.
run_parquet() {
  local name="access_log --format parquet" lake=$work/parquet found wanted
  echo "== $name"
  rm -rf "$lake"
  "$programs/access_log" "${files[@]}" --to "$lake" --format parquet --fail-every 3 --size 5MiB \
    --threads 2 >"$work/said" || expect "exit status" 0 $?
  grep -v 'as asked for' "$work/said" || true
  expect "the ledger" \
    "ledger: accepted=$total delivered=$good dropped=0 dead_lettered=$other lost=0 in_memory=0 balanced=yes" \
    "$(tail -n 1 "$work/said")"
  if ! found=$(node examples/access_log/count_parquet.mjs build/npm "$lake/data"); then
    echo "skipped: ${found:-no node (nodejs)}"
    table+=("$(printf '%-42s %-6s' "$name" skipped)")
    return
  fi
  wanted=$(jq -n 'reduce inputs as $o (0; . + ($o.bytes // 0))' "$work/data.ndjson")
  expect "DuckDB's count and sum" "$good $wanted" "$found"
  row "$name" "$good rows, $(grep -oE '[0-9]+ lines a second' "$work/said" || echo stopped)"
}

# The same into a bucket, and what failed from there once more, counted by boto3.
run_into_s3() {
  local name="access_log --to s3://, redrive" folder=$PWD/$work/swift again=0
  echo "== $name"
  rm -rf "$folder" "$work/redrive.state"
  mkdir -p "$folder"
  if ! AWS_ENDPOINT_URL_S3=$(tests/integration/swift_s3.sh start "$folder"); then
    echo "skipped: ${AWS_ENDPOINT_URL_S3:-no server}"
    table+=("$(printf '%-42s %-6s' "$name" skipped)")
    return
  fi
  export AWS_ENDPOINT_URL_S3 AWS_ACCESS_KEY_ID=test:tester AWS_SECRET_ACCESS_KEY=testing
  local client=(/usr/bin/python3 -B tests/integration/s3_client.py "$AWS_ENDPOINT_URL_S3")
  "${client[@]}" make
  "$programs/access_log" "${files[@]}" --to s3://lake/web --codec none --fail-every 3 \
    --size 20MiB --threads 2 >"$work/said" || expect "exit status" 0 $?
  grep -v 'as asked for' "$work/said" || true
  expect "the ledger" \
    "ledger: accepted=$total delivered=$good dropped=0 dead_lettered=$other lost=0 in_memory=0 balanced=yes" \
    "$(tail -n 1 "$work/said")"
  expect "objects in the data" "$good" "$("${client[@]}" lines web/data/ | cut -d ' ' -f 1)"
  for again in 1 2; do
    "$programs/redrive" s3://lake/web/errors --to s3://lake/again --codec none \
      --state "$work/redrive.state" || expect "exit status" 0 $?
    expect "records that were put again" "$other" "$("${client[@]}" lines again/ | cut -d ' ' -f 1)"
  done
  tests/integration/swift_s3.sh stop "$folder"
  unset AWS_ENDPOINT_URL_S3 AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  row "$name" "$good + $other lines"
}

# run_program NAME COMMAND...: a program that checks itself.
run_program() {
  local name=$1
  shift
  echo "== $name"
  "$@" >"$work/said" || expect "exit status" 0 $?
  tail -n 6 "$work/said"
  row "$name" "$(tail -n 1 "$work/said")"
}

build
if ((${#files[@]} == 0)); then
  "${log_lines[@]}" make 200000 20261123 >"$work/access.log"
  files=("$work/access.log")
fi
read -r good other < <("${log_lines[@]}" count "${files[@]}")
total=$((good + other))
echo "== input: $good log lines, $other others"

run_quickstart
for fail_every in 0 3; do
  run_access_log zstd:3 "zstd -dcq" "$fail_every"
  run_access_log gzip "gzip -dc" "$fail_every"
  run_access_log none cat "$fail_every"
done
run_parquet
run_into_s3
run_program your_own_sink "$programs/your_own_sink"
run_program web_server python3 -B examples/web_server/test.py "$programs/web_server" 2
run_program game_server "$programs/game_server" --seconds 2

echo "== examples: $SECONDS s"
printf '%s\n' "${table[@]}"
((failed == 0))
