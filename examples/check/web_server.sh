#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# web_server.sh PROGRAM DIR: starts the server, asks it many times (wrk where it
# is installed), ends it, and counts the lines of its log: as many as requests.
set -euo pipefail

program=$1
dir=$2
rm -rf "$dir"
mkdir -p "$dir"

"$program" --port 0 --to "$dir/lake" >"$dir/output" &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
until grep -q '^listening' "$dir/output"; do
  kill -0 "$server"
  sleep 0.05
done
url=$(grep -o 'http://[0-9.:]*' "$dir/output")

if command -v wrk >/dev/null; then
  wrk -t 2 -c 8 -d "${WEB_SERVER_SECONDS:-1}s" "$url/" | grep -E 'Requests/sec' || true
else
  for _ in $(seq 100); do
    curl -fsS "$url/" >/dev/null
  done
fi
curl -fsS "$url/metrics" >"$dir/metrics"
grep -qE '^[a-z_]+(\{[^}]*\})? [0-9.e+-]+$' "$dir/metrics"

kill -TERM "$server"
status=0
wait "$server" || status=$?
trap - EXIT

requests=$(grep -oP '^requests: \K[0-9]+' "$dir/output")
lines=$(find "$dir/lake" -type f -name '*.zst' -print0 | xargs -0 zstdcat | wc -l)
whole=$(find "$dir/lake" -type f -name '*.zst' -print0 | xargs -0 zstdcat |
  grep -cE '^127\.0\.0\.1 - - \[[^]]+\] "GET /(metrics)? HTTP/1\.1" 200 [0-9]+ "-" "[^"]*"$')
echo "web_server: $requests requests, $lines lines of log; $(tail -n 1 "$dir/output")"
((status == 0 && requests > 1 && lines == requests && whole == requests))
tail -n 1 "$dir/output" | grep -q "accepted=$requests delivered=$requests .*balanced=yes"
