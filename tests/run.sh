#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Builds the tests with GCC and runs all of them. Installs what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tests/packages.sh

install_packages g++ cmake ninja-build ccache pkg-config python3 libfmt-dev libzstd-dev zlib1g-dev libsnappy-dev libsimdjson-dev libjq-dev \
  libcurl4-openssl-dev libssl-dev catch2 libcpp-httplib-dev zstd gzip unzip jq strace wrk curl \
  swift-proxy swift-account swift-container swift-object memcached python3-boto3 python3-botocore python3-snappy python3-protobuf
install_npm @duckdb/node-api hyparquet hyparquet-compressors

source tests/steps.sh
mkdir -p build

test_preset gcc-debug
summarize
