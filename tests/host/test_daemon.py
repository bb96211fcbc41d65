"""`juzhu host run` as a process, between a real broker and readers on real ports."""

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from host.authority_kit import DIVISION, Authority, content_of
from host.reader_pair import FakeReader, tap
from host.test_reader_link import ReaderServer
from juzhu_host.bus import MqttBus
from juzhu_host.daemon import age_text
from juzhu_protocol.lists.topics import chunk, chunk_topics, manifest_topic, profile_topic, trust_topic
from juzhu_protocol.records.trust import Manifest
from mosquitto import Mosquitto
from parts import needs

pytestmark = needs("mosquitto")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as running:
        yield running


@pytest.fixture
async def reader() -> AsyncIterator[ReaderServer]:
    server = ReaderServer(FakeReader(7))
    await server.start()
    yield server
    await server.stop()


class Daemon:
    """The process, its ready line and its log."""

    def __init__(self, folder: Path, authority: Authority, broker: str, ports: list[int]) -> None:
        self.config = folder / "host.toml"
        self.store = folder / "host.db"
        self.log = folder / "host.log"
        self.ready = ""
        readers = "".join(
            f'[[readers]]\nname = "reader {n}"\nport = "tcp://127.0.0.1:{port}"\n'
            for n, port in enumerate(ports)
        )
        self.config.write_text(
            f'broker = "{broker}"\nclient_id = "host-1"\ndivision = {DIVISION}\n'
            f'roots = "{authority.roots_file}"\nstore = "host.db"\nlist_poll_s = 0.5\n{readers}'
        )

    async def start(self) -> "Daemon":
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "juzhu_host.cli", "host", "run", "--config", str(self.config), "-v",
                stdout=asyncio.subprocess.PIPE, stderr=log, env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            self.ready = (await self.process.stdout.readline()).decode()
        return self

    async def end(self, number: int) -> int:
        if self.process.returncode is None:
            # Popen.send_signal would reap one that has just ended by itself, and its exit code be lost.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, number)
        async with asyncio.timeout(20):
            await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode


@pytest.fixture
async def daemon(
    tmp_path: Path, authority: Authority, broker: Mosquitto, reader: ReaderServer
) -> AsyncIterator[Daemon]:
    running = await Daemon(tmp_path, authority, broker.url, [reader.port]).start()
    yield running
    await running.end(signal.SIGKILL)


async def publish(
    broker: Mosquitto, authority: Authority, content: bytes, sequence: int, damage: int = -1
) -> None:
    """Chunks first, the manifest last; `damage` names a byte to flip on the way."""
    manifest = authority.manifest(content, sequence)
    carried = bytearray(content)
    if damage >= 0:
        carried[damage] ^= 1
    async with MqttBus(broker.url, "publisher") as bus:
        await bus.publish(trust_topic(), authority.bundle())
        for n, topic in enumerate(
            chunk_topics(DIVISION, Manifest.from_bytes(manifest).content_hash, len(content))
        ):
            await bus.publish(topic, chunk(bytes(carried), n))
        await bus.publish(manifest_topic(DIVISION), manifest)


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not met():  # noqa: ASYNC110  see below
            # Another process's log tells nobody when it grows.
            await asyncio.sleep(0.02)


async def test_list_goes_from_the_broker_to_the_reader_and_a_tap_into_the_store(
    daemon: Daemon, authority: Authority, broker: Mosquitto, reader: ReaderServer
) -> None:
    assert daemon.ready == f"juzhu host ready: division {DIVISION}, 1 reader, {broker.url}\n"
    content = content_of(30_000)
    await publish(broker, authority, content, 1)
    await reader.until(lambda: reader.reader.status.list_sequence == 1)
    assert reader.reader._offset == len(content)
    reader.reader.ask(0x30, tap(1), 0)
    await reader.until(lambda: reader.reader.receipts == [1])
    assert await daemon.end(signal.SIGTERM) == 0
    rows = sqlite3.connect(daemon.store).execute("select raw from taps").fetchall()
    assert rows == [(tap(1),)]
    assert "ERROR" not in daemon.log.read_text()


async def test_profile_goes_from_the_broker_to_the_reader_and_outlives_the_daemon(
    daemon: Daemon, authority: Authority, broker: Mosquitto, reader: ReaderServer
) -> None:
    async with MqttBus(broker.url, "publisher") as bus:
        await bus.publish(profile_topic(DIVISION), authority.profile(1))
        await bus.publish(trust_topic(), authority.bundle())
    await reader.until(lambda: reader.reader.status.profile_version == 1)
    assert await daemon.end(signal.SIGKILL) == -signal.SIGKILL
    broker.stop()
    reader.reader.status.profile_version = 0
    await daemon.start()
    await reader.until(lambda: reader.reader.status.profile_version == 1)
    assert await daemon.end(signal.SIGTERM) == 0


async def test_ctrl_c_ends_it_cleanly(daemon: Daemon) -> None:
    assert await daemon.end(signal.SIGINT) == 0
    assert "Traceback" not in daemon.log.read_text()


