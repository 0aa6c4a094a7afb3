"""The parts of an image in a terminal: a map to scale, and the tree.

The map is read like a page: each cell is the same number of bytes and shows the sign of the part that lies there, so
that it says as much without colour. A part that is smaller than a cell is still seen, since a cell shows the part that
begins in it before the one that fills it.
"""

from collections.abc import Iterator, Mapping
from string import ascii_letters, digits
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from firmward.audit.html import size
from firmward.audit.layout import RANDOM, Medium, enlarged, is_unread, look, media
from firmward.audit.summary import plural
from firmward.cli.inside import shown
from firmward.model.report import Fill, Part

if TYPE_CHECKING:
    from firmward.cli.contents import Contents
    from firmward.image.opening import Image

SIGNS = ascii_letters + digits
SEVERAL = "+"
NOTHING = " "
ZEROS, ERASED, UNTOLD = "·", "░", "-"
PLAIN = str.maketrans({"·": ".", "░": "~", "─": "-", "│": "|", "└": "`", "├": "|", "…": "~", "→": ">"})

LINES, LINES_ENLARGED = 8, 2
"""Lines of a map at most, and of an enlarged piece of one; what is small needs fewer."""
FINEST = 512
"""Bytes of a cell at least."""
MAPS = 4
DEEPEST = 16
"""Steps that a name is indented at most."""
MARGIN = 12
"""Columns for the offset at the left."""

STYLES = {
    "root": "black on green3",
    "initramfs": "black on dark_sea_green2",
    "boot": "black on gold3",
    "data": "black on sky_blue2",
    "kernel": "black on orange1",
    "kernel-config": "black on light_goldenrod2",
    "device-tree": "black on khaki1",
    "boot-loader": "black on plum2",
    "unknown": "white on grey35",
    "other": "black on grey70",
}
UNREAD = "bold white on red3"


def print_parts(
    image: "Image", holds: "Mapping[str, Contents]", said: Mapping[str, str], console: Console, *, exact: bool
) -> None:
    """Print the map of each medium, then the tree of all parts."""
    page = _Page(image, console, exact=exact)
    console.print(page.title())
    for medium in page.maps:
        for line in page.map(medium):
            console.print(line, soft_wrap=True)
    console.print()
    console.print(page.table(holds, said))
    unread = [part for part in image.parts if part.problem]
    if unread:
        console.print()
        console.print(page.text(f"{plural(len(unread), 'part')} could not be read, or not wholly.", "bold red"))


def _maps(image: "Image") -> tuple[Medium, ...]:
    """Every medium, each followed by the pieces of it that hold parts too small to be seen."""
    whole = media(image.parts)[:MAPS]
    return tuple(one for medium in whole for one in (medium, *enlarged(medium)))


