"""Reads a profile's TOML file, checks it whole and compiles it to the record that is signed.

A value that is not known is left out: what needs it then refers. Nothing is guessed, and nothing has a default
but the limits on the list's age.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ProfileSourceError, RecordError
from ..records.profile import (
    ProfileRecord,
    ProfileRecordArticle,
    ProfileRecordDivision,
    ProfileRecordExtension,
    ProfileRecordService,
)
from ..rules.calendar import from_iso, iso
from ..rules.profile import (
    CONDITION_AGE,
    CONDITION_NONE,
    CONDITION_PAPERS,
    CONDITION_RESIDENCE,
    DEFAULT_LIMIT_HOURS,
    DEFAULT_WARN_HOURS,
    SERVES_HK_MACAO_TAIWAN,
    SERVES_ORDINARY,
    SERVES_TRANSITIONAL,
    UNLIMITED,
    Profile,
)
from ..rules.reasons import REASONS
from ..rules.services import SERVICES, service_code

FOLDER = Path(__file__).parent

CONDITIONS = {
    "none": CONDITION_NONE,
    "age": CONDITION_AGE,
    "residence": CONDITION_RESIDENCE,
    "papers": CONDITION_PAPERS,
}
CLASSES = {
    "ordinary": SERVES_ORDINARY,
    "hong-kong-macao-taiwan": SERVES_HK_MACAO_TAIWAN,
    "transitional": SERVES_TRANSITIONAL,
}
REASON_CODES = {name: code for code, (_, name) in REASONS.items()}


@dataclass(frozen=True)
class ProfileSource:
    """A profile as its file says it: names for people, where it is from, and the record, not yet signed."""

    name: str
    title: dict[str, str]
    source: str
    division_names: dict[int, str]
    record: ProfileRecord

    @property
    def profile(self) -> Profile:
        """The profile for decide()."""
        return Profile.of(self.record)


def profile_names() -> list[str]:
    """Return the names of the profiles that come with the software."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find_profile(name: str) -> ProfileSource:
    """Return the profile of that name; ProfileSourceError names those there are."""
    if name not in profile_names():
        raise ProfileSourceError(f"no profile is called {name!r}; there are: {', '.join(profile_names())}")
    return load_profile(FOLDER / f"{name}.toml")


