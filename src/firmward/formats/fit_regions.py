"""Which bytes of a FIT a configuration's signature is made over (U-Boot's fdt_find_regions, as signing uses it).

The rules this file holds:

- Of a listed node all tokens count but the properties that hold data or say where they are. Of its children only the
  tokens count that open and close them; what lies deeper does not, unless it is listed itself.
- The end of a node that does not count itself does, where it comes straight behind what counts.
- The token that ends the tree counts. Behind all that comes the beginning of the strings block, as far as the
  signature says.
- The bytes are taken as they stand, in the order of the file: the order of the list means nothing.
"""

from collections.abc import Collection, Iterator

from firmward.formats import fdt
from firmward.formats.malformed import Malformed

UNSIGNED = frozenset(("data", "data-size", "data-position", "data-offset"))


def regions(
    read: fdt.Read, header: fdt.Header, nodes: Collection[str], strings: int | None
) -> Iterator[tuple[int, int]]:
    """Start and end of each run of signed bytes; `nodes` are whole paths, `strings` bytes of the strings block. Raises
    Malformed."""
    start = end = 0
    for first, last in _signed_tokens(read, header, frozenset(nodes)):
        if first != end:
            if end:
                yield start, end
            start = first
        end = last
    if end:
        yield start, end
    if strings is not None:
        if strings > header.strings_size:
            raise Malformed(f"{strings} bytes of names are signed, of {header.strings_size}")
        yield header.strings, header.strings + strings


def _signed_tokens(read: fdt.Read, header: fdt.Header, nodes: frozenset[str]) -> Iterator[tuple[int, int]]:
    names = fdt.Names(read, header)
    open_nodes: list[tuple[str, int]] = []  # with how many levels of each still count: its own, and its children's ends
    counts = False
    for kind, start, end, name, place, _ in fdt.tokens(read, header):
        path, levels = open_nodes[-1] if open_nodes else ("", 0)
        if kind == fdt.BEGIN_NODE:
            if len(open_nodes) >= fdt.DEPTH:
                raise Malformed("nodes are nested too deep")
            path = f"{path.rstrip('/')}/{name.decode('utf-8', 'replace')}"
            levels = 2 if path in nodes else max(0, levels - 1)
            open_nodes.append((path, levels))
            counts = levels > 0
        elif kind == fdt.END_NODE:
            counts = levels > 0 or counts
            if not open_nodes:
                raise Malformed("a device tree that does not begin with a node")
            open_nodes.pop()
        elif kind == fdt.PROPERTY:
            counts = levels == 2 and names.at(place) not in UNSIGNED
        else:
            counts = kind == fdt.END or levels == 2
        if counts and end > start:
            yield start, end
