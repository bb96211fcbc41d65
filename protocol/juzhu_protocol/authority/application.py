"""An application for a permit (7 to 11): its JSON form, and everything that it lacks, in one list.

Nothing here decides one fault at a time: whoever applies is told once and in writing what to bring (11).
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..rules.calendar import add_years, from_iso, iso
from ..rules.decide import AGENT_BELOW
from ..rules.profile import Profile
from .citizen_number import CitizenNumber
from .errors import ApplicationError, CitizenNumberError, Lack
from .holder import MAX_ADDRESS, holder_faults, text_faults
from .permits import Holder, eligible_from

DAYS_TO_ISSUE = 15
"""A permit is made and issued within so many days of the acceptance (12); that day is not counted: our reading."""

IDENTITY_CARD, PHOTOGRAPH, VOUCHER = "identity-card", "photograph", "registration-voucher"
OLD_PERMIT, IDENTITY_DOCUMENT = "old-temporary-permit", "identity-document"

GROUND_PAPERS = {
    "employment": ("business-licence", "labour-contract", "employment-certificate", "other-employment"),
    "housing": (
        *("tenancy-contract", "tenancy-record", "title-deed", "purchase-contract"),
        *("lodging-certificate", "other-housing"),
    ),
    "study": ("student-card", "school-certificate", "other-study"),
}
"""Article 8's three grounds, and the papers of which Article 9 asks one for each."""

GROUNDS = {
    "employment": "合法稳定就业",
    "housing": "合法稳定住所",
    "study": "连续就读",
}

PAPERS = {
    IDENTITY_CARD: "居民身份证",
    PHOTOGRAPH: "符合居民身份证采集标准的数码相片",
    VOUCHER: "暂住登记凭证",
    IDENTITY_DOCUMENT: "有效身份证件",
    OLD_PERMIT: "原暂住证",
    "business-licence": "工商营业执照",
    "labour-contract": "劳动合同",
    "employment-certificate": "用人单位出具的劳动关系证明",
    "other-employment": "其他合法稳定就业证明",
    "tenancy-contract": "房屋租赁合同",
    "tenancy-record": "房屋租赁登记备案证明",
    "title-deed": "房屋产权证明文件",
    "purchase-contract": "购房合同",
    "lodging-certificate": "房屋出租人、用人单位或学校出具的住宿证明",
    "other-housing": "其他合法稳定住所证明",
    "student-card": "学生证",
    "school-certificate": "就读学校出具的连续就读证明",
    "other-study": "其他就读证明",
}
"""Papers by the names that an application's JSON gives them; Article 9's own lists are open, hence the others."""

RELATIONS = {"guardian": "监护人", "close-relative": "近亲属"}
"""Who may apply for somebody else (10)."""

_TEXTS = ("name", "sex", "ethnicity", "citizen_number", "household_address", "address", "ground")
_DAYS = ("registered", "resident_since")
_DIVISIONS = ("division", "household_division")


