"""What peers can make us write to the log."""

from juzhu_host.notes import LINE_EVERY_S, Throttle


def test_one_subject_gets_one_line_a_minute_and_the_count_of_the_others():
    throttle = Throttle()
    assert throttle.line("topic", "first", 5.0) == "first"
    assert [throttle.line("topic", "next", 5.0 + n) for n in range(3)] == [None] * 3
    assert throttle.line("other", "its own", 6.0) == "its own"
    assert (
        throttle.line("topic", "later", 5.0 + LINE_EVERY_S) == "later (3 more before this one were not told)"
    )
    assert throttle.tick(6.0 + LINE_EVERY_S) == []


def test_what_was_kept_back_is_told_when_peace_has_come_and_only_once():
    throttle = Throttle()
    for _ in range(4):
        throttle.line("topic", "text", 0.0)
    assert throttle.tick(LINE_EVERY_S - 1) == []
    assert throttle.tick(LINE_EVERY_S) == ["3 more lines about topic were not told"]
    assert throttle.tick(2 * LINE_EVERY_S) == []
    assert throttle._said == {}
