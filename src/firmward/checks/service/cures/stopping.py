"""A program that is started no more.

Safe where the policy declares what starts or listens and this is not among it; where nothing is declared, something may
rely on it.
"""

from collections.abc import Collection, Iterable

from firmward.facts.closings import Closing
from firmward.facts.declared_services import is_undeclared
from firmward.model.policy import Policy
from firmward.model.remedy import Change, Remedy, Safety, Stage


def stopped(
    summary: str,
    closings: Iterable[Closing],
    policy: Policy | None,
    names: Collection[str],
    sockets: Iterable[tuple[str, int]] = (),
    breaks: str = "",
) -> Remedy:
    """The remedy that starts it no more, manual where nobody knows what starts it; `names` are those by which the
    policy may mean it, `sockets` its protocols and ports."""
    found = tuple(closings)
    if not found:
        return Remedy(summary, Safety.MANUAL, Stage.SOURCE)
    changes: tuple[Change, ...] = tuple(dict.fromkeys(one.change for one in found))
    takes = tuple(dict.fromkeys(name for one in found for name in one.takes))
    meant = {*names, *(one.program for one in found), *(one.service.removesuffix(".service") for one in found)}
    if not takes and is_undeclared(policy, meant, sockets):
        return Remedy(summary, Safety.SAFE, Stage.IMAGE, changes)
    also = f"{breaks or f'who uses {min(meant)} finds it gone'}{_with(takes)}"
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, changes, also)


def _with(takes: tuple[str, ...]) -> str:
    return f"; so do {', '.join(takes[:5])}, which the same script starts" if takes else ""
