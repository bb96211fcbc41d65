"""Where on MQTT each object is retained, and how a list's content is cut into chunks (docs/protocol.md)."""

CHUNK_SIZE = 65536
"""Bytes of every chunk but the last; the smallest payload limit among the common brokers is 128 kB."""


def trust_topic() -> str:
    """Where the signed bundle is retained."""
    return "juzhu/1/trust"


def profile_topic(division: int) -> str:
    """Where a list division's signed profile is retained."""
    return "juzhu/1/%d/profile" % division


def manifest_topic(division: int) -> str:
    """Where a list division's manifest is retained."""
    return "juzhu/1/%d/list/manifest" % division


def chunk_topic(division: int, content_hash: bytes, number: int) -> str:
    """Where chunk `number`, from 0, of a content is retained."""
    return "juzhu/1/%d/list/%s-%d" % (division, content_hash.hex(), number)


def chunk_topics(division: int, content_hash: bytes, length: int) -> "list[str]":
    """Return the topics of a content of `length` bytes, in order."""
    return [chunk_topic(division, content_hash, number) for number in range(chunk_count(length))]


def chunk_count(length: int) -> int:
    """Return how many chunks a content of `length` bytes has."""
    return (length + CHUNK_SIZE - 1) // CHUNK_SIZE


def chunk_size(length: int, number: int) -> int:
    """Return how many bytes chunk `number` of a content of `length` bytes has."""
    return min(CHUNK_SIZE, length - number * CHUNK_SIZE)


def chunk(content: bytes, number: int) -> bytes:
    """Return the payload of chunk `number`."""
    return content[number * CHUNK_SIZE : (number + 1) * CHUNK_SIZE]
