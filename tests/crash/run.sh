#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Kills processes at random moments, again and again, and counts their records:
#
#     tests/crash/run.sh [--runs N] [--seed S] [--dir DIR]
#
# The last line is `runs=N accepted=N lost=N doubled=N`; both of the last are 0,
# or the exit status is not. The directory should be on a real disk.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source tests/packages.sh
install_packages g++ cmake ninja-build pkg-config libzstd-dev zlib1g-dev libcurl4-openssl-dev catch2

runs=1000 seed=$RANDOM dir=build/crash
while (($# >= 2)); do
  case $1 in
    --runs) runs=$2 ;;
    --seed) seed=$2 ;;
    --dir) dir=$2 ;;
    *)
      echo "usage: tests/crash/run.sh [--runs N] [--seed S] [--dir DIR]" >&2
      exit 2
      ;;
  esac
  shift 2
done

mkdir -p "$dir"
cmake --preset release >/dev/null
cmake --build --preset release --target crash_program
exec build/release/tests/crash/crash_program --runs "$runs" --seed "$seed" --dir "$dir"
