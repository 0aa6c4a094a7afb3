"""A line that becomes another, found by its text near the place where it was read."""

from firmward.harden.lines import Lines
from firmward.harden.site import Site
from firmward.model.remedy import ReplaceLine

KIND = ReplaceLine


def apply(change: ReplaceLine, site: Site) -> None:
    lines = Lines.of(site.draft, change.path)
    if lines.lost(change.text) and lines.has(change.instead):
        return
    lines.all[lines.find(change.line, change.text)] = change.instead
    lines.write()
