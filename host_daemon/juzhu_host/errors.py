"""Every error of the host, grouped by who must act; `exit_code` is what the command `juzhu` ends with."""

from juzhu_protocol.errors import JuzhuError
from juzhu_protocol.hostside.exit_codes import EXIT_CONFIG, EXIT_REFUSED, EXIT_TEMPORARY, EXIT_UNAVAILABLE


class HostError(JuzhuError):
    """Base of the host's own errors."""

    exit_code = EXIT_REFUSED


# -- Whoever configured this host must act -----------------------------------------------------------


class ConfigError(HostError):
    """A setting, option or file given to us is wrong or missing."""

    exit_code = EXIT_CONFIG


class BrokerUrlError(ConfigError):
    """A broker's address is not mqtt://[user:password@]host[:port]."""


class SettingsError(ConfigError):
    """The daemon's settings file, or the roots file it names, cannot be read or holds a wrong value."""


class CaseError(ConfigError):
    """A case, or a day, word or profile of the command line, that says nothing or contradicts itself."""


# -- Whoever gave us the card must act ----------------------------------------------------------------


class CardRefusedError(HostError):
    """What was asked for is not done with this card; the message says why."""


# -- The host's operator must act ---------------------------------------------------------------------


class StoreError(HostError):
    """The daemon's database failed; what it held before stays. The message says what to do."""

    exit_code = EXIT_UNAVAILABLE


class StoreDamagedError(StoreError):
    """The database is not one of ours, or damaged."""


class SecondDaemonError(HostError):
    """Another daemon holds this store."""

    exit_code = EXIT_TEMPORARY


# -- Nobody must act: it is tried again --------------------------------------------------------------


class BusError(HostError):
    """The connection to the broker is lost, refused, or not to be had."""

    exit_code = EXIT_UNAVAILABLE


class BusOverflowError(BusError):
    """Messages came faster than they were taken; the connection is given up, so that none is lost unseen."""


class TransportError(HostError):
    """A reader's port cannot be opened, or went away while it was in use."""

    exit_code = EXIT_UNAVAILABLE
