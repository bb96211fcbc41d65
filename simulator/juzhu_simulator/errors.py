"""Every error of this package, grouped by who must act; exit_code is what a command then ends with."""

from juzhu_protocol.errors import JuzhuError


class SimulatorError(JuzhuError):
    """Base of them."""

    exit_code = 69


class SetupError(SimulatorError):
    """What a command was given does not fit: whoever called it must act."""

    exit_code = 78


class ProcessError(SimulatorError):
    """A process of the demo could not be started, or ended by itself."""


class FieldError(SimulatorError):
    """A reader went away or stayed silent in the middle of a tap."""

    exit_code = 1
