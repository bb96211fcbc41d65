"""What a folder and a keys folder bring to judge cards by, each thing verified like one that came from a broker.

A lists folder holds `bundle.bin` (SignedBundle), `<division>.manifest` (Manifest) and `<division>.list` (content),
and may hold `<division>.profile` (ProfileRecord). What does not hold is not used, and a note says so: without keys
or a list the card is referred, without a profile the software's own decides.
"""

from dataclasses import dataclass
from pathlib import Path

from juzhu_protocol.errors import JuzhuError, MalformedObjectError, TrustError
from juzhu_protocol.hostside.native import NativeVerifier
from juzhu_protocol.hostside.roots import load_roots
from juzhu_protocol.lists.plain import StatusList
from juzhu_protocol.records.profile import ProfileRecord
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.rules.decide import STATUS_NEWER, STATUS_VALID, ListState
from juzhu_protocol.trust.bundle import MAX_SIGNED_BUNDLE, TrustedKeys, open_bundle
from juzhu_protocol.trust.manifest import ContentCheck, open_manifest
from juzhu_protocol.trust.profile import MAX_SIGNED_PROFILE, open_profile

from .bundle_floor import raise_floor, read_floor
from .development_authority import data_folder
from .errors import ConfigError

BUNDLE = "bundle.bin"
MAX_MANIFEST = 1024
MAX_CONTENT = 4 * 1024 * 1024
"""No list is larger: a slot on a reader's flash."""


@dataclass(frozen=True)
class HeldList:
    """A verified list of one division."""

    manifest: Manifest
    statuses: StatusList

    def state(self, latest: "int | None") -> ListState:
        """Return what decide() needs to know of it; latest is the latest Unix time that it may be now, or None."""
        age = None if latest is None else max(0, latest - self.manifest.time) // 3600
        return ListState(self.manifest.list_division, self.manifest.sequence, age)

    def status_of(self, division: int, serial: int) -> int:
        """Return a serial's status; valid in a division that this list does not cover."""
        if division != self.manifest.list_division:
            return STATUS_VALID
        if serial > self.statuses.highest_serial:
            return STATUS_NEWER
        return self.statuses.status(serial)


def load_keys(
    roots_file: "Path | None", keys_folder: "Path | None", lists: "Path | None", latest: "int | None"
) -> "tuple[TrustedKeys | None, list[str]]":
    """Return the keys of the newest bundle that holds, None without one, and notes on what does not hold.

    Without both --roots and --keys the user's own development authority is the root, if it was ever made.
    A bundle older than one seen before under these roots is refused. KeysFolderError for roots that cannot be read.
    """
    places = [lists] if lists else []
    if roots_file is None:
        folder = keys_folder or data_folder()
        if keys_folder is None and not (folder / "roots.toml").is_file():
            return None, [
                "no keys: give --roots or --keys, or make a development authority with juzhu card new"
            ]
        roots_file = folder / "roots.toml"
        places.append(folder)
    roots = load_roots(roots_file)
    best: TrustedKeys | None = None
    floor, known, notes = 0, True, []
    try:
        floor = read_floor(roots)
    except ConfigError as error:
        known = False
        notes.append(f"it is not known which bundle was seen last: {error}")
    for place in places:
        try:
            raw = _read(place / BUNDLE, MAX_SIGNED_BUNDLE)
            if raw is None:
                continue
            keys = open_bundle(raw, roots, NativeVerifier(), floor, latest)
        except TrustError as error:
            notes.append(f"{place / BUNDLE} is not used: {error}")
            continue
        if best is None or keys.version > best.version:
            best = keys
    if best is not None and best.version > floor and known:
        try:
            raise_floor(roots, best.version)
        except ConfigError as error:
            notes.append(f"bundle version {best.version} could not be remembered: {error}")
    if best is None and not notes:
        notes.append(
            f"no {BUNDLE} in {' or '.join(map(str, places)) or 'any folder'}: give --lists or --keys"
        )
    return best, notes


def load_list(
    folder: Path, division: int, keys: "TrustedKeys | None", latest: "int | None"
) -> "tuple[HeldList | None, list[str]]":
    """Return a division's list out of a lists folder, None when it has none that holds, and notes why.

    ConfigError for a folder that is not there.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; give one that juzhu lists made with --lists")
    path = folder / f"{division}.manifest"
    if keys is None:
        return None, [f"{path} cannot be verified without keys"]
    try:
        raw = _read(path, MAX_MANIFEST)
        content = _read(folder / f"{division}.list", MAX_CONTENT)
        if raw is None or content is None:
            return None, [f"{folder} holds no list of {division}"]
        manifest = open_manifest(raw, division, keys, NativeVerifier(), None, latest)
        check = ContentCheck(manifest)
        check.update(content)
        check.finish()
        statuses = StatusList(lambda offset, size: content[offset : offset + size], len(content))
        if statuses.division != division:
            raise MalformedObjectError(f"the list inside is of division {statuses.division}")
    except JuzhuError as error:
        if isinstance(error, ConfigError):
            raise
        return None, [f"the list of {division} in {folder} is not used: {error}"]
    return HeldList(manifest, statuses), []


def load_profile_record(
    folder: Path, division: int, keys: "TrustedKeys | None", latest: "int | None"
) -> "tuple[ProfileRecord | None, list[str]]":
    """Return a division's signed profile out of a lists folder, None when it has none that holds, and notes why.

    No note where there is none: a place need not publish one.
    """
    path = folder / f"{division}.profile"
    try:
        raw = _read(path, MAX_SIGNED_PROFILE)
        if raw is None:
            return None, []
        if keys is None:
            return None, [f"{path} cannot be verified without keys"]
        return open_profile(raw, division, keys, NativeVerifier(), 0, None, latest), []
    except TrustError as error:
        return None, [f"{path} is not used: {error}"]


def _read(path: Path, limit: int) -> "bytes | None":
    """Return a file's bytes, None when there is none; ConfigError when it cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    if len(raw) > limit:
        raise MalformedObjectError(f"{path} has more than {limit} bytes")
    return raw
