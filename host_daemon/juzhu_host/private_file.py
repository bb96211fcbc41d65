"""Files that a user named to be written: most are about people, so all are private."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from juzhu_protocol.hostside.private_file import private_file


@contextmanager
def named_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a private file for `path`, or for what a link there leads to; OSError when it cannot be written.

    What is there and no regular file, such as a pipe, is written to as it is.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as out:
            yield out
        return
    with private_file(Path(os.path.realpath(path))) as out:
        yield out


def write_named(path: Path, text: str) -> None:
    """Write a text as named_file has it."""
    with named_file(path) as out:
        out.write(text.encode())
