# shellcheck shell=bash
# What ./run and ./check share: install what is missing, configure, build. Everything said here goes to standard
# error, and nothing reads standard input: both belong to the program that is run in the end.

say () {
  printf '%s\n' "$*" >&2
}

die () {
  say "${0##*/}: $*"
  exit 1
}

# Prints the packages of the given lists that are not installed.
missing_packages () {
  local wanted installed
  wanted=$(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$@" | sort -u)
  # dpkg-query fails where it does not know a package, which is an answer too
  # shellcheck disable=SC2086
  installed=$( (dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null || true) \
    | sed -n 's/^installed //p' | sort -u)
  comm -23 <(printf '%s\n' "$wanted") <(printf '%s\n' "$installed")
}

# Installs what is missing of the given lists, in one call; does not touch apt where nothing is.
install_packages () {
  local missing count as_root=()
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    command -v meson >/dev/null && command -v ninja >/dev/null && return
    die "this is not Debian, so the packages named in build-aux/packages-* have to be installed by hand, meson first."
  fi
  missing=$(missing_packages "$@")
  [[ -z $missing ]] && return
  # shellcheck disable=SC2086
  set -- $missing
  count=$#
  ! ${offline-false} || die "$count Debian packages are missing, and offline none is installed: $*"

  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "$count Debian packages are missing, and this is neither root nor is there sudo. \
Have someone run, as root:
  apt-get install $*"
    as_root=(sudo)
  fi
  say "Installing $count Debian packages: $*"
  # An update that half fails (a third-party source, say) may still have brought all that the installation needs.
  show_on_terminal "${as_root[@]}" apt-get -q -o DPkg::Lock::Timeout=600 update \
    || say "apt-get update failed; trying with the package lists that are here."
  show_on_terminal "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
    -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 install "$@" \
    || die "apt-get could not install these packages; the reason stands above. Without a network they can be \
installed from any Debian mirror or medium:
  apt-get install $*"
}

# configure FOLDER OPTION…: makes a build folder, or makes it again where it was made for another place.
configure () {
  local folder=$1 stamp again=()
  shift
  stamp="$PWD $*"
  # One without a stamp was made by hand, and is taken as it is.
  if [[ -f $folder/build.ninja && $(cat "$folder/.configured" 2>/dev/null || echo "$stamp") == "$stamp" ]]; then
    return
  fi
  say "Configuring $folder"
  [[ -f $folder/meson-private/coredata.dat ]] && again=(--wipe)
  quietly meson setup "${again[@]}" "$@" "$folder" || die "the configuration failed; the reason stands above."
  printf '%s\n' "$stamp" >"$folder/.configured"
}

# build FOLDER TARGET…: quiet where all is built already.
build () {
  local folder=$1
  if [[ $(ninja -C "$folder" -n "${@:2}" 2>/dev/null | tail -n 1) == *'no work to do'* ]]; then
    return
  fi
  say "Building in $folder"
  show_on_terminal ninja -C "$folder" "${@:2}" || die "the build failed; the first error stands above."
}

# Shows what a command prints only where it fails.
quietly () {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  ((status == 0)) || cat "$log" >&2
  rm -f "$log"
  return "$status"
}

# Somebody who watches sees that something happens; a log is spared what went well.
show_on_terminal () {
  if [[ -t 2 ]]; then "$@" >&2 </dev/null; else quietly "$@"; fi
}

# Of two that want to build at the same time, the second waits. The lock ends with release_build, or the process.
hold_build () {
  mkdir -p "$1"
  exec {build_lock}>"$1/.lock"
  flock -n "$build_lock" && return
  say "Waiting for another build in $1"
  flock "$build_lock"
}

release_build () {
  exec {build_lock}>&-
}

# The system's Python: the one that Debian's python3-pip and python3-gi are for.
python () {
  if [[ -x /usr/bin/python3 ]]; then /usr/bin/python3 "$@"; else python3 "$@"; fi
}
