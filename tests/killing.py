"""Kill a forked child at a chosen SQL statement, to see what a database file holds afterwards."""

import os
import signal
from collections.abc import Callable


def killed_at(statement: int, connection: object, work: Callable[[], object]) -> bool:
    """Run `work` in a child that gets SIGKILL as it begins its statement number `statement` (from 0).

    `connection()` is called in the child and returns the sqlite3 connection to count on. True when the child
    was killed, False when it had fewer statements and ended by itself.
    """
    child = os.fork()
    if child == 0:
        seen = 0

        def count(_sql: str) -> None:
            nonlocal seen
            if seen == statement:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

        code = 1
        try:
            connection().set_trace_callback(count)
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return False
