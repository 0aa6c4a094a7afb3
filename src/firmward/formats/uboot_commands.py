"""The commands of a U-Boot binary, read from its linker list: what the prompt knows, not what some help text names.

`U_BOOT_CMD` puts one `struct cmd_tbl` (include/command.h) for each command into one section, which the linker sorts by
the symbols' names. A record has these fields, in words of the machine:

    name, maxargs, [repeatable or its function], function, usage, [help], [complete]

32-bit builds have five to seven words. In 64-bit builds `maxargs` is 32 bits wide; until 2018 `repeatable` was an int
beside it, since then it is a function of its own. Nested commands (`mmc read`) lie in tables of the same records
elsewhere.

The rules this file holds:

- A table is a row of records of one size whose names and usages are texts at one and the same base: the address at
  which the first byte of the file would stand. Nothing is taken from texts alone.
- The base is learnt from the list of the prompt alone: its names differ and rise, and its usages say something.
- Where the pointers are kept in RELA entries and not in place, they are put in place first.
- The longest list is that of the prompt. Tables of nested commands are found at its base.

Where arrays of nested commands lie side by side they are one row here.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from firmward.formats import uboot_pointers
from firmward.formats.uboot_pointers import Order

LEAST = 4
"""Records of a row of nested commands, at a base that is known."""
LEAST_TO_LEARN = 6
"""Records of a list from which the base is learnt; of fewer a chance hit is possible."""
MOST = 0.75
"""Share of a list that must be as a list is; what is odd may belong to a table beside it."""
ROWS = 12
"""Rows that are tried, the longest first; beside tables they are tables of relocations."""
RECORDS = 1024
"""Records of a row that are read; the largest builds have about 250 commands."""
USAGE_LIMIT = 4096
"""Bytes of a usage."""

_MAXARGS = 1 << 9
"""Above any maxargs of the records by which a row is found."""
_LOWEST = 1 << 12
"""No text stands below this address."""
_NAME = re.compile(rb"[!-~]{1,48}\0")
_LETTERS = re.compile(rb"[ -~]{1,64}\0")
_TEXT = re.compile(rb"[\t\n\r -~\x80-\xff]{0,%d}\0" % USAGE_LIMIT)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a record lies: offsets of its fields and its size in bytes."""

    bits: Literal[32, 64]
    order: Order
    maxargs: int
    function: int
    usage: int
    size: int


@dataclass(frozen=True, slots=True)
class Command:
    """`offset` is where its record stands in the bytes."""

    name: str
    usage: str
    maxargs: int
    offset: int


@dataclass(frozen=True, slots=True)
class Table:
    """One row of commands; `base` is the address of the first of the bytes, when the binary runs where it was linked.

    `base` may be below zero: a container lies before a binary that is linked to a low address.
    """

    commands: tuple[Command, ...]
    offset: int
    base: int
    layout: Layout

    @property
    def names(self) -> frozenset[str]:
        return frozenset(command.name for command in self.commands)


@dataclass(frozen=True, slots=True)
class Commands:
    """`main` is the prompt's list; `nested` are rows of the same records elsewhere, other copies of the list too.

    `memory` is the bytes with their pointers in place, for what else is found through pointers.
    """

    main: Table
    nested: tuple[Table, ...]
    memory: bytes


# (bits, maxargs, function, usage, sizes): the newer 64-bit form before the older
_SHAPES: tuple[tuple[Literal[32, 64], int, int, int, tuple[int, ...]], ...] = (
    (32, 4, 12, 16, (20, 24, 28)),
    (64, 8, 24, 32, (40, 48, 56)),
    (64, 8, 16, 24, (32, 40, 48)),
)


def find(data: bytes) -> Commands | None:
    """The command tables of a binary; None when no row of records holds."""
    found = _tables(data)
    if not found:
        relocated = uboot_pointers.relocated(data)
        if relocated is not None:
            data = relocated
            found = _tables(data)
    if not found:
        return None
    main = max(found, key=_says)
    if not _says(main):
        return None
    return Commands(main, tuple(table for table in found if table is not main), data)


def _says(table: Table) -> int:
    return sum(1 for command in table.commands if command.usage)


@dataclass(frozen=True, slots=True)
class _Row:
    layout: Layout
    start: int
    count: int


