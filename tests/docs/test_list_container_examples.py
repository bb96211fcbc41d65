"""The worked examples of docs/list-container.md: each is made again by the code and read by the second decoder."""

import re

import pytest
from second_list_decoder import decode, decode_both

from juzhu_protocol.authority import list_builder
from juzhu_protocol.lists.container import MAX_BLOCK_BITS, MAX_GROUP_SIZE, VIEW_HOSTS, VIEW_STATUSES
from juzhu_protocol.rules.decide import LISTED_REASONS
from juzhu_protocol.rules.reasons import REASONS
from portable_files import ROOT

PAGE = (ROOT / "docs" / "list-container.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```hex (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FALSE_PAPERS, NO_LONGER, MOVED, REPLACED, LOST = 0x11, 0x12, 0x15, 0x21, 0x22
THEN = {3: MOVED, 5: LOST, 17: MOVED}
NOW = {3: FALSE_PAPERS, 17: MOVED, 18: REPLACED}
FAR = {5: NO_LONGER, 2_500_000: NO_LONGER}


def base():
    return list_builder.build_base(THEN.items(), 410200, 20)


def overlay():
    return list_builder.build_overlay(NOW.items(), base(), 21)


EXAMPLES = {
    "container-base": base,
    "container-overlay": overlay,
    "container-merged": lambda: list_builder.merge(base(), overlay()),
    "container-readers": lambda: list_builder.readers_base(base()),
    "container-empty": lambda: list_builder.build_base([], 410200, 0),
    "container-sparse": lambda: list_builder.build_base(FAR.items(), 410200, 3_000_000),
}
"""Every example of the page by name, and how the code makes it."""


def example(name):
    """The bytes of an example as the page has them; what follows a # is for people."""
    (text,) = [body for found, body in BLOCK.findall(PAGE) if found == name]
    return bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))


def test_every_example_of_the_page_is_checked_and_none_is_lost():
    assert sorted(name for name, _ in BLOCK.findall(PAGE)) == sorted(EXAMPLES)
    assert PAGE.count("```") == 2 * len(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_what_the_code_makes(name):
    assert example(name).hex() == EXAMPLES[name]().hex()


def test_examples_say_what_the_page_says():
    assert decode(example("container-base"))[1] == THEN
    assert decode(example("container-overlay"))[1] == {3: FALSE_PAPERS, 5: 0, 18: REPLACED}
    assert decode_both(example("container-base"), example("container-overlay")) == NOW
    assert decode(example("container-merged"))[1] == NOW
    assert decode(example("container-readers"))[1] == {3: 1, 5: 2, 17: 1}
    assert decode(example("container-empty"))[1] == {}
    assert decode(example("container-sparse"))[1] == FAR


def test_statuses_of_the_page_are_the_container_s_and_none_is_overdue():
    rows = re.findall(r"^\| (\d) \| .*? \| `(..)` \| (?:`(..)`.*? )?\|$", PAGE, re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == list(range(9))
    assert bytes(int(hosts, 16) for _, hosts, _ in rows) == VIEW_STATUSES[VIEW_HOSTS]
    listed = [REASONS[LISTED_REASONS[status]][1] for status in VIEW_STATUSES[VIEW_HOSTS][1:]]
    assert not [name for name in listed if "overdue" in name]
    assert set(VIEW_STATUSES[VIEW_HOSTS][1:]) == {status for status in LISTED_REASONS if status > 2}


def test_limits_of_the_page_are_the_code_s():
    assert f"at most {MAX_GROUP_SIZE}\nbytes" in PAGE
    assert f"one block (in at most {(MAX_BLOCK_BITS + 14) // 8:,} bytes)" in PAGE
    assert f"at most {MAX_BLOCK_BITS:,} steps" in PAGE
    assert f"longer than {MAX_BLOCK_BITS:,} bits" in PAGE
