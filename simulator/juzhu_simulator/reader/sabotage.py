"""Break one part of a virtual reader on purpose, so that the demo can show that it would notice.

Only the simulator can do this: the reader's own code has no such switch.
"""

import juzhu_device.core
from juzhu_protocol.rules.decide import GENUINE, STATUS_VALID, Verdict
from juzhu_protocol.rules.reasons import IN_FORCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from juzhu_device.core import ReaderCore

    from .board import VirtualRtc

PARTS = ("signature", "session", "list", "decision", "clock")

WRONG_CLOCK_S = 400 * 86400


def apply_sabotage(part: str, core: "ReaderCore", rtc: "VirtualRtc") -> None:
    """Break `part`: every signature holds; what a chip says of itself is not looked at; no serial is listed; every
    verdict is ALLOW; the clock runs wrong."""
    if part == "signature":
        _replace(core._verifier, "verify", lambda *_: True)  # noqa: SLF001  # breaking it is the purpose
    elif part == "session":
        _replace(juzhu_device.core, "check_session", lambda *_: GENUINE)
    elif part == "list":
        _replace(core.store, "status_of", lambda *_: STATUS_VALID)
    elif part == "decision":
        _replace(juzhu_device.core, "decide", _allow)
    elif part == "clock":
        rtc.sabotage_s = WRONG_CLOCK_S
    else:
        raise ValueError(f"nothing called {part} can be broken; choose one of {', '.join(PARTS)}")


def _allow(*looked_at: "Any") -> Verdict:
    clock, list_state = looked_at[4:6]
    return Verdict(IN_FORCE, clock, list_state)


def _replace(owner: object, name: str, substitute: object) -> None:
    setattr(owner, name, substitute)
