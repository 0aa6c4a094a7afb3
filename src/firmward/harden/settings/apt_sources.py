"""sources.list(5), one line a source: options stand in brackets, `deb [trusted=yes] URL ...`.

An option is set in every line that has it.
"""

import re

from firmward.harden.draft import Refused

PATHS = ("etc/apt/sources.list", "etc/apt/sources.list.d/*.list")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    pattern = re.compile(rf"(?m)^([ \t]*deb(?:-src)?[ \t]+\[[^]\n]*?\b{re.escape(option)}=)[^]\s]*")
    changed, times = pattern.subn(lambda found: f"{found[1]}{value}", text)
    if not times:
        raise Refused(f"no source here says {option}")
    return changed
