"""A verdict in full, for counters and the command line: the fact, the article, and what the holder can do where.

The words stand in texts.py. Host only: a reader carries rules/lines.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from ..rules.calendar import add_years, civil_date, iso
from ..rules.decide import Verdict
from ..rules.lines import SHORT_LINES
from ..rules.profile import (
    CONDITION_AGE,
    CONDITION_PAPERS,
    CONDITION_RESIDENCE,
    SERVES_ORDINARY,
    Profile,
)
from ..rules.reasons import (
    ALLOW,
    DENY,
    ENDORSE_SOON,
    FLAG_CLOCK_SPANS_DAYS,
    LIST_TOO_OLD,
    OTHER_RULES,
    OVERDUE,
    RESIDENCE_NOT_SHOWN,
    SUSPENDED_FALSE_PAPERS,
    SUSPENDED_MOVED,
    SUSPENDED_NO_LONGER_ELIGIBLE,
    SUSPENDED_SETTLED,
    TRANSITIONAL_ENDED,
    public_line,
)
from ..rules.services import service_code, service_name, service_role
from . import texts
from .source import ARTICLE, CITY_RULE, ProfileSource
from .titles import A_CITY_RULE, NATIONAL_REGULATION, SERVICE_TITLES, Pair

LANGUAGES = ("zh", "en")

_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True)
class Explanation:
    """One verdict in one language; "" where there is nothing to say.

    public is all that others may see. staff is the short line of a screen. office is where to go for the
    remedy, by the last day to do so (YYYY-MM-DD). notes say what stands beside the answer: flags, and at a
    settlement which routes rest on the permit.
    """

    public: str
    staff: str
    fact: str
    article: str
    remedy: str
    office: str
    by: str
    notes: tuple[str, ...]


def explain(verdict: Verdict, service_name: str, profile_source: ProfileSource, language: str) -> Explanation:
    """Return the explanation of a verdict on one service in a place; language is "zh" or "en".

    KeyError for a service that no place has, ValueError for another language.
    """
    return _Explainer(verdict, service_name, profile_source, language).explanation()


def service_title(name: str, language: str) -> str:
    """Return a service's name for people."""
    return SERVICE_TITLES[name][LANGUAGES.index(language)]


def cite(reference: str, profile_source: ProfileSource, language: str) -> str:
    """Return an article reference of a profile, "16, 19(3)" or "N 10", as people cite it; "" for ""."""
    if not reference:
        return ""
    if reference == CITY_RULE:
        place = profile_source.title[language]
        return A_CITY_RULE[LANGUAGES.index(language)].format(place=place)
    found = [ARTICLE.fullmatch(part) for part in reference.split(", ")]
    parts = [(bool(match[1]), int(match[2]), int(match[3] or 0)) for match in found if match]
    cited = []
    for is_national, group in groupby(parts, key=lambda part: part[0]):
        articles = [(article, item) for _, article, item in group]
        title = NATIONAL_REGULATION[LANGUAGES.index(language)]
        if not is_national:
            title = profile_source.measures[language]
        cited.append(_cite_zh(title, articles) if language == "zh" else _cite_en(title, articles))
    return ("，" if language == "zh" else "; ").join(cited)


def _cite_zh(title: str, articles: list[tuple[int, int]]) -> str:
    inner = title.replace("《", "〈").replace("》", "〉")
    named = [
        f"第{_numeral(article)}条" + (f"第{_numeral(item)}项" if item else "") for article, item in articles
    ]
    return f"《{inner}》{'、'.join(named)}"


def _cite_en(title: str, articles: list[tuple[int, int]]) -> str:
    named = [f"{article}({item})" if item else str(article) for article, item in articles]
    return f"{title}, Article{'s' if len(named) > 1 else ''} {', '.join(named)}"


def _numeral(number: int) -> str:
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else f"{_DIGITS[tens]}十")
    return head + (_DIGITS[ones] if ones else "")


