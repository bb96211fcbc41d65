"""A list's content on its way from the broker, a window of chunks at a time, without I/O."""

from juzhu_protocol.errors import ContentMismatchError
from juzhu_protocol.lists.plain import StatusList
from juzhu_protocol.lists.topics import chunk_count, chunk_size, chunk_topic
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.trust.manifest import ContentCheck

WINDOW = 8
"""Chunks asked for at a time: as many filters as every broker grants one client."""

FIRST_RETRY_S = 2.0
LAST_RETRY_S = 60.0


class Pull:
    """The manifest that names a content, and the chunks of it that came. Topics out, payloads in."""

    def __init__(self, raw: bytes, manifest: Manifest, now: float) -> None:
        self.raw = raw
        self.manifest = manifest
        self.count = chunk_count(manifest.content_length)
        self.asked: dict[str, int] = {}
        self.retry_at = now + FIRST_RETRY_S
        self._wait = FIRST_RETRY_S
        self._chunks: dict[int, bytes] = {}
        self._told_missing = False
        self._wrong_wholes = 0

    def __str__(self) -> str:
        return f"list epoch {self.manifest.key_epoch} sequence {self.manifest.sequence}"

    @property
    def is_complete(self) -> bool:
        """Whether every chunk came."""
        return len(self._chunks) == self.count

    @property
    def chunks_topic(self) -> str:
        """How all its chunks together are called."""
        return self._topic(0)[:-1] + "*"

    def signed_anew(self, raw: bytes, manifest: Manifest) -> None:
        """Go on under a newer manifest of the same content: what came of it stays good."""
        self.raw, self.manifest = raw, manifest

    def ask(self, again: bool = False) -> tuple[str, ...]:
        """Return the topics to subscribe to now; with `again` also those that were asked for before."""
        wanted = list(self.asked) if again else []
        for number in range(self.count):
            if len(self.asked) >= WINDOW:
                break
            topic = self._topic(number)
            if number not in self._chunks and topic not in self.asked:
                self.asked[topic] = number
                wanted.append(topic)
        return tuple(wanted)

    def take(self, topic: str, payload: bytes, now: float) -> None:
        """Keep the payload of a topic that was asked for; ContentMismatchError when its length is wrong."""
        number = self.asked[topic]
        size = chunk_size(self.manifest.content_length, number)
        if len(payload) != size:
            raise ContentMismatchError(f"{len(payload)} bytes, it has {size}")
        del self.asked[topic]
        self._chunks[number] = payload
        self._wait = FIRST_RETRY_S
        self.retry_at = now + self._wait

    def whole(self, now: float) -> bytes:
        """Return the complete content; ContentMismatchError, and all to be asked for anew, if the hash differs."""
        content = b"".join(self._chunks[number] for number in range(self.count))
        try:
            check_content(self.manifest, content)
        except ContentMismatchError:
            self._chunks.clear()
            # Each try costs the whole content, so the wait between them doubles.
            self.retry_at = now + min(FIRST_RETRY_S * 2.0**self._wrong_wholes, LAST_RETRY_S)
            self._wrong_wholes += 1
            raise
        return content

    def wait_longer(self, now: float) -> None:
        """Put off the next try; the waits double."""
        self._wait = min(self._wait * 2, LAST_RETRY_S)
        self.retry_at = now + self._wait

    def missing(self) -> str:
        """Return what is missing, in words, the first time that something is; else nothing."""
        if not self.asked or self._told_missing:
            return ""
        self._told_missing = True
        numbers = ", ".join(str(number) for number in sorted(self.asked.values()))
        return f"of {self} chunks are missing ({numbers} of {self.count}); asked for again"

    def _topic(self, number: int) -> str:
        return chunk_topic(self.manifest.list_division, self.manifest.content_hash, number)


def check_content(manifest: Manifest, content: bytes) -> None:
    """ContentMismatchError unless length and hash of the content are what the manifest says."""
    check = ContentCheck(manifest)
    check.update(content)
    check.finish()


def open_content(manifest: Manifest, content: bytes) -> StatusList:
    """Open a list whose hash held; TrustError when it is no list of the manifest's division."""
    opened = StatusList(lambda at, size: content[at : at + size], len(content))
    if opened.division != manifest.list_division:
        raise ContentMismatchError(f"the content is a list of {opened.division}")
    return opened
