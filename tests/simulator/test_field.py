"""The field alone: what a card's own delay does to a tap."""

import asyncio
import json

from juzhu_simulator.field import Field

FAST_KBIT_S = 1_000_000.0


class SlowCard:
    """Makes each answer wait, and counts how often it was asked how long."""

    def __init__(self, delays):
        self.delays = list(delays)

    def reset(self):
        pass

    def transmit(self, command):
        return b"\x90\x00"

    def take_delay_s(self):
        return self.delays.pop(0)


async def reader(port, commands):
    """A reader that sends so many commands, and then shows."""
    stream, writer = await asyncio.open_connection("127.0.0.1", port)

    def say(**message):
        writer.write(json.dumps(message).encode() + b"\n")

    say(type="ready", reader="gate", runtime="test")
    heard = json.loads(await stream.readline())
    assert heard == {"type": "card"}
    for _ in range(commands):
        say(type="apdu", apdu="00a40000")
        assert json.loads(await stream.readline()) == {"type": "response", "apdu": "9000"}
    say(type="show", answer="ALLOW")
    await stream.read()
    writer.close()


async def test_tap_takes_the_cards_delays_too():
    card = SlowCard([0.0, 0.06, 0.0])
    async with asyncio.TaskGroup() as group, Field(FAST_KBIT_S) as field:
        group.create_task(reader(field.port, 3))
        result = await field.tap("gate", card)
        # A lower bound: nothing but the delay can hold an answer back here.
        assert result.milliseconds >= 59
        assert (result.apdus, card.delays) == (3, [])
