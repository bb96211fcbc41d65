"""Profiles' files: those that come with the software hold, and every wrong value is named with its file and key."""

import re
import tomllib
from datetime import date, timedelta

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from juzhu_protocol.errors import ProfileSourceError
from juzhu_protocol.profiles.source import (
    MAX_DIVISIONS,
    MAX_EXTENSIONS,
    find_profile,
    load_profile,
)
from juzhu_protocol.records.profile import ProfileRecord
from juzhu_protocol.rules.calendar import from_iso
from juzhu_protocol.rules.profile import DEFAULT_LIMIT_HOURS, DEFAULT_WARN_HOURS, UNLIMITED
from juzhu_protocol.rules.services import SERVICES

READER_KEEPS = 2048
"""Bytes that a reader keeps for a profile."""

GOOD = """
[place]
name_zh = "某市"
name_en = "Somewhere"
list_division = 410200
measures_zh = "某市居住证实施办法"
measures_en = "Measures of Somewhere"
source = "made up"
in_force = "2017-12-30"
version = 3

[office]
zh = "登记站"
en = "the station"
source = "Article 7"

[endorsement]
window_months = 1
restorable_months = 6
source = "Articles 16, 18"

[classes]
served = ["ordinary", "transitional"]
transitional_before = "2017-12-30"
source = "Article 29"

[[unit]]
name = "市区"
divisions = { 410202 = "甲区", 410203 = "乙区" }
source = "GB/T 2260"

[[unit]]
name = "丙县"
divisions = { 410221 = "丙县" }
source = "GB/T 2260"

[articles]
overdue = "16, 18, 19(3)"
lapsed = "18"

[[service]]
name = "bus.senior"
article = "22(7)"
condition = "age"
years = 60
warn_hours = 168
limit_hours = 720
source = "Article 22(7)"

[[service]]
name = "health"
article = "N 12(3)"
condition = "none"
source = "Article 12"

[[extension]]
first = "2026-01-30"
last = "2026-02-08"
through = "2026-03-31"
source = "an order"
"""


def load(tmp_path, text):
    path = tmp_path / "place.toml"
    path.write_text(text, encoding="utf-8")
    return load_profile(path)


def changed(old, new):
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_good_profile_is_read_value_by_value(tmp_path):
    source = load(tmp_path, GOOD)
    assert (source.name, source.title, source.source) == (
        "place",
        {"zh": "某市", "en": "Somewhere"},
        "made up",
    )
    assert source.measures == {"zh": "某市居住证实施办法", "en": "Measures of Somewhere"}
    assert source.office == {"zh": "登记站", "en": "the station"}
    assert source.division_names == {410202: "甲区", 410203: "乙区", 410221: "丙县"}
    profile = source.profile
    assert (profile.list_division, profile.version) == (410200, 3)
    assert (profile.window_months, profile.restorable_months) == (1, 6)
    assert profile.units == {410202: 1, 410203: 1, 410221: 2}
    assert profile.same_unit(410202, 410203)
    assert not profile.same_unit(410203, 410221)
    assert profile.class_policy == 1 + 4
    assert profile.transitional_before == from_iso("2017-12-30")
    assert profile.articles == {30: "16, 18, 19(3)", 31: "18"}
    bus, health = profile.service("bus.senior"), profile.service("health")
    assert (bus.condition, bus.years, bus.warn_hours, bus.limit_hours, bus.article) == (
        1,
        60,
        168,
        720,
        "22(7)",
    )
    assert (health.condition, health.years, health.article) == (0, 0, "N 12(3)")
    assert (health.warn_hours, health.limit_hours) == (DEFAULT_WARN_HOURS, DEFAULT_LIMIT_HOURS)
    assert profile.good_through(from_iso("2026-02-08")) == from_iso("2026-03-31")
    assert profile.good_through(from_iso("2026-02-09")) == from_iso("2026-02-09")


