"""Who may import whom: read from every file, and the reader of imports shown able to object."""

import subprocess
import sys

import pytest

from import_rule import faults, module_name, package_files
from portable_files import BOARDS, ROOT


def test_every_file_keeps_the_import_rule():
    files = package_files()
    assert len(files) > 4
    broken = []
    for path in files:
        module, is_package = module_name(path)
        broken += faults(path.read_text(encoding="utf-8"), module, is_package)
    assert not broken, "\n".join(broken)


BAD = [
    ("juzhu_protocol.rules.decide", "import juzhu_host", "may not import juzhu_host"),
    ("juzhu_protocol.rules.decide", "from juzhu_device import core", "may not import juzhu_device"),
    ("juzhu_protocol.rules.decide", "from ..schema import card", "for the host alone"),
    ("juzhu_protocol.rules.decide", "from .. import authority", "for the host alone"),
    ("juzhu_protocol.rules.decide", "from ..hostside import native", "for the host alone"),
    ("juzhu_protocol.rules.decide", "from juzhu_protocol.rules import calendar", "are relative"),
    ("juzhu_protocol.rules.decide", "def f():\n    import dataclasses", "dataclasses is not among"),
    ("juzhu_protocol.rules.decide", "import itertools", "itertools is not among"),
    ("juzhu_protocol.rules.decide", "import time", "time is not among"),
    ("juzhu_protocol.rules.decide", "__import__('json')", "json is not among"),
    ("juzhu_protocol.rules.decide", "import machine", "boards alone"),
    ("juzhu_protocol.schema.card", "import juzhu_host", "may not import juzhu_host"),
    ("juzhu_protocol.schema.card", "import machine", "boards alone"),
    ("juzhu_device.core", "from juzhu_protocol import schema", "for the host alone"),
    ("juzhu_device.core", "import juzhu_protocol.authority.sign", "for the host alone"),
    ("juzhu_device.core", "from juzhu_protocol.hostside.roots import load_roots", "for the host alone"),
    ("juzhu_device.core", "from .boards import esp32", "by the chip alone"),
    ("juzhu_device.core", "from machine import Pin", "boards alone"),
    ("juzhu_device.core", "import juzhu_simulator", "may not import juzhu_simulator"),
    ("juzhu_device.boards.esp32", "import juzhu_host", "may not import juzhu_host"),
    ("juzhu_device.boards.esp32", "from juzhu_protocol.authority import sign", "for the host alone"),
    ("juzhu_host.cli", "import juzhu_simulator.demo", "may not import juzhu_simulator"),
    ("juzhu_host.cli", "import importlib\nimportlib.import_module('juzhu_device')", "may not import"),
    ("juzhu_simulator.demo", "from juzhu_host import cli", "may not import juzhu_host"),
    ("juzhu_simulator.demo", "from juzhu_device.boards import esp32", "by the chip alone"),
    ("test_portable_thing", "import pytest", "pytest is not among"),
    ("test_portable_thing", "from juzhu_protocol.schema import card", "for the host alone"),
]


@pytest.mark.parametrize(("module", "source", "expected"), BAD)
def test_forbidden_import_is_named(module, source, expected):
    assert any(expected in fault for fault in faults(source, module))


GOOD = [
    (
        "juzhu_protocol.rules.decide",
        "from . import calendar\nfrom ..errors import RecordError\nimport struct",
    ),
    ("juzhu_protocol.rules.decide", "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from typing import Any"),
    ("juzhu_protocol.schema.card", "import construct\nimport dataclasses\nfrom ..records import card"),
    ("juzhu_device.boards.esp32", "import machine\nfrom ..core import ReaderCore"),
    ("juzhu_host.publish", "from juzhu_protocol.authority import sign\nimport asyncio"),
    ("juzhu_simulator.demo", "from juzhu_device.core import ReaderCore\nfrom juzhu_protocol import errors"),
]


@pytest.mark.parametrize(("module", "source"), GOOD)
def test_allowed_import_passes(module, source):
    assert faults(source, module) == []


def test_relative_import_in_a_package_init_resolves_from_the_package_itself():
    assert faults("from .schema import card", "juzhu_protocol", is_package=True)
    assert faults("from .decide import decide", "juzhu_protocol.rules", is_package=True) == []


def test_daemon_loads_nothing_that_can_sign():
    told = subprocess.run(
        [sys.executable, "-c", "import sys, juzhu_host.daemon; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "juzhu_protocol.hostside.native" in told
    assert not {"juzhu_protocol.authority.signing", "juzhu_protocol.authority.keys"} & set(told)


def test_board_folder_is_the_one_the_design_names():
    assert BOARDS == ROOT / "device" / "juzhu_device" / "boards"
