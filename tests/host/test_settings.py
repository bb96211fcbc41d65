from collections.abc import Callable
from pathlib import Path

import pytest

from host.authority_kit import DIVISION, Authority
from juzhu_host.errors import SettingsError
from juzhu_host.settings import SerialPort, TcpPort, load_settings, parse_port
from juzhu_protocol.hostside.exit_codes import EXIT_CONFIG

WHOLE = """
broker = "mqtt://127.0.0.1:1883"
client_id = "bus-17"
division = 410200
roots = "keys/roots.toml"
store = "host.db"

[[readers]]
name = "front"
port = "tcp://127.0.0.1:5000"

[[readers]]
name = "rear"
port = "/dev/serial/by-id/usb-reader"
baud = 9600
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    Authority(tmp_path / "keys")

    def write_file(text: str) -> Path:
        path = tmp_path / "host.toml"
        path.write_text(text)
        return path

    return write_file


def test_whole_file_is_read_with_its_defaults(write: Callable[[str], Path], tmp_path: Path) -> None:
    settings = load_settings(write(WHOLE))
    assert settings.division == DIVISION
    assert settings.store == tmp_path / "host.db"
    assert settings.roots.threshold == 2
    assert (settings.clock_offset_s, settings.list_poll_s, settings.serial_backend) == (0.0, 30.0, "serialx")
    assert settings.readers[0].port == TcpPort("127.0.0.1", 5000)
    assert settings.readers[1].port == SerialPort("/dev/serial/by-id/usb-reader", 9600)


# name: (text taken out, text put in, what the message must name)
WRONG: dict[str, tuple[str, str, str]] = {
    "unknown key": ("division = 410200", "division = 410200\ndivison = 1", "divison: is no setting"),
    "unknown key of a reader": (
        'name = "front"',
        'name = "front"\nspeed = 9',
        "reader 1: speed: is no setting",
    ),
    "no broker": ('broker = "mqtt://127.0.0.1:1883"', "", "broker: is missing"),
    "broker of another scheme": ("mqtt://", "http://", "broker: "),
    "broker's port no number": (":1883", ":18x3", "broker: "),
    "client id with a slash": ('"bus-17"', '"bus/17"', "client_id: is 'bus/17'"),
    "client id too long": ('"bus-17"', f'"{"x" * 65}"', "client_id: "),
    "client id empty": ('"bus-17"', '""', "client_id: "),
    "division as text": ("410200", '"410200"', "division: is a text"),
    "division as truth": ("410200", "true", "division: is a boolean"),
    "division too small": ("410200", "109999", "allowed are 110000 to 829999"),
    "division too large": ("410200", "830000", "allowed are 110000 to 829999"),
    "roots file absent": ("keys/roots.toml", "roots.toml", "roots.toml"),
    "poll of zero": ("division", "list_poll_s = 0\ndivision", "list_poll_s: is 0"),
    "poll not a number": ("division", "list_poll_s = nan\ndivision", "list_poll_s: is nan"),
    "clock offset as text": ("division", 'clock_offset_s = "1"\ndivision', "clock_offset_s: is a text"),
    "unknown backend": ("division", 'serial_backend = "rxtx"\ndivision', "serial_backend: is 'rxtx'"),
    "reader without a name": ('name = "front"', "", "reader 1: name: is missing"),
    "reader's name too long": ('"front"', f'"{"x" * 33}"', "has 33 characters"),
    "reader's name drives the terminal": ('"front"', '"a\\u001b[2J"', "reader 1: name: holds a character"),
    "two readers of one name": ('"rear"', '"front"', "two have the name 'front'"),
    "two readers on one port": ("/dev/serial/by-id/usb-reader", "tcp://127.0.0.1:5000", "two have the port"),
    "port without a number": ("tcp://127.0.0.1:5000", "tcp://127.0.0.1", "reader 1: port: is"),
    "port number too large": (":5000", ":65536", "reader 1: port: is"),
    "port number zero": (":5000", ":0", "reader 1: port: is"),
    "port of an unknown kind": ("tcp://127.0.0.1:5000", "COM3", "reader 1: port: is"),
    "baud of zero": ("baud = 9600", "baud = 0", "reader 2: baud: is 0"),
    "not TOML": ("division =", "division :", "is not TOML"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_setting_is_refused_by_file_and_key(name: str, write: Callable[[str], Path]) -> None:
    old, new, said = WRONG[name]
    assert old in WHOLE
    path = write(WHOLE.replace(old, new, 1))
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert said in str(caught.value)
    assert str(path.parent) in str(caught.value)
    assert str(caught.value).endswith((".", "`."))
    assert caught.value.exit_code == EXIT_CONFIG


@pytest.mark.parametrize("broker", ["mqtt://user:sec/ret@host", "mqtt://user:sec\\u0007ret@host", "sec://x"])
def test_brokers_password_is_never_quoted(write: Callable[[str], Path], broker: str) -> None:
    path = write(WHOLE.replace("mqtt://127.0.0.1:1883", broker))
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert "sec" not in str(caught.value)
    assert "ret" not in str(caught.value)


def test_file_without_readers_is_refused(write: Callable[[str], Path]) -> None:
    head = WHOLE.partition("[[readers]]")[0]
    for text in (head, head + "readers = []\n", head + "readers = [1]\n"):
        with pytest.raises(SettingsError, match="readers"):
            load_settings(write(text))


def test_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load_settings(tmp_path / "host.toml")


def test_ports_of_both_families() -> None:
    assert parse_port("tcp://[::1]:80", 1) == TcpPort("::1", 80)
    assert str(parse_port("tcp://[::1]:80", 1)) == "tcp://[::1]:80"
    assert parse_port("/dev/pts/3", 300) == SerialPort("/dev/pts/3", 300)


def test_settings_nested_without_end_are_refused(write: Callable[[str], Path]) -> None:
    with pytest.raises(SettingsError, match="nested deeper"):
        load_settings(write("a = " + "[" * 100_000))
