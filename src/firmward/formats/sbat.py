"""SBAT (shim's SBAT.md): which generation of each component a boot program is, so that all before it can be revoked.

Rules: the section `.sbat` is lines of values with commas between them, ended by a NUL or the section's end: component,
generation, vendor, package, version, address. A revocation list has component and least generation, its first line the
version of SBAT and a date. A program with a component of a lower generation than listed is not started by shim.
"""

from dataclasses import dataclass

from firmward.formats.malformed import Malformed

SECTION = ".sbat"
SIZE_LIMIT = 64 << 10
LINES_LIMIT = 256


@dataclass(frozen=True, slots=True)
class Component:
    """`generation` counts from 1; the rest is for people, empty where it is not said."""

    name: str
    generation: int
    vendor: str = ""
    package: str = ""
    version: str = ""


def parse(data: bytes) -> tuple[Component, ...]:
    """The components of a section or the least generations of a list. Raises Malformed."""
    if len(data) > SIZE_LIMIT:
        raise Malformed(f"SBAT of {len(data)} bytes")
    text = data.partition(b"\0")[0].decode("utf-8", "replace")
    lines = [line.strip("\r") for line in text.split("\n")]
    if len(lines) > LINES_LIMIT:
        raise Malformed(f"SBAT of {len(lines)} lines")
    return tuple(_component(line) for line in lines if line)


def _component(line: str) -> Component:
    fields = [field.strip() for field in line.split(",")]
    generation = fields[1] if len(fields) > 1 else ""
    if not (generation.isascii() and generation.isdecimal() and len(generation) <= 9):
        raise Malformed(f"SBAT: no generation in {line[:60]!r}")
    vendor, package, version = (*fields[2:5], "", "", "")[:3]
    return Component(fields[0], int(generation), vendor, package, version)


def revoked(components: tuple[Component, ...], least: tuple[Component, ...]) -> tuple[Component, ...]:
    """Those of a lower generation than a list asks for."""
    floor = {one.name: one.generation for one in least}
    return tuple(one for one in components if one.generation < floor.get(one.name, 0))
