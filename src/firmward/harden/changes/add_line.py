"""A line at the end of a file that does not have it."""

from firmward.harden.lines import Lines
from firmward.harden.site import Site
from firmward.model.remedy import AddLine

KIND = AddLine


def apply(change: AddLine, site: Site) -> None:
    lines = Lines.of(site.draft, change.path, absent="")
    if change.text not in lines.all:
        lines.all.append(change.text)
        lines.write()
