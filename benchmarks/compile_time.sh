#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What including a header costs: seconds of a translation unit that does nothing
# else, the median of three, beside one that includes only <string> and beside
# its budget.
#
#   compile_time.sh [--json FILE]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

json=/dev/null
if [[ ${1-} == --json ]]; then
  json=$2
fi

# milliseconds HEADER
milliseconds() {
  local start end round
  for round in 1 2 3; do
    start=$(date +%s%N)
    echo "#include <$1>" | "${CXX:-g++}" -std=c++20 -fsyntax-only -Iinclude -x c++ -
    end=$(date +%s%N)
    echo $(((end - start) / 1000000))
  done | sort -n | sed -n 2p
}

string=$(milliseconds string)
printf '%6d ms          <string>\n' "$string"
while read -r budget header; do
  took=$(milliseconds "$header")
  printf '%6d ms of %4d  <%s>\n' "$took" "$budget" "$header"
  printf '{"name":"compile_time/%s","value":%d,"unit":"ms","budget":%d,"string":%d}\n' \
    "$header" "$took" "$budget" "$string" >>"$json"
done <<'HEADERS'
350 hydrant/producer.hpp
1500 hydrant/delivery_stream.hpp
1500 hydrant/hydrant.hpp
3000 hydrant/object/zstd.hpp
3000 hydrant/object/directory_store.hpp
HEADERS
