"""Measures one reader's taps, heap and hashing, the same way on CPython and inside the MicroPython VM.

begin(inputs) and then step() until it returns a result, both JSON: the VM collects its garbage between two calls
from JavaScript alone, so no step is long. A card is a recorded conversation: the SAM's challenge is always the same,
so the card's answers are too, and no chip's work is in the figures. Imports of the reader's own code stand inside
functions, so that what they cost can be seen.

It does not imitate: the air, a flash chip's speed (its regions are bytes in RAM), a host on the link.
"""

import gc
import json
import sys

from .unit import LOOPS, PIECE, clock_us, median, multiply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterator
    from typing import Any

    from juzhu_device.core import ReaderCore
    from juzhu_device.ports import Flash, Rtc
    from juzhu_protocol.card.conversation import Sam

LONGEST_BURST = 4096
TABLE_STEPS = 40
"""Pieces of a comb in one call."""

_running: "list[Iterator[str]]" = []


class RamFlash:
    """Flash regions in RAM."""

    def __init__(self, sizes: "dict[str, int]") -> None:
        self._regions = {name: bytearray(b"\xff" * size) for name, size in sizes.items()}

    def size(self, region: str) -> int:
        """Return the size of a region in bytes."""
        return len(self._regions[region])

    def read(self, region: str, offset: int, size: int) -> bytes:
        """Return exactly `size` bytes."""
        return bytes(self._regions[region][offset : offset + size])

    def write(self, region: str, offset: int, data: bytes) -> None:
        """Replace the bytes from `offset` on."""
        self._regions[region][offset : offset + len(data)] = data


class FixedRtc:
    """A clock that stands."""

    def __init__(self, unix: int) -> None:
        self._unix = unix

    def read(self) -> "tuple[int, int | None] | None":
        """Return (Unix time, uncertainty in seconds)."""
        return self._unix, 60


