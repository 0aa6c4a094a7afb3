"""What a feed is: one file in feeds/ with a `FEED`, found and not registered.

A feed knows where its upstream publishes, what changed there since the last time, and how a document becomes rows. The
same documents come from the network, a file, a folder or an archive.
"""

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol

from firmward.model.errors import InputError
from firmward.vulns.documents import Document
from firmward.vulns.intake import Extent
from firmward.vulns.rows import Raw, Row

OF_CHANGES = ("delta", "modified", "recent")
"""Words in a file's name that tell what changed, and not the whole."""
TEXT_LIMIT = 8 << 20
"""Characters of one record; the longest of NVD have a few millions."""


class Remote(Protocol):
    """The upstream of one feed, or its mirror, as a feed asks it."""

    @property
    def now(self) -> datetime: ...

    @property
    def cursor(self) -> str:
        """What the feed noted at the last update; empty at the first, and when all is asked for anew."""

    @property
    def key(self) -> str:
        """What the user has for this feed to be let in faster; empty without."""

    @property
    def ecosystems(self) -> tuple[str, ...]:
        """Which of OSV's collections the user wants; empty for the usual ones."""

    def document(self, url: str, *, fresh: bool = False, optional: bool = False) -> Iterator[Document]:
        """What lies there, opened; nothing where it is as it was at the last update, unless it is asked for `fresh`,
        and where an `optional` one is not there. Raises DeviceError or InputError."""

    def content(self, url: str, limit: int) -> bytes:
        """All of something small. Raises as `document` does."""

    def pause(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """How an update goes: whether the documents are the whole or the changes, these one after the other, and the
    `cursor` to note when all is well."""

    extent: Extent
    documents: Iterator[Document]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed by its `name`, with a `title` for people and the `url` of its upstream. `records` takes a document apart,
    `rows` says what one record means: the vulnerability that it is all about, or an empty name, and the rows. `plan`
    asks the upstream. `alone` says what a single file is that is no archive, `archived` what an archive is; a folder is
    always the whole."""

    name: str
    title: str
    url: str
    records: Callable[[Document], Iterator[Raw]]
    rows: Callable[[object], tuple[str, list[Row]]]
    plan: Callable[[Remote], Plan]
    alone: Extent = Extent.WHOLE
    archived: Extent = Extent.WHOLE

    def extent(self, path: Path) -> Extent:
        """What a file or folder is that the user gives."""
        name = path.name.lower()
        if any(word in name for word in OF_CHANGES):
            return Extent.CHANGES
        if path.is_dir():
            return Extent.WHOLE
        return (
            self.archived if name.endswith((".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz")) else self.alone
        )


@cache
def feeds() -> Mapping[str, Feed]:
    """All feeds by name."""
    from firmward.vulns import feeds as package

    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    found = [import_module(f"{package.__name__}.{name}").FEED for name in names]
    return {feed.name: feed for feed in found}


def feed_named(name: str) -> Feed:
    known = feeds()
    if name not in known:
        raise InputError(f"{name[:40]}: is no feed; there are {', '.join(known)}")
    return known[name]
