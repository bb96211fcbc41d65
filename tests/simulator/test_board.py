"""The virtual board, without processes around it."""

import random

import pytest

from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS
from juzhu_protocol.hostside.roots import load_roots
from juzhu_simulator.reader.board import REGIONS, VirtualBoard


class Flash:
    """Blank flash in memory."""

    def __init__(self):
        self.regions = {name: bytearray(b"\xff" * size) for name, size in REGIONS.items()}

    def size(self, region):
        return len(self.regions[region])

    def read(self, region, offset, size):
        return bytes(self.regions[region][offset : offset + size])

    def write(self, region, offset, data):
        self.regions[region][offset : offset + len(data)] = data


def board(**config):
    roots = load_roots(DEVELOPMENT_KEYS / "roots.toml")
    keys = [key.hex() for key in roots.public_keys.values()]
    installed = {"reader_id": "gate-1", "reader_key": "00" * 32, "roots": {"threshold": 2, "keys": keys}}
    return VirtualBoard({**installed, **config}, Flash(), random.Random(1).randbytes)


@pytest.mark.parametrize("config", [{}, {"rtc": {}}, {"rtc": {"offset_s": 5}}])
def test_clock_of_which_nobody_says_how_sure_it_is_was_set_by_nobody(config):
    assert board(**config)._rtc.read()[1] is None


def test_clock_set_without_saying_how_sure_it_is_is_unsure():
    one = board(rtc={"offset_s": 5, "uncertainty_s": 60})
    assert one._rtc.read()[1] == 60
    one.hardware({"type": "rtc", "offset_s": 7}, 0, 0)
    assert one._rtc.read() == (7, None)
