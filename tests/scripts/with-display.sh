#!/usr/bin/env bash
# with-display.sh PROGRAM…: runs a test that opens windows on a display of its own, away from the user's and its bus.
set -euo pipefail

if ! command -v xvfb-run >/dev/null || ! command -v xauth >/dev/null; then
  echo '1..0 # SKIP xvfb-run is not installed'
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Nothing of the user's settings, files or input methods has a part in a test.
export HOME=$folder XDG_CONFIG_HOME=$folder/config XDG_DATA_HOME=$folder/data XDG_CACHE_HOME=$folder/cache
export XDG_RUNTIME_DIR=$folder/run GSETTINGS_BACKEND=memory GIO_USE_VFS=local GTK_IM_MODULE=gtk-im-context-simple
export GDK_BACKEND=x11 GSK_RENDERER=cairo GTK_A11Y=none NO_AT_BRIDGE=1 LC_ALL=C.UTF-8
# no bus: a portal or an instance that runs must not answer
export DBUS_SESSION_BUS_ADDRESS=unix:path=$folder/no-bus
# nor a GL driver, which nothing here draws with
export GDK_DEBUG=gl-disable
unset WAYLAND_DISPLAY GTK_THEME GTK_DEBUG ADW_DEBUG_COLOR_SCHEME
# The suppressions name callers, which only the slow way finds behind libraries without frame pointers.
if [[ -n ${ASAN_OPTIONS-} ]]; then export ASAN_OPTIONS=$ASAN_OPTIONS:fast_unwind_on_malloc=0; fi
mkdir -m 700 "$folder/run"
xvfb-run --auto-servernum --server-args='-screen 0 1280x1024x24' "$@"
