"""How a device comes by a repository: over the wire from its server, or on a stick that somebody has put in.

Either is asked from outside how much the device took of it: the server counts what was acknowledged, and QEMU what was
read of the stick.
"""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from firmward.lab.machine import Machine
from firmward.lab.means import memory_card, update_server, update_stick
from firmward.lab.means.memory_card import DRIVE
from firmward.lab.means.update_server import UpdateServer, serving
from firmward.lab.target import drives
from firmward.model.errors import InputError

LOOKED = 1 << 20
"""Bytes of a stick beyond its metadata; who has read no more has looked for partitions and files."""
QUESTION = json.dumps({"execute": "query-blockstats"})


class Line(Protocol):
    """During one start of the device."""

    @property
    def station(self) -> tuple[int, ...]:
        """Descriptors of another machine's end of the wire."""
        ...

    @property
    def attached(self) -> tuple[str, ...]:
        """QEMU's arguments for what is plugged in."""
        ...

    def look(self, machine: Machine) -> None:
        """Called all the time."""
        ...

    @property
    def asked(self) -> bool:
        """Whether the device has looked what there is."""
        ...

    @property
    def takes(self) -> bool:
        """Whether it has begun to take a payload."""
        ...

    @property
    def taken(self) -> int:
        """Bytes, of all that is offered."""
        ...

    @property
    def paths(self) -> tuple[str, ...]:
        """What was asked for, where that is seen."""
        ...


class Way(Protocol):
    @property
    def name(self) -> str: ...

    def on(self) -> AbstractContextManager[Line]: ...


@dataclass(frozen=True, slots=True)
class FromServer:
    """`repository` is served as it stands. `payloads` are the paths of what belongs into slots."""

    repository: Path
    payloads: frozenset[str]
    name: str = "its server"

    @contextmanager
    def on(self) -> Iterator[Line]:
        with serving(update_server.folder(self.repository)) as server:
            yield _Wire(server, self.payloads)


@dataclass(frozen=True, slots=True)
class _Wire:
    server: UpdateServer
    payloads: frozenset[str]
    attached: tuple[str, ...] = ()

    @property
    def station(self) -> tuple[int, ...]:
        return self.server.station.descriptors

    def look(self, machine: Machine) -> None:
        pass

    @property
    def asked(self) -> bool:
        return bool(self.server.log)

    @property
    def takes(self) -> bool:
        return not self.payloads.isdisjoint(self.paths)

    @property
    def taken(self) -> int:
        return self.server.taken_in_all

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self.server.paths())


@dataclass(frozen=True, slots=True)
class FromStick:
    """`image` is the stick's. `metadata` are the bytes of what has to be read before a payload is."""

    image: Path
    metadata: int
    name: str = "a stick"

    @contextmanager
    def on(self) -> Iterator[Line]:
        yield _Drive(memory_card.plugged(self.image), self.metadata)


@dataclass(slots=True)
class _Drive:
    attached: tuple[str, ...]
    metadata: int
    taken: int = 0
    station: tuple[int, ...] = ()
    paths: tuple[str, ...] = ()

    def look(self, machine: Machine) -> None:
        """What was asked a moment ago is answered by now."""
        self.taken = max(self.taken, drives(machine.answered).get(DRIVE, 0))
        machine.command(QUESTION)

    @property
    def asked(self) -> bool:
        return self.taken > self.metadata

    @property
    def takes(self) -> bool:
        return self.taken > self.metadata + LOOKED


def stick(repository: Path, work: Path) -> FromStick:
    """One with the whole repository on it, in the folder `work`. Raises InputError for what does not fit on one."""
    files = [path for path in sorted(repository.rglob("*")) if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    if size > update_stick.LARGEST:
        raise InputError(f"{repository}: has {size >> 20} MiB, and a stick of the lab {update_stick.LARGEST >> 20}")
    image = update_stick.of_folder(repository, size, work)
    metadata = sum(path.stat().st_size for path in (repository / "metadata").iterdir() if path.is_file())
    return FromStick(image, metadata)
