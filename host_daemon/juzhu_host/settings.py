"""The daemon's settings: one TOML file, read whole and checked before anything starts."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from juzhu_protocol.errors import RootsFileError
from juzhu_protocol.hostside.roots import load_roots
from juzhu_protocol.trust.bundle import Roots

from .bus import BrokerAddress
from .clock_option import MAX_CLOCK_OFFSET_S
from .errors import BrokerUrlError, SettingsError

DEFAULT_BAUD = 115200
DEFAULT_POLL_S = 30.0
MAX_POLL_S = 86400.0
MAX_READERS = 64
SERIAL_BACKENDS = ("serialx", "pyserial")

_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TCP_PORT = re.compile(r"tcp://(\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]]+):([0-9]{1,5})")


@dataclass(frozen=True)
class TcpPort:
    """A reader reached over TCP."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"


@dataclass(frozen=True)
class SerialPort:
    """A reader on a serial line: USB-CDC, UART or pty."""

    path: str
    baud: int

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True)
class ReaderSettings:
    """One reader: its name for people, and where it is."""

    name: str
    port: TcpPort | SerialPort


@dataclass(frozen=True)
class HostSettings:
    """What `juzhu host run` needs to know; times in seconds.

    repr leaves out the broker, whose address may hold a password.
    """

    broker: str = field(repr=False)
    client_id: str
    division: int
    roots_file: Path
    roots: Roots
    store: Path
    clock_offset_s: float
    list_poll_s: float
    serial_backend: str
    readers: tuple[ReaderSettings, ...]


class _Table:
    """One TOML table: hands out its keys checked, then refuses those nobody asked for."""

    def __init__(self, values: dict[str, Any], where: str) -> None:
        self._values = values
        self._where = where
        self._asked: set[str] = set()

    def wrong(self, key: str, problem: str, remedy: str) -> SettingsError:
        return SettingsError(f"{self._where}: {key}: {problem}. {remedy}")

    def take(self, key: str, kind: type | tuple[type, ...], remedy: str, default: Any = None) -> Any:
        self._asked.add(key)
        if key not in self._values:
            if default is None:
                raise self.wrong(key, "is missing", remedy)
            return default
        value = self._values[key]
        # In Python a bool is an int; in TOML `division = true` is a mistake.
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.wrong(key, f"is a {_toml_name(value)}", remedy)
        return value

    def text(self, key: str, remedy: str, default: str | None = None) -> str:
        value: str = self.take(key, str, remedy, default)
        if not value or not value.isprintable():
            # Not quoted: it may be a broker's address with its password.
            raise self.wrong(key, "holds a character that cannot be printed" if value else "is empty", remedy)
        return value

    def number(self, key: str, low: float, high: float, remedy: str, default: float | None = None) -> float:
        value = self.take(key, (int, float), remedy, default)
        if not low <= value <= high:
            raise self.wrong(key, f"is {value}, allowed are {low:g} to {high:g}", remedy)
        return float(value)

    def whole(self, key: str, low: int, high: int, remedy: str, default: int | None = None) -> int:
        value: int = self.take(key, int, remedy, default)
        if not low <= value <= high:
            raise self.wrong(key, f"is {value}, allowed are {low} to {high}", remedy)
        return value

    def end(self) -> None:
        for key in sorted(set(self._values) - self._asked):
            known = ", ".join(sorted(self._asked))
            raise self.wrong(key, "is no setting", f"Take it out or mend its spelling; known are: {known}.")


def _toml_name(value: Any) -> str:
    names = {str: "text", int: "whole number", float: "number", bool: "boolean", list: "list", dict: "table"}
    return names.get(type(value), "date or time")


