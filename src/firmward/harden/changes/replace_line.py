"""A line that becomes another, found by its text near the place where it was read; one that became it is left.

Both may be several lines; what stands instead may have the line itself among them.
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
        index = lines.find_block(change.line, change.text.split("\n"))
    except Refused:
        if any(lines.all[start : start + len(instead)] == instead for start in range(len(lines.all))):
            return
        raise
    if change.text in instead:
        start = index - instead.index(change.text)
        if start >= 0 and lines.all[start : start + len(instead)] == instead:
            return
    lines.all[index : index + len(change.text.split("\n"))] = instead
    lines.write()
