"""A whole demo, and then everything that it let out or left behind: no key, no holder, nothing of a card.

Channels: every MQTT message, heard by a subscriber on '#' of the broker that all processes use; the log of every
process; every byte of the readers' flash, tap records among it; every byte of the host's store; what each tap showed.
"""

import asyncio
import contextlib
import json
import sqlite3
import time
from pathlib import Path

import aiomqtt
import pytest
from stages import all_taps_stored, stored_taps

from juzhu_protocol.authority.keys import KeyRing
from juzhu_protocol.authority.permits import Holder
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.records.card import CardKeys, Service
from juzhu_protocol.rules.calendar import add_months
from juzhu_simulator.card import VirtualCard
from juzhu_simulator.demo.cast import DIVISION, TODAY
from juzhu_simulator.demo.processes import Child, free_port, juzhu
from juzhu_simulator.demo.script import Script
from juzhu_simulator.demo.stage import Stage
from juzhu_simulator.demo.table import Silent
from juzhu_simulator.population import noon
from leaks import (
    ADDRESS,
    CANARY_ADDRESS,
    CANARY_NAME,
    CANARY_NUMBER,
    KEY,
    NAME,
    NUMBER,
    PEOPLE,
    Detector,
    keys_folders,
    secrets_of_folder,
    told,
)
from parts import needs

CANARY = Holder(CANARY_NAME, "女", "汉", CANARY_NUMBER, CANARY_ADDRESS)
FEWEST_MESSAGES = 4


class Listener:
    """A subscriber on '#': everything that goes through the broker."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.heard: list[bytes] = []

    async def __aenter__(self) -> "Listener":
        self._client = aiomqtt.Client("127.0.0.1", self._port)
        await self._client.__aenter__()
        await self._client.subscribe("#", qos=1)
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._client.__aexit__(None, None, None)

    async def _listen(self) -> None:
        async for message in self._client.messages:
            self.heard.append(message.topic.value.encode() + b"\n" + bytes(message.payload))

    async def hears(self, part: bytes, limit_s: float = 20.0) -> None:
        """Wait until a message holds this."""
        started = time.monotonic()
        while not any(part in message for message in self.heard):
            assert time.monotonic() - started < limit_s, part
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def own_broker(folder: Path):
    """A broker of the test's own; its port."""
    port = free_port()
    child = Child("broker", [*juzhu(), "broker", "--port", str(port)], folder / "broker.log")
    await child.start()
    try:
        for _ in range(400):
            if "ready" in child.log_tail():
                break
            await asyncio.sleep(0.025)
        yield port
    finally:
        await child.stop()


class Said(Silent):
    """Keeps what was shown of each tap."""

    def __init__(self) -> None:
        self.taps = []

    def tap(self, tap) -> None:
        self.taps.append(tap)


def left_behind(folder: Path, heard: "list[bytes]", shown: object = ()) -> "dict[str, bytes]":
    """Channel -> everything that went there."""
    found = {"mqtt": b"\n".join(heard), "shown": repr(shown).encode()}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            if path.suffix == ".log":
                found[f"log {path.name}"] = path.read_bytes()
            elif path.parent.name.endswith("-flash"):
                found[f"flash {path.parent.name}/{path.name}"] = path.read_bytes()
            elif path.name.startswith("host.db"):
                found[f"store {path.name}"] = path.read_bytes()
    return found


def leaks(found: "dict[str, bytes]", detector: Detector) -> "list[str]":
    """A line for everything that is where it may not be."""
    return [line for channel, data in found.items() for line in told(detector.find(data), channel)]


def everything_secret(stage: Stage) -> Detector:
    """Keys of all folders, readers and cards, and what a card holds that no reader of a bus may keep."""
    detector = Detector()
    for folder in keys_folders(stage.folder):
        for label, secret in secrets_of_folder(folder):
            detector.add_key(label, secret)
    for name in stage.readers:
        config = json.loads((stage.folder / f"{name}.json").read_text())
        detector.add_key(f"{name}'s own key", bytes.fromhex(config["reader_key"]))
        for master in config["bus_masters"].values():
            detector.add_key(f"a SAM master of {name}", bytes.fromhex(master))
    for name, image in stage.cast.images.items():
        if image.card_keys:
            keys = CardKeys.from_bytes(image.card_keys)
            for field in (field for field in CardKeys.__slots__ if field.endswith("_key")):
                detector.add_key(f"the {field} of the card '{name}'", getattr(keys, field))
        detector.add_key(
            f"SERVICE's signature of the card '{name}'", Service.from_bytes(image.service).signature
        )
        for what in ("holder", "photo", "security"):
            detector.add_key(f"{what} of the card '{name}'", getattr(image, what))
    return detector


def issue_to_the_canary(stage: Stage) -> None:
    """One more permit, to a person whom only this test knows."""
    cast, now = stage.cast, noon(TODAY - 40)
    keys = KeyRing.load(cast.keys)
    with Registry(cast.registry) as registry:
        permit = registry.issue(
            CANARY,
            address=CANARY_ADDRESS,
            issuing_division=410202,
            keys=keys,
            now=now,
            registered_day=add_months(TODAY - 40, -6),
        )
        cast.permits["canary"] = permit
        cast.images["canary"] = registry.card_image(DIVISION, permit.serial, keys)


