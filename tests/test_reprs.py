"""What holds a key, a holder's data or a password shows none of it: not printed, formatted, logged or pickled."""

import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import juzhu_device
import juzhu_host
import juzhu_protocol
import juzhu_simulator
from juzhu_host.bus import BrokerAddress
from juzhu_host.card_files import NewCard, new_image
from juzhu_host.profile_option import home_profile
from juzhu_host.settings import HostSettings
from juzhu_protocol.authority.application import Application
from juzhu_protocol.authority.card_image import CardImage
from juzhu_protocol.authority.citizen_number import CitizenNumber
from juzhu_protocol.authority.holder_file import HolderFile
from juzhu_protocol.authority.key_specs import KeySpec
from juzhu_protocol.authority.keys import DEVELOPMENT_KEYS, KeyRing
from juzhu_protocol.authority.permits import Holder, Permit
from juzhu_protocol.authority.private_files import PrivateFiles
from juzhu_protocol.authority.sam_set import SamSet
from juzhu_protocol.authority.signing import Signer, _Es256Key, signer_of
from juzhu_protocol.authority.signing_key import SigningKey
from juzhu_protocol.authority.sm2 import Sm2Key
from juzhu_protocol.card.authentication import Exchange, SessionKeys
from juzhu_protocol.card.sam import SoftwareSam
from juzhu_protocol.card.secure_messaging import SecureChannel
from juzhu_protocol.crypto.signature import SUITE_ES256, SUITE_SM2_SM3
from juzhu_protocol.hostside.aes import AesCbc
from juzhu_protocol.records.card import CardKeys
from juzhu_simulator.card import VirtualCard
from juzhu_simulator.demo.cast import Cast
from juzhu_simulator.sam_card import VirtualSam
from leaks import (
    CANARY_ADDRESS,
    CANARY_NAME,
    CANARY_NUMBER,
    NAME,
    PASSWORD,
    Detector,
    secrets_of_folder,
    told,
)
from leaks import KEY as KEY_KIND

KEY = bytes.fromhex("27b70a8546d22ffc2e1b21385c26c9265ac42aed53380d134d2c6dfc650a7354")
WORD = "plum gate hen 71"
DEVELOPMENT = KeyRing.load(DEVELOPMENT_KEYS)
SPEC = KeySpec("canary", "permit", (410202,), 1, 9)


def filled(kind, **given):
    """A dataclass with every other field 0."""
    return kind(**{field.name: given.get(field.name, 0) for field in dataclasses.fields(kind)})


def card_image():
    keys = CardKeys(1, 1, *[KEY] * 4).to_bytes()
    return CardImage(b"info", b"service", (KEY,), CANARY_NAME.encode("utf-16-le"), KEY, KEY, keys)


NEW_CARD = NewCard(410202, 20_000, 45_000, 1, address=CANARY_ADDRESS)

SHOWN = {
    Application: lambda: Application(
        name=CANARY_NAME,
        citizen_number=CANARY_NUMBER,
        household_address=CANARY_ADDRESS,
        address=CANARY_ADDRESS,
    ),
    BrokerAddress: lambda: BrokerAddress.parse(f"mqtt://user:{WORD.replace(' ', '%20')}@broker"),
    CardImage: card_image,
    Cast: lambda: Cast(None, None, {"1": KEY.hex()}, {"x": card_image()}, {"x": SHOWN[Permit]()}),
    CitizenNumber: lambda: CitizenNumber.parse(CANARY_NUMBER),
    Exchange: lambda: Exchange(KEY, bytes(16), bytes(16)),
    Holder: lambda: Holder(CANARY_NAME, "女", "汉", CANARY_NUMBER, CANARY_ADDRESS),
    HolderFile: lambda: filled(
        HolderFile,
        name=CANARY_NAME,
        citizen_number=CANARY_NUMBER,
        address=CANARY_ADDRESS,
        household_address=CANARY_ADDRESS,
    ),
    HostSettings: lambda: filled(HostSettings, broker=f"mqtt://user:{WORD}@broker"),
    KeyRing: lambda: DEVELOPMENT,
    NewCard: lambda: NEW_CARD,
    Permit: lambda: filled(Permit, address=CANARY_ADDRESS),
    PrivateFiles: lambda: PrivateFiles(WORD.encode()),
    SamSet: lambda: SamSet(1, KEY * 4),
    SecureChannel: lambda: SecureChannel(SessionKeys(KEY, KEY[:16]), AesCbc(KEY[:16])),
    SessionKeys: lambda: SessionKeys(KEY, KEY[:16]),
    SigningKey: lambda: SigningKey(SPEC, signer_of(SUITE_ES256, KEY)),
    SoftwareSam: lambda: SoftwareSam(1, {1: KEY}, None),
    AesCbc: lambda: AesCbc(KEY[:16]),
    Sm2Key: lambda: Sm2Key(int.from_bytes(KEY, "big")),
    Signer: lambda: signer_of(SUITE_SM2_SM3, KEY),
    VirtualCard: lambda: VirtualCard(new_image(NEW_CARD, home_profile(410202, None).profile, DEVELOPMENT)),
    VirtualSam: lambda: VirtualSam(1, {1: KEY}),
    _Es256Key: lambda: _Es256Key(ec.derive_private_key(int.from_bytes(KEY, "big"), ec.SECP256R1())),
}
"""Class -> an instance that holds canaries."""

