import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from host.authority_kit import DIVISION, Authority, content_of
from juzhu_host.errors import SecondDaemonError, StoreDamagedError, StoreError
from juzhu_host.store import MAX_JUMP, Store
from juzhu_protocol.hostside.exit_codes import EXIT_TEMPORARY
from juzhu_protocol.records.link import Tap
from juzhu_protocol.records.trust import Manifest
from parts import nightly

PORT, READER, RING = "/dev/front", b"front", 7


def tap(index: int, reason: int = 1) -> bytes:
    record = Tap(
        index=index,
        time=1_800_000_000 + index,
        pseudonym=bytes(8),
        service=7,
        answer=1,
        reason=reason,
        flags=0,
        list_sequence=3,
        chain=index.to_bytes(16, "big"),
    )
    return record.to_bytes()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "host.db")
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("keys"))


async def test_what_was_stored_is_there_after_reopening(tmp_path: Path, authority: Authority) -> None:
    content = content_of()
    manifest = authority.manifest(content)
    store = await Store.open(tmp_path / "host.db")
    assert await store.bundle() is None
    assert await store.division_list(DIVISION) is None
    assert await store.taps_stored(PORT, READER, RING) == 0
    await store.replace_bundle(b"bundle", 3)
    await store.replace_list(manifest, content)
    assert await store.profile(DIVISION) is None
    await store.replace_profile(authority.profile(1))
    await store.replace_profile(authority.profile(2))
    assert await store.store_tap(PORT, READER, RING, tap(5))
    await store.close()
    store = await Store.open(tmp_path / "host.db")
    held = await store.division_list(DIVISION)
    assert held is not None
    assert (held.manifest, held.content) == (manifest, content)
    assert await store.bundle() == b"bundle"
    assert await store.profile(DIVISION) == authority.profile(2)
    assert await store.taps_stored(PORT, READER, RING) == 5
    assert await store.taps(PORT, READER, RING) == [tap(5)]
    await store.close()
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.bundle()


async def test_store_of_earlier_software_is_taken_over_with_its_taps(
    tmp_path: Path, authority: Authority
) -> None:
    path = tmp_path / "host.db"
    store = await Store.open(path)
    await store.store_tap(PORT, READER, RING, tap(5))
    await store.close()
    columns = "reader_id, ring_id, tap_index, time, pseudonym, service, answer, reason, flags"
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript(
            f"""
            create table before (reader_id blob, ring_id integer, tap_index integer, time integer, pseudonym blob,
                service integer, answer integer, reason integer, flags integer, list_sequence integer, chain blob,
                raw blob, primary key (reader_id, ring_id, tap_index)) strict;
            insert into before select {columns}, list_sequence, chain, raw from taps;
            drop table taps; alter table before rename to taps; drop table tap_conflicts; drop table rings;
            create table tap_conflicts (reader_id blob, ring_id integer, tap_index integer, raw blob,
                primary key (reader_id, ring_id, tap_index, raw)) strict;
            insert into tap_conflicts values (x'01', 2, 3, x'04');
            drop table profiles; pragma user_version = 1;
            """
        )
    store = await Store.open(path)
    await store.replace_profile(authority.profile(1))
    # On which port they came is not known: what a reader still holds it sends once more.
    assert await store.taps("", READER, RING) == [tap(5)]
    assert await store.taps_stored(PORT, READER, RING) == 0
    rows = sqlite3.connect(path).execute("select * from tap_conflicts").fetchall()
    assert rows == [("", b"\x01", 2, 3, b"\x04")]
    await store.close()
    store = await Store.open(path)
    assert await store.profile(DIVISION) == authority.profile(1)
    await store.close()


async def test_store_is_for_its_owner_alone(store: Store) -> None:
    await store.replace_bundle(b"bundle", 1)
    modes = {path.name: path.stat().st_mode & 0o777 for path in store.path.parent.iterdir()}
    assert modes == {"host.db": 0o600, "host.db-journal": 0o600, "host.db.lock": 0o600}


