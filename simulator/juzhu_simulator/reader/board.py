"""The virtual board: ReaderCore wired to hardware that is a stream of JSON messages. Runs on both runtimes.

To the board: {"type": "card"} when a card comes into the field; {"type": "response", "apdu": hex or null};
{"type": "rtc", "offset_s": seconds ahead of this machine's clock, "uncertainty_s": seconds or null}.
From it: {"type": "ready"}, {"type": "apdu", "apdu": hex}, {"type": "show", ...}, {"type": "report", "text": ...},
and {"type": "holds", "list_sequence": n} whenever the list in use has changed, as a status light would.

It does not imitate: the anticollision before a card answers, a display's or a flash chip's own delay.
"""

from juzhu_device.actions import Report, SendApdu, SendBytes, Show
from juzhu_device.core import ReaderCore
from juzhu_device.table_slots import SLOT_SIZE
from juzhu_protocol.card.keys import ROLE_BUS
from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.compat import RUNTIME, RUNTIME_NAMES
from juzhu_protocol.crypto.sm3 import compress
from juzhu_protocol.errors import StorageError
from juzhu_protocol.rules.calendar import iso
from juzhu_protocol.rules.lines import SHORT_LINES
from juzhu_protocol.rules.reasons import ANSWER_NAMES, flag_names, reason_name

from .config import ReaderConfig
from .sabotage import apply_sabotage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from juzhu_device.ports import Flash, Rtc
    from juzhu_protocol.card.conversation import Sam

    Action = SendApdu | SendBytes | Show | Report

REGIONS = {
    "state0": 512,
    "state1": 512,
    "trust0": 4096,
    "trust1": 4096,
    "profile0": 2048,
    "profile1": 2048,
    "list0": 262144,
    "list1": 262144,
    "taps": 65536,
    "tables": 16 * SLOT_SIZE,
}
"""Flash regions of a virtual reader and their sizes in bytes."""


class VirtualRtc:
    """A clock that runs with this machine's, ahead of it by a settable offset."""

    def __init__(self, offset_s: int, uncertainty_s: "int | None") -> None:
        self.unix = 0
        self.offset_s = offset_s
        self.uncertainty_s = uncertainty_s
        self.sabotage_s = 0

    def read(self) -> "tuple[int, int | None] | None":
        """Return (Unix time, uncertainty in seconds or None)."""
        return self.unix + self.offset_s + self.sabotage_s, self.uncertainty_s


class VirtualPorts:
    """The ports of a virtual reader; flash and random come from the runtime around it."""

    def __init__(self, flash: "Flash", rtc: "Rtc", sam: "Sam", random: "Callable[[int], bytes]") -> None:
        self.flash = flash
        self.rtc = rtc
        self.sam = sam
        self.sm3_compress = compress
        self.random = random


class VirtualBoard:
    """One reader, installed with `config` (config.py); every call names the time.

    After each call `take_output()` returns what came of it: ("hardware", dict) and ("link", bytes) pairs.
    """

    def __init__(self, config: ReaderConfig, flash: "Flash", random: "Callable[[int], bytes]") -> None:
        self._rtc = VirtualRtc(config.rtc_offset_s, config.rtc_uncertainty_s)
        self._output: list[tuple[str, Any]] = []
        self._core: ReaderCore | None = None
        self._list_sequence = 0
        ports = VirtualPorts(flash, self._rtc, SoftwareSam(ROLE_BUS, config.masters, random), random)
        try:
            self._core = ReaderCore(config.settings, ports, int.from_bytes(random(4), "big"))
        except StorageError as error:
            self._say({"type": "fault", "text": str(error)})
            return
        if config.sabotage:
            apply_sabotage(config.sabotage, self._core, self._rtc)
        self._say({"type": "ready", "reader": config.reader_id, "runtime": RUNTIME_NAMES[RUNTIME]})
        self._tell_list()

    def hardware(self, message: "dict[str, Any]", now_ms: int, unix: int) -> None:
        """A message from the virtual hardware; unknown ones are reported and ignored."""
        self._rtc.unix = unix
        kind = message.get("type")
        if self._core is None:
            return
        if kind == "card":
            self._perform(self._core.card_present(now_ms))
        elif kind == "response":
            apdu = message.get("apdu")
            self._perform(self._core.card_response(bytes.fromhex(apdu) if apdu is not None else None, now_ms))
        elif kind == "rtc":
            self._rtc.offset_s = message["offset_s"]
            # Who does not say how sure a clock is has not set it: 0 would mean sure to the second.
            self._rtc.uncertainty_s = message.get("uncertainty_s")
            self._say({"type": "rtc_set"})
        else:
            self._say({"type": "report", "text": "unknown hardware message"})

    def link(self, data: bytes, now_ms: int, unix: int) -> None:
        """Bytes from the host."""
        self._rtc.unix = unix
        if self._core is not None:
            self._perform(self._core.link_received(data, now_ms))
            self._tell_list()

    def link_lost(self) -> None:
        """The host's line went away."""
        if self._core is not None:
            self._core.link_lost()

    def tick(self, now_ms: int, unix: int) -> None:
        """Time passes."""
        self._rtc.unix = unix
        if self._core is not None:
            self._perform(self._core.tick(now_ms))

    def take_output(self) -> "list[tuple[str, Any]]":
        """Return and forget what is to go out."""
        output, self._output = self._output, []
        return output

    def _say(self, message: "dict[str, Any]") -> None:
        self._output.append(("hardware", message))

    def _tell_list(self) -> None:
        manifest = self._core.store.manifest if self._core else None
        sequence = manifest.sequence if manifest else 0
        if sequence != self._list_sequence:
            self._list_sequence = sequence
            self._say({"type": "holds", "list_sequence": sequence})

    def _perform(self, actions: "list[Action]") -> None:
        for action in actions:
            if isinstance(action, SendApdu):
                self._say({"type": "apdu", "apdu": action.command.hex()})
            elif isinstance(action, SendBytes):
                self._output.append(("link", action.data))
            elif isinstance(action, Show):
                self._say(self._shown(action))
            elif isinstance(action, Report):
                self._say({"type": "report", "text": action.text})

    def _shown(self, show: Show) -> "dict[str, Any]":
        feedback = show.feedback
        message = {
            "type": "show",
            "answer": ANSWER_NAMES[show.answer],
            "apdus": show.apdus,
            "public": {"text": feedback.text, "colour": feedback.colour, "shape": feedback.shape},
            "reason": "",
            "article": "",
            "staff": ("", ""),
        }
        verdict = show.verdict
        if verdict is not None:
            message["reason"] = reason_name(verdict.reason)
            message["article"] = verdict.article
            message["staff"] = SHORT_LINES[verdict.reason]
            message["good_through"] = day_text(verdict.good_through)
            message["restorable_until"] = day_text(verdict.restorable_until)
            message["resident_since"] = day_text(verdict.resident_since)
            message["until"] = day_text(verdict.until)
            message["flags"] = flag_names(verdict.flags)
            message["list_sequence"] = verdict.list_sequence
            message["list_age_hours"] = verdict.list_age
            message["clock_sure"] = verdict.clock.is_sure()
        return message


def day_text(day: "int | None") -> str:
    """Return a day as YYYY-MM-DD, "" for none."""
    return iso(day) if day else ""
