"""The two runtimes agree on what the portable code leans on, and on what it must not lean on."""

import hashlib
import struct
import sys

import portable_env

RUNTIME = sys.implementation[0] if isinstance(sys.implementation, tuple) else sys.implementation.name


def test_runtime_is_the_one_the_runner_says():
    assert RUNTIME in ("cpython", "micropython")
    assert portable_env.value("runtime", RUNTIME) == RUNTIME


def test_packages_import_from_where_a_reader_has_them():
    import juzhu_device
    import juzhu_protocol

    if RUNTIME == "micropython":
        assert juzhu_device.__file__.startswith("/lib/")
        assert juzhu_protocol.__file__.startswith("/lib/")


def test_host_only_packages_are_absent_on_a_reader():
    if RUNTIME == "micropython":
        for name in ("juzhu_protocol.schema", "juzhu_protocol.authority", "juzhu_device.boards"):
            try:
                __import__(name)
            except ImportError:
                continue
            raise AssertionError(name + " must stay off the reader")


def test_integers_are_exact_beyond_the_machine_word():
    p = 2**256 - 2**224 + 2**192 + 2**96 - 1
    assert pow(3, p - 2, p) * 3 % p == 1
    assert int.from_bytes((p - 1).to_bytes(32, "big"), "big") == p - 1


def test_sha256_has_the_published_digest():
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hashlib.sha256(b"abc").digest().hex() == expected


def test_short_struct_input_is_refused_by_an_error_with_no_common_name():
    try:
        struct.unpack(">I", b"\x00\x01")
    except ValueError:
        assert RUNTIME == "micropython"
    except Exception as error:  # noqa: BLE001  struct.error does not exist on MicroPython
        assert RUNTIME == "cpython"
        assert type(error).__name__ == "error"
    else:
        raise AssertionError("short input was accepted")
