"""What a reader shows in public says the answer and nothing of the reason or the holder."""

from juzhu_device.feedback import feedback
from juzhu_protocol.rules.reasons import ALLOW, COUNTER_LINES, DENY, PUBLIC_LINES, REFER, TRY_AGAIN
from juzhu_protocol.rules.services import SERVICES, service_code

ANSWERS = (ALLOW, DENY, REFER, TRY_AGAIN)


def test_each_answer_on_a_bus_has_a_colour_shape_and_rhythm_of_its_own():
    shown = [feedback(answer, service_code("bus.senior")) for answer in ANSWERS]
    for part in ("colour", "shape", "rhythm", "text"):
        assert len({getattr(signal, part) for signal in shown}) == len(ANSWERS), part
    assert [signal.text for signal in shown] == [PUBLIC_LINES[answer] for answer in ANSWERS]


def test_nobody_is_asked_to_pay_at_a_counter_and_a_refusal_looks_like_a_referral():
    for name in SERVICES:
        if name == "bus.senior":
            continue
        for answer in ANSWERS:
            assert feedback(answer, service_code(name)).text == COUNTER_LINES[answer], name
        assert feedback(DENY, service_code(name)) is feedback(REFER, service_code(name))


def test_no_signal_flashes_more_than_three_times_a_second():
    for name in SERVICES:
        for answer in ANSWERS:
            rhythm = feedback(answer, service_code(name)).rhythm
            assert (len(rhythm) + 1) // 2 <= 3
