"""What a registry file holds: permits, holders, endorsements, events, applications. Acts are registry.py's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from ..rules.calendar import day_of
from ..rules.decide import STATUS_REVOKED, STATUS_SUSPENDED
from ..rules.kaifeng import KAIFENG
from ..rules.profile import Profile
from . import permits
from .application import DAYS_TO_ISSUE
from .card_image import CardImage
from .database import reading, writing
from .errors import DatabaseFileError, SerialsExhaustedError, UnknownPermitError
from .events import Event
from .keys import KeyRing
from .permits import Holder, Permit
from .personalise import card_keys_of, endorse_card, issue_card
from .registry_schema import open_registry

MAX_SERIAL = 99_999_999

_PERMIT_FIELDS = tuple(Permit.__dataclass_fields__)
_HOLDER_FIELDS = tuple(Holder.__dataclass_fields__)


@dataclass(frozen=True)
class Waiting:
    """An application that was accepted and not yet issued; days are day numbers."""

    number: int
    list_division: int
    accepted_day: int

    @property
    def issue_by(self) -> int:
        """The last of the 15 days (12)."""
        return self.accepted_day + DAYS_TO_ISSUE


class RegistryRows:
    """One registry file, to look things up in."""

    def __init__(self, path: Path, *, create: bool = False, profile: Profile = KAIFENG) -> None:
        self._path = path
        self._profile = profile
        self._database = open_registry(path, create=create)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Make all acts inside one transaction: a refusal that leaves the block undoes them all."""
        with writing(self._database, self._path):
            yield

    def list_division_of(self, issuing_division: int) -> int:
        """Return the list division of an issuing division: the profile's own, else its prefecture."""
        if issuing_division in self._profile.units:
            return self._profile.list_division
        return issuing_division // 100 * 100

    def permit(self, list_division: int, serial: int) -> Permit:
        """Return a permit; UnknownPermitError when there is none."""
        found = self._row(list_division, serial)
        return Permit(**{name: found[name] for name in _PERMIT_FIELDS})

    def holder(self, list_division: int, serial: int) -> Holder:
        """Return a permit's holder; UnknownPermitError when there is none."""
        found = self._row(list_division, serial)
        return Holder(**{name: found[name] for name in _HOLDER_FIELDS})

    def endorsements(self, list_division: int, serial: int) -> list[bytes]:
        """Return the signed endorsement records of a card, in order."""
        sql = "SELECT record FROM endorsements WHERE list_division = ? AND serial = ? ORDER BY number"
        return [bytes(found["record"]) for found in self._database.query(sql, (list_division, serial))]

    def events(self, list_division: int, serial: int) -> list[Event]:
        """Return what happened to a permit and to the application for it, oldest first."""
        sql = (
            "SELECT time, name, detail FROM events WHERE (list_division, serial) = (:division, :serial) "
            "OR application IN (SELECT number FROM applications "
            "WHERE (list_division, serial) = (:division, :serial)) ORDER BY id"
        )
        values = {"division": list_division, "serial": serial}
        return [Event(**found) for found in self._database.query(sql, values)]

    def application_events(self, number: int) -> list[Event]:
        """Return what happened to an application itself, oldest first."""
        sql = "SELECT time, name, detail FROM events WHERE application = ? ORDER BY id"
        return [Event(**found) for found in self._database.query(sql, (number,))]

    def waiting(self, through: "int | None" = None) -> list[Waiting]:
        """Return the applications that wait for their permit, the oldest first.

        through: only those whose 15 days (12) end on that day or before; None for all.
        """
        sql = "SELECT number, list_division, accepted_day FROM applications WHERE state = 'accepted'"
        with reading(self._database, self._path):
            found = [Waiting(**row) for row in self._database.query(f"{sql} ORDER BY accepted_day, number")]
        return [one for one in found if through is None or one.issue_by <= through]

    def card_image(self, list_division: int, serial: int, keys: "KeyRing | None" = None) -> CardImage:
        """Return what the card's files hold as signed last; UnknownPermitError when there is none.

        keys: of the SAM set, for an image that goes to a chip; without them it holds no secret.
        """
        sql = "SELECT holder, photo, security FROM issued_files WHERE list_division = ? AND serial = ?"
        with reading(self._database, self._path):
            found = self._row(list_division, serial)
            # A card that was issued by version 2 has none of these.
            issued = next(iter(self._database.query(sql, (list_division, serial))), {})
            image = CardImage(
                info=bytes(found["info"]),
                service=bytes(found["service"]),
                endorsements=tuple(self.endorsements(list_division, serial)),
                **{name: bytes(content) for name, content in issued.items()},
            )
        return replace(image, card_keys=card_keys_of(image, keys)) if keys is not None else image

    def exceptions(self, list_division: int) -> tuple[int, dict[int, int]]:
        """Return the highest serial and {serial: STATUS_SUSPENDED or STATUS_REVOKED}, for build_list.

        DatabaseFileError when rows are missing or unsound: a bit that fell over must not be signed. That every
        serial is there and in order is cheap to see, check() is not.
        """
        codes = {permits.SUSPENDED: STATUS_SUSPENDED, permits.REVOKED: STATUS_REVOKED}
        # The permits themselves are read, not an index of them, which may have rotted apart from them.
        sql = "SELECT serial, status FROM permits NOT INDEXED WHERE list_division = ?"
        listed = {}
        highest = 0
        with reading(self._database, self._path):
            for found in self._database.query(sql, (list_division,)):
                serial, status = found["serial"], found["status"]
                if serial != highest + 1 or status not in (permits.VALID, *codes):
                    raise DatabaseFileError(
                        f"{self._path} is damaged after serial {highest}: restore it from a backup"
                    )
                highest = serial
                if status in codes:
                    listed[serial] = codes[status]
        return highest, listed

    def data_version(self) -> int:
        """Return a number that changes when another connection has changed the file; cheap enough to poll."""
        with reading(self._database, self._path):
            return int(next(iter(self._database.query("PRAGMA data_version")))["data_version"])

    def check(self) -> None:
        """Raise DatabaseFileError unless the whole file is sound."""
        with reading(self._database, self._path):
            found = [entry["integrity_check"] for entry in self._database.query("PRAGMA integrity_check")]
            if found != ["ok"] or list(self._database.query("PRAGMA foreign_key_check")):
                raise DatabaseFileError(f"{self._path} is damaged ({found[0]}): restore it from a backup")

    # -- Rows ----------------------------------------------------------------------------------------

    def _row(self, list_division: int, serial: int) -> dict[str, Any]:
        sql = "SELECT * FROM permits WHERE list_division = ? AND serial = ?"
        with reading(self._database, self._path):
            found = list(self._database.query(sql, (list_division, serial)))
        if not found:
            raise UnknownPermitError(f"no permit has serial {serial} in {list_division}: check the number")
        return dict(found[0])

    def _highest_serial(self, list_division: int) -> int:
        sql = "SELECT coalesce(max(serial), 0) AS highest FROM permits WHERE list_division = ?"
        return int(next(iter(self._database.query(sql, (list_division,))))["highest"])

    def _next_serial(self, list_division: int) -> int:
        serial = self._highest_serial(list_division) + 1
        if serial > MAX_SERIAL:
            raise SerialsExhaustedError(f"division {list_division} has issued its last serial")
        return serial

    def _permits_of(self, citizen_number: str, list_division: int) -> list[Permit]:
        sql = "SELECT serial FROM permits WHERE citizen_number = ? AND list_division = ? ORDER BY serial"
        serials = [found["serial"] for found in self._database.query(sql, (citizen_number, list_division))]
        return [self.permit(list_division, serial) for serial in serials]

    def _last_day_of(self, permit: Permit, event: str) -> int:
        """The day of the last event of a name, 0 when there was none."""
        times = [one.time for one in self.events(permit.list_division, permit.serial) if one.name == event]
        return day_of(max(times)) if times else 0

    def _application_of(self, citizen_number: str, list_division: int) -> int:
        """The number of the person's application that waits in a division, 0 for none."""
        sql = "SELECT number FROM applications WHERE state = 'accepted' AND citizen_number = ? AND list_division = ?"
        found = list(self._database.query(sql, (citizen_number, list_division)))
        return int(found[0]["number"]) if found else 0

    def _insert(self, permit: Permit, holder: Holder, photo: bytes, keys: KeyRing, suite: int) -> None:
        image = issue_card(permit, holder, photo, keys, suite)
        files = {"info": image.info, "service": image.service}
        self._database.table("permits").insert(asdict(permit) | asdict(holder) | files)
        issued = {"holder": image.holder, "photo": image.photo, "security": image.security}
        place = {"list_division": permit.list_division, "serial": permit.serial}
        self._database.table("issued_files").insert(place | issued)

    def _update(self, permit: Permit) -> None:
        self._database.table("permits").update((permit.list_division, permit.serial), asdict(permit))

    def _update_endorsed(self, permit: Permit, keys: KeyRing) -> None:
        image = endorse_card(self.card_image(permit.list_division, permit.serial), permit, keys)
        self._append_endorsement(permit, image.endorsements[-1])
        changes = asdict(permit) | {"service": image.service}
        self._database.table("permits").update((permit.list_division, permit.serial), changes)

    def _append_endorsement(self, permit: Permit, record: bytes) -> None:
        number = len(self.endorsements(permit.list_division, permit.serial)) + 1
        self._database.table("endorsements").insert(
            {
                "list_division": permit.list_division,
                "serial": permit.serial,
                "number": number,
                "record": record,
            }
        )

    def _note(self, now: int, permit: Permit, name: str, detail: str) -> None:
        self._insert_event(now, permit.list_division, permit.serial, None, name, detail)

    def _insert_event(
        self,
        now: int,
        list_division: int,
        serial: "int | None",
        application: "int | None",
        name: str,
        detail: str,
    ) -> None:
        self._database.table("events").insert(
            {
                "time": now,
                "list_division": list_division,
                "serial": serial,
                "application": application,
                "name": name,
                "detail": detail,
            }
        )
