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

# install_npm NAME...: into build/npm. Programs to test against, which a test does
# without, and says so: no failure here is one.
install_npm() {
  local missing=() package
  for package in "$@"; do
    if [[ ! -d build/npm/node_modules/$package ]]; then
      missing+=("$package")
    fi
  done
  if ((${#missing[@]} == 0)); then
    return 0
  fi
  if ! command -v npm >/dev/null; then
    install_packages nodejs npm || true
  fi
  echo "installing with npm: ${missing[*]}"
  mkdir -p build/npm
  # All of them, and saved: npm removes what it was not told of.
  npm install --prefix build/npm --no-audit --no-fund --silent "$@" </dev/null ||
    echo "npm cannot install ${missing[*]}: tests that need them are skipped" >&2
}
