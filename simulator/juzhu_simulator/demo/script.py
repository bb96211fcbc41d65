"""What happens on the stage: the taps in order, then what the authority changes while everything runs."""

import asyncio
import time

from juzhu_protocol.authority.registry import Registry

from ..card import VirtualCard
from ..field import TapResult
from .cast import DIVISION, LANKAO_KEY, STEPS, Step
from .stage import Stage
from .table import Printer, Tap, outcome

SERVICE = "bus.senior"
ARRIVAL_LIMIT_S = 15.0
"""A change of the list that takes longer than this to reach a reader has not arrived."""


class Script:
    """Plays the taps on every reader and counts what was not as expected."""

    def __init__(self, stage: Stage, printer: Printer) -> None:
        self._stage = stage
        self._printer = printer
        self.taps = 0
        self.unexpected = 0
        self.suspend_to_refusal_ms: float | None = None
        self._watched = ""

    def summary(self) -> dict[str, int | float | None]:
        """Return the last object of the JSON output."""
        measured = self.suspend_to_refusal_ms
        return {
            "taps": self.taps,
            "unexpected": self.unexpected,
            "suspend_to_refusal_ms": None if measured is None else round(measured, 1),
        }

    async def play(self) -> None:
        """Play it all once."""
        self._printer.head()
        for step in STEPS:
            for reader in self._stage.readers:
                await self.tap(reader, step)
        await self._suspend_while_running("suspended while it runs")
        await self._restore_while_running("restored while it runs")
        await self._revoke_key_while_running("signed with a stolen key")

    async def tap(self, reader: str, step: Step) -> None:
        """Tap one card on one reader, report it and count it."""
        special_clock = bool(step.clock_ahead_s or step.clock_uncertainty_s)
        if special_clock:
            await self._stage.set_clock(reader, step.clock_ahead_s, step.clock_uncertainty_s)
        result = await self._lay(reader, step.card, step.pull_at)
        if special_clock:
            await self._stage.set_clock(reader)
        self._report(reader, step, result)

    async def watch(self, reader: str, card: str) -> None:
        """Tap a card and print it only when its answer is another than at the last look."""
        result = await self._lay(reader, card)
        now = outcome(result.shown["answer"], result.shown["reason"])
        if now != self._watched:
            self._watched = now
            step = Step(card, result.shown["answer"], result.shown["reason"])
            self._printer.tap(self._tap_of(reader, step, result))

    async def _lay(self, reader: str, card: str, pull_at: int | None = None) -> TapResult:
        return await self._stage.field.tap(reader, VirtualCard(self._stage.cast.images[card]), pull_at)

    def _report(self, reader: str, step: Step, result: TapResult) -> None:
        tap = self._tap_of(reader, step, result)
        self.taps += 1
        self.unexpected += not tap.as_expected
        self._printer.tap(tap)

    def _tap_of(self, reader: str, step: Step, result: TapResult) -> Tap:
        shown = result.shown
        return Tap(
            card=step.card,
            service=SERVICE,
            expected=outcome(step.answer, step.reason),
            answer=shown["answer"],
            reason=shown["reason"],
            article=shown["article"],
            until=shown.get("until", ""),
            runtime=self._stage.readers[reader],
            list_sequence=shown.get("list_sequence", 0),
            list_age_hours=shown.get("list_age_hours"),
            apdus=result.apdus,
            milliseconds=result.milliseconds,
        )

    async def change_and_wait(self, act: str, card: str) -> float | None:
        """Suspend or restore a card's permit; return the milliseconds until the last reader follows, or None."""
        wanted = "DENY" if act == "suspend" else "ALLOW"
        return await self._last_to_answer(card, wanted, await self._act(act, card))

    async def _last_to_answer(self, card: str, wanted: str, started: float) -> float | None:
        waits = await asyncio.gather(
            *(self._until(reader, card, wanted, started) for reader in self._stage.readers)
        )
        arrived = [wait for wait in waits if wait is not None]
        return max(arrived) if len(arrived) == len(waits) else None

    async def _suspend_while_running(self, card: str) -> None:
        for reader in self._stage.readers:
            await self.tap(reader, Step(card, "ALLOW", "in-force"))
        self._printer.note(f"-- the authority suspends the permit of '{card}' (ground 2) --")
        self.suspend_to_refusal_ms = await self.change_and_wait("suspend", card)
        for reader in self._stage.readers:
            await self.tap(reader, Step(card, "DENY", "suspended"))
        if self.suspend_to_refusal_ms is not None:
            self._printer.note(f"-- refused {self.suspend_to_refusal_ms:.0f} ms after the suspension --")

    async def _restore_while_running(self, card: str) -> None:
        for reader in self._stage.readers:
            await self.tap(reader, Step(card, "DENY", "suspended"))
        self._printer.note(f"-- the authority restores the permit of '{card}' --")
        await self.change_and_wait("restore", card)
        for reader in self._stage.readers:
            await self.tap(reader, Step(card, "ALLOW", "in-force"))

    async def _revoke_key_while_running(self, card: str) -> None:
        for reader in self._stage.readers:
            await self.tap(reader, Step(card, "ALLOW", "in-force"))
        self._printer.note(f"-- '{LANKAO_KEY}' was stolen: the root signs a bundle that revokes it --")
        revoked = await self._stage.revoke_key(LANKAO_KEY)
        taken = await self._last_to_answer(card, "REFER", revoked)
        for reader in self._stage.readers:
            await self.tap(reader, Step(card, "REFER", "key-revoked"))
        if taken is not None:
            self._printer.note(f"-- in force on every reader {taken:.0f} ms after the root signed --")

    async def _act(self, act: str, card: str) -> float:
        """Let the authority act on a card's permit; return the moment at which the register had it."""
        stage = self._stage
        serial = stage.cast.permits[card].serial
        now = int(time.time()) + stage.clock_offset_s

        def write() -> float:
            with Registry(stage.cast.registry) as registry:
                if act == "suspend":
                    registry.suspend(DIVISION, serial, 2, now=now)
                else:
                    registry.restore(DIVISION, serial, now=now)
                return time.perf_counter()

        return await asyncio.to_thread(write)

    async def _until(self, reader: str, card: str, answer: str, started: float) -> float | None:
        """Lay the card on the reader until it answers so; return the milliseconds, None if it never does."""
        while time.perf_counter() - started < ARRIVAL_LIMIT_S:
            result = await self._lay(reader, card)
            if result.shown["answer"] == answer:
                return (time.perf_counter() - started) * 1000
        return None
