"""Who reads a script: a shell alone, or a frame that calls the functions which the script defines."""

import re
from enum import StrEnum

from firmward.facts.scripts.launchers import SHELLS


class Style(StrEnum):
    SHELL = "shell"
    RC_COMMON = "rc.common"
    """OpenWrt: etc/rc.common sources the script and calls boot, start or start_service."""
    OPENRC = "openrc-run"
    INIT_D_SCRIPT = "init-d-script"
    """Debian's frame: DAEMON and DAEMON_ARGS say it all."""
    OTHER = "other"
    """A script for another interpreter."""


_SHEBANG = re.compile(r"#![ \t]*(\S+)[ \t]*([^\n]*)")
_FRAMES = {
    "rc.common": Style.RC_COMMON,
    "openrc-run": Style.OPENRC,
    "runscript": Style.OPENRC,
    "init-d-script": Style.INIT_D_SCRIPT,
}


def style_of(text: str) -> Style | None:
    """The style that the first line asks for; None when it is no script line."""
    match = _SHEBANG.match(text)
    if match is None:
        return None
    words = [word.rpartition("/")[2] for word in (match.group(1), *match.group(2).split())]
    for word in words:
        if word in _FRAMES:
            return _FRAMES[word]
    program = next((word for word in words if word not in ("env", "busybox") and not word.startswith("-")), "")
    return Style.SHELL if program in SHELLS else Style.OTHER
