"""Judges packed vectors with rules.decide on either runtime, a batch a call; packing.py writes them.

Whoever runs this file says where they are: `data` in the environment of portable tests. One record:
line of the vector; SERVICE's fields; authenticity, status, service code; the clock's first and last day
(LAST_UNKNOWN); the list's age in hours (AGE_UNKNOWN, NO_LIST); two extensions of three days (zeros for none);
then the oracle's verdict: answer, reason, flags, good-through, restorable-until, resident-since, until, article.
"""

import struct

import portable_env
from juzhu_protocol.records.card import Service
from juzhu_protocol.rules.decide import Clock, ListState, decide
from juzhu_protocol.rules.kaifeng import KAIFENG
from juzhu_protocol.rules.profile import Extension

FORMAT = ">I" + "IIIHHHHBBHHB" + "BBB" + "iii" + "6H" + "BBBIIII16s"
SIZE = struct.calcsize(FORMAT)
EXTENSIONS = 2
LAST_UNKNOWN = 0x7FFFFFFF
AGE_UNKNOWN, NO_LIST = -1, -2
BATCH = 250

DATA = portable_env.value("data", "")


def read(offset, size):
    with open(DATA, "rb") as file:
        file.seek(offset)
        return file.read(size)


def count():
    with open(DATA, "rb") as file:
        size = file.seek(0, 2)
    assert size % SIZE == 0, f"{DATA}: {size} bytes are no vectors"
    return size // SIZE


BATCHES = (count() + BATCH - 1) // BATCH if DATA else 0
STEPS = {"test_every_packed_vector": ("step", BATCHES)}


def step(index):
    data = read(index * BATCH * SIZE, BATCH * SIZE)
    for offset in range(0, len(data), SIZE):
        judge(struct.unpack(FORMAT, data[offset : offset + SIZE]))


def test_every_packed_vector():
    assert BATCHES, "no vectors: say where they are as `data`"
    for index in range(BATCHES):
        step(index)


def judge(fields):
    line = fields[0]
    record = Service(1, *fields[1:13], bytes(4), bytes(64))
    authenticity, status, service, first, last, age = fields[13:19]
    extensions = []
    for at in range(19, 19 + 3 * EXTENSIONS, 3):
        if fields[at]:
            extensions.append(Extension(fields[at], fields[at + 1], fields[at + 2]))
    verdict = decide(
        record,
        authenticity,
        status,
        KAIFENG.services[service],
        Clock(first, None if last == LAST_UNKNOWN else last),
        None if age == NO_LIST else ListState(KAIFENG.list_division, 1, None if age == AGE_UNKNOWN else age),
        KAIFENG.with_extensions(extensions) if extensions else KAIFENG,
    )
    got = (
        verdict.answer,
        verdict.reason,
        verdict.flags,
        verdict.good_through,
        verdict.restorable_until,
        verdict.resident_since,
        verdict.until,
    )
    assert got == fields[25:32], f"line {line}: got {got}, expected {fields[25:32]}"
    article = fields[32].rstrip(b"\0").decode()
    assert verdict.article == article, f"line {line}: got article {verdict.article}, expected {article}"
