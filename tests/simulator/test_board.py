"""The virtual board, without processes around it."""

import random

import pytest

from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS
from juzhu_protocol.hostside.roots import load_roots
from juzhu_simulator.reader.board import REGIONS, VirtualBoard
from juzhu_simulator.reader.config import ReaderConfig


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


SECRET = "5e" * 32


def installed(**changes):
    roots = load_roots(DEVELOPMENT_KEYS / "roots.toml")
    keys = [key.hex() for key in roots.public_keys.values()]
    config = {
        "reader_id": "gate-1",
        "reader_key": SECRET,
        "roots": {"suite": "ES256", "threshold": 2, "keys": keys},
        "bus_masters": {"1": SECRET},
    }
    return config | changes


def roots(**changes):
    return {"roots": installed()["roots"] | changes}


def board(**changes):
    return VirtualBoard(ReaderConfig(installed(**changes)), Flash(), random.Random(1).randbytes)


@pytest.mark.parametrize("config", [{}, {"rtc": {}}, {"rtc": {"offset_s": 5}}])
def test_clock_of_which_nobody_says_how_sure_it_is_was_set_by_nobody(config):
    assert board(**config)._rtc.read()[1] is None


def test_clock_set_without_saying_how_sure_it_is_is_unsure():
    one = board(rtc={"offset_s": 5, "uncertainty_s": 60})
    assert one._rtc.read()[1] == 60
    one.hardware({"type": "rtc", "offset_s": 7}, 0, 0)
    assert one._rtc.read() == (7, None)


@pytest.mark.parametrize("name", ["bus_masters", "reader_id", "reader_key", "roots"])
def test_config_that_lacks_a_key_is_refused_by_its_name(name):
    config = installed()
    del config[name]
    with pytest.raises(ValueError, match=f"lacks {name}$"):
        ReaderConfig(config)


@pytest.mark.parametrize("config", [[], None, "reader", 1, {}])
def test_json_that_is_no_config_lacks_everything(config):
    with pytest.raises(ValueError, match="lacks bus_masters, reader_id, reader_key, roots"):
        ReaderConfig(config)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bus_masters": {}}, "one entry for each epoch"),
        ({"bus_masters": [SECRET]}, "one entry for each epoch"),
        ({"bus_masters": SECRET}, "one entry for each epoch"),
        ({"bus_masters": {"0": SECRET}}, "epoch '0' is no number from 1 to 255"),
        ({"bus_masters": {"256": SECRET}}, "epoch '256' is no number"),
        ({"bus_masters": {"01": SECRET}}, "epoch '01' is no number"),
        ({"bus_masters": {"-1": SECRET}}, "epoch '-1' is no number"),
        ({"bus_masters": {"１": SECRET}}, "is no number"),
        ({"bus_masters": {"": SECRET}}, "epoch '' is no number"),
        ({"bus_masters": {"2": SECRET[:-1]}}, "master of epoch 2 is no hex"),
        ({"bus_masters": {"2": "x" + SECRET[1:]}}, "master of epoch 2 is no hex"),
        ({"bus_masters": {"2": None}}, "master of epoch 2 is no hex"),
        ({"bus_masters": {"2": SECRET[2:]}}, "master of epoch 2 has 31 bytes, not 32"),
        ({"bus_masters": {"2": SECRET + "00"}}, "master of epoch 2 has 33 bytes, not 32"),
        ({"bus_masters": {"1": SECRET, "2": ""}}, "master of epoch 2 has 0 bytes"),
        ({"reader_id": ""}, "a reader id has 1 to 32 bytes"),
        ({"reader_id": "车"}, "reader_id is a text in ASCII"),
        ({"reader_id": 7}, "reader_id is a text in ASCII"),
        ({"reader_key": SECRET[2:]}, "a reader key has 32 bytes"),
        ({"reader_key": "x"}, "reader_key is no hex"),
        ({"service": "bus.junior"}, "service is the name of one"),
        ({"service": []}, "service is the name of one"),
        ({"rtc": []}, "rtc is offset_s"),
        ({"rtc": {"offset_s": "1"}}, "offset_s is a whole number"),
        ({"rtc": {"uncertainty_s": 0.5}}, "uncertainty_s is a whole number"),
        ({"sabotage": "everything"}, "sabotage is one of signature"),
        ({"roots": None}, "roots holds suite"),
        (roots(suite=None), "roots holds suite"),
        (roots(suite="RS256"), "roots holds suite"),
        (roots(suite=[]), "roots holds suite"),
        (roots(suite="SM2-SM3"), "roots: "),
        (roots(threshold=4), "threshold 4 of 3"),
        (roots(threshold="2"), "threshold is a whole number"),
        (roots(keys="00"), "keys is a list"),
        (roots(keys=["xy"]), "roots: a key is no hex"),
        (roots(keys=["00" * 64]), "roots: "),
    ],
)
def test_wrong_config_is_refused_in_words_without_a_secret(changes, words):
    with pytest.raises(ValueError, match=words) as refused:
        ReaderConfig(installed(**changes))
    assert SECRET[4:-4] not in str(refused.value)


def test_config_of_several_epochs_is_taken_and_shows_no_key():
    config = ReaderConfig(installed(bus_masters={"1": SECRET, "255": "00" * 32}))
    assert config.masters == {1: bytes.fromhex(SECRET), 255: bytes(32)}
    assert "5e5e" not in repr(config)
    assert repr(bytes.fromhex(SECRET))[2:-1] not in repr(config)
