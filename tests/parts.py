"""The real parts that tests run against, how each is found, and what its absence means.

A test says `@needs("mosquitto")`. A missing part skips it with a message that names the remedy;
with JUZHU_REQUIRE_ALL=1 it fails instead.
"""

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VM_DIR = ROOT / "simulator" / "juzhu_simulator" / "micropython"
VM_MODULE = VM_DIR / "node_modules" / "@micropython" / "micropython-webassembly-pyscript" / "micropython.mjs"
VPCD_DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
# Daemons live in sbin, which a plain user's PATH leaves out.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])

needs = pytest.mark.needs


def find(program: str) -> str | None:
    """Absolute path of a program on PATH or in sbin, or None."""
    return shutil.which(program, path=SEARCH_PATH)


def _on_path(program: str) -> Callable[[], bool]:
    return lambda: find(program) is not None


# name: (is it there?, what brings it)
PARTS: dict[str, tuple[Callable[[], bool], str]] = {
    "gcc": (_on_path("gcc"), "apt-get install gcc"),
    "ip": (_on_path("ip"), "apt-get install iproute2"),
    "mosquitto": (_on_path("mosquitto"), "apt-get install mosquitto"),
    "node": (_on_path("node"), "apt-get install nodejs npm"),
    "opensc": (_on_path("opensc-tool"), "apt-get install opensc"),
    "openssl": (_on_path("openssl"), "apt-get install openssl"),
    "pcsc_scan": (_on_path("pcsc_scan"), "apt-get install pcsc-tools"),
    "pcscd": (_on_path("pcscd"), "apt-get install pcscd"),
    "pyscard": (lambda: importlib.util.find_spec("smartcard") is not None, "tests/setup-parts.sh all"),
    "unshare": (_on_path("unshare"), "apt-get install util-linux"),
    "vm": (lambda: find("node") is not None and VM_MODULE.exists(), "tests/setup-parts.sh vm"),
    "vpcd": (VPCD_DRIVER.exists, "apt-get install vsmartcard-vpcd"),
}


def missing(name: str) -> str | None:
    """What to say when the part is not there, or None when it is.

    Raises KeyError for a name that PARTS does not hold.
    """
    present, remedy = PARTS[name]
    return None if present() else f"missing part {name}: {remedy}"


def require_all() -> bool:
    """True when a skip counts as a failure."""
    return os.environ.get("JUZHU_REQUIRE_ALL") == "1"


def nightly() -> bool:
    """True when the long forms run."""
    return os.environ.get("JUZHU_NIGHTLY") == "1"
