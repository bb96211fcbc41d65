"""The words of a timeline, Chinese and English: `(zh, en)` throughout."""

from juzhu_protocol.rules.calendar import iso

from .timeline import (
    ENDED,
    FUTURE,
    IN_FORCE,
    LAPSED,
    OVERDUE,
    REVOKED_STATE,
    SUSPENDED_STATE,
    WINDOW,
    Mark,
)

LANGUAGES = ("zh", "en")

STATES = {
    FUTURE: ("尚未签发", "not yet issued"),
    IN_FORCE: ("有效", "in force"),
    WINDOW: ("有效，可签注", "in force, may be endorsed"),
    OVERDUE: ("逾期，可补办签注", "overdue, can be restored"),
    LAPSED: ("逾期过久，须重新登记", "lapsed, register anew"),
    ENDED: ("期满", "ended"),
    SUSPENDED_STATE: ("功能中止", "suspended"),
    REVOKED_STATE: ("已注销", "revoked"),
}

MARKS = {
    "issued": ("签发", "issued"),
    "reissued": ("换发新卡", "card replaced"),
    "yearly": ("年度签注", "endorsed"),
    "late": ("补办签注", "endorsed late"),
    "address": ("地址签注", "endorsed, new address"),
    "moved": ("迁移签注", "endorsed, moved"),
    "suspended": ("功能中止", "suspended"),
    "restored": ("功能恢复", "restored"),
    "revoked": ("注销", "revoked"),
    "window": ("可签注", "may be endorsed"),
    "good-through": ("有效至", "good through"),
    "restorable": ("补办截止", "restorable until"),
    "today": ("今日", "today"),
}

_GROUND = ("第十九条第{}项", "19({})")
_CAUSES = {"replaced": ("换领", "replaced"), "lost": ("挂失", "lost"), "cancelled": ("注销", "cancelled")}
_NUMBERS = "零一二三四五六七八九"


def mark_text(mark: Mark, language: str) -> str:
    """Return what a mark says, without its day."""
    at = LANGUAGES.index(language)
    text = MARKS[mark.kind][at]
    if mark.kind == "suspended" and mark.detail.isdigit() and len(mark.detail) == 1:
        ground = _NUMBERS[int(mark.detail)] if language == "zh" else mark.detail
        text += ("，" if language == "zh" else ", ") + _GROUND[at].format(ground)
    elif mark.kind == "revoked" and mark.detail.split(",")[0] in _CAUSES:
        text += ("，" if language == "zh" else ", ") + _CAUSES[mark.detail.split(",")[0]][at]
    elif mark.kind == "today":
        text += ("：" if language == "zh" else ": ") + STATES[mark.detail][at]
    return text


def good_through_text(mark: Mark, language: str) -> str:
    """Return until when the act of a mark made the permit good, "" where it did not."""
    if not mark.good_through:
        return ""
    return (
        f"有效至 {iso(mark.good_through)}" if language == "zh" else f"good through {iso(mark.good_through)}"
    )


def title(list_division: int, serial: int, place: "dict[str, str]", language: str) -> str:
    """Return the heading: which permit, of which place."""
    if language == "zh":
        return f"居住证 {list_division}-{serial}（{place['zh']}）"
    return f"Residence permit {list_division}-{serial} ({place['en']})"
