"""What a device would make of a repository: its own workflow (trust/workflow.py) asks for every release in it.

A publication is rehearsed before devices can see it: the new files stand in front of those that are there.
"""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from firmward.signing.shelf import Shelf
from firmward.signing.tuf_keys import ROOT
from firmward.signing.tuf_repository import metadata_file
from firmward.trust import workflow
from firmward.trust.trusted import Moment
from firmward.trust.workflow import Drop, Fetch, Keep, Limits, Recall, Request

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Device:
    """It remembers in `kept`, and is given `files` by their names before those of the repository."""

    shelf: Shelf
    files: Mapping[str, bytes]
    kept: dict[str, bytes] = field(default_factory=dict)

    def perform(self, asking: Generator[Request, bytes | None, T]) -> T:
        answer: bytes | None = None
        try:
            while True:
                answer = self._answer(asking.send(answer))
        except StopIteration as end:
            value: T = end.value
            return value

    def _answer(self, request: Request) -> bytes | None:
        if isinstance(request, Recall):
            return self.kept.get(request.role)
        if isinstance(request, Fetch):
            name = metadata_file(request.role, request.version or 0)
            if name in self.files:
                return self.files[name]
            return self.shelf.content(name, request.limit) if self.shelf.has(name) else None
        if isinstance(request, Keep):
            self.kept[request.role] = request.content
        elif isinstance(request, Drop):
            self.kept.pop(request.role, None)
        return None


def rehearse(shelf: Shelf, root: bytes, paths: Iterable[str], files: Mapping[str, bytes], moment: Moment) -> None:
    """A device that was given this root, and has seen nothing since, is told of these targets. Raises TrustError where
    it refuses, InputError for what cannot be read."""
    device, limits = _Device(shelf, files, {ROOT: root}), Limits()
    trusted = device.perform(workflow.refresh(moment, limits))
    for path in paths:
        trusted, _ = device.perform(workflow.target(trusted, path, moment, limits))
