"""What a place's measures leave to numbers: windows, periods, divisions, services and extensions."""

from ..records.profile import ProfileRecord
from .services import service_code

CONDITION_NONE, CONDITION_AGE, CONDITION_RESIDENCE, CONDITION_PAPERS, CONDITION_UNKNOWN = 0, 1, 2, 3, 4
"""What a service asks beyond a permit in force: nothing, full years of age, full years of residence, papers
that a permit does not show, or something that this place's profile does not know."""

UNLIMITED = 255
"""restorable_months of a place whose measures set no end to a late endorsement."""

SERVES_ORDINARY, SERVES_HK_MACAO_TAIWAN, SERVES_TRANSITIONAL = 1, 2, 4
"""Bits of class_policy: the classes of permit that this place's services serve."""

DEFAULT_WARN_HOURS, DEFAULT_LIMIT_HOURS = 24, 168


class ServiceRule:
    """One service's own condition and how old a list it bears.

    years belongs to an age or residence condition. Up to warn_hours the list is fresh; up to limit_hours the
    answer stands with a flag; beyond it the service refers.
    """

    __slots__ = ("article", "code", "condition", "limit_hours", "warn_hours", "years")

    def __init__(
        self, code: int, condition: int, years: int, warn_hours: int, limit_hours: int, article: str
    ) -> None:
        self.code = code
        self.condition = condition
        self.years = years
        self.warn_hours = warn_hours
        self.limit_hours = limit_hours
        self.article = article


class Extension:
    """Good-through days from `first` to `last` count as good through `through` (holidays, an emergency)."""

    __slots__ = ("first", "last", "through")

    def __init__(self, first: int, last: int, through: int) -> None:
        self.first = first
        self.last = last
        self.through = through


class Profile:
    """One place's numbers.

    window_months: how long before good-through the holder may endorse (16). restorable_months: how long
    after it a late endorsement restores (18), UNLIMITED for ever. transitional_before: permits of the
    transitional class were issued before this day (29), 0 for none. units: issuing division -> the unit
    inside which a move is an address endorsement (17). articles: reason code -> the article it rests on.
    """

    __slots__ = (
        "articles",
        "class_policy",
        "extensions",
        "list_division",
        "restorable_months",
        "services",
        "transitional_before",
        "units",
        "version",
        "window_months",
    )

    def __init__(
        self,
        list_division: int,
        units: "dict[int, int]",
        window_months: int,
        restorable_months: int,
        services: "dict[int, ServiceRule]",
        extensions: "list[Extension]",
        class_policy: int,
        transitional_before: int,
        articles: "dict[int, str]",
        version: int,
    ) -> None:
        self.list_division = list_division
        self.units = units
        self.window_months = window_months
        self.restorable_months = restorable_months
        self.services = services
        self.extensions = extensions
        self.class_policy = class_policy
        self.transitional_before = transitional_before
        self.articles = articles
        self.version = version

    @classmethod
    def of(cls, record: ProfileRecord) -> "Profile":
        """Return the profile that a record describes; its signature is checked elsewhere."""
        return cls(
            list_division=record.list_division,
            units={entry.division: entry.unit for entry in record.divisions},
            window_months=record.window_months,
            restorable_months=record.restorable_months,
            services={
                entry.code: ServiceRule(
                    entry.code,
                    entry.condition,
                    entry.years,
                    entry.warn_hours,
                    entry.limit_hours,
                    entry.article.decode(),
                )
                for entry in record.services
            },
            extensions=[Extension(entry.first, entry.last, entry.through) for entry in record.extensions],
            class_policy=record.class_policy,
            transitional_before=record.transitional_before,
            articles={entry.reason: entry.article.decode() for entry in record.articles},
            version=record.profile_version,
        )

    def with_extensions(self, extensions: "list[Extension]") -> "Profile":
        """Return this profile with more extensions."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields["extensions"] = self.extensions + extensions
        return Profile(*[fields[name] for name in _ARGUMENTS])

    def service(self, name: str) -> ServiceRule:
        """Return what this place asks for a service; KeyError for a name that no service has.

        A service that the profile says nothing of has CONDITION_UNKNOWN, which refers.
        """
        code = service_code(name)
        if code in self.services:
            return self.services[code]
        return ServiceRule(code, CONDITION_UNKNOWN, 0, DEFAULT_WARN_HOURS, DEFAULT_LIMIT_HOURS, "")

    def good_through(self, signed: int) -> int:
        """Return the last good day of a permit whose SERVICE says `signed`, extensions considered."""
        days = [entry.through for entry in self.extensions if entry.first <= signed <= entry.last]
        return max(days + [signed])

    def same_unit(self, one: int, other: int) -> bool:
        """Whether a move between two issuing divisions stays inside one unit (17)."""
        return one in self.units and self.units.get(one) == self.units.get(other)


_ARGUMENTS = (
    "list_division",
    "units",
    "window_months",
    "restorable_months",
    "services",
    "extensions",
    "class_policy",
    "transitional_before",
    "articles",
    "version",
)