def test_place_without_an_end_to_late_endorsements_says_so(tmp_path):
    text = changed("restorable_months = 6", 'restorable_months = "unlimited"').replace('lapsed = "18"\n', "")
    assert load(tmp_path, text).profile.restorable_months == UNLIMITED


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('name_zh = "某市"', "place.name_zh"),
        ('name_en = "Somewhere"', "place.name_en"),
        ("list_division = 410200", "place.list_division"),
        ('measures_zh = "某市居住证实施办法"', "place.measures_zh"),
        ('measures_en = "Measures of Somewhere"', "place.measures_en"),
        ('source = "made up"', "place.source"),
        ('in_force = "2017-12-30"', "place.in_force"),
        ("version = 3", "place.version"),
        ('zh = "登记站"', "office.zh"),
        ('en = "the station"', "office.en"),
        ('source = "Article 7"', "office.source"),
        ("window_months = 1", "endorsement.window_months"),
        ("restorable_months = 6", "endorsement.restorable_months"),
        ('source = "Articles 16, 18"', "endorsement.source"),
        ('served = ["ordinary", "transitional"]', "classes.served"),
        ('transitional_before = "2017-12-30"', "classes.transitional_before"),
        ('source = "Article 29"', "classes.source"),
        ('name = "丙县"', "unit 2.name"),
        ('divisions = { 410221 = "丙县" }\nsource = "GB/T 2260"', "unit 2.source"),
        ('name = "bus.senior"', "service 1.name"),
        ('article = "22(7)"', "service 1.article"),
        ('condition = "age"', "service 1.condition"),
        ("years = 60", "service 1.years"),
        ('source = "Article 22(7)"', "service 1.source"),
        ('source = "Article 12"', "service 2.source"),
        ('first = "2026-01-30"', "extension 1.first"),
        ('last = "2026-02-08"', "extension 1.last"),
        ('through = "2026-03-31"', "extension 1.through"),
        ('source = "an order"', "extension 1.source"),
    ],
)
def test_missing_value_is_named(tmp_path, line, key):
    refused(tmp_path, changed(line + "\n", ""), key)


def refused(tmp_path, text, key, said=""):
    with pytest.raises(ProfileSourceError) as error:
        load(tmp_path, text)
    message = str(error.value)
    assert message.startswith(f"{tmp_path / 'place.toml'}: {key}: "), message
    assert said in message
    assert "\n" not in message


DAYS = ("place.in_force", "classes.transitional_before", "extension 1.first", "extension 1.through")
NUMBERS = (
    "place.list_division",
    "place.version",
    "endorsement.window_months",
    "endorsement.restorable_months",
    "service 1.years",
    "service 1.warn_hours",
    "service 1.limit_hours",
)
TEXTS = (
    "place.name_zh",
    "place.source",
    "place.measures_en",
    "office.zh",
    "endorsement.source",
    "classes.source",
    "unit 2.name",
    "unit 2.source",
    "service 1.name",
    "service 1.article",
    "service 1.condition",
    "service 1.source",
    "extension 1.source",
    "articles.lapsed",
)


def with_value(key, value):
    """GOOD with one value replaced by a piece of TOML."""
    table, name = key.split(".")
    kind, _, number = table.partition(" ")
    head = f"[[{kind}]]" if number else f"[{kind}]"
    at = -1
    for _ in range(int(number or 1)):
        at = GOOD.index(head, at + 1)
    line = re.compile(rf"^{name} = .*$", re.MULTILINE).search(GOOD, at)
    return GOOD[: line.start()] + f"{name} = {value}" + GOOD[line.end() :]


@pytest.mark.parametrize("value", ['"six"', "1.5", "true", "[]", "{}", "-1", "99999999999", "2026-01-01"])
@pytest.mark.parametrize("key", NUMBERS)
def test_number_of_another_type_or_size_is_named(tmp_path, key, value):
    refused(tmp_path, with_value(key, value), key)


@pytest.mark.parametrize("value", ["7", "true", '""', '"  "', "[]", "{}", "2026-01-01"])
@pytest.mark.parametrize("key", TEXTS)
def test_text_of_another_type_or_empty_is_named(tmp_path, key, value):
    refused(tmp_path, with_value(key, value), key)