class RigPorts:
    """A reader's ports: flash in RAM, a SAM whose challenge never changes."""

    def __init__(self, inputs: "dict[str, Any]", flash: RamFlash) -> None:
        from juzhu_protocol.card.keys import ROLE_BUS
        from juzhu_protocol.card.sam import SoftwareSam
        from juzhu_protocol.crypto.sm3 import compress

        challenge = bytes.fromhex(inputs["challenge"])
        masters = {int(epoch): bytes.fromhex(master) for epoch, master in inputs["bus_masters"].items()}
        self.flash: Flash = flash
        self.rtc: Rtc = FixedRtc(inputs["now"])
        self.sam: Sam = SoftwareSam(ROLE_BUS, masters, lambda size: challenge[:size])
        self.sm3_compress = compress
        self._drawn = 0

    def random(self, size: int) -> bytes:
        """Return bytes that differ from call to call and are the same in every run."""
        self._drawn += 1
        return (b"%8d" % self._drawn * (size // 8 + 1))[:size]


class Recorder:
    """Stands where sha256 is looked up, and keeps every message."""

    def __init__(self, real: "Callable[..., Any]", messages: "list[bytes]") -> None:
        self._real = real
        self._messages = messages

    def __call__(self, data: bytes = b"") -> "RecordedHash":
        """Begin a hash as sha256 does."""
        return RecordedHash(self._real, self._messages, data)


class RecordedHash:
    """One hash whose message is kept when it is asked for."""

    def __init__(self, real: "Callable[..., Any]", messages: "list[bytes]", data: bytes) -> None:
        self._hash = real(data)
        self._messages = messages
        self._data = bytes(data)

    def update(self, data: bytes) -> None:
        """Take more of the message."""
        self._hash.update(data)
        self._data += bytes(data)

    def digest(self) -> bytes:
        """Return the hash."""
        self._messages.append(self._data)
        result: bytes = self._hash.digest()
        return result


def begin(text: str) -> None:
    """Take the inputs; a rig that runs already is forgotten."""
    _running[:] = [_run(json.loads(text))]


def step() -> str:
    """Do the next piece of work; return "" while there is more, and the result at the end."""
    return next(_running[0])


def _run(inputs: "dict[str, Any]") -> "Iterator[str]":
    heap: list[tuple[str, int]] = []
    flash = RamFlash(inputs["regions"])
    yield from _weigh(heap, "before")
    for module in inputs["code"]:
        __import__(module)
    yield from _weigh(heap, "code")
    core = _new_reader(inputs, flash)
    yield from _weigh(heap, "reader")
    _install(core, inputs, "bundle")
    yield from _weigh(heap, "bundle")
    _install(core, inputs, "list")
    yield from _weigh(heap, "list")
    while not _build_tables(core):
        yield ""
    yield from _weigh(heap, "tables")

    multiplications: list[float] = []
    # Node compiles the VM's busy parts anew while they run: the first ones are slow and are not kept.
    yield from _unit([])
    found: dict[str, Any] = {}
    for suite in inputs["cards"]:
        found[suite] = {}
        responses = [bytes.fromhex(response) for response in inputs["cards"][suite]]
        for how in ("cold", "warm"):
            tap: dict[str, Any] = {}
            hashing: dict[str, Any] = {}
            yield from _measure_taps(core, responses, how == "cold", inputs, tap)
            yield from _measure_hashes(core, responses, how == "cold", inputs, hashing)
            found[suite][how] = {"tap": tap, "hashing": hashing}
    yield from _unit(multiplications)
    yield from _weigh(heap, "taps")
    for number in range(inputs["verified_records"]):
        core._verified.add(core._verified.digest(bytes(64), b"%d" % number))  # noqa: SLF001  # to see it full
    yield from _weigh(heap, "verified")
    result = {"unit_us": median(multiplications), "taps": found, "heap": heap}
    yield json.dumps(result)


def _weigh(heap: "list[tuple[str, int]]", name: str) -> "Iterator[str]":
    """Note the bytes of the heap in use, where the runtime tells them."""
    gc.collect()
    # What was asked for is done when the call from JavaScript has returned.
    yield ""
    asked = getattr(gc, "mem_alloc", None)
    if asked is not None:
        heap.append((name, asked()))


def _new_reader(inputs: "dict[str, Any]", flash: RamFlash) -> "ReaderCore":
    from juzhu_device.core import ReaderCore
    from juzhu_device.settings import ReaderSettings
    from juzhu_protocol.rules.kaifeng import KAIFENG
    from juzhu_protocol.trust.bundle import Roots

    roots = inputs["roots"]
    settings = ReaderSettings(
        b"rig",
        bytes(range(32)),
        Roots([bytes.fromhex(key) for key in roots["keys"]], roots["threshold"], roots["suite"]),
        KAIFENG,
        KAIFENG.service("bus.senior"),
    )
    return ReaderCore(settings, RigPorts(inputs, flash), 1)


def _install(core: "ReaderCore", inputs: "dict[str, Any]", what: str) -> None:
    """Give the reader its bundle or list, as its host would."""
    from juzhu_protocol.link.objects import MAX_OBJECT_DATA, OBJECT_LIST, OBJECT_TRUST
    from juzhu_protocol.records.link import ObjectBegin, ObjectData

    kind = OBJECT_TRUST if what == "bundle" else OBJECT_LIST
    content = bytes.fromhex(inputs[what])
    manifest = bytes.fromhex(inputs["manifest"]) if what == "list" else b""
    offset = core.store.begin(ObjectBegin(kind, len(content), manifest), None)
    while offset < len(content):
        offset = core.store.data(ObjectData(kind, offset, content[offset : offset + MAX_OBJECT_DATA]))
    core.store.commit(kind, None)
    core._decide_by_newest()  # noqa: SLF001  # as after bytes from the link: it queues the keys' tables


def _build_tables(core: "ReaderCore") -> bool:
    # What tick() does, without the rest of it.
    return any(core._verifier.step() for _ in range(TABLE_STEPS))  # noqa: SLF001


def _unit(multiplications: "list[float]") -> "Iterator[str]":
    for _ in range(LOOPS // PIECE):
        multiplications.append(_unit_us())
        yield ""


def _tap(core: "ReaderCore", responses: "list[bytes]", cold: bool) -> "list[Any]":
    """One tap from the card found to what is shown; cold: as if no card was seen before."""
    if cold:
        core._verified.clear()  # noqa: SLF001  # costs two empty containers
    core.card_present(0)
    for response in responses:
        actions = core.card_response(response, 0)
    return actions


def _measure_taps(
    core: "ReaderCore", responses: "list[bytes]", cold: bool, inputs: "dict[str, Any]", told: "dict[str, Any]"
) -> "Iterator[str]":
    from juzhu_protocol.rules.reasons import ALLOW

    actions = _tap(core, responses, cold)
    if not actions or actions[0].answer != ALLOW:
        raise ValueError("the rig's card was refused")
    yield ""
    asked = getattr(gc, "mem_alloc", None)
    if asked is not None:
        # Nothing is collected inside a call.
        before = asked()
        _tap(core, responses, cold)
        told["allocated"] = asked() - before
    yield ""
    yield from _burst(lambda: _tap(core, responses, cold), inputs, told)


def _measure_hashes(
    core: "ReaderCore", responses: "list[bytes]", cold: bool, inputs: "dict[str, Any]", told: "dict[str, Any]"
) -> "Iterator[str]":
    """What was hashed in one tap, hashed once more."""
    from array import array
    from hashlib import sha256

    from juzhu_protocol.crypto.sm3 import compress

    messages, sm3_blocks = _recorded(core, responses, cold)

    def again() -> None:
        for message in messages:
            sha256(message).digest()
        for blocks in sm3_blocks:
            compress(array("I", (0,) * 8), blocks)

    yield from _burst(again, inputs, told)
    told["sha256_blocks"] = sum([(len(message) + 8) // 64 + 1 for message in messages])
    told["sm3_blocks"] = sum([len(blocks) // 64 for blocks in sm3_blocks])


def _recorded(core: "ReaderCore", responses: "list[bytes]", cold: bool) -> "tuple[list[bytes], list[bytes]]":
    """Return the messages that SHA-256 hashed in one tap, and the blocks that SM3 took in."""
    from juzhu_protocol.crypto.sm3 import compress

    messages: list[bytes] = []
    sm3_blocks: list[bytes] = []

    def record(state: "array[int]", blocks: bytes) -> None:
        sm3_blocks.append(bytes(blocks))
        compress(state, blocks)

    places = [
        module
        for name, module in sys.modules.items()
        if name.startswith("juzhu_") and hasattr(module, "sha256")
    ]
    real = places[0].sha256
    core._verifier._compress = record  # noqa: SLF001  # its port, for one tap
    for module in places:
        module.sha256 = Recorder(real, messages)  # type: ignore[attr-defined]
    try:
        _tap(core, responses, cold)
    finally:
        core._verifier._compress = compress  # noqa: SLF001
        for module in places:
            module.sha256 = real  # type: ignore[attr-defined]
    return messages, sm3_blocks


def _burst(work: "Callable[[], object]", inputs: "dict[str, Any]", told: "dict[str, Any]") -> "Iterator[str]":
    """Tell `us` and `units` of one time, each the median of several bursts as long as the clock needs.

    Units are counted just before and after each burst, since other programs make this one now faster, now slower.
    """
    times = 1
    while times < LONGEST_BURST:
        started = clock_us()
        for _ in range(times):
            work()
        took = clock_us() - started
        yield ""
        if took >= inputs["burst_us"]:
            break
        times *= 2
    values: list[float] = []
    ratios: list[float] = []
    before = _unit_us()
    yield ""
    for _ in range(inputs["count"]):
        started = clock_us()
        for _ in range(times):
            work()
        each = (clock_us() - started) / times
        yield ""
        after = _unit_us()
        yield ""
        values.append(each)
        ratios.append(2 * each / (before + after))
        before = after
    told["us"] = median(values)
    told["units"] = median(ratios)


def _unit_us() -> float:
    """The microseconds of one multiplication now."""
    started = clock_us()
    multiply(PIECE)
    return (clock_us() - started) / PIECE
