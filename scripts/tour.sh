#!/usr/bin/env bash
# A tour of what there is, in a folder of its own that is removed at the end.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
PATH="$here/.venv/bin:$PATH"
OLLASCOPE_DATA=$(mktemp -d)/data
export OLLASCOPE_DATA
trap 'rm -rf "$(dirname "$OLLASCOPE_DATA")"' EXIT
cd "$(dirname "$OLLASCOPE_DATA")"

show() {
  printf '\n\033[1m$ ollascope %s\033[0m\n' "$*"
  ollascope "$@" || printf '(exit code %d)\n' $?
}

show version
show doctor
show settings init mine.yaml
show settings check mine.yaml
printf 'addresses:\n  dashbord: 8081\n' >mine.yaml
show settings check mine.yaml
show --set addresses.dashboard=8082 settings show
show paths
