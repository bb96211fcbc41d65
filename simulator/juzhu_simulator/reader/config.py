"""What a virtual reader is installed with, as JSON, checked before it starts. Runs on both runtimes.

It holds `reader_id`; `reader_key`, 32 bytes in hex; `roots` with `suite`, `threshold` and `keys`, each X||Y in hex;
`bus_masters`, the masters of the bus role by epoch: {"1": 32 bytes in hex}. It may hold `service` (bus.senior unless
named), `rtc` with `offset_s` and `uncertainty_s`, and, to break it on purpose, `sabotage`.
"""

from juzhu_device.settings import ReaderSettings
from juzhu_protocol.card.keys import MASTER_SIZE
from juzhu_protocol.crypto.signature import SUITES
from juzhu_protocol.errors import KeyFormatError
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.trust.bundle import Roots

from .sabotage import PARTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NEEDED = ("bus_masters", "reader_id", "reader_key", "roots")
MAX_EPOCH = 255
_EPOCHS = [str(number) for number in range(1, MAX_EPOCH + 1)]
_SERVICE = "bus.senior"


class ReaderConfig:
    """A checked config; ValueError says what is wrong with it, and names no secret."""

    def __init__(self, config: "Any") -> None:
        lacking = [name for name in NEEDED if not isinstance(config, dict) or name not in config]
        if lacking:
            raise ValueError("lacks " + ", ".join(lacking))
        name = config["reader_id"]
        if not isinstance(name, str) or not all(0x20 <= byte < 0x7F for byte in name.encode()):
            raise ValueError("reader_id is a text in ASCII")
        service = config.get("service", _SERVICE)
        try:
            rule = KAIFENG.service(service)
        except (KeyError, TypeError, ValueError):
            raise ValueError("service is the name of one, such as " + _SERVICE)
        self.reader_id = name
        self.masters = read_masters(config["bus_masters"])
        self.settings = ReaderSettings(
            name.encode(),
            _hex("reader_key", config["reader_key"]),
            read_roots(config["roots"]),
            KAIFENG,
            rule,
        )
        rtc = config.get("rtc", {})
        if not isinstance(rtc, dict):
            raise ValueError("rtc is offset_s and uncertainty_s, in seconds")
        self.rtc_offset_s = _seconds("offset_s", rtc.get("offset_s", 0))
        uncertainty = rtc.get("uncertainty_s")
        # Who does not say how sure a clock is has not set it: 0 would mean sure to the second.
        self.rtc_uncertainty_s = None if uncertainty is None else _seconds("uncertainty_s", uncertainty)
        self.sabotage = config.get("sabotage")
        if self.sabotage is not None and self.sabotage not in PARTS:
            raise ValueError("sabotage is one of " + ", ".join(PARTS))

    def __repr__(self) -> str:
        return f"ReaderConfig({self.reader_id!r}, keys not shown)"


def read_masters(value: "Any") -> "dict[int, bytes]":
    """Return {epoch: master} of `bus_masters`; ValueError names the epoch and never a master."""
    if not isinstance(value, dict) or not value:
        raise ValueError('bus_masters is {"1": 32 bytes in hex}, one entry for each epoch of card keys')
    masters = {}
    for epoch, master in value.items():
        # The same number written twice would leave one of its masters unused, and nobody told which.
        if epoch not in _EPOCHS:
            raise ValueError(f"bus_masters: epoch {epoch!r} is no number from 1 to {MAX_EPOCH}")
        key = _hex("bus_masters: the master of epoch " + epoch, master)
        if len(key) != MASTER_SIZE:
            raise ValueError(
                f"bus_masters: the master of epoch {epoch} has {len(key)} bytes, not {MASTER_SIZE}"
            )
        masters[int(epoch)] = key
    return masters


def read_roots(value: "Any") -> Roots:
    """Return whom the reader believes; ValueError."""
    if not isinstance(value, dict) or value.get("suite") not in list(SUITES):
        raise ValueError("roots holds suite (ES256 or SM2-SM3), threshold, and keys as hex of X||Y")
    keys, threshold = value.get("keys"), value.get("threshold")
    if not isinstance(keys, list) or type(threshold) is not int:
        raise ValueError("roots: threshold is a whole number, keys is a list")
    try:
        return Roots([_hex("roots: a key", key) for key in keys], threshold, SUITES[value["suite"]])
    except KeyFormatError as error:
        raise ValueError("roots: " + str(error))


def _hex(what: str, text: "Any") -> bytes:
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        raise ValueError(what + " is no hex string")


def _seconds(name: str, value: "Any") -> int:
    if type(value) is not int:
        raise ValueError("rtc: " + name + " is a whole number of seconds")
    return value
