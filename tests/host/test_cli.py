"""The command `juzhu`: exit codes, and plugins that are broken."""

import subprocess
import sys

import pytest

from juzhu_host import cli
from juzhu_host.errors import BrokerUrlError, BusError
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS
from juzhu_protocol.errors import JuzhuError


def run_with(monkeypatch, argv, **commands):
    """Run main() with these commands: functions of args, or exceptions that loading raises."""

    def load(what):
        def loader():
            if isinstance(what, Exception):
                raise what

            def register(subparsers):
                parser = subparsers.add_parser(what.__name__)
                parser.add_argument("--number", type=int)
                parser.set_defaults(run=what)

            return register

        return loader

    monkeypatch.setattr(cli, "_own_commands", list)
    monkeypatch.setattr(cli, "_plugins", lambda: [(name, load(what)) for name, what in commands.items()])
    return cli.main(argv)


def raising(error):
    def work(args):
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JuzhuError("no"), 1),
        (BusError("away"), 69),
        (BrokerUrlError("bad"), 78),
        (KeyboardInterrupt(), 130),
    ],
)
def test_error_is_one_line_and_its_own_exit_code(monkeypatch, capsys, error, code):
    assert run_with(monkeypatch, ["work"], work=raising(error)) == code
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    assert len(shown.splitlines()) <= 1
    assert str(error) in shown


def test_mistake_of_ours_keeps_its_traceback(monkeypatch):
    with pytest.raises(ZeroDivisionError):
        run_with(monkeypatch, ["work"], work=raising(ZeroDivisionError()))


def test_commands_result_is_the_exit_code(monkeypatch):
    def work(args):
        return args.number

    assert run_with(monkeypatch, ["work", "--number", "7"], work=work) == 7


@pytest.mark.parametrize("argv", [[], ["nix"], ["work", "--nix"], ["work", "--number", "x"]])
def test_wrong_usage_is_64(monkeypatch, capsys, argv):
    def work(args):
        return 0

    with pytest.raises(SystemExit) as caught:
        run_with(monkeypatch, argv, work=work)
    assert caught.value.code == 64
    assert "usage: juzhu" in capsys.readouterr().err


def test_broken_plugin_does_not_break_help_or_others(monkeypatch, capsys):
    def work(args):
        return 0

    broken = ImportError("100% gone")
    with pytest.raises(SystemExit) as caught:
        run_with(monkeypatch, ["--help"], broken=broken, work=work)
    assert caught.value.code == 0
    assert "100% gone" in capsys.readouterr().out
    assert run_with(monkeypatch, ["work"], broken=broken, work=work) == 0
    assert run_with(monkeypatch, ["broken", "--its-own-option"], broken=broken) == 69
    assert "100% gone" in capsys.readouterr().err


def test_plugin_that_breaks_after_its_parser_was_added_is_unavailable(monkeypatch, capsys):
    def half(subparsers):
        subparsers.add_parser("half")
        raise ValueError("half way")

    monkeypatch.setattr(cli, "_own_commands", list)
    monkeypatch.setattr(cli, "_plugins", lambda: [("half", lambda: half)])
    assert cli.main(["half"]) == 69
    assert "half way" in capsys.readouterr().err


def test_one_command_does_not_load_the_others(monkeypatch):
    def work(args):
        return 0

    def explode():
        raise AssertionError("loaded without need")

    monkeypatch.setattr(cli, "add_command", lambda subparsers, name, load: load()(subparsers))
    monkeypatch.setattr(cli, "_own_commands", lambda: [("other", explode)])

    def register(subparsers):
        subparsers.add_parser("work").set_defaults(run=work)

    monkeypatch.setattr(cli, "_plugins", lambda: [("work", lambda: register)])
    assert cli.main(["work"]) == 0


def test_plugin_cannot_take_the_place_of_our_own_command(monkeypatch):
    def ours(subparsers):
        subparsers.add_parser("work").set_defaults(run=lambda args: 5)

    def theirs(subparsers):
        subparsers.add_parser("work").set_defaults(run=lambda args: 6)

    monkeypatch.setattr(cli, "_own_commands", lambda: [("work", lambda: ours)])
    monkeypatch.setattr(cli, "_plugins", lambda: [("work", lambda: theirs)])
    assert cli.main(["work"]) == 5


def test_version_is_the_distributions(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("juzhu ")


def test_output_on_a_full_device_is_told_and_not_a_traceback():
    argv = [sys.executable, "-m", "juzhu_host.cli", "keys", "show", str(DEVELOPMENT_KEYS)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 74
    assert done.stderr.count("\n") == 1
    assert "what was done stands" in done.stderr