class _Explainer:
    """One verdict, service, place and language."""

    def __init__(self, verdict: Verdict, name: str, source: ProfileSource, language: str) -> None:
        if language not in LANGUAGES:
            raise ValueError(f"explanations are in {' and '.join(LANGUAGES)}, not {language!r}")
        self._at = LANGUAGES.index(language)
        self._language = language
        self._verdict = verdict
        self._name = name
        self._code = service_code(name)
        self._source = source
        self._profile: Profile = source.profile
        self._rule = self._profile.service(name)
        self._values = self._filled_in()

    def explanation(self) -> Explanation:
        verdict = self._verdict
        entry = texts.ENTRIES[verdict.reason]
        office = self._source.office[self._language]
        if entry.office != texts.STATION:
            office = texts.OFFICES[entry.office][self._at]
        return Explanation(
            public=public_line(verdict.answer, service_role(self._code))[self._at],
            staff=SHORT_LINES[verdict.reason][self._at],
            fact=self._fact(entry),
            article=cite(verdict.article, self._source, self._language),
            remedy=self._say(self._remedy(entry)),
            office=office,
            by=self._by(),
            notes=tuple(self._say(note) for note in self._notes()),
        )

    def _fact(self, entry: texts.Entry) -> str:
        verdict = self._verdict
        if verdict.reason == LIST_TOO_OLD and verdict.list_age is None:
            return self._say(texts.LIST_AGE_UNKNOWN)
        if verdict.reason == OTHER_RULES and verdict.article:
            return self._say(self._other_rules(verdict.article) or entry.fact)
        condition = {CONDITION_AGE: "age", CONDITION_RESIDENCE: "residence"}.get(self._rule.condition)
        if verdict.answer == ALLOW and condition:
            space = "" if self._language == "zh" else " "
            return self._say(entry.fact) + space + self._say(texts.CONDITION_MET[condition])
        return self._say(entry.fact)

    def _other_rules(self, article: str) -> "Pair | None":
        """Which other rules, where the article tells the class: decide() cites another for temporary permits."""
        profile = self._profile
        cites = [profile.articles.get(reason) == article for reason in (TRANSITIONAL_ENDED, OTHER_RULES)]
        if cites == [True, False] and profile.transitional_before:
            return texts.TRANSITIONAL_TOO_NEW
        if cites == [False, True] and profile.class_policy & SERVES_ORDINARY:
            return texts.HK_MACAO_TAIWAN
        return None

    def _remedy(self, entry: texts.Entry) -> Pair:
        verdict = self._verdict
        if verdict.reason == OVERDUE and verdict.restorable_until is None:
            return texts.OVERDUE_WITHOUT_END
        if not verdict.article:
            # Where the place's measures do not speak of it, nothing is promised.
            if verdict.reason == TRANSITIONAL_ENDED:
                return texts.TRANSITIONAL_UNKNOWN
            if verdict.reason in (SUSPENDED_FALSE_PAPERS, SUSPENDED_NO_LONGER_ELIGIBLE, SUSPENDED_MOVED):
                return texts.ASK
        return entry.remedy

    def _by(self) -> str:
        verdict = self._verdict
        if verdict.reason == ENDORSE_SOON:
            return iso(verdict.good_through)
        if verdict.reason == OVERDUE and verdict.restorable_until:
            return iso(verdict.restorable_until)
        return ""

    def _notes(self) -> Iterator[Pair]:
        verdict = self._verdict
        for bit, note in sorted(texts.FLAG_NOTES.items()):
            if verdict.flags & bit:
                endless = bit == FLAG_CLOCK_SPANS_DAYS and verdict.clock.latest is None
                yield texts.CLOCK_WITHOUT_END if endless else note
        is_settled = verdict.reason == SUSPENDED_SETTLED
        if self._rule.condition == CONDITION_PAPERS:
            yield texts.ROUTE_NOTES[self._name]
            if verdict.answer == DENY and not is_settled:
                yield texts.ROUTE_STAYS_OPEN
        elif self._rests_on_the_permit() and not is_settled:
            yield texts.OTHER_ROUTES_OPEN

    def _rests_on_the_permit(self) -> bool:
        """Whether a settlement failed on the permit where other routes ask for papers instead (26)."""
        if self._rule.condition != CONDITION_RESIDENCE or not self._name.startswith("settle-"):
            return False
        has_others = any(
            rule.condition == CONDITION_PAPERS and service_name(code).startswith("settle-")
            for code, rule in self._profile.services.items()
        )
        return has_others and (self._verdict.answer == DENY or self._verdict.reason == RESIDENCE_NOT_SHOWN)

    def _say(self, pair: Pair) -> str:
        return pair[self._at].format_map(self._values)

    def _filled_in(self) -> dict[str, str]:
        verdict, rule = self._verdict, self._rule
        values = {
            "place": self._source.title[self._language],
            "service": SERVICE_TITLES[self._name][self._at],
            "years": str(rule.years),
            "full_years": self._counted(rule.years, ("年", "full year")),
            "list_age": self._age(verdict.list_age),
            "good_through": self._day(verdict.good_through),
            "last_late": self._day(verdict.restorable_until),
            "since": self._day(verdict.resident_since),
            "before": self._day(self._profile.transitional_before),
            "first": self._day(verdict.clock.earliest),
            "last": self._day(verdict.clock.latest),
        }
        if verdict.resident_since:
            values["full_day"] = self._day(add_years(verdict.resident_since, rule.years))
        # A day that this verdict does not have is a mistake in the texts, not an empty place in a sentence.
        return {name: value for name, value in values.items() if value}

    def _day(self, day: int | None) -> str:
        if not day:
            return ""
        return "{}年{}月{}日".format(*civil_date(day)) if self._language == "zh" else iso(day)

    def _age(self, hours: int | None) -> str:
        if hours is None:
            return ""
        number, units = (hours, ("小时", "hour")) if hours < 48 else (hours // 24, ("天", "day"))
        return self._counted(number, units)

    def _counted(self, number: int, unit: Pair) -> str:
        if self._language == "zh":
            return f"{number}{unit[0]}"
        return f"{number} {unit[1]}" + ("" if number == 1 else "s")
