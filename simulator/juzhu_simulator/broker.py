"""`juzhu broker`: a small MQTT broker on loopback for the demo and for trying things out (amqtt, embedded).

Not for service: it keeps nothing across a restart and asks nobody who they are.
"""

import argparse
import asyncio
import logging
import signal
from typing import Any

from amqtt.broker import Broker
from amqtt.errors import BrokerError
from amqtt.session import Session

from .errors import SetupError


class LoopbackBroker(Broker):  # type: ignore[misc]  # amqtt ships no types
    """amqtt 0.12 with one mend.

    On every connect it offers the client the retained messages of every filter that anybody holds, and walks
    a dict that changes meanwhile. Offering them only to who holds the filter, and not waiting for the others,
    cures both.
    """

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        holders = self._subscriptions.get(subscription[0], [])
        if any(holder.client_id == session.client_id for holder, _ in holders):
            await super()._publish_retained_messages_for_subscription(subscription, session)


async def serve(port: int) -> None:
    """Serve on 127.0.0.1 until SIGTERM or SIGINT."""
    broker = LoopbackBroker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    try:
        await broker.start()
    except BrokerError as error:
        raise SetupError(f"no broker can listen on port {port}: {error}") from error
    print(f"broker ready on mqtt://127.0.0.1:{port}", flush=True)
    await stop.wait()
    await broker.shutdown()


def port(text: str) -> int:
    """Read a TCP port; ValueError for a number that is none."""
    value = int(text)
    if not 1 <= value <= 65535:
        raise ValueError(text)
    return value


def command(arguments: argparse.Namespace) -> int:
    """Run `juzhu broker`."""
    for chatty in ("amqtt", "transitions"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    asyncio.run(serve(arguments.port))
    return 0


def register(subparsers: Any) -> None:
    """Add `juzhu broker`."""
    parser = subparsers.add_parser(
        "broker", help="run a small MQTT broker on loopback, for trying things out"
    )
    parser.add_argument("--port", type=port, default=1883, help="port on 127.0.0.1 (default 1883)")
    parser.set_defaults(run=command)
