"""The register of permits: each act of permits.py in one transaction, with its event and its signed records.

The files of every card are kept as they were signed. Events bear the names of GA/T 2000.6.
"""

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
from .card_image import CardImage
from .database import open_database, reading, writing
from .errors import DatabaseFileError, SecondPermitError, SerialsExhaustedError, UnknownPermitError
from .keys import KeyRing
from .permits import Holder, Permit
from .personalise import build_endorsement, build_info, build_service, carry_endorsement

ACCEPTED, ISSUED, ENDORSED = "accepted", "issued", "endorsed"
SUSPENDED, RESTORED, ADDRESS_CHANGED, CANCELLED = "suspended", "restored", "address changed", "cancelled"
EVENT_NAMES = {
    ACCEPTED: "受理",
    ISSUED: "审核签发",
    ENDORSED: "签注",
    SUSPENDED: "功能中止",
    RESTORED: "功能恢复",
    ADDRESS_CHANGED: "地址变更",
    CANCELLED: "注销",
}

MAX_SERIAL = 99_999_999
APPLICATION_ID = 0x4A5A5231
_SCHEMA = """
CREATE TABLE permits (
    list_division INTEGER NOT NULL,
    serial INTEGER NOT NULL CHECK (serial BETWEEN 1 AND 99999999),
    issuing_division INTEGER NOT NULL,
    permit_class INTEGER NOT NULL,
    birth_day INTEGER NOT NULL,
    issue_day INTEGER NOT NULL,
    anchor_day INTEGER NOT NULL,
    residence_since INTEGER NOT NULL,
    endorsement_number INTEGER NOT NULL,
    endorsement_kind INTEGER NOT NULL,
    endorsement_day INTEGER NOT NULL,
    good_through INTEGER NOT NULL CHECK (good_through > anchor_day),
    status TEXT NOT NULL CHECK (status IN ('valid', 'suspended', 'revoked')),
    ground INTEGER NOT NULL CHECK (ground IN (0, 1, 2, 4, 5, 6)),
    cause TEXT NOT NULL CHECK (cause IN ('', 'lost', 'cancelled', 'replaced')),
    predecessor INTEGER NOT NULL,
    successor INTEGER NOT NULL,
    address TEXT NOT NULL,
    name TEXT NOT NULL,
    sex TEXT NOT NULL,
    ethnicity TEXT NOT NULL,
    citizen_number TEXT NOT NULL,
    household_address TEXT NOT NULL,
    info BLOB NOT NULL,
    service BLOB NOT NULL,
    CHECK ((status = 'revoked') = (cause <> '')),
    CHECK (status <> 'suspended' OR ground <> 0),
    CHECK (status <> 'valid' OR ground = 0),
    PRIMARY KEY (list_division, serial)
) STRICT, WITHOUT ROWID;
CREATE INDEX exceptions ON permits (list_division, serial, status) WHERE status <> 'valid';
CREATE INDEX holders ON permits (citizen_number);
CREATE TABLE endorsements (
    list_division INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    number INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (list_division, serial, number),
    FOREIGN KEY (list_division, serial) REFERENCES permits (list_division, serial)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    list_division INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    name TEXT NOT NULL,
    detail TEXT NOT NULL,
    FOREIGN KEY (list_division, serial) REFERENCES permits (list_division, serial)
) STRICT;
CREATE INDEX events_of ON events (list_division, serial)
"""

_PERMIT_FIELDS = tuple(Permit.__dataclass_fields__)
_HOLDER_FIELDS = tuple(Holder.__dataclass_fields__)


@dataclass(frozen=True)
class Event:
    """What happened to a permit: Unix seconds, a name of EVENT_NAMES, and its detail."""

    time: int
    name: str
    detail: str


