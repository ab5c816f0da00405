#!/usr/bin/env bash
# Prints the version, or sets it everywhere it stands: `version.sh 0.2.0`.
set -euo pipefail
cd "$(dirname "$0")/.."

file=src/ollascope/__init__.py
old=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$file")

if [ $# -eq 0 ]; then
  printf '%s\n' "$old"
  exit 0
fi
if ! [[ $1 =~ ^[0-9]+\.[0-9]+\.[0-9]+((a|b|rc)[0-9]+)?$ ]]; then
  printf 'version: %s is not a version\n  write it as 1.2.3 or 1.2.3rc1\n' "$1" >&2
  exit 2
fi
sed -i.bak "s/^__version__ = .*/__version__ = \"$1\"/" "$file" && rm "$file.bak"
if ! grep -q "^## $1" CHANGELOG.md; then
  sed -i.bak "s/^## Unreleased$/## Unreleased\n\n## $1 ($(date -u +%F))/" CHANGELOG.md && rm CHANGELOG.md.bak
fi
printf 'version: %s -> %s\n' "$old" "$1"
