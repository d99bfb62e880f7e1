#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# OpenStack Swift with its S3 interface, one of everything, on loopback: a
# server that checks signatures, hashes and clocks, written by others.
#
#     swift_s3.sh start DIRECTORY    prints the endpoint when it answers
#     swift_s3.sh stop DIRECTORY     ends what `start` has started there
#
# Key id test:tester, secret testing. Debian packages: swift-proxy swift-account
# swift-container swift-object memcached curl. Needs root, for each server gets
# a /etc/swift of its own. Exits with 77, and says why, where it cannot run.
set -euo pipefail

action=${1:?start or stop}
dir=${2:?a directory}
servers=(memcached account container object proxy)

skip() {
  echo "$1"
  exit 77
}

stop() {
  local name pid
  for name in "${servers[@]}"; do
    if [[ -s $dir/$name.pid ]]; then
      pid=$(<"$dir/$name.pid")
      kill "$pid" 2>/dev/null || true
      for ((i = 0; i < 50; ++i)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
      done
      kill -9 "$pid" 2>/dev/null || true
      rm -f "$dir/$name.pid"
    fi
  done
}

is_open() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Five ports in a row that nobody uses.
find_ports() {
  local try offset
  for ((try = 0; try < 50; ++try)); do
    base=$((20000 + RANDOM % 12000))
    for ((offset = 0; offset < 5; ++offset)); do
      is_open $((base + offset)) && continue 2
    done
    return 0
  done
  skip "no five free ports in a row"
}

# storage_conf NAME PORT
storage_conf() {
  cat >"$dir/etc/$1.conf" <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $2
workers = 0
user = root
swift_dir = $dir/etc
devices = $dir/disks
mount_check = false
fallocate_reserve = 0
log_level = WARNING
[pipeline:main]
pipeline = $1-server
[app:$1-server]
use = egg:swift#$1
CONF
  (cd "$dir/etc" &&
    swift-ring-builder "$1.builder" create 2 1 0 &&
    swift-ring-builder "$1.builder" add "r1z1-127.0.0.1:$2/disk" 1 &&
    swift-ring-builder "$1.builder" rebalance) >"$dir/rings.log" 2>&1
}

proxy_conf() {
  local filter
  {
    printf '%s\n' "[DEFAULT]" "bind_ip = 127.0.0.1" "bind_port = $base" "workers = 0" "user = root" \
      "swift_dir = $dir/etc" "log_level = WARNING" "[pipeline:main]" \
      "pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth slo versioned_writes proxy-server" \
      "[app:proxy-server]" "use = egg:swift#proxy" "allow_account_management = true" \
      "account_autocreate = true" \
      "[filter:cache]" "use = egg:swift#memcache" "memcache_servers = 127.0.0.1:$((base + 4))" \
      "[filter:s3api]" "use = egg:swift#s3api" "location = us-east-1" "s3_acl = false" \
      "[filter:tempauth]" "use = egg:swift#tempauth" "user_test_tester = testing .admin" \
      "storage_url_scheme = http" \
      "[filter:versioned_writes]" "use = egg:swift#versioned_writes" "allow_versioned_writes = true"
    for filter in catch_errors gatekeeper healthcheck listing_formats bulk slo; do
      printf '%s\n' "[filter:$filter]" "use = egg:swift#$filter"
    done
  } >"$dir/etc/proxy.conf"
}

# launch NAME COMMAND...
launch() {
  local name=$1
  shift
  setsid "$@" >"$dir/$name.log" 2>&1 </dev/null &
  echo $! >"$dir/$name.pid"
}

# until_ready COMMAND... waits for what may take a while on a busy machine
until_ready() {
  local i
  for ((i = 0; i < 1200; ++i)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.05
  done
  echo "Swift does not come up: see $dir/*.log" >&2
  exit 1
}

start() {
  local program
  for program in swift-proxy-server swift-object-server swift-container-server swift-account-server \
    swift-ring-builder memcached curl unshare; do
    command -v "$program" >/dev/null || skip "no program $program"
  done
  ((EUID == 0)) || skip "Swift needs root here, for a /etc/swift of its own"
  find_ports
  mkdir -p "$dir/etc" "$dir/disks/disk"
  printf '%s\n' "[swift-hash]" "swift_hash_path_suffix = s" "swift_hash_path_prefix = p" \
    "[storage-policy:0]" "name = one" "default = yes" >"$dir/etc/swift.conf"
  storage_conf account $((base + 1))
  storage_conf container $((base + 2))
  storage_conf object $((base + 3))
  proxy_conf
  unshare -m true 2>/dev/null || skip "unshare -m is not allowed here"
  launch memcached memcached -u nobody -l 127.0.0.1 -p $((base + 4)) -U 0 -m 16
  mkdir -p /etc/swift
  for program in account container object proxy; do
    launch "$program" unshare -m sh -c \
      'mount --bind "$1" /etc/swift && exec "swift-$2-server" "$1/$2.conf"' sh "$dir/etc" "$program"
  done
  for program in 1 2 3 4; do
    until_ready is_open $((base + program))
  done
  until_ready curl -sf "http://127.0.0.1:$base/healthcheck"
  echo "http://127.0.0.1:$base"
}

case $action in
  start) start ;;
  stop) stop ;;
  *) skip "start or stop, not $action" ;;
esac
