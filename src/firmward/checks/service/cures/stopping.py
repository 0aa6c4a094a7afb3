"""A program that is started no more.

Safe where the policy declares what starts or listens and this is not among it; where nothing is declared, something may
rely on it.
"""

from collections.abc import Collection, Iterable

from firmward.facts.closings import Closing
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
    meant = {*names, *(one.program for one in found), *(_plain(one.service) for one in found)}
    if not takes and is_undeclared(policy, meant, sockets):
        return Remedy(summary, Safety.SAFE, Stage.IMAGE, changes)
    also = f"{breaks or f'who uses {min(meant)} finds it gone'}{_with(takes)}"
    return Remedy(summary, Safety.UNSAFE, Stage.IMAGE, changes, also)


def is_undeclared(policy: Policy | None, names: Collection[str], sockets: Iterable[tuple[str, int]] = ()) -> bool:
    """Whether the policy declares services or listeners, and none of these."""
    if policy is None or not (policy.service or policy.listen):
        return False
    declared = {_plain(one.name) for one in policy.service} | {
        _plain(one.service) for one in policy.listen if one.service
    }
    meant = {_plain(name) for name in names}
    mechanism = policy.update.mechanism if policy.update is not None else None
    if mechanism is not None and any(name.startswith(mechanism) for name in meant):
        return False
    is_named = bool(declared & (meant | {name.partition("@")[0] for name in meant}))
    return not is_named and not any(policy.allows_listening(*socket) for socket in sockets)


def _plain(name: str) -> str:
    return name.removesuffix(".service")


def _with(takes: tuple[str, ...]) -> str:
    return f"; so do {', '.join(takes[:5])}, which the same script starts" if takes else ""
