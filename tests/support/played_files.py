"""A folder of files that keeps what was synced and settled, and of the rest whatever a test says."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from played_disk import PowerCutError

from firmward.trust.files import FolderFiles


@dataclass(eq=False)
class _Kept:
    """A file whatever its name is: what the medium has of it for certain, and what it may have."""

    durable: bytes | None
    now: bytes


class PlayedFiles(FolderFiles):
    """Files (trust/files.py) of a real folder, so that programs can work on them too. `cut` is the number of the step
    before which the power goes, `fails` that of the one which the medium refuses, counted from 0."""

    def __init__(self, folder: Path, cut: int = -1, fails: int = -1) -> None:
        super().__init__(folder)
        self.cut, self.fails, self.steps = cut, fails, 0
        self._names = {path.name: _Kept(path.read_bytes(), path.read_bytes()) for path in folder.iterdir()}
        self._history = [dict(self._names)]
        """The names as they were settled, and as they have been since."""

    def read(self, name: str, limit: int) -> bytes | None:
        self._step()
        return super().read(name, limit)

    def write(self, name: str, content: bytes) -> None:
        self._step()
        super().write(name, content)
        self._notice()

    def sync(self, name: str) -> None:
        self._step()
        super().sync(name)
        self._notice()
        self._names[name].durable = self._names[name].now

    def rename(self, name: str, to: str) -> None:
        self._step()
        self._notice()
        super().rename(name, to)
        self._names[to] = self._names.pop(name)
        self._history.append(dict(self._names))

    def remove(self, name: str) -> None:
        self._step()
        super().remove(name)
        self._names.pop(name, None)
        self._history.append(dict(self._names))

    def settle(self) -> None:
        self._step()
        super().settle()
        self._notice()
        self._history = [dict(self._names)]

    def _notice(self) -> None:
        """What programs wrote meanwhile."""
        for path in self.folder.iterdir():
            kept = self._names.setdefault(path.name, _Kept(None, b""))
            kept.now = path.read_bytes()
        self._history.append(dict(self._names))

    def _step(self) -> None:
        number, self.steps = self.steps, self.steps + 1
        if number == self.cut:
            raise PowerCutError
        if number == self.fails:
            raise OSError(5, "Input/output error")

    def after_the_cut(self, *, fat: bool = False) -> Iterator[dict[str, bytes]]:
        """What the folder may hold then: names as at any time since they were settled (on FAT each for itself, so that
        a rename may lose both), with a content that was synced, or whole, empty or cut short where it was not."""
        self._notice()
        names = {name for one in self._history for name in one}
        if fat:
            rows = [[(name, kept) for kept in {one.get(name) for one in self._history}] for name in sorted(names)]
            folders = [dict(row) for row in itertools.product(*rows)]
        else:
            folders = [{name: one.get(name) for name in sorted(names)} for one in self._history]
        seen = set()
        for folder in folders:
            listed = {name: list(_contents(kept)) for name, kept in folder.items() if kept is not None}
            for chosen in itertools.product(*listed.values()):
                found = tuple((name, one) for name, one in zip(listed, chosen, strict=True) if one is not None)
                if found not in seen:
                    seen.add(found)
                    yield dict(found)


def _contents(kept: _Kept) -> Iterator[bytes | None]:
    yield kept.durable
    if kept.now != kept.durable:
        yield from (kept.now, b"", kept.now[: len(kept.now) // 2])
