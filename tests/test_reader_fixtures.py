"""The portable tests' bundle, lists and cards are the ones that the development keys sign today."""

from make_reader_fixtures import FIXTURES, make


def test_reader_fixtures_are_current():
    assert FIXTURES.read_text(encoding="utf-8") == make(), "run: python tests/make_reader_fixtures.py"
