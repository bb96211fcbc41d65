"""Mutated records, the same on both runtimes, and what a parser makes of each."""

from hashlib import sha256

BATCH = 500


class Lcg:
    """A small generator of numbers that both runtimes agree on (constants of Numerical Recipes)."""

    def __init__(self, seed):
        self.state = seed & 0xFFFFFFFF

    def below(self, limit):
        """A number from 0 to limit - 1."""
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) % limit


def mutate(rng, vectors):
    """One mutant of one of the vectors: mostly nearly right, since those find the differences."""
    data = bytearray(vectors[rng.below(len(vectors))])
    for _ in range(1 + rng.below(3)):
        size = len(data)
        what = rng.below(9)
        at = rng.below(size) if size else 0
        if what == 0 and size:
            data[at] ^= 1 << rng.below(8)
        elif what == 1 and size:
            data[at] = (0x00, 0x01, 0x7F, 0x80, 0xFF)[rng.below(5)]
        elif what == 2 and size:
            data[at] = (data[at] + (1, 255)[rng.below(2)]) & 0xFF
        elif what == 3:
            data = data[:at]
        elif what == 4:
            data = data + bytes([rng.below(256) for _ in range(1 + rng.below(3))])
        elif what == 5 and size:
            data = data[:at] + data[at + 1 :]
        elif what == 6:
            data = data[:at] + bytes([rng.below(256)]) + data[at:]
        elif what == 7 and size:
            other = vectors[rng.below(len(vectors))]
            end = min(at + 1 + rng.below(8), len(other), size)
            data = data[:at] + other[at:end] + data[end:] if end > at else data
        elif what == 8 and size:
            for i in range(at, min(at + 4, size)):
                data[i] = rng.below(256)
    return bytes(data)


def fields_text(value):
    """A record's fields as text: numbers, hex and lists in the schema's order, nested records included."""
    if isinstance(value, (bytes, bytearray)):
        # MicroPython's hex() of no bytes is no str.
        return bytes(value).hex() if value else ""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([fields_text(item) for item in value]) + "]"
    return "(" + ",".join([fields_text(getattr(value, name)) for name in value.__slots__]) + ")"


def batch_digest(vectors, batch, judge):
    """First bytes of a hash over what `judge(mutant)` says of every mutant of one batch."""
    rng = Lcg(batch + 1)
    whole = sha256()
    for _ in range(BATCH):
        whole.update(judge(mutate(rng, vectors)).encode() + b"\n")
    return whole.digest()[:4].hex()


def class_judge(record_class, error_class):
    """What a generated class makes of bytes: its fields, or the name of the error."""

    def judge(data):
        try:
            record = record_class.from_bytes(data)
        except error_class as error:
            return type(error).__name__
        return fields_text(record)

    return judge
