"""One process at a time: a lock that the kernel lets go of when its process dies, however it dies."""

import fcntl
import os
from pathlib import Path


class LockHeldError(Exception):
    """Another process holds the lock; `holder` is its number, as text."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"process {holder} holds the lock")
        self.holder = holder


class ProcessLock:
    """An flock on a file of its own, held from the making on; LockHeldError or OSError when it cannot be had.

    A link in its place is not followed: what it leads to would be written over.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
                raise LockHeldError(holder or "unknown") from None
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)
        except BaseException:
            os.close(self._descriptor)
            raise

    def release(self) -> None:
        """Let go; the file stays, since deleting it would let two processes hold two locks."""
        os.close(self._descriptor)