def _covered(start: int, end: int, cell: int) -> range:
    """The cells that lie in a range for half of them at least."""
    return range((start + cell // 2) // cell, (end + cell // 2) // cell)


class _Page:
    def __init__(self, image: "Image", console: Console, *, exact: bool) -> None:
        self.image = image
        self.width = console.width
        self.plain = console.options.ascii_only
        self.exact = exact
        self.numbers = {part.id: number for number, part in enumerate(image.parts, 1)}
        self.parents = {part.id: part.parent for part in image.parts}
        self.maps = _maps(image)
        drawn = {box.part.id for medium in self.maps for box in medium.boxes}
        inside = [part.id for part in image.parts if part.id in drawn]
        self.signs = {id_: SIGNS[place % len(SIGNS)] for place, id_ in enumerate(inside)}

    def text(self, words: str, style: str = "") -> Text:
        seen = shown(words)
        return Text(seen.translate(PLAIN).encode("ascii", "backslashreplace").decode() if self.plain else seen, style)

    def title(self) -> Text:
        image = self.image
        length = next((part.size for part in image.parts if part.parent is None), None)
        words = [plural(len(image.parts), "part"), *([self.amount(length)] if length else [])]
        return Text.assemble(self.text(image.name, "bold"), self.text(f"  {', '.join(words)}", "dim"))

    def amount(self, count: int | None) -> str:
        if count is None:
            return ""
        return f"{count:,}" if self.exact else size(count).replace(" bytes", " B")

    def map(self, medium: Medium) -> Iterator[Text]:
        """The lines of one map, with offsets at the left and a legend of what is no part below."""
        columns = 1 << max((self.width - MARGIN - 1).bit_length() - 1, 4)
        cell = FINEST if not medium.enlarged else FINEST // 4
        while cell * columns * (LINES_ENLARGED if medium.enlarged else LINES) < medium.size:
            cell *= 2
        cells = self.cells(medium, cell)
        name = "" if medium.part.parent is None else f"Inside {medium.part.id}: "
        name += f"enlarged from {medium.start:#x}: " if medium.enlarged else ""
        yield Text()
        without = f", without {plural(medium.left_out, 'small part')}" if medium.left_out else ""
        yield self.text(f"{name}each cell is {size(cell)}{without}", "dim")
        for start in range(0, len(cells), columns):
            line = self.text(f"{medium.start + start * cell:#{MARGIN - 2}x}  ", "dim")
            for sign, style in cells[start : start + columns]:
                line.append(sign.translate(PLAIN) if self.plain else sign, style)
            yield line
        shown_signs = {sign for sign, _ in cells}
        legend = [
            f"{sign} {meaning}"
            for sign, meaning in (
                (ZEROS, "zeros"),
                (ERASED, "erased (0xff)"),
                (UNTOLD, "in no part"),
                (SEVERAL, "several parts"),
            )
            if sign in shown_signs
        ]
        if legend:
            yield self.text(" " * MARGIN + "   ".join(legend), "dim")

    def cells(self, medium: Medium, cell: int) -> list[tuple[str, str]]:
        """The sign and style of each cell."""
        count = -(-medium.size // cell)
        cells = [(UNTOLD, "dim")] * count
        for box in medium.boxes:  # those that hold others come first, so that the innermost is seen
            for place in _covered(box.start - medium.start, box.end - medium.start, cell):
                cells[min(place, count - 1)] = (self.signs[box.part.id], self.style(box.part))
        for blank in medium.blanks:
            sign = ZEROS if blank.fill is Fill.ZERO else ERASED
            start, end = blank.offset - medium.start, blank.offset + blank.size - medium.start
            for place in _covered(max(start, 0), min(end, medium.size), cell):
                cells[min(place, count - 1)] = (sign, "dim")
        begun: dict[int, list[Part]] = {}
        for box in medium.boxes:
            begun.setdefault(min((box.start - medium.start) // cell, count - 1), []).append(box.part)
        for place, parts in begun.items():
            innermost = [part for part in parts if not any(other.id.startswith(f"{part.id}/") for other in parts)]
            several = len(innermost) > 1
            cells[place] = (SEVERAL, "bold") if several else (self.signs[innermost[0].id], self.style(innermost[0]))
        return cells

    def style(self, part: Part) -> str:
        return UNREAD if is_unread(part) else STYLES[look(part)]

    def table(self, holds: "Mapping[str, Contents]", said: Mapping[str, str]) -> Padding:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        table.add_column("#", justify="right", no_wrap=True, style="dim")
        table.add_column("", no_wrap=True)
        table.add_column("part", overflow="fold", ratio=3 if self.width < 100 else None)
        table.add_column("offset", justify="right", no_wrap=True)
        table.add_column("size", justify="right", no_wrap=True)
        table.add_column("bits", justify="right", no_wrap=True)
        table.add_column("what it is", overflow="fold", ratio=5 if self.width < 100 else None)
        for part in self.image.parts:
            table.add_row(
                str(self.numbers[part.id]),
                Text(self.signs[part.id], self.style(part)) if part.id in self.signs else "",
                self.name(part),
                self.offset(part),
                self.amount(part.size),
                self.entropy(part),
                self.about(part, holds, said),
            )
        return Padding(table, 0)

    def offset(self, part: Part) -> str:
        if part.offset is None:
            return ""
        return f"{part.offset:,}" if self.exact else f"{part.offset:#x}"

    def entropy(self, part: Part) -> Text:
        if part.entropy is None:
            return Text()
        return Text(f"{part.entropy:.2f}", "bold" if part.entropy >= RANDOM else "dim")

    def name(self, part: Part) -> Text:
        """The part's own piece of its id, as deep in as it is nested."""
        if part.parent is None or part.parent not in self.numbers:
            return self.text(part.id, "bold")
        depth = 0
        holder: str | None = part.parent
        while holder is not None and holder in self.parents and depth < DEEPEST:
            depth, holder = depth + 1, self.parents[holder]
        return Text.assemble("  " * depth, self.text(part.id.removeprefix(f"{part.parent}/"), "bold"))

    def about(self, part: Part, holds: "Mapping[str, Contents]", said: Mapping[str, str]) -> Text:
        words = [part.kind, *([part.role.value] if part.role.value not in ("other", part.kind) else [])]
        contents = holds.get(part.id)
        if contents is not None:
            words.append(plural(contents.files, "file"))
        text = self.text(", ".join(words))
        if part.id in said:
            text.append_text(self.text(f"; {said[part.id]}", "cyan"))
        if part.same_as:
            text.append_text(self.text(f"; same as #{self.numbers.get(part.same_as, part.same_as)}", "dim"))
        if part.problem:
            text.append_text(self.text(f"; {part.problem}", "red"))
        return text
