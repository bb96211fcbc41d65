"""A radio field, and a reader's process in it that its test's parameter describes."""

import pytest
from reader_kit import FAST_KBIT_S, Reader

from juzhu_simulator.field import Field


@pytest.fixture
async def field():
    async with Field(FAST_KBIT_S) as field:
        yield field


@pytest.fixture
def reader(request, tmp_path, field):
    wanted = request.param if isinstance(request.param, tuple) else (request.param,)
    reader = Reader(tmp_path, field, *wanted)
    yield reader
    reader.stop()
