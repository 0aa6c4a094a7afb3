"""A line that becomes another, found by its text near the place where it was read; one that became it is left.

What stands instead may be several lines, the line itself among them.
"""

from firmward.harden.draft import Refused
from firmward.harden.lines import Lines
from firmward.harden.site import Site
from firmward.model.remedy import ReplaceLine

KIND = ReplaceLine


def apply(change: ReplaceLine, site: Site) -> None:
    lines = Lines.of(site.draft, change.path)
    instead = change.instead.split("\n")
    try:
        index = lines.find(change.line, change.text)
    except Refused:
        if any(lines.all[start : start + len(instead)] == instead for start in range(len(lines.all))):
            return
        raise
    if change.text in instead:
        start = index - instead.index(change.text)
        if start >= 0 and lines.all[start : start + len(instead)] == instead:
            return
    lines.all[index] = change.instead
    lines.write()