async def test_killed_daemon_serves_its_list_from_the_store_without_a_broker(
    daemon: Daemon, authority: Authority, broker: Mosquitto, reader: ReaderServer
) -> None:
    await publish(broker, authority, content_of(), 4)
    await reader.until(lambda: reader.reader.status.list_sequence == 4)
    reader.reader.ask(0x30, tap(1), 0)
    await reader.until(lambda: reader.reader.receipts == [1])
    assert await daemon.end(signal.SIGKILL) == -signal.SIGKILL
    broker.stop()
    reader.reader.status.bundle_version = reader.reader.status.list_sequence = 0
    await daemon.start()
    await reader.until(lambda: reader.reader.status.list_sequence == 4)
    reader.reader.ask(0x30, tap(2), 0)
    await reader.until(lambda: reader.reader.receipts == [1, 2])
    assert await daemon.end(signal.SIGTERM) == 0
    assert sqlite3.connect(daemon.store).execute("select count(*) from taps").fetchone() == (2,)


async def test_killed_broker_that_comes_back_is_found_again(
    daemon: Daemon, authority: Authority, broker: Mosquitto, reader: ReaderServer
) -> None:
    await publish(broker, authority, content_of(), 1)
    await reader.until(lambda: reader.reader.status.list_sequence == 1)
    broker.stop(signal.SIGKILL)
    await until(lambda: "trying again" in daemon.log.read_text())
    reader.reader.ask(0x30, tap(1), 0)
    await reader.until(lambda: reader.reader.receipts == [1])
    broker.start()
    await publish(broker, authority, content_of(9), 2)
    await reader.until(lambda: reader.reader.status.list_sequence == 2)
    assert await daemon.end(signal.SIGTERM) == 0


async def test_list_with_one_flipped_bit_never_reaches_the_reader(
    daemon: Daemon, authority: Authority, broker: Mosquitto, reader: ReaderServer
) -> None:
    await publish(broker, authority, content_of(), 1)
    await reader.until(lambda: reader.reader.status.list_sequence == 1)
    await publish(broker, authority, content_of(9), 2, damage=30)
    await until(lambda: "hash is not the one that was signed" in daemon.log.read_text())
    assert "list epoch 1 sequence 1 stay in force" in daemon.log.read_text()
    await publish(broker, authority, content_of(10), 3)
    await reader.until(lambda: reader.reader.status.list_sequence == 3)
    await until(lambda: "took list 1.3" in daemon.log.read_text())
    assert "took list 1.2" not in daemon.log.read_text()


async def test_sixty_four_chunks_come_whole_through_a_real_broker(
    daemon: Daemon, authority: Authority, broker: Mosquitto
) -> None:
    await publish(broker, authority, content_of(838_000), 1)
    await until(lambda: "list 410200 epoch 1 sequence 1 is in force" in daemon.log.read_text())
    assert "missing" not in daemon.log.read_text()


async def test_wrong_settings_end_it_with_78_and_one_line(
    tmp_path: Path, authority: Authority, broker: Mosquitto
) -> None:
    daemon = Daemon(tmp_path, authority, broker.url, [])
    await daemon.start()
    assert await daemon.end(signal.SIGTERM) == 78
    assert daemon.ready == ""
    assert "readers: is missing" in daemon.log.read_text()
    assert len(daemon.log.read_text().splitlines()) == 1


async def test_damaged_database_ends_it_with_what_to_do(
    tmp_path: Path, authority: Authority, broker: Mosquitto
) -> None:
    daemon = Daemon(tmp_path, authority, broker.url, [1])
    daemon.store.write_bytes(b"rubbish" * 1000)
    await daemon.start()
    assert await daemon.end(signal.SIGTERM) == 69
    assert "move the file aside" in daemon.log.read_text()


async def test_second_daemon_on_the_same_store_ends_at_once_and_names_the_first(
    daemon: Daemon, tmp_path: Path, authority: Authority, broker: Mosquitto
) -> None:
    (tmp_path / "second").mkdir()
    second = Daemon(tmp_path / "second", authority, broker.url, [1])
    second.config.write_text(second.config.read_text().replace('"host.db"', f'"{daemon.store}"'))
    await second.start()
    assert await second.end(signal.SIGTERM) == 75
    assert second.ready == ""
    line = second.log.read_text().splitlines()[-1]
    assert f"process {daemon.process.pid} is a daemon on this store already" in line


async def test_daemon_starts_while_no_broker_and_no_reader_is_there(
    tmp_path: Path, authority: Authority
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    daemon = Daemon(tmp_path, authority, f"mqtt://127.0.0.1:{closed}", [closed])
    await daemon.start()
    assert "ready" in daemon.ready
    await until(lambda: daemon.log.read_text().count("trying again") >= 2)
    assert await daemon.end(signal.SIGTERM) == 0


def test_age_is_told_as_people_say_it() -> None:
    ages = {-5: "5 s in the future by this machine's clock", 0: "0 s ago", 119: "119 s ago", 120: "2 min ago"}
    ages.update({7199: "119 min ago", 7200: "2 h ago", 172_799: "47 h ago", 172_800: "2 d ago"})
    assert {age: age_text(age) for age in ages} == ages


@pytest.mark.parametrize("where", ["full", "closed"])
async def test_daemon_serves_though_its_ready_line_cannot_be_printed(
    where: str, tmp_path: Path, authority: Authority, broker: Mosquitto, reader: ReaderServer
) -> None:
    daemon = Daemon(tmp_path, authority, broker.url, [reader.port])
    command = f'exec "{sys.executable}" -m juzhu_host.cli host run --config "{daemon.config}" '
    redirect = ">/dev/full" if where == "full" else ">&-"
    with daemon.log.open("ab") as log:
        process = await asyncio.create_subprocess_shell(command + redirect, stderr=log)
    await reader.until(lambda: 0x40 in reader.reader.kinds())
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(20):
        assert await process.wait() == 0
    assert "Traceback" not in daemon.log.read_text()