async def test_second_daemon_on_a_store_is_refused_by_the_first_one_s_number(store: Store) -> None:
    with pytest.raises(SecondDaemonError, match=f"process {os.getpid()} is a daemon") as caught:
        await Store.open(store.path)
    assert caught.value.exit_code == EXIT_TEMPORARY
    await store.close()
    again = await Store.open(store.path)
    await again.close()


async def test_store_that_could_not_be_opened_lets_its_lock_go(tmp_path: Path) -> None:
    path = tmp_path / "host.db"
    path.write_bytes(b"rubbish" * 1000)
    with pytest.raises(StoreDamagedError):
        await Store.open(path)
    path.unlink()
    await (await Store.open(path)).close()


async def test_tap_sent_again_is_stored_once_and_another_reader_has_its_own_ring(store: Store) -> None:
    assert await store.store_tap(PORT, READER, RING, tap(1))
    assert not await store.store_tap(PORT, READER, RING, tap(1))
    assert await store.store_tap(PORT, b"rear", RING, tap(1))
    assert await store.store_tap(PORT, READER, RING + 1, tap(9))
    assert await store.taps(PORT, READER, RING) == [tap(1)]
    assert await store.taps_stored(PORT, READER, RING) == 1


async def test_gap_in_a_ring_is_not_waited_for(store: Store) -> None:
    for index in (1, 2, 40):
        await store.store_tap(PORT, READER, RING, tap(index))
    assert await store.taps_stored(PORT, READER, RING) == 40
    assert await store.taps(PORT, READER, RING, after=1) == [tap(2), tap(40)]


async def test_second_tap_under_a_taken_index_is_kept_beside_the_first(store: Store) -> None:
    assert await store.store_tap(PORT, READER, RING, tap(1, reason=1))
    assert await store.store_tap(PORT, READER, RING, tap(1, reason=2))
    assert not await store.store_tap(PORT, READER, RING, tap(1, reason=2))
    assert await store.taps(PORT, READER, RING) == [tap(1, reason=1)]
    rows = sqlite3.connect(store.path).execute("select raw from tap_conflicts").fetchall()
    assert rows == [(tap(1, reason=2),)]


async def test_reader_on_another_port_cannot_speak_for_one_that_is_known(store: Store) -> None:
    await store.store_tap(PORT, READER, RING, tap(1))
    for index in (2, 3, MAX_JUMP):
        await store.store_tap("/dev/rogue", READER, RING, tap(index, reason=2))
    assert await store.taps_stored(PORT, READER, RING) == 1
    assert await store.store_tap(PORT, READER, RING, tap(2))
    assert await store.taps(PORT, READER, RING) == [tap(1), tap(2)]


async def test_index_past_all_that_a_reader_can_have_made_is_kept_and_hides_nothing(store: Store) -> None:
    await store.store_tap(PORT, READER, RING, tap(1))
    assert await store.store_tap(PORT, READER, RING, tap(1 + MAX_JUMP + 1))
    assert not await store.store_tap(PORT, READER, RING, tap(1 + MAX_JUMP + 1))
    assert await store.taps_stored(PORT, READER, RING) == 1
    rows = sqlite3.connect(store.path).execute("select raw from tap_conflicts").fetchall()
    assert rows == [(tap(1 + MAX_JUMP + 1),)]
    assert await store.store_tap(PORT, READER, RING, tap(1 + MAX_JUMP))
    assert await store.taps_stored(PORT, READER, RING) == 1 + MAX_JUMP


async def test_ring_on_a_second_port_and_second_ring_on_a_port_are_told_once(store: Store) -> None:
    assert await store.bind_reader(PORT, READER, RING) == []
    assert await store.bind_reader("/dev/rear", b"rear", 9) == []
    for _ in range(2):
        assert await store.bind_reader(PORT, READER, RING) == []
    assert await store.bind_reader("/dev/rear", READER, RING) == [
        (PORT, READER, RING),
        ("/dev/rear", b"rear", 9),
    ]
    assert await store.bind_reader("/dev/rear", READER, RING) == []


