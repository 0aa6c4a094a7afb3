"""A file with its whole content."""

from firmward.harden.site import Site
from firmward.model.remedy import WriteFile

KIND = WriteFile


def apply(change: WriteFile, site: Site) -> None:
    site.draft.write(change.path, change.content, change.mode, change.uid, change.gid)
