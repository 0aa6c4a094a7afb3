"""dpkg's and opkg's databases: stanzas of `Field: value` lines with an empty line between them (deb-control(5)).

- dpkg: var/lib/dpkg/status; one file a package in status.d, as in images without dpkg. Installed is what `Status` ends
  in `installed` for; status.d has no such field. `Source` names the source package where that is called otherwise, with
  its version in brackets where that is another.
- opkg: usr/lib/opkg/status or var/lib/opkg/status, and one file a package in info/*.control, where OpenWrt adds the
  folder of the recipe (`Source`), its name (`SourceName`), `License` and `CPE-ID`.
"""

import re
from collections.abc import Iterator, Mapping

from firmward.facts.package_databases.database_text import named, names, text
from firmward.facts.packages import Manager, Package
from firmward.model.location import Location
from firmward.model.tree import Tree

PLACES = (
    (Manager.DPKG, "var/lib/dpkg/status"),
    (Manager.DPKG, "var/lib/dpkg/status.d/*"),
    (Manager.OPKG, "usr/lib/opkg/info/*.control"),
    (Manager.OPKG, "var/lib/opkg/info/*.control"),
    (Manager.OPKG, "usr/lib/opkg/status"),
    (Manager.OPKG, "var/lib/opkg/status"),
)
"""The files of single packages say more than opkg's status, and come first."""
SOURCE = re.compile(r"(?P<name>\S{1,200})(?:\s+\((?P<version>[^)\s]{1,128})\))?")
CPE = re.compile(r"cpe:(?:/|2\.3:)a:[^\s]{1,200}")
TEXT_LIMIT = 300
FIELDS_LIMIT = 200


def installed(tree: Tree, unread: list[str]) -> Iterator[Package]:
    for manager, pattern in PLACES:
        paths = tree.glob(pattern) if "*" in pattern else (pattern,)
        for path in paths:
            if not path.endswith(".md5sums"):
                yield from stanzas(text(tree, path, unread), path, manager)


def stanzas(content: str, path: str, manager: Manager) -> Iterator[Package]:
    """The installed packages of a control file of dpkg or opkg."""
    fields: dict[str, tuple[str, int]] = {}
    for number, line in enumerate((*content.split("\n"), ""), 1):
        name, colon, value = line.partition(":")
        if colon and not line[:1].isspace():
            if len(fields) < FIELDS_LIMIT:
                fields.setdefault(name.lower(), (value.strip(), number))
        elif not line.strip():
            yield from _stanza(fields, path, manager)
            fields = {}


def _stanza(fields: Mapping[str, tuple[str, int]], path: str, manager: Manager) -> Iterator[Package]:
    def value(name: str) -> str:
        return fields.get(name, ("", 0))[0][:TEXT_LIMIT]

    if fields.get("status", ("installed", 0))[0].split()[-1:] != ["installed"]:
        return
    source, source_version = _source(value("source"), value("sourcename"), manager)
    cpe = CPE.fullmatch(value("cpe-id"))
    name, line = fields.get("package", ("", 0))
    needs = names(f"{fields.get('pre-depends', ('', 0))[0]},{fields.get('depends', ('', 0))[0]}", ",")
    yield from named(
        Package(
            name,
            fields.get("version", ("", 0))[0],
            manager,
            Location(path, line),
            source or name,
            source_version or fields.get("version", ("", 0))[0],
            value("architecture"),
            value("license"),
            "",
            "" if cpe is None else cpe[0],
            needs,
        )
    )


def _source(source: str, name: str, manager: Manager) -> tuple[str, str]:
    """The source package and its version, each empty where it is the package's own. opkg's is a folder of recipes."""
    if manager is Manager.OPKG:
        return name or source.rpartition("/")[2], ""
    said = SOURCE.fullmatch(source)
    return ("", "") if said is None else (said["name"], said["version"] or "")
