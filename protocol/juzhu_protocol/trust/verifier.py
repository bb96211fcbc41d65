"""Signature checks in every suite, with the combs of the keys used last."""

from hashlib import sha256

from ..crypto.comb import TEETH, CombTable, TableBuilder, TablePair, build_table, table_size
from ..crypto.curve import encode_point
from ..crypto.signature import (
    DIGEST_SIZE,
    SUITE_ES256,
    SUITE_SM2_SM3,
    curve_of,
    decode_key,
    signed_content,
    signed_digest,
    sm2_z,
    verify_es256,
    verify_sm2,
)
from ..crypto.sm3 import compress as portable_compress
from ..crypto.sm3 import sm3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from ..crypto.curve import Affine
    from ..crypto.sm3 import Compress

    Key = tuple[int, bytes]
    """A suite and a public key, 64 bytes: X||Y."""

    class TableStore(Protocol):
        """Where tables outlive a restart. It answers for what it gives back: another table is another key."""

        def want(self, keys: "list[Key]") -> int:
            """Say whose tables are wanted from now on, the first the most; return for how many there is room."""

        def load(self, suite: int, public_key: bytes) -> "bytes | None":
            """Return what was saved for a key, or None."""

        def save(self, suite: int, public_key: bytes, table: bytes) -> None:
            """Keep a wanted key's table, if it can be kept."""


TABLES_KEPT = 2
"""An organ's and the list key's: 7.5 KB of RAM each on a 32-bit chip, and as much for a suite's generator."""


class KeyTable:
    """The comb of a public key, and the Z_A of its SM2 signatures (empty in ES256)."""

    __slots__ = ("comb", "key", "z")

    def __init__(self, key: "Key", comb: CombTable, z: bytes) -> None:
        self.key = key
        self.comb = comb
        self.z = z


class SignatureVerifier:
    """Verifies signatures of both suites; remembers the comb tables of the keys it used last.

    A key's table costs seconds on a microcontroller. `prepare` names keys and `step` builds their tables a
    little at a time, so that the first tap does not wait for them; a `store` keeps them over a restart.
    `compress` is SM3's compression: a board's native twin, or the portable one.
    """

    def __init__(
        self,
        store: "TableStore | None" = None,
        compress: "Compress" = portable_compress,
        tables_kept: int = TABLES_KEPT,
    ) -> None:
        self._store = store
        self._compress = compress
        self._tables_kept = tables_kept
        self._generators: "list[KeyTable]" = []
        self._tables: "list[KeyTable]" = []
        self._waiting: "list[Key]" = []
        self._builder: "TableBuilder | None" = None

    def verify(self, suite: int, public_key: bytes, context: bytes, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (raw r and s) over `message` in `context` is `public_key`'s.

        A malformed signature is False; ValueError for an unknown suite, KeyFormatError for a key that is no
        point of the suite's curve.
        """
        generator = self._table(_generator(suite))
        table = self._table((suite, public_key))
        pair = TablePair(generator.comb, table.comb)
        if suite == SUITE_SM2_SM3:
            digest = self.hash(suite, table.z + signed_content(context, message))
            return verify_sm2(pair, digest, signature)
        return verify_es256(pair, signed_digest(context, message), signature)

    def hash(self, suite: int, data: bytes) -> bytes:
        """The suite's hash of data, 32 bytes: SHA-256 or SM3; ValueError for an unknown suite."""
        if suite == SUITE_ES256:
            return sha256(data).digest()
        if suite == SUITE_SM2_SM3:
            return sm3(data, self._compress)
        raise ValueError("suite %d is not known" % suite)

    def prepare(self, keys: "list[Key]") -> None:
        """Name the keys that will be met, the first the soonest; step() sees to their tables.

        Those for which there is room, in RAM or in the store, are waited for.
        """
        generators = []
        wanted = []
        for key in keys:
            if _generator(key[0]) not in generators:
                generators.append(_generator(key[0]))
            if key not in wanted:
                wanted.append(key)
        stored = 0 if self._store is None else self._store.want(generators + wanted)
        self._waiting = (generators + wanted)[: max(stored, len(generators) + self._tables_kept)]
        self._builder = None

    def step(self) -> bool:
        """Do one bounded piece of fetching or building tables; True when none is left to do."""
        if not self._waiting:
            return True
        key = self._waiting[0]
        if self._builder is None:
            stored = self._load(key)
            table = self._held(key) or stored
            if table is None:
                self._builder = TableBuilder(curve_of(key[0]), _point(key))
                return False
            self._keep(table, stored is None)
        elif self._builder.step() and self._builder.table is not None:
            self._keep(self._table_of(key, self._builder.table), True)
        return False

    def _keep(self, table: KeyTable, save: bool) -> None:
        """Done with the first key that waits: its table goes to the store, and to RAM while there is room."""
        self._waiting = self._waiting[1:]
        self._builder = None
        if save and self._store is not None:
            self._store.save(table.key[0], table.key[1], table.z + table.comb.to_bytes())
        if self._store is None or _is_generator(table.key) or len(self._tables) < self._tables_kept:
            self._remember(table)

    def _table(self, key: "Key") -> KeyTable:
        """The key's table from RAM, from the store, or made here and now; it becomes the one used last."""
        table = self._held(key) or self._load(key)
        if table is None:
            table = self._table_of(key, build_table(curve_of(key[0]), _point(key)))
        self._remember(table)
        return table

    def _table_of(self, key: "Key", comb: CombTable) -> KeyTable:
        suite, public_key = key
        z = sm2_z(public_key, lambda data: self.hash(suite, data)) if suite == SUITE_SM2_SM3 else b""
        return KeyTable(key, comb, z)

    def _held(self, key: "Key") -> "KeyTable | None":
        for table in self._generators + self._tables:
            if table.key == key:
                return table
        return None

    def _load(self, key: "Key") -> "KeyTable | None":
        raw = None if self._store is None else self._store.load(key[0], key[1])
        z_size = DIGEST_SIZE if key[0] == SUITE_SM2_SM3 else 0
        # One that another version of this software made for other combs is made again.
        if raw is None or len(raw) != z_size + table_size(TEETH):
            return None
        return KeyTable(key, CombTable(curve_of(key[0]), TEETH, raw[z_size:]), raw[:z_size])

    def _remember(self, table: KeyTable) -> None:
        if _is_generator(table.key):
            if table not in self._generators:
                self._generators.append(table)
            return
        if table in self._tables:
            self._tables.remove(table)
        elif len(self._tables) == self._tables_kept:
            self._tables.pop()
        self._tables.insert(0, table)


def _point(key: "Key") -> "Affine":
    return decode_key(key[0], key[1])


def _generator(suite: int) -> "Key":
    """A generator's table is that of a key whose point it is."""
    curve = curve_of(suite)
    return suite, encode_point((curve.gx, curve.gy))


def _is_generator(key: "Key") -> bool:
    return key == _generator(key[0])
