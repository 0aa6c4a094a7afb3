"""Files of formats without a file of their own: TOML, YAML and what programs made up, `name = value` or `name: value`.

Only what stands there is changed, wherever it does, and only a value that is one word.
"""

import re

from firmward.harden.draft import Refused

PATHS = tuple(
    f"**/{name}"
    for name in ("*.toml", "*.yaml", "*.yml", "*.ini", "*.cfg", "*.cnf", "*.conf", "*.config", "*.properties", "*.env",
                 "*.gitconfig", ".gitconfig", "gitconfig", ".npmrc", "npmrc", ".wgetrc", "wgetrc", "*.boa", "boa.conf")
)  # fmt: skip
WORD = re.compile(r"[\w./:+-]*")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    if not WORD.fullmatch(value):
        raise Refused(f"how {value} is written here is not known")
    pattern = re.compile(
        rf"""^(?P<head>(?![ \t]*(?:\#|;|//))(?:.*?[\s{{,\[-])?["']?{re.escape(option)}["']?"""
        r"""[ \t]{0,9}(?:[:=]|[ \t])[ \t]{0,9}["']?)[\w./+-]+""",
        re.IGNORECASE | re.MULTILINE,
    )
    changed, times = pattern.subn(lambda found: f"{found['head']}{value}", text)
    if not times:
        raise Refused(f"nothing here says {option}")
    return changed
