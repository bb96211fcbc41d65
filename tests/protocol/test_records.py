"""construct and the generated classes agree on vectors, mutants and builders; the generator refuses the unknown."""

import construct
import pytest
from make_record_digests import BATCHES, PATH, construct_judge, digests, text, vectors_of

from juzhu_protocol.errors import RecordError, RecordValueError
from juzhu_protocol.schema import generate
from juzhu_protocol.schema.codec import build, parse
from juzhu_protocol.schema.nodes import Int8ub, Struct
from juzhu_protocol.schema.record import Record
from juzhu_protocol.schema.vectors import VECTORS
from parts import nightly

RECORDS = [(module, record) for module, records in generate.MODULES.items() for record in records]
IDS = [record.name for _, record in RECORDS]


def generated_class(module, name):
    return getattr(__import__(f"juzhu_protocol.records.{module}", fromlist=[name]), name)


def test_every_record_has_vectors_and_every_vector_a_record():
    assert sorted(VECTORS) == sorted(IDS)
    assert all(VECTORS[name] for name in IDS)


@pytest.mark.parametrize(("module", "record"), RECORDS, ids=IDS)
def test_vectors_build_and_parse_the_same_both_ways(module, record):
    for fields, data in VECTORS[record.name]:
        raw = bytes.fromhex(data)
        assert build(record.schema, fields) == raw
        assert parse(record.schema, raw) == fields
        assert generated_class(module, record.name).from_bytes(raw).to_bytes() == raw


@pytest.mark.parametrize(("module", "record"), RECORDS, ids=IDS)
def test_committed_digests_are_what_construct_says(module, record):
    batches = BATCHES if nightly() else 2
    committed = next(line for line in PATH.read_text().splitlines() if f'"{record.name}"' in line)
    assert "".join(digests(record, batches)) in committed


@pytest.mark.nightly
def test_committed_digests_are_current_whole():
    assert PATH.read_text() == text()


def test_mutants_are_accepted_often_enough_to_mean_something():
    for _, record in RECORDS:
        judge = construct_judge(record.schema)
        from mutants import Lcg, mutate

        rng = Lcg(1)
        said = [judge(mutate(rng, vectors_of(record.name))) for _ in range(500)]
        accepted = sum(text.startswith("(") for text in said)
        assert 5 <= accepted <= 495, (record.name, accepted)


def test_codec_refuses_a_missing_field_and_a_wrong_type():
    _, record = RECORDS[0]
    fields = dict(VECTORS[record.name][0][0])
    del fields["serial"]
    with pytest.raises(RecordValueError):
        build(record.schema, fields)
    with pytest.raises(RecordValueError):
        build(record.schema, {**fields, "serial": "one"})


def test_unknown_version_is_its_own_error():
    for _, record in RECORDS:
        raw = bytearray(vectors_of(record.name)[0])
        raw[1] = 2
        with pytest.raises(RecordError) as error:
            parse(record.schema, bytes(raw))
        assert error.type.__name__ == "RecordVersionError"


@pytest.mark.parametrize(
    "node",
    [construct.Float32b, construct.GreedyBytes, construct.VarInt, Int8ub, construct.Bytes(construct.this.x)],
)
def test_generator_refuses_a_node_it_does_not_know(node):
    with pytest.raises(generate.UnknownNodeError):
        generate.module_text("card", [Record("Odd", "An odd one.", Struct("odd" / node))])


def test_generated_files_are_current():
    assert generate.main(["--check"]) == 0


def test_stale_generated_file_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(generate, "RECORDS_FOLDER", tmp_path)
    assert generate.main(["--check"]) == 1
    assert "card.py" in capsys.readouterr().err
