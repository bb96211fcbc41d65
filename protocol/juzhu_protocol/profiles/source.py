"""Reads a profile's TOML file, checks it whole and compiles it to the record that is signed.

A value that is not known is left out: what needs it then refers. Nothing is guessed, and nothing has a default
but the limits on the list's age.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ProfileSourceError
from ..records.profile import (
    ProfileRecord,
    ProfileRecordArticle,
    ProfileRecordDivision,
    ProfileRecordExtension,
    ProfileRecordService,
)
from ..rules.calendar import add_years, from_iso, iso
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
from ..rules.reasons import DENY, ENDORSE_SOON, LAPSED, OTHER_RULES, REASONS, UNDER_AGE
from ..rules.services import SERVICES, service_code

FOLDER = Path(__file__).parent

MAX_DIVISIONS, MAX_EXTENSIONS = 64, 16
"""Of one record (schema/profile_records.py)."""

MAX_DAY = 65534
MAX_YEARS = 120
MAX_HOURS = 0xFFFF
MAX_VERSION = 0xFFFFFFFF

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
CITING = {
    name: code
    for code, (answer, name) in REASONS.items()
    if code in (ENDORSE_SOON, OTHER_RULES) or (answer == DENY and code != UNDER_AGE)
}
"""Reasons that rest on an article of their own: the others rest on the service's, or are a fault of ours."""

CITY_RULE = "city rule"
"""The article of what a city grants by a rule that has none known to us."""

ARTICLE = re.compile(r"(N )?([1-9][0-9]?)(?:\(([1-9][0-9]?)\))?")
"""One article: "22(7)" is paragraph 7 of Article 22, "N 10" Article 10 of the national regulation."""


@dataclass(frozen=True)
class ProfileSource:
    """A profile as its file says it: names for people by "zh" and "en", its source, and the record, unsigned.

    measures is the title of the place's measures, office where a holder goes for an endorsement.
    """

    name: str
    title: dict[str, str]
    measures: dict[str, str]
    office: dict[str, str]
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
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProfileSourceError(f"{path}: cannot be read as TOML: {error}") from error
    root = _Table(path, "", content)
    root.allow("place", "office", "endorsement", "classes", "unit", "service", "extension", "articles")
    place, office = root.table("place"), root.table("office")
    place.allow(
        "name_zh",
        "name_en",
        "list_division",
        "measures_zh",
        "measures_en",
        "source",
        "in_force",
        "version",
        "reading",
    )
    office.allow("zh", "en", "source", "reading")
    office.cite()
    endorsement = root.table("endorsement")
    endorsement.allow("window_months", "restorable_months", "source", "reading")
    endorsement.cite()
    list_division = place.number("list_division", 110000, 829999)
    restorable = _restorable(endorsement)
    classes = root.table("classes")
    class_policy = _class_policy(classes)
    divisions, names = _divisions(root, list_division)
    record = ProfileRecord(
        suite=1,
        list_division=list_division,
        profile_version=place.number("version", 1, MAX_VERSION),
        time=1,
        window_months=endorsement.number("window_months", 1, 12),
        restorable_months=restorable,
        transitional_before=_transitional(classes, place),
        class_policy=class_policy,
        divisions=divisions,
        services=_services(root),
        extensions=_extensions(root),
        articles=_articles(root.table("articles"), restorable),
        key_id=bytes(4),
        signature=bytes(64),
    )
    return ProfileSource(
        name=path.stem,
        title={"zh": place.text("name_zh"), "en": place.text("name_en")},
        measures={"zh": place.text("measures_zh"), "en": place.text("measures_en")},
        office={"zh": office.text("zh"), "en": office.text("en")},
        source=place.cite(),
        division_names=names,
        record=record,
    )


class _Table:
    """One TOML table that knows where it stands, for messages."""

    def __init__(self, path: Path, where: str, values: Any) -> None:
        self._path = path
        self._where = where
        if not isinstance(values, dict):
            raise self.wrong("", f"must be a table, not {values!r}")
        self.values: dict[str, Any] = values

    def wrong(self, key: str, problem: str) -> ProfileSourceError:
        place = ".".join(part for part in (self._where, key) if part)
        return ProfileSourceError(f"{self._path}: {place}: {problem}")

    def allow(self, *keys: str) -> None:
        for key in self.values:
            if key not in keys:
                raise self.wrong(key, f"is not known here; known are: {', '.join(keys)}")

    def number(self, key: str, low: int, high: int) -> int:
        value = self.values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.wrong(key, f"must be a whole number from {low} to {high}, not {value!r}")
        return value

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, f"must be a text that is not empty, not {value!r}")
        return value

    def cite(self) -> str:
        """Return where the values are from; `reading`, where there is one, says what we chose."""
        if "reading" in self.values:
            self.text("reading")
        return self.text("source")

    def day(self, key: str) -> int:
        text = self.text(key)
        try:
            # int() takes other scripts' digits too, a record's reader would not write them.
            day = from_iso(text if text.isascii() else "")
        except ValueError as error:
            raise self.wrong(key, f"{error}: {text!r}") from error
        if not 1 <= day <= MAX_DAY:
            raise self.wrong(key, f"must lie from {iso(1)} to {iso(MAX_DAY)}, not {iso(max(day, 0))}")
        return day

    def article(self, key: str, limit: int) -> bytes:
        text = self.text(key)
        known = text == CITY_RULE or all(ARTICLE.fullmatch(part) for part in text.split(", "))
        if not known or len(text) > limit:
            raise self.wrong(
                key, f'must be articles like "16, 18, 19(3)" or "N 10", {limit} characters, not {text!r}'
            )
        return text.encode()

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
    if isinstance(table.values.get("restorable_months"), str):
        raise table.wrong("restorable_months", 'must be a number of months, or "unlimited"')
    return table.number("restorable_months", 1, UNLIMITED - 1)


