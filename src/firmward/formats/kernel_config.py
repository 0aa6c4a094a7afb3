"""A kernel's configuration: the complete `.config` that it was built with, or a defconfig or fragment of one.

The complete one is written by Kconfig's programs under a title (`# Linux/arm64 6.1.55 Kernel Configuration`, before
2.6.39 `# Linux kernel version: 2.6.36`) and names every option that could be set and everything that is set; so what it
does not name is off, or is none of that kernel's options. A defconfig leaves out what is so by default.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from firmward.formats import option_lines
from firmward.formats.malformed import Malformed

SIZE_LIMIT = 4 << 20
"""Bytes; that of Debian's arm64 kernel, which has most options, takes 290 KiB."""
WHOLE = 100
"""Options that a complete configuration has at least; `tinyconfig`, the smallest that is built, has over 400."""

_MADE = re.compile(r"^# Automatically generated (?:file|make config)[;:]", re.MULTILINE)
_TITLE = re.compile(
    r"^# Linux/(?P<architecture>\S{1,32}) (?P<version>\d+\.\d+\S{0,64}) Kernel Configuration|"
    r"^# Linux kernel version: (?P<old>\d+\.\d+\S{0,64})",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class KernelConfiguration:
    """`settings` are values by name without `CONFIG_`: `y`, `m`, `n` for what is said not to be set, numbers, and texts
    without their quotes. `version` and `architecture` are those of the title, empty where it does not say; the
    architecture as Linux's folders are called (x86, arm, arm64)."""

    settings: Mapping[str, str] = field(repr=False)
    is_complete: bool
    version: str = ""
    architecture: str = ""


def parse(text: str) -> KernelConfiguration:
    """Raises Malformed for what is too large, or names no option."""
    if len(text) > SIZE_LIMIT:
        raise Malformed(f"a configuration of {len(text)} characters")
    settings = option_lines.settings(text)
    if not settings:
        raise Malformed("no line names an option")
    title = _TITLE.search(text)
    is_made = title is not None and _MADE.search(text) is not None
    return KernelConfiguration(
        MappingProxyType(settings),
        is_made and len(settings) >= WHOLE and text.endswith("\n"),
        (title["version"] or title["old"]) if title else "",
        (title["architecture"] or "") if title else "",
    )
