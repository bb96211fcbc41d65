"""What asyncio's TaskGroup leaves to us: ends that nothing swallows.

Before Python 3.13 a TaskGroup whose child fails in the very moment in which it is itself cancelled raises the
child's error alone (CPython issue 116720), and a loop that catches that error never ends.
"""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any

AGAIN_S = 0.5


async def together(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run coroutines at once until the first ends; then end the others, and raise what it raised."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks until all have ended; what they raise stays in them."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_S)
