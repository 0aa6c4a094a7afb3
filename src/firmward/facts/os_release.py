"""What the system calls itself: etc/os-release, or usr/lib/os-release where etc has none (os-release(5)).

SUPPORT_END= names the first day on which this version of the system has no support, IMAGE_VERSION= the version of the
whole image.
"""

from dataclasses import dataclass
from datetime import date

from firmward.formats.os_release import parse
from firmward.model.location import Location
from firmward.model.tree import Tree

PATHS = ("etc/os-release", "usr/lib/os-release")


@dataclass(frozen=True, slots=True)
class OsRelease:
    """The words by their names in the file: `id`, `like` (ID_LIKE), `name` (PRETTY_NAME or NAME), `version`
    (VERSION_ID), `image` (IMAGE_ID), `image_version`, and `codename` (VERSION_CODENAME or DISTRO_CODENAME).

    `support_end` is the first day without support, `support_at` the line that says so; `unclear` is what stands there
    when it is no date. `at` is the file.
    """

    at: Location
    id: str | None = None
    like: tuple[str, ...] = ()
    name: str | None = None
    version: str | None = None
    image: str | None = None
    image_version: str | None = None
    support_end: date | None = None
    support_at: Location | None = None
    unclear: str | None = None
    codename: str | None = None


def collect(tree: Tree) -> OsRelease | None:
    path = next((path for path in PATHS if tree.is_file(path)), None)
    return None if path is None else read(tree.text(path) or "", path)


def read(text: str, path: str) -> OsRelease:
    said = {row.name: row for row in parse(text) if row.value}

    def get(name: str) -> str | None:
        return said[name].value if name in said else None

    end = get("SUPPORT_END")
    day = None if end is None else _day(end)
    return OsRelease(
        at=Location(path),
        id=get("ID"),
        like=tuple((get("ID_LIKE") or "").split()),
        name=get("PRETTY_NAME") or get("NAME"),
        version=get("VERSION_ID"),
        image=get("IMAGE_ID"),
        image_version=get("IMAGE_VERSION"),
        support_end=day,
        support_at=None if end is None else Location(path, said["SUPPORT_END"].line),
        unclear=end if day is None else None,
        codename=get("VERSION_CODENAME") or get("DISTRO_CODENAME"),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
