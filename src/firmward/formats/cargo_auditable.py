"""What `cargo auditable` links into a program: the crates that it was built of, as JSON under zlib, in `.dep-v0`.

Crates of kind `build` ran while it was built, and are not in it. `root` marks the program's own.
"""

import json
import zlib
from dataclasses import dataclass

from firmward.formats.malformed import Malformed

SECTION = b".dep-v0"
COMPRESSED_LIMIT = 1 << 20
TEXT_LIMIT = 8 << 20
"""Bytes; that of a program of a thousand crates has 150 KiB."""
CRATES_LIMIT = 20_000
NAME_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Crate:
    """One crate by `name` and `version`; `source` is where it came from, as `crates.io`, `is_root` that it is the
    program itself."""

    name: str
    version: str
    source: str
    is_root: bool


def parse(section: bytes) -> tuple[Crate, ...]:
    """The crates that are in the program. Raises Malformed."""
    decoder = zlib.decompressobj()
    try:
        text = decoder.decompress(section[:COMPRESSED_LIMIT], TEXT_LIMIT)
    except zlib.error as error:
        raise Malformed(f"{SECTION.decode()}: {error}") from error
    if not decoder.eof:
        raise Malformed(f"{SECTION.decode()}: cut off, or more than {TEXT_LIMIT} bytes")
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{SECTION.decode()} is no JSON") from error
    rows = said.get("packages") if isinstance(said, dict) else None
    if not isinstance(rows, list):
        raise Malformed(f"{SECTION.decode()} has no packages")
    found = (_crate(row) for row in rows[:CRATES_LIMIT])
    return tuple(one for one in found if one is not None)


def _crate(row: object) -> Crate | None:
    if not isinstance(row, dict) or row.get("kind", "runtime") != "runtime":
        return None
    name, version, source = (row.get(key, "") for key in ("name", "version", "source"))
    if not (isinstance(name, str) and isinstance(version, str) and isinstance(source, str) and name):
        return None
    return Crate(name[:NAME_LIMIT], version[:NAME_LIMIT], source[:NAME_LIMIT], row.get("root") is True)
