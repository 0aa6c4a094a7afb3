"""OpenWrt's procd: the links etc/rc.d/S* to the script go, as `/etc/init.d/NAME disable` would have it. A script that
lies there itself loses its right to be run."""

from firmward.facts.procd import FOLDER
from firmward.harden.draft import Draft, Refused
from firmward.harden.site import Site
from firmward.model.tree import Kind

LINKS = "etc/rc.d/S*"


def disable(site: Site, name: str) -> None:
    draft = site.draft
    links = [path for path in draft.glob(LINKS) if _leads_to(draft, path) == name]
    if not links and ("/" in name or draft.resolve(f"{FOLDER}/{name}") is None):
        raise Refused(f"there is no service {name} in {FOLDER}")
    for path in links:
        place = draft.lstat_through(path)
        if place is not None and place.kind is Kind.FILE:
            draft.set_mode(path, place.mode & ~0o111)
        else:
            draft.remove(path)


def _leads_to(draft: Draft, path: str) -> str | None:
    entry = draft.resolve(path)
    return None if entry is None else entry.name
