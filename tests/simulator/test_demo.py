"""`juzhu demo` as its user runs it."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from juzhu_simulator.demo.cast import STEPS
from juzhu_simulator.reader.sabotage import PARTS
from mosquitto import Mosquitto
from parts import needs

WHOLE = 5
"""APDUs of a whole conversation with a bus: SELECT, INFO, challenge, authentication, SERVICE."""
ENDS_EARLY = {
    "copied onto a blank chip": 4,
    "copied onto another card's chip": 4,
    "of an unknown authority": 4,
}
"""Chips that do not prove themselves: SERVICE is not read."""

JUZHU = str(Path(sys.executable).parent / "juzhu")


async def demo(*arguments: str) -> tuple[int, list[dict], str]:
    """Exit code, the JSON objects and the rest of `juzhu demo --once --json`."""
    process = await asyncio.create_subprocess_exec(
        JUZHU,
        *("demo", "--once", "--json", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err.decode()


def processes_naming(text: str) -> list[str]:
    """The command lines of other processes that hold this text."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if text in command:
                found.append(command)
    return found


def holds(lines: list[dict], runtimes: set[str]) -> None:
    """Every card got what it must, on every runtime, and the suspension arrived."""
    *taps, last = lines
    assert [tap for tap in taps if tap["expected"].split(", ")[0] != tap["answer"]] == []
    assert {tap["runtime"] for tap in taps} == runtimes
    assert {step.card for step in STEPS} < {tap["card"] for tap in taps}
    for runtime in runtimes:
        mine = [tap for tap in taps if tap["runtime"] == runtime]
        # Three cards are tapped before and after what the authority does.
        assert [(tap["answer"], tap["reason"]) for tap in mine[-6:]] == [
            ("ALLOW", "in-force"),
            ("DENY", "suspended"),
            ("DENY", "suspended"),
            ("ALLOW", "in-force"),
            ("ALLOW", "in-force"),
            ("REFER", "key-revoked"),
        ]
    assert all(tap["apdus"] == ENDS_EARLY.get(tap["card"], WHOLE) for tap in taps if tap["reason"])
    assert all(tap["ms"] > 0 for tap in taps)
    assert last["taps"] == len(taps) == (len(STEPS) + 6) * len(runtimes)
    assert last["unexpected"] == 0
    assert last["suspend_to_refusal_ms"] > 0


@needs("vm")
async def test_demo_with_its_own_broker_and_both_readers():
    code, lines, err = await demo()
    assert code == 0, err
    holds(lines, {"cpython", "micropython"})


@needs("vm")
async def test_readers_of_the_demo_take_the_signed_profile_before_their_first_list(tmp_path):
    code, _, err = await demo("--keep", str(tmp_path / "kept"))
    assert code == 0, err
    log = (tmp_path / "kept" / "daemon.log").read_text()
    for reader in ("reader-cpython", "reader-micropython"):
        profile, listed = log.index(f"{reader}: took profile 1"), log.index(f"{reader}: took list 1.1")
        assert log.index(f"{reader}: took trust bundle 1") < profile < listed


@needs("vm")
async def test_demo_in_the_micropython_vm_alone():
    code, lines, err = await demo("--reader", "micropython")
    assert code == 0, err
    holds(lines, {"micropython"})


@needs("mosquitto")
async def test_demo_on_a_real_mosquitto_twice_over_the_retained_messages_of_the_first(tmp_path):
    with Mosquitto(tmp_path) as broker:
        for _ in range(2):
            code, lines, err = await demo("--reader", "cpython", "--broker", broker.url)
            assert code == 0, err
            holds(lines, {"cpython"})


@pytest.mark.parametrize("part", PARTS)
async def test_sabotage_is_noticed(part):
    code, lines, _ = await demo("--reader", "cpython", "--sabotage", part)
    assert code == 1
    assert lines[-1]["unexpected"] > 0


async def test_sabotaged_session_lets_the_older_service_through():
    code, lines, _ = await demo("--reader", "cpython", "--sabotage", "session")
    assert code == 1
    rolled_back = next(line for line in lines if line.get("card") == "an older SERVICE written back")
    assert rolled_back["answer"] == "ALLOW"


@needs("vm")
async def test_sabotage_is_noticed_in_the_vm():
    code, lines, _ = await demo("--reader", "micropython", "--sabotage", "signature")
    assert code == 1
    forged = next(line for line in lines if line.get("card") == "signature forged")
    assert forged["answer"] == "ALLOW"


async def test_demo_stays_up_until_ctrl_c_and_leaves_nothing_behind(tmp_path):
    process = await asyncio.create_subprocess_exec(
        JUZHU,
        *("demo", "--reader", "cpython", "--keep", str(tmp_path / "kept")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    lines = []
    while not any("Ctrl-C" in line for line in lines):
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        assert line, (await process.stderr.read()).decode()
        lines.append(line.decode())
    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    assert processes_naming(str(tmp_path)) == []


async def test_no_broker_is_said_plainly_and_not_called_a_wrong_verdict():
    process = await asyncio.create_subprocess_exec(
        JUZHU,
        *("demo", "--once", "--reader", "cpython", "--broker", "http://127.0.0.1:1"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 69
    assert "mqtt" in err.decode()


@pytest.mark.parametrize(
    ("code", "words", "arguments"),
    [
        (78, "not a folder", ["demo", "--once", "--keep", "{file}"]),
        (78, "no folder can be made", ["demo", "--once", "--keep", "/proc/juzhu"]),
        (64, "kbit", ["demo", "--once", "--kbit", "0"]),
        (64, "kbit", ["demo", "--once", "--kbit", "nan"]),
        (64, "port", ["broker", "--port", "99999"]),
        (64, "port", ["broker", "--port", "-1"]),
        (78, "JSON", ["reader", "--config", "/proc/none", "--link", "x", "--hardware", "x", "--flash", "x"]),
        (
            78,
            "lacks bus_masters",
            ["reader", "--config", "{json}", "--link", "x", "--hardware", "x", "--flash", "x"],
        ),
    ],
)
async def test_clumsy_command_line_gets_one_clear_line(code, words, arguments, tmp_path):
    (tmp_path / "file").write_text("taken")
    (tmp_path / "json").write_text("[]")
    places = {"file": tmp_path / "file", "json": tmp_path / "json"}
    process = await asyncio.create_subprocess_exec(
        JUZHU,
        *(argument.format(**places) for argument in arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == code, err
    assert words in err.decode()
    assert "Traceback" not in err.decode()


async def test_output_that_nobody_reads_to_its_end_is_not_called_a_success():
    process = await asyncio.create_subprocess_shell(
        f"{JUZHU} demo --once --reader cpython 2>/dev/null | head -n 3 >/dev/null; exit ${{PIPESTATUS[0]}}",
        executable="/bin/bash",
    )
    assert await asyncio.wait_for(process.wait(), 60) == 141