@pytest.mark.parametrize(
    "value",
    [
        "7",
        "2026-01-01",
        '""',
        '"2026-02-30"',
        '"2026-1-1"',
        '"1.1.2026"',
        '"1899-12-31"',
        '"1900-01-01"',
        '"2079-06-06"',
        '"9999-99-99"',
        '"２０２６-01-01"',
        '"²026-01-01"',
    ],
)
@pytest.mark.parametrize("key", DAYS)
def test_day_that_is_none_or_that_no_record_holds_is_named(tmp_path, key, value):
    refused(tmp_path, with_value(key, value), key)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("[place]", 'mayor = "x"\n[place]', "mayor"),
        ("version = 3", "version = 3\nmotto = 1", "place.motto"),
        ('zh = "登记站"', 'zh = "登记站"\nde = "x"', "office.de"),
        ("window_months = 1", "window_months = 1\nwindow_days = 60", "endorsement.window_days"),
        ('source = "Article 29"', 'source = "Article 29"\nextra = 1', "classes.extra"),
        ('name = "丙县"', 'name = "丙县"\ncode = 1', "unit 2.code"),
        ('name = "health"', 'name = "health"\nprice = 2', "service 2.price"),
        ('source = "an order"', 'source = "an order"\nwhy = "x"', "extension 1.why"),
        ('lapsed = "18"', 'laspsed = "18"', "articles.laspsed"),
        ('name = "health"', 'name = "free-lunch"', "service 2.name"),
        ('condition = "none"', 'condition = "rich"', "service 2.condition"),
        ('served = ["ordinary", "transitional"]', 'served = ["ordinary", "noble"]', "classes.served"),
        ('served = ["ordinary", "transitional"]', 'served = [["ordinary"]]', "classes.served"),
        ('served = ["ordinary", "transitional"]', 'served = "transitional"', "classes.served"),
        ('served = ["ordinary", "transitional"]', "served = []", "classes.served"),
        ("restorable_months = 6", 'restorable_months = "never"', "endorsement.restorable_months"),
        ("restorable_months = 6", "restorable_months = 0", "endorsement.restorable_months"),
        ("restorable_months = 6", "restorable_months = 255", "endorsement.restorable_months"),
        ("window_months = 1", "window_months = 13", "endorsement.window_months"),
        ("years = 60", "years = 0", "service 1.years"),
        ("years = 60", "years = 121", "service 1.years"),
        ("limit_hours = 720", "limit_hours = 65536", "service 1.limit_hours"),
        ("version = 3", "version = 0", "place.version"),
        ("list_division = 410200", "list_division = 990000", "place.list_division"),
        ('article = "22(7)"', 'article = "Article 22"', "service 1.article"),
        ('article = "22(7)"', 'article = "22 (7)"', "service 1.article"),
        ('article = "22(7)"', 'article = "22(7), "', "service 1.article"),
        ('article = "22(7)"', 'article = "22(7), 23(10)"', "service 1.article"),
        ('article = "22(7)"', 'article = "第二十二条"', "service 1.article"),
        ('lapsed = "18"', 'lapsed = "0"', "articles.lapsed"),
        ('lapsed = "18"', 'lapsed = "18, 19, 20, 21, 22"', "articles.lapsed"),
        ('source = "Article 12"', 'source = "Article 12"\nreading = 7', "service 2.reading"),
        ('{ 410221 = "丙县" }', "{}", "unit 2.divisions"),
        ('{ 410221 = "丙县" }', '["410221"]', "unit 2.divisions"),
        ('{ 410221 = "丙县" }', "{ 410221 = 7 }", "unit 2.divisions.410221"),
        ('{ 410221 = "丙县" }', '{ 410221 = " " }', "unit 2.divisions.410221"),
        ('{ 410221 = "丙县" }', '{ 41022 = "丙县" }', "unit 2.divisions.41022"),
        ('{ 410221 = "丙县" }', '{ 丙 = "丙县" }', None),
        ('{ 410221 = "丙县" }', '{ "４１０２２１" = "丙县" }', "unit 2.divisions.４１０２２１"),
    ],
)
def test_unknown_name_or_value_is_named(tmp_path, old, new, key):
    text = changed(old, new)
    if key:
        refused(tmp_path, text, key)
    else:
        with pytest.raises(ProfileSourceError, match=r"place\.toml: cannot be read as TOML"):
            load(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ("410221 =", "410202 =", "unit 2.divisions.410202", "stands in two units"),
        ("410221 =", "410181 =", "unit 2.divisions.410181", "place.list_division"),
        ('name = "health"', 'name = "bus.senior"', "service 2.name", "twice"),
        ('condition = "none"', 'condition = "none"\nyears = 1', "service 2.years", "age and residence"),
        ("warn_hours = 168", "warn_hours = 721", "service 1.warn_hours", "limit_hours, 720"),
        ("warn_hours = 168\nlimit_hours = 720", "limit_hours = 23", "service 1.warn_hours", "24"),
        (
            'served = ["ordinary", "transitional"]',
            'served = ["ordinary"]',
            "classes.transitional_before",
            "served",
        ),
        ('served = ["ordinary", ', 'served = ["transitional", ', "classes.served", "twice"),
        ('before = "2017-12-30"', 'before = "2017-12-31"', "classes.transitional_before", "in_force"),
        ('last = "2026-02-08"', 'last = "2026-01-29"', "extension 1.last", "2026-01-30"),
        ('through = "2026-03-31"', 'through = "2026-02-08"', "extension 1.through", "2026-02-08"),
        ('through = "2026-03-31"', 'through = "2027-01-31"', "extension 1.through", "within a year"),
        ("months = 6", 'months = "unlimited"', "articles.lapsed", "restorable_months"),
        ('lapsed = "18"', 'under-age = "22(7)"', "articles.under-age", "of its own"),
        ('lapsed = "18"', 'list-too-old = "22(7)"', "articles.list-too-old", "of its own"),
        ('lapsed = "18"', 'in-force = "22(7)"', "articles.in-force", "of its own"),
    ],
)
def test_contradictory_values_are_named(tmp_path, old, new, key, said):
    refused(tmp_path, changed(old, new), key, said)