def load_settings(path: Path) -> HostSettings:
    """Read the daemon's TOML file and the roots file it names; SettingsError says file, key and remedy.

    Relative paths count from the settings file's folder.
    """
    table = _Table(_read_toml(path), str(path))
    broker = table.text("broker", 'Write the broker\'s address: broker = "mqtt://127.0.0.1:1883".')
    try:
        BrokerAddress.parse(broker)
    except BrokerUrlError as error:
        raise table.wrong("broker", str(error), 'An example: broker = "mqtt://127.0.0.1:1883".') from error
    id_remedy = (
        'Give this host a name of its own in the fleet, letters, digits, ".", "_", "-": client_id = "bus-17".'
    )
    client_id = table.text("client_id", id_remedy)
    if not _CLIENT_ID.fullmatch(client_id):
        raise table.wrong("client_id", f"is {client_id!r}", id_remedy)
    division = table.whole(
        "division", 110000, 829999, "Write the list division's six digits: division = 410200."
    )
    roots_file = path.parent / table.text("roots", 'Name the file of root keys: roots = "roots.toml".')
    store = path.parent / table.text("store", 'Name the database file: store = "/var/lib/juzhu/host.db".')
    offset_remedy = "Leave it out except in demos and tests: clock_offset_s = 0."
    clock_offset_s = table.number(
        "clock_offset_s", -MAX_CLOCK_OFFSET_S, MAX_CLOCK_OFFSET_S, offset_remedy, default=0.0
    )
    poll_remedy = "Write the seconds between two looks at the manifest: list_poll_s = 30."
    list_poll_s = table.number("list_poll_s", 0.1, MAX_POLL_S, poll_remedy, default=DEFAULT_POLL_S)
    backend_remedy = 'Write serial_backend = "serialx" or "pyserial".'
    serial_backend = table.text("serial_backend", backend_remedy, default=SERIAL_BACKENDS[0])
    if serial_backend not in SERIAL_BACKENDS:
        raise table.wrong("serial_backend", f"is {serial_backend!r}", backend_remedy)
    readers = _readers(table, str(path))
    table.end()
    return HostSettings(
        broker=broker,
        client_id=client_id,
        division=division,
        roots_file=roots_file,
        roots=_roots(roots_file),
        store=store,
        clock_offset_s=clock_offset_s,
        list_poll_s=list_poll_s,
        serial_backend=serial_backend,
        readers=readers,
    )


def _roots(path: Path) -> Roots:
    try:
        return load_roots(path)
    except RootsFileError as error:
        remedy = "Take the roots file as the authority gave it out"
        raise SettingsError(f"{error}. {remedy}, and name it as `roots`.") from error


def parse_port(text: str, baud: int) -> TcpPort | SerialPort:
    """Read `tcp://HOST:PORT` or the path of a serial device; ValueError says what is wrong."""
    if text.startswith("/"):
        return SerialPort(text, baud)
    found = _TCP_PORT.fullmatch(text)
    if not found or not 1 <= int(found[2]) <= 65535:
        raise ValueError(f"is {text!r}")
    return TcpPort(found[1].strip("[]"), int(found[2]))


def _readers(table: _Table, where: str) -> tuple[ReaderSettings, ...]:
    remedy = 'Name each reader in a table of its own: [[readers]], name = "front", port = "/dev/ttyACM0".'
    entries = table.take("readers", list, remedy)
    if not entries:
        raise table.wrong("readers", "is empty", remedy)
    if len(entries) > MAX_READERS:
        raise table.wrong(
            "readers", f"has {len(entries)}, at most {MAX_READERS} are served", "Use a second host."
        )
    readers: list[ReaderSettings] = []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise table.wrong("readers", f"its entry {number} is a {_toml_name(entry)}", remedy)
        readers.append(_reader(_Table(entry, f"{where}: reader {number}")))
    _refuse_twins(table, "name", readers, lambda reader: reader.name)
    _refuse_twins(table, "port", readers, lambda reader: str(reader.port))
    return tuple(readers)


def _reader(table: _Table) -> ReaderSettings:
    name = table.text("name", 'Give the reader a name: name = "front".')
    if len(name) > 32:
        raise table.wrong("name", f"has {len(name)} characters, at most 32", "Shorten it.")
    baud = table.whole("baud", 300, 4_000_000, f"Write baud = {DEFAULT_BAUD}.", default=DEFAULT_BAUD)
    port_remedy = (
        'Write port = "tcp://127.0.0.1:5000" or the path of a device, best below /dev/serial/by-id/.'
    )
    text = table.text("port", port_remedy)
    try:
        port = parse_port(text, baud)
    except ValueError as error:
        raise table.wrong("port", str(error), port_remedy) from None
    table.end()
    return ReaderSettings(name, port)


def _refuse_twins(
    table: _Table, key: str, readers: list[ReaderSettings], value: Callable[[ReaderSettings], str]
) -> None:
    seen: set[str] = set()
    for reader in readers:
        if value(reader) in seen:
            raise table.wrong(
                "readers", f"two have the {key} {value(reader)!r}", f"Give each a {key} of its own."
            )
        seen.add(value(reader))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such file. Check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: cannot be read: {error}. Check that it is a text file we may read."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: is not TOML: {error}. Mend that line.") from None
    except RecursionError:
        raise SettingsError(f"{path}: is nested deeper than any settings of ours. Mend it.") from None
