"""A field of a record in a table such as passwd(5): fields between colons, the record known by its first."""

from firmward.harden.draft import Refused
from firmward.harden.lines import Lines
from firmward.harden.site import Site
from firmward.model.remedy import SetField

KIND = SetField


def apply(change: SetField, site: Site) -> None:
    lines = Lines.of(site.draft, change.path)
    number = lines.record(change.record)
    fields = lines.all[number].split(":")
    if change.field >= len(fields) or ":" in change.value or "\n" in change.value:
        raise Refused(f"{change.path}: {change.record} has no field {change.field + 1} that could hold this")
    fields[change.field] = change.value
    lines.all[number] = ":".join(fields)
    lines.write()
