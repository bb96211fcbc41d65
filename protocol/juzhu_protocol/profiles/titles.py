"""Names for people, Chinese and English: of the services, of the national regulation, of a rule without articles."""

Pair = tuple[str, str]

SERVICE_TITLES: dict[str, Pair] = {
    "bus.senior": ("老年人免费乘坐公交", "free bus rides for seniors"),
    "senior-card": ("办理老年人免费乘车卡", "the senior's free-ride card"),
    "employment": ("劳动就业", "employment"),
    "social-insurance": ("参加社会保险", "social insurance"),
    "housing-fund": ("住房公积金", "the housing fund"),
    "education": ("教育服务", "education"),
    "job-service": ("基本公共就业服务", "public employment services"),
    "health": ("基本公共卫生服务和计划生育服务", "public health and family planning services"),
    "culture-sport": ("公共文化体育服务", "public culture and sport"),
    "legal-aid": ("法律援助和其他法律服务", "legal aid and other legal services"),
    "other-service": ("其他基本公共服务", "other basic public services"),
    "exit-entry": ("办理出入境证件", "exit and entry documents"),
    "identity-card": ("换领、补领居民身份证", "replacing the identity card"),
    "vehicle-registration": ("机动车登记", "registering a vehicle"),
    "driving-licence": ("申领机动车驾驶证", "the driving licence"),
    "professional-exam": ("职业资格考试和授予", "professional examinations and titles"),
    "family-planning": ("生育服务登记和计划生育证明", "birth registration and family planning papers"),
    "subsidy": ("不受户籍限制的跨区域补贴", "subsidies that ask for no local household"),
    "other-convenience": ("其他便利", "other conveniences"),
    "settle-housing": ("凭住所落户", "settling by housing"),
    "settle-housing-work": ("凭住所和职业或社会保险落户", "settling by housing and work or social insurance"),
    "settle-permit": ("凭居住证落户", "settling by the permit"),
}
"""Service -> its name for people."""

NATIONAL_REGULATION: Pair = ("居住证暂行条例", "national Residence Permit Regulation")
A_CITY_RULE: Pair = ("{place}的规定", "a rule of {place}")
