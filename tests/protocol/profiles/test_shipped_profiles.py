"""The profiles that come with the software: whole, sourced, small, and silent on what is not known."""

import tomllib

import pytest

from juzhu_protocol.profiles import compile as compiler
from juzhu_protocol.profiles.source import ARTICLE, CITY_RULE, FOLDER, find_profile, profile_names
from juzhu_protocol.records.profile import ProfileRecord
from juzhu_protocol.rules.calendar import from_iso
from juzhu_protocol.rules.profile import CONDITION_UNKNOWN, Profile
from juzhu_protocol.rules.services import SERVICES

READER_KEEPS = 2048
"""Bytes that a reader keeps for a profile."""


def test_four_places_have_profiles():
    assert profile_names() == ["beijing", "chongqing", "fujian", "kaifeng"]


@pytest.mark.parametrize("name", profile_names())
def test_shipped_profile_compiles_round_trips_and_fits_a_reader(name):
    source = find_profile(name)
    raw = source.record.to_bytes()
    assert len(raw) <= READER_KEEPS
    again = ProfileRecord.from_bytes(raw)
    assert again.to_bytes() == raw
    profile = Profile.of(again)
    assert profile.units == source.profile.units
    assert profile.articles == source.profile.articles
    assert set(profile.services) == set(source.profile.services)
    assert set(source.division_names) == set(source.profile.units)
    assert source.profile.transitional_before <= from_iso("2017-12-30")


@pytest.mark.parametrize("name", profile_names())
def test_shipped_profile_names_the_source_of_every_value(name):
    content = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    rows = [content["place"], content["office"], content["endorsement"], content["classes"]]
    for row in rows + content["unit"] + content["service"]:
        assert row["source"].strip()
    for reference in list(content["articles"].values()) + [row["article"] for row in content["service"]]:
        assert reference == CITY_RULE or all(ARTICLE.fullmatch(part) for part in reference.split(", "))


@pytest.mark.parametrize("name", profile_names())
def test_service_whose_rule_is_not_known_is_absent_and_refers(name):
    profile = find_profile(name).profile
    known = {service for service in SERVICES if profile.service(service).condition != CONDITION_UNKNOWN}
    absent = {"senior-card", "subsidy", "settle-housing", "settle-housing-work", "settle-permit"}
    expected = {
        "kaifeng": set(SERVICES),
        "beijing": set(SERVICES) - absent,
        "chongqing": set(SERVICES) - absent - {"bus.senior"},
        "fujian": set(SERVICES) - absent - {"bus.senior"},
    }
    assert known == expected[name]


def test_moves_count_by_the_places_own_units():
    assert find_profile("kaifeng").profile.same_unit(410202, 410212)
    assert not find_profile("kaifeng").profile.same_unit(410202, 410225)
    assert find_profile("beijing").profile.same_unit(110101, 110119)
    assert find_profile("chongqing").profile.same_unit(500101, 500243)
    assert not find_profile("fujian").profile.same_unit(350102, 350103)


def test_kaifengs_compiled_profile_is_current():
    assert compiler.main(["--check"]) == 0


def test_stale_compiled_profile_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(compiler, "TARGET", tmp_path / "kaifeng.py")
    assert compiler.main(["--check"]) == 1
    assert "kaifeng.py" in capsys.readouterr().err
    assert compiler.main([]) == 0
    assert compiler.main(["--check"]) == 0
    (tmp_path / "kaifeng.py").write_text("RECORD = b''\n", encoding="utf-8")
    assert compiler.main(["--check"]) == 1
