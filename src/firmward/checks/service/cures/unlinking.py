"""Links that lead from the fixed part to a place for data, taken away.

A link that stands for a folder of hooks leads to an empty one from then on, since who looks through it may fail where
there is none.
"""

from collections.abc import Iterable

from firmward.facts.writable import Standing
from firmward.model.remedy import Change, Remedy, Remove, Safety, SetLink, Stage, WriteFile

FOLDERS = (".d", "-hooks", "hooks", "scripts")
EMPTY = "usr/share/firmward/empty"
KEEP = ".keep"
"""A file that no hook runner takes for a hook."""


def unlinked(standings: Iterable[Standing], manual: Remedy) -> Remedy:
    """The remedy for hooks that all are led out by a link; `manual` for others."""
    links = tuple(dict.fromkeys(one.link for one in standings))
    if not links or any(link is None or not link.startswith("etc/") for link in links):
        return manual
    changes: list[Change] = []
    for link in filter(None, links):
        if link.endswith(FOLDERS):
            changes += (WriteFile(f"{EMPTY}/{KEEP}", ""), SetLink(link, f"/{EMPTY}"))
        else:
            changes.append(Remove(link))
    named = ", ".join(f"/{link}" for link in filter(None, links))
    return Remedy(
        f"Take {named} out, which leads to data; keep hooks in the read-only, verified part",
        Safety.UNSAFE,
        Stage.IMAGE,
        tuple(changes),
        "what the product, or somebody else, has put there is not run any more",
    )
