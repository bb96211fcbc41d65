"""Every error of this package, grouped by who must act."""


class JuzhuError(Exception):
    """Base of every error that Juzhu raises on purpose."""


# -- Whoever sent the bytes must act ---------------------------------------------------------------


class RecordError(JuzhuError):
    """A record is not one of ours, byte for byte."""


class RecordLengthError(RecordError):
    """A record ends too early or goes on too long."""


class RecordVersionError(RecordError):
    """A record is of a version that this software does not know."""


class RecordValueError(RecordError):
    """A field holds a value that the schema does not allow."""


class ProfileSourceError(JuzhuError):
    """A profile's file is wrong; the message names file, value and remedy."""


class RootsFileError(JuzhuError):
    """The file of the root's public keys is not as an authority gives it out."""


class EndorsementRefusedError(JuzhuError):
    """The measures refuse this endorsement; the holder must do what the message says."""


class CardResponseError(JuzhuError):
    """What a card answered is no response APDU."""


class SecureMessagingError(JuzhuError):
    """A message of a secured session is not what the other side sent: the session is over."""


class SamError(JuzhuError):
    """The reader's own SAM cannot be reached or answers nonsense: the operator must act."""


class KeyFormatError(JuzhuError):
    """A public key is not 64 bytes X||Y of a point on its curve."""


# -- The link: see link/ ---------------------------------------------------------------------------


class LinkError(JuzhuError):
    """Something is wrong on the link between reader and host."""


class LocalLinkError(LinkError):
    """Our own side asked the link for something it cannot do: our program must act."""


class LinkUsageError(LocalLinkError):
    """A kind, session, payload or answer that the link cannot carry: a mistake in our program."""


class LinkBusyError(LocalLinkError):
    """The queue of requests is full: try again once one of them has ended."""


class RemoteLinkError(LinkError):
    """The cable or the other side is to blame. The link machine counts these and never raises them."""


class FrameError(RemoteLinkError):
    """Bytes that are not a frame: wrong coding, length or kind."""


class FrameChecksumError(FrameError):
    """A frame whose CRC-32 does not match its bytes."""


# -- Trust: whoever signed or carried the object must act; `code` goes to the peer (ObjectResult) ----


class TrustError(JuzhuError):
    """A bundle, manifest or list is not to be believed; what was held before stays in force."""

    code = 1


class BadSignatureError(TrustError):
    """A signature does not hold, or too few of the root's do."""

    code = 2


class UnknownKeyError(TrustError):
    """No key of the bundle has this id, or the key is not for this purpose, division or day."""

    code = 3


class RollbackError(TrustError):
    """An object older than one already accepted, or another one under the same number."""

    code = 4


class WrongDivisionError(TrustError):
    """An object of another division than asked for."""

    code = 5


class OversizeError(TrustError):
    """An object larger than can be held."""

    code = 6


class ContentMismatchError(TrustError):
    """Content whose length or hash is not the one that was signed."""

    code = 7


class MalformedObjectError(TrustError):
    """An object that is no record of ours."""

    code = 8


class TransferStateError(TrustError):
    """A step of a transfer that was not begun, or at another offset."""

    code = 9


class FutureTimeError(TrustError):
    """An object dated more than a day ahead of a clock that is known to be right."""

    code = 11


class StorageError(JuzhuError):
    """The reader's own storage failed or is damaged: the operator must act."""

    code = 10
