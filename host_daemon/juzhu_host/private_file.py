"""Files about people: written whole or not at all, and for their owner's eyes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that takes the place of `path` when the block ends well; OSError when it cannot.

    What is there and no regular file, such as a pipe, is written to as it is.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as out:
            yield out
        return
    place = Path(os.path.realpath(path))
    new = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
            yield out
        new.replace(place)
    finally:
        new.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a text as private_file has it."""
    with private_file(path) as out:
        out.write(text.encode())