def _tables(data: bytes) -> list[Table]:
    """The prompt's list, its copies, and the rows of the same records at the same base."""
    rows = [row for order in uboot_pointers.ORDERS for row in _rows(uboot_pointers.words(data, order), order)]
    rows = [row for row in rows if not _is_relocations(data, row)]
    rows.sort(key=lambda row: (-row.count, row.start, row.layout.size))
    lists = _lists(data, rows)
    found = list(lists)
    known = {(table.layout, table.base) for table in lists}
    for row in rows:
        for layout, base in known:
            if row.layout == layout and not _is_within(row, found):
                table = _table(data, row, base)
                found += [table] if table is not None else []
    return found


def _lists(data: bytes, rows: Sequence[_Row]) -> list[Table]:
    """Rows that are a list of the prompt by themselves, from which a base is learnt: one for each copy of a U-Boot."""
    found: list[Table] = []
    for row in [row for row in rows if _is_varied(data, row)][:ROWS]:
        # another copy of a U-Boot has about as many commands; what is much shorter are other records
        if _is_within(row, found) or (found and 2 * row.count < len(found[0].commands)):
            continue
        targets = _pointers(data, row, row.layout.usage)
        for base in uboot_pointers.bases(data, targets, row.start):
            table = _table(data, row, base)
            if table is not None and _is_list(table.commands) and _is_code(data, row, base):
                found.append(table)
                break
    return found


def _is_within(row: _Row, tables: Sequence[Table]) -> bool:
    return any(
        table.offset < row.start + row.count * row.layout.size and row.start < table.offset + _length(table)
        for table in tables
    )


def _pointers(data: bytes, row: _Row, at: int) -> list[int]:
    """A field of all records of a row."""
    places = (row.start + number * row.layout.size + at for number in range(min(row.count, RECORDS)))
    return [_number(data, place, row.layout) for place in places]


def _is_varied(data: bytes, row: _Row) -> bool:
    """Whether names and usages are as different as in a list of the prompt; of one usage two commands may make use."""
    names, usages = (set(_pointers(data, row, at)) for at in (0, row.layout.usage))
    return row.count >= LEAST_TO_LEARN and min(len(names), len(usages)) >= MOST * min(row.count, RECORDS)


def _is_code(data: bytes, row: _Row, base: int) -> bool:
    """Whether the functions are none but by chance texts: U-Boot has tables of three texts and a number, too."""
    functions = _pointers(data, row, row.layout.function)
    texts = sum(1 for address in functions if address >= base and _LETTERS.match(data, address - base))
    return 4 * texts < len(functions)


def _is_list(commands: Sequence[Command]) -> bool:
    """Whether no name comes twice, most usages say something, and the names are sorted but for those with signs."""
    names = [command.name for command in commands]
    told = sum(1 for command in commands if command.usage)
    rising = sum(1 for one, other in pairwise(names) if one < other)
    return len(set(names)) == len(names) and told >= MOST * len(names) and rising >= MOST * (len(names) - 1)


def _is_relocations(data: bytes, row: _Row) -> bool:
    """Whether it is a table of relocations: pointers beside one number, their kind."""
    places = range(row.start + row.layout.maxargs, row.start + row.count * row.layout.size, row.layout.size)
    kind, times = Counter(int.from_bytes(data[place : place + 4], row.layout.order) for place in places).most_common(1)[
        0
    ]
    return kind in uboot_pointers.KINDS and 10 * times >= 9 * row.count


def _length(table: Table) -> int:
    return len(table.commands) * table.layout.size