async def hold_thread(store: Store, release: asyncio.Event) -> "asyncio.Future[None]":
    """Return once the store's thread is busy; until `release` is set, what comes meanwhile waits together."""
    loop = asyncio.get_running_loop()
    busy = asyncio.Event()

    def wait(_: object) -> None:
        loop.call_soon_threadsafe(busy.set)
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result(30)

    held = asyncio.ensure_future(store._thread.call(wait, writes=False))
    await busy.wait()
    return held


async def test_calls_that_wait_together_share_one_commit(store: Store) -> None:
    release = asyncio.Event()
    held = await hold_thread(store, release)
    calls = [asyncio.ensure_future(store.store_tap(PORT, READER, RING, tap(index))) for index in range(1, 26)]
    await asyncio.sleep(0)
    before = store.commits
    release.set()
    await held
    assert await asyncio.gather(*calls) == [True] * 25
    assert store.commits == before + 1


async def test_one_failure_in_a_group_harms_only_its_caller(store: Store) -> None:
    release = asyncio.Event()
    held = await hold_thread(store, release)

    def half_then_fail(database: object) -> None:
        database.execute("update taps set reason = 99")
        raise sqlite3.IntegrityError("on purpose")

    calls = [
        asyncio.ensure_future(store.store_tap(PORT, READER, RING, tap(1))),
        asyncio.ensure_future(store._thread.call(half_then_fail, writes=True)),
        asyncio.ensure_future(store.store_tap(PORT, READER, RING, tap(2))),
    ]
    await asyncio.sleep(0)
    before = store.commits
    release.set()
    await held
    first, failed, second = await asyncio.gather(*calls, return_exceptions=True)
    assert (first, second) == (True, True)
    assert isinstance(failed, StoreError)
    assert store.commits == before + 1
    reasons = sqlite3.connect(store.path).execute("select reason from taps").fetchall()
    assert reasons == [(1,), (1,)]


async def test_caller_who_gives_up_does_not_stop_the_store(store: Store) -> None:
    release = asyncio.Event()
    held = await hold_thread(store, release)
    impatient = asyncio.ensure_future(store.store_tap(PORT, READER, RING, tap(1)))
    await asyncio.sleep(0)
    impatient.cancel()
    release.set()
    await held
    assert await store.store_tap(PORT, READER, RING, tap(2))
    assert await store.taps_stored(PORT, READER, RING) == 2


async def test_full_disk_refuses_the_new_list_keeps_the_old_and_takes_the_next(
    store: Store, authority: Authority
) -> None:
    old = content_of(3)
    await store.replace_list(authority.manifest(old, 1), old)

    def limit(pages: int) -> None:
        return store._thread.call(
            lambda database: database.execute(f"pragma max_page_count = {pages}").fetchone(), writes=False
        )

    pages = (await limit(0))[0]
    assert pages > 100_000
    await limit(20)
    new = content_of(60_000)
    release = asyncio.Event()
    held = await hold_thread(store, release)
    calls = [
        asyncio.ensure_future(store.store_tap(PORT, READER, RING, tap(1))),
        asyncio.ensure_future(store.replace_list(authority.manifest(new, 2), new)),
        asyncio.ensure_future(store.store_tap(PORT, READER, RING, tap(2))),
    ]
    await asyncio.sleep(0)
    release.set()
    await held
    first, failed, second = await asyncio.gather(*calls, return_exceptions=True)
    assert (first, second) == (True, True)
    assert isinstance(failed, StoreError)
    assert "Free space" in str(failed)
    stored = await store.division_list(DIVISION)
    assert stored is not None
    assert stored.content == old
    assert await store.taps_stored(PORT, READER, RING) == 2
    await limit(pages)
    await store.replace_list(authority.manifest(new, 2), new)
    stored = await store.division_list(DIVISION)
    assert stored is not None
    assert stored.content == new


