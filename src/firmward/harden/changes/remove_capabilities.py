"""The capabilities that a file carries, taken away."""

from firmward.harden.site import Site
from firmward.model.remedy import RemoveCapabilities

KIND = RemoveCapabilities
ATTRIBUTE = "security.capability"


def apply(change: RemoveCapabilities, site: Site) -> None:
    site.draft.remove_attribute(change.path, ATTRIBUTE)
