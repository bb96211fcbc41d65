"""The generated parsers accept and refuse exactly what construct does, byte for byte, on this runtime.

record_digests.py holds what construct made of each batch of mutants; here the generated classes judge the same.
A sample of the batches runs by default, all 40 (20,000 mutants a record) with "batches": 40.
"""

from mutants import batch_digest, class_judge
from record_digests import RECORDS

import portable_env
from juzhu_protocol.errors import RecordError, RecordLengthError, RecordValueError

BATCHES = portable_env.value("batches", 4)
STEPS = {"test_mutants_are_judged_as_construct_judges_them": ("step_mutants", BATCHES * len(RECORDS))}


def class_of(module, name):
    return getattr(getattr(__import__("juzhu_protocol.records." + module).records, module), name)


def step_mutants(index):
    module, name, vectors, digests = RECORDS[index // BATCHES]
    batch = index % BATCHES
    judge = class_judge(class_of(module, name), RecordError)
    found = batch_digest([bytes.fromhex(vector) for vector in vectors], batch, judge)
    assert found == digests[8 * batch : 8 * batch + 8], (name, batch)


def test_mutants_are_judged_as_construct_judges_them():
    for index in range(BATCHES * len(RECORDS)):
        step_mutants(index)


def test_vectors_round_trip():
    for module, name, vectors, _ in RECORDS:
        for vector in vectors:
            data = bytes.fromhex(vector)
            assert class_of(module, name).from_bytes(data).to_bytes() == data, name


def test_every_truncation_and_a_trailing_byte_are_refused():
    for module, name, vectors, _ in RECORDS:
        record_class = class_of(module, name)
        data = bytes.fromhex(vectors[0])
        for wrong in [data[:size] for size in range(len(data))] + [data + b"\x00"]:
            try:
                record_class.from_bytes(wrong)
            except RecordLengthError:
                continue
            raise AssertionError("%s took %d bytes" % (name, len(wrong)))


def test_builder_refuses_a_field_out_of_range():
    for module, name, vectors, _ in RECORDS:
        record = class_of(module, name).from_bytes(bytes.fromhex(vectors[0]))
        for field in record.__slots__:
            value = getattr(record, field)
            setattr(record, field, -1 if isinstance(value, int) else "text")
            try:
                record.to_bytes()
            except (RecordValueError, AttributeError, TypeError):
                setattr(record, field, value)
                continue
            raise AssertionError("%s.%s took a wrong value" % (name, field))
