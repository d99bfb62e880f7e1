#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# make_log.sh LINES: an access log in the combined format, always the same one;
# one line in fifty is none.
set -euo pipefail

awk -v lines="$1" 'BEGIN {
  srand(20260504)
  split("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", month, " ")
  split("/ /index.html /static/app.js /api/v1/orders /images/logo.png /search?q=%22a%22", path, " ")
  agent[0] = "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0"
  agent[1] = "curl/7.88.1"
  agent[2] = "say \\\"friend\\\" \\x16\\x03 and enter"
  agent[3] = "-"
  for (i = 0; i < lines; i++) {
    if (i % 50 == 49) {
      broken = int(rand() * 4)
      if (broken == 0) print "May  4 10:12:31 host sshd[" i "]: Connection closed"
      else if (broken == 1) print "10.0.0.1 - - [04/May/2026:10:12:31 +0000] \"GET / HTTP/1.1"
      else if (broken == 2) print "10.0.0.1 - - [yesterday] \"GET / HTTP/1.1\" 200 1"
      else print ""
      continue
    }
    printf "10.%d.%d.%d - %s [%02d/%s/2026:%02d:%02d:%02d +0000] \"%s %s HTTP/1.1\" %d %s",
      int(rand() * 64), int(rand() * 256), int(rand() * 256), rand() < 0.1 ? "frank" : "-",
      1 + int(i / 86400) % 28, month[5], int(i / 3600) % 24, int(i / 60) % 60, i % 60,
      rand() < 0.2 ? "POST" : "GET", path[1 + int(rand() * 6)],
      rand() < 0.05 ? 404 : 200, rand() < 0.05 ? "-" : int(rand() * 65536)
    if (rand() < 0.9) printf " \"-\" \"%s\"", agent[int(rand() * 4)]
    printf "\n"
  }
}'
