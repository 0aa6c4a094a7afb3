"""Another program that knows formats which no reader here knows: asked only for bytes that stayed unknown."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from firmward.image.budget import Budget
from firmward.image.source import Source
from firmward.model.folder import FolderTree
from firmward.model.tree import Entry


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What was found in some bytes: a folder with its content, the kinds met, and what could not be opened."""

    folder: Path | None
    kinds: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class Foreign(Protocol):
    """Who can be asked."""

    name: str

    def unpack(self, source: Source, budget: Budget) -> Unpacked:
        """Take the bytes apart. Raises BudgetExceeded when that takes too long or too much."""


class UnpackedTree(FolderTree):
    """A folder with what another program took apart. Whoever ran it owns all of it, which says nothing of the image:
    everything counts as root's."""

    def _entry(self, folder: int, path: str, name: str) -> Entry | None:
        entry = super()._entry(folder, path, name)
        return None if entry is None else replace(entry, uid=0, gid=0)
