"""Small files that somebody else may have put there, read without waiting and without end."""

import errno
import os
import stat
from pathlib import Path

MAX_CLEAR_FILE = 64 * 1024
"""Bytes of a keys folder's clear files and of a carried proposal; a full bundle's take about 30,000."""


def read_regular(path: Path, most: int = MAX_CLEAR_FILE) -> bytes:
    """Return a regular file's content, at most `most` bytes; OSError for a pipe or device, and for a longer one."""
    # A pipe is not waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most} bytes")
    return content
