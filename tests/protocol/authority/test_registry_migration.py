"""A registry file of an older version becomes one of this; one of a newer version is refused.

The older files are made of new ones by taking out what the older version did not have.
"""

import shutil
import sqlite3

import pytest

from juzhu_protocol.authority import registry_schema
from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.authority.errors import DatabaseFileError
from juzhu_protocol.authority.holder_file import HolderFile
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.card.keys import NO_EPOCH
from juzhu_protocol.records.card import Info, Security
from killing import killed_at
from permit_tools import CITY, KEYS, application, at, issue

EVENTS_1 = """
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    list_division INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    name TEXT NOT NULL,
    detail TEXT NOT NULL,
    FOREIGN KEY (list_division, serial) REFERENCES permits (list_division, serial)
) STRICT;
CREATE INDEX events_of ON events (list_division, serial)
"""


def version_2(path):
    """A file as version 2 wrote it: cards without HOLDER, PHOTO and SECURITY, whose chips have no keys."""
    with Registry(path, create=True) as registry:
        for _ in range(3):
            issue(registry, "2025-03-15")
        registry.endorse(CITY, 1, keys=KEYS, now=at("2026-03-01"))
        registry.suspend(CITY, 2, 6, now=at("2026-03-02"))
    file = sqlite3.connect(path)
    file.execute("DROP TABLE issued_files")
    for serial, raw in file.execute("SELECT serial, info FROM permits").fetchall():
        info = Info.from_bytes(raw)
        info.card_key_epoch = NO_EPOCH
        file.execute("UPDATE permits SET info = ? WHERE serial = ?", (info.to_bytes(), serial))
    file.execute("PRAGMA user_version = 2")
    file.commit()
    file.close()


def version_1(path):
    """A file as version 1 wrote it: no applications, no handing out, every event of a permit."""
    version_2(path)
    file = sqlite3.connect(path)
    file.execute("ALTER TABLE events RENAME TO later")
    file.execute("DROP INDEX events_of")
    for statement in EVENTS_1.split(";"):
        file.execute(statement)
    file.execute("INSERT INTO events SELECT id, time, list_division, serial, name, detail FROM later")
    file.execute("DROP TABLE later")
    file.execute("DROP TABLE applications")
    file.execute("ALTER TABLE permits DROP COLUMN handed_out_day")
    file.execute("PRAGMA user_version = 0")
    file.commit()
    file.close()


def shape(path):
    """Every table and index, with the columns of the tables."""
    file = sqlite3.connect(path)
    names = file.execute("SELECT type, name, tbl_name FROM sqlite_master ORDER BY name").fetchall()
    columns = {name: file.execute(f"PRAGMA table_info({name})").fetchall() for _, name, _ in names}
    version = file.execute("PRAGMA user_version").fetchone()
    file.close()
    return names, columns, version


def content(path):
    file = sqlite3.connect(path)
    found = [
        file.execute("SELECT list_division, serial, status, ground, service FROM permits").fetchall(),
        file.execute("SELECT * FROM endorsements").fetchall(),
        file.execute("SELECT id, time, list_division, serial, name, detail FROM events").fetchall(),
    ]
    file.close()
    return found


OLDER = pytest.mark.parametrize("older", [version_1, version_2])


@OLDER
def test_older_file_keeps_everything_and_has_the_shape_of_a_new_one(tmp_path, older):
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    older(old)
    before = content(old)
    Registry(new, create=True).close()
    assert shape(old) != shape(new)
    with Registry(old) as registry:
        registry.check()
        assert registry.permit(CITY, 1).handed_out_day == 0
        assert [event.name for event in registry.events(CITY, 2)] == ["accepted", "issued", "suspended"]
    assert content(old) == before
    assert shape(old) == shape(new)
    with Registry(old) as registry:
        registry.restore(CITY, 2, now=at("2026-03-03"))
        registry.hand_out(CITY, 3, now=at("2026-03-03"))
        registry.accept(application(), now=at("2026-03-03"))
        assert registry.issue_accepted(1, keys=KEYS, now=at("2026-03-03")).serial == 4
        registry.check()


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (registry_schema.VERSION + 1, "version 4, and this software knows 3: update it"),
        (1, "version 1, which no software wrote"),
        (-1, "version -1, which no software wrote"),
    ],
)
def test_file_of_a_version_that_is_not_known_is_refused_and_left_alone(tmp_path, version, said):
    path = tmp_path / "permits.db"
    Registry(path, create=True).close()
    file = sqlite3.connect(path)
    file.execute(f"PRAGMA user_version = {version}")
    file.close()
    before = path.read_bytes()
    with pytest.raises(DatabaseFileError, match=said):
        Registry(path)
    assert path.read_bytes() == before


@OLDER
def test_card_of_an_older_file_stays_without_and_its_successor_has_everything(tmp_path, older):
    path = tmp_path / "permits.db"
    older(path)
    with Registry(path) as registry:
        image = registry.card_image(CITY, 1, KEYS)
        assert (image.holder, image.photo, image.security, image.card_keys) == (b"", b"", b"", b"")
        assert CardImage.from_json(image.to_json()) == image
        registry.endorse(CITY, 1, keys=KEYS, now=at("2027-03-01"))
        endorsed = registry.card_image(CITY, 1, KEYS)
        assert (endorsed.info, endorsed.security) == (image.info, b"")
        assert len(endorsed.endorsements) == 2
        new = registry.replace(CITY, 1, keys=KEYS, now=at("2027-03-02"))
        full = registry.card_image(CITY, new.serial, KEYS)
        registry.check()
    assert Info.from_bytes(full.info).card_key_epoch == KEYS.sam_set().epoch
    assert Security.from_bytes(full.security).serial == new.serial
    assert HolderFile.from_bytes(full.holder).issue_day == new.issue_day
    assert len(full.endorsements) == 2
    assert full.card_keys


@OLDER
def test_process_that_dies_while_it_migrates_leaves_the_old_or_the_new(tmp_path, older):
    original, after = tmp_path / "original.db", tmp_path / "after.db"
    older(original)
    old = shape(original)
    shutil.copy(original, after)
    Registry(after).close()
    new = shape(after)
    outcomes = []
    for statement in range(100):
        path = tmp_path / f"{statement}.db"
        shutil.copy(original, path)
        opened = []

        def connect(path=path, opened=opened):
            opened.append(
                registry_schema.open_database(path, registry_schema.APPLICATION_ID, "", create=False)
            )
            return opened[0].conn

        killed = killed_at(
            statement, connect, lambda opened=opened, path=path: registry_schema._migrate(opened[0], path)
        )
        outcomes.append(shape(path))
        if not killed:
            break
    assert not killed
    assert outcomes[-1] == new
    assert outcomes[:-1] == [old] * (len(outcomes) - 1)
    assert len(outcomes) > {version_1: 10, version_2: 3}[older]