def load_profile(path: Path) -> ProfileSource:
    """Read a profile's file; ProfileSourceError says which value is wrong and what to do."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProfileSourceError(f"{path}: cannot be read as TOML: {error}") from error
    root = _Table(path, "", content)
    root.allow("place", "endorsement", "classes", "unit", "service", "extension", "articles")
    place = root.table("place")
    place.allow("name_zh", "name_en", "list_division", "source", "in_force", "version")
    endorsement = root.table("endorsement")
    endorsement.allow("window_months", "restorable_months", "source", "reading")
    endorsement.text("source")
    classes = root.table("classes")
    divisions, names = _divisions(root.tables("unit"))
    try:
        record = ProfileRecord(
            suite=1,
            list_division=place.number("list_division"),
            profile_version=place.number("version"),
            time=1,
            window_months=endorsement.number("window_months"),
            restorable_months=_restorable(endorsement),
            transitional_before=_transitional(classes),
            class_policy=_class_policy(classes),
            divisions=divisions,
            services=[_service(table) for table in root.tables("service")],
            extensions=[_extension(table) for table in root.tables("extension")],
            articles=_articles(root.table("articles")),
            key_id=bytes(4),
            signature=bytes(64),
        )
        record.to_bytes()
    except RecordError as error:
        raise ProfileSourceError(f"{path}: {error}") from error
    _refuse_contradictions(path, record)
    title = {"zh": place.text("name_zh"), "en": place.text("name_en")}
    return ProfileSource(path.stem, title, place.text("source"), names, record)


class _Table:
    """One TOML table that knows where it stands, for messages."""

    def __init__(self, path: Path, where: str, values: Any) -> None:
        self._path = path
        self._where = where
        if not isinstance(values, dict):
            raise self.wrong("", "must be a table")
        self.values: dict[str, Any] = values

    def wrong(self, key: str, problem: str) -> ProfileSourceError:
        place = ".".join(part for part in (self._where, key) if part)
        return ProfileSourceError(f"{self._path}: {place or 'the file'}: {problem}")

    def allow(self, *keys: str) -> None:
        for key in self.values:
            if key not in keys:
                raise self.wrong(key, f"is not known here; known are: {', '.join(keys)}")

    def number(self, key: str) -> int:
        value = self.values.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(key, f"must be a whole number, not {value!r}")
        return value

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, f"must be a text that is not empty, not {value!r}")
        return value

    def day(self, key: str) -> int:
        try:
            return from_iso(self.text(key))
        except ValueError as error:
            raise self.wrong(key, str(error)) from error

    def table(self, key: str) -> "_Table":
        return _Table(self._path, key, self.values.get(key, {}))

    def tables(self, key: str) -> "Iterator[_Table]":
        values = self.values.get(key, [])
        if not isinstance(values, list):
            raise self.wrong(key, f"must be written as [[{key}]]")
        for number, value in enumerate(values, 1):
            yield _Table(self._path, f"{key} {number}", value)


def _restorable(table: _Table) -> int:
    if table.values.get("restorable_months") == "unlimited":
        return UNLIMITED
    months = table.number("restorable_months")
    if not 1 <= months < UNLIMITED:
        raise table.wrong("restorable_months", f'must be 1 to {UNLIMITED - 1}, or "unlimited"')
    return months


def _class_policy(table: _Table) -> int:
    table.allow("served", "transitional_before", "source", "reading")
    table.text("source")
    served = table.values.get("served")
    if not isinstance(served, list) or any(name not in CLASSES for name in served):
        raise table.wrong("served", f"must list classes out of: {', '.join(CLASSES)}")
    return sum(CLASSES[name] for name in set(served))


def _transitional(table: _Table) -> int:
    if "transitional" in table.values.get("served", ()):
        return table.day("transitional_before")
    if "transitional_before" in table.values:
        raise table.wrong("transitional_before", "contradicts served, which leaves transitional out")
    return 0


def _divisions(units: "Iterator[_Table]") -> tuple[list[ProfileRecordDivision], dict[int, str]]:
    entries: list[ProfileRecordDivision] = []
    names: dict[int, str] = {}
    for number, unit in enumerate(units, 1):
        unit.allow("name", "divisions", "source", "reading")
        unit.text("name")
        unit.text("source")
        divisions = unit.values.get("divisions")
        if not isinstance(divisions, dict) or not divisions:
            raise unit.wrong("divisions", 'must name divisions: { 410202 = "龙亭区" }')
        for code, name in divisions.items():
            if not (code.isascii() and code.isdigit() and len(code) == 6) or not isinstance(name, str):
                raise unit.wrong(f"divisions.{code}", "must be six digits of GB/T 2260 and a name")
            if int(code) in names:
                raise unit.wrong(f"divisions.{code}", "stands in two units")
            names[int(code)] = name
            entries.append(ProfileRecordDivision(int(code), number))
    return sorted(entries, key=lambda entry: entry.division), names


def _service(table: _Table) -> ProfileRecordService:
    table.allow("name", "article", "condition", "years", "warn_hours", "limit_hours", "source", "reading")
    table.text("source")
    name = table.text("name")
    if name not in SERVICES:
        raise table.wrong("name", f"no service is called {name!r}; there are: {', '.join(SERVICES)}")
    condition = table.text("condition")
    if condition not in CONDITIONS:
        raise table.wrong("condition", f"must be one of: {', '.join(CONDITIONS)}")
    has_years = condition in ("age", "residence")
    if has_years != ("years" in table.values):
        raise table.wrong("years", "belongs to the conditions age and residence, and only to them")
    warn = table.number("warn_hours") if "warn_hours" in table.values else DEFAULT_WARN_HOURS
    limit = table.number("limit_hours") if "limit_hours" in table.values else DEFAULT_LIMIT_HOURS
    if warn > limit:
        raise table.wrong("warn_hours", f"{warn} is later than limit_hours, {limit}")
    return ProfileRecordService(
        code=service_code(name),
        condition=CONDITIONS[condition],
        years=table.number("years") if has_years else 0,
        warn_hours=warn,
        limit_hours=limit,
        article=table.text("article").encode(),
    )


def _extension(table: _Table) -> ProfileRecordExtension:
    table.allow("first", "last", "through", "source")
    table.text("source")
    entry = ProfileRecordExtension(table.day("first"), table.day("last"), table.day("through"))
    if not entry.first <= entry.last < entry.through:
        raise table.wrong("through", f"must come after last, {iso(entry.last)}, and last not before first")
    return entry


def _articles(table: _Table) -> list[ProfileRecordArticle]:
    for name in table.values:
        if name not in REASON_CODES:
            raise table.wrong(name, f"is no reason; there are: {', '.join(REASON_CODES)}")
    pairs = sorted((REASON_CODES[name], table.text(name)) for name in table.values)
    return [ProfileRecordArticle(code, text.encode()) for code, text in pairs]


def _refuse_contradictions(path: Path, record: ProfileRecord) -> None:
    codes = [entry.code for entry in record.services]
    for code in set(codes):
        if codes.count(code) > 1:
            raise ProfileSourceError(f"{path}: service {SERVICES[code - 1]} is described twice; keep one")
    prefix = str(record.list_division).rstrip("0")
    prefix += "0" * (len(prefix) % 2)
    for entry in record.divisions:
        if not str(entry.division).startswith(prefix):
            raise ProfileSourceError(
                f"{path}: division {entry.division} does not lie in list division {record.list_division}"
            )
