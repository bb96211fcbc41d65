"""What every private key in memory has in common: it is not shown."""


class Hidden:
    """Base of what holds a private key: its repr hides it, and nothing pickles, copies or takes it apart."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(private part not shown)"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not pickled or copied")

    def __getstate__(self) -> object:
        raise TypeError("a private key shows no state")


class PrivateKey(Hidden):
    """A private key of one suite."""

    __slots__ = ()

    public_key: bytes
    """X || Y, 64 bytes."""

    def sign(self, content: bytes) -> bytes:
        """Return r || s, 64 bytes, over content, which is hashed as the suite asks; always the same ones."""
        raise NotImplementedError

    def _secret(self) -> bytes:
        """Return the private number, 32 bytes, big-endian."""
        raise NotImplementedError
