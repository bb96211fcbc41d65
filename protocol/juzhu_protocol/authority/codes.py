"""Code tables of the public ID records: sex (GB/T 2261.1), ethnic groups (GB/T 3304), divisions (GB/T 2260)."""

from functools import cache

from ..profiles.source import find_profile, profile_names
from .errors import ApplicationError

SEX_CODES = {"0": "未知的性别", "1": "男性", "2": "女性", "9": "未说明的性别"}
"""GB/T 2261.1: one digit."""

SEX_SHOWN = {"男": "1", "女": "2"}
"""What a permit shows (14), and its code."""

_GROUPS = (
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 "
    "佤 畲 高山 拉祜 水 东乡 纳西 景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 "
    "锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 "
    "鄂伦春 赫哲 门巴 珞巴 基诺"
)
ETHNIC_CODES = {f"{number:02}": name for number, name in enumerate(_GROUPS.split(), 1)} | {
    "97": "其他",
    "98": "外国血统",
}
"""GB/T 3304: 01 to 56, and the two that public records use beside them: none of the 56, and foreign descent."""

_ETHNIC_CODE_OF = {name: code for code, name in ETHNIC_CODES.items()}


def sex_code(shown: str) -> str:
    """Return the code (GB/T 2261.1) of 男 or 女; ApplicationError for anything else."""
    if shown not in SEX_SHOWN:
        raise ApplicationError("sex is 男 or 女, as on the identity card (14)")
    return SEX_SHOWN[shown]


def ethnic_code(name: str) -> str:
    """Return the code (GB/T 3304) of an ethnic group's official name, 族 left out; ApplicationError when unknown."""
    if name not in _ETHNIC_CODE_OF:
        raise ApplicationError(
            "the ethnic group is an official name without 族, such as 汉, 回 or 其他 (GB/T 3304; 14)"
        )
    return _ETHNIC_CODE_OF[name]


def division_name(division: int, profile: str = "kaifeng") -> str:
    """Return the name (GB/T 2260) of a division of a profile's place, "" when it is not one of them."""
    return find_profile(profile).division_names.get(division, "")


@cache
def organ_name(division: int) -> str:
    """Return what a card calls its issuing organ: the division's name, its number where no profile names it.

    It says which organ it is and is no organ's own name, which no profile holds.
    """
    names = (division_name(division, profile) for profile in profile_names())
    return next((name for name in names if name), f"行政区划{division}") + "公安机关"
