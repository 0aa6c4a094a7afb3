"""Permission bits and owner of a file or folder."""

from firmward.harden.site import Site
from firmward.model.remedy import SetMode

KIND = SetMode


def apply(change: SetMode, site: Site) -> None:
    site.draft.set_mode(change.path, change.mode, change.uid, change.gid)
