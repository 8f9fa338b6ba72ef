# Sourced by the scripts in bin/: installs system packages, and only those that are missing.

# The servers are in sbin, which is not on every user's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

missing=()

# need PACKAGE COMMAND…: the package is missing when the command fails.
need() {
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}

any_of() {
  local name
  for name; do command -v "$name" && return; done
  return 1
}

# This version truncates text results (CONC-821); Debian's security updates have a fixed one.
mariadb_client_is_sound() {
  ! dpkg-query -W -f '${Version}' libmariadb3 2>/dev/null | grep -q '10\.11\.18-'
}

build_packages() {
  need pkg-config command -v pkg-config
  need libmariadb3 mariadb_client_is_sound
  need libmariadb-dev sh -c 'pkg-config --exists libmariadb || pkg-config --exists mysqlclient'
}

database_packages() {
  need mariadb-server any_of mariadbd mysqld
}

proxy_packages() {
  need nginx command -v nginx
  need openssl command -v openssl
}

browser_packages() {
  need chromium command -v chromium
  need chromium-headless-shell command -v chromium-headless-shell
  need chromium-driver command -v chromedriver
  need fontconfig command -v fc-list
  need fonts-noto-cjk sh -c 'fc-list :lang=zh-cn | grep -q .'
  need fonts-noto-color-emoji sh -c 'fc-list :lang=und-zsye | grep -q .'
}

install_missing() {
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || {
    echo "Please install ${missing[*]} (Debian's names; there is no apt-get here to do it) and run this again." >&2
    exit 1
  }
  local root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || {
      echo "Please install ${missing[*]} as root (there is no sudo here) and run this again." >&2
      exit 1
    }
    root=(sudo)
  fi
  echo "Installing ${missing[*]}" >&2
  "${root[@]}" apt-get update -qq >&2
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
  missing=()
}

need_cargo() {
  command -v cargo >/dev/null || [[ ! -x $HOME/.cargo/bin/cargo ]] || PATH=$PATH:$HOME/.cargo/bin
  command -v cargo >/dev/null || {
    echo "Teahouse needs Rust: https://rustup.rs" >&2
    exit 1
  }
}
