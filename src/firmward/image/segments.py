"""Text forms of binary: lines to runs of bytes at their addresses, each run a part.

Bytes that follow each other are one run; a gap between two addresses begins another, since nothing says what fills it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from firmward.formats.malformed import Malformed
from firmward.image.budget import Budget, BudgetExceeded, Damaged
from firmward.image.format import Child
from firmward.image.problems import Problems
from firmward.image.source import CHUNK, Bytes, Source

TRIED = 8
"""Records that must hold before a text is believed."""
RUNS = 1024
"""Runs of one text; a linker's output has some dozens."""
HEAD = 4 << 10
"""Bytes that hold the records tried."""


class Reader(Protocol):
    """One form of records; `must_end` says whether a text without a last record was cut off."""

    must_end: bool

    def read(self, line: bytes) -> tuple[int, bytes] | None:
        """Address and data of a line; None at the last record. Raises Malformed."""


def is_text(source: Source, reader: Reader) -> bool:
    """Whether the first records hold; a text that ends within them must end as it should."""
    head = source.read(0, HEAD)
    lines = [line.rstrip() for line in head.split(b"\n")[: -1 if source.size > len(head) else None]]
    return _hold(reader, [line for line in lines if line])


def _hold(reader: Reader, lines: list[bytes]) -> bool:
    try:
        for count, line in enumerate(lines):
            if reader.read(line) is None:
                return count > 0
            if count + 1 == TRIED:
                return True
    except Malformed:
        pass
    return False


@dataclass(slots=True)
class Run:
    """Bytes from an address on."""

    address: int
    data: bytearray = field(default_factory=bytearray)

    @property
    def end(self) -> int:
        return self.address + len(self.data)


def children(source: Source, reader: Reader, limit: int, budget: Budget) -> Iterator[Child]:
    """The runs by their addresses; `limit` is the longest line. What does not hold is left out and told behind them."""
    runs: list[Run] = []
    problems = Problems()
    try:
        _fill(runs, _lines(source, limit), reader, problems, budget)
    except BudgetExceeded:
        budget.release(sum(len(run.data) for run in runs))
        raise
    for run in runs:
        yield Child(f"{run.address:#x}", Bytes(run.data), kind="memory")
    told = "; ".join([*problems.told, *_overlaps(runs)])
    if told:
        raise Damaged(told)


def _fill(
    runs: list[Run], lines: Iterator[tuple[int, bytes]], reader: Reader, problems: Problems, budget: Budget
) -> None:
    number = 0
    for number, line in lines:
        try:
            found = reader.read(line)
        except Malformed as error:
            problems.add(f"line {number}: {error}")
            continue
        finally:
            if number & 0xFFF == 0:
                budget.check_time()
        if found is None:
            return
        address, data = found
        if not data:
            continue
        budget.expand(len(data))
        if not runs or runs[-1].end != address:
            if len(runs) >= RUNS:
                raise BudgetExceeded(f"more than {RUNS} runs of bytes")
            runs.append(Run(address))
        runs[-1].data += data
    if reader.must_end:
        problems.add(f"ends after line {number}, without a last record")


def _lines(source: Source, limit: int) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers; one that is too long is cut, so that it cannot hold."""
    number, left = 0, b""
    for piece in source.chunks(CHUNK):
        *whole, left = (left + piece).split(b"\n")
        for line in whole:
            number += 1
            plain = line[: limit + 2].strip()
            if plain:
                yield number, plain
        left = left[: limit + 2]
    if left.strip():
        yield number + 1, left.strip()


def _overlaps(runs: list[Run]) -> Iterator[str]:
    ordered = sorted(runs, key=lambda run: run.address)
    for before, after in pairwise(ordered):
        if after.address < before.end:
            yield f"bytes at {after.address:#x} are given twice"
            return


def opener(reader: Callable[[], Reader], limit: int) -> Callable[[Source, Budget], Iterator[Child]]:
    """How a format of such records opens."""
    return lambda source, budget: children(source, reader(), limit, budget)


def measurer(reader: Callable[[], Reader]) -> Callable[[Source], int | None]:
    """How a format of such records is told: it is text to its end."""
    return lambda source: source.size if is_text(source, reader()) else None
