"""What a bus says to a card: select the application, read INFO, read SERVICE."""

from ..errors import CardResponseError
from .apdu import SFI_INFO, SFI_SERVICE, SW_FILE_NOT_FOUND, SW_OK, read_binary, select, split_response

RUNNING, DONE, TORN, NOT_OURS, BROKEN = 0, 1, 2, 3, 4
"""Where a conversation stands: under way; both files read; the card went away; the card has no such
application; the card answers, but not as card profile 1 does."""


class BusConversation:
    """The bus's part of the conversation, without I/O.

    Send `command` to the card and hand its answer to `receive`, None when the card went away, until `state`
    is no longer RUNNING. Then `info` and `service` hold the files' bytes if it is DONE.
    """

    def __init__(self) -> None:
        self.state = RUNNING
        self.command = select()
        self.info = b""
        self.service = b""
        self.apdus = 0

    def receive(self, response: "bytes | None") -> None:
        """Take the card's answer to `command`."""
        self.apdus += 1
        if response is None:
            self.state = TORN
            return
        try:
            data, status = split_response(response)
        except CardResponseError:
            self.state = BROKEN
            return
        if status != SW_OK:
            self.state = NOT_OURS if self.apdus == 1 and status == SW_FILE_NOT_FOUND else BROKEN
        elif self.apdus == 1:
            self.command = read_binary(SFI_INFO)
        elif self.apdus == 2:
            self.info = data
            self.command = read_binary(SFI_SERVICE)
        else:
            self.service = data
            self.state = DONE
