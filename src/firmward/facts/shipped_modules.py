"""Which kernel modules lie in a root, by name: what a kernel's configuration says is a module is of use only there.

Rules, from modprobe(8) and depmod(8): modules lie in lib/modules/RELEASE, in whatever folders below, compressed or not;
`-` and `_` are the same letter in their names. Some systems keep them in one folder for all kernels, or elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmward.facts.kernel_modules import ELSEWHERE, MODULES_LIMIT, NAME, USUAL
from firmward.model.facts import Unavailable, Unknown
from firmward.model.tree import Kind, Tree


@dataclass(frozen=True, slots=True)
class ShippedModules:
    """`names` of the modules by the release that they are for, those of no folder for a release under an empty one."""

    names: Mapping[str, frozenset[str]] = field(repr=False)

    def has(self, name: str, release: str) -> bool | Unknown:
        """Whether a kernel of this release finds the module; of an unnamed release, whether any does."""
        own = self.names.get(release) if release else frozenset().union(*self.names.values())
        loose = self.names.get("", frozenset())
        if own is None and not loose:
            return Unknown(f"no modules of the kernel {release} are in this root")
        return name in (own or frozenset()) | loose


def collect(tree: Tree) -> ShippedModules | None:
    names: dict[str, set[str]] = {}
    count = 0
    for entry in tree.entries():
        if entry.kind is Kind.DIRECTORY or not NAME.fullmatch(entry.path) or ELSEWHERE.match(entry.path):
            continue
        count += 1
        if count > MODULES_LIMIT:
            raise Unavailable(f"more than {MODULES_LIMIT} kernel modules")
        name = entry.path.rpartition("/")[2].partition(".ko")[0].replace("-", "_")
        names.setdefault(_release(entry.path), set()).add(name)
    return ShippedModules({release: frozenset(own) for release, own in names.items()}) if names else None


def _release(path: str) -> str:
    found = USUAL.match(path)
    release, sign, _ = path[found.end() :].partition("/") if found else ("", "", "")
    return release if sign else ""
