"""Every answer and reason, the article it rests on, and the short lines that people see.

Public lines are the same for everybody with the same answer: they name no class, no age and no suspension.
Staff lines and remedies appear on the staff's screen only.
"""

ALLOW, DENY, REFER, TRY_AGAIN = 1, 2, 3, 4
ANSWER_NAMES = {ALLOW: "ALLOW", DENY: "DENY", REFER: "REFER", TRY_AGAIN: "TRY AGAIN"}

IN_FORCE = 1
ENDORSE_SOON = 2
REVOKED = 10
SUSPENDED = 11
OVERDUE = 12
LAPSED = 13
OTHER_DIVISION = 14
UNDER_AGE = 15
UPDATE_READER = 30
UNKNOWN_KEY = 31
KEY_REVOKED = 32
NOT_GENUINE = 33
LIST_TOO_OLD = 34
CLOCK_UNSURE = 35
OTHER_RULES = 36
UNREADABLE = 37
NO_LIST = 38
NOT_A_PERMIT = 39
READER_FAULT = 40

FLAG_LIST_AGEING = 1
FLAG_CLOCK_SPANS_DAYS = 2

PUBLIC_LINES = {
    ALLOW: ("欢迎", "Welcome"),
    DENY: ("请投币", "Please pay"),
    REFER: ("请联系工作人员", "Please see staff"),
    TRY_AGAIN: ("请重刷", "Try again"),
}
"""What anyone may see, Chinese and English, for each answer on a bus."""


class Reason:
    """One reason: its answer, article, and the staff's line and the holder's remedy in Chinese and English."""

    __slots__ = ("answer", "article", "name", "remedy", "staff")

    def __init__(
        self, name: str, answer: int, article: str, staff: "tuple[str, str]", remedy: "tuple[str, str]"
    ) -> None:
        self.name = name
        self.answer = answer
        self.article = article
        self.staff = staff
        self.remedy = remedy


_NOTHING = ("", "")
_STATION = ("到居住地登记站办理", "Go to the registration station of the place of residence")
_OTHER_READER = ("请到服务窗口核验", "Have the permit checked at a service counter")

REASONS = {
    IN_FORCE: Reason("in force", ALLOW, "22(7)", ("有效", "In force"), _NOTHING),
    ENDORSE_SOON: Reason(
        "endorse soon",
        ALLOW,
        "16",
        ("有效，近期应签注", "In force; the yearly endorsement is due"),
        ("到登记站签注，免费", "Have it endorsed at the registration station, free of charge"),
    ),
    REVOKED: Reason(
        "revoked", DENY, "20", ("该证已注销", "This card was replaced, lost or cancelled"), _STATION
    ),
    SUSPENDED: Reason("suspended", DENY, "19", ("使用功能中止", "Use is suspended"), _STATION),
    OVERDUE: Reason(
        "overdue",
        DENY,
        "16, 18, 19(3)",
        ("逾期未签注，可补办", "The yearly endorsement is overdue; it can still be made"),
        ("到登记站补办签注，免费", "Have it endorsed late at the registration station, free of charge"),
    ),
    LAPSED: Reason(
        "lapsed",
        DENY,
        "18",
        ("逾期超过半年", "Overdue by more than half a year"),
        ("重新申报暂住登记", "Register anew at the registration station"),
    ),
    OTHER_DIVISION: Reason(
        "other division",
        DENY,
        "2, 22",
        ("非本市居住证", "A permit of another city"),
        ("在居住地使用", "It gives this right in its own city"),
    ),
    UNDER_AGE: Reason(
        "under age",
        DENY,
        "22(7)",
        ("未到享受年龄", "Below the age of this service"),
        ("到龄后可享受", "It will from that birthday on"),
    ),
    UPDATE_READER: Reason(
        "update reader", REFER, "", ("读卡器需升级", "A newer card; update the reader"), _OTHER_READER
    ),
    UNKNOWN_KEY: Reason(
        "unknown key",
        REFER,
        "",
        ("签名密钥未知", "Signed by a key that this reader does not know"),
        _OTHER_READER,
    ),
    KEY_REVOKED: Reason(
        "key revoked", REFER, "", ("签名密钥已撤销", "Signed by a key that was revoked"), _OTHER_READER
    ),
    NOT_GENUINE: Reason(
        "not genuine", REFER, "", ("真伪未能确认", "Could not be proven genuine"), _OTHER_READER
    ),
    LIST_TOO_OLD: Reason(
        "list too old", REFER, "", ("名单过旧", "The reader's list is too old"), _OTHER_READER
    ),
    CLOCK_UNSURE: Reason(
        "clock unsure", REFER, "", ("读卡器时钟不准", "The reader's clock is not sure enough"), _OTHER_READER
    ),
    OTHER_RULES: Reason(
        "other rules", REFER, "28, 29", ("适用其他规定", "Other rules apply to this permit"), _OTHER_READER
    ),
    UNREADABLE: Reason("unreadable", REFER, "", ("读卡失败", "The card could not be read"), _OTHER_READER),
    NO_LIST: Reason("no list", REFER, "", ("读卡器尚无名单", "The reader has no list yet"), _OTHER_READER),
    NOT_A_PERMIT: Reason("not a permit", REFER, "", ("不是居住证", "Not a residence permit"), _NOTHING),
    READER_FAULT: Reason("reader fault", REFER, "", ("读卡器故障", "A fault of the reader"), _OTHER_READER),
}
