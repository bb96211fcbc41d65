"""The golden vectors of the list container are current, and the second decoder reads them as the code does."""

import json

import list_vectors
import pytest
from make_list_vectors import FOLDER, files
from second_list_decoder import decode, decode_both

from juzhu_protocol.authority.list_builder import build_base, merge

VECTORS = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]


def statuses(vector):
    return {serial: status for first, last, status in vector["statuses"] for serial in range(first, last + 1)}


def test_committed_vectors_are_what_the_code_makes():
    made = files()
    assert {path.name for path in made if path.suffix == ".json"} == {path.name for path in FOLDER.iterdir()}
    for path, text in made.items():
        assert path.read_text(encoding="utf-8") == text, path.name
    assert len(VECTORS) == len(list_vectors.VECTORS) > 20


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_second_decoder_agrees_on_the_vector(vector):
    base = bytes.fromhex(vector["base"])
    if "overlay" not in vector:
        head, found = decode(base)
        assert found == statuses(vector)
        assert head["highest"] == vector["highest_serial"]
        return
    overlay = bytes.fromhex(vector["overlay"])
    assert decode(overlay)[0]["highest"] == vector["highest_serial"]
    assert decode_both(base, overlay) == statuses(vector)
    rebuilt = build_base(sorted(statuses(vector).items()), 410200, vector["highest_serial"], base[2])
    assert merge(base, overlay) == rebuilt
