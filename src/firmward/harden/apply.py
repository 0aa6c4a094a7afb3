"""The changes of cures, into a draft: each cure whole or not at all.

A kind of change is one file in `changes/`: it has `KIND`, the record of model/remedy.py that it makes, and
`apply(change, site)`, which raises Refused with the reason where that cannot be made, and does nothing where it was
made already.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any

from firmward.harden import changes
from firmward.harden.draft import Refused
from firmward.harden.plan import Cure, Left
from firmward.harden.site import Site
from firmward.model.facts import Unavailable
from firmward.model.remedy import (
    Change,
    Remove,
    RemoveLine,
    RemoveRecord,
    ReplaceLine,
    SetKernelOption,
    SetUbootOption,
)

Apply = Callable[[Any, Site], None]


@dataclass(frozen=True, slots=True)
class Applied:
    """The cures that were applied, and those that could not be."""

    done: tuple[Cure, ...]
    refused: tuple[Left, ...]


@cache
def kinds() -> Mapping[type, Apply]:
    found = {}
    for file in iter_modules(changes.__path__):
        module = import_module(f"{changes.__name__}.{file.name}")
        found[module.KIND] = module.apply
    return MappingProxyType(found)


def apply(cures: Iterable[Cure], site: Site) -> Applied:
    """Lines first, from the end of each file, so that their numbers hold; what is removed last, so that nothing is
    looked for in vain."""
    done, refused = [], []
    for cure in ordered(cures):
        try:
            with site.attempt():
                for change in cure.remedy.changes:
                    _make(change, site)
                    _give_reason(change, cure, site)
        except Refused as reason:
            refused.append(Left(cure, f"cannot be done here: {reason}"))
        else:
            done.append(cure)
    return Applied(tuple(done), tuple(refused))


def _give_reason(change: Change, cure: Cure, site: Site) -> None:
    if isinstance(change, (SetKernelOption, SetUbootOption)):
        breaks = f"; may break: {cure.remedy.breaks}" if cure.remedy.breaks else ""
        site.beside.reasons.setdefault((type(change), change.option), f"{cure.name}{breaks}")


def ordered(cures: Iterable[Cure]) -> list[Cure]:
    """In the order in which they are applied."""
    return sorted(cures, key=_turn)


def _turn(cure: Cure) -> tuple[int, int]:
    lines = [one.line for one in cure.remedy.changes if isinstance(one, (RemoveLine, ReplaceLine))]
    if lines:
        return 0, -max(lines)
    return (2 if any(isinstance(one, (Remove, RemoveRecord)) for one in cure.remedy.changes) else 1), 0


def _make(change: Change, site: Site) -> None:
    found = kinds().get(type(change))
    if found is None:
        raise Refused(f"nothing here makes a change of the kind {type(change).__name__}")
    try:
        found(change, site)
    except Unavailable as reason:
        raise Refused(str(reason)) from reason
