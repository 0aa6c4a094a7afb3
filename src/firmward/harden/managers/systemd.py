"""systemd: the links that bring a unit along go, and so do those of the sockets, timers and paths that only it answers.

What would still start, because a unit of the system's own wants it, the bus asks for it or presets enable it at the
first boot, is masked by a link to /dev/null in etc. A login on a terminal is masked in any case: a generator starts it
for each console that the kernel's command line names.
"""

import re

from firmward.facts.collection import Collection
from firmward.facts.process import Start
from firmward.facts.systemd import SystemdUnits
from firmward.facts.units import reach
from firmward.facts.units.load import NULL, Units
from firmward.harden.draft import Draft, Refused
from firmward.harden.site import Site

CONFIGURED = "etc/systemd/system"
ENABLED = ("etc/", "run/")
"""Where links are that `enable` makes; those of packages are no configuration."""
GENERATED = re.compile(r"(?:serial-getty|console-getty|container-getty|getty)(?:@[^/]*)?\.service")


def disable(site: Site, name: str) -> None:
    units = Units(site.draft)
    true_name = units.true_name(name if "." in name else f"{name}.service")
    if "/" in name or (units.get(true_name) is None and not units.is_masked(true_name)):
        raise Refused(f"there is no unit {name}")
    meant = (true_name, *_starters(units, true_name))
    for one in meant:
        _unlink(site.draft, units, one)
    if GENERATED.fullmatch(true_name):
        _mask(site.draft, true_name)
    for one in _started(site.draft, meant):
        _mask(site.draft, one)
    left = _started(site.draft, meant)
    if left:
        raise Refused(f"{left[0]} would be started all the same")


def _starters(units: Units, name: str) -> tuple[str, ...]:
    """Sockets, timers and paths that start this unit later."""
    kinds = tuple(f".{kind}" for kind in reach.TRIGGERS)
    known = (units.true_name(one) for one in units.names if one.endswith(kinds))
    return tuple(
        one
        for one in dict.fromkeys(known)
        if any(_is_of(units.true_name(started), name) for started in reach.triggered(units, one))
    )


def _is_of(started: str, name: str) -> bool:
    """A socket that accepts starts instances of a template."""
    prefix, at, rest = started.partition("@.")
    return started == name or bool(at and name.startswith(f"{prefix}@") and name.endswith(f".{rest}"))


def _unlink(draft: Draft, units: Units, name: str) -> None:
    names = {name, *units.aliases(name)}
    for folder in units.folders:
        if not folder.startswith(ENABLED):
            continue
        for own in draft.names(folder):
            path = f"{folder}/{own}"
            if own.endswith(tuple(f".{kind}" for kind in reach.FOLDERS)):
                for link in draft.names(path):
                    # an instance of the template goes with it
                    if link in names or (units.true_name(link) in names) or _is_of(name, link):
                        draft.remove(f"{path}/{link}")
            elif own in names - {name}:
                draft.remove(path)


def _mask(draft: Draft, name: str) -> None:
    draft.link(f"{CONFIGURED}/{name}", NULL)


def _started(draft: Draft, names: tuple[str, ...]) -> tuple[str, ...]:
    found = Collection(draft).get(SystemdUnits)
    if not isinstance(found, SystemdUnits):
        raise Refused("what systemd starts is not known")
    known = (found.units.get(one) for one in names)
    return tuple(unit.name for unit in known if unit is not None and unit.start is not Start.DISABLED)
