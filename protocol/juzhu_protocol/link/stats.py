"""What a link has seen, for the log line and for `juzhu doctor`."""


class LinkStats:
    """Counters since the machine was made; plain ints, read by anybody, written by the link alone."""

    __slots__ = (
        "crc_errors",
        "duplicates",
        "echoes",
        "failed",
        "frames_ok",
        "malformed",
        "oversize",
        "resent",
        "superseded",
        "unexpected",
    )

    def __init__(self) -> None:
        self.frames_ok = 0
        """Frames whose checksum held."""
        self.crc_errors = 0
        """Frames of possible length whose checksum did not hold."""
        self.malformed = 0
        """Bytes between two delimiters that cannot be a frame."""
        self.oversize = 0
        """Runs of bytes longer than any frame, thrown away up to the next delimiter."""
        self.resent = 0
        """Requests of ours sent again."""
        self.failed = 0
        """Requests of ours that ended without an answer."""
        self.duplicates = 0
        """Requests of the peer that we had already."""
        self.unexpected = 0
        """Responses to nothing that we are waiting for: late, or to an earlier life of ours."""
        self.superseded = 0
        """Answers not sent, because the peer had gone on to another request."""
        self.echoes = 0
        """Requests of our own that came back to us: a terminal in echo mode, or a loop in the cable."""

    def items(self) -> "list[tuple[str, int]]":
        """Return name and value of every counter, in the order of a log line."""
        return [
            ("frames_ok", self.frames_ok),
            ("crc_errors", self.crc_errors),
            ("malformed", self.malformed),
            ("oversize", self.oversize),
            ("resent", self.resent),
            ("failed", self.failed),
            ("duplicates", self.duplicates),
            ("unexpected", self.unexpected),
            ("superseded", self.superseded),
            ("echoes", self.echoes),
        ]
