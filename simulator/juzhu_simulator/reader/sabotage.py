"""Break one part of a virtual reader on purpose, so that the demo can show that it would notice.

Only the simulator can do this: the reader's own code has no such switch.
"""

import juzhu_device.core
from juzhu_protocol.rules.decide import STATUS_VALID, Verdict
from juzhu_protocol.rules.reasons import IN_FORCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from juzhu_device.core import ReaderCore

    from .board import VirtualRtc

PARTS = ("signature", "list", "decision", "clock")

WRONG_CLOCK_S = 400 * 86400


def apply_sabotage(part: str, core: "ReaderCore", rtc: "VirtualRtc") -> None:
    """Break `part`: every signature holds; no serial is listed; every verdict is ALLOW; the clock runs wrong."""
    if part == "signature":
        core._verifier.verify = lambda *arguments: True  # noqa: SLF001  # breaking it is the purpose
    elif part == "list":
        juzhu_device.core.ReaderStore.status_of = lambda *arguments: STATUS_VALID
    elif part == "decision":
        juzhu_device.core.decide = (
            lambda record, authenticity, status, service, clock, list_state, profile: Verdict(
                IN_FORCE, clock, list_state
            )
        )
    elif part == "clock":
        rtc.sabotage_s = WRONG_CLOCK_S
    else:
        raise ValueError("nothing called %r can be broken; choose one of %r" % (part, PARTS))
