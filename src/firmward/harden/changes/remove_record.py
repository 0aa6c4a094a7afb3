"""A record of a table such as passwd(5) that goes, known by its first field."""

from firmward.harden.lines import Lines
from firmward.harden.site import Site
from firmward.model.remedy import RemoveRecord

KIND = RemoveRecord


def apply(change: RemoveRecord, site: Site) -> None:
    lines = Lines.of(site.draft, change.path)
    if lines.lost_record(change.record):
        return
    del lines.all[lines.record(change.record)]
    lines.write()
