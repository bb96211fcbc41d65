"""What a place's measures leave to numbers: windows, periods, divisions and services."""


class ServiceRule:
    """One service's own condition and how old a list it bears.

    minimum_age is in full years, 0 for none. Up to list_warn_days the list is fresh; up to list_limit_days
    the answer stands with a flag; beyond it the service refers.
    """

    __slots__ = ("code", "list_limit_days", "list_warn_days", "minimum_age", "name")

    def __init__(
        self, code: int, name: str, minimum_age: int, list_warn_days: int, list_limit_days: int
    ) -> None:
        self.code = code
        self.name = name
        self.minimum_age = minimum_age
        self.list_warn_days = list_warn_days
        self.list_limit_days = list_limit_days


class Profile:
    """One place's numbers.

    window_months: how long before good-through the holder may endorse (16); restorable_months: how long
    after it a late endorsement restores (18); issuing_divisions: whose permits this place's list covers.
    """

    __slots__ = (
        "issuing_divisions",
        "list_division",
        "name",
        "restorable_months",
        "services",
        "window_months",
    )

    def __init__(
        self,
        name: str,
        list_division: int,
        issuing_divisions: "tuple[int, ...]",
        window_months: int,
        restorable_months: int,
        services: "tuple[ServiceRule, ...]",
    ) -> None:
        self.name = name
        self.list_division = list_division
        self.issuing_divisions = issuing_divisions
        self.window_months = window_months
        self.restorable_months = restorable_months
        self.services = services

    def service(self, name: str) -> ServiceRule:
        """Return the service of that name; KeyError when this place has none."""
        for service in self.services:
            if service.name == name:
                return service
        raise KeyError(name)