@pytest.mark.parametrize("kind", ["place", "office", "endorsement", "classes"])
def test_missing_table_or_one_of_another_type_is_named(tmp_path, kind):
    body = re.compile(rf"^\[{kind}\]\n(?:.+\n)+", re.MULTILINE)
    assert len(body.findall(GOOD)) == 1
    without = body.sub("", GOOD)
    with pytest.raises(ProfileSourceError, match=rf"place.toml: {kind}\.\w+: "):
        load(tmp_path, without)
    for value in ("7", '"x"', "[]"):
        refused(tmp_path, f"{kind} = {value}\n" + without, kind, "must be a table")


@pytest.mark.parametrize("kind", ["unit", "service", "extension"])
def test_list_of_tables_of_another_type_is_named(tmp_path, kind):
    without = re.compile(rf"^\[\[{kind}\]\]\n(?:.+\n)+", re.MULTILINE).sub("", GOOD)
    for value in ("7", "{}"):
        refused(tmp_path, f"{kind} = {value}\n" + without, kind, f"[[{kind}]]")
    refused(tmp_path, f"{kind} = [7]\n" + without, f"{kind} 1", "must be a table")


def test_place_without_divisions_or_with_too_many_is_named(tmp_path):
    without = re.compile(r"^\[\[unit\]\]\n(?:.+\n)+", re.MULTILINE).sub("", GOOD)
    refused(tmp_path, without, "unit", "not 0")

    def of(count):
        names = ", ".join(f'{410201 + number} = "甲"' for number in range(count))
        return without + f'\n[[unit]]\nname = "市区"\nsource = "x"\ndivisions = {{ {names} }}\n'

    assert len(load(tmp_path, of(MAX_DIVISIONS)).profile.units) == MAX_DIVISIONS
    refused(tmp_path, of(MAX_DIVISIONS + 1), "unit", "not 65")