async def test_damaged_database_is_refused_with_what_to_do(tmp_path: Path, authority: Authority) -> None:
    path = tmp_path / "host.db"
    store = await Store.open(path)
    content = content_of(60_000)
    await store.replace_list(authority.manifest(content), content)
    await store.close()
    sound = path.read_bytes()
    rng = random.Random(4)
    refused: list[str] = []
    for _ in range(20):
        damaged = bytearray(sound)
        for _ in range(rng.randint(1, 64)):
            damaged[rng.randrange(4096 * 8)] ^= rng.randint(1, 255)
        path.write_bytes(damaged)
        try:
            store = await Store.open(path)
        except StoreError as error:
            refused.append(str(error))
        else:
            # Damage within the blob is no damage of the database: the list's hash finds it (list_core).
            await store.close()
    assert len(refused) > 5
    assert all(str(path) in text for text in refused)


async def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "host.db").write_bytes(b"a letter to the editor\n" * 300)
    with pytest.raises(StoreDamagedError, match="move the file aside"):
        await Store.open(tmp_path / "host.db")


async def test_another_programs_database_is_not_written_to(tmp_path: Path) -> None:
    path = tmp_path / "permits.db"
    connection = sqlite3.connect(path)
    connection.execute("create table people (name text)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreDamagedError, match="another program"):
        await Store.open(path)
    assert path.read_bytes() == before


async def test_newer_form_of_the_database_is_refused(tmp_path: Path) -> None:
    await (await Store.open(tmp_path / "host.db")).close()
    connection = sqlite3.connect(tmp_path / "host.db")
    connection.execute("pragma user_version = 4")
    connection.close()
    with pytest.raises(StoreError, match="form is version 4"):
        await Store.open(tmp_path / "host.db")


async def test_folder_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="folder exists"):
        await Store.open(tmp_path / "absent" / "host.db")


TESTS = str(Path(__file__).resolve().parent.parent)

# Replaces list and taps for ever; each line it prints is a promise: that sequence, that tap, is stored.
WRITER = """
import asyncio, sys
from pathlib import Path
from juzhu_host.store import Store
from host.authority_kit import content_of
from host.test_store import tap, unsigned_manifest

async def main() -> None:
    store = await Store.open(Path(sys.argv[1]))
    number = int(sys.argv[2])
    while True:
        number += 1
        content = content_of(4000 + number)
        await asyncio.gather(
            store.replace_list(unsigned_manifest(content, number), content),
            store.store_tap("/dev/front", b"front", 7, tap(number)),
        )
        print(number, flush=True)

asyncio.run(main())
"""


def unsigned_manifest(content: bytes, sequence: int) -> bytes:
    return Manifest(
        suite=1,
        list_division=DIVISION,
        key_epoch=1,
        sequence=sequence,
        time=1,
        content_length=len(content),
        content_hash=sha256(content).digest(),
        key_id=bytes(4),
        signature=bytes(64),
    ).to_bytes()


async def test_sigkill_while_lists_are_replaced_leaves_old_or_new_and_every_promised_tap(
    tmp_path: Path,
) -> None:
    """After each kill the list is whole and no older than promised, and no promised tap is missing."""
    rng = random.Random(1)
    promised = 0
    for _ in range(200 if nightly() else 8):
        child = subprocess.Popen(  # noqa: ASYNC220  the child is what this test waits for
            [sys.executable, "-c", WRITER, str(tmp_path / "host.db"), str(promised)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": TESTS},
        )
        assert child.stdout is not None
        for _ in range(rng.randint(1, 12)):
            promised = int(child.stdout.readline())
        # Somewhere within the next commit.
        await asyncio.sleep(rng.random() * 0.01)
        child.send_signal(signal.SIGKILL)
        promised = max([promised, *(int(line) for line in child.stdout.read().split())])
        child.wait()
        child.stdout.close()
        store = await Store.open(tmp_path / "host.db")
        held = await store.division_list(DIVISION)
        assert held is not None
        manifest = Manifest.from_bytes(held.manifest)
        assert sha256(held.content).digest() == manifest.content_hash
        assert manifest.sequence in (promised, promised + 1)
        taps = await store.taps(PORT, READER, RING, limit=10_000)
        assert taps[:promised] == [tap(index) for index in range(1, promised + 1)]
        promised = manifest.sequence
        await store.close()
