"""People who do not exist, for demos and trials: docs/synthetic-data.md says why nobody real can be among them."""

from .citizen_number import synthetic
from .permits import Holder

ADDRESS = "开封市样例区虚构路2号"
"""Where all of them live."""


def holder(birth_day: int, sequence: int) -> Holder:
    """Return a holder, sequence 1 to 999; odd ones are men, even ones women, as in the citizen number."""
    return Holder(
        name=f"测试{sequence}",
        sex="男" if sequence % 2 else "女",
        ethnicity="汉",
        citizen_number=synthetic(birth_day, sequence),
        household_address="虚构省虚构市样例路1号",
    )
