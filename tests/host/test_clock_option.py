"""`--clock-offset` and days of the command line at their bounds: a line and an exit code, never a traceback."""

import sqlite3

import pytest

from juzhu_host import cli, clock_option
from juzhu_host.clock_option import LAST_DAY, MAX_CLOCK_OFFSET_S, shown_time
from juzhu_host.errors import ConfigError
from juzhu_protocol.authority.journal import Journal
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.hostside.exit_codes import EXIT_CONFIG, EXIT_USAGE
from juzhu_protocol.rules.calendar import start_of
from permit_tools import CITY, issue

TOO_FAR = (str(MAX_CLOCK_OFFSET_S + 1), str(-MAX_CLOCK_OFFSET_S - 1), "9" * 5000, "1.5", "soon")


@pytest.fixture
def registry(tmp_path):
    path = tmp_path / "permits.db"
    with Registry(path, create=True) as opened:
        issue(opened, "2026-01-05")
    return path


def publish(registry, *more):
    words = ["publish", "--registry", str(registry), "--keys", str(DEVELOPMENT_KEYS), "--division", str(CITY)]
    return cli.main([*words, "--broker", "mqtt://127.0.0.1:1", *more])


@pytest.mark.parametrize("offset", TOO_FAR)
@pytest.mark.parametrize(
    "command",
    [
        ["permit", "suspend", "--registry", "r", "--serial", "1", "--ground", "2"],
        ["publish", "--registry", "r", "--division", "410200", "--broker", "mqtt://x"],
        ["verify", "card.json", "--service", "bus.senior"],
    ],
)
def test_offset_past_two_centuries_is_wrong_usage(command, offset, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([*command, f"--clock-offset={offset}"])
    assert caught.value.code == EXIT_USAGE
    assert "seconds" in capsys.readouterr().err.splitlines()[-1]


def test_offset_to_a_day_that_no_record_bears_is_refused(registry, capsys):
    for offset in (-MAX_CLOCK_OFFSET_S, MAX_CLOCK_OFFSET_S):
        assert publish(registry, f"--clock-offset={offset}") == EXIT_CONFIG
        suspend = ["permit", "suspend", "--registry", str(registry), "--serial", "1", "--ground", "2"]
        assert cli.main([*suspend, f"--clock-offset={offset}"]) == EXIT_CONFIG
    assert all("is not between" in line for line in capsys.readouterr().err.splitlines())


def test_clock_is_taken_up_to_the_last_day(monkeypatch):
    monkeypatch.setattr(clock_option.time, "time", lambda: float(start_of(LAST_DAY + 1) - 1))
    assert shown_time(0) == start_of(LAST_DAY + 1) - 1
    with pytest.raises(ConfigError):
        shown_time(1)


@pytest.mark.parametrize("text", ["0001-01-01", "1899-12-31", "1900-01-01", "2079-06-07", "9999-12-31"])
def test_day_that_no_card_bears_is_wrong_usage(text, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["permit", "show", "--registry", "r", "--serial", "1", "--day", text])
    assert caught.value.code == EXIT_USAGE
    assert "wants a day from 1900-01-02" in capsys.readouterr().err


def test_journal_or_registry_that_is_a_folder_is_named(registry, tmp_path, capsys):
    assert publish(registry, "--journal", ".") == EXIT_CONFIG
    assert publish(registry, "--journal", str(tmp_path)) == EXIT_CONFIG
    assert publish("") == EXIT_CONFIG
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert all("name the journal's file" in line for line in told[:2])


def test_journal_whose_schema_rotted_to_no_text_is_a_damaged_file(registry, tmp_path, capsys):
    path = tmp_path / "journal"
    Journal(path, CITY).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_master SET sql = CAST(x'fffe80' AS TEXT) WHERE name = 'publications'")
    assert publish(registry, "--journal", str(path)) == EXIT_CONFIG
    assert "restore it from a backup" in capsys.readouterr().err


@pytest.mark.parametrize("hours", ["nan", "abc", "0", "-1"])
def test_refresh_that_is_no_time_is_wrong_usage(registry, hours, capsys):
    with pytest.raises(SystemExit) as caught:
        publish(registry, f"--refresh-hours={hours}")
    assert caught.value.code == EXIT_USAGE
    assert "wants a number above 0" in capsys.readouterr().err
