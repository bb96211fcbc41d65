#!/usr/bin/env bash
# Brings the real parts that the tests run against; what it cannot bring it names, with what is skipped for it.
# Usage: tests/setup-parts.sh vm     the MicroPython VM alone (needs Node and npm, never root)
#        tests/setup-parts.sh all    everything `make test` uses (by apt-get where it may)
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
vm_dir=simulator/juzhu_simulator/micropython

have() { command -v "$1" >/dev/null 2>&1; }
node_ok() { have node && have npm && [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge 18 ]; }

if have flock; then
    exec 8>.venv.lock
    flock 8
fi

install_vm() {
    local stamp=$vm_dir/node_modules/.stamp want
    if ! node_ok; then
        echo "setup: no MicroPython VM: it needs node >= 18 and npm on PATH; going on with CPython alone"
        return
    fi
    want=$(cat "$vm_dir/package-lock.json" | sha256sum)
    [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return
    echo "setup: installing the MicroPython VM"
    if (cd "$vm_dir" && npm ci --silent --no-audit --no-fund >npm.log 2>&1); then
        echo "$want" >"$stamp"
        rm -f "$vm_dir/npm.log"
    else
        tail -n 5 "$vm_dir/npm.log" >&2 || true
        echo "setup: no MicroPython VM: npm ci failed (above); going on with CPython alone"
    fi
}

# Each line: the probe, the Debian package that satisfies it, what is skipped without it.
parts() {
    cat <<'LIST'
have mosquitto|mosquitto|the tests against a real MQTT broker
have pcscd|pcscd|the PC/SC tests
vpcd_there|vsmartcard-vpcd|the PC/SC tests
header_there|libpcsclite-dev|the PC/SC tests (pyscard is built from source)
have gcc|gcc|the PC/SC tests (pyscard is built from source)
python_header_there|python3-dev|the PC/SC tests (pyscard is built from source)
have opensc-tool|opensc|the PC/SC tests with OpenSC
have pcsc_scan|pcsc-tools|the PC/SC tests with pcsc_scan
have unshare|util-linux|the tests in a namespace of their own
have ip|iproute2|the tests in a namespace of their own
node_ok|nodejs npm|the tests in the MicroPython VM
LIST
}
vpcd_there() { compgen -G '/usr/lib/pcsc/drivers/serial/libifdvpcd*' >/dev/null || compgen -G '/etc/reader.conf.d/vpcd' >/dev/null; }
header_there() { [ -e /usr/include/PCSC/winscard.h ] || pkg-config --exists libpcsclite 2>/dev/null; }
python_header_there() { [ -e "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ]; }

missing_packages() {
    local probe package _
    while IFS='|' read -r probe package _; do
        $probe || echo "$package"
    done < <(parts)
}

install_packages() {
    local packages=$1 policy=/usr/sbin/policy-rc.d made_policy=0 log
    log=$(mktemp)
    echo "setup: apt-get install" $packages
    # Keep the packages' daemons from starting: the tests start their own, on ports of their own.
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        made_policy=1
    fi
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # a list of package names
    if ! { apt-get update -q && apt-get install -q -y --no-install-recommends $packages; } </dev/null >"$log" 2>&1; then
        tail -n 10 "$log" >&2
        echo "setup: apt-get failed (above)"
    fi
    rm -f "$log"
    if [ "$made_policy" = 1 ]; then rm -f "$policy"; fi
}

install_pyscard() {
    local stamp=.venv/.stamp-pcsc want
    header_there && have gcc && python_header_there || return 0
    want=$(cat requirements-pcsc.txt | sha256sum)
    [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return
    echo "setup: building pyscard"
    if PATH=$PWD/.venv/bin:$PATH .venv/bin/python -m pip install -q --no-user --no-deps --no-build-isolation \
        --require-hashes -r requirements-pcsc.txt >.venv/pyscard.log 2>&1; then
        echo "$want" >"$stamp"
    else
        tail -n 10 .venv/pyscard.log >&2
        echo "setup: pyscard did not build (the whole log: .venv/pyscard.log)"
    fi
}

if [ "${1:-all}" = vm ]; then
    install_vm
    exit 0
fi

packages=$(missing_packages | tr '\n' ' ')
if [ -n "$packages" ] && [ "$(id -u)" = 0 ] && have apt-get; then
    install_packages "$packages"
fi
install_pyscard
install_vm

still_missing=
while IFS='|' read -r probe package skipped; do
    if ! $probe; then
        echo "setup: missing ${package} (probe: ${probe}): skipped are ${skipped}"
        still_missing="$still_missing $package"
    fi
done < <(parts)
if [ -n "$still_missing" ]; then
    echo "setup: to run them all, as root:  apt-get install$still_missing"
fi
