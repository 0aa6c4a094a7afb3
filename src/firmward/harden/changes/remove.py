"""A file, link or folder that goes; one that went already is no fault."""

from firmward.harden.site import Site
from firmward.model.remedy import Remove

KIND = Remove


def apply(change: Remove, site: Site) -> None:
    if site.draft.lstat_through(change.path) is not None:
        site.draft.remove(change.path)
