"""What the link's records name by a number: kinds of object, the size of a step, an age that nobody knows."""

OBJECT_TRUST, OBJECT_LIST, OBJECT_PROFILE = 1, 2, 3
"""What a host hands over to a reader: a SignedBundle; a list's content, its Manifest in front; a ProfileRecord."""

MAX_OBJECT_DATA = 1024
"""Bytes of one step of a transfer: it must fit a frame, and a reader's RAM beside everything else."""

NO_AGE = 0xFFFFFFFF
"""A list's age when there is no list or no clock."""

NO_CLOCK_DAYS = 0xFFFF
"""Days by which today is unsure when they are unbounded."""
