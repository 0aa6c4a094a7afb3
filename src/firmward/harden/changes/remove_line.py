"""A line that goes, found by its text near the place where it was read; one that another cure took out is gone."""

from firmward.harden.lines import Lines
from firmward.harden.site import Site
from firmward.model.remedy import RemoveLine

KIND = RemoveLine


def apply(change: RemoveLine, site: Site) -> None:
    lines = Lines.of(site.draft, change.path)
    if lines.lost(change.text):
        return
    del lines.all[lines.find(change.line, change.text)]
    lines.write()
