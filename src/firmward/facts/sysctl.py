"""Kernel parameters that the system sets at boot.

Rules, from sysctl.d(5), sysctl.conf(5) and sysctl(8): `key = value` lines, `/` and `.` alike between the words, a
leading `-` ignores failure, `#` and `;` begin comments. Of files with one name, etc/sysctl.d goes before run/sysctl.d,
usr/local/lib/sysctl.d and usr/lib/sysctl.d (lib/sysctl.d); files are read by name, the last value holds, and
etc/sysctl.conf is read last. A plain `sysctl -p` reads etc/sysctl.conf alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from firmward.facts.configuration_file import lines
from firmward.model.location import Location
from firmward.model.tree import Tree

LAST = "etc/sysctl.conf"
FOLDERS = ("etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d", "lib/sysctl.d")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One `value`, and `at`, where it is set."""

    value: str
    at: Location


@dataclass(frozen=True, slots=True)
class Sysctl:
    """All `parameters` that are set, by their dotted names."""

    parameters: Mapping[str, Parameter]

    def get(self, name: str) -> str | None:
        parameter = self.parameters.get(name)
        return parameter.value if parameter else None


def parse(text: str, path: str) -> Iterator[tuple[str, Parameter]]:
    for number, line in lines(text, "#;"):
        name, sign, value = line.partition("=")
        if sign:
            yield name.strip().lstrip("-").replace("/", "."), Parameter(value.strip(), Location(path, number))


def collect(tree: Tree) -> Sysctl | None:
    chosen: dict[str, str] = {}
    for folder in FOLDERS:
        for path in tree.list(folder):
            if path.endswith(".conf"):
                chosen.setdefault(path.rpartition("/")[2], path)
    paths = [chosen[name] for name in sorted(chosen)]
    if tree.is_file(LAST):
        paths.append(LAST)
    if not paths:
        return None
    found: dict[str, Parameter] = {}
    for path in paths:
        found.update(parse(tree.text(path) or "", path))
    return Sysctl(found)
