"""Pins that a device tree hands to JTAG or SWD: boundary scan reads and drives every pin of the chip through them.

Rules (Linux's bindings, pinctrl/pinctrl-bindings.txt): a node with a group of pins is in force where a device in use,
or the pin controller itself, names its phandle in `pinctrl-0`, `pinctrl-1` and so on. What a group is for, its own
name, its `function` or that of a node below says. A group that nothing selects leaves the pins as the boot ROM had
them.
"""

import re
from collections.abc import Iterable, Iterator

from firmward.formats.device_tree import Node

STATES = tuple(f"pinctrl-{number}" for number in range(8))
READ = frozenset((*STATES, "phandle", "linux,phandle", "function", "status"))
"""The properties that `selected` needs."""

_WORDS = (b"jtag", b"swd")
_FOR_DEBUG = re.compile(r"(?:^|[^a-z])(?:jtag|swd)(?:[^a-z]|$)")

Step = tuple[str, Node, bool]
"""Path, node, and whether it is in use."""


def may_be_in(data: bytes) -> bool:
    """Whether a tree's bytes have such a word at all; few do."""
    return any(word in data for word in _WORDS)


def selected(steps: Iterable[Step]) -> Iterator[str]:
    """The paths of the groups in force."""
    groups: dict[int, str] = {}
    named: set[int] = set()
    for path, node, enabled in steps:
        if enabled:
            named.update(phandle for state in STATES for phandle in node.cells(state))
        phandle = node.phandle
        if phandle is not None and any(_is_for_debug(one) for one in (node, *node.children)):
            groups[phandle] = path
    return (path for phandle, path in groups.items() if phandle in named)


def _is_for_debug(node: Node) -> bool:
    return any(_FOR_DEBUG.search(text.lower()) for text in (node.name, *node.texts("function")))
