"""What a reader says, in public and to staff: complete, short, and in public the same for everybody."""

from juzhu_protocol.card.keys import ROLE_BUS, ROLE_COUNTER
from juzhu_protocol.rules.lines import FLAG_LINES, MAX_CHINESE, MAX_ENGLISH, SHORT_LINES
from juzhu_protocol.rules.reasons import (
    ALLOW,
    ANSWER_NAMES,
    DENY,
    FLAG_NAMES,
    PUBLIC_LINES,
    REASONS,
    REFER,
    TRY_AGAIN,
    public_line,
)


def test_every_reason_and_every_flag_has_a_staff_line():
    assert sorted(SHORT_LINES) == sorted(REASONS)
    assert sorted(FLAG_LINES) == sorted(FLAG_NAMES)


def test_staff_lines_fit_a_small_screen():
    for lines in (SHORT_LINES, FLAG_LINES):
        for code, (chinese, english) in lines.items():
            assert 1 <= len(chinese) <= MAX_CHINESE, (code, chinese)
            assert all(ord(char) > 0x2000 for char in chinese), (code, chinese)
            assert 1 <= len(english) <= MAX_ENGLISH, (code, english)
            assert all(0x20 <= ord(char) < 0x7F for char in english), (code, english)


def test_staff_lines_tell_the_reasons_apart():
    for language in (0, 1):
        lines = [line[language] for line in SHORT_LINES.values()]
        assert len(set(lines)) == len(lines)


def test_every_answer_has_a_public_line_on_a_bus_and_at_a_counter():
    for role in (ROLE_BUS, ROLE_COUNTER):
        for answer in ANSWER_NAMES:
            chinese, english = public_line(answer, role)
            assert chinese
            assert english


def test_public_line_names_no_class_age_or_suspension_in_either_place():
    forbidden = ("老", "岁", "中止", "注销", "无效", "逾期", "过期", "拒绝")
    forbidden += ("senior", "suspend", "invalid", "expired", "overdue", "refused", "revoked", "age")
    for role in (ROLE_BUS, ROLE_COUNTER):
        for answer in ANSWER_NAMES:
            for line in public_line(answer, role):
                for word in forbidden:
                    assert word not in line.lower(), (answer, line)


def test_nobody_is_asked_to_pay_at_a_counter():
    assert public_line(DENY, ROLE_BUS) == PUBLIC_LINES[DENY] == ("请投币", "Please pay")
    assert public_line(DENY, ROLE_COUNTER) == public_line(REFER, ROLE_COUNTER)
    assert public_line(DENY, ROLE_COUNTER) == public_line(REFER, ROLE_BUS)
    for answer in (ALLOW, TRY_AGAIN):
        assert public_line(answer, ROLE_COUNTER) == public_line(answer, ROLE_BUS)
