"""What the host holds of one division, and the actions by which a follower asks for what is to be done."""

from dataclasses import dataclass, field

from juzhu_protocol.trust.bundle import TrustedKeys

from .notes import Note


@dataclass(frozen=True)
class Holdings:
    """What the host holds of one division; empty bytes and zeros where it holds nothing."""

    division: int
    bundle: bytes = b""
    bundle_version: int = 0
    manifest: bytes = b""
    key_epoch: int = 0
    sequence: int = 0
    time: int = 0
    content: bytes = b""
    profile: bytes = b""
    profile_version: int = 0


@dataclass(frozen=True)
class Subscribe:
    """Subscribe to these exact topics, again if need be: that brings their retained messages."""

    topics: tuple[str, ...]


@dataclass(frozen=True)
class Unsubscribe:
    """Unsubscribe from these topics."""

    topics: tuple[str, ...]


@dataclass(frozen=True)
class StoreBundle:
    """Keep this bundle in the place of the held one, then say stored() or store_failed()."""

    bundle: bytes
    keys: TrustedKeys = field(compare=False, repr=False)


@dataclass(frozen=True)
class StoreList:
    """Keep this manifest and content in the place of the held ones, then say stored() or store_failed()."""

    manifest: bytes
    content: bytes


@dataclass(frozen=True)
class StoreProfile:
    """Keep this profile in the place of the held one, then say stored() or store_failed()."""

    profile: bytes


Store = StoreBundle | StoreList | StoreProfile
Action = Subscribe | Unsubscribe | Store | Note
Actions = list[Action]
