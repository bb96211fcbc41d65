"""Every error of the authority, grouped by who must act; `exit_code` is what the command ends with."""

from ..errors import JuzhuError
from .exit_codes import EXIT_CONFIG, EXIT_REFUSED, EXIT_TEMPORARY


class AuthorityError(JuzhuError):
    """Base of the authority's errors: the act did not happen and nothing was changed."""

    exit_code = EXIT_REFUSED


# -- The clerk must act: the measures refuse this act; the message names the article and the remedy ----


class RefusedError(AuthorityError):
    """The measures do not allow this act."""


class ApplicationError(RefusedError):
    """What the applicant gave does not hold together (9, 14)."""


class CitizenNumberError(ApplicationError):
    """A citizen identification number whose form, birth date or check digit is wrong (GB 11643-1999)."""


class NotYetEligibleError(RefusedError):
    """Less than half a year has passed since the temporary registration (8)."""


class SecondPermitError(RefusedError):
    """This person holds a permit in this city already (8, 20)."""


class UnknownPermitError(RefusedError):
    """No permit has this serial."""


class TooEarlyError(RefusedError):
    """The month before the yearly day has not begun (16)."""


class LapsedError(RefusedError):
    """More than half a year overdue: the holder registers anew (18)."""


class SuspendedError(RefusedError):
    """The permit's use is suspended (19)."""


class NotSuspendedError(RefusedError):
    """There is no suspension to lift (19)."""


class OverdueIsNotListedError(RefusedError):
    """Ground 3 follows from the signed good-through alone and is never listed (18, 19(3))."""


class RevokedError(RefusedError):
    """The card was replaced, lost or cancelled (20)."""


class BackwardsError(RefusedError):
    """An act dated before the permit's last one."""


class SerialsExhaustedError(RefusedError):
    """A list division has issued its last serial, or a permit its last endorsement number."""


# -- The operator must act -----------------------------------------------------------------------------


class OperatorError(AuthorityError):
    """Keys, files or settings of the authority are wrong."""

    exit_code = EXIT_CONFIG


class KeysFolderError(OperatorError):
    """A keys folder is missing, incomplete or contradicts itself."""


class NoKeyError(OperatorError):
    """No key of the folder may sign this for that division on that day."""


class CardImageError(OperatorError):
    """A card image's JSON is not one of ours."""


class DatabaseFileError(OperatorError):
    """A registry or journal file is missing, damaged or not one of ours."""


class JournalBehindError(OperatorError):
    """The broker holds a manifest, signed by our key, that this journal never made."""


class SecondPublisherError(AuthorityError):
    """Another process publishes this division from this journal."""

    exit_code = EXIT_TEMPORARY


class DatabaseBusyError(AuthorityError):
    """Another process holds the database for longer than we wait."""

    exit_code = EXIT_TEMPORARY
