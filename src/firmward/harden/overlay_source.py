"""Properties as the source of a device tree overlay.

Nodes are named by their paths (`target-path`), since a tree that was built without `-@` has no symbols. fdtoverlay
fails where a node is missing, so that an overlay for another board changes nothing. A node without a unit address
cannot be told from a sibling of the same name that has one and stands before it: libfdt takes that.
"""

from collections.abc import Iterator, Mapping

Properties = Mapping[tuple[str, str], str]
"""By node and name, as dtc writes values."""


def source(properties: Properties, title: str) -> str | None:
    if not properties:
        return None
    nodes = sorted({node for node, _ in properties})
    fragments = "\n".join(_fragment(number, node, properties) for number, node in enumerate(nodes))
    return f"/* {title} */\n/dts-v1/;\n/plugin/;\n\n/ {{\n{fragments}}};\n"


def _fragment(number: int, node: str, properties: Properties) -> str:
    lines = "".join(f"\t\t\t{line}\n" for line in _lines(node, properties))
    return f'\tfragment@{number:x} {{\n\t\ttarget-path = "{node}";\n\t\t__overlay__ {{\n{lines}\t\t}};\n\t}};\n'


def _lines(node: str, properties: Properties) -> Iterator[str]:
    for (own, name), value in sorted(properties.items()):
        if own == node:
            yield f"{name} = {value};" if value else f"{name};"
