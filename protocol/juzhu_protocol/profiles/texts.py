"""The words of the explanations, Chinese and English; catalogue.py chooses and fills in the days.

Each pair is (Chinese, English). What stands in braces is filled in: place, service, good_through, last_late,
since, years, full_years, full_day, list_age, before, first, last. No text tells a birthday, and none accuses:
where a fault is ours, the text says that nothing is known against the card.
"""

from typing import NamedTuple

from ..rules import reasons as r
from .titles import Pair

NOWHERE, STATION, HOUSEHOLD, STAFF = 0, 1, 2, 3
"""Where to go: nowhere, the profile's office, the household registration, whoever serves here."""

OFFICES: dict[int, Pair] = {
    NOWHERE: ("", ""),
    HOUSEHOLD: (
        "居住地公安派出所户籍窗口",
        "the household registration window of the police station of the place of residence",
    ),
    STAFF: ("当班工作人员", "the staff on duty"),
}


class Entry(NamedTuple):
    """What there is to say about one reason: the fact, what the holder can do, and where."""

    fact: Pair
    remedy: Pair
    office: int


ASK: Pair = ("可以到登记机构询问原因和办法。", "Please ask the office for the cause and what can be done.")


ENTRIES: dict[int, Entry] = {
    r.IN_FORCE: Entry(
        ("居住证有效，有效期至{good_through}。", "The permit is in force, good through {good_through}."),
        ("居住证方面无需办理手续。", "Nothing needs to be done about the permit."),
        NOWHERE,
    ),
    r.ENDORSE_SOON: Entry(
        (
            "居住证有效，有效期至{good_through}，现在可以办理年度签注。",
            "The permit is in force, good through {good_through}, and its yearly endorsement can be made now.",
        ),
        (
            "请在有效期内带居民身份证、居住证以及居住地住址或就业、就读的证明材料办理签注，不收费。",
            "Please have it endorsed in that time with identity card, permit and proof of residence, free of charge.",
        ),
        STATION,
    ),
    r.REVOKED: Entry(
        (
            "这张证件已经停用，可能是换领、报失或注销。",
            "This card is no longer in use: it was replaced, reported lost or cancelled.",
        ),
        (
            "已有新证的，请使用新证；没有新证的，可以申请补领或询问办法。",
            "Please use the new card, or apply for one.",
        ),
        STATION,
    ),
    r.REVOKED_REPLACED: Entry(
        ("这张证件已经换发新证，旧证停用。", "A new card was issued in place of this one."),
        (
            "请使用新证，并把旧证交回登记机构；没有收到新证的，可以前往查询。",
            "Please use the new card and hand the old one back; the office knows where the new one is.",
        ),
        STATION,
    ),
    r.REVOKED_LOST: Entry(
        ("这张证件已经报失停用。", "This card was reported lost and taken out of use."),
        (
            "已经补领的，请使用新证；尚未补领的，可以申请补领，需缴纳证件工本费。",
            "Please use the new card, or apply for one, at the cost of the card.",
        ),
        STATION,
    ),
    r.REVOKED_CANCELLED: Entry(
        ("这份居住证已经注销。", "This permit was cancelled."),
        ("仍在本地居住的，可以询问能否重新申领。", "Whoever still lives here may ask about a new permit."),
        STATION,
    ),
    r.SUSPENDED: Entry(("居住证的使用功能已中止。", "The use of the permit is suspended."), ASK, STATION),
    r.SUSPENDED_FALSE_PAPERS: Entry(
        (
            "登记机关认定申办时的材料不实，居住证的使用功能已中止。",
            "The authority found that papers of the application were untrue, and suspended the permit's use.",
        ),
        (
            "认为有误的，可以要求核实；符合条件的，可以凭真实材料重新申领。",
            "If this is a mistake, please ask for a review; with true papers a new application is possible.",
        ),
        STATION,
    ),
    r.SUSPENDED_NO_LONGER_ELIGIBLE: Entry(
        (
            "登记的情况有变化，已不符合居住证的办理条件，使用功能已中止。",
            "Circumstances changed and no longer meet the conditions, so the permit's use is suspended.",
        ),
        (
            "情况有误的，可以要求核实；重新符合条件的，可以带证明材料前往办理。",
            "If this is a mistake, please ask for a review; whoever is eligible again may come with the proof.",
        ),
        STATION,
    ),
    r.SUSPENDED_SETTLED: Entry(
        (
            "持证人已在本地登记常住户口，居住证的使用功能已中止。",
            "The holder is registered as a permanent resident here, so the permit's use is suspended.",
        ),
        (
            "请凭居民身份证、户口簿按本地居民办理。",
            "Please use the identity card or the household register, as a resident.",
        ),
        HOUSEHOLD,
    ),
    r.SUSPENDED_MOVED: Entry(
        (
            "登记的居住地已迁到其他市区或县，居住证的使用功能已中止。",
            "The holder moved to another county or city area, so the permit's use is suspended.",
        ),
        (
            "请在现居住地申报暂住登记，登记满半年后办理签注。",
            "Please register at the new place of residence; after half a year the permit can be endorsed there.",
        ),
        STATION,
    ),
    r.SUSPENDED_OTHER: Entry(
        ("因其他情形，居住证的使用功能已中止。", "The permit's use is suspended on another ground."),
        ASK,
        STATION,
    ),
    r.OVERDUE: Entry(
        (
            "居住证有效期至{good_through}，之后没有办理年度签注，使用功能中止。",
            "The permit was good through {good_through}, with no yearly endorsement since, so its use is suspended.",
        ),
        (
            "请在{last_late}以前（含当日）补办签注，不收费。补办后使用功能恢复，居住年限从补办之日起连续计算。",
            (
                "Please have it endorsed by {last_late}, free of charge."
                " That restores its use, and years of residence count from that day."
            ),
        ),
        STATION,
    ),
    r.LAPSED: Entry(
        (
            "居住证有效期至{good_through}，可以补办签注的期限到{last_late}为止，现已超过。",
            "The permit was good through {good_through}; a late endorsement was possible until {last_late}.",
        ),
        (
            "请重新申报暂住登记；登记满半年并符合条件的，可以申领新的居住证。",
            "Please register anew; after half a year, a new permit can be applied for.",
        ),
        STATION,
    ),
    r.TRANSITIONAL_ENDED: Entry(
        (
            "这张暂住证有效期至{good_through}，现已期满。",
            "This temporary permit was valid through {good_through} and has ended.",
        ),
        (
            "继续在本地居住的，可以申领居住证，居住期限连续计算。",
            "Whoever lives on here may apply for a residence permit; the time of residence goes on counting.",
        ),
        STATION,
    ),
    r.OTHER_DIVISION: Entry(
        (
            "这张居住证由其他地方签发，本项服务面向持{place}居住证的人员。",
            "This permit was issued elsewhere; this service is for holders of a permit of {place}.",
        ),
        (
            "请在签发地使用这张证；已在{place}居住的，可以前往询问登记和申领。",
            "Please use it where it was issued. Whoever lives in {place} may ask for a permit there.",
        ),
        STATION,
    ),
    r.UNDER_AGE: Entry(
        (
            "{service}面向年满{years}周岁的持证人，持证人尚未到这个年龄。",
            "This service ({service}) is for holders of {years} years and over, which the holder is not yet.",
        ),
        ("从年满{years}周岁当日起可以享受。", "It is open from that birthday on."),
        NOWHERE,
    ),
    r.UPDATE_READER: Entry(
        (
            "这张居住证的格式比本机支持的新，本机无法判定；这不表示证件有问题。",
            "This card is of a newer kind than this device knows. That says nothing against the card.",
        ),
        ("请工作人员更新设备，或换一台设备核验。", "Staff: please update this device, or use another one."),
        STAFF,
    ),
    r.UNKNOWN_KEY: Entry(
        (
            "本机没有核验这张证件签名所需的密钥，无法判定；这不表示证件有问题。",
            "This device does not have the key that signed this card. That says nothing against the card.",
        ),
        (
            "请工作人员更新设备后重试，或人工核验。",
            "Staff: please update this device and try again, or check by hand.",
        ),
        STAFF,
    ),
    r.KEY_REVOKED: Entry(
        (
            "签这张证件所用的密钥已经停用，本机不能据此确认；这不表示持证人有问题。",
            "The key that signed this card was withdrawn. That says nothing against the holder.",
        ),
        (
            "请持证前往核对，由签发机关重新写入。",
            "Please have the card checked and written again by the authority.",
        ),
        STATION,
    ),
    r.UNREADABLE: Entry(
        ("没有读出证件的内容。", "The card could not be read."),
        (
            "请再试一次；仍读不出的，可以换一台设备，证件损坏的可以换领。",
            "Please try once more or on another device; a damaged card can be replaced.",
        ),
        STATION,
    ),
    r.NOT_GENUINE: Entry(
        (
            "没有能够确认这张证件的真伪，原因可能在证件，也可能在设备。",
            "The card could not be proven genuine; the cause may lie in the card or in the device.",
        ),
        (
            "请工作人员人工核验；持证人可以前往核对证件。",
            "Staff: please check by hand. The holder can have the card checked at the office.",
        ),
        STATION,
    ),
    r.NOT_A_PERMIT: Entry(
        ("这张卡不是居住证。", "This card is not a residence permit."),
        ("请换用居住证。", "Please present the residence permit."),
        NOWHERE,
    ),
    r.READER_FAULT: Entry(
        ("设备出了故障，与证件无关。", "This device has a fault. That says nothing against the card."),
        ("请换一台设备，或人工核验。", "Staff: please use another device, or check by hand."),
        STAFF,
    ),
    r.CONTRADICTORY_RECORD: Entry(
        (
            "证件上写的日期互相矛盾，本机无法判定，可能是写入有误。",
            "Dates on this card contradict each other; it may have been written wrongly.",
        ),
        (
            "请前往核对，由签发机关更正。",
            "Please have the card checked and corrected by the authority.",
        ),
        STATION,
    ),
    r.CLOCK_UNSURE: Entry(
        (
            "结论与日期有关，而本机不能确定今天的日期；这不表示证件有问题。",
            "This device is unsure of today's date, and the answer depends on it. That says nothing against the card.",
        ),
        (
            "请工作人员校准日期后重试，或人工核验。",
            "Staff: please set the date and try again, or check by hand.",
        ),
        STAFF,
    ),
    r.NO_LIST: Entry(
        (
            "本机还没有收到居住证状态名单，无法判定；这不表示证件有问题。",
            "This device holds no list of permits yet. That says nothing against the card.",
        ),
        (
            "请工作人员联网更新名单后重试，或人工核验。",
            "Staff: please update the list and try again, or check by hand.",
        ),
        STAFF,
    ),
    r.LIST_TOO_OLD: Entry(
        (
            "本机的名单已有{list_age}没有更新，超过本项服务的时限，无法判定；这不表示证件有问题。",
            "The list on this device is {list_age} old, too old for this service. That says nothing against the card.",
        ),
        (
            "请工作人员联网更新名单后重试，或人工核验。",
            "Staff: please update the list and try again, or check by hand.",
        ),
        STAFF,
    ),
    r.OTHER_RULES: Entry(
        (
            "这类证件适用其他规定，本机不作判定。",
            "Other rules apply to this kind of permit; this device does not judge by them.",
        ),
        ("请工作人员按有关规定人工办理。", "Staff: please decide by those rules."),
        STAFF,
    ),
    r.RULE_UNKNOWN: Entry(
        (
            "本机没有收录{place}对{service}的规定，无法判定；这不表示证件有问题。",
            "This device lacks {place}'s rule for this service ({service}). That says nothing against the card.",
        ),
        ("请工作人员按当地规定人工办理。", "Staff: please decide by the local rule."),
        STAFF,
    ),
    r.RESIDENCE_NOT_SHOWN: Entry(
        (
            "居住证只能显示从{since}起的居住，还不满{full_years}；实际居住可能更早开始。",
            "The permit shows residence since {since} only, less than {full_years}; it may have begun earlier.",
        ),
        (
            "可以提供其他能证明实际居住满{full_years}的材料；只凭居住证的，到{full_day}满{full_years}。",
            "Other proof of {full_years} of residence will do; the permit alone shows that on {full_day}.",
        ),
        HOUSEHOLD,
    ),
    r.PAPERS_DECIDE: Entry(
        (
            "居住证显示不出{service}所要的条件，本机不作判定。",
            "The permit does not show what this service ({service}) asks for, so this device does not judge.",
        ),
        (
            "请带相应的证明材料办理，由工作人员审核。",
            "Please bring the papers; staff decide by them.",
        ),
        HOUSEHOLD,
    ),
    r.SERVICE_OUTDATED: Entry(
        (
            "卡内最近一次签注没有写完整，本机读到的不是最新内容，无法判定；这不表示持证人有问题。",
            "The latest endorsement is not fully written to this card. That says nothing against the holder.",
        ),
        (
            "请持证前往，由签注机关把这次签注补写完整，不收费。",
            "Please have the endorsement finished on the card where it was made, free of charge.",
        ),
        STATION,
    ),
}
"""Reason code -> what there is to say."""

