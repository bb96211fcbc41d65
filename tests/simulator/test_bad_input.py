"""Bad input to the running chain: each leaves a clear log line, unchanged state and a right verdict afterwards.

The publisher is dead in these tests and the attacker holds the broker; manifests that must bear a good
signature are signed with the demo's own list key.
"""

import asyncio
import contextlib
import random
import sqlite3
import time
import tomllib
from hashlib import sha256

import pytest
from stages import PLAIN_STEPS, all_taps_stored, every_verdict, tap

from juzhu_host.bus import MqttBus
from juzhu_protocol.authority.keys import KeyRing
from juzhu_protocol.lists.plain import build_list
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.rules.calendar import day_of
from juzhu_protocol.trust.contexts import MANIFEST_CONTEXT, signed_part
from juzhu_simulator.demo.cast import DIVISION
from juzhu_simulator.demo.stage import Stage

READER = "reader-cpython"
LOG_LIMIT_S = 20.0
WHOLE = 5
"""APDUs of a whole conversation."""
TOPIC = f"juzhu/1/{DIVISION}/list/"


@contextlib.asynccontextmanager
async def captured_stage(folder):
    """A stage whose list is out, whose publisher is dead, and a connection of the attacker's to its broker."""
    async with Stage(folder, ["cpython"]) as stage:
        await stage.ready()
        await stage.children["publisher"].kill()
        async with MqttBus(stage.broker, "attacker") as bus:
            yield stage, bus


def held(stage):
    """(sequence, manifest, content) in the host's store."""
    connection = sqlite3.connect(stage.folder / "host.db")
    try:
        return connection.execute("SELECT sequence, manifest, content FROM lists").fetchone()
    finally:
        connection.close()


def signed_manifest(stage, content, sequence, division=DIVISION):
    """A manifest that the true list key signed, over this content."""
    now = int(time.time()) + stage.clock_offset_s
    key = KeyRing.load(stage.cast.keys).list_key(DIVISION, day_of(now))
    manifest = Manifest(
        suite=1,
        list_division=division,
        key_epoch=1,
        sequence=sequence,
        time=now,
        content_length=len(content),
        content_hash=sha256(content).digest(),
        key_id=key.key_id,
        signature=bytes(64),
    )
    manifest.signature = key.sign(MANIFEST_CONTEXT, signed_part(manifest.to_bytes()))
    return manifest.to_bytes()


def last_bit_flipped(data):
    """The same bytes but for the last bit."""
    return data[:-1] + bytes([data[-1] ^ 1])


def empty_list():
    """A list that would let everybody ride."""
    return build_list(DIVISION, 1000, {})


async def logged(stage, process, words):
    """Wait until a process has logged one line with all these words."""
    log = stage.folder / f"{process}.log"
    started = time.monotonic()
    while True:
        for line in log.read_text().splitlines():
            if all(word in line for word in words):
                return line
        assert time.monotonic() - started < LOG_LIMIT_S, f"no line with {words}: {log.read_text()[-1500:]}"
        await asyncio.sleep(0.02)


async def nothing_changed(stage, before):
    """The host holds what it held, and every card gets the right verdict."""
    assert held(stage) == before
    assert await every_verdict(stage, READER) == []


async def publish_chunk(bus, content, named):
    """Retain `content` as the only chunk of the content that hashes to `named`'s hash."""
    await bus.publish(f"{TOPIC}{sha256(named).hexdigest()}-0", content)


async def test_list_with_one_flipped_bit_is_refused(tmp_path):
    async with captured_stage(tmp_path) as (stage, bus):
        before = held(stage)
        good = empty_list()
        flipped = bytearray(good)
        flipped[7] ^= 0x10
        await publish_chunk(bus, bytes(flipped), named=good)
        await bus.publish(TOPIC + "manifest", signed_manifest(stage, good, 2))
        line = await logged(stage, "daemon", ["refused", "hash"])
        assert "WARNING" in line
        await nothing_changed(stage, before)


