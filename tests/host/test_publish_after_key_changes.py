"""What a publisher brings out after its keys were changed: what every reader under the new bundle believes."""

import pytest

from host.keys_kit import CITY, DIVISION, FIRST, runner
from juzhu_host.list_source import ListSource
from juzhu_host.publish_profile import signed_profile
from juzhu_protocol.authority.journal import Journal
from juzhu_protocol.authority.keys import KeyRing
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.rules.calendar import day_of, iso, start_of
from juzhu_protocol.trust.manifest import open_manifest

NOON = 12 * 3600


@pytest.fixture
def folder(tmp_path, capsys):
    keys = runner(capsys, None)
    made = keys(
        "make",
        tmp_path / "keys",
        "--division",
        DIVISION,
        "--from",
        FIRST,
        "--development",
        sealed=lambda _: False,
    )
    assert made[0] == 0, made
    Registry(tmp_path / "permits.db", create=True).close()
    return tmp_path


def newest(folder, now):
    """The publication of a publisher started now, and the keys that it was started with."""
    ring = KeyRing.load(folder / "keys")
    with Journal(folder / "journal", CITY) as journal:
        source = ListSource(folder / "permits.db", journal, ring, CITY, 6 * 3600, lambda: now)
        try:
            return source.newest(), ring
        finally:
            source.close()


@pytest.mark.parametrize(
    "change",
    [
        ("revoke", "keys", "list-410200"),
        ("epoch", "keys", "--list", "list-410200"),
        ("rotate", "keys", "list-410200"),
    ],
    ids=lambda change: change[0],
)
def test_changed_list_key_leaves_no_reader_with_a_manifest_that_it_cannot_believe(
    folder, capsys, monkeypatch, change
):
    monkeypatch.chdir(folder)
    now = start_of(day_of(KeyRing.load(folder / "keys").trusted.time)) + NOON
    before, ring = newest(folder, now)
    assert newest(folder, now + 60)[0].sequence == before.sequence
    keys = runner(capsys, None)
    for act in (change, ("sign", "keys", "--root", "root-1", "--root", "root-2")):
        done = keys(*act, sealed=lambda _: False)
        assert done[0] == 0, done
    after, changed = newest(folder, now + 120)
    assert changed.trusted.version > ring.trusted.version
    believed = open_manifest(after.manifest, CITY, changed.trusted, NativeVerifier())
    assert iso(day_of(believed.time)) == iso(day_of(now))
    assert after.content == before.content


def test_profile_that_waits_for_its_next_version_does_not_hold_up_the_list(
    folder, capsys, monkeypatch, caplog
):
    monkeypatch.chdir(folder)
    ring = KeyRing.load(folder / "keys")
    now = start_of(day_of(ring.trusted.time)) + NOON
    with Journal(folder / "journal", CITY) as journal:
        assert signed_profile(None, journal, ring, CITY, now)
        keys = runner(capsys, None)
        for act in (
            ("revoke", "keys", "policy-410200"),
            ("sign", "keys", "--root", "root-1", "--root", "root-2"),
        ):
            done = keys(*act, sealed=lambda _: False)
            assert done[0] == 0, done
        assert signed_profile(None, journal, KeyRing.load(folder / "keys"), CITY, now + 60) is None
    assert "raise version" in caplog.text
