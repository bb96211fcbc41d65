"""The staff's short lines: one a reason and one a flag, Chinese and English, for a reader's small screen.

At most 12 Chinese characters or 32 of ASCII each. The holder's public lines stand in reasons.py, the full
explanations in profiles/catalogue.py.
"""

from .reasons import (
    CLOCK_UNSURE,
    CONTRADICTORY_RECORD,
    ENDORSE_SOON,
    FLAG_AGENT,
    FLAG_CLOCK_SPANS_DAYS,
    FLAG_LIST_AGEING,
    FLAG_NEWER_THAN_LIST,
    IN_FORCE,
    KEY_REVOKED,
    LAPSED,
    LIST_TOO_OLD,
    NO_LIST,
    NOT_A_PERMIT,
    NOT_GENUINE,
    OTHER_DIVISION,
    OTHER_RULES,
    OVERDUE,
    PAPERS_DECIDE,
    READER_FAULT,
    RESIDENCE_NOT_SHOWN,
    REVOKED,
    REVOKED_CANCELLED,
    REVOKED_LOST,
    REVOKED_REPLACED,
    RULE_UNKNOWN,
    SERVICE_OUTDATED,
    SUSPENDED,
    SUSPENDED_FALSE_PAPERS,
    SUSPENDED_MOVED,
    SUSPENDED_NO_LONGER_ELIGIBLE,
    SUSPENDED_OTHER,
    SUSPENDED_SETTLED,
    TRANSITIONAL_ENDED,
    UNDER_AGE,
    UNKNOWN_KEY,
    UNREADABLE,
    UPDATE_READER,
)

MAX_CHINESE = 12
MAX_ENGLISH = 32

SHORT_LINES = {
    IN_FORCE: ("有效", "In force"),
    ENDORSE_SOON: ("有效，可以签注了", "In force; endorse soon"),
    REVOKED: ("此证已停用", "Card no longer in use"),
    REVOKED_REPLACED: ("旧证，已换新证", "Old card, has been replaced"),
    REVOKED_LOST: ("此证已报失", "Card was reported lost"),
    REVOKED_CANCELLED: ("此证已注销", "Permit was cancelled"),
    SUSPENDED: ("使用功能中止", "Use is suspended"),
    SUSPENDED_FALSE_PAPERS: ("中止：申办材料不实", "Suspended: untrue papers"),
    SUSPENDED_NO_LONGER_ELIGIBLE: ("中止：不再符合条件", "Suspended: not eligible now"),
    SUSPENDED_SETTLED: ("中止：已转本地户口", "Suspended: settled here"),
    SUSPENDED_MOVED: ("中止：已跨区县搬迁", "Suspended: moved away"),
    SUSPENDED_OTHER: ("中止：其他情形", "Suspended: another ground"),
    OVERDUE: ("逾期未签注，可补办", "Overdue; can be endorsed late"),
    LAPSED: ("逾期过久，须重新登记", "Lapsed; register anew"),
    TRANSITIONAL_ENDED: ("暂住证已期满", "Temporary permit has ended"),
    OTHER_DIVISION: ("外地签发的居住证", "Permit of another place"),
    UNDER_AGE: ("未到本项服务年龄", "Below this service's age"),
    UPDATE_READER: ("读卡器需要更新", "Update this reader"),
    UNKNOWN_KEY: ("本机没有此签名密钥", "Signing key not known here"),
    KEY_REVOKED: ("签名密钥已停用", "Signing key was withdrawn"),
    UNREADABLE: ("读不出此卡", "Card could not be read"),
    NOT_GENUINE: ("真伪未能确认", "Could not be proven genuine"),
    NOT_A_PERMIT: ("不是居住证", "Not a residence permit"),
    READER_FAULT: ("读卡器故障", "Fault of this reader"),
    CONTRADICTORY_RECORD: ("证上日期互相矛盾", "Dates on card contradict"),
    CLOCK_UNSURE: ("本机日期不能确定", "Reader's date is unsure"),
    NO_LIST: ("本机尚无名单", "No list on this reader yet"),
    LIST_TOO_OLD: ("名单过旧，请更新", "List too old; update it"),
    OTHER_RULES: ("适用其他规定", "Other rules apply"),
    RULE_UNKNOWN: ("当地规定未收录", "Rule not in this profile"),
    RESIDENCE_NOT_SHOWN: ("居住年限未显示足", "Permit shows too few years"),
    PAPERS_DECIDE: ("以其他材料为准", "Other papers decide"),
    SERVICE_OUTDATED: ("签注没有写完，须补写", "Endorsement not fully written"),
}
"""Reason code -> (Chinese, English)."""

FLAG_LINES = {
    FLAG_LIST_AGEING: ("名单该更新了", "List is ageing"),
    FLAG_CLOCK_SPANS_DAYS: ("本机日期有出入", "Date is not exact"),
    FLAG_NEWER_THAN_LIST: ("此证比名单新", "Card newer than the list"),
    FLAG_AGENT: ("代办的请查验身份证件", "Ask for the agent's papers"),
}
"""Bit of a flag -> (Chinese, English)."""