def _class_policy(table: _Table) -> int:
    table.allow("served", "transitional_before", "source", "reading")
    table.cite()
    served = table.values.get("served")
    if not isinstance(served, list) or not served or not all(name in list(CLASSES) for name in served):
        raise table.wrong("served", f"must list classes out of: {', '.join(CLASSES)}")
    if len(set(served)) < len(served):
        raise table.wrong("served", "names a class twice")
    return sum(CLASSES[name] for name in served)


def _transitional(classes: _Table, place: _Table) -> int:
    in_force = place.day("in_force")
    if "transitional" in classes.values["served"]:
        before = classes.day("transitional_before")
        if before > in_force:
            raise classes.wrong("transitional_before", f"is later than place.in_force, {iso(in_force)}")
        return before
    if "transitional_before" in classes.values:
        raise classes.wrong("transitional_before", "contradicts served, which leaves transitional out")
    return 0


def _divisions(root: _Table, list_division: int) -> tuple[list[ProfileRecordDivision], dict[int, str]]:
    prefix = str(list_division).rstrip("0")
    prefix += "0" * (len(prefix) % 2)
    entries: list[ProfileRecordDivision] = []
    names: dict[int, str] = {}
    for number, unit in enumerate(root.tables("unit"), 1):
        unit.allow("name", "divisions", "source", "reading")
        unit.text("name")
        unit.cite()
        divisions = unit.values.get("divisions")
        if not isinstance(divisions, dict) or not divisions:
            raise unit.wrong("divisions", 'must name divisions: { 410202 = "龙亭区" }')
        for code, name in divisions.items():
            key = f"divisions.{code}"
            if not re.fullmatch(r"[1-8][0-9]{5}", code) or not isinstance(name, str) or not name.strip():
                raise unit.wrong(key, "must be six digits of GB/T 2260 and a name")
            if not code.startswith(prefix):
                raise unit.wrong(key, f"does not lie in place.list_division, {list_division}")
            if int(code) in names:
                raise unit.wrong(key, "stands in two units")
            names[int(code)] = name
            entries.append(ProfileRecordDivision(int(code), number))
    if not 1 <= len(entries) <= MAX_DIVISIONS:
        raise root.wrong("unit", f"must name 1 to {MAX_DIVISIONS} divisions in all, not {len(entries)}")
    return sorted(entries, key=lambda entry: entry.division), names


def _services(root: _Table) -> list[ProfileRecordService]:
    entries: dict[int, ProfileRecordService] = {}
    for table in root.tables("service"):
        entry = _service(table)
        if entry.code in entries:
            raise table.wrong("name", f"{SERVICES[entry.code - 1]} is described twice; keep one")
        entries[entry.code] = entry
    return list(entries.values())


def _service(table: _Table) -> ProfileRecordService:
    table.allow("name", "article", "condition", "years", "warn_hours", "limit_hours", "source", "reading")
    table.cite()
    name = table.text("name")
    if name not in SERVICES:
        raise table.wrong("name", f"no service is called {name!r}; there are: {', '.join(SERVICES)}")
    condition = table.text("condition")
    if condition not in CONDITIONS:
        raise table.wrong("condition", f"must be one of: {', '.join(CONDITIONS)}")
    has_years = condition in ("age", "residence")
    if not has_years and "years" in table.values:
        raise table.wrong("years", "belongs to the conditions age and residence, and only to them")
    hours = {"warn_hours": DEFAULT_WARN_HOURS, "limit_hours": DEFAULT_LIMIT_HOURS}
    for key in hours:
        if key in table.values:
            hours[key] = table.number(key, 0, MAX_HOURS)
    if hours["warn_hours"] > hours["limit_hours"]:
        raise table.wrong("warn_hours", f"{hours['warn_hours']} is past limit_hours, {hours['limit_hours']}")
    return ProfileRecordService(
        code=service_code(name),
        condition=CONDITIONS[condition],
        years=table.number("years", 1, MAX_YEARS) if has_years else 0,
        warn_hours=hours["warn_hours"],
        limit_hours=hours["limit_hours"],
        article=table.article("article", 12),
    )


def _extensions(root: _Table) -> list[ProfileRecordExtension]:
    entries = [_extension(table) for table in root.tables("extension")]
    if len(entries) > MAX_EXTENSIONS:
        raise root.wrong("extension", f"at most {MAX_EXTENSIONS} fit, not {len(entries)}")
    return entries


def _extension(table: _Table) -> ProfileRecordExtension:
    table.allow("first", "last", "through", "source")
    table.cite()
    entry = ProfileRecordExtension(table.day("first"), table.day("last"), table.day("through"))
    if entry.last < entry.first:
        raise table.wrong("last", f"is before first, {iso(entry.first)}")
    if entry.through <= entry.last:
        raise table.wrong("through", f"must come after last, {iso(entry.last)}: it extends")
    if entry.through > add_years(entry.first, 1):
        # Longer, and a permit endorsed in time would end before one that was not.
        raise table.wrong("through", f"must lie within a year of first, {iso(entry.first)}")
    return entry


def _articles(table: _Table, restorable: int) -> list[ProfileRecordArticle]:
    for name in table.values:
        if name not in CITING:
            raise table.wrong(name, f"is no reason with an article of its own: {', '.join(CITING)}")
        if CITING[name] == LAPSED and restorable == UNLIMITED:
            raise table.wrong(name, "contradicts endorsement.restorable_months: nothing lapses here")
    pairs = sorted((CITING[name], table.article(name, 16)) for name in table.values)
    return [ProfileRecordArticle(code, text) for code, text in pairs]
