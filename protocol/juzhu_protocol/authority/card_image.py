"""Everything a card's files hold, as one value with a JSON form: what goes to a card or a virtual one."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..card.apdu import HOLDER_SIZE
from ..errors import RecordError
from ..records.card import CardKeys, Endorsement, Info, Security, Service
from .errors import ApplicationError, CardImageError
from .photo import check_photo

FORMAT = "juzhu card image 1"

MAX_IMAGE = 262_144
"""Bytes of a card image's JSON: 255 endorsements, a portrait of 4 KB and all else make 90,000."""

_SINGLE = ("info", "service", "holder", "photo", "security", "card_keys")


@dataclass(frozen=True)
class CardImage:
    """Raw files of Juzhu card profile 1, and the chip's keys; repr shows sizes only.

    photo is empty when there is none; card_keys, secret, wherever the image does not go to a chip. A card from
    before card authentication has neither holder nor security nor card_keys.
    """

    info: bytes
    service: bytes
    endorsements: tuple[bytes, ...] = ()
    holder: bytes = b""
    photo: bytes = b""
    security: bytes = b""
    card_keys: bytes = b""

    def __repr__(self) -> str:
        sizes = ", ".join(f"{item.name} {len(getattr(self, item.name))}" for item in fields(self))
        return f"CardImage({sizes})"

    def to_json(self) -> str:
        """Return the image as JSON, files in hex, card_keys among them: for its owner's eyes."""
        content: dict[str, Any] = {"format": FORMAT}
        content.update({name: getattr(self, name).hex() for name in _SINGLE})
        content["endorsements"] = [record.hex() for record in self.endorsements]
        return json.dumps(content, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, *, checked: bool = True) -> "CardImage":
        """Read an image with well-formed records, signatures unchecked; CardImageError says what is wrong.

        Not `checked`, its records may be anything, as on a card that nobody has read yet.
        """
        try:
            content = json.loads(text)
        except ValueError as error:
            raise CardImageError(f"a card image is JSON: {error}") from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise CardImageError(f"a card image's format is {FORMAT!r}")
        unknown = set(content) - {"format", "endorsements", *_SINGLE}
        if unknown:
            raise CardImageError(f"a card image has no {', '.join(sorted(unknown))}")
        listed = content.get("endorsements", [])
        if not isinstance(listed, list):
            raise CardImageError("endorsements are a list of hex strings")
        image = cls(
            endorsements=tuple(_unhex("endorsements", item) for item in listed),
            **{name: _unhex(name, content.get(name, "")) for name in _SINGLE},
        )
        if checked:
            image._refuse_malformed()
        return image

    def _refuse_malformed(self) -> None:
        try:
            Info.from_bytes(self.info)
            Service.from_bytes(self.service)
            for record in self.endorsements:
                Endorsement.from_bytes(record)
            if self.security:
                Security.from_bytes(self.security)
            if self.card_keys:
                CardKeys.from_bytes(self.card_keys)
            check_photo(self.photo)
        except (RecordError, ApplicationError) as error:
            raise CardImageError(f"a record of the card image: {error}") from None
        if len(self.holder) not in (0, HOLDER_SIZE):
            raise CardImageError(f"holder has {len(self.holder)} bytes, a card has {HOLDER_SIZE} or none")


def read_image(path: Path, *, checked: bool = True) -> CardImage:
    """Read a card image's file; CardImageError, naming the file, when it is none.

    Not `checked`, its records may be anything: that is for whoever judges cards.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_IMAGE + 1)
        if len(raw) > MAX_IMAGE:
            raise CardImageError(f"more than {MAX_IMAGE} bytes, which no card image has")
        return CardImage.from_json(raw.decode("utf-8"), checked=checked)
    except OSError as error:
        raise CardImageError(f"{path}: {error.strerror}; give the file of a card image") from None
    except UnicodeDecodeError:
        raise CardImageError(f"{path}: not UTF-8 text, so no card image") from None
    except RecursionError:
        raise CardImageError(f"{path}: nested too deeply for a card image") from None
    except CardImageError as error:
        raise CardImageError(f"{path}: {error}") from None


def _unhex(name: str, value: object) -> bytes:
    if not isinstance(value, str):
        raise CardImageError(f"{name} is no hex string")
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise CardImageError(f"{name} is no hex string") from None
