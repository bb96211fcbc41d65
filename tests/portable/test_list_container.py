"""The list container on both runtimes: every golden vector, both ends of it, and bytes changed in it."""

from hashlib import sha256

from list_vectors import VECTORS
from mutants import Lcg, mutate

import portable_env
from juzhu_protocol.errors import MalformedObjectError
from juzhu_protocol.lists.container import ABSENT, VIEW_STATUSES, LayeredList, PackedList

MUTANTS = portable_env.value("list_mutants", 10)
STEPS = {
    "test_vectors_say_of_every_listed_serial_and_its_neighbours_what_they_should": (
        "step_vector",
        len(VECTORS),
    ),
    "test_changed_containers_are_refused_or_answer_from_their_view": ("step_mutants", len(VECTORS)),
}


def opened(content):
    return PackedList(lambda offset, size: content[offset : offset + size], len(content))


def layered(base, overlay):
    over = opened(bytes.fromhex(overlay)) if overlay else None
    content = bytes.fromhex(base)
    return LayeredList(opened(content), over, sha256(content).digest()[:8])


def every(statuses):
    """{serial: status} of runs."""
    found = {}
    for first, last, status in statuses:
        for serial in range(first, last + 1):
            found[serial] = status
    return found


def step_vector(index):
    name, highest, base, overlay, statuses = VECTORS[index]
    found = layered(base, overlay)
    assert found.highest_serial == highest, name
    listed = every(statuses)
    wanted = {0, 1, highest, highest + 1, 99999999}
    before = 0
    # A walk asks for all of them below; here some hundred runs are enough, with their neighbours.
    for number in range(0, len(statuses), 1 + len(statuses) // 100):
        first, last, _ = statuses[number]
        wanted.update((first - 1, first, last, last + 1, (before + first) // 2))
        before = last
    for serial in wanted:
        assert found.status(serial) == listed.get(serial, 0), (name, serial)
    changes = {}
    for serial, status in found.changes():
        changes[serial] = status
    assert {serial: status for serial, status in changes.items() if status} == listed, name


def test_vectors_say_of_every_listed_serial_and_its_neighbours_what_they_should():
    for index in range(len(VECTORS)):
        step_vector(index)


def step_mutants(index):
    name, highest, base, overlay, _ = VECTORS[index]
    rng = Lcg(index + 1)
    original = bytes.fromhex(overlay or base)
    for number in range(MUTANTS):
        content = mutate(rng, [original])
        try:
            found = opened(content)
            for _ in range(3):
                status = found.find(rng.below(highest + 2))
                assert status == ABSENT or status in VIEW_STATUSES[found.view], (name, number)
        except MalformedObjectError:
            continue


def test_changed_containers_are_refused_or_answer_from_their_view():
    for index in range(len(VECTORS)):
        step_mutants(index)


def test_two_views_hold_the_same_serials():
    hosts = [vector for vector in VECTORS if vector[0].endswith("-hosts")]
    readers = [vector for vector in VECTORS if vector[0].endswith("-readers")]
    assert len(hosts) == len(readers) == len(VECTORS) // 2
    for one, other in zip(hosts, readers):
        assert one[0].rsplit("-", 1)[0] == other[0].rsplit("-", 1)[0]
        plain = {serial: 1 if status < 0x20 else 2 for serial, status in every(one[4]).items()}
        assert plain == every(other[4]), one[0]


def test_overlay_beside_another_base_is_refused():
    vectors = {vector[0]: vector for vector in VECTORS}
    overlay = vectors["city-overlay-hosts"][3]
    for name in ("city-overlay-hosts", "city-overlay-readers", "three-groups-hosts", "all-valid-again-hosts"):
        try:
            layered(vectors[name][2], overlay)
        except MalformedObjectError:
            assert name != "city-overlay-hosts"
            continue
        assert name == "city-overlay-hosts"
