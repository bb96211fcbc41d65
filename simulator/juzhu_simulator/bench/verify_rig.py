"""Measures signature checks the same way on CPython and inside the MicroPython VM.

begin(inputs) and then step() until it returns a result, both JSON. The unit is measured before and after each piece of
work, since other programs change the pace; a value in units is the median over the rounds.
"""

import gc
import json
from array import array
from hashlib import sha256

from juzhu_device.table_slots import SLOT_SIZE
from juzhu_protocol.crypto.comb import TEETH, CombTable, TablePair, build_table
from juzhu_protocol.crypto.curve import decode_point
from juzhu_protocol.crypto.signature import (
    SUITE_SM2_SM3,
    curve_of,
    signed_content,
    sm2_z,
    verify_es256,
    verify_sm2,
)
from juzhu_protocol.crypto.sm3 import BLOCK_SIZE, compress, sm3
from juzhu_protocol.records.card import Service
from juzhu_protocol.rules.decide import GENUINE
from juzhu_protocol.trust.bundle import reopen_bundle
from juzhu_protocol.trust.contexts import SERVICE_CONTEXT, signed_part
from juzhu_protocol.trust.service import check_service
from juzhu_protocol.trust.verified import VerifiedRecords
from juzhu_protocol.trust.verifier import SignatureVerifier

from .unit import clock_us, median, multiply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from juzhu_protocol.trust.bundle import TrustedKeys

    Work = tuple[str, Callable[[], object]]

LONGEST_BURST = 4096
BLOCKS = 4
"""So many blocks of SM3 in one piece of work: one is a millisecond or less."""
_SALT = bytes(16)
_NO_TIME_US = 0.001
"""Two pieces may be over before the VM's clock steps."""

_running: "list[Iterator[str]]" = []


def begin(text: str) -> None:
    """Take the inputs; a rig that runs already is forgotten."""
    _running[:] = [_run(json.loads(text))]


def step() -> str:
    """Do the next piece of work; return "" while there is more, and the result at the end."""
    return next(_running[0])


def _run(inputs: "dict[str, Any]") -> "Iterator[str]":
    keys = reopen_bundle(bytes.fromhex(inputs["bundle"]))
    works: list[Work] = []
    about: dict[str, Any] = {}
    for name, text in inputs["services"].items():
        checks = Checks(keys, bytes.fromhex(text))
        yield ""
        works += [(name + " " + what, work) for what, work in checks.works()]
        about[name] = {"hash_blocks": checks.hash_blocks, "table_bytes": SLOT_SIZE}
        yield from _weigh(checks, about[name])
    times = [1] * len(works)
    for i, (_, work) in enumerate(works):
        while times[i] < LONGEST_BURST and _burst(work, times[i]) < inputs["burst_us"]:
            times[i] *= 2
            yield ""
    piece = inputs["piece"]
    units = [_burst(lambda: multiply(piece), 1) / piece]
    found: list[list[float]] = [[] for _ in works]
    for _ in range(inputs["rounds"]):
        for i, (_, work) in enumerate(works):
            yield ""
            took = _burst(work, times[i]) / times[i]
            yield ""
            units.append(_burst(lambda: multiply(piece), 1) / piece)
            found[i].append(2 * took / max(units[-2] + units[-1], _NO_TIME_US))
    values = {works[i][0]: median(found[i]) for i in range(len(works))}
    yield json.dumps({"unit_us": median(units), "values": values, "about": about})


class Checks:
    """One suite's SERVICE record, its key, and all that is done to check it."""

    def __init__(self, keys: "TrustedKeys", raw: bytes) -> None:
        self._keys = keys
        self._raw = raw
        self._record = Service.from_bytes(raw)
        self._suite = self._record.suite
        found = keys.get(self._record.key_id)
        if found is None:
            raise ValueError("the rig's bundle lacks the record's key")
        self._key = found.public_key
        curve = curve_of(self._suite)
        self._pair = TablePair(
            build_table(curve, (curve.gx, curve.gy)), build_table(curve, decode_point(curve, self._key))
        )
        content = signed_content(SERVICE_CONTEXT, signed_part(raw))
        self._signed = sm2_z(self._key, sm3) + content if self._suite == SUITE_SM2_SM3 else content
        self.hash_blocks = (len(self._signed) + 8) // BLOCK_SIZE + 1
        self._verifier = SignatureVerifier()
        self._verified = VerifiedRecords(_SALT)
        for verified in (None, self._verified, self._verified):
            if check_service(raw, self._record, keys, self._verifier, verified) != GENUINE:
                raise ValueError("the rig's record was refused")

    def works(self) -> "list[Work]":
        """Return each thing that is measured, by name."""
        raw, record, keys, verifier = self._raw, self._record, self._keys, self._verifier
        signed, suite, pair = self._signed, self._suite, self._pair
        check = verify_sm2 if suite == SUITE_SM2_SM3 else verify_es256
        digest = verifier.hash(suite, signed)
        cached = _SALT + self._key + raw
        works: list[Work] = [
            ("curve", lambda: check(pair, digest, record.signature)),
            ("hash", lambda: verifier.hash(suite, signed)),
            ("cold", lambda: check_service(raw, record, keys, verifier)),
            ("cached", lambda: check_service(raw, record, keys, verifier, self._verified)),
            ("cached hash", lambda: sha256(cached).digest()),
            ("table from flash", lambda: CombTable(pair.key.curve, TEETH, self.stored())),
        ]
        if suite == SUITE_SM2_SM3:
            state, blocks = array("I", [0] * 8), bytes(BLOCKS * BLOCK_SIZE)
            works.append(("sm3 blocks", lambda: compress(state, blocks)))
        return works

    def stored(self) -> bytes:
        """Return the key's comb as flash holds it."""
        return bytes(len(self._pair.key.entries) * 2 * 32)

    def load(self) -> CombTable:
        """Return another copy of the key's comb, as it is after a restart."""
        return CombTable(self._pair.key.curve, TEETH, self._pair.key.to_bytes())


def _weigh(checks: Checks, about: "dict[str, Any]") -> "Iterator[str]":
    """Note the bytes of heap that a key's comb takes, where the runtime tells them."""
    asked = getattr(gc, "mem_alloc", None)
    about["ram_bytes"] = None
    if asked is None:
        return
    held: list[CombTable] = []
    weights = []
    for _ in range(3):
        # What was asked for is done when the call from JavaScript has returned.
        gc.collect()
        yield ""
        weights.append(asked())
        held.append(checks.load())
        yield ""
    about["ram_bytes"] = weights[2] - weights[1]


def _burst(work: "Callable[[], object]", times: int) -> float:
    started = clock_us()
    for _ in range(times):
        work()
    return clock_us() - started
