#!/usr/bin/env bash
# Write requirements/*.txt again from requirements/*.in. dev.txt is resolved first; the smaller locks are cut from its versions.
# Arguments go to uv (for example: --upgrade, or --upgrade-package flask).
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}

lock() {
  local name=$1
  shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
    "requirements/$name.in" --output-file "requirements/$name.txt" "$@"
  echo "requirements/$name.txt: $(grep -c '^[a-z]' "requirements/$name.txt") packages"
}

lock dev "$@"
for name in generate preview services synthetics budget bench uv; do
  rm -f "requirements/$name.txt"
  lock "$name" --constraint requirements/dev.txt
done
