#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# quickstart.sh PROGRAM DIR: a thousand lines in, the same lines out, says zstdcat.
set -euo pipefail

program=$1
dir=$2
rm -rf "$dir"
mkdir -p "$dir"
seq 1 1000 | sed 's/^/line /' >"$dir/input"

"$program" "$dir/lake" <"$dir/input" >"$dir/output"
find "$dir/lake" -type f -name '*.zst' -print0 | sort -z | xargs -0 zstdcat | cmp - "$dir/input"
grep -q '^ledger: accepted=1000 delivered=1000 .* balanced=yes$' "$dir/output"
echo "quickstart: $(cat "$dir/output")"
