"""Whether a kernel was built from the sources that a flaw is in, by its configuration or by the modules that lie there.

A flaw is not in a kernel that was built from none of the files which its fix changed. That is said only where every one
of them is surely left out: by a map of the kernel's line (vulns/kernel_map.py) and an option whose value is known, or
since it is of another architecture, or since each module that it goes into is neither a file nor in `modules.builtin`.
What no map names counts as built: Kconfig's and Kbuild's files, most of the headers that many include, all that came to
the line later than its map. `tools` and `scripts` make programs, some of which a build uses, and count as built too.
Documentation and the kernel's own tests are no code of a kernel: they speak neither for nor against.

A configuration with gaps (a defconfig) leaves open what it does not name. A vendor's kernel whose Kbuild files differ
from those of its line is judged as if they did not.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from firmward.facts.kernel_config import KernelOptions
from firmward.facts.shipped_modules import ShippedModules
from firmward.model.facts import Unknown
from firmward.model.vulnerability import Justification, Vex, VexState
from firmward.vulns.kbuild.condition import All, Condition, Leaf, holds, needs, why_not
from firmward.vulns.kbuild.expansion import ARCHITECTURE_NAMES
from firmward.vulns.kernel_map import KernelMap, maps_for

BY = "firmward, from how the kernel was built"
BESIDE = ("Documentation/", "tools/testing/", "MAINTAINERS", "CREDITS", ".mailmap", ".get_maintainer.ignore")
REASONS_LIMIT = 4
"""Options that a sentence names."""


class Built(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether something was `built`, and `why`: in words, without a full stop."""

    built: Built
    why: str


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why a file is not built: the `kind` of reason, and the `names` of modules or architectures, or what is said of
    options."""

    kind: str
    names: frozenset[str]


class KernelBuild:
    """What one kernel was built from. `options` is None where its configuration is not known; `modules` are the names
    of all that it has as modules or built in, None where no list says it."""

    def __init__(
        self,
        version: str,
        architecture: str,
        options: KernelOptions | None,
        modules: frozenset[str] | None = None,
        maps: Sequence[KernelMap] | None = None,
    ) -> None:
        self.architecture = ARCHITECTURE_NAMES.get(architecture, architecture)
        self.options = options
        self.modules = modules
        known = maps_for(version) if maps is None else maps
        self.maps = () if any(self.architecture in one.unsaid for one in known) else tuple(known)
        self.version = version
        self._seen: dict[str, Verdict | _Reason] = {}
        self._decisions: dict[tuple[Hashable, ...], Built | _Reason] = {}
        self._answers: dict[Leaf, bool | None] = {}

    def file(self, path: str) -> Verdict:
        found = self._judged(path)
        return Verdict(Built.NO, _sentence([found], self.architecture)) if isinstance(found, _Reason) else found

    def flaw(self, files: Iterable[str]) -> Verdict:
        """Of what is in any of `files`."""
        reasons: list[_Reason] = []
        unknown: Verdict | None = None
        for path in files:
            if path.startswith(BESIDE):
                continue
            found = self._judged(path)
            if isinstance(found, _Reason):
                reasons.append(found)
            elif found.built is Built.YES:
                return found
            else:
                unknown = unknown or found
        if unknown is not None:
            return unknown
        if not reasons:
            return Verdict(Built.UNKNOWN, "no source is named")
        return Verdict(Built.NO, _sentence(reasons, self.architecture))

    def vex(self, files: Iterable[str]) -> Vex | None:
        """The decision on what is in these files: None unless no part of it is there."""
        found = self.flaw(files)
        if found.built is not Built.NO:
            return None
        return Vex(VexState.NOT_AFFECTED, Justification.CODE_NOT_PRESENT, found.why, BY)

    def _judged(self, path: str) -> Verdict | _Reason:
        found = self._seen.get(path)
        if found is None:
            found = self._seen[path] = self._judge(path)
        return found

    def _judge(self, path: str) -> Verdict | _Reason:
        if not self.maps:
            return Verdict(Built.UNKNOWN, f"there is no map of the sources of Linux {self.version}")
        conditions = [condition for one in self.maps if (condition := one.condition(path)) is not None]
        if len(conditions) < len(self.maps):
            return Verdict(Built.UNKNOWN, f"{path} is in no map of the sources of Linux {self.version}")
        found = self._decided(frozenset.intersection(*map(needs, conditions)), conditions)
        if isinstance(found, _Reason):
            return found
        absent = self._absent(path)
        if absent:
            return _Reason("module", absent)
        if found is Built.YES:
            return Verdict(found, f"{path} is built")
        return Verdict(found, f"nothing says whether {path} is built")

    def _decided(self, common: frozenset[Condition], conditions: Sequence[Condition]) -> Built | _Reason:
        """By the options alone. An option may have been renamed between two lines, more than once: what only one of
        them needs does not say that a source is left out."""
        # many sources share what they need
        key = (common,) if len(conditions) == 1 else tuple(conditions)
        found = self._decisions.get(key)
        if found is None:
            if any(holds(condition, self._answer) is False for condition in common):
                found = self._reason(All(common))
            else:
                is_built = all(holds(condition, self._answer) for condition in conditions)
                found = Built.YES if is_built else Built.UNKNOWN
            self._decisions[key] = found
        return found

    def _absent(self, path: str) -> frozenset[str]:
        """The modules that a file goes into, where none of them is there; empty where one may be."""
        if self.modules is None:
            return frozenset()
        found = {frozenset(one.modules.get(path, ())) for one in self.maps}
        names = found.pop()
        return names if not found and self.modules.isdisjoint(names) else frozenset()

    def _reason(self, condition: Condition) -> _Reason:
        leaves = why_not(condition, self._answer)
        places = frozenset(leaf.name[1:] for leaf in leaves if leaf.name.startswith("@") and not leaf.is_negated)
        # a file of another architecture needs no other reason
        return _Reason("architecture", places) if places else _Reason("option", frozenset(map(_said, leaves)))

    def _answer(self, leaf: Leaf) -> bool | None:
        if leaf not in self._answers:
            self._answers[leaf] = self._known(leaf)
        return self._answers[leaf]

    def _known(self, leaf: Leaf) -> bool | None:
        if leaf.name.startswith("@"):
            return leaf.name[1:] == self.architecture if self.architecture else None
        value = Unknown("") if self.options is None else self.options.get(leaf.name)
        if isinstance(value, Unknown):
            return None
        if leaf.value:
            return value == leaf.value
        # make may see the quotes of a text that is empty: a test of it may go either way
        return value != "n" if value else None


def names(modules: ShippedModules, release: str) -> frozenset[str] | None:
    """All that a kernel of this release has as modules or built in; None where that is not wholly known."""
    own = modules.releases.get(release) if release else None
    if own is None or modules.built_in is None or modules.unread:
        return None
    return own | modules.releases.get("", frozenset()) | modules.built_in


def _said(leaf: Leaf) -> str:
    if leaf.value:
        return f"CONFIG_{leaf.name} is {'' if leaf.is_negated else 'not '}{leaf.value}"
    return f"CONFIG_{leaf.name} is {'on' if leaf.is_negated else 'off'}"


def _sentence(reasons: Iterable[_Reason], architecture: str) -> str:
    """Why none of the files is built."""
    named: dict[str, set[str]] = {}
    for reason in reasons:
        named.setdefault(reason.kind, set()).update(reason.names)
    told = [_TOLD[kind](_listed(sorted(found)), len(found) > 1, architecture) for kind, found in sorted(named.items())]
    return f"not built: {'; '.join(told)}"


_TOLD: dict[str, Callable[[str, bool, str], str]] = {
    "architecture": lambda listed, _many, own: f"it is for {listed}, and this kernel for {own}",
    "module": lambda listed, many, _own: (
        f"the module{'s' * many} {listed} {'are' if many else 'is'} neither a file nor built in"
    ),
    "option": lambda listed, _many, _own: listed,
}


def _listed(found: list[str]) -> str:
    more = len(found) - REASONS_LIMIT
    return ", ".join(found[:REASONS_LIMIT]) + (f" and {more} more" if more > 0 else "")
