"""What a reader holds: the trust bundle, the list, the profile, and the floors below which it accepts none.

Two slots for each object; a new one is written into the slot not in use, verified there, and taken into use
by one small state record, of which two copies alternate. Power may fail at any write: what was held stays.
Floors move with that record, after everything verified.
"""

from hashlib import sha256

from juzhu_protocol.errors import (
    ContentMismatchError,
    JuzhuError,
    MalformedObjectError,
    OversizeError,
    RecordError,
    RollbackError,
    StorageError,
    TransferStateError,
    TrustError,
    UnknownKeyError,
)
from juzhu_protocol.link.objects import MAX_OBJECT_DATA, OBJECT_LIST, OBJECT_PROFILE, OBJECT_TRUST
from juzhu_protocol.lists.plain import StatusList
from juzhu_protocol.records.link import ObjectBegin, ObjectData
from juzhu_protocol.records.trust import Manifest
from juzhu_protocol.rules.decide import STATUS_NEWER, STATUS_VALID, ListState
from juzhu_protocol.rules.profile import Profile
from juzhu_protocol.trust.bundle import (
    MAX_SIGNED_BUNDLE,
    Roots,
    TrustedKeys,
    open_bundle,
    reopen_bundle,
    same_bundle,
)
from juzhu_protocol.trust.manifest import ContentCheck, find_list_key, open_manifest
from juzhu_protocol.trust.moments import refuse_future
from juzhu_protocol.trust.profile import MAX_SIGNED_PROFILE, find_policy_key, open_profile, read_profile
from juzhu_protocol.trust.verifier import SignatureVerifier

from .kept_state import KeptState, Regions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from juzhu_protocol.records.reader import ReaderState

    from .ports import Ports

_TRUST_REGIONS = ("trust0", "trust1")
_LIST_REGIONS = ("list0", "list1")
_PROFILE_REGIONS = ("profile0", "profile1")


class Transfer:
    """An object on its way in: what it will be, and how much of it stands in the slot."""

    __slots__ = ("kind", "length", "manifest", "offset", "region")

    def __init__(self, kind: int, length: int, manifest: "Manifest | None", region: str) -> None:
        self.kind = kind
        self.length = length
        self.manifest = manifest
        self.region = region
        self.offset = 0