def _rows(words: "array[int]", order: Order) -> Iterator[_Row]:
    """Rows of records whose fields may be pointers into one file, by their numbers alone."""
    small = [place for place, word in enumerate(words) if 0 < word < _MAXARGS]
    for bits, maxargs, function, usage, sizes in _SHAPES:
        if bits == 32:
            starts = set(_starts_32(words, small))
        else:
            starts = set(_starts_64(words, small, order, function // 4, usage // 4))
        for size in sizes:
            layout = Layout(bits, order, maxargs, function, usage, size)
            yield from (_Row(layout, 4 * start, count) for start, count in _runs(starts, size // 4))


def _starts_32(words: "array[int]", small: Sequence[int]) -> Iterator[int]:
    """Places, in words, where a record may begin."""
    span, last = 4 * len(words), len(words) - 7
    for place in small:
        if 0 < place < last:
            name, usage = words[place - 1], words[place + 3]
            if (
                name > _LOWEST < usage
                and name != usage
                and -span < usage - name < span
                and -span < words[place + 2] - name < span
            ):
                yield place - 1


def _starts_64(words: "array[int]", small: Sequence[int], order: Order, function: int, usage: int) -> Iterator[int]:
    low, high = (0, 1) if order == "little" else (1, 0)
    span, last = 4 * len(words), len(words) - 14
    for place in small:
        start = place - 2
        # behind maxargs stands padding, in the older form `repeatable`
        if not 0 <= start < last or words[place + 1] > 1:
            continue
        name = words[start + high] << 32 | words[start + low]
        text = words[start + usage + high] << 32 | words[start + usage + low]
        code = words[start + function + high] << 32 | words[start + function + low]
        if name > _LOWEST < text and name != text and -span < text - name < span and -span < code - name < span:
            yield start


def _runs(starts: set[int], step: int) -> Iterator[tuple[int, int]]:
    for start in starts:
        if start - step not in starts:
            end = start + step
            while end in starts:
                end += step
            if end - start >= LEAST * step:
                yield start, (end - start) // step


def _table(data: bytes, row: _Row, base: int) -> Table | None:
    """The row as a table when most of its records hold at a base."""
    places = [row.start + number * row.layout.size for number in range(min(row.count, RECORDS))]
    commands = _row(data, row.layout, base, places)
    if len(commands) < max(LEAST, MOST * len(places)):
        return None
    commands = _trimmed(commands)
    return Table(tuple(commands), commands[0].offset, base, row.layout)


def _row(data: bytes, layout: Layout, base: int, places: Sequence[int]) -> list[Command]:
    """The longest row of records that hold, with those before and behind that were passed over for odd numbers."""
    found = [_command(data, place, layout, base) for place in places]
    begin, count = _longest(found)
    if not count:
        return []
    commands = [one for one in found[begin : begin + count] if one is not None]
    before: list[Command] = []
    place = places[begin] - layout.size
    while len(before) < RECORDS and (one := _command(data, place, layout, base)):
        before.append(one)
        place -= layout.size
    place = places[begin + count - 1] + layout.size
    while len(commands) < RECORDS and (one := _command(data, place, layout, base)):
        commands.append(one)
        place += layout.size
    return before[::-1] + commands


def _longest(found: Sequence[Command | None]) -> tuple[int, int]:
    """Where the longest row without a gap begins, and its length."""
    best, begin = (0, 0), 0
    for number, one in enumerate((*found, None)):
        if one is None:
            best = max(best, (number - begin, -begin))
            begin = number + 1
    return -best[1], best[0]


def _trimmed(commands: list[Command]) -> list[Command]:
    """The records less those of other tables that lie right beside the list.

    Those of nested commands have empty usages, unlike the list's; those of drivers break the order of the list, which
    but for signs such as `?` is that of the names.
    """
    told = [number for number, command in enumerate(commands) if command.usage]
    if 2 * len(told) <= len(commands):
        return commands
    commands = commands[told[0] : told[-1] + 1]
    while len(commands) > LEAST and _is_word(commands[-1]) and commands[-1].name < commands[-2].name:
        commands.pop()
    while len(commands) > LEAST and _is_word(commands[0]) and commands[0].name > commands[1].name:
        commands.pop(0)
    return commands


def _is_word(command: Command) -> bool:
    return command.name[0].isalpha()


def _command(data: bytes, place: int, layout: Layout, base: int) -> Command | None:
    """The record at a place, when it is one: name and usage are texts, the function lies in the file."""
    if not 0 <= place <= len(data) - layout.size:
        return None
    name = _text(_NAME, data, _number(data, place, layout) - base)
    usage = _text(_TEXT, data, _number(data, place + layout.usage, layout) - base)
    code = _number(data, place + layout.function, layout) - base
    maxargs = int.from_bytes(data[place + layout.maxargs : place + layout.maxargs + 4], layout.order, signed=True)
    if not name or usage is None or not 0 <= code < len(data) or maxargs < 0:
        return None
    return Command(name, usage, maxargs, place)


def _number(data: bytes, place: int, layout: Layout) -> int:
    return int.from_bytes(data[place : place + layout.bits // 8], layout.order)


def _text(shape: re.Pattern[bytes], data: bytes, place: int) -> str | None:
    match = shape.match(data, place) if 0 <= place < len(data) else None
    return None if match is None else match[0][:-1].decode("utf-8", "replace")