def test_too_many_extensions_are_named(tmp_path):
    one = '\n[[extension]]\nfirst = "2026-01-30"\nlast = "2026-02-08"\nthrough = "2026-03-31"\nsource = "x"\n'
    assert len(load(tmp_path, GOOD + one * (MAX_EXTENSIONS - 1)).profile.extensions) == MAX_EXTENSIONS
    refused(tmp_path, GOOD + one * MAX_EXTENSIONS, "extension", "at most 16")


@pytest.mark.parametrize("content", [b"[place", b"\xff\xfe", b"a = 1\na = 2\n", b"[place]\n[place]\n"])
def test_file_that_is_no_toml_is_named(tmp_path, content):
    path = tmp_path / "place.toml"
    path.write_bytes(content)
    with pytest.raises(ProfileSourceError, match=r"place\.toml: cannot be read as TOML"):
        load_profile(path)


def test_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ProfileSourceError, match=r"nowhere\.toml"):
        load_profile(tmp_path / "nowhere.toml")
    with pytest.raises(ProfileSourceError, match="beijing, chongqing, fujian, kaifeng"):
        find_profile("../profiles/kaifeng")


VALUES = st.recursive(
    st.one_of(st.integers(), st.text(max_size=8), st.booleans(), st.sampled_from(["410202", "2026-01-01"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.data())
def test_whatever_a_value_is_replaced_by_there_is_a_profile_or_a_clear_error(tmp_path_factory, data):
    """A profile's file either compiles to a record or ends in a ProfileSourceError, whatever its values."""
    content = tomllib.loads(GOOD)
    table = data.draw(st.sampled_from(sorted(content)))
    rows = content[table] if isinstance(content[table], list) else [content[table]]
    row = data.draw(st.sampled_from(rows))
    row[data.draw(st.sampled_from(sorted(row)))] = data.draw(VALUES)
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(as_toml(content), encoding="utf-8")
    try:
        source = load_profile(path)
    except ProfileSourceError as error:
        event(str(error).removeprefix(str(path)).split(": ")[1])
        return
    assert ProfileRecord.from_bytes(source.record.to_bytes()).to_bytes() == source.record.to_bytes()


def as_toml(content):
    """The tables of a profile as inline values."""
    return "".join(f"{name} = {inline(value)}\n" for name, value in content.items())


def inline(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(name)} = {inline(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else quoted(value)


def quoted(text):
    return '"' + "".join(f"\\U{ord(char):08x}" for char in text if not 0xD800 <= ord(char) < 0xE000) + '"'


def test_largest_profile_that_a_file_can_describe_fits_a_reader(tmp_path):
    names = ", ".join(f'{410201 + number} = "甲"' for number in range(MAX_DIVISIONS))
    unit = f'\n[[unit]]\nname = "市区"\nsource = "x"\ndivisions = {{ {names} }}\n'
    head = re.compile(r"^\[\[(unit|service|extension)\]\]\n(?:.+\n)+", re.MULTILINE).sub("", GOOD)
    services = "".join(
        f'\n[[service]]\nname = "{name}"\narticle = "19, 20(10)"\ncondition = "none"\nsource = "x"\n'
        for name in SERVICES
    )
    day = date(2026, 1, 1)
    extension = (
        f'\n[[extension]]\nfirst = "{day}"\nlast = "{day}"\nthrough = "{day + timedelta(9)}"\nsource = "x"\n'
    )
    record = load(tmp_path, head + unit + services + extension * MAX_EXTENSIONS).record
    assert len(record.to_bytes()) + 32 * 17 <= READER_KEEPS


def test_file_nested_too_deep_is_named_and_no_traceback(tmp_path):
    path = tmp_path / "deep.toml"
    path.write_text("x = " + "[" * 100_000)
    with pytest.raises(ProfileSourceError, match="cannot be read as TOML"):
        load_profile(path)
