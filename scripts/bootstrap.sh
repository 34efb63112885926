#!/usr/bin/env bash
# Make .venv hold exactly requirements/dev.txt, starting from nothing but a python3 >= 3.11.
#
# pip installs one package, the pinned uv; uv installs the rest. Debian's python3 may come without pip and without
# ensurepip (package python3-venv): then the package is installed by apt when that is allowed, or named in the error.
# Environment: PYTHON, the interpreter to use.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv
lock=requirements/dev.txt
stamp=$venv/tillwatch-lock

fail() { echo "setup: $*" >&2; exit 1; }

# step TEXT COMMAND...: run it quietly, say how long it took; show its output only when it fails.
step() {
  local text=$1 log started=$EPOCHREALTIME
  shift
  log=$(mktemp)
  printf '==> %s … ' "$text"
  if "$@" >"$log" 2>&1; then
    awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s\n", b - a }'
    rm -f "$log"
  else
    echo failed
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if command -v "$candidate" >/dev/null && new_enough "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  fail "no Python >= 3.11 found${PYTHON:+ at PYTHON=$PYTHON}. Install one (Debian: apt-get install python3 python3-venv) and run make setup again."
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    command -v sudo >/dev/null && sudo -n true 2>/dev/null && sudo -n "$@"
  fi
}

apt_python_venv() {
  command -v apt-get >/dev/null || return 1
  as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-venv
}

# The host's pip can install into another environment (--python, pip >= 22.3); otherwise ensurepip puts a pip there.
install_uv() {
  local options=(--quiet --disable-pip-version-check --no-input --require-hashes -r requirements/uv.txt)
  if "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m pip --python "$venv/bin/python" install "${options[@]}"
  else
    "$venv/bin/python" -m ensurepip --default-pip && "$venv/bin/python" -m pip install "${options[@]}"
  fi
}

can_install() { "$python" -m pip --version >/dev/null 2>&1 || "$python" -c 'import ensurepip' 2>/dev/null; }

create() {
  rm -rf "$venv"
  "$python" -m venv --without-pip "$PWD/$venv"
}

sync() {
  # uv does not read pip's settings; a mirror that was set for pip in the environment serves uv too.
  if [ -n "${PIP_INDEX_URL:-}" ]; then
    export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}
  fi
  "$venv/bin/uv" pip sync --quiet --require-hashes --python "$venv/bin/python" "$lock"
}

# Scripts in an environment name its path, so one that was copied or moved is made anew.
usable() { [ -x "$venv/bin/uv" ] && grep -qF " $PWD/$venv" "$venv/pyvenv.cfg" && "$venv/bin/python" -c ''; }

wanted=$(sha256sum <"$lock")
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && usable 2>/dev/null; then
  exit 0
fi

python=$(find_python)
if ! can_install; then
  step "python3-venv (apt: this python3 has neither pip nor ensurepip)" apt_python_venv \
    || fail "$python has neither pip nor ensurepip. Install one (Debian: apt-get install python3-venv) and run make setup again."
  can_install || fail "$python still has neither pip nor ensurepip: python3-venv is for Debian's own python3. Run make setup PYTHON=/usr/bin/python3."
fi
rm -f "$stamp"
if ! usable 2>/dev/null; then
  step "$venv ($("$python" --version))" create || fail "could not create $venv."
  step "uv (from PyPI, by pip)" install_uv || fail "pip could not install uv: is PyPI, or a mirror of it, reachable?"
fi
step "$(grep -c '^[a-z]' "$lock") packages of $lock (by uv)" sync || fail "uv could not install $lock: is PyPI, or a mirror of it, reachable?"
echo "$wanted" >"$stamp"