@needs("vm")
async def test_whole_demo_lets_out_no_key_no_holder_and_nothing_of_a_card(tmp_path):
    said = Said()
    async with own_broker(tmp_path) as port, Listener(port) as listener:
        folder = tmp_path / "stage"
        async with Stage(folder, ["cpython", "micropython"], f"mqtt://127.0.0.1:{port}") as stage:
            await stage.ready()
            await asyncio.to_thread(issue_to_the_canary, stage)
            script = Script(stage, said)
            await script.play()
            answers = [
                (await stage.field.tap(reader, VirtualCard(stage.cast.images["canary"]))).shown
                for reader in stage.readers
            ]
            assert {shown["answer"] for shown in answers} == {"ALLOW"}
            assert script.unexpected == 0
            for reader, runtime in stage.readers.items():
                judged = [tap for tap in said.taps if tap.runtime == runtime and tap.answer != "TRY AGAIN"]
                await at_least_stored(stage, reader, len(judged) + 1)
        secret = everything_secret(stage)
        found = left_behind(tmp_path, listener.heard, (said.taps, answers))
    assert len(secret) > 100
    assert len(listener.heard) >= FEWEST_MESSAGES
    for topic in ("list/manifest", "juzhu/1/trust", f"juzhu/1/{DIVISION}/profile"):
        assert topic.encode() in found["mqtt"], topic
    for channel in ("log daemon.log", "log publisher.log", "log broker.log", "store host.db"):
        assert found[channel], channel
    for reader in stage.readers:
        assert len(set(found[f"flash {reader}-flash/taps"])) > 16, reader
    assert leaks(found, secret) == []


async def at_least_stored(stage: Stage, reader: str, count: int) -> None:
    """Wait until the host holds so many taps of a reader, or more, without a gap."""
    started = time.monotonic()
    while len(held := stored_taps(stage, reader)) < count:
        assert time.monotonic() - started < 30, f"{reader}: {len(held)} of {count}"
        await asyncio.sleep(0.05)
    await all_taps_stored(stage, reader, max(held[-1], stored_taps(stage, reader)[-1]))


# ---------------------------------------------------------------- canaries in every channel


SECRET = bytes.fromhex("5be0cd19137e2179a54ff53a3c6ef372bb67ae856a09e667cbbb9d5dc1059ed8")


def planted() -> Detector:
    detector = Detector()
    detector.add_key("planted", SECRET)
    return detector


async def test_canary_in_a_message_is_met(tmp_path):
    async with own_broker(tmp_path) as port, Listener(port) as listener:
        async with aiomqtt.Client("127.0.0.1", port) as other:
            await other.publish(f"juzhu/1/{DIVISION}/host/h1/taps", SECRET, qos=1, retain=True)
            await other.publish("somewhere/else", CANARY_NUMBER, qos=1)
            await other.publish(f"in/a/topic/{SECRET.hex()}/last", b"x", qos=1)
        await listener.hears(b"last")
    found = left_behind(tmp_path, listener.heard)
    assert leaks(found, planted()) == [
        f"mqtt shows a {NUMBER} as it stands: of a made-up holder",
        f"mqtt shows a {KEY} as it stands: planted",
        f"mqtt shows a {KEY} in hex: planted",
    ]


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_store(folder: Path, value: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(folder / "host.db")) as connection:
        connection.execute("create table taps (raw blob)")
        connection.execute("insert into taps values (?)", (value,))
        connection.commit()


PLACES = {
    "log daemon.log": lambda top, data: write(top / "stage" / "daemon.log", b"took " + data.hex().encode()),
    "flash r-flash/taps": lambda top, data: write(top / "stage" / "r-flash" / "taps", b"\xff" * 70 + data),
    "flash r-flash/state0": lambda top, data: write(
        top / "stage" / "r-flash" / "state0", data + b"\xff" * 70
    ),
    "store host.db": lambda top, data: write_store(top / "stage", data),
    "store host.db-journal": lambda top, data: write(top / "stage" / "host.db-journal", b"\x00" * 9 + data),
}
CANARIES = {
    KEY: SECRET,
    NAME: CANARY_NAME.encode(),
    NUMBER: CANARY_NUMBER.encode("utf-16-le"),
    ADDRESS: CANARY_ADDRESS.encode("utf-16-le"),
}


@pytest.mark.shows("log file", *PEOPLE, why="a canary is planted in a log on purpose, and met there")
@pytest.mark.parametrize("kind", CANARIES)
@pytest.mark.parametrize("place", PLACES)
def test_canary_that_is_left_anywhere_is_met(tmp_path, place, kind):
    assert leaks(left_behind(tmp_path, []), planted()) == []
    PLACES[place](tmp_path, CANARIES[kind])
    lines = leaks(left_behind(tmp_path, []), planted())
    assert lines
    assert all(f"{place} shows a" in line and f" {kind} " in line for line in lines)


@pytest.mark.parametrize("kind", CANARIES)
def test_canary_that_is_shown_is_met(tmp_path, kind):
    shown = [{"answer": "ALLOW", "text": repr(CANARIES[kind])}]
    lines = leaks(left_behind(tmp_path, [], shown), planted())
    assert lines
    assert all("shown shows a" in line and f" {kind} " in line for line in lines)