CONDITION_MET: dict[str, Pair] = {
    "age": ("年龄符合本项服务的要求。", "The holder is of the age that this service asks for."),
    "residence": (
        "居住证显示从{since}起连续居住，已满{full_years}。",
        "It shows residence since {since}, {full_years} or more.",
    ),
}
"""Added to the fact of an ALLOW whose service has a condition."""

OVERDUE_WITHOUT_END: Pair = (
    "请补办签注，不收费。补办后使用功能恢复，居住年限从补办之日起连续计算。",
    "Please have it endorsed, free of charge. That restores its use, and years of residence count from that day.",
)
TRANSITIONAL_UNKNOWN: Pair = (
    "继续在本地居住的，可以询问申领居住证。",
    "Whoever lives on here may ask about a residence permit.",
)
TRANSITIONAL_TOO_NEW: Pair = (
    "只有{before}以前领取的暂住证继续有效，这张证的日期不在其内，本机不作判定。",
    "Temporary permits stay valid when issued before {before}, which this one was not; this device does not judge it.",
)
HK_MACAO_TAIWAN: Pair = (
    "这张证件适用国家对港澳台居民居住登记的规定，本机不作判定。",
    "The state's rules for residents from Hong Kong, Macao and Taiwan apply; this device does not judge by them.",
)
LIST_AGE_UNKNOWN: Pair = (
    "本机的名单有多旧不能确定，无法判定；这不表示证件有问题。",
    "It is not known how old the list on this device is. That says nothing against the card.",
)

