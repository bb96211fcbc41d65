"""The register of permits: each act of permits.py in one transaction, with its event and its signed records.

The files of every card are kept as they were signed.
"""

from collections.abc import Iterator
from dataclasses import replace

from ..crypto.signature import SUITE_ES256
from ..records.card import Info
from ..rules.calendar import day_of, iso
from ..rules.lifecycle import KIND_NAMES, KIND_YEARLY
from . import permits
from .application import Application, lacks
from .database import writing
from .errors import (
    ApplicationError,
    BackwardsError,
    IncompleteApplicationError,
    Lack,
    NotYetEligibleError,
    SecondPermitError,
    UnknownApplicationError,
)
from .events import (
    ACCEPTED,
    ADDRESS_CHANGED,
    CANCELLED,
    ENDORSED,
    HANDED_OUT,
    ISSUED,
    MOVED_AWAY,
    OLD_CARD_BACK,
    REGISTERED_ANEW,
    RESTORED,
    SUSPENDED,
)
from .holder import check_address, check_holder
from .keys import KeyRing
from .permits import Holder, Permit
from .personalise import carry_endorsement
from .registry_rows import RegistryRows, Waiting

MAX_NOTE = 200


class Registry(RegistryRows):
    """One registry file. Times are Unix seconds; an act that is refused changes nothing."""

    # -- Applying and issuing (7 to 15) --------------------------------------------------------------

    def accept(self, application: Application, *, now: int) -> Waiting:
        """Accept a complete application (11); IncompleteApplicationError tells everything that it lacks."""
        day = day_of(now)
        with writing(self._database, self._path):
            # Whoever holds a permit is told so, and not sent for papers first.
            number = application.citizen_number.strip().upper()
            list_division = self.list_division_of(application.division)
            self._refuse_second(number, list_division, day, application.registered)
            found = lacks(application, day, self._profile)
            found += self._before_lapse(
                number, list_division, day, application.registered, application.resident_since
            )
            if found:
                raise IncompleteApplicationError(found)
            row = {
                "list_division": list_division,
                "accepted_day": day,
                "state": "accepted",
                "serial": None,
                "citizen_number": number,
                "content": application.to_json(),
            }
            waiting = self._database.table("applications").insert(row).last_pk
            assert isinstance(waiting, int)
            self._insert_event(now, list_division, None, waiting, ACCEPTED, "")
        return Waiting(waiting, list_division, day)

    def issue_accepted(
        self, number: int, *, keys: KeyRing, now: int, photo: bytes = b"", suite: int = SUITE_ES256
    ) -> Permit:
        """Issue the permit that an accepted application waits for (12); being late is noted.

        photo: a JPEG, b"" for none. suite: of the card and its signatures, for the card's life.
        """
        day = day_of(now)
        with writing(self._database, self._path):
            waiting, content = self._take(number)
            if day < waiting.accepted_day:
                raise ApplicationError(f"application {number} was accepted later: check the date (12)")
            application = Application.from_json(content)
            # Closed first: while it waits it is itself a reason to refuse its holder another permit.
            self._close(number, "withdrawn", None)
            permit = self._issue(
                application.holder,
                address=application.address,
                issuing_division=application.division,
                keys=keys,
                now=now,
                residence_since=application.resident_since,
                registered_day=application.registered,
                permit_class=1,
                photo=photo,
                suite=suite,
            )
            self._close(number, "issued", permit.serial)
            late = day - waiting.issue_by
            self._note(now, permit, ISSUED, f"{late} day{'s' if late > 1 else ''} late" if late > 0 else "")
        return permit

    def withdraw(self, number: int, *, now: int) -> None:
        """End an accepted application without a permit; what it said of its holder is forgotten."""
        with writing(self._database, self._path):
            waiting, _ = self._take(number)
            self._close(number, "withdrawn", None)
            self._insert_event(now, waiting.list_division, None, number, CANCELLED, "application withdrawn")

    def issue(
        self,
        holder: Holder,
        *,
        address: str,
        issuing_division: int,
        keys: KeyRing,
        now: int,
        registered_day: int,
        residence_since: int = 0,
        permit_class: int = 1,
        photo: bytes = b"",
        suite: int = SUITE_ES256,
    ) -> Permit:
        """Issue a permit today whose papers were looked at elsewhere (8 to 15).

        registered_day: of the temporary registration, 0 when its half year was checked elsewhere. Residence
        counts from today unless an earlier day is given. photo: a JPEG, b"" for none. suite: of the card and its
        signatures, for the card's life.
        """
        with writing(self._database, self._path):
            permit = self._issue(
                holder,
                address=address,
                issuing_division=issuing_division,
                keys=keys,
                now=now,
                residence_since=residence_since,
                registered_day=registered_day,
                permit_class=permit_class,
                photo=photo,
                suite=suite,
            )
            self._note(now, permit, ACCEPTED, "")
            self._note(now, permit, ISSUED, "")
        return permit

    def hand_out(self, list_division: int, serial: int, *, now: int) -> Permit:
        """Note that the holder has been given the card (12)."""
        with writing(self._database, self._path):
            permit = permits.hand_out(self.permit(list_division, serial), day_of(now))
            self._update(permit)
            self._note(now, permit, HANDED_OUT, "")
        return permit

    # -- Endorsing (16 to 18) ------------------------------------------------------------------------

    def endorse(
        self,
        list_division: int,
        serial: int,
        *,
        keys: KeyRing,
        now: int,
        kind: int = KIND_YEARLY,
        address: str = "",
        issuing_division: int = 0,
        registered_day: int = 0,
        moved_on: int = 0,
    ) -> Permit:
        """Endorse yearly (16), late (18), a new address or a move (17); the card's SERVICE is signed anew.

        The organ of issuing_division signs, by default the permit's own. moved_on: the day of a move, of which
        lateness is only noted.
        """
        day = day_of(now)
        if address:
            check_address(address)
        if moved_on > day or (moved_on and not address):
            raise ApplicationError(
                "the day of a move is not after today, and comes with the new address (17)"
            )
        with writing(self._database, self._path):
            before = self.permit(list_division, serial)
            permit = permits.endorse(
                before,
                day,
                self._profile,
                kind,
                address=address,
                issuing_division=issuing_division,
                registered_day=registered_day,
            )
            self._update_endorsed(permit, keys)
            late = kind == KIND_YEARLY and permit.anchor_day != before.anchor_day
            self._note(now, permit, ENDORSED, KIND_NAMES[kind] + (", late" if late else ""))
            if before.ground:
                self._note(now, permit, RESTORED, f"ground {before.ground}, {KIND_NAMES[kind]}")
            if permit.address != before.address:
                self._note(now, permit, ADDRESS_CHANGED, _move_noted(moved_on, day))
        return permit

    # -- Suspending, restoring, revoking (19, 20) ----------------------------------------------------

    def suspend(self, list_division: int, serial: int, ground: int, *, now: int) -> Permit:
        """Suspend the permit's use on ground 1, 2, 4, 5 or 6 (19)."""
        with writing(self._database, self._path):
            self._refuse_backwards(list_division, serial, day_of(now))
            permit = permits.suspend(self.permit(list_division, serial), ground)
            self._update(permit)
            self._note(now, permit, SUSPENDED, f"ground {ground}")
        return permit

    def restore(
        self, list_division: int, serial: int, *, now: int, mistake: bool = False, note: str = ""
    ) -> Permit:
        """Lift a suspension whose reason has ceased (grounds 2 and 6), or that was our mistake (19)."""
        if len(note) > MAX_NOTE or not note.isprintable():
            raise ApplicationError(f"a note has at most {MAX_NOTE} printable characters")
        with writing(self._database, self._path):
            self._refuse_backwards(list_division, serial, day_of(now))
            before = self.permit(list_division, serial)
            permit = permits.restore(before, mistake=mistake)
            self._update(permit)
            why = "mistake" if mistake else "reason has ceased"
            told = f"ground {before.ground}, {why}" + (f": {note}" if note else "")
            self._note(now, permit, RESTORED, told)
        return permit

    def revoke(self, list_division: int, serial: int, cause: str, *, now: int) -> Permit:
        """Revoke the card as lost or cancelled (20)."""
        with writing(self._database, self._path):
            self._refuse_backwards(list_division, serial, day_of(now))
            permit = permits.revoke(self.permit(list_division, serial), cause)
            self._update(permit)
            self._note(now, permit, CANCELLED, cause)
        return permit

    def replace(
        self,
        list_division: int,
        serial: int,
        *,
        keys: KeyRing,
        now: int,
        handed_back: bool = True,
        photo: "bytes | None" = None,
        suite: "int | None" = None,
    ) -> Permit:
        """Return the successor of a lost card, or of a damaged one that was handed back (20).

        The old card is revoked, as lost when it cannot be handed back; the new one has its years and
        endorsements on a new serial, keys of its own, and the old one's photo and suite unless others are given.
        """
        day = day_of(now)
        with writing(self._database, self._path):
            if not handed_back and self.permit(list_division, serial).status != permits.REVOKED:
                self.revoke(list_division, serial, permits.LOST, now=now)
            before = self.permit(list_division, serial)
            holder = self.holder(list_division, serial)
            old, new = permits.replace_card(before, self._next_serial(list_division), day, self._profile)
            self._update(old)
            self._refuse_second(holder.citizen_number, list_division, day)
            image = self.card_image(list_division, serial)
            suite = Info.from_bytes(image.info).suite if suite is None else suite
            self._insert(new, holder, image.photo if photo is None else photo, keys, suite)
            for raw in image.endorsements:
                self._append_endorsement(new, carry_endorsement(raw, old, new, keys, suite))
            if before.status != permits.REVOKED:
                self._note(now, old, CANCELLED, f"{permits.REPLACED}, {OLD_CARD_BACK}")
            fee = ", fee due" if permits.fee_due(new) else ""
            self._note(now, new, ISSUED, f"successor of {serial}{fee}")
        return new

    def _refuse_backwards(self, list_division: int, serial: int, day: int) -> None:
        # An event that comes before the one it ends makes a life that nobody can read.
        times = [event.time for event in self.events(list_division, serial)]
        last = max([self.permit(list_division, serial).last_day, *map(day_of, times)])
        if day < last:
            raise BackwardsError(
                f"{iso(day)} is before the permit's last act on {iso(last)}: check the date (19, 20)"
            )

    # -- Steps of the acts ---------------------------------------------------------------------------

    def _issue(
        self,
        holder: Holder,
        *,
        address: str,
        issuing_division: int,
        keys: KeyRing,
        now: int,
        residence_since: int,
        registered_day: int,
        permit_class: int,
        photo: bytes,
        suite: int,
    ) -> Permit:
        day = day_of(now)
        permits.check_class(permit_class)
        check_address(address)
        number = check_holder(holder, day)
        holder = replace(holder, citizen_number=number.text)
        list_division = self.list_division_of(issuing_division)
        self._refuse_second(number.text, list_division, day, registered_day)
        for lack in self._before_lapse(number.text, list_division, day, registered_day, residence_since):
            raise NotYetEligibleError(f"{lack.text} ({lack.article})")
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
        for earlier in self._permits_of(number.text, list_division):
            if earlier.status != permits.REVOKED or permits.is_lost(earlier):
                self._update(permits.revoke(earlier, permits.CANCELLED))
                last = permits.last_late_day(earlier, self._profile)
                why = MOVED_AWAY if last is None or day <= last else REGISTERED_ANEW
                self._note(now, earlier, CANCELLED, why)
        self._insert(permit, holder, photo, keys, suite)
        return permit

    def _refuse_second(
        self, citizen_number: str, list_division: int, day: int, registered_day: "int | None" = None
    ) -> None:
        """Refuse another permit beside one that binds (8); registered_day is None for a successor, no new one."""
        waiting = self._application_of(citizen_number, list_division)
        if waiting:
            raise SecondPermitError(
                f"this person's application {waiting} waits already (8): issue its permit, or withdraw it"
            )
        for other in self._permits_of(citizen_number, list_division):
            if registered_day is None and not permits.is_standing(other, day, self._profile):
                continue
            suspended_day = self._last_day_of(other, SUSPENDED)
            way = permits.way_to_a_new_permit(other, day, self._profile, registered_day or 0, suspended_day)
            if way:
                held = "has lost" if permits.is_lost(other) else "holds"
                raise SecondPermitError(
                    f"this person {held} serial {other.serial} in {list_division} already (8): {way}"
                )

    def _before_lapse(
        self, citizen_number: str, list_division: int, day: int, registered_day: int, resident_since: int
    ) -> tuple[Lack, ...]:
        """What Article 18 asks of somebody whose permit lapsed: a registration, and residence, from after that."""
        last = max(self._lapses(citizen_number, list_division, day), default=0)
        found: list[Lack] = []
        if not last:
            return ()
        if registered_day <= last:
            text = f"a new temporary registration, made after the old permit's last day, {iso(last)}"
            found.append(Lack("registered", text, f"原居住证逾期({iso(last)})后重新申报的暂住登记", "18"))
        if 0 < resident_since <= last:
            text = (
                f"residence counts anew after the old permit's last day, {iso(last)}: give no day before it"
            )
            chinese = f"居住起始日期(原居住证于{iso(last)}逾期, 居住年限重新计算)"
            found.append(Lack("resident_since", text, chinese, "18"))
        return tuple(found)

    def _lapses(self, citizen_number: str, list_division: int, day: int) -> Iterator[int]:
        """The last days of a person's permits that have lapsed, those that were cancelled later included."""
        for other in self._permits_of(citizen_number, list_division):
            last = permits.last_late_day(other, self._profile)
            if last is None or other.successor:
                continue
            ended = self._last_day_of(other, CANCELLED) if other.cause == permits.CANCELLED else day
            if ended > last:
                yield last

    def _take(self, number: int) -> tuple[Waiting, str]:
        sql = "SELECT * FROM applications WHERE number = ? AND state = 'accepted'"
        for found in list(self._database.query(sql, (number,))):
            waiting = Waiting(number, found["list_division"], found["accepted_day"])
            return waiting, str(found["content"])
        raise UnknownApplicationError(f"no application {number} waits: `due` lists those that do")

    def _close(self, number: int, state: str, serial: "int | None") -> None:
        # Withdrawn or issued, nothing of its holder is kept here any more (27).
        changes = {"state": state, "serial": serial, "citizen_number": "", "content": ""}
        self._database.table("applications").update(number, changes)


def _move_noted(moved_on: int, day: int) -> str:
    if not moved_on:
        return ""
    late = f", later than {permits.ADDRESS_DAYS} days" if permits.address_is_late(moved_on, day) else ""
    return f"moved on {iso(moved_on)}{late}"
