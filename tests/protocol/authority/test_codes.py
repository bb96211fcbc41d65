"""The code tables: complete, of the official names, each name one code."""

import pytest

from juzhu_protocol.authority import codes
from juzhu_protocol.authority.errors import ApplicationError
from juzhu_protocol.profiles.source import find_profile, profile_names
from juzhu_protocol.rules.kaifeng import KAIFENG


def test_ethnic_groups_are_56_and_two_more():
    groups = codes.ETHNIC_CODES
    assert [*groups] == [f"{number:02}" for number in range(1, 57)] + ["97", "98"]
    assert len(set(groups.values())) == 58


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("01", "汉"),
        ("03", "回"),
        ("11", "满"),
        ("24", "拉祜"),
        ("36", "毛南"),
        ("45", "鄂温克"),
        ("46", "德昂"),
        ("52", "鄂伦春"),
        ("55", "珞巴"),
        ("56", "基诺"),
        ("97", "其他"),
        ("98", "外国血统"),
    ],
)
def test_official_name_and_code_of_an_ethnic_group(code, name):
    assert codes.ETHNIC_CODES[code] == name
    assert codes.ethnic_code(name) == code


@pytest.mark.parametrize("name", ["", "汉族", "毛难", "崩龙", "德昴", "基洛", "57"])
def test_old_and_mistyped_names_are_refused(name):
    with pytest.raises(ApplicationError, match=r"GB/T 3304; 14"):
        codes.ethnic_code(name)


def test_sex_by_its_code():
    assert [*codes.SEX_CODES] == ["0", "1", "2", "9"]
    assert (codes.sex_code("男"), codes.sex_code("女")) == ("1", "2")
    assert all(codes.SEX_CODES[code].startswith(shown) for shown, code in codes.SEX_SHOWN.items())
    with pytest.raises(ApplicationError, match=r"\(14\)"):
        codes.sex_code("1")


def test_every_division_of_the_profile_has_its_name():
    assert codes.division_name(410202) == "龙亭区"
    assert codes.division_name(410225) == "兰考县"
    assert all(codes.division_name(division) for division in KAIFENG.units)
    assert codes.division_name(410102) == ""


def test_organ_is_named_by_its_division_and_fits_a_card():
    assert codes.organ_name(410202) == "龙亭区公安机关"
    assert codes.organ_name(410102) == "行政区划410102公安机关"
    names = [
        codes.organ_name(entry.division)
        for name in profile_names()
        for entry in find_profile(name).record.divisions
    ]
    assert all(3 < len(name) <= 15 for name in names)
