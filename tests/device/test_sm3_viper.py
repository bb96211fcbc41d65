"""The viper twin of SM3's compression, run on CPython with words that wrap and shift as a 32-bit chip's do.

This proves the twin's own source, word for word, over the standard's arithmetic. It does not prove what mpy-cross
makes of it, nor that a chip runs that: no chip ran it here.
"""

import hashlib
import random
import types
from array import array
from typing import Any

import pytest

from juzhu_protocol.crypto.sm3 import compress as portable
from juzhu_protocol.crypto.sm3 import sm3
from portable_files import BOARDS

SOURCE = (BOARDS / "sm3_viper.py").read_text(encoding="utf-8")


def wrap(number: int) -> int:
    """Two's complement of 32 bits."""
    return (number + 0x80000000 & 0xFFFFFFFF) - 0x80000000


class Word(int):
    """A native word: every result wraps, and a shift to the right copies the sign."""

    right_shifts_copy_the_sign = True

    def _of(self, number: int) -> "Word":
        return type(self)(wrap(number))

    def __add__(self, other: int) -> "Word":
        return self._of(int(self) + other)

    def __and__(self, other: int) -> "Word":
        return self._of(int(self) & other)

    def __or__(self, other: int) -> "Word":
        return self._of(int(self) | other)

    def __xor__(self, other: int) -> "Word":
        return self._of(int(self) ^ other)

    def __lshift__(self, count: int) -> "Word":
        assert 0 <= count < 32
        return self._of(int(self) << count)

    def __rshift__(self, count: int) -> "Word":
        assert 0 <= count < 32
        number = int(self) if self.right_shifts_copy_the_sign else int(self) & 0xFFFFFFFF
        return self._of(number >> count)

    def __mul__(self, other: int) -> "Word":
        raise AssertionError("the twin multiplies no word")

    def __invert__(self) -> "Word":
        raise AssertionError("viper has no ~ on every chip")


class UnsignedWord(Word):
    """The same, for an emitter that takes words as unsigned."""

    right_shifts_copy_the_sign = False


def twin(word: type[Word]) -> Any:
    """The module, with viper's pointers made of what CPython has."""

    class Pointer32:
        def __init__(self, words: "array[int]") -> None:
            assert words.itemsize == 4
            self._words = words

        def __getitem__(self, index: int) -> Word:
            assert 0 <= index < len(self._words)
            return word(wrap(self._words[index]))

        def __setitem__(self, index: int, value: int) -> None:
            assert 0 <= index < len(self._words)
            self._words[index] = int(value) & 0xFFFFFFFF

    class Pointer8:
        def __init__(self, data: Any) -> None:
            self._data = data

        def __getitem__(self, index: int) -> Word:
            assert 0 <= index < len(self._data)
            return word(self._data[index])

    def viper(function: Any) -> Any:
        kinds = list(function.__annotations__.values())
        assert len(kinds) <= 4, "viper takes four arguments"
        return lambda *given: function(*[kind(value) for kind, value in zip(kinds, given, strict=True)])

    module = types.ModuleType("sm3_viper")
    fake = types.SimpleNamespace(viper=viper)
    names = {"ptr32": Pointer32, "ptr8": Pointer8, "__name__": "sm3_viper"}
    module.__dict__.update(names)
    code = compile(SOURCE.replace("import micropython\n", ""), "sm3_viper.py", "exec")
    module.__dict__["micropython"] = fake
    exec(code, module.__dict__)
    return module


@pytest.fixture(params=[Word, UnsignedWord], ids=["signed words", "unsigned words"])
def compress(request):
    return twin(request.param).compress


def test_twin_hashes_as_openssl_does(compress):
    rng = random.Random(3)
    for length in (0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 200, 4096):
        data = rng.randbytes(length)
        assert sm3(data, compress) == hashlib.new("sm3", data).digest(), length
    for data in (b"abc", b"abcd" * 16, b"\xff" * 128, bytes(192)):
        assert sm3(data, compress) == hashlib.new("sm3", data).digest()


def test_twin_and_portable_compression_agree_on_any_state_and_block(compress):
    rng = random.Random(4)
    for _ in range(60):
        start = [rng.choice((rng.getrandbits(32), 0, 0xFFFFFFFF, 0x80000000)) for _ in range(8)]
        block = rng.choice((rng.randbytes(64), bytes(64), b"\xff" * 64, b"\x80\0\0\0" * 16))
        ours, theirs = array("I", start), array("I", start)
        portable(ours, block)
        compress(theirs, block)
        assert list(ours) == list(theirs)


def test_a_twin_with_one_mask_too_narrow_is_found_out(monkeypatch):
    # The shim must be able to object: an unmasked arithmetic shift is the twin's likeliest mistake.
    broken = SOURCE.replace("(a >> 20) & 0xFFF", "(a >> 20)")
    assert broken != SOURCE
    monkeypatch.setitem(globals(), "SOURCE", broken)
    assert sm3(b"abc", twin(Word).compress) != hashlib.new("sm3", b"abc").digest()
