#!/usr/bin/env bash
# Prepares .venv: `setup.sh base` with what running needs, `setup.sh dev` with the tools of development too.
set -euo pipefail

VENV=.venv
OLDEST=11
NEWEST=13

main() {
  local kind=${1:-base} python
  cd "$(dirname "$0")/.."
  refuse_foreign_platform
  [ -w . ] || stop "$PWD cannot be written" "clone it into a folder of your own"
  if ! fit; then
    rm -rf "$VENV"
    python=$(find_python)
    make_venv "$python"
  fi
  install "$kind"
  mark "$kind"
  take_engine || speak_of_engine
}

say() { printf '%s\n' "$*"; }

stop() { # what, hint
  printf 'setup: %s\n  %s\n' "$1" "$2" >&2
  exit 1
}

refuse_foreign_platform() {
  case "$(uname -s)" in
    Linux) ;;
    Darwin) say "setup: macOS is expected to work, but nobody tests it" ;;
    *) stop "Ollascope does not run on $(uname -s)" "it runs on Linux; on Windows use WSL" ;;
  esac
}

fit() { # is there a whole .venv, of a Python that suits, made in this folder?
  [ -x "$VENV/bin/python" ] && suits "$VENV/bin/python" && "$VENV/bin/python" -m pip --version >/dev/null 2>&1 &&
    grep -qsF -e "$PWD/$VENV" -e "$(pwd -P)/$VENV" "$VENV/bin/activate"
}

find_python() {
  local name
  if [ -n "${PYTHON:-}" ]; then
    suits "$PYTHON" || stop "$PYTHON is no Python 3.$OLDEST to 3.$NEWEST" "name another: make setup PYTHON=/path/to/python3"
    command -v "$PYTHON"
    return
  fi
  for name in python3 python3.13 python3.12 python3.11; do
    if suits "$name"; then
      command -v "$name"
      return
    fi
  done
  stop "no Python 3.$OLDEST to 3.$NEWEST was found (looked at: python3, python3.13, python3.12, python3.11)" \
    "install one (Debian and Ubuntu: apt install python3 python3-venv), or name it: make setup PYTHON=/path/to/python3"
}

suits() {
  "$1" -c "import sys; sys.exit(not (3, $OLDEST) <= sys.version_info[:2] <= (3, $NEWEST))" 2>/dev/null
}

make_venv() {
  local python=$1 log
  say "setup: making $VENV with $("$python" --version)"
  if ! log=$("$python" -m venv "$VENV" 2>&1); then
    rm -rf "$VENV"
    stop "$python cannot make a virtual environment: $(printf '%s' "$log" | head -n 1)" \
      "its venv module is missing or broken; on Debian and Ubuntu: apt install python3-venv"
  fi
}

install() {
  local what=. log
  [ "$1" = dev ] && what=".[dev]"
  say "setup: installing packages into $VENV (about a minute the first time)"
  mkdir -p build
  log=build/setup.log
  if ! "$VENV/bin/python" -m pip install --disable-pip-version-check --retries 2 --timeout 20 -e "$what" >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    stop "the packages could not be installed (all of pip's words are in $log)" "$(why_not "$log")"
  fi
}

why_not() {
  if grep -qiE 'NewConnectionError|Failed to establish|Name or service|timed out|ConnectTimeout|No matching distribution' "$1"; then
    say "the package index cannot be reached: check the network, or name a mirror near you: PIP_INDEX_URL=https://… make setup"
  elif grep -qi 'No space left' "$1"; then
    say "the disk is full: about 500 MB are needed here"
  else
    say "the last lines above say why; make clean && make setup starts afresh"
  fi
}

mark() {
  touch "$VENV/.base"
  if [ "$1" = dev ]; then touch "$VENV/.dev"; fi
}

take_engine() { # the embedded engine's library, if this user has built it before; it is never compiled here
  local words
  words=$("$VENV/bin/python" -m ollascope engine build --no-compile 2>/dev/null) && say "setup: $words"
}

speak_of_engine() {
  if command -v c++ >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null; then
    say "setup: the embedded engine is not built yet, which Ollascope does not need where Ollama answers;"
    say "  $VENV/bin/ollascope engine build compiles it once for all your checkouts, in some minutes"
  else
    say "setup: no C++ compiler was found; the embedded engine needs one (Debian and Ubuntu: apt install g++)"
  fi
}

main "$@"