class ReaderStore:
    """Loads what flash holds and takes in new objects step by step.

    keys, manifest, list and profile are what may be relied on now, or None. StorageError when not even the state can be
    read; anything else that is broken is not used, said in `damage` and mended by the next good object.
    """

    def __init__(self, ports: "Ports", division: int, roots: Roots, verifier: SignatureVerifier) -> None:
        self._flash = Regions(ports.flash)
        self._division = division
        self._roots = roots
        self._verifier = verifier
        self._transfer: "Transfer | None" = None
        self._damages = {"trust": "", "list": "", "profile": ""}
        self._scrubbed: "Manifest | None" = None
        self.keys: "TrustedKeys | None" = None
        self.manifest: "Manifest | None" = None
        self.list: "StatusList | None" = None
        self.profile: "Profile | None" = None
        self._kept = KeptState(ports, roots.hash())
        self._floor = self._read_floor()
        self._load_trust()
        self._load_list()
        self._load_profile()

    @property
    def state(self) -> "ReaderState":
        """What the reader's state record says now."""
        return self._kept.current

    @property
    def forgot_old_roots(self) -> bool:
        """Whether this start met what other roots than the installed ones had signed, and forgot it."""
        return self._kept.forgot_old_roots

    @property
    def damage(self) -> str:
        """What on flash cannot be used now, in words; empty when all can."""
        return "; ".join([text for text in self._damages.values() if text])

    @property
    def clock_floor(self) -> int:
        """The newest time in anything verified and not taken back by the root, Unix seconds; 0 before the first."""
        return self.state.clock_floor

    def list_state(self, latest: "int | None") -> "ListState | None":
        """Return what the decision needs to know of the list, None without one.

        latest is the latest time that it may be now, in Unix seconds, None when nobody knows.
        """
        if self.list is None or self.manifest is None:
            return None
        age = None if latest is None else max(0, latest - self.manifest.time) // 3600
        return ListState(self._division, self.manifest.sequence, age)

    def status_of(self, division: int, serial: int) -> int:
        """Return a serial's status in the held list; valid where no held list covers its division."""
        if self.list is None or division != self._division:
            return STATUS_VALID
        if serial > self.list.highest_serial:
            return STATUS_NEWER
        return self.list.status(serial)

    def scrub(self) -> None:
        """Compare the next piece of the list in use with what was signed; one that rotted on flash is used no more."""
        manifest = self.manifest
        if manifest is None:
            return
        if self._scrubbed is not manifest:
            self._scrubbed = manifest
            self._scrub_check = ContentCheck(manifest)
            self._scrub_offset = 0
        size = min(MAX_OBJECT_DATA, manifest.content_length - self._scrub_offset)
        try:
            self._scrub_check.update(
                self._flash.read(_LIST_REGIONS[self.state.list_slot], self._scrub_offset, size)
            )
            self._scrub_offset += size
            if self._scrub_offset == manifest.content_length:
                self._scrubbed = None
                self._scrub_check.finish()
        except JuzhuError as error:
            self.list = None
            self.manifest = None
            self._damages["list"] = "the list on flash is not usable: " + str(error)

    def begin(self, offer: ObjectBegin, latest: "int | None") -> int:
        """Take an offer; return the offset to send from, the whole length when nothing is lacking.

        latest is the latest time that it may be now by a clock known to be right (clock.set_latest).
        """
        if offer.kind == OBJECT_TRUST:
            if offer.length > MAX_SIGNED_BUNDLE:
                raise OversizeError(
                    "a bundle of %d bytes, at most %d fit" % (offer.length, MAX_SIGNED_BUNDLE)
                )
            self._transfer = Transfer(
                OBJECT_TRUST, offer.length, None, _TRUST_REGIONS[1 - self.state.trust_slot]
            )
            return 0
        if self.keys is None:
            raise UnknownKeyError("no trust bundle is held, so nothing else can be verified")
        if offer.kind == OBJECT_PROFILE:
            region = _PROFILE_REGIONS[1 - self.state.profile_slot]
            largest = min(MAX_SIGNED_PROFILE, self._flash.size(region))
            if offer.length > largest:
                raise OversizeError("a profile of %d bytes, at most %d fit" % (offer.length, largest))
            self._transfer = Transfer(OBJECT_PROFILE, offer.length, None, region)
            return 0
        manifest = open_manifest(
            offer.manifest, self._division, self.keys, self._verifier, self._floor, latest
        )
        region = _LIST_REGIONS[1 - self.state.list_slot]
        if manifest.content_length != offer.length:
            raise ContentMismatchError(
                "%d bytes offered, %d signed" % (offer.length, manifest.content_length)
            )
        if offer.length > self._flash.size(region):
            raise OversizeError(
                "a list of %d bytes, at most %d fit" % (offer.length, self._flash.size(region))
            )
        under_way = self._transfer
        transfer = Transfer(OBJECT_LIST, offer.length, manifest, region)
        if self._same_content(self.manifest, manifest) and self.list is not None:
            transfer.region = _LIST_REGIONS[self.state.list_slot]
            transfer.offset = offer.length
        elif under_way and under_way.region == region and self._same_content(under_way.manifest, manifest):
            transfer.offset = under_way.offset
        self._transfer = transfer
        return transfer.offset

    def data(self, part: ObjectData) -> int:
        """Write a part of the object under way; return the offset of the next."""
        transfer = self._under_way(part.kind)
        if part.offset != transfer.offset or part.offset + len(part.data) > transfer.length:
            raise TransferStateError("a part at %d, expected at %d" % (part.offset, transfer.offset))
        self._flash.write(transfer.region, part.offset, part.data)
        transfer.offset += len(part.data)
        return transfer.offset

    def commit(self, kind: int, latest: "int | None") -> int:
        """Verify the whole object where it stands and take it into use; return its length. latest as in begin()."""
        transfer = self._under_way(kind)
        if transfer.offset != transfer.length:
            raise TransferStateError("%d of %d bytes are here" % (transfer.offset, transfer.length))
        self._transfer = None
        if transfer.kind == OBJECT_TRUST:
            self._commit_trust(transfer, latest)
        elif transfer.kind == OBJECT_PROFILE:
            self._commit_profile(transfer, latest)
        elif transfer.manifest is not None:
            # The clock may have been set since the beginning.
            refuse_future(transfer.manifest.time, latest, "the manifest")
            self._commit_list(transfer, transfer.manifest)
        return transfer.length

    def _commit_trust(self, transfer: Transfer, latest: "int | None") -> None:
        data = self._flash.read(transfer.region, 0, transfer.length)
        keys = open_bundle(data, self._roots, self._verifier, self.state.bundle_floor, latest)
        if self.keys is not None and keys.version == self.state.bundle_floor:
            held = self._flash.read(_TRUST_REGIONS[self.state.trust_slot], 0, self.state.trust_length)
            if not same_bundle(held, data):
                raise RollbackError("two different bundles are version %d" % keys.version)
        self._kept.save(
            bundle_floor=keys.version,
            clock_floor=self._floor_under(keys),
            trust_slot=_TRUST_REGIONS.index(transfer.region),
            trust_length=transfer.length,
            trust_hash=sha256(data).digest(),
        )
        self.keys = keys
        self._damages["trust"] = ""
        # A key may have been withdrawn: what it signed stays as a floor, but is believed no more.
        self._load_list()
        self._load_profile()

    def _floor_under(self, keys: TrustedKeys) -> int:
        """Count the clock's floor anew from a new bundle and what is still believed under it.

        So the root can take back a time that a list key signed wrongly, and nobody else can.
        """
        floor = keys.time
        try:
            if self._floor is not None:
                find_list_key(self._floor, self._division, keys)
                floor = max(floor, self._floor.time)
        except TrustError:
            pass
        try:
            if self.state.profile_length:
                record = read_profile(self._stored_profile())
                find_policy_key(record, keys)
                floor = max(floor, record.time)
        except JuzhuError:
            pass
        return floor

    def _commit_profile(self, transfer: Transfer, latest: "int | None") -> None:
        if self.keys is None:
            raise UnknownKeyError("no trust bundle is held, so no profile can be verified")
        data = self._flash.read(transfer.region, 0, transfer.length)
        held = self._stored_profile() if self.profile is not None else None
        record = open_profile(
            data, self._division, self.keys, self._verifier, self.state.profile_floor, held, latest
        )
        self._kept.save(
            clock_floor=max(self.state.clock_floor, record.time),
            profile_slot=_PROFILE_REGIONS.index(transfer.region),
            profile_length=transfer.length,
            profile_hash=sha256(data).digest(),
            profile_floor=record.profile_version,
        )
        self.profile = Profile.of(record)
        self._damages["profile"] = ""

    def _commit_list(self, transfer: Transfer, manifest: Manifest) -> None:
        status_list = self._open_list(transfer.region, manifest)
        self._kept.save(
            clock_floor=max(self.state.clock_floor, manifest.time),
            list_slot=_LIST_REGIONS.index(transfer.region),
            manifest=manifest.to_bytes(),
        )
        self._floor = self.manifest = manifest
        self.list = status_list
        self._damages["list"] = ""

    def _open_list(self, region: str, manifest: Manifest) -> StatusList:
        check = ContentCheck(manifest)
        for offset in range(0, manifest.content_length, MAX_OBJECT_DATA):
            check.update(
                self._flash.read(region, offset, min(MAX_OBJECT_DATA, manifest.content_length - offset))
            )
        check.finish()

        def read(offset: int, size: int) -> bytes:
            return self._flash.read(region, offset, size)

        status_list = StatusList(read, manifest.content_length)
        if status_list.division != self._division:
            raise MalformedObjectError("the list inside is of division %d" % status_list.division)
        return status_list

    def _load_trust(self) -> None:
        if not self.state.trust_length:
            return
        try:
            data = self._flash.read(_TRUST_REGIONS[self.state.trust_slot], 0, self.state.trust_length)
            if sha256(data).digest() != self.state.trust_hash:
                raise ContentMismatchError("its hash is not the one it had")
            self.keys = reopen_bundle(data)
        except JuzhuError as error:
            self._damages["trust"] = "the trust bundle on flash is not usable: " + str(error)

    def _load_list(self) -> None:
        self.manifest = None
        self.list = None
        self._damages["list"] = ""
        manifest = self._floor
        if manifest is None or self.keys is None:
            return
        try:
            find_list_key(manifest, self._division, self.keys)
            self.list = self._open_list(_LIST_REGIONS[self.state.list_slot], manifest)
            self.manifest = manifest
        except JuzhuError as error:
            self._damages["list"] = "the list on flash is not usable: " + str(error)

    def _load_profile(self) -> None:
        self.profile = None
        self._damages["profile"] = ""
        if not self.state.profile_length or self.keys is None:
            return
        try:
            record = read_profile(self._stored_profile())
            find_policy_key(record, self.keys)
            self.profile = Profile.of(record)
        except JuzhuError as error:
            self._damages["profile"] = "the profile on flash is not usable: " + str(error)

    def _stored_profile(self) -> bytes:
        data = self._flash.read(_PROFILE_REGIONS[self.state.profile_slot], 0, self.state.profile_length)
        if sha256(data).digest() != self.state.profile_hash:
            raise ContentMismatchError("its hash is not the one it had")
        return data

    def _read_floor(self) -> "Manifest | None":
        """The manifest that the state names: what it signed may be gone, its number stays the floor."""
        if not self.state.manifest:
            return None
        try:
            return Manifest.from_bytes(self.state.manifest)
        except RecordError as error:
            raise StorageError("the floor in the reader's state cannot be read: %s; install anew" % error)

    def _under_way(self, kind: int) -> Transfer:
        if self._transfer is None or self._transfer.kind != kind:
            raise TransferStateError("no transfer of kind %d was begun" % kind)
        return self._transfer

    @staticmethod
    def _same_content(one: "Manifest | None", other: Manifest) -> bool:
        return one is not None and one.content_hash == other.content_hash
