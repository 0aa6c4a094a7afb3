"""OpenRC: the service's links in all runlevels go. One that another needs starts with that one, links or not."""

from firmward.facts.collection import Collection
from firmward.facts.openrc import FOLDER, OpenrcServices
from firmward.harden.draft import Refused
from firmward.harden.site import Site

RUNLEVELS = "etc/runlevels"


def disable(site: Site, name: str) -> None:
    draft = site.draft
    if "/" in name or draft.lstat_through(f"{FOLDER}/{name}") is None:
        raise Refused(f"there is no service {name} in {FOLDER}")
    for level in draft.names(RUNLEVELS):
        if name in draft.names(f"{RUNLEVELS}/{level}"):
            draft.remove(f"{RUNLEVELS}/{level}/{name}")
    found = Collection(draft).get(OpenrcServices)
    if isinstance(found, OpenrcServices) and name in found.started:
        raise Refused(f"another service needs {name}")
