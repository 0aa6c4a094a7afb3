"""apk's database: lines of one letter, a colon and a value, with an empty line between packages (apk-v2(5)).

P is the name, V the version, o the origin (the package that it was built with), A the architecture, L the licence, D
what it needs; F is a folder, and each R after it a file in that. It lies in lib/apk/db/installed, below usr/ in newer
ones.
"""

from collections.abc import Iterator, Mapping, Sequence

from firmward.facts.package_databases.database_text import named, names, text
from firmward.facts.packages import Manager, Package
from firmward.model.location import Location
from firmward.model.tree import Tree

PLACES = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
TEXT_LIMIT = 300
FILES_LIMIT = 200_000


def installed(tree: Tree, unread: list[str]) -> Iterator[Package]:
    for path in dict.fromkeys(entry.path for place in PLACES if (entry := tree.resolve(place)) is not None):
        yield from letters(text(tree, path, unread), path)


def letters(content: str, path: str) -> Iterator[Package]:
    """The installed packages of apk's database."""
    fields: dict[str, str] = {}
    files: list[str] = []
    folder, at = "", 0
    for number, line in enumerate((*content.split("\n"), ""), 1):
        letter, colon, value = line.partition(":")
        if letter == "P" or not line.strip():  # a database that was cut has no empty line
            yield from _package(fields, files, path, at)
            fields, files, folder, at = {}, [], "", number
        if letter == "F":
            folder = value.strip().strip("/")
        elif letter == "R" and len(files) < FILES_LIMIT:
            files.append(f"{folder}/{value.strip()}".lstrip("/"))
        elif colon:
            fields.setdefault(letter, value.strip())


def _package(fields: Mapping[str, str], files: Sequence[str], path: str, line: int) -> Iterator[Package]:
    name, version = fields.get("P", ""), fields.get("V", "")
    needed = " ".join(one for one in fields.get("D", "").split() if not one.startswith(("!", "/")))
    yield from named(
        Package(
            name,
            version,
            Manager.APK,
            Location(path, line),
            fields.get("o", name)[:TEXT_LIMIT],
            version,
            fields.get("A", "")[:TEXT_LIMIT],
            fields.get("L", "")[:TEXT_LIMIT],
            needs=names(needed.replace("so:", "").replace("cmd:", ""), " "),
            files=tuple(files),
        )
    )