async def test_truncated_chunk_is_refused(tmp_path):
    async with captured_stage(tmp_path) as (stage, bus):
        before = held(stage)
        good = empty_list()
        await publish_chunk(bus, good[:-1], named=good)
        await bus.publish(TOPIC + "manifest", signed_manifest(stage, good, 2))
        await logged(stage, "daemon", ["refused", "chunk"])
        await nothing_changed(stage, before)


@pytest.mark.parametrize(
    ("words", "make"),
    [
        pytest.param(
            ["refused a manifest", "410100"],
            lambda stage: signed_manifest(stage, empty_list(), 9, division=410100),
            id="another_division",
        ),
        pytest.param(
            ["refused a manifest", "signature"],
            lambda stage: last_bit_flipped(signed_manifest(stage, empty_list(), 9)),
            id="signature_changed",
        ),
        pytest.param(
            ["refused a manifest", "two different"],
            lambda stage: signed_manifest(stage, empty_list(), 1),
            id="same_number_other_content",
        ),
        pytest.param(["refused a manifest"], lambda stage: b"\x00" * 4096, id="noise"),
    ],
)
async def test_manifest_is_refused(tmp_path, words, make):
    async with captured_stage(tmp_path) as (stage, bus):
        before = held(stage)
        await bus.publish(TOPIC + "manifest", make(stage))
        await logged(stage, "daemon", words)
        await nothing_changed(stage, before)


async def test_older_manifest_is_refused_and_the_newer_stays(tmp_path):
    async with captured_stage(tmp_path) as (stage, bus):
        content = held(stage)[2]
        await bus.publish(TOPIC + "manifest", signed_manifest(stage, content, 8))
        await stage.field.wait_for_list(READER, 8)
        before = held(stage)
        old = empty_list()
        await publish_chunk(bus, old, named=old)
        await bus.publish(TOPIC + "manifest", signed_manifest(stage, old, 7))
        await logged(stage, "daemon", ["refused a manifest", "older"])
        await nothing_changed(stage, before)


async def test_bundle_of_a_stranger_is_refused(tmp_path):
    async with captured_stage(tmp_path) as (stage, bus):
        before = held(stage)
        await bus.publish("juzhu/1/trust", KeyRing.load(stage.folder / "stranger-keys").bundle)
        await logged(stage, "daemon", ["refused a trust bundle"])
        await nothing_changed(stage, before)


async def test_cleared_topics_change_nothing(tmp_path):
    async with captured_stage(tmp_path) as (stage, bus):
        before = held(stage)
        for topic in ("juzhu/1/trust", TOPIC + "manifest"):
            await bus.publish(topic, b"")
        await stage.children["daemon"].kill()
        await stage.children["daemon"].start()
        await logged(stage, "daemon", ["ready"])
        await nothing_changed(stage, before)


async def test_card_that_goes_away_at_every_apdu_is_asked_to_try_again_and_referred_the_third_time(tmp_path):
    async with captured_stage(tmp_path) as (stage, _):
        for pull_at in range(1, WHOLE + 1):
            said = [await tap(stage, READER, "66, in force", pull_at) for _ in range(3)]
            assert said == ["TRY AGAIN", "TRY AGAIN", "REFER, unreadable"]
            assert await tap(stage, READER, "66, in force") == "ALLOW, in-force"


async def test_a_megabyte_of_noise_on_the_link_changes_nothing(tmp_path, caplog):
    async with captured_stage(tmp_path) as (stage, _):
        before = held(stage)
        settings = tomllib.loads((stage.folder / "host.toml").read_text())
        port = int(settings["readers"][0]["port"].rpartition(":")[2])
        rng = random.Random(20171230)
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(16):
            writer.write(rng.randbytes(65536))
            await writer.drain()
        writer.close()
        await nothing_changed(stage, before)
        await all_taps_stored(stage, READER, len(PLAIN_STEPS))
        await logged(stage, "daemon", ["reader-cpython", "trying again"])
        assert "broken frames on the link" in caplog.text
