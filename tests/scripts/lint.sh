#!/usr/bin/env bash
# Are the sources as the formatters and linters want them? TAP, one case a tool.
set -uo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." || exit 1

# sources PATTERN…: what git tracks or would; without git (a tarball) everything outside the build folders
sources () {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    # a file that was deleted but not yet committed is still listed
    git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
      [[ ! -f $file ]] || printf '%s\n' "$file"
    done
  else
    local names=() pattern
    for pattern; do names+=(-o -name "${pattern##*/}"); done
    find . \( -path ./build -o -path ./build-asan \) -prune -o -type f \( "${names[@]:1}" \) -print
  fi
}

number=0
failed=0

# verdict NAME STATUS TEXT: one case; the text explains a failure
verdict () {
  number=$((number + 1))
  if (($2 == 0)); then
    printf 'ok %d - %s\n' "$number" "$1"
  else
    failed=1
    [[ -z $3 ]] || printf '# %s\n' "${3//$'\n'/$'\n'# }"
    printf 'not ok %d - %s\n' "$number" "$1"
  fi
}

skip () {
  number=$((number + 1))
  printf 'ok %d - %s # SKIP %s\n' "$number" "$1" "$2"
}

formatting () {
  local files wrong name='C sources are as clang-format 14 prints them' program=clang-format
  command -v clang-format-14 >/dev/null && program=clang-format-14
  # versions differ in what they print, so only one can be law
  if ! $program --version 2>/dev/null | grep -q 'version 14\.'; then
    skip "$name" 'clang-format 14 is not installed'
    return
  fi
  mapfile -t files < <(sources '*.c' '*.h')
  wrong=$($program --dry-run -Werror "${files[@]}" 2>&1 | sed -n 's/^\([^:]*\):.*clang-format-violations.*/\1/p' | sort -u)
  verdict "$name" "$([[ -z $wrong && ${#files[@]} -gt 0 ]]; echo $?)" \
    "clang-format -i ${wrong//$'\n'/ }"
}

shell_scripts () {
  local text status name='shell scripts pass shellcheck'
  if ! command -v shellcheck >/dev/null; then
    skip "$name" 'shellcheck is not installed'
    return
  fi
  text=$(shellcheck -x run check .ci/run po/update build-aux/*.sh tests/scripts/*.sh tests/ui/*.sh 2>&1)
  status=$?
  verdict "$name" $status "$text"
}

python_scripts () {
  local files text status
  mapfile -t files < <(sources '*.py')
  text=$(python3 - "${files[@]}" 2>&1 <<'PYTHON'
import ast, sys
for name in sys.argv[1:]:
    with open(name, encoding='utf-8') as file:
        ast.parse(file.read(), name)
PYTHON
  )
  status=$?
  verdict 'Python scripts parse' $status "$text"
}

# .editorconfig says so; clang-format sees only C
whitespace () {
  local files text
  mapfile -t files < <(sources '*.c' '*.h' '*.comp' '*.glsl' '*.py' '*.sh' '*.md' '*.build' '*.ui' 'run' 'check' '.ci/run' 'po/update')
  text=$(grep -nE '[[:space:]]+$' "${files[@]}" | head -n 20)
  verdict 'no line ends in white space' "$([[ -z $text ]]; echo $?)" "$text"
}

formatting
shell_scripts
python_scripts
whitespace
printf '1..%d\n' "$number"
exit "$failed"
