#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# access_log.sh PROGRAM DIR [--input FILE]... [OPTION...]
#
# Runs access_log into DIR and counts what arrived with zstdcat, zcat, jq and
# grep: each log line must be one line of JSON among the data, every other line
# one record among the errors, and the ledger must say the same. Without an input
# it makes one.
set -euo pipefail

program=$1
dir=$2
shift 2
here=$(dirname "${BASH_SOURCE[0]}")
inputs=()
options=()
while (($# > 0)); do
  if [[ $1 == --input ]]; then
    inputs+=("$2")
    shift 2
  else
    options+=("$1")
    shift
  fi
done

rm -rf "$dir"
mkdir -p "$dir"
if ((${#inputs[@]} == 0)); then
  "$here/make_log.sh" 20000 >"$dir/input.log"
  inputs=("$dir/input.log")
fi

# One object after the other; a name says how it is compressed.
contents() {
  local file
  [[ -d $1 ]] || return 0
  while read -r file; do
    case $file in
      *.zst) zstdcat "$file" ;;
      *.gz) zcat "$file" ;;
      *) cat "$file" ;;
    esac
  done < <(find "$1" -type f | sort)
}

fail() {
  echo "access_log ${options[*]}: $*" >&2
  exit 1
}

# What a log line is, said a second time and in another way.
quoted='"([^"\\]|\\.)*"'
time='[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}'
log_line="^[^ ]+ [^ ]+ .+ \\[$time\\] $quoted [0-9]{1,3} ([0-9]+|-)( $quoted $quoted)?"$'\r'"?\$"

status=0
"$program" "${inputs[@]}" --to "$dir/lake" "${options[@]}" >"$dir/output.txt" || status=$?
ledger=$(tail -n 1 "$dir/output.txt")

all=$(cat "${inputs[@]}" | LC_ALL=C sed '$a\' | wc -l)
good=$(cat "${inputs[@]}" | LC_ALL=C grep -a -c -E "$log_line" || true)
bad=$((all - good))
data=$(contents "$dir/lake/data" | wc -l)
valid=$(contents "$dir/lake/data" | jq -c 'select(type == "object" and .status != null)' | wc -l)
errors=$(contents "$dir/lake/errors" | jq -c 'select(.rawData != null)' | wc -l)
halves=$(find "$dir/lake" -type f -name '*tmp*' | wc -l)

((status == 0)) || fail "exit status $status: $(cat "$dir/output.txt")"
[[ $ledger == "ledger: accepted=$all delivered=$good dropped=0 dead_lettered=$bad lost=0 in_memory=0 balanced=yes" ]] ||
  fail "expected $good good and $bad other lines, but $ledger"
((data == good)) || fail "$data lines of data instead of $good"
((valid == good)) || fail "$valid of $good lines are JSON as expected"
((errors == bad)) || fail "$errors records among the errors instead of $bad"
((halves == 0)) || fail "$halves temporary files were left behind"
printf '%-40s %8d lines: %d delivered, %d dead-lettered, %d objects\n' "access_log ${options[*]}" \
  "$all" "$data" "$errors" "$(find "$dir/lake" -type f | wc -l)"
