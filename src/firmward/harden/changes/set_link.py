"""A symbolic link."""

from firmward.harden.site import Site
from firmward.model.remedy import SetLink

KIND = SetLink


def apply(change: SetLink, site: Site) -> None:
    site.draft.link(change.path, change.target)
