"""Puts the processes of the demo on the stage: broker, publisher, daemon and readers."""

import asyncio
import json
import secrets
import time
from pathlib import Path
from typing import Any

from juzhu_protocol.authority.key_changes import revoke
from juzhu_protocol.authority.keys import KeyRing
from juzhu_protocol.authority.keys_desk import KeysDesk
from juzhu_protocol.crypto.signature import SUITE_NAMES
from juzhu_protocol.hostside.roots import load_roots
from juzhu_protocol.rules.calendar import day_of, start_of
from juzhu_protocol.trust.bundle import Roots

from ..errors import ProcessError
from ..field import Field
from ..micropython import missing, reader_command
from .cast import DIVISION, TODAY, Cast, make_cast
from .processes import Child, free_port, juzhu

START_OF_DAY_S = 9 * 3600
CLOCK_UNCERTAINTY_S = 60
"""How far a reader's clock may be off, in the demo: a good quartz since yesterday."""

RUNTIMES = ("cpython", "micropython")


class Stage:
    """Everything that runs. Use as an async context manager; `children` can be killed and started again.

    broker: URL of a broker that runs already, None to start one. runtimes: one reader of each.
    """

    def __init__(
        self,
        folder: Path,
        runtimes: list[str],
        broker: str | None = None,
        sabotage: str | None = None,
        kbit_s: float = 106.0,
    ) -> None:
        self.folder = folder
        self.clock_offset_s = start_of(TODAY) + START_OF_DAY_S - int(time.time())
        self.field = Field(kbit_s)
        self.readers = {f"reader-{runtime}": runtime for runtime in runtimes}
        self.children: dict[str, Child] = {}
        self.broker = broker
        self._own_broker_port = free_port() if broker is None else 0
        self._sabotage = sabotage
        self._cast: Cast | None = None

    @property
    def cast(self) -> Cast:
        """The cards, once the stage is set."""
        if self._cast is None:
            raise ProcessError("the stage is not set")
        return self._cast

    async def __aenter__(self) -> "Stage":
        self.folder.mkdir(parents=True, exist_ok=True)
        await self.field.__aenter__()
        try:
            if self.broker is None:
                self.broker = f"mqtt://127.0.0.1:{self._own_broker_port}"
                port = str(self._own_broker_port)
                await self._start("broker", [*juzhu(), "broker", "--port", port])
            self._cast = await asyncio.to_thread(make_cast, self.folder)
            await self._start_publisher()
            links = await self._start_readers()
            await self._start_daemon(links)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        for child in reversed(list(self.children.values())):
            await child.stop()
        await self.field.__aexit__()

    async def ready(self, sequence: int = 1, limit_s: float = 60.0) -> None:
        """Wait until every reader has a list of this sequence in use; ProcessError names who failed."""
        waiting: asyncio.Future[Any] = asyncio.gather(
            *(self.field.wait_for_list(name, sequence, limit_s) for name in self.readers)
        )
        ending: dict[asyncio.Future[Any], Child] = {
            asyncio.ensure_future(child.wait()): child for child in self.children.values()
        }
        await asyncio.wait({waiting, *ending}, return_when=asyncio.FIRST_COMPLETED)
        ended = [child for task, child in ending.items() if task.done()]
        for task in ending:
            task.cancel()
        if ended and not waiting.done():
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            raise ProcessError(f"{ended[0].name} ended by itself:\n{ended[0].log_tail()}")
        await waiting

    async def set_clock(self, name: str, ahead_s: int = 0, uncertainty_s: int = 0) -> None:
        """Set a reader's clock to the demo's, this far ahead of it and this unsure."""
        await self.field.set_clock(name, self.clock_offset_s + ahead_s, uncertainty_s or CLOCK_UNCERTAINTY_S)

    async def revoke_key(self, name: str) -> float:
        """Let the root sign a bundle that revokes a key, and publish it; return the moment at which it was signed."""
        now = int(time.time()) + self.clock_offset_s

        def sign() -> float:
            with KeysDesk(self.cast.keys) as desk:
                desk.propose(revoke(desk.next_keys, name, day_of(now)), now)
                roots = [key for key in KeyRing.load(self.cast.keys).keys if key.spec.purpose == "root"]
                desk.sign(roots[: desk.state.roots.threshold], now)
            return time.perf_counter()

        signed = await asyncio.to_thread(sign)
        # It reads its keys when it starts.
        await self.children["publisher"].stop()
        await self.children["publisher"].start()
        return signed

    async def _start(self, name: str, command: list[str]) -> None:
        child = Child(name, command, self.folder / f"{name}.log")
        self.children[name] = child
        await child.start()

    async def _start_publisher(self) -> None:
        assert self.broker is not None
        cast = self.cast
        await self._start(
            "publisher",
            [
                *juzhu(),
                "publish",
                *("--registry", str(cast.registry)),
                *("--keys", str(cast.keys)),
                *("--division", str(DIVISION)),
                *("--broker", self.broker),
                *("--clock-offset", str(self.clock_offset_s)),
                "--watch",
            ],
        )

    async def _start_readers(self) -> dict[str, int]:
        roots = load_roots(self.cast.keys / "roots.toml")
        links = {}
        for name, runtime in self.readers.items():
            links[name] = free_port()
            config = self.folder / f"{name}.json"
            # It holds the reader's own key and masters of card keys.
            config.touch(mode=0o600)
            config.write_text(json.dumps(self._reader_config(name, roots)), encoding="utf-8")
            program = _reader_program(
                runtime,
                config,
                f"127.0.0.1:{links[name]}",
                f"127.0.0.1:{self.field.port}",
                self.folder / f"{name}-flash",
            )
            await self._start(name, program)
        return links

    def _reader_config(self, name: str, roots: Roots) -> dict[str, Any]:
        return {
            "reader_id": name,
            "reader_key": secrets.token_hex(32),
            "roots": {
                "suite": SUITE_NAMES[roots.suite],
                "threshold": roots.threshold,
                "keys": [key.hex() for key in roots.public_keys.values()],
            },
            "service": "bus.senior",
            "bus_masters": self.cast.bus_masters,
            "rtc": {"offset_s": self.clock_offset_s, "uncertainty_s": CLOCK_UNCERTAINTY_S},
            "sabotage": self._sabotage,
        }

    async def _start_daemon(self, links: dict[str, int]) -> None:
        lines = [
            f'broker = "{self.broker}"',
            'client_id = "demo-host"',
            f"division = {DIVISION}",
            f'roots = "{self.cast.keys / "roots.toml"}"',
            f'store = "{self.folder / "host.db"}"',
            f"clock_offset_s = {self.clock_offset_s}",
            "list_poll_s = 5",
        ]
        for name, port in links.items():
            lines += ["[[readers]]", f'name = "{name}"', f'port = "tcp://127.0.0.1:{port}"']
        settings = self.folder / "host.toml"
        settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
        await self._start("daemon", [*juzhu(), "host", "run", "--config", str(settings)])


def _reader_program(runtime: str, config: Path, link: str, hardware: str, flash: Path) -> list[str]:
    if runtime == "cpython":
        files = ("--config", str(config), "--link", link, "--hardware", hardware, "--flash", str(flash))
        return [*juzhu(), "reader", *files]
    command = reader_command(config, link, hardware, flash)
    if command is None:
        raise ProcessError(f"no MicroPython reader can run here: {missing()}")
    return command
