"""Tests that leak on purpose, each into the channel that its name begins with; test_leaks.py runs them."""

import asyncio
import logging
import os
import subprocess
import sys

import pytest

from juzhu_device.settings import ReaderSettings
from juzhu_host.bus import MqttBus
from juzhu_protocol.authority.errors import IncompleteApplicationError, Lack
from juzhu_protocol.authority.permits import Permit
from juzhu_protocol.authority.private_files import PrivateFiles
from juzhu_protocol.authority.signing import new_signer
from juzhu_protocol.card.authentication import SessionKeys
from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.errors import JuzhuError, RecordError
from juzhu_protocol.records.link import Tap
from juzhu_protocol.rules.kaifeng import KAIFENG
from leaks import CANARY_NAME, secrets_of_folder

KEY = os.environ["PLANTED"]
ECHO = [sys.executable, "-c", "import os, sys; print(os.environ['PLANTED'], file=sys.stderr)"]

ELSEWHERE = "山茶胡同5号"
MAKE_KEYS = """
import sys
from pathlib import Path
from juzhu_protocol.authority.keys import KeyRing, KeySpec
roots = [KeySpec(f"root-{n}", "root", (), 1, 9) for n in (1, 2)]
KeyRing.make(Path(sys.argv[1]), [*roots, KeySpec("list", "list", (410200,), 1, 9)], 1)
"""


@pytest.fixture
def noisy():
    print(KEY)
    yield
    sys.stderr.write(KEY)


def test_stdout_printed():
    print(KEY)


def test_stdout_taken_by_capsys(capsys):
    print(KEY)
    capsys.readouterr()


def test_stdout_taken_as_bytes(capfdbinary):
    os.write(1, bytes.fromhex(KEY))
    capfdbinary.readouterr()


def test_stdout_of_a_name():
    print(CANARY_NAME)


def test_stdout_of_a_fixture_before(noisy):
    pass


def test_stderr_of_a_fixture_after(noisy):
    pass


def test_stderr_written():
    sys.stderr.write(KEY)


def test_stderr_taken_by_capfd(capfd):
    os.write(2, KEY.encode())
    capfd.readouterr()


def test_log_of_a_library():
    logging.getLogger("amqtt").warning("the key is %s", KEY)


def test_log_of_ours_that_nobody_shows():
    logging.getLogger("juzhu_host.bus").debug("%s", KEY)


def test_log_with_its_traceback():
    try:
        raise ValueError(KEY)
    except ValueError:
        logging.exception("caught")


def test_failure_of_an_assertion():
    assert KEY == ""


def test_failure_that_is_a_skip():
    pytest.skip(KEY)


def test_failure_that_is_expected():
    pytest.xfail(KEY)


def test_child_that_is_run():
    subprocess.run(ECHO, capture_output=True, check=True)


def test_child_that_is_read_to_its_end():
    with subprocess.Popen(ECHO, stderr=subprocess.PIPE) as child:
        child.stderr.read()


def test_child_that_is_read_line_by_line():
    with subprocess.Popen(ECHO, stderr=subprocess.PIPE, text=True) as child:
        assert len([line for line in child.stderr if line]) == 1


def test_child_that_says_something_first():
    with subprocess.Popen(ECHO, stderr=subprocess.PIPE) as child:
        child.stderr.readline()


def test_child_that_is_awaited():
    async def run():
        child = await asyncio.create_subprocess_exec(*ECHO, stderr=asyncio.subprocess.PIPE)
        await child.communicate()

    asyncio.run(run())


def test_log_file_in_a_folder(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "daemon.log").write_text(KEY)


def test_log_file_of_another_name_that_a_child_writes(tmp_path):
    with (tmp_path / "stderr").open("wb") as errors:
        subprocess.run(ECHO, stderr=errors, check=True)


def test_error_of_ours_that_is_caught():
    with pytest.raises(RecordError):
        raise RecordError(f"no {KEY} here")


def test_error_of_ours_that_words_itself():
    with pytest.raises(JuzhuError):
        raise IncompleteApplicationError((Lack("paper", KEY, "", "9"),))


def test_tap_with_a_key():
    Tap(1, 1, bytes(8), 1, 1, 1, 0, 1, bytes.fromhex(KEY)[:16]).to_bytes()


def test_mqtt_payload():
    with pytest.raises(AttributeError):
        asyncio.run(MqttBus.publish(None, "juzhu/1/410200/trust", bytes.fromhex(KEY)))


def test_stdout_of_a_key_made_in_the_test():
    print(new_signer(1)._secret())


def test_stdout_of_a_sams_master():
    master = bytes.fromhex(KEY)[::-1]
    SoftwareSam(1, {1: master}, os.urandom)
    print(master.hex())


def test_stdout_of_a_readers_own_key():
    ReaderSettings(b"r", bytes.fromhex(KEY)[::-1], None, KAIFENG, KAIFENG.service("bus.senior"))
    print(bytes.fromhex(KEY)[::-1].hex())


def test_stdout_of_a_sessions_key():
    print(SessionKeys(os.urandom(32), bytes.fromhex(KEY)[::-2]).encryption)


def test_stdout_of_a_file_of_keys_that_a_child_made(tmp_path):
    subprocess.run([sys.executable, "-c", MAKE_KEYS, str(tmp_path / "keys")], check=True, timeout=60)
    print(dict(secrets_of_folder(tmp_path / "keys")))


def test_error_of_a_persons_address():
    permit = Permit(*[0] * 17, address=ELSEWHERE)
    with pytest.raises(RecordError):
        raise RecordError(f"no way to {permit.address}")


def test_stderr_of_a_passphrase():
    PrivateFiles(b"hen, gate, plum")
    sys.stderr.write("hen, gate, plum opens nothing")


@pytest.mark.shows("stderr", "name", why="the mark is of another channel")
def test_stdout_is_not_stderr():
    print(CANARY_NAME)


@pytest.mark.shows("stdout", "address", why="the mark is of another kind")
def test_stdout_of_a_name_where_addresses_may_be():
    print(CANARY_NAME)


@pytest.mark.shows("stdout", "name", why="a name may be shown, a key never")
def test_stdout_of_a_key_where_names_may_be():
    print(CANARY_NAME, KEY)
