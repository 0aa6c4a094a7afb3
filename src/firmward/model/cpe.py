"""CPE 2.3 names as formatted strings (NIST IR 7695, section 6.2): what is not a letter, a digit, `_`, `-` or `.` is
quoted with a backslash, and `*` stands for any."""

import re

PLAIN = re.compile(r"([^A-Za-z0-9_.\\-])")
ANY = "*"


def cpe(vendor: str, product: str, version: str = "", part: str = "a") -> str:
    """The name of a product, of any version without one. Vendor and product are taken as the dictionary writes them."""
    told = PLAIN.sub(r"\\\1", version.lower()) if version else ANY
    return f"cpe:2.3:{part}:{vendor}:{product}:{told}{':*' * 7}"
