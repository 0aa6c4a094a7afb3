"""A service that starts no more, in the way of its manager (see `managers/`)."""

from firmward.harden import managers
from firmward.harden.draft import Refused
from firmward.harden.site import Site
from firmward.model.remedy import DisableService

KIND = DisableService


def apply(change: DisableService, site: Site) -> None:
    disable = managers.by_name(change.manager)
    if disable is None:
        raise Refused(f"how {change.manager} starts {change.name} no more is not known here")
    disable(site, change.name)