class Registry:
    """One registry file. Times are Unix seconds; an act that is refused changes nothing."""

    def __init__(self, path: Path, *, create: bool = False, profile: Profile = KAIFENG) -> None:
        self._path = path
        self._profile = profile
        self._database = open_database(path, APPLICATION_ID, _SCHEMA, create=create)

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

    # -- The acts ------------------------------------------------------------------------------------

    def issue(
        self,
        holder: Holder,
        *,
        address: str,
        issuing_division: int,
        keys: KeyRing,
        now: int,
        residence_since: int = 0,
        registered_day: int = 0,
        permit_class: int = 1,
    ) -> Permit:
        """Issue a permit today (8 to 15); residence counts from today unless an earlier day is given."""
        day = day_of(now)
        list_division = self.list_division_of(issuing_division)
        permits.check_class(permit_class)
        permits.check_address(address)
        number = permits.check_holder(holder, day)
        holder = replace(holder, citizen_number=number.text)
        with writing(self._database, self._path):
            self._refuse_second(holder.citizen_number, list_division, day)
            permit = permits.issue(
                list_division=list_division,
                serial=self._next_serial(list_division),
                issuing_division=issuing_division,
                permit_class=permit_class,
                birth_day=number.birth_day,
                address=address,
                day=day,
                residence_since=residence_since or day,
                registered_day=registered_day,
            )
            self._insert(permit, holder, keys)
            self._note(now, permit, ACCEPTED, "")
            self._note(now, permit, ISSUED, "")
        return permit

    def endorse(
        self, list_division: int, serial: int, *, keys: KeyRing, now: int, address: str = ""
    ) -> Permit:
        """Make the yearly endorsement (16), or a late one (18); the card's SERVICE is signed anew."""
        if address:
            permits.check_address(address)
        with writing(self._database, self._path):
            before = self.permit(list_division, serial)
            permit = permits.endorse(before, day_of(now), self._profile, address)
            self._append_endorsement(permit, build_endorsement(permit, keys))
            self._update(permit, keys)
            late = permit.anchor_day != before.anchor_day
            self._note(now, permit, ENDORSED, "late" if late else "")
            if permit.address != before.address:
                self._note(now, permit, ADDRESS_CHANGED, "")
        return permit

    def suspend(self, list_division: int, serial: int, ground: int, *, now: int) -> Permit:
        """Suspend the permit's use on ground 1, 2, 4, 5 or 6 (19)."""
        with writing(self._database, self._path):
            permit = permits.suspend(self.permit(list_division, serial), ground)
            self._update(permit)
            self._note(now, permit, SUSPENDED, f"ground {ground}")
        return permit

    def restore(self, list_division: int, serial: int, *, now: int) -> Permit:
        """Lift a suspension (19)."""
        with writing(self._database, self._path):
            permit = permits.restore(self.permit(list_division, serial))
            self._update(permit)
            self._note(now, permit, RESTORED, "")
        return permit

    def revoke(self, list_division: int, serial: int, cause: str, *, now: int) -> Permit:
        """Revoke the card as lost or cancelled (20)."""
        with writing(self._database, self._path):
            permit = permits.revoke(self.permit(list_division, serial), cause)
            self._update(permit)
            self._note(now, permit, CANCELLED, cause)
        return permit

    def replace(self, list_division: int, serial: int, *, keys: KeyRing, now: int) -> Permit:
        """Revoke the card as replaced and return its successor, with the same years, on a new serial (20)."""
        with writing(self._database, self._path):
            before = self.permit(list_division, serial)
            holder = self.holder(list_division, serial)
            old, new = permits.replace_card(
                before, self._next_serial(list_division), day_of(now), self._profile
            )
            self._update(old)
            self._refuse_second(holder.citizen_number, list_division, day_of(now))
            self._insert(new, holder, keys)
            for raw in self.endorsements(list_division, serial):
                self._append_endorsement(new, carry_endorsement(raw, new, keys))
            if before.status != permits.REVOKED:
                self._note(now, old, CANCELLED, permits.REPLACED)
            self._note(now, new, ISSUED, f"successor of {serial}")
        return new

    # -- Looking up ----------------------------------------------------------------------------------

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
        """Return what happened to a permit, oldest first."""
        sql = "SELECT time, name, detail FROM events WHERE list_division = ? AND serial = ? ORDER BY id"
        return [Event(**found) for found in self._database.query(sql, (list_division, serial))]

    def card_image(self, list_division: int, serial: int) -> CardImage:
        """Return what the card's files hold as signed last; UnknownPermitError when there is none."""
        with reading(self._database, self._path):
            found = self._row(list_division, serial)
            return CardImage(
                info=bytes(found["info"]),
                service=bytes(found["service"]),
                endorsements=tuple(self.endorsements(list_division, serial)),
            )

    def exceptions(self, list_division: int) -> tuple[int, dict[int, int]]:
        """Return the highest serial and {serial: STATUS_SUSPENDED or STATUS_REVOKED}, for build_list."""
        codes = {permits.SUSPENDED: STATUS_SUSPENDED, permits.REVOKED: STATUS_REVOKED}
        sql = "SELECT serial, status FROM permits WHERE list_division = ? AND status <> 'valid'"
        with reading(self._database, self._path):
            listed = {
                found["serial"]: codes[found["status"]]
                for found in self._database.query(sql, (list_division,))
            }
            return self._highest_serial(list_division), listed

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

    def _refuse_second(self, citizen_number: str, list_division: int, day: int) -> None:
        sql = "SELECT serial FROM permits WHERE citizen_number = ? AND list_division = ?"
        for found in list(self._database.query(sql, (citizen_number, list_division))):
            other = self.permit(list_division, found["serial"])
            if permits.is_standing(other, day, self._profile):
                raise SecondPermitError(
                    f"this person holds serial {other.serial} in {list_division} already (8): "
                    "endorse, restore or replace that one (16, 19, 20)"
                )

    def _insert(self, permit: Permit, holder: Holder, keys: KeyRing) -> None:
        files = {"info": build_info(permit, keys), "service": build_service(permit, keys)}
        self._database.table("permits").insert(asdict(permit) | asdict(holder) | files)

    def _update(self, permit: Permit, keys: "KeyRing | None" = None) -> None:
        changes: dict[str, Any] = asdict(permit)
        if keys is not None:
            changes |= {"info": build_info(permit, keys), "service": build_service(permit, keys)}
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
        self._database.table("events").insert(
            {
                "time": now,
                "list_division": permit.list_division,
                "serial": permit.serial,
                "name": name,
                "detail": detail,
            }
        )