PUBLIC = {
    "FolderState": "its keys are public parts (KnownKey), its bundle and proposal are what everybody may read",
    "KeysFile": "its keys are public parts",
    "Judged": "its keys are the bundle's public ones",
    "StoreBundle": "its keys are the bundle's public ones",
    "Frame": "session numbers a link's restarts",
    "LockHeldError": "its holder is a process",
    "LookUpTaps": "ring_id is the number of a reader's ring",
    "StoreTap": "ring_id is the number of a reader's ring",
}
"""Class that writes its own repr and has a field named like a secret -> why it may be shown."""

SECRET_NAMES = re.compile(
    r"secret|master|passphrase|password|broker|signer|scalar|holder|citizen|address|household|born|birth|photo|image"
    r"|session|exchange|encryption|cipher|(^|_)(key|keys|sam|sams|mac|d|card_keys)$|_key_"
)
NOT_SECRET = re.compile(r"public|^key_(id|epoch)$|card_key_epoch|_hash$")


def classes():
    """Every class of the four packages but what only a board imports."""
    for package in (juzhu_protocol, juzhu_device, juzhu_host, juzhu_simulator):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if ".boards." not in found.name and not found.name.endswith(".boards"):
                module = importlib.import_module(found.name)
                yield from (
                    kind
                    for kind in vars(module).values()
                    if inspect.isclass(kind) and kind.__module__ == found.name
                )


def fields_of(kind):
    """The names of what its instances hold, as far as the class says."""
    names = set()
    for base in kind.__mro__:
        slots = base.__dict__.get("__slots__", ())
        names |= {slots} if isinstance(slots, str) else set(slots)
        names |= set(inspect.get_annotations(base))
    if "__init__" in vars(kind):
        names |= set(inspect.signature(kind.__init__).parameters)
    return {re.sub(r"^_[A-Za-z0-9]+__|^_+", "", name) for name in names}


def test_every_class_that_tells_of_itself_and_holds_a_secret_is_here():
    lacking = []
    for kind in classes():
        secrets = [
            name for name in fields_of(kind) if SECRET_NAMES.search(name) and not NOT_SECRET.search(name)
        ]
        # What has no repr of its own shows its class and where it lies in memory.
        if (
            secrets
            and kind.__repr__ is not object.__repr__
            and kind not in SHOWN
            and kind.__name__ not in PUBLIC
        ):
            lacking.append(f"{kind.__module__}.{kind.__name__}: {', '.join(sorted(secrets))}")
    assert not lacking, "to SHOWN with canaries, or to PUBLIC with a reason:\n" + "\n".join(lacking)
    names = {kind.__name__ for kind in classes()}
    assert set(PUBLIC) <= names


def known():
    detector = Detector()
    detector.add_key("the canary", KEY)
    detector.add_word(PASSWORD, "the canary", WORD)
    for label, secret in secrets_of_folder(DEVELOPMENT_KEYS):
        detector.add_key(label, secret)
    return detector


KNOWN = known()


@pytest.mark.parametrize("kind", SHOWN, ids=lambda kind: kind.__name__)
def test_what_holds_a_secret_shows_none_of_it(kind):
    held = SHOWN[kind]()
    assert isinstance(held, kind)
    for how, text in (
        ("repr", repr(held)),
        ("str", str(held)),
        ("format", f"{held}"),
        ("within others", repr([{"it": (held,)}])),
        ("an error of it", repr(ValueError(held))),
    ):
        assert told(KNOWN.find(text), how) == []


def test_repr_that_shows_a_secret_is_met():
    @dataclasses.dataclass
    class Careless:
        key: bytes
        name: str

    assert {kind for kind, _, _ in KNOWN.find(repr(Careless(KEY, CANARY_NAME)))} == {KEY_KIND, NAME}


PRIVATE = (Signer, Sm2Key, _Es256Key, SamSet, PrivateFiles)


@pytest.mark.parametrize("kind", PRIVATE, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy], ids=lambda way: way.__name__)
def test_private_part_is_not_pickled_or_copied(kind, way):
    with pytest.raises(TypeError) as refused:
        way(SHOWN[kind]())
    assert KNOWN.find(str(refused.value)) == []


@pytest.mark.parametrize("kind", PRIVATE, ids=lambda kind: kind.__name__)
def test_private_part_is_no_public_attribute(kind):
    held = SHOWN[kind]()
    for name in dir(held):
        if not name.startswith("_") and not callable(getattr(held, name)):
            assert told(KNOWN.find(repr(getattr(held, name))), name) == []
    assert not hasattr(held, "__dict__") or KNOWN.find(repr(vars(held))) == []
