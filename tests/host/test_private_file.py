"""Files that a user named to be written: private, whole or not at all, and where the name leads."""

import os
import threading

import pytest

from juzhu_host.private_file import named_file, write_named
from juzhu_protocol.hostside import private_file


@pytest.fixture
def full_disk(monkeypatch):
    """Nothing reaches the disk."""

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(private_file.os, "fsync", full)


def test_card_with_its_keys_is_for_its_owners_eyes(tmp_path):
    old = os.umask(0)
    try:
        write_named(tmp_path / "card.json", "居住")
    finally:
        os.umask(old)
    assert (tmp_path / "card.json").read_bytes() == "居住".encode()
    assert (tmp_path / "card.json").stat().st_mode & 0o777 == 0o600


def test_card_that_the_disk_does_not_take_leaves_the_one_before(tmp_path, full_disk):
    path = tmp_path / "card.json"
    path.write_text("before")
    with pytest.raises(OSError, match="No space"):
        write_named(path, "after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_failure_while_writing_leaves_nothing(tmp_path):
    def cut(out):
        out.write(b"half")
        raise KeyError

    with pytest.raises(KeyError), named_file(tmp_path / "verdicts.jsonl") as out:
        cut(out)
    assert list(tmp_path.iterdir()) == []


def test_link_to_a_card_goes_on_leading_to_it(tmp_path):
    (tmp_path / "cards").mkdir()
    (tmp_path / "card.json").symlink_to("cards/seven.json")
    write_named(tmp_path / "card.json", "seven")
    assert (tmp_path / "card.json").is_symlink()
    assert (tmp_path / "cards" / "seven.json").read_text() == "seven"
    assert [entry.name for entry in (tmp_path / "cards").iterdir()] == ["seven.json"]


def test_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_named(pipe, "card")
    reader.join(timeout=60)
    assert read == [b"card"]
    assert pipe.is_fifo()
