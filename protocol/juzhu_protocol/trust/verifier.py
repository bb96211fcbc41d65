"""Signature checks with the combs of the keys used last."""

from ..crypto.comb import TEETH, TableBuilder, TablePair, build_table
from ..crypto.curve import P256, decode_point
from ..crypto.signature import signed_digest, verify_es256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..crypto.comb import CombTable

TABLES_KEPT = 4
"""An organ's or two's, the list key's and one to spare: with the generator's, about 19 KB of RAM on a 32-bit chip."""


class SignatureVerifier:
    """Verifies ES256 signatures; remembers the comb tables of the keys it used last.

    A key's table costs seconds on a microcontroller. `prepare` queues keys and `step` builds their tables a
    little at a time, so that the first tap does not wait for them.
    """

    def __init__(self, tables_kept: int = TABLES_KEPT) -> None:
        self._generator: "CombTable | None" = None
        self._tables: "list[tuple[bytes, CombTable]]" = []
        self._tables_kept = tables_kept
        self._waiting: "list[bytes]" = []
        self._builder: "TableBuilder | None" = None
        self._builder_key = b""

    def verify(self, public_key: bytes, context: bytes, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (raw r and s) over `message` in `context` is `public_key`'s."""
        pair = TablePair(self._generator_table(), self._key_table(public_key))
        return verify_es256(pair, signed_digest(context, message), signature)

    def prepare(self, public_keys: "list[bytes]") -> None:
        """Queue the first keys for which there is room; step() builds their tables."""
        self._waiting = [key for key in public_keys if not self._held(key)][: self._tables_kept]
        self._builder = None

    def step(self) -> bool:
        """Do one bounded piece of table building; True when none is left to do."""
        if self._builder is None:
            if self._generator is None:
                self._builder_key = b""
                self._builder = TableBuilder(P256, (P256.gx, P256.gy), TEETH)
            elif self._waiting:
                self._builder_key = self._waiting[0]
                self._builder = TableBuilder(P256, decode_point(P256, self._builder_key), TEETH)
            else:
                return True
        elif self._builder.step() and self._builder.table is not None:
            if not self._builder_key:
                self._generator = self._builder.table
            else:
                self._waiting = self._waiting[1:]
                self._remember(self._builder_key, self._builder.table)
            self._builder = None
        return False

    def _generator_table(self) -> "CombTable":
        if self._generator is None:
            self._generator = build_table(P256, (P256.gx, P256.gy), TEETH)
        return self._generator

    def _held(self, public_key: bytes) -> "CombTable | None":
        for key, table in self._tables:
            if key == public_key:
                return table
        return None

    def _key_table(self, public_key: bytes) -> "CombTable":
        table = self._held(public_key) or build_table(P256, decode_point(P256, public_key), TEETH)
        self._remember(public_key, table)
        return table

    def _remember(self, public_key: bytes, table: "CombTable") -> None:
        others = [item for item in self._tables if item[0] != public_key]
        self._tables = ([(public_key, table)] + others)[: self._tables_kept]