@dataclass(frozen=True)
class Agent:
    """Who applies for the holder, and the papers given of him or her (10)."""

    relation: str
    papers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Application:
    """What a counter was given; what was not given is empty or 0. Days are day numbers; repr shows nothing.

    registered: day of the temporary registration (7). resident_since: an earlier first day of residence, which
    the registration shows, or a temporary permit from before the measures (29); 0 for none.
    household_division: where the permanent registration is, 0 when not asked.
    """

    name: str = ""
    sex: str = ""
    ethnicity: str = ""
    citizen_number: str = ""
    household_address: str = ""
    address: str = ""
    division: int = 0
    household_division: int = 0
    registered: int = 0
    resident_since: int = 0
    ground: str = ""
    papers: frozenset[str] = frozenset()
    agent: "Agent | None" = None

    def __repr__(self) -> str:
        return "Application(not shown)"

    @property
    def holder(self) -> Holder:
        """Article 14's items of the person."""
        return Holder(self.name, self.sex, self.ethnicity, self.citizen_number, self.household_address)

    def to_json(self) -> str:
        """Return the JSON that from_json() reads."""
        content: dict[str, Any] = {key: value for key, value in asdict(self).items() if value}
        content.update({key: iso(content[key]) for key in _DAYS if key in content})
        if "papers" in content:
            content["papers"] = sorted(self.papers)
        if self.agent:
            content["agent"] = {"relation": self.agent.relation, "papers": sorted(self.agent.papers)}
        return json.dumps(content, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Application":
        """Read one; ApplicationError names a field of the wrong form, and never repeats what it holds."""
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            raise ApplicationError("an application is one JSON object, and this is no JSON (9)") from None
        if not isinstance(content, dict):
            raise ApplicationError("an application is one JSON object (9)")
        known = [field.name for field in fields(cls)]
        if set(content) - set(known):
            raise ApplicationError(f"an application holds nothing but: {', '.join(known)} (9)")
        values = {key: value for key, value in content.items() if value is not None}
        for key in _TEXTS:
            if not isinstance(values.get(key, ""), str):
                raise ApplicationError(f"{key} is a text (9)")
        for key in _DAYS:
            if key in values:
                values[key] = _day(key, values[key])
        for key in _DIVISIONS:
            if key in values and not _is_division(values[key]):
                raise ApplicationError(f"{key} is a number of six digits (GB/T 2260)")
        if "papers" in values:
            values["papers"] = _papers("papers", values["papers"])
        if "agent" in values:
            values["agent"] = _agent(values["agent"])
        return cls(**values)


def lacks(application: Application, day: int, profile: Profile) -> tuple[Lack, ...]:
    """Return everything that keeps an application from being accepted on a day (7 to 11), () when nothing does."""
    return tuple(_lacks(application, day, profile))


def _lacks(application: Application, day: int, profile: Profile) -> Iterator[Lack]:
    yield from holder_faults(application.holder, day)
    yield from text_faults("address", "address", "居住地住址", application.address, MAX_ADDRESS)
    yield from _wrong_place(application, profile)
    yield from _wrong_days(application, day)
    yield from _wrong_residence(application, day, profile)
    yield from _missing_papers(application)
    yield from _missing_agent(application, day)


def _wrong_place(application: Application, profile: Profile) -> Iterator[Lack]:
    if application.division not in profile.units:
        text = "the county-level division of the residence, one of this city's"
        yield Lack("division", text, "居住地县级行政区划(须属本市)", "2")
    if application.household_division and profile.same_unit(
        application.household_division, application.division
    ):
        text = "the permanent registration is in the same city or county, where no permit is needed"
        yield Lack("household_division", text, "常住户口在同一市区或县的, 不申领居住证", "7")


def _wrong_days(application: Application, day: int) -> Iterator[Lack]:
    if not application.registered:
        yield Lack("registered", "the day of the temporary registration", "暂住登记日期", "7")
    elif application.registered > day:
        text = "the temporary registration is dated after today: read it again"
        yield Lack("registered", text, "暂住登记日期(晚于今日, 请核对)", "7")
    elif eligible_from(application.registered) > day:
        first = iso(eligible_from(application.registered))
        text = f"half a year since the temporary registration, which is full on {first}: apply from then on"
        yield Lack("registered", text, f"暂住登记须满半年, 自{first}起可申领", "8")


def _wrong_residence(application: Application, day: int, profile: Profile) -> Iterator[Lack]:
    since = application.resident_since
    if not since:
        return
    if since > day:
        text = "residence begins after today: read it again"
        yield Lack("resident_since", text, "居住起始日期(晚于今日, 请核对)", "8")
    elif since < _birth_day(application):
        text = "residence begins before the holder's birth: read it again"
        yield Lack("resident_since", text, "居住起始日期(早于出生日期, 请核对)", "8")
    elif since < application.registered and OLD_PERMIT not in application.papers:
        text = "the old temporary permit that shows residence before the registration"
        yield Lack(OLD_PERMIT, text, PAPERS[OLD_PERMIT], "29")
    elif since < application.registered and since >= profile.transitional_before:
        first = iso(profile.transitional_before) if profile.transitional_before else "the measures"
        text = f"an old temporary permit counts when issued before {first}: it shows no residence begun since"
        chinese = "居住起始日期(暂住证须在本办法施行之前领取)"
        yield Lack("resident_since", text, chinese, "29")


def _missing_papers(application: Application) -> Iterator[Lack]:
    given = application.papers
    if not given & {IDENTITY_CARD, PHOTOGRAPH}:
        text = "the identity card, or a digital photograph of its standard where none was issued yet"
        yield Lack(IDENTITY_CARD, text, f"{PAPERS[IDENTITY_CARD]}(未办理的, 提交{PAPERS[PHOTOGRAPH]})", "9")
    if VOUCHER not in given:
        yield Lack(VOUCHER, "the voucher of the temporary registration", PAPERS[VOUCHER], "9")
    if application.ground not in GROUNDS:
        text = "one of the three grounds: employment, housing or study"
        yield Lack("ground", text, f"申领条件之一: {'、'.join(GROUNDS.values())}", "8")
        return
    asked = GROUND_PAPERS[application.ground]
    if not given & set(asked):
        number = list(GROUNDS).index(application.ground) + 1
        text = f"a paper that shows the ground {application.ground}, one of: {', '.join(asked)}"
        chinese = f"{GROUNDS[application.ground]}证明, 以下之一: {'、'.join(PAPERS[name] for name in asked)}"
        yield Lack(application.ground, text, chinese, f"9({number})")


def _missing_agent(application: Application, day: int) -> Iterator[Lack]:
    agent = application.agent
    if agent is None:
        if _is_under_age(application, day):
            text = "a guardian or close relative who applies for a holder under 16, with identity documents of both"
            yield Lack("agent", text, "未满16周岁的, 由监护人、近亲属代办并提供双方有效身份证件", "10")
        return
    if agent.relation not in RELATIONS:
        text = f"an agent who is one of: {', '.join(RELATIONS)}"
        yield Lack("agent", text, "代办人须为监护人或近亲属", "10")
    if not agent.papers & {IDENTITY_CARD, IDENTITY_DOCUMENT}:
        text = "the agent's valid identity document"
        yield Lack("agent.papers", text, f"代办人{PAPERS[IDENTITY_DOCUMENT]}", "10")
    if not application.papers & {IDENTITY_CARD, IDENTITY_DOCUMENT}:
        text = "the holder's valid identity document, since an agent applies"
        yield Lack(IDENTITY_DOCUMENT, text, f"委托人{PAPERS[IDENTITY_DOCUMENT]}", "10")


def _is_under_age(application: Application, day: int) -> bool:
    birth_day = _birth_day(application)
    return birth_day > 0 and day < add_years(birth_day, AGENT_BELOW)


def _birth_day(application: Application) -> int:
    """The day that the citizen number tells, 0 for a number that is none."""
    try:
        return CitizenNumber.parse(application.citizen_number).birth_day
    except CitizenNumberError:
        return 0


def _day(key: str, value: object) -> int:
    try:
        day = from_iso(value) if isinstance(value, str) else -1
    except ValueError:
        day = -1
    if not 1 <= day <= 65534:
        raise ApplicationError(f"{key} is a day written YYYY-MM-DD (9)")
    return day


def _is_division(value: object) -> bool:
    return type(value) is int and 110000 <= value <= 829999


def _papers(key: str, value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name in PAPERS for name in value):
        raise ApplicationError(f"{key} is a list of: {', '.join(PAPERS)} (9)")
    return frozenset(value)


def _agent(value: object) -> Agent:
    if not isinstance(value, dict) or set(value) - {"relation", "papers"}:
        raise ApplicationError("agent holds relation and papers (10)")
    relation = value.get("relation", "")
    if not isinstance(relation, str):
        raise ApplicationError(f"agent.relation is one of: {', '.join(RELATIONS)} (10)")
    return Agent(relation, _papers("agent.papers", value.get("papers", [])))
