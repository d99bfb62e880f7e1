# SPDX-License-Identifier: MIT
#
# Sourced by the run scripts: installs what a Debian machine lacks, and nothing
# where nothing is lacking, so a second run needs no network.

# install_packages NAME...
install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "not a Debian machine: these must be installed by other means: $*" >&2
    return 0
  fi
  local missing=() package
  for package in "$@"; do
    if ! dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed; then
      missing+=("$package")
    fi
  done
  if ((${#missing[@]} == 0)); then
    return 0
  fi
  local as_root=()
  if ((EUID != 0)); then
    as_root=(sudo)
  fi
  echo "installing: ${missing[*]}"
  "${as_root[@]}" apt-get -qq update </dev/null
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}
