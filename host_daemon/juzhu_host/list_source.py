"""What a division's list is now: from the publishing journal, or signed anew when content, age or key ask for it."""

import logging
from collections.abc import Callable
from pathlib import Path

from juzhu_protocol.authority.errors import DatabaseFileError, RegistryBehindError
from juzhu_protocol.authority.journal import Journal, Publication
from juzhu_protocol.authority.keys import KeyRing
from juzhu_protocol.authority.list_signing import sign_manifest
from juzhu_protocol.authority.registry import Registry
from juzhu_protocol.errors import TrustError
from juzhu_protocol.lists.plain import StatusList, build_list
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.rules.calendar import day_of
from juzhu_protocol.trust.manifest import find_list_key

log = logging.getLogger(__name__)


class ListSource:
    """The newest publication of a division: from the journal, or made anew when the registry differs."""

    def __init__(
        self,
        registry_path: Path,
        journal: Journal,
        keys: KeyRing,
        division: int,
        refresh_s: float,
        now: Callable[[], int],
        *,
        accept_clock_jump: bool = False,
    ) -> None:
        self._path = registry_path
        self._registry = _sound(registry_path)
        self._inode = registry_path.stat().st_ino
        self._seen = -1
        self._journal = journal
        self._keys = keys
        self._division = division
        self._refresh_s = refresh_s
        self._now = now
        self._accept_clock_jump = accept_clock_jump
        self._signed_at: int | None = None

    def close(self) -> None:
        """Close the registry; the journal is its owner's."""
        self._registry.close()

    def is_due(self) -> bool:
        """Whether newest() would look at the registry or sign anew; cheap enough to poll."""
        if self._signed_at is None or self._is_old(self._signed_at):
            return True
        self._follow_file()
        return self._registry.data_version() != self._seen

    def newest(self) -> Publication:
        """Return what the division's list is now, journaled; a new one when content or age ask for it."""
        try:
            return self._newest()
        except BaseException:
            # What was seen was not published: is_due() must not take it for done.
            self._seen = -1
            raise

    def _newest(self) -> Publication:
        self._follow_file()
        # Before the content is read: a change in between is seen again rather than missed.
        self._seen = self._registry.data_version()
        highest, exceptions = self._registry.exceptions(self._division)
        content = build_list(self._division, highest, exceptions)
        current = self._journal.current()
        if current is not None:
            self._refuse_fewer(highest, current.content)
        self._signed_at = self._journal.signed_at()
        now = self._now()
        if (
            current is None
            or current.content != content
            or self._is_old(self._signed_at)
            or self._is_disowned(current)
        ):
            if current is not None and now < current.time:
                log.warning(
                    "the clock is %d s before the last manifest; that one's time stands", current.time - now
                )
            current = self._sign(content, now)
            self._signed_at = now
        return current

    def _refuse_fewer(self, highest: int, published: bytes) -> None:
        # Serials are dense and only rise: fewer of them is another registry, or an old copy of this one.
        issued = StatusList(lambda at, size: published[at : at + size], len(published)).highest_serial
        if highest < issued:
            raise RegistryBehindError(
                f"{self._path} has issued {highest} permits of {self._division}, and a list of {issued} was "
                "published: the permits that it lacks would count as valid. Name the right registry, or restore "
                "its newest backup; nothing was signed"
            )

    def _is_old(self, signed_at: int) -> bool:
        # In either direction: a clock that was set back must not leave the list unsigned until it is there again.
        return abs(self._now() - signed_at) >= self._refresh_s

    def _is_disowned(self, current: Publication) -> bool:
        # After a change of the list key every reader under the new bundle waits for a manifest that it can believe.
        try:
            find_list_key(Manifest.from_bytes(current.manifest), self._division, self._keys.trusted)
        except TrustError:
            return True
        return False

    def _sign(self, content: bytes, now: int) -> Publication:
        key = self._keys.list_key(self._division, day_of(now))

        def sign(sequence: int, time: int) -> bytes:
            return sign_manifest(key, self._division, sequence, time, content)

        accept, self._accept_clock_jump = self._accept_clock_jump, False
        return self._journal.append(content, now, key.spec.epoch, sign, accept_clock_jump=accept)

    def _follow_file(self) -> None:
        # A registry restored from a backup is another file under the same name.
        try:
            inode = self._path.stat().st_ino
        except OSError as error:
            raise DatabaseFileError(f"{self._path}: {error.strerror}; restore it from a backup") from None
        if inode != self._inode:
            log.warning("%s was replaced by another file; following that one", self._path)
            registry = _sound(self._path)
            self._registry.close()
            self._registry, self._inode, self._seen = registry, inode, -1


def _sound(path: Path) -> Registry:
    """Open a registry, and look through all of it once."""
    registry = Registry(path)
    try:
        registry.check()
    except BaseException:
        registry.close()
        raise
    return registry
