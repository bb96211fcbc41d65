#!/usr/bin/env bash
# Makes .venv from the locked requirements and installs the four packages into it, editable.
# Usage: tests/setup-venv.sh runtime|dev     A second run with unchanged locks does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
level=${1:-runtime}
venv=.venv
log=$venv/setup.log

# A caller's Python or pip settings must not reach into this environment.
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_USER PIP_NO_BINARY PIP_REQUIRE_VIRTUALENV PIP_CONSTRAINT VIRTUAL_ENV
export PYTHONNOUSERSITE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

# Two `make` runs at once in one tree wait for each other.
if command -v flock >/dev/null; then
    exec 9>.venv.lock
    flock 9
fi

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.11 python3.12 python3.13 python3.14 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "no Python 3.11 or newer on PATH. Install one, or name it: make demo PYTHON=/path/to/python3.11"
}

make_venv() {
    local python
    python=$(find_python)
    echo "setup: making $venv with $("$python" --version)"
    rm -rf "$venv"
    if "$python" -m venv "$venv" >/dev/null 2>&1 && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    # Debian and Ubuntu split ensurepip off: try whatever else on this machine can bring pip in.
    rm -rf "$venv"
    if "$python" -m virtualenv -q "$venv" >/dev/null 2>&1; then
        return
    fi
    if "$python" -m venv --without-pip "$venv" >/dev/null 2>&1 &&
        "$python" -m pip --python "$venv/bin/python" install -q pip >/dev/null 2>&1; then
        return
    fi
    rm -rf "$venv"
    fail "this Python cannot make a virtual environment with pip (ensurepip is missing)." \
        "On Debian or Ubuntu, as root:  apt-get install python3-venv" \
        "Or name another Python:        make demo PYTHON=/path/to/python3.11"
}

run_logged() {
    if ! "$@" >>"$log" 2>&1; then
        tail -n 25 "$log" >&2
        fail "failed: $*" "the whole log is in $log"
    fi
}

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    make_venv
fi

requirements=requirements.txt
[ "$level" = dev ] && requirements=requirements-dev.txt
stamp=$venv/.stamp-$level
want=$(cat "$requirements" | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ]; then
    echo "setup: installing $requirements"
    : >"$log"
    run_logged "$venv/bin/python" -m pip install -q --no-user --only-binary :all: --require-hashes -r "$requirements"
    echo "$want" >"$stamp"
fi

# The editable install records the entry points, so it follows pyproject.toml.
stamp=$venv/.stamp-editable
want=$(cat pyproject.toml | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" != "$want" ]; then
    run_logged "$venv/bin/python" -m pip install -q --no-user --no-deps --no-build-isolation -e .
    echo "$want" >"$stamp"
fi
