"""Every error of the authority, grouped by who must act; `exit_code` is what the command ends with."""

from typing import NamedTuple

from ..errors import JuzhuError
from ..hostside.exit_codes import EXIT_CONFIG, EXIT_REFUSED, EXIT_TEMPORARY


class Lack(NamedTuple):
    """One thing that an application lacks: its code, what it is in English and Chinese, and the article."""

    code: str
    text: str
    chinese: str
    article: str


class AuthorityError(JuzhuError):
    """Base of the authority's errors: the act did not happen and nothing was changed."""

    exit_code = EXIT_REFUSED


# -- The clerk must act: the measures refuse this act; the message names the article and the remedy ----


class RefusedError(AuthorityError):
    """The measures do not allow this act."""


class ApplicationError(RefusedError):
    """What the applicant gave does not hold together (9, 14)."""


class IncompleteApplicationError(ApplicationError):
    """An application lacks something; `lacks` is all of it, for one written list (11)."""

    def __init__(self, lacks: "tuple[Lack, ...]") -> None:
        self.lacks = lacks
        told = "; ".join(f"{lack.text} ({lack.article})" for lack in lacks)
        super().__init__(f"the application is not complete, this is all it lacks (11): {told}")


class UnknownApplicationError(RefusedError):
    """No application has this number, or it is not waiting any more."""


class CitizenNumberError(ApplicationError):
    """A citizen identification number whose form, birth date or check digit is wrong (GB 11643-1999)."""


class NotYetEligibleError(RefusedError):
    """Less than half a year has passed since the temporary registration (8)."""


class SecondPermitError(RefusedError):
    """This person holds a permit in this city already (8, 20)."""


class UnknownPermitError(RefusedError):
    """No permit has this serial."""


class EndorsementError(RefusedError):
    """The measures refuse this endorsement: too early, too late, or of the wrong kind for the place (16 to 18)."""


class LapsedError(RefusedError):
    """More than half a year overdue: the holder registers anew (18)."""


class SuspendedError(RefusedError):
    """The permit's use is suspended (19)."""


class NotSuspendedError(RefusedError):
    """There is no suspension to lift (19)."""


class NoWayBackError(RefusedError):
    """The text gives no such way out of a suspension on this ground (19)."""


class OverdueIsNotListedError(RefusedError):
    """Ground 3 follows from the signed good-through alone and is never listed (18, 19(3))."""


class RevokedError(RefusedError):
    """The card was replaced, lost or cancelled (20)."""


class BackwardsError(RefusedError):
    """An act dated before the permit's last one."""


class HandedOutError(RefusedError):
    """The card was handed out already (12)."""


class SerialsExhaustedError(RefusedError):
    """A list division has issued its last serial, or a permit its last endorsement number."""


# -- The operator must act -----------------------------------------------------------------------------


class OperatorError(AuthorityError):
    """Keys, files or settings of the authority are wrong."""

    exit_code = EXIT_CONFIG


class KeysFolderError(OperatorError):
    """A keys folder is missing, incomplete or contradicts itself."""


class NoKeyError(OperatorError):
    """No key of the folder may sign this for that division on that day, or no SAM set is there."""


class PrivateFileError(KeysFolderError):
    """A private file is missing, damaged, swapped, hostile, or open to others."""


class PassphraseNeededError(KeysFolderError):
    """A private file is sealed and no passphrase was given."""


class PassphraseError(KeysFolderError):
    """A passphrase that does not open, or that none should be sealed with."""


class KeysFolderHeldError(AuthorityError):
    """Another process changes this keys folder."""

    exit_code = EXIT_TEMPORARY


class ProposalError(KeysFolderError):
    """A change of keys that cannot be: contradictory, not signed by enough roots, or too large for a reader."""


class EndorsementRecordError(OperatorError):
    """An endorsement in the registry is not as it was signed, or its key has left the bundle."""


class CardImageError(OperatorError):
    """A card image's JSON is not one of ours."""


class HolderFileError(OperatorError):
    """A card's HOLDER is not as this profile lays it out, or its items contradict each other."""


class DatabaseFileError(OperatorError):
    """A registry or journal file is missing, damaged or not one of ours."""


class JournalBehindError(OperatorError):
    """The broker holds a manifest, signed by our key, that this journal never made."""


class RegistryBehindError(OperatorError):
    """The registry has issued fewer serials than its list says that were published."""


class ListRowsError(OperatorError):
    """Rows that no list can be built from: out of order, out of range, or with a status that is never listed."""


class ListTooLongError(OperatorError):
    """A list that is longer than a manifest can sign and a reader can hold."""


class ClockError(OperatorError):
    """The clock contradicts the last manifest's time, which is a floor of readers' clocks."""


class ProfileVersionError(OperatorError):
    """A profile's version was published with another content, or a higher one was."""


class SigningFaultError(OperatorError):
    """This computer made a signature that its own key does not verify: it counts wrong."""


class SecondPublisherError(AuthorityError):
    """Another process publishes this division from this journal."""

    exit_code = EXIT_TEMPORARY


class DatabaseBusyError(AuthorityError):
    """Another process holds the database for longer than we wait."""

    exit_code = EXIT_TEMPORARY


class DatabaseFullError(AuthorityError):
    """No room is left on the disk of a registry or journal."""

    exit_code = EXIT_TEMPORARY
