#!/usr/bin/env bash
# with-desktop.sh PROGRAM…: runs a test on a display and a session bus of its own, with the accessibility bus that the
# window is driven through. RIPOSTE_UI_SCREEN is the display's size, "1280x900".
set -euo pipefail

for program in Xvfb dbus-run-session /usr/libexec/at-spi-bus-launcher; do
  command -v "$program" >/dev/null || { echo "1..0 # SKIP $program is not installed"; exit 77; }
done
folder=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$folder"' EXIT
# Xvfb itself looks for a number that is free, so that tests may run side by side; it must not start anew, and refuse who
# comes meanwhile, whenever the last client leaves.
Xvfb -displayfd 3 -screen 0 "${RIPOSTE_UI_SCREEN:-1280x900}x24" -nolisten tcp -noreset 3>"$folder/display" 2>"$folder/log" &
server=$!
for ((i = 0; i < 300; i++)); do
  [[ ! -s $folder/display ]] || break
  sleep 0.1
done
[[ -s $folder/display ]] || { cat "$folder/log"; echo 'Bail out! Xvfb does not start'; exit 1; }
DISPLAY=:$(cat "$folder/display")
# the models are where the user has them; everything else of theirs has no part in a test
export RIPOSTE_MODELS=${RIPOSTE_MODELS:-${XDG_DATA_HOME:-$HOME/.local/share}/riposte/models}
export DISPLAY HOME=$folder XDG_CONFIG_HOME=$folder/config XDG_DATA_HOME=$folder/data XDG_CACHE_HOME=$folder/cache
export XDG_RUNTIME_DIR=$folder/run GSETTINGS_BACKEND=memory GIO_USE_VFS=local GTK_IM_MODULE=gtk-im-context-simple
export GDK_BACKEND=x11 GSK_RENDERER=cairo GTK_A11Y=atspi LC_ALL=C.UTF-8 NO_AT_BRIDGE=0
unset WAYLAND_DISPLAY GTK_THEME GTK_DEBUG ADW_DEBUG_COLOR_SCHEME DBUS_SESSION_BUS_ADDRESS AT_SPI_BUS_ADDRESS
mkdir -m 700 "$folder/run"
# Leaks are looked for in the suite app: here they would be those of the desktop's libraries, whose callers only a slower
# way finds.
if [[ -n ${ASAN_OPTIONS-} ]]; then export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0; fi
status=0
# what the buses say of themselves is no news
# shellcheck disable=SC2016
dbus-run-session -- bash -c 'exec "$@" >&4 2>&5' - "$@" 4>&1 5>&2 >"$folder/buses" 2>&1 || status=$?
exit "$status"