FLAG_NOTES: dict[int, Pair] = {
    r.FLAG_LIST_AGEING: (
        "本机的名单已有{list_age}没有更新，请尽快联网更新。",
        "The list on this device is {list_age} old; please update it soon.",
    ),
    r.FLAG_CLOCK_SPANS_DAYS: (
        "本机只能确定今天在{first}至{last}之间。",
        "This device only knows that today lies between {first} and {last}.",
    ),
    r.FLAG_NEWER_THAN_LIST: (
        "这张证件比本机的名单新，按证件签名判定。",
        "This card is newer than the list and was judged by its signature.",
    ),
    r.FLAG_AGENT: (
        "持证人未满16周岁，由监护人、近亲属代办的，请查验双方的有效身份证件。",
        "The holder is under 16: please ask for the identity papers of holder and agent.",
    ),
}
CLOCK_WITHOUT_END: Pair = (
    "本机只能确定今天不早于{first}。",
    "This device only knows that today is {first} or later.",
)

ROUTE_NOTES: dict[str, Pair] = {
    "settle-housing": (
        "这条落户途径看合法稳定住所（含租赁）的材料，不以居住证为条件。",
        "This route to settlement rests on papers of stable housing, rented or owned, and not on the permit.",
    ),
    "settle-housing-work": (
        "这条落户途径看合法稳定住所、合法稳定职业或城镇社会保险的材料，不以居住证为条件。",
        "This route to settlement rests on papers of stable housing, work or social insurance, and not on the permit.",
    ),
}
ROUTE_STAYS_OPEN: Pair = (
    "居住证的状态不影响凭这些材料申请落户。",
    "The state of the permit does not stand in the way of an application with those papers.",
)
OTHER_ROUTES_OPEN: Pair = (
    "凭住所、职业或社会保险材料落户的途径不以居住证为条件，仍可申请。",
    "The routes to settlement by housing, work or social insurance do not rest on the permit and stay open.",
)
