"""The topics have one owner, and what it says holds for every length of a content."""

import ast

import pytest

from juzhu_protocol.lists.topics import (
    CHUNK_SIZE,
    chunk,
    chunk_count,
    chunk_size,
    chunk_topics,
    manifest_topic,
    profile_topic,
    trust_topic,
)
from portable_files import ROOT

CITY = 410200


def test_topics_are_spelt_in_one_file_alone():
    owners = set()
    for folder in ("protocol", "device", "host_daemon", "simulator"):
        for path in (ROOT / folder).rglob("*.py"):
            if "node_modules" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                # A topic has a level after the version; a signature's context has none.
                if isinstance(node, ast.Constant) and str(node.value).startswith(
                    ("juzhu/1/%", "juzhu/1/trust")
                ):
                    owners.add(path.name)
                if isinstance(node, ast.JoinedStr) and ast.unparse(node)[2:].startswith("juzhu/1/"):
                    owners.add(path.name)
    assert owners == {"topics.py"}


def test_no_topic_has_more_levels_than_every_broker_takes():
    topics = [trust_topic(), manifest_topic(CITY), profile_topic(CITY), *chunk_topics(CITY, bytes(32), 1)]
    assert all(topic.count("/") < 6 for topic in topics)
    assert profile_topic(CITY) == "juzhu/1/410200/profile"


@pytest.mark.parametrize("length", [1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 3 * CHUNK_SIZE])
def test_chunks_are_the_content_and_each_has_its_size(length):
    content = bytes(n % 251 for n in range(length))
    chunks = [chunk(content, number) for number in range(chunk_count(length))]
    assert b"".join(chunks) == content
    assert [len(part) for part in chunks] == [chunk_size(length, number) for number in range(len(chunks))]
    assert len(chunk_topics(CITY, bytes(32), length)) == len(chunks)
